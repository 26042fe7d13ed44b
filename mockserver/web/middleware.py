"""The one middleware: it finds the operation, authenticates, counts, answers and keeps the journal.

Operations are called here and not through FastAPI's routing, which would cost more than all of the above
together. FastAPI answers what no family does, the control API and the documentation; importing it takes
longer than starting all the rest, so that happens in a worker thread while the first requests are answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

from mockserver.engine import Engine
from mockserver.engine.journal import Entry
from mockserver.web.courier import Courier
from mockserver.web.family import Call, Family, Operation, Quirks
from mockserver.web.replies import ApiError, ClientGoneError, FileReply, Reply, json_reply

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTROL = "/_mock"
_LONGEST = 2000
HEALTH = f"{CONTROL}/health"
_FOR_BROWSERS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after, x-request-id, x-mock-hint"),
)
_logger = logging.getLogger("mockserver")


class Table:
    """Operations by method and path, made once and looked up for every request."""

    def __init__(self, families: Iterable[Family], quirks: Quirks) -> None:
        self._fixed: dict[str, dict[str, tuple[Family, Operation]]] = {}
        self._open: dict[int, list[tuple[tuple[str, ...], dict[str, tuple[Family, Operation]]]]] = {}
        for family in families:
            for operation in family.operations:
                if operation.quirk is None or operation.quirk in quirks:
                    self._add(family, operation)

    def _add(self, family: Family, operation: Operation) -> None:
        if "{" not in operation.path:
            self._fixed.setdefault(operation.path, {})[operation.method] = (family, operation)
            return
        parts = tuple(operation.path.split("/"))
        bucket = self._open.setdefault(len(parts), [])
        methods = next((methods for known, methods in bucket if known == parts), None)
        if methods is None:
            methods = {}
            bucket.append((parts, methods))
        methods[operation.method] = (family, operation)

    def find(self, path: str) -> tuple[dict[str, tuple[Family, Operation]], dict[str, str]] | None:
        """Return the operations at a path by method, and the path's parameters."""
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, {}
        parts = path.split("/")
        for pattern, methods in self._open.get(len(parts), ()):
            params = {}
            for expected, part in zip(pattern, parts, strict=True):
                if expected[:1] == "{":
                    params[expected[1:-1]] = part
                elif expected != part:
                    break
            else:
                return methods, params
        return None


class Gate:
    """The ASGI application; ``control`` makes the one that answers everything under /_mock."""

    def __init__(
        self, engine: Engine, courier: Courier, families: Sequence[Family], control: Callable[[], App]
    ) -> None:
        self._make_control = control
        self._control: asyncio.Task[App] | None = None
        self._engine = engine
        self._courier = courier
        self._families = families
        self._quirks: Quirks = frozenset(engine.settings.quirks)
        self._table = Table(families, self._quirks)
        self._now = engine.clock.parent.now
        self._refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["path"].startswith(CONTROL):
            await self._answer_control(scope, receive, send)
            return
        began = self._now()
        call = Call(scope, receive)
        call.engine, call.courier, call.family = self._engine, self._courier, self._families[0]
        call.quirks = self._quirks
        call.header_map = dict(scope["headers"])
        reply, hint = await self._committed(call, *await self._answered(call))
        request_id = self._record(call, reply, hint, began)
        own = _own_headers(request_id, hint)
        if b"origin" in call.header_map:
            own += _FOR_BROWSERS
        with_body = scope["method"] != "HEAD"
        if isinstance(reply, FileReply):
            await self._send_file(reply, send, own, with_body=with_body)
        elif reply.status != 499:
            await _send(reply, send, own, with_body=with_body)

    async def _send_file(
        self, reply: FileReply, send: Send, own: tuple[tuple[bytes, bytes], ...], *, with_body: bool
    ) -> None:
        try:
            await send(_start(reply, own))
            chunks = reply.chunks()
            while with_body and (chunk := await self._courier.in_thread(next, chunks, b"")):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            reply.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._courier.start()
        self._control = asyncio.create_task(self._courier.in_thread(self._make_control))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._courier.stop()
        self._engine.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer_control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == HEALTH and scope["method"] == "GET":
            await _send(json_reply(self._engine.health()), send, ())
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
            return await self._answer(call), None
        except ApiError as error:
            return call.family.error_reply(error), error.hint
        except ClientGoneError:
            return Reply(b"", 499), "the client closed the connection"
        except Exception:
            return self._failed(call)

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
        return call.family.error_reply(call.family.server_error()), "an error in the server; see its log"

    async def _answer(self, call: Call) -> Reply:
        scope = call.scope
        found = self._table.find(scope["path"])
        if found is None:
            return call.family.not_found()
        methods, scope["path_params"] = found
        method = scope["method"]
        if method == "HEAD" and "HEAD" not in methods:
            method = "GET"
        call.family, operation = methods.get(method) or next(iter(methods.values()))
        if method == "OPTIONS":
            return _preflight(methods, call.header_map.get(b"access-control-request-headers"))
        if method not in methods:
            raise call.family.method_not_allowed(", ".join(sorted(methods)))
        if not operation.public:
            self._admit(call)
            if call.project.terms.failing is not None:
                return call.family.failing(call.project.terms.failing)
        return await operation.endpoint(call)

    def _admit(self, call: Call) -> None:
        family = call.family
        key = family.key_of(call.header_map, self._quirks)
        account = self._engine.keys.account(key) if key is not None else None
        if account is None:
            raise family.unauthorized()
        call.account = account
        project = account.project
        rule = project.rules.get(family.name)
        if rule is None:
            rule = project.rules[family.name] = family.request_limit(project.terms)
        decision = self._engine.limits.hit(project.id, rule, project.clock.now())
        if not decision.allowed:
            raise family.rate_limited(decision.reset, self._quirks)

    def _record(self, call: Call, reply: Reply, hint: str | None, began: int) -> str:
        account = getattr(call, "account", None)
        if account is None:
            self._refused += 1
            project_id, now, request_id = 0, self._engine.clock.now(), f"req_0_{self._refused:x}"
        else:
            project = account.project
            project.requests += 1
            request_id = f"req_{project.name[:8]}_{project.requests:x}"
            project_id, now = project.id, project.clock.now()
        scope = call.scope
        self._engine.journal.record(
            Entry(
                project_id,
                now,
                request_id,
                scope["method"][:_LONGEST],
                scope["path"][:_LONGEST],
                scope["query_string"][:_LONGEST].decode("latin-1"),
                reply.status,
                reply.size,
                self._now() - began,
                call.job,
                call.fixture,
                hint,
            )
        )
        self._courier.journal_later()
        return request_id


def _own_headers(request_id: str, hint: str | None) -> tuple[tuple[bytes, bytes], ...]:
    identity = (b"x-request-id", request_id.encode())
    return (identity, (b"x-mock-hint", _header_safe(hint))) if hint else (identity,)


def _header_safe(text: str) -> bytes:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split()).encode("ascii", "backslashreplace")[:1000]


def _preflight(methods: Iterable[str], asked: bytes | None) -> Reply:
    """Answer what a browser asks before it calls another origin: every header is allowed."""
    allowed = ", ".join(sorted({*methods, "OPTIONS"})).encode()
    return Reply(
        b"",
        204,
        headers=(
            (b"allow", allowed),
            (b"access-control-allow-methods", allowed),
            (b"access-control-allow-headers", asked or b"authorization, content-type"),
            (b"access-control-max-age", b"600"),
        ),
    )


async def _send(reply: Reply, send: Send, own: tuple[tuple[bytes, bytes], ...], *, with_body: bool = True) -> None:
    await send(_start(reply, own))
    await send({"type": "http.response.body", "body": reply.body if with_body else b""})


def _start(reply: Reply, own: tuple[tuple[bytes, bytes], ...]) -> dict[str, Any]:
    headers = [*reply.headers, *own]
    if reply.status != 204:
        headers += [(b"content-type", reply.media_type), (b"content-length", b"%d" % reply.size)]
    return {"type": "http.response.start", "status": reply.status, "headers": headers}
