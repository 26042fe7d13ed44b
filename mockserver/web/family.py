"""What a vendor's API is to the server: a value that says what differs, and routers of operations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import TypeAdapter
from starlette.requests import Request

from mockserver.engine import Engine
from mockserver.engine.clock import Clock
from mockserver.engine.jobs import FAULTLESS, JobFault
from mockserver.engine.keys import Account, Project
from mockserver.engine.lanes import Lane
from mockserver.engine.limits import Rule
from mockserver.engine.store import Row
from mockserver.engine.terms import Terms
from mockserver.engine.webhooks import Retries
from mockserver.settings import Settings
from mockserver.web.hosts import ANY, Site
from mockserver.web.replies import JSON, ApiError, ClientGoneError, Reply
from mockserver.web.sockets import Open, SocketOperation
from mockserver.web.wording import Wording

if TYPE_CHECKING:
    from mockserver.web.courier import Courier

T = TypeVar("T")
Headers = dict[bytes, bytes]
_SHOWN = 200
_MOST_SHOWN = 100
_DIGITS = 20
Quirks = frozenset[str]


class Quirk(NamedTuple):
    """What a service does today, and what the quirk makes the server do instead."""

    today: str
    instead: str


class Event(NamedTuple):
    """What a webhook tells of: ``kind`` is DONE, AUDIO or NOTICE; with that ``job`` is the delivery, which says it."""

    kind: str
    job: Row
    project: Project
    quirks: Quirks


class Callback(NamedTuple):
    """A webhook call as it goes out."""

    url: str
    body: bytes
    headers: Mapping[str, str]


class Redaction(NamedTuple):
    """What is to be hidden in audio: stretches in milliseconds; ``method`` is silence or beep, ``form`` mp3 or wav."""

    spans: Sequence[tuple[int, int]]
    method: str
    form: str


class Call(Request):
    """One request to an operation, with what the middleware found out about it."""

    engine: Engine
    courier: Courier
    family: Family
    service: Service
    site: Site = ANY
    operation: Operation | None = None
    header_map: Headers
    quirks: Quirks
    request_id: str
    _peeked: bytes | None = None
    _exits: AsyncExitStack | None = None
    account: Account | None = None
    is_stale: bool = False
    """Whether the request says whose it is, but does not prove it any more."""
    job: str | None = None
    fixture: str | None = None
    fault: str | None = None
    """What was made to go wrong."""
    key_fault: str | None = None
    """The fault that the API key asks for."""
    job_fault: JobFault = FAULTLESS
    """What is to go wrong with the job that the request makes."""
    cut_after: int | None = None
    """Tokens of a stream after which the connection is to end."""
    hint: str | None = None
    """What the developer should know about the reply, although it is no refusal."""
    request_body: bytes = b""
    """The body's first bytes, as far as the journal keeps them."""
    request_size: int = 0
    """How much of the body has been read."""
    taken: Any = None
    """What the operation has made of a form that it has read."""
    form_said: Mapping[str, Any] | None = None
    """What a form that was read says, each file described, as the journal keeps it and faults see it."""
    violations: Sequence[str] = ()
    """What the service lets pass although it is wrong."""

    async def enter(self, context: AbstractAsyncContextManager[T]) -> T:
        """Enter a context that ends when the request has been answered."""
        if self._exits is None:
            self._exits = AsyncExitStack()
        return await self._exits.enter_async_context(context)

    async def leave(self) -> None:
        """Leave every context that was entered."""
        if self._exits is not None:
            await self._exits.aclose()

    def violates(self, *rules: str) -> None:
        """Note what is wrong with the request although the service lets it pass."""
        if rules:
            self.violations = [*self.violations, *rules]

    def note(self, chunk: bytes | bytearray) -> None:
        """Note a part of the body for the journal, as it is read."""
        room = self.engine.journal.body_bytes - len(self.request_body)
        if room > 0:
            self.request_body += chunk[:room]
        self.request_size += len(chunk)

    @property
    def project(self) -> Project:
        """Return the project that the request's key belongs to."""
        assert self.account is not None
        return self.account.project

    @property
    def clock(self) -> Clock:
        """Return the clock of the request's project, or the server's where there is none."""
        return self.account.project.clock if self.account is not None else self.engine.clock

    @property
    def region(self) -> str:
        """Return the region that the request is for: of its host, or else of the settings; empty if there are none."""
        return (self.site.region or self.engine.settings.region) if self.family.hosts else ""

    @property
    def key(self) -> str:
        """Return the API key that the request came with."""
        assert self.account is not None
        return self.account.key

    @property
    def is_upload(self) -> bool:
        """Say whether the body is, or holds, a file, which the operation reads as it comes."""
        operation = self.operation
        if operation is None or not operation.takes_file:
            return False
        return operation.form is None or self.header_map.get(b"content-type", b"")[:10].lower() == b"multipart/"

    async def peek(self, limit: int) -> bytes:
        """Return the whole body, and leave it to be read. Raises as ``read`` does."""
        self._peeked = await self.read(limit)
        return self._peeked

    async def read(self, limit: int) -> bytes:
        """Return the whole body.

        Raises ApiError 413 as soon as it is longer than ``limit`` bytes, and ClientGoneError.
        """
        if self._peeked is not None:
            return self._peeked
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk = message.get("body", b"")
            size += len(chunk)
            self.note(chunk)
            if size > limit:
                raise ApiError(
                    413,
                    "Request body too large",
                    f"the body is longer than {limit} bytes",
                    facts={"limit_bytes": limit},
                )
            if not message.get("more_body", False):
                return b"".join((*chunks, chunk)) if chunks else chunk
            chunks.append(chunk)

    async def discard(self) -> None:
        """Read the body, however long, and keep nothing of it. Raises ClientGoneError."""
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            self.note(message.get("body", b""))
            more = message.get("more_body", False)

    async def read_rest(self) -> None:
        """Read what is left of a body that the journal keeps whole. Raises ClientGoneError."""
        most = self.engine.journal.body_bytes
        length = self.header_map.get(b"content-length", b"")[:_DIGITS]
        if length.isdigit() and self.request_size < int(length) <= most:
            await self.read(most)

    @property
    def public_base(self) -> str:
        """Return the base of URLs that lead back to this server."""
        configured = self.engine.settings.public_url
        if configured:
            return configured
        host = self.headers.get("host") or "{}:{}".format(*(self.scope.get("server") or ("localhost", 80)))
        return f"{self.scope.get('scheme', 'http')}://{host}"


Endpoint = Callable[[Call], Awaitable[Reply]]
Caller = Callable[[Call], Awaitable[Account | None]]
FormReader = Callable[[Call], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method and a path of one family, and the function that answers it.

    ``public`` operations need no key; ``caller`` says whose the request is where that stands in its body, and raises
    nothing but what reading it does. ``reads`` gives the type of the JSON body, ``form`` that of the fields
    of a form in its place, ``query`` what the query may hold, and ``status`` how it answers if all is well, for the
    documentation. With ``takes_file`` the body is a file, or a form with one, which ``read_form`` reads once, and
    returns what it says. The operation is there with its ``quirk`` only.
    """

    method: str
    path: str
    endpoint: Endpoint
    summary: str
    public: bool = False
    reads: Callable[[], TypeAdapter[Any]] | None = None
    query: tuple[Query, ...] = ()
    quirk: str | None = None
    makes_job: bool = False
    caller: Caller | None = None
    takes_file: bool = False
    form: Callable[[], TypeAdapter[Any]] | None = None
    read_form: FormReader | None = None
    status: int = 200
    headers: tuple[Header, ...] = ()

    def violations(self, call: Call) -> Iterator[str]:
        """Yield what is wrong with a request before its body is read."""
        content_type = call.header_map.get(b"content-type", JSON) if self.reads and not self.form else JSON
        if b"json" not in content_type.lower():
            yield f"Content-Type is {content_type[:_SHOWN].decode('latin-1')}, not application/json"
        if self.query and call.scope["query_string"]:
            known = [query.name for query in self.query]
            unknown = (name for name in call.query_params if name not in known)
            yield from (f"unknown query parameter {name[:_SHOWN]}" for name in islice(unknown, _MOST_SHOWN))


class Query(NamedTuple):
    """A query parameter, for the documentation."""

    name: str
    kind: str
    what: str


class Header(NamedTuple):
    """A header that an operation needs, for the documentation; ``choices`` are its values."""

    name: str
    choices: tuple[str, ...]
    what: str


class Operations:
    """Collects the operations of one documented page of a vendor, under its title."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.all: list[Operation] = []
        self.sockets: list[SocketOperation] = []

    def add(
        self,
        method: str,
        path: str,
        *,
        public: bool = False,
        reads: Callable[[], TypeAdapter[Any]] | None = None,
        query: tuple[Query, ...] = (),
        quirk: str | None = None,
        makes_job: bool = False,
        caller: Caller | None = None,
        takes_file: bool = False,
        form: Callable[[], TypeAdapter[Any]] | None = None,
        read_form: FormReader | None = None,
        status: int = 200,
        headers: tuple[Header, ...] = (),
    ) -> Callable[[Endpoint], Endpoint]:
        """Register a function; the first line of its docstring is the summary."""

        def register(endpoint: Endpoint) -> Endpoint:
            summary = (endpoint.__doc__ or "").strip().split("\n")[0].rstrip(".")
            self.all.append(
                Operation(
                    method, path, endpoint, summary, public, reads, query, quirk, makes_job, caller, takes_file, form,
                    read_form, status, headers,
                )
            )  # fmt: skip
            return endpoint

        return register

    def socket(self, path: str, *, errors: Sequence[str] = (), query: tuple[Query, ...] = ()) -> Callable[[Open], Open]:
        """Register a function that opens WebSockets; the first line of its docstring is the summary."""

        def register(opens: Open) -> Open:
            summary = (opens.__doc__ or "").strip().split("\n")[0].rstrip(".")
            self.sockets.append(SocketOperation(path, opens, summary, errors, query))
            return opens

        return register


def _as_it_is(_: Engine, key: str) -> str:
    return key


@dataclass(frozen=True)
class Service:
    """One of a vendor's services: its operations, whom it admits, and how it refuses.

    ``account_of`` says from its headers whom a call is from, and ``unauthorized`` refuses those that are nobody's.
    ``request_limit`` says how many requests a project may make, whatever they ask; None: as many as it likes.
    ``request_id`` makes the id of a request as the service writes it from the server's own, and the seed.
    ``authorization`` writes the header of a request that is to be made with an API key.
    ``scheme`` describes how requests say whose they are, in OpenAPI's words. ``hosts`` are the service's production
    hosts, each with its region.
    """

    name: str
    title: str
    pages: tuple[Operations, ...]
    account_of: Callable[[Call], Account | None]
    unauthorized: Callable[[Call], ApiError]
    wording: Wording
    request_limit: Callable[[Terms], Rule | None]
    request_id: Callable[[str, int], str]
    authorization: Callable[[Engine, str], str] = _as_it_is
    scheme: Mapping[str, str] = field(
        default_factory=lambda: {"type": "apiKey", "in": "header", "name": "Authorization"}
    )
    hosts: Mapping[str, str] = field(default_factory=dict)

    @property
    def endings(self) -> Sequence[str]:
        """Return the documented errors that its sessions can end with, by their names."""
        return list(dict.fromkeys(name for page in self.pages for each in page.sockets for name in each.errors))


@dataclass(frozen=True)
class Family:
    """One vendor's API.

    Unknown paths belong to the service with a path that begins alike, or else to the first. ``callback`` words a
    webhook call, if there is something to tell, and ``retries`` says how often it is attempted. ``redaction`` says
    what is to be hidden in a job's audio, and ``lane`` how jobs move on. ``check`` refuses settings that it cannot
    work with (SettingsError). ``warm_up`` imports what is needed late and takes long; a thread calls it after the
    start. ``hosts`` are all of the vendor's production hosts that are known, each with the product that is there; only
    a vendor with hosts has regions.
    """

    name: str
    services: tuple[Service, ...]
    quirks: Mapping[str, Quirk]
    callback: Callable[[Event], Callback | None]
    retries: Callable[[Settings], Retries]
    redaction: Callable[[Row, bytes], Redaction]
    lane: Lane
    check: Callable[[Settings], None]
    warm_up: Callable[[], None]
    hosts: Mapping[str, str] = field(default_factory=dict)

    @property
    def operations(self) -> Iterable[tuple[Service, Operation]]:
        """Return every operation, with its service."""
        return ((service, operation) for service in self.services for page in service.pages for operation in page.all)
