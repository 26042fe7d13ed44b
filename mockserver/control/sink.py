"""Sinks: they receive webhooks, or anything else, for tests that have no receiver of their own."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed, base_of
from mockserver.control.exchanges import headers
from mockserver.control.sink_views import view
from mockserver.engine import Engine
from mockserver.engine.clock import SECOND, Clock
from mockserver.engine.keys import Project
from mockserver.engine.sinks import KEPT_BYTES, Answer, Received, Sink, is_name
from mockserver.web.courier import Courier
from mockserver.web.guard import CONTROL
from mockserver.web.replies import WITHOUT_BODY, ApiError, Reply, json_reply
from mockserver.web.sending import Receive, Scope, Send, break_off, client_of, send_whole
from mockserver.web.waits import Stopwatch

router = APIRouter()
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]{0,8000}")
_OURS = {"content-length", "transfer-encoding", "connection", "date"}
_NO_NAME = "name: 1 to 100 letters, digits, dots, dashes and underscores"


class OneAnswer(BaseModel):
    """What a sink answers; ``delay`` is in seconds on the clock."""

    model_config = ConfigDict(extra="forbid", strict=True)
    status: Annotated[int, Field(ge=200, le=599)] = 200
    delay: Annotated[float, Field(ge=0, le=1e8)] = 0
    body: Annotated[str, Field(max_length=2**20)] = ""
    headers: Annotated[dict[str, str], Field(max_length=100)] = {}

    @field_validator("headers")
    @classmethod
    def _may_be_sent(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS:
                raise ValueError(f"{name!r} cannot be set")
            if not _HEADER_VALUE.fullmatch(value):
                raise ValueError(f"{name} has a value that no header can have")
        return headers

    @property
    def meant(self) -> Answer:
        """Return the same for the engine."""
        return Answer(self.status, round(self.delay * SECOND), self.body, self.headers)


class Behaviour(OneAnswer):
    """What a sink answers: always the same, or ``answers`` in turn, of which the last repeats."""

    answers: Annotated[list[OneAnswer], Field(min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.answers is not None and self.model_fields_set != {"answers"}:
            raise ValueError("answers: say either answers, or what the only answer is")
        return self

    @property
    def in_turn(self) -> tuple[Answer, ...]:
        """Return the answers."""
        return tuple(answer.meant for answer in self.answers or [self])


class Receiver:
    """The ASGI application that is called at /_mock/sink, with any method."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep a request and answer it."""
        name = scope["path_params"]["name"]
        if not is_name(name):
            await send_whole(json_reply({"error": _NO_NAME}, 404), send, ())
            return
        body = await _read(receive)
        if body is None:
            break_off(scope)
            return
        engine, courier = scope["app"].state.engine, scope["app"].state.courier
        request = _received(scope, *body, at=_clock(engine, engine.sinks.find(name)).now())
        answer = engine.sinks.receive(name, request)
        if await _waited(engine, courier, receive, name, answer):
            await send_whole(_reply(answer), send, (), with_body=scope["method"] != "HEAD")
        else:
            request.status = None
            break_off(scope)


async def _read(receive: Receive) -> tuple[bytes, int] | None:
    """Return the beginning of the body, and its whole length; None if the client has left."""
    kept, size = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        kept += chunk[: KEPT_BYTES - len(kept)]
        if not message.get("more_body", False):
            return bytes(kept), size


def _received(scope: Scope, body: bytes, size: int, *, at: int) -> Received:
    sent = headers(tuple(scope["headers"]))
    return Received(at, scope["method"], scope["path"], scope["query_string"].decode("latin-1"), sent, body, size)


def _clock(engine: Engine, sink: Sink | None) -> Clock:
    owner = sink.owner if sink else None
    return engine.clock if owner is None else engine.keys.project(owner).clock


async def _waited(engine: Engine, courier: Courier, receive: Receive, name: str, answer: Answer) -> bool:
    """Let an answer's delay pass; return False if the client leaves, or the server stops, before it has."""
    if not answer.delay:
        return True
    watch = Stopwatch(_clock(engine, engine.sinks.find(name)))
    async with client_of(receive) as gone:
        return await courier.waits.until(watch, answer.delay, gone)


def _reply(answer: Answer) -> Reply:
    headers = {name.lower().encode(): value.encode("latin-1") for name, value in answer.headers.items()}
    kind = headers.pop(b"content-type", b"text/plain; charset=utf-8")
    body = b"" if answer.status in WITHOUT_BODY else answer.body.encode()
    return Reply(body, answer.status, kind, tuple(headers.items()))


receiver = Receiver()
router.add_route("/sink/{name}", receiver)  # type: ignore[arg-type]
router.add_route("/sink/{name}/{more:path}", receiver)  # type: ignore[arg-type]


@router.get("/sinks")
async def show_all(engine: EngineNeeded, project: ProjectNamed, request: Request) -> dict[str, Any]:
    """List sinks."""
    sinks = engine.sinks.all(project.id if project else None)
    return {"sinks": [{"name": s.name, "url": _url(request, s.name), "count": s.count} for s in sinks]}


@router.get("/sinks/{name}")
async def show(
    name: str,
    engine: EngineNeeded,
    courier: CourierNeeded,
    project: ProjectNamed,
    request: Request,
    count: Annotated[int, Query(ge=0, le=2**53, description="Wait until so many requests have come.")] = 0,
    patience: Annotated[float, Query(alias="timeout", ge=0, le=60, description="Seconds to wait for them.")] = 5,
) -> Response:
    """Show what a sink has received; 408 if that is less than what was waited for."""
    _check(engine, project, name, 404)
    await _until(engine, courier, request, name, count, patience)
    if courier.waits.ended:
        raise ApiError(503, "the server stopped")
    sink = engine.sinks.find(name) or Sink(name)
    problem = None
    if sink.count < count:
        problem = f"only {sink.count} of {count} requests within {patience:g} s"
    body = await courier.in_thread(view, sink, list(sink.requests), _url(request, name), problem)
    return Response(body, 408 if problem else 200, media_type="application/json")


@router.put("/sinks/{name}")
async def configure(
    name: str, asked: Behaviour, engine: EngineNeeded, project: ProjectNamed, request: Request
) -> dict[str, Any]:
    """Say what a sink answers; with a key, it belongs to that key, and its reset forgets it."""
    _check(engine, project, name, 409)
    if not engine.sinks.has_room(name, asked.in_turn):
        raise ApiError(409, "answers: those of all sinks would be too long; delete a sink")
    sink = engine.sinks.configure(name, project.id if project else None, asked.in_turn)
    answers = [
        {"status": a.status, "delay": a.delay / SECOND, "body": a.body, "headers": dict(a.headers)}
        for a in sink.answers
    ]
    return {"name": name, "url": _url(request, name), "count": sink.count, "answers": answers}


@router.delete("/sinks/{name}")
async def remove(name: str, engine: EngineNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Forget a sink: what it received, and what it was to answer."""
    _check(engine, project, name, 404)
    engine.sinks.remove(name)
    return {"removed": name}


def _check(engine: Engine, project: Project | None, name: str, status: int) -> None:
    """Refuse what is no name, and another key's sink."""
    if not is_name(name):
        raise ApiError(422, _NO_NAME)
    sink = engine.sinks.find(name)
    if sink is not None and project is not None and sink.owner not in (None, project.id):
        raise ApiError(status, f"name: the sink {name!r} belongs to another key")


async def _until(engine: Engine, courier: Courier, request: Request, name: str, count: int, patience: float) -> None:
    """Wait until so many requests have come; less if the client leaves or the server stops."""
    done: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    def finish(_: object = None) -> None:
        if not done.done():
            done.set_result(None)

    def look() -> None:
        sink = engine.sinks.find(name)
        if (sink.count if sink else 0) >= count:
            finish()

    look()
    with engine.sinks.watched(name, look):
        async with client_of(request.receive) as gone:
            gone.add_done_callback(finish)
            await courier.waits.until(Stopwatch(engine.clock.parent), round(patience * SECOND), done)


def _url(request: Request, name: str) -> str:
    return f"{base_of(request)}{CONTROL}/sink/{name}"
