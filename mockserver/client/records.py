"""What the server shows, as frozen dataclasses; ``raw`` is all of what it said."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")
View = Mapping[str, Any]


def read(kind: type[T], view: View) -> T:
    """Make a record of what the server said; what it did not say has its default."""
    values: dict[str, Any] = {}
    for each in fields(kind):  # type: ignore[arg-type]
        name = each.metadata.get("name", each.name)
        if name == "raw":
            values["raw"] = view
        elif view.get(name) is not None:
            convert = each.metadata.get("convert")
            values[each.name] = convert(view[name]) if convert else view[name]
    return kind(**values)


def read_all(kind: type[T], views: Iterable[View] | None) -> tuple[T, ...]:
    """Make a record of each."""
    return tuple(read(kind, view) for view in views or ())


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None


def _each(kind: type[Any]) -> dict[str, Any]:
    return {"convert": lambda views: read_all(kind, views)}


def _one(kind: type[Any]) -> dict[str, Any]:
    return {"convert": lambda view: read(kind, view)}


_TIME = {"convert": _moment}
_TUPLE = {"convert": tuple}


@dataclass(frozen=True, slots=True)
class Body:
    """A body as far as it was kept: as ``text``, ``json`` too where it is JSON, or ``content`` where it is no text."""

    text: str | None = None
    json: Any = None
    content: bytes | None = field(default=None, metadata={"name": "base64", "convert": base64.b64decode})
    kept: bool = True
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the journal: ``note`` says why it was refused, ``at`` is a time of the key's clock."""

    request_id: str = ""
    at: datetime | None = field(default=None, metadata=_TIME)
    method: str = ""
    path: str = ""
    query: str = ""
    status: int = 0
    size: int = 0
    microseconds: int = 0
    job: str | None = None
    fixture: str | None = None
    fault: str | None = None
    note: str | None = None
    violations: tuple[str, ...] = field(default=(), metadata=_TUPLE)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, metadata={"name": "request_headers"})
    body: Body | None = field(default=None, repr=False, metadata={"name": "request_body", **_one(Body)})
    reply_headers: Mapping[str, str] = field(default_factory=dict, repr=False, metadata={"name": "response_headers"})
    reply: Body | None = field(default=None, repr=False, metadata={"name": "response_body", **_one(Body)})
    raw: View = field(default_factory=dict, repr=False, compare=False)

    @property
    def json(self) -> Any:
        """Return the request's body as JSON; None if it is none."""
        return self.body.json if self.body else None

    def __str__(self) -> str:
        """Return the request as one line."""
        target = f"{self.path}?{self.query}" if self.query else self.path
        facts = {
            "job": None if self.job and self.job in target else self.job,
            "fixture": self.fixture,
            "fault": self.fault,
        }
        said = "".join(f" {name}={value}" for name, value in facts.items() if value)
        wrong = "; ".join([*([self.note] if self.note else ()), *self.violations])
        return f"{self.status} {self.method} {target}{said}{f': {wrong}' if wrong else ''}"


@dataclass(frozen=True, slots=True)
class Transition:
    """A step of a job."""

    job: str | None = None
    from_status: str = field(default="", metadata={"name": "from"})
    to_status: str = field(default="", metadata={"name": "to"})
    at: datetime | None = field(default=None, metadata=_TIME)
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job ended as ``error``."""

    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job with its transitions; ``held``: until it is released, ``waiting``: for a slot."""

    id: str = ""
    number: int = 0
    family: str = ""
    status: str = ""
    progress: str = ""
    fixture: str | None = None
    url: str | None = None
    upload: str | None = None
    duration: int | None = None
    created: datetime | None = field(default=None, metadata=_TIME)
    started: datetime | None = field(default=None, metadata=_TIME)
    finished: datetime | None = field(default=None, metadata=_TIME)
    due: datetime | None = field(default=None, metadata=_TIME)
    deleted: datetime | None = field(default=None, metadata=_TIME)
    held: bool = False
    waiting: bool = False
    failure: Failure | None = field(default=None, metadata=_one(Failure))
    transitions: tuple[Transition, ...] = field(default=(), metadata=_each(Transition))
    raw: View = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SessionAudio:
    """Audio that came: its length in milliseconds, in how many frames and bytes."""

    ms: int = 0
    frames: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """Messages in one direction; ``bytes`` are with those of audio."""

    messages: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class SessionClose:
    """How a session ended: ``by`` is "client" or "server"."""

    code: int = 0
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """Something in a session: ``direction`` is "in" or "out", ``audio_ms`` how much audio had come until then.

    ``kind`` is the type of what the server sent, "text" for what the client did, or "audio".
    """

    at: datetime | None = field(default=None, metadata=_TIME)
    direction: str = ""
    kind: str = ""
    audio_ms: int = 0
    text: str | None = None
    json: Any = None
    bytes: int = 0
    cut: bool = False
    audio: SessionAudio | None = field(default=None, metadata=_one(SessionAudio))


@dataclass(frozen=True, slots=True)
class Session:
    """A session over a WebSocket; ``messages`` are there when it is asked for by itself.

    ``dropped`` counts the messages that were too many to keep.
    """

    id: str = ""
    state: str = ""
    request_id: str = ""
    family: str = ""
    service: str = ""
    path: str = ""
    query: str = ""
    began: datetime | None = field(default=None, metadata=_TIME)
    ended: datetime | None = field(default=None, metadata=_TIME)
    audio: SessionAudio = field(default_factory=SessionAudio, metadata=_one(SessionAudio))
    received: Traffic = field(default_factory=Traffic, metadata=_one(Traffic))
    sent: Traffic = field(default_factory=Traffic, metadata=_one(Traffic))
    close: SessionClose | None = field(default=None, metadata=_one(SessionClose))
    fixture: str | None = None
    fault: str | None = None
    hint: str | None = None
    violations: tuple[str, ...] = field(default=(), metadata=_TUPLE)
    messages: tuple[Message, ...] = field(default=(), repr=False, metadata=_each(Message))
    dropped: int = 0
    raw: View = field(default_factory=dict, repr=False, compare=False)

    def said(self, kind: str) -> list[Any]:
        """Return the messages of this kind that the server sent, as JSON."""
        return [message.json for message in self.messages if message.direction == "out" and message.kind == kind]

    def __str__(self) -> str:
        """Return the session as one line."""
        over = f", closed by the {self.close.by}: {self.close.code} {self.close.reason}".rstrip() if self.close else ""
        wrong = "; ".join([*([self.hint] if self.hint else ()), *self.violations])
        said = f"{self.audio.ms / 1000:g} s of audio, {self.sent.messages} messages sent"
        return f"{self.state} {self.path} {self.id}: {said}{over}{f': {wrong}' if wrong else ''}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver a webhook call; ``error`` says why there is no status."""

    at: datetime | None = field(default=None, metadata=_TIME)
    seconds: float = 0.0
    url: str = ""
    body: str | None = None
    status: int | None = None
    reply: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook call with its attempts."""

    number: int = 0
    job: str | None = None
    event: str = ""
    url: str = ""
    created: datetime | None = field(default=None, metadata=_TIME)
    due: datetime | None = field(default=None, metadata=_TIME)
    delivered: bool = False
    attempts: tuple[Attempt, ...] = field(default=(), metadata=_each(Attempt))
    raw: View = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Clock:
    """How a clock stands."""

    now: datetime | None = field(default=None, metadata=_TIME)
    frozen: bool = False
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Advance:
    """What happened because a clock was moved; ``windows`` are the windows of request limits that ended."""

    now: datetime | None = field(default=None, metadata=_TIME)
    frozen: bool = False
    scale: float = 1.0
    transitions: tuple[Transition, ...] = field(default=(), metadata=_each(Transition))
    webhooks: tuple[Delivery, ...] = field(default=(), metadata=_each(Delivery))
    windows: tuple[Any, ...] = field(default=(), metadata=_TUPLE)
    raw: View = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault rule and how often it has fired; ``raw`` has the rule's fields."""

    id: int = 0
    fired: int = 0
    raw: View = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SinkRequest:
    """What a sink received, and the status that it answered with."""

    number: int = 0
    at: datetime | None = field(default=None, metadata=_TIME)
    method: str = ""
    path: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = field(default=None, metadata=_one(Body))
    status: int = 0
    raw: View = field(default_factory=dict, repr=False, compare=False)

    @property
    def json(self) -> Any:
        """Return the body as JSON; None if it is none."""
        return self.body.json if self.body else None

    @property
    def text(self) -> str | None:
        """Return the body as text; None if it is none."""
        return self.body.text if self.body else None
