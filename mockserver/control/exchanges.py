"""Requests of the journal, as they are asked for and shown."""

from __future__ import annotations

import codecs
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, NamedTuple, TypeVar

import orjson
from fastapi import Depends, Query, Response

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed
from mockserver.engine import Engine
from mockserver.engine.clock import iso, moment
from mockserver.engine.exchange import SESSION, Exchange
from mockserver.engine.history import Wanted, statuses
from mockserver.engine.keys import Project
from mockserver.engine.masking import Pairs
from mockserver.engine.session_records import SessionRecord
from mockserver.web.courier import Courier
from mockserver.web.replies import ApiError

_FILE = {"filename", "content_type", "bytes"}
"""What is said of a file."""
_FACTS = ("request_id", "method", "path", "query", "status", "size", "microseconds", "job", "fixture", "note", "fault")
T = TypeVar("T")
Text = Annotated[str | None, Query(max_length=10_000)]


class JsonReply(Response):
    """A reply as JSON, whatever the requests that it shows are like."""

    def __init__(self, value: dict[str, Any] | bytes, status: int = 200) -> None:
        content = value if isinstance(value, bytes) else orjson.dumps(value)
        super().__init__(content, status, media_type="application/json")


async def _of_any_status(
    project: ProjectNamed,
    method: Text = None,
    path: Annotated[str | None, Query(max_length=10_000, description="A pattern: `/v2/*`.")] = None,
    job: Text = None,
    fixture: Text = None,
    fault: Text = None,
    request_id: Text = None,
    since: Annotated[str | None, Query(description="A moment on the clock, ISO 8601.")] = None,
    until: Annotated[str | None, Query(description="A moment on the clock, ISO 8601.")] = None,
    body: Annotated[str | None, Query(max_length=10_000, description="A part of the request's body.")] = None,
    violations: Annotated[bool | None, Query(description="Only those that broke rules; false: that did not.")] = None,
    before: Annotated[
        int | None, Query(ge=0, lt=2**63, description="A number: only older ones, the next page.")
    ] = None,
) -> Wanted:
    return Wanted(
        project=project.id if project else None,
        method=method.upper() if method else None,
        path=path,
        job=job,
        fixture=fixture,
        fault=fault,
        request_id=request_id,
        since=_moment("since", since),
        until=_moment("until", until),
        body=body or None,
        violations=violations,
        before=before,
    )


OfAnyStatus = Annotated[Wanted, Depends(_of_any_status)]


async def _wanted(
    others: OfAnyStatus, status: Annotated[str | None, Query(description="200, 4xx or 400-499.")] = None
) -> Wanted:
    return with_status(others, status)


WantedNeeded = Annotated[Wanted, Depends(_wanted)]


def with_status(wanted: Wanted, text: str | None) -> Wanted:
    """Return what is asked for, with some statuses only. Raises ApiError 422."""
    try:
        return wanted if text is None else replace(wanted, status=statuses(text))
    except ValueError as error:
        raise ApiError(422, f"status: {error}") from None


def _moment(name: str, text: str | None) -> int | None:
    try:
        return None if text is None else moment(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise ApiError(422, f"{name}: {error}") from None


@dataclass(frozen=True)
class Inquiry:
    """Asks the journal about everything that has been answered, in a worker thread."""

    engine: Engine
    courier: Courier

    def written(self) -> int:
        """Write what the journal still has in memory; return the number of the last request."""
        self.courier.flush_journal()
        return self.engine.journal.last

    async def page(self, wanted: Wanted, limit: int, view: Callable[[Sequence[Exchange]], T]) -> T:
        """Return a view of requests, newest first, as they may be shown."""
        self.written()
        return await self.courier.in_thread(lambda: view(self._page(wanted, limit)))

    def _page(self, wanted: Wanted, limit: int) -> Sequence[Exchange]:
        return [self.shown(found) for found in self.engine.history.page(wanted, limit)]

    def shown(self, found: Exchange) -> Exchange:
        """Return a request as it may be shown."""
        return found if self.engine.settings.journal_secrets else found.masked()

    def sessions(self, exchanges: Sequence[Exchange]) -> dict[str, SessionRecord]:
        """Return the sessions that requests became, as they may be shown; in a worker thread."""
        ids = [found.job for found in exchanges if found.status == SESSION and found.job is not None]
        found = self.engine.history.sessions_of(ids)
        hides = not self.engine.settings.journal_secrets
        return {each.id: each.masked(bodies=True) if hides else each for each in found}

    async def count(self, wanted: Wanted) -> int:
        """Return how many requests there are."""
        self.written()
        return await self.courier.in_thread(self.engine.history.count, wanted)

    async def one(self, project: Project | None, request_id: str) -> Exchange:
        """Return the newest request with an id. Raises ApiError 404."""
        found = await self.page(Wanted(project.id if project else None, request_id=request_id), 1, list)
        if not found:
            raise ApiError(404, f"there is no request {request_id[:200]} in the journal")
        return found[0]


async def _inquiry(engine: EngineNeeded, courier: CourierNeeded) -> Inquiry:
    return Inquiry(engine, courier)


InquiryNeeded = Annotated[Inquiry, Depends(_inquiry)]


def brief(exchange: Exchange) -> dict[str, Any]:
    """Return a request without its bodies."""
    return {
        "number": exchange.number,
        "at": iso(exchange.at),
        "project": exchange.label,
        **{name: getattr(exchange, name) for name in _FACTS},
        "violations": exchange.violations,
        "request_size": exchange.request_size,
        "request_headers": headers(exchange.request_headers),
        "response_headers": headers(exchange.response_headers),
    }


def whole(exchange: Exchange) -> dict[str, Any]:
    """Return a request with its bodies."""
    return {
        **brief(exchange),
        "request_body": content(exchange.request_body, cut=exchange.request_cut),
        "response_body": content(exchange.response_body, cut=exchange.response_cut),
    }


def headers(pairs: Pairs) -> dict[str, str]:
    """Return headers by name; the values of one that came twice are joined."""
    shown: dict[str, str] = {}
    for name, value in pairs_of(pairs):
        name = name.lower()
        shown[name] = f"{shown[name]}, {value}" if name in shown else value
    return shown


def pairs_of(pairs: Pairs) -> list[tuple[str, str]]:
    """Return headers as text."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]


class Field(NamedTuple):
    """A field of a form: its value, or its ``file``'s filename, content_type and bytes."""

    name: str
    value: str
    file: Mapping[str, Any] | None


def fields_of(exchange: Exchange) -> Sequence[Field]:
    """Return what a form said; nothing where the request was no form, or is not kept."""
    if not exchange.is_form or exchange.request_body is None:
        return ()
    said = orjson.loads(exchange.request_body)
    return [
        _field(name, value) for name, values in said.items() for value in (values if type(values) is list else [values])
    ]


def _field(name: str, value: Any) -> Field:
    if isinstance(value, dict) and value.keys() == _FILE:
        return Field(name, "", value)
    return Field(name, value if isinstance(value, str) else orjson.dumps(value).decode(), None)


def content(body: bytes | None, *, cut: bool) -> dict[str, Any]:
    """Return a body as text or base64, and as JSON where it is JSON; binary bodies of requests are not kept."""
    if body is None:
        return {"kept": False, "cut": cut}
    text = text_of(body)
    if text is None:
        return {"kept": True, "cut": cut, "base64": b64encode(body).decode()}
    shown = {"kept": True, "cut": cut, "text": text}
    try:
        value = orjson.loads(text)
        orjson.dumps([[[[[[value]]]]]])  # what is nested too deeply cannot be shown
    except (ValueError, TypeError):
        return shown
    return shown | {"json": value}


def text_of(body: bytes) -> str | None:
    """Return a body as text, or None if it is none; half a character at the end is left out."""
    try:
        return codecs.utf_8_decode(body, "strict", False)[0]
    except UnicodeDecodeError:
        return None
