"""Sessions over WebSockets: those that are open, those that are over, and what a test does to one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed
from mockserver.control.exchanges import JsonReply, Text
from mockserver.control.session_views import brief, whole
from mockserver.engine import Engine
from mockserver.engine.clock import SECOND
from mockserver.engine.problems import WholeText
from mockserver.engine.session_records import SessionRecord, WantedSessions
from mockserver.web.courier import Courier
from mockserver.web.recording import record_of
from mockserver.web.replies import ApiError
from mockserver.web.sending import client_of
from mockserver.web.sessions import Session
from mockserver.web.sockets import Close, Dialect, How, Later, Outgoing

router = APIRouter(prefix="/sessions")
State = Literal["open", "closed"]
_PATIENCE = 10.0
"""Real seconds that a session may take for what it is asked to do."""
_MOST_REASON = 123
_MOST_WORDS = 500
"""Words that are said at once: some sessions tell all of a turn again with every word."""
_CODES = (range(1000, 1004), range(1007, 1015), range(3000, 5000))


def _words(text: str) -> str:
    if not text.split():
        raise ValueError("there is no word in it")
    if len(text.split()) > _MOST_WORDS:
        raise ValueError(f"at most {_MOST_WORDS} words are said at once")
    return text


def _code(code: int) -> int:
    if not any(code in codes for codes in _CODES):
        raise ValueError("no server closes with that: say 1000 to 1003, 1007 to 1014, or 3000 to 4999")
    return code


def _reason(text: str) -> str:
    if len(text.encode()) > _MOST_REASON:
        raise ValueError(f"a reason has at most {_MOST_REASON} bytes")
    return text


class Words(BaseModel):
    """What is put into a session as if it had just been heard."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[WholeText, AfterValidator(_words), Field(max_length=10_000)]
    how: How = "final"


class Ending(BaseModel):
    """How a session is to end: with a close code, with an error of the service, or, without both, as usual."""

    model_config = ConfigDict(extra="forbid")
    code: Annotated[int, AfterValidator(_code), Field(strict=True)] | None = None
    reason: Annotated[WholeText, AfterValidator(_reason)] | None = None
    error: WholeText | None = None

    @model_validator(mode="after")
    def _one_way_to_end(self) -> Self:
        if self.error is not None and (self.code is not None or self.reason is not None):
            raise ValueError("an error has a code and a reason of its own")
        if self.reason is not None and self.code is None:
            raise ValueError("a reason needs a code")
        return self


@dataclass(frozen=True)
class Lookout:
    """Finds sessions, open and over."""

    engine: Engine
    courier: Courier

    def open(self, wanted: WantedSessions) -> list[SessionRecord]:
        """Return the sessions that are open, newest first."""
        live = reversed(self.courier.sessions.open.values())
        return [
            found
            for session in live
            if wanted.project in (None, session.opening.project.id) and wanted.accepts(found := record_of(session))
        ]

    def written(self) -> int:
        """Write what is still in memory; return the number of the last session."""
        self.courier.flush_journal()
        return self.engine.journal.sessions.last

    async def page(
        self, wanted: WantedSessions, state: State | None, limit: int, before: int | None = None, *, whole: bool = False
    ) -> Sequence[SessionRecord]:
        """Return sessions, the open ones first, newest first; ``before`` leads to older ones that are over."""
        found = [] if state == "closed" or before is not None else self.open(wanted)[:limit]
        if state == "open" or len(found) == limit:
            return found
        last, left = self.written(), limit - len(found)

        def read() -> Sequence[SessionRecord]:
            return self.engine.history.sessions(wanted, last=last, limit=left, before=before, whole=whole)

        return [*found, *await self.courier.in_thread(read)]

    async def one(self, session_id: str, project: int | None) -> SessionRecord:
        """Return a session whole. Raises ApiError 404."""
        found = await self.page(WantedSessions(project, session_id), None, 1, whole=True)
        if not found:
            raise ApiError(404, f"there is no session {session_id[:200]}")
        return found[0]

    async def live(self, session_id: str, project: int | None) -> Session:
        """Return a session that is open. Raises ApiError 404, 409."""
        session = self.courier.sessions.open.get(session_id)
        if session is not None and project in (None, session.opening.project.id):
            return session
        await self.one(session_id, project)
        raise ApiError(409, f"the session {session_id[:200]} is over")

    async def shown(self, view: Callable[[Callable[[SessionRecord], SessionRecord]], bytes]) -> JsonReply:
        """Return a view that a thread makes; it is given what hides the secrets of a session."""
        return JsonReply(await self.courier.in_thread(view, self._masked))

    def _masked(self, session: SessionRecord) -> SessionRecord:
        return session if self.engine.settings.journal_secrets else session.masked(bodies=True)

    async def until(self, is_so: Callable[[], Awaitable[bool]], patience: float, request: Request) -> bool:
        """Wait until something is so, or no time or nobody is left; return whether it is."""
        time, news = self.engine.clock.parent, self.courier.sessions.news
        end = time.now() + round(patience * SECOND)
        async with client_of(request.receive) as gone:
            while True:
                rung = news.rung
                if await is_so():
                    return True
                left = time.real_seconds_until(end)
                if not left or gone.done() or news.ended:
                    return False
                await news.heard(left, gone, rung)


async def _lookout(engine: EngineNeeded, courier: CourierNeeded) -> Lookout:
    return Lookout(engine, courier)


async def _wanted(
    project: ProjectNamed,
    path: Annotated[str | None, Query(max_length=10_000, description="A pattern: `/v3/*`.")] = None,
    message: Annotated[str | None, Query(max_length=10_000, description="Only with a message of this kind.")] = None,
    text: Annotated[str | None, Query(max_length=10_000, description="Only with a message that says this.")] = None,
    id: Text = None,  # noqa: A002
) -> WantedSessions:
    return WantedSessions(project.id if project else None, id, path, message, text)


LookoutNeeded = Annotated[Lookout, Depends(_lookout)]
Wanted = Annotated[WantedSessions, Depends(_wanted)]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("", response_model=None)
async def show_all(
    lookout: LookoutNeeded,
    wanted: Wanted,
    state: State | None = None,
    limit: Limit = 100,
    before: Annotated[
        int | None, Query(ge=0, lt=2**63, description="A number: only sessions that ended earlier, the next page.")
    ] = None,
) -> JsonReply:
    """List sessions, the open ones first, each kind newest first."""
    found = await lookout.page(wanted, state, limit, before)
    more = found[-1].number if len(found) == limit else None
    return await lookout.shown(
        lambda masked: orjson.dumps({"sessions": [brief(masked(one)) for one in found], "next_before": more})
    )


@router.get("/wait", response_model=None)
async def wait(
    lookout: LookoutNeeded,
    wanted: Wanted,
    request: Request,
    state: State | None = None,
    count: Annotated[int, Query(ge=1, le=10_000)] = 1,
    timeout: Annotated[float, Query(ge=0, le=60, description="Real seconds.")] = 5,  # noqa: ASYNC109
    limit: Limit = 100,
) -> JsonReply:
    """Wait until there are so many sessions; 408 after the timeout."""
    tally = _Tally(lookout, wanted, state)
    is_so = await lookout.until(lambda: tally.reaches(count), timeout, request)
    found = await lookout.page(wanted, state, limit)
    told = {} if is_so else {"error": f"only {tally.count} of {count} sessions within {timeout:g} s"}
    reply = await lookout.shown(
        lambda masked: orjson.dumps({**told, "count": tally.count, "sessions": [brief(masked(one)) for one in found]})
    )
    reply.status_code = 200 if is_so else 408
    return reply


class _Tally:
    """How many sessions there are; the stored ones are counted again only when there are more."""

    def __init__(self, lookout: Lookout, wanted: WantedSessions, state: State | None) -> None:
        self._lookout, self._wanted, self._state = lookout, wanted, state
        self._stored, self._seen = 0, (-1, -1)
        self.count = 0

    async def reaches(self, enough: int) -> bool:
        """Say whether there are so many."""
        live = 0 if self._state == "closed" else len(self._lookout.open(self._wanted))
        if self._state != "open":
            await self._count_stored()
        self.count = live + self._stored
        return self.count >= enough

    async def _count_stored(self) -> None:
        engine = self._lookout.engine
        seen = self._lookout.written(), engine.journal.forgotten
        if seen != self._seen:
            self._stored = await self._lookout.courier.in_thread(engine.history.count_sessions, self._wanted, seen[0])
            self._seen = seen


@router.get("/{session_id}", response_model=None)
async def show(session_id: str, lookout: LookoutNeeded, project: ProjectNamed) -> JsonReply:
    """Show one session with its messages."""
    found = await lookout.one(session_id, project.id if project else None)
    return await lookout.shown(lambda masked: orjson.dumps(whole(masked(found))))


@router.post("/{session_id}/say", response_model=None)
async def say(
    session_id: str, asked: Words, lookout: LookoutNeeded, project: ProjectNamed, request: Request
) -> JsonReply:
    """Let an open session hear words, and answer them now: as partial, final or formatted text."""
    session = await lookout.live(session_id, project.id if project else None)
    return await _done(lookout, session, request, lambda dialect: dialect.say(asked.text, asked.how))


@router.post("/{session_id}/end", response_model=None)
async def end(
    session_id: str,
    lookout: LookoutNeeded,
    project: ProjectNamed,
    request: Request,
    asked: Ending | None = None,
) -> JsonReply:
    """End an open session: as usual, with a close code, or with an error of the service by its name."""
    asked = asked or Ending()
    session = await lookout.live(session_id, project.id if project else None)
    errors = session.operation.errors
    if asked.error is not None and asked.error not in errors:
        raise ApiError(422, f"error: there is no such error; there are {', '.join(errors) or 'none'}")
    return await _done(lookout, session, request, lambda dialect: _ending(dialect, asked))


def _ending(dialect: Dialect, asked: Ending) -> Sequence[Outgoing]:
    if asked.error is not None:
        return dialect.fail(asked.error)
    if asked.code is not None:
        return (Close(asked.code, asked.reason or ""),)
    return dialect.end()


async def _done(
    lookout: Lookout,
    session: Session,
    request: Request,
    what: Callable[[Dialect], Sequence[Outgoing]],
) -> JsonReply:
    """Let a session do something, and show it once that is done, or the session is over."""
    order = _Order(what, lookout.courier.sessions.news.ring)
    session.ask(order.carry_out)

    async def is_done() -> bool:
        return session.ended is not None or order.is_done

    if not await lookout.until(is_done, _PATIENCE, request):
        raise ApiError(408, f"the session {session.id} has not done it within {_PATIENCE:g} s")
    if not order.is_begun:
        raise ApiError(409, f"the session {session.id} is over")
    record = record_of(session)
    return await lookout.shown(lambda masked: orjson.dumps(brief(masked(record))))


class _Order:
    """Something that a session is to do, and how far it is."""

    def __init__(self, what: Callable[[Dialect], Sequence[Outgoing]], ring: Callable[[], None]) -> None:
        self._what = what
        self._ring = ring
        self.is_begun = self.is_done = False

    def carry_out(self, dialect: Dialect) -> Sequence[Outgoing]:
        """Do it; what comes last notes that all of it was said."""
        self.is_begun = True
        return (*self._what(dialect), Later(self._note()))

    async def _note(self) -> Sequence[Outgoing]:
        self.is_done = True
        self._ring()
        return ()
