"""What a vendor's WebSocket is to the server: an opening, and a dialect that says what is answered to what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from starlette.datastructures import QueryParams

from mockserver.engine import Engine
from mockserver.engine.clock import Clock
from mockserver.engine.keys import Account, Project

if TYPE_CHECKING:
    from mockserver.web.courier import Courier
    from mockserver.web.family import Family, Query, Quirks, Service
    from mockserver.web.replies import Reply
    from mockserver.web.sending import Scope

_MOST_VIOLATIONS = 100
How = Literal["partial", "final", "formatted"]


class Message(NamedTuple):
    """A text frame to the client: JSON, of a ``kind`` that faults and the journal know it by."""

    kind: str
    body: bytes


class Close(NamedTuple):
    """The end of the session: a close frame."""

    code: int
    reason: str = ""


class Later(NamedTuple):
    """What has to be waited for; frames that come meanwhile are read after it."""

    made: Coroutine[Any, Any, Sequence[Outgoing]]


Outgoing = Message | Close | Later


class RefusedError(Exception):
    """The session is refused: with messages and a close, after the upgrade."""

    def __init__(self, messages: Sequence[Message | Close]) -> None:
        super().__init__()
        self.messages = messages


class NoUpgradeError(Exception):
    """There is no upgrade, but an HTTP reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class Opening:
    """The request that a session begins with."""

    def __init__(self, scope: Scope, engine: Engine, courier: Courier, family: Family, service: Service) -> None:
        self.scope = scope
        self.engine = engine
        self.courier = courier
        self.family = family
        self.service = service
        self.quirks: Quirks = frozenset(engine.settings.quirks)
        self.header_map: dict[bytes, bytes] = dict(scope["headers"])
        self.query_params = QueryParams(scope["query_string"])
        self.account: Account | None = None
        """Whose the session is; the operation finds that out."""
        self.params: Mapping[str, Any] | None = None
        """What the query says, as the operation has read it; faults and fixtures are matched on it."""
        self.key_fault: str | None = None
        """The fault that the API key asks for."""
        self.fixture: str | None = None
        """The name of the fixture that says what is heard."""
        self.hint: str | None = None
        """What the developer should know about a refusal."""
        self.violations: list[str] = []
        """What the service lets pass although it is wrong."""

    def violates(self, *rules: str) -> None:
        """Note what is wrong with the session although the service lets it pass."""
        for rule in rules:
            rule = rule.encode("utf-8", "backslashreplace").decode()  # half a character cannot be shown
            if rule not in self.violations and len(self.violations) < _MOST_VIOLATIONS:
                self.violations.append(rule)

    @property
    def project(self) -> Project:
        """Return the project that the session's key belongs to."""
        assert self.account is not None
        return self.account.project

    @property
    def clock(self) -> Clock:
        """Return the clock of the session's project, or the server's where there is none."""
        return self.account.project.clock if self.account is not None else self.engine.clock


class Dialect(Protocol):
    """One session as its vendor's protocol has it. It knows no socket, and does not wait: it answers."""

    id: str
    """The session's id, as the client is told it."""

    @property
    def heard(self) -> int:
        """Return how much audio has come, in milliseconds."""

    def begin(self) -> Sequence[Outgoing]:
        """Return what is said first."""

    def receive(self, frame: bytes | str) -> Sequence[Outgoing]:
        """Return what a frame is answered with: bytes are a binary frame, text is a text frame."""

    def due(self) -> int | None:
        """Return the moment on the project's clock at which ``tick`` is to be called; None: there is none."""

    def tick(self) -> Sequence[Outgoing]:
        """Return what is to be said now that time has passed."""

    def say(self, text: str, how: How) -> Sequence[Outgoing]:
        """Return what is said if words are put into the session by hand: they are added to the turn that is open.

        ``partial`` leaves the turn open, ``final`` ends it, ``formatted`` ends it with formatted text.
        """

    def fail(self, error: str) -> Sequence[Outgoing]:
        """Return what a documented error of the service is, by its name: the message, and the close."""

    def end(self) -> Sequence[Outgoing]:
        """Return how the session ends if the client asks for it, or the server wants it to."""

    def closed(self) -> None:
        """Take note that the connection is closed, however that came, unless nothing is to be left of the session."""


Open = Callable[[Opening], Awaitable[Dialect]]


@dataclass(frozen=True, slots=True)
class SocketOperation:
    """A path to which clients open WebSockets.

    ``open`` finds out whose a session is (``Opening.account``), and makes its dialect; it raises RefusedError and
    NoUpgradeError. ``errors`` are the names that ``Dialect.fail`` knows, and ``query`` is for the documentation.
    """

    path: str
    open: Open
    summary: str
    errors: Sequence[str] = ()
    query: tuple[Query, ...] = ()
