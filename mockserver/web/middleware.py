"""The one middleware: it finds the operation, authenticates, counts, answers and keeps the journal.

Operations are called here and not through FastAPI's routing, which would cost more than all of the above
together. FastAPI answers what no family does, the control API and the documentation; importing it takes
longer than starting all the rest, so that happens in a worker thread while the first requests are answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from mockserver.engine import Engine
from mockserver.engine.journal import Entry
from mockserver.engine.masking import NO_HEADERS, masked_headers
from mockserver.settings import SeedError
from mockserver.web.browsers import FOR_BROWSERS, preflight
from mockserver.web.courier import Courier
from mockserver.web.family import Call, Family, Operation, Quirks
from mockserver.web.guard import CONTROL, HEALTH, Guard, nothing_here
from mockserver.web.hosts import Hosts
from mockserver.web.injection import Injector
from mockserver.web.reception import refuse
from mockserver.web.replies import (
    JSON,
    ApiError,
    BrokenReply,
    ClientGoneError,
    FileReply,
    Headers,
    Reply,
    StreamReply,
    json_reply,
)
from mockserver.web.sending import (
    App,
    Receive,
    Scope,
    Send,
    break_off,
    printable,
    send_broken,
    send_file,
    send_stream,
    send_whole,
    typed_headers,
)
from mockserver.web.sockets import Opening
from mockserver.web.table import Place, Table

if TYPE_CHECKING:
    from mockserver.web.authority import Authority

_LONGEST = 2000
_BROKEN_OFF = 499
_FOR_SESSIONS = "sessions at this path begin with GET, HTTP/1.1 and Upgrade: websocket"
_FAILED = "an error in the server; see its log"
_logger = logging.getLogger("mockserver")


class Gate:
    """The ASGI application; ``control`` makes the one that answers everything under /_mock."""

    def __init__(
        self,
        engine: Engine,
        courier: Courier,
        families: Sequence[Family],
        control: Callable[[], App],
        authority: Authority | None = None,
    ) -> None:
        self._make_control = control
        self._control: asyncio.Task[App] | None = None
        self._engine = engine
        self._courier = courier
        self._quirks: Quirks = frozenset(engine.settings.quirks)
        self._table = Table(families, self._quirks)
        self._hosts = Hosts(families)
        self._injector = courier.sessions.injector = Injector(engine, families)
        self._now = engine.clock.parent.now
        self.guard = Guard(engine.settings)
        self._refused = 0
        self.hosts = [host for family in families for host in family.hosts]
        """The vendors' production hosts."""
        self.authority = authority
        """Whose certificates HTTPS shows, if it is served."""
        self.failure: Exception | None = None
        """Why the server could not start."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            await self._converse(scope, receive, send)
            return
        if scope["path"].startswith(CONTROL):
            await self._answer_control(scope, receive, send)
            return
        if self.guard.ports and self.guard.is_at_control_port(scope):
            await send_whole(nothing_here(), send, (), with_body=scope["method"] != "HEAD")
            return
        began = self._now()
        call = Call(scope, receive)
        call.engine, call.courier, call.quirks = self._engine, self._courier, self._quirks
        call.header_map = dict(scope["headers"])
        reply, hint = await self._committed(call, *await self._answered(call))
        own = _own_headers(call, hint)
        if isinstance(reply, StreamReply):
            reply.kept = self._engine.journal.body_bytes
            await self._stream(call, reply, send, own, began)
            return
        if isinstance(reply, FileReply) and self._engine.journal.body_bytes:
            await self._courier.in_thread(reply.peek, self._engine.journal.body_bytes)
        self._record(call, reply, hint, began, own)
        with_body = scope["method"] != "HEAD"
        if isinstance(reply, FileReply):
            await send_file(reply, send, own, self._courier.in_thread, with_body=with_body)
        elif isinstance(reply, BrokenReply):
            send_broken(reply, scope, own)
        elif reply.status == _BROKEN_OFF:
            break_off(scope)
        else:
            await send_whole(reply, send, own, with_body=with_body)

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go through a session of a WebSocket."""
        site = self._hosts[dict(scope["headers"]).get(b"host", b"")]
        place = self._table.socket(scope["path"], site)
        if place is None or (self.guard.ports and self.guard.is_at_control_port(scope)):
            await refuse(nothing_here(self._table.way(scope["path"], site) or "Not Found"), send)
            return
        opening = Opening(scope, self._engine, self._courier, place.family, place.service)
        await self._courier.sessions.run(opening, place.operation, receive, send)

    async def _stream(self, call: Call, reply: StreamReply, send: Send, own: Headers, began: int) -> None:
        note: str | None = "the server stopped"
        try:
            clock, waits = call.clock, self._courier.waits
            note = await send_stream(reply, call.scope, call.receive, send, own, waits, clock)
        except Exception:
            _logger.exception("%s %s failed in the middle of its reply", call.scope["method"], call.scope["path"])
            note = _FAILED
            break_off(call.scope)
        finally:
            self._record(call, reply, note or printable(call.hint), began, own)

    def has_socket(self, path: str) -> bool:
        """Say whether there are sessions at a path."""
        return path in self._table.sockets

    def end_waits(self) -> None:
        """Let no request wait for its time any longer."""
        self._courier.waits.end()
        self._courier.news.end()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._courier.start()
        self._control = asyncio.create_task(self._courier.in_thread(self._make_control))
        self._courier.warming = self._control
        if self._engine.settings.seed_folder is not None:
            self._courier.sow = self._sow
        if self._courier.sow is not None and not self._engine.is_seeded:
            try:
                await self._sow()
            except Exception as error:
                self.failure = error
                await self._end()
                await send({"type": "lifespan.startup.failed"})
                return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._end()
        await send({"type": "lifespan.shutdown.complete"})

    async def _end(self) -> None:
        await self._courier.stop()
        self._engine.close()

    async def _sow(self) -> None:
        """Make the requests of the seed folder. Raises SeedError."""
        from mockserver.web.seeding import authorization_of, make, requests_in

        assert self._control is not None
        assert self._engine.settings.seed_folder is not None
        control = await asyncio.shield(self._control)
        for name, request in list(requests_in(self._engine.settings.seed_folder)):
            app = control if request.path.startswith(CONTROL) else self
            shown = authorization_of(request, self._table, self._engine)
            problem = await make(request, app, self._engine.settings, shown)
            if problem is not None:
                raise SeedError(f"{name}: {problem}")
        self._engine.note_seeded()
        await self._courier.committed()

    async def _answer_control(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.guard.refusal(scope)
        if refusal is not None:
            await send_whole(refusal, send, (), with_body=scope["method"] != "HEAD")
            return
        if scope["path"] == HEALTH and scope["method"] == "GET":
            await send_whole(json_reply(self._engine.health()), send, ())
            return
        assert self._control is not None
        app = await asyncio.shield(self._control)
        try:
            await app(scope, receive, self._after_commit(send))
        except Exception:
            _logger.exception("%s %s failed", scope["method"], scope["path"])

    def _after_commit(self, send: Send) -> Send:
        async def held(message: MutableMapping[str, Any]) -> None:
            await self._courier.committed()
            await send(message)

        return held

    async def _answered(self, call: Call) -> tuple[Reply, str | None]:
        """Return the reply, and a hint for the developer."""
        try:
            reply, hint = await self._answer(call), printable(call.hint)
        except ApiError as error:
            reply, hint = call.service.wording.reply(call, error), printable(error.hint)
        except ClientGoneError:
            return self._gone()
        except Exception:
            return self._failed(call)
        finally:
            await call.leave()
        return (reply, hint) if reply.status < 400 else await self._refused_with(call, reply, hint)

    async def _refused_with(self, call: Call, reply: Reply, hint: str | None) -> tuple[Reply, str | None]:
        """Return a refusal when what the journal keeps of the request has come, too."""
        try:
            await call.read_rest()
        except ClientGoneError:
            return self._gone()
        return reply, hint

    def _gone(self) -> tuple[Reply, str]:
        stopped = self._courier.waits.ended
        return Reply(b"", _BROKEN_OFF), "the server stopped" if stopped else "the client closed the connection"

    async def _committed(self, call: Call, reply: Reply, hint: str | None) -> tuple[Reply, str | None]:
        """Return the reply once everything that it speaks of is stored for good."""
        try:
            await self._courier.committed()
        except Exception:
            return self._failed(call)
        return reply, hint

    @staticmethod
    def _failed(call: Call) -> tuple[Reply, str]:
        _logger.exception("%s %s failed", call.scope["method"], call.scope["path"])
        return call.service.wording.reply(call, call.service.wording.server_error()), _FAILED

    async def _answer(self, call: Call) -> Reply:
        scope = call.scope
        call.site = self._hosts[call.header_map.get(b"host", b"")]
        methods, scope["path_params"] = self._table.find(scope["path"], call.site) or ({}, {})
        method = scope["method"]
        if method == "HEAD" and "HEAD" not in methods:
            method = "GET"
        operation = call.operation = self._operation(call, methods, method)
        try:
            if operation is not None and operation.caller is not None:
                call.account = await operation.caller(call)
        finally:
            self._identify(call, operation)
        if not methods:
            reply = self._table.not_found(call)
            if self._table.socket(scope["path"], call.site) is not None:
                call.hint = f"{call.hint}; {_FOR_SESSIONS}" if call.hint else _FOR_SESSIONS
            return reply
        if operation is None:
            if method == "OPTIONS":
                return preflight(methods, call.header_map.get(b"access-control-request-headers"))
            raise call.service.wording.method_not_allowed(", ".join(sorted(methods)))
        if self._injector.may_interfere(call):
            fault = await self._injector.fault_of(call, operation)
            if fault is not None:
                return await self._injector.inject(call, fault, partial(self._carry_out, call, operation))
        return await self._carry_out(call, operation)

    async def _carry_out(self, call: Call, operation: Operation) -> Reply:
        if not operation.public:
            self._admit(call)
            if call.project.terms.failing is not None:
                return call.service.wording.failing(call, call.project.terms.failing)
        if call.scope["query_string"] or (
            operation.reads is not None and call.header_map.get(b"content-type", JSON) != JSON
        ):
            call.violates(*operation.violations(call))
        return await operation.endpoint(call)

    def _operation(self, call: Call, methods: Mapping[str, Place], method: str) -> Operation | None:
        """Return the operation, and note whose it is, or would be."""
        place = methods.get(method) or next(iter(methods.values()), None)
        call.family, call.service = place[:2] if place else self._table.owner(call.scope["path"], call.site)
        return place.operation if place is not None and method in methods else None

    def _identify(self, call: Call, operation: Operation | None) -> None:
        """Note whose the request is, and give it an id."""
        if operation is not None and operation.caller is None:
            call.account = call.service.account_of(call)
        if call.account is None:
            self._refused += 1
            number = f"req_0_{self._refused:x}"
        else:
            project = call.project
            project.requests += 1
            number = f"req_{project.name[:8]}_{project.requests:x}"
        call.request_id = call.service.request_id(number, self._engine.settings.seed)

    def _admit(self, call: Call) -> None:
        """Refuse a request without an accepted key, and one too many."""
        service = call.service
        if call.account is None or call.is_stale:
            raise service.unauthorized(call)
        project = call.project
        if service.name not in project.rules:
            project.rules[service.name] = service.request_limit(project.terms)
        rule = project.rules[service.name]
        if rule is None:
            return
        decision = self._engine.limits.hit(project.id, rule, project.clock.now())
        if not decision.allowed:
            raise service.wording.rate_limited(decision.reset, self._quirks)

    def _record(self, call: Call, reply: Reply, hint: str | None, began: int, own: Headers) -> None:
        project = call.account.project if call.account else None
        scope, journal = call.scope, self._engine.journal
        took = self._now() - began
        path = call.operation.path if call.operation else None
        form = _form_of(call)
        self._engine.metrics.answered((call.family.name, call.service.name, path, scope["method"], reply.status), took)
        journal.record(
            Entry(
                project.id if project else 0,
                call.clock.now(),
                call.request_id,
                scope["method"][:_LONGEST],
                scope["path"][:_LONGEST],
                scope["query_string"][:_LONGEST].decode("latin-1"),
                reply.status,
                reply.size,
                took,
                call.job,
                call.fixture,
                hint,
                call.fault,
                call.violations,
                call.request_size,
                form is not None,
                typed_headers(reply.headers + own[1:], reply.media_type, reply.status),
                reply.has_length,
                masked_headers(tuple(scope["headers"])) if journal.is_on else NO_HEADERS,
                call.request_body if form is None else form,
                self._beginning(call, reply),
            )
        )
        self._courier.journal_later()

    def _beginning(self, call: Call, reply: Reply) -> bytes:
        """Return what the journal keeps of a reply's body."""
        journal, method = self._engine.journal, call.scope["method"]
        if method == "GET":
            return journal.beginning_again(call.job, reply.first)
        return b"" if method == "HEAD" else journal.beginning(reply.first)


def _form_of(call: Call) -> bytes | None:
    """Return what the journal keeps of a form, None if that is too much or there is none."""
    if call.form_said is None:
        return None
    form = orjson.dumps(call.form_said)
    return form if len(form) <= call.engine.journal.body_bytes else None


def _own_headers(call: Call, hint: str | None) -> Headers:
    own: Headers = ((b"x-request-id", call.request_id.encode()),)
    if call.fault:
        own += ((b"x-mock-fault", call.fault.encode("ascii", "backslashreplace")[:1000]),)
    if hint:
        own += ((b"x-mock-hint", hint.encode("ascii", "backslashreplace")[:1000]),)
    return own + FOR_BROWSERS if b"origin" in call.header_map else own
