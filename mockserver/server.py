"""Run the application under uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.parse import unquote

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mockserver.app import create_app
from mockserver.leftovers import LOOKS, QUIET, Leftovers
from mockserver.settings import SeedError, Settings
from mockserver.web import log
from mockserver.web.sending import CONNECTION
from mockserver.websocket import WebSocket, let_reset

if TYPE_CHECKING:
    from mockserver.proxy import Proxy
    from mockserver.web.authority import Authority

_HANDSHAKE = 30.0
"""Seconds that a client may take to agree on TLS."""
_SOON = 1024 * 1024
"""A body of so many bytes is waited for, so that the connection can be used again."""


class _Http(HttpToolsProtocol):
    """HTTP whose connections an application can break off, as a server that fails would.

    Every request that is being answered hears of a connection that is lost, also where another has been pipelined.
    A reply to a request that has not come whole ends the connection, and is read all the same.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._gate, self.app = self.app, self._answer
        self._cycles: list[RequestResponseCycle] = []
        self._ends = False
        self._late: asyncio.TimerHandle | None = None
        self._extensions: dict[str, dict[object, object]] = {
            CONNECTION: {"break_off": self._break_off, "reset": self._reset, "write": self._write}
        }

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is before:
            return
        if before is not None and not before.response_complete:
            self._cycles.append(self.cycle)
        else:
            self._cycles = [self.cycle]

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._late is not None:
            self._late.cancel()
            self._late = None
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        if self._ends:
            self.pipeline.clear()
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._ends:
            self._unset_keepalive_if_required()
            if self.cycle.more_body:
                Leftovers(self.transport, self)
            else:
                self.transport.close()
        elif self.cycle.response_complete and self.cycle.more_body:
            self._late = self.loop.call_later(QUIET * LOOKS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._late is not None:
            self._late.cancel()
        for cycle in self._cycles:
            cycle.disconnected = not cycle.response_complete
            cycle.message_event.set()
        super().connection_lost(exc)

    def _answer(self, scope: Any, receive: Any, send: Any) -> Any:
        cycle = next(cycle for cycle in self._cycles if cycle.scope is scope)
        return self._gate(scope, receive, partial(self._send_early, cycle, send) if cycle.more_body else send)

    async def _send_early(self, cycle: RequestResponseCycle, send: Any, message: Any) -> None:
        """Send, and let a reply that comes before the end of its request end the connection."""
        if message["type"] != "http.response.start" or not _ends_connection(cycle):
            await send(message)
            return
        self._ends = True
        await send({**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]})
        cycle.keep_alive = True  # or it would close the connection at once

    def _should_upgrade(self) -> bool:
        """Say whether a request becomes a session; any other request for an upgrade is answered as if it were none."""
        return super()._should_upgrade() and self._begins_session()

    def _begins_session(self) -> bool:
        scope, before = self.scope, self.cycle
        path = unquote(self.url.partition(b"?")[0].decode("latin-1"))
        is_asked = scope["method"] == "GET" and scope["http_version"] == "1.1" and self._gate.has_socket(path)
        return is_asked and (before is None or before.response_complete)

    def _unsupported_upgrade_warning(self) -> None:
        """End the connection after the reply, which nobody can use for a session; or go on with what comes next."""
        if self._get_upgrade() == b"websocket":
            self.cycle.keep_alive = False
        self.parser = httptools.HttpRequestParser(self)

    def _break_off(self, scope: object) -> None:
        for cycle in self._cycles:
            if cycle.scope is scope:
                cycle.disconnected = True
        self.transport.close()

    def _reset(self, scope: object) -> None:
        let_reset(self.transport)
        self._break_off(scope)
        self.transport.abort()

    def _write(self, scope: object, data: bytes) -> None:
        self.transport.write(data)


def _ends_connection(cycle: RequestResponseCycle) -> bool:
    """Say whether too much of a request is missing, or may never come, to wait for the next one after it."""
    if not cycle.more_body:
        return False
    length = int(dict(cycle.scope["headers"]).get(b"content-length", _SOON + 1))
    return not cycle.keep_alive or cycle.waiting_for_100_continue or length > _SOON


class Server(uvicorn.Server):
    """A uvicorn server that tells where it listens once it does."""

    def __init__(self, settings: Settings, started: Callable[[str], None], *, alone: bool = False) -> None:
        self._tell = started
        self._settings = settings
        self.control_url: str | None = None
        """Where the control API is, if it has a port of its own, once the server listens."""
        self.https_url: str | None = None
        self.proxy_url: str | None = None
        """Where HTTPS and the proxy are, if there are any, once the server listens."""
        self._proxy: Proxy | None = None
        self._gate = create_app(settings, alone=alone)
        self.ca = self._gate.authority.pem if self._gate.authority else None
        """The certificate that clients of HTTPS have to trust, as PEM."""
        super().__init__(
            uvicorn.Config(
                self._gate,
                host=settings.host,
                port=settings.port,
                access_log=False,
                log_config=None,
                http=_Http,
                server_header=False,
                lifespan="on",
                proxy_headers=False,
                ws=cast("Any", partial(WebSocket, settings.stall_seconds)),
                ws_per_message_deflate=False,
                ws_ping_interval=settings.ping_seconds or None,
                ws_ping_timeout=settings.ping_seconds or None,
                timeout_keep_alive=65,
                timeout_graceful_shutdown=1,
            )
        )

    async def startup(self, sockets: object = None) -> None:
        """Start to listen."""
        try:
            await super().startup()
        except SystemExit:
            if self._gate.failure is not None:
                raise self._gate.failure from None
            raise
        if self.servers:
            if self._gate.guard.ports:
                await self._listen_for_control()
            if self._gate.authority is not None:
                await self._listen_for_https(self._gate.authority)
            self._tell(_url(self.servers[0]))

    async def _listen_for_control(self) -> None:
        """Listen on the port of the control API too."""
        listening = await self._listen("the control API", self._settings.control_port)
        self._gate.guard.ports = {each.getsockname()[1] for each in listening.sockets}
        self.control_url = _url(listening)

    async def _listen_for_https(self, authority: Authority) -> None:
        """Listen for HTTPS too, and for the clients of a proxy if there is to be one."""
        listening = await self._listen(
            "HTTPS",
            self._settings.tls_port,
            ssl=authority.context,
            ssl_handshake_timeout=_HANDSHAKE,
            ssl_shutdown_timeout=QUIET,
        )
        self.https_url = _url(listening, "https")
        if self._settings.proxy_port is None:
            return
        from mockserver.proxy import Address, Proxy

        self._proxy = Proxy(
            self._gate.hosts,
            Address(*_own_address(listening)),
            Address(*_own_address(self.servers[0])),
            passes=self._settings.proxy_others == "pass",
            beyond=self._settings.proxy_beyond,
            allow_link_local=self._settings.allow_link_local,
        )
        try:
            self.proxy_url = _url(await self._proxy.listen(self._settings.host, self._settings.proxy_port))
        except OSError as error:
            await self._give_up(f"the proxy cannot listen: {error}")

    async def _listen(self, what: str, port: int | None, **options: Any) -> asyncio.Server:
        """Listen on another port, with the same protocol and until the same end."""

        def protocol() -> asyncio.Protocol:
            return _Http(self.config, self.server_state, self.lifespan.state)

        try:
            listening = await asyncio.get_running_loop().create_server(
                protocol, self._settings.host, port, backlog=self.config.backlog, **options
            )
        except OSError as error:
            await self._give_up(f"{what} cannot listen: {error}")
        self.servers.append(listening)
        return listening

    async def _give_up(self, why: str) -> NoReturn:
        log.complain(why)
        for server in self.servers:
            server.close()
        await self.lifespan.shutdown()
        sys.exit(1)

    async def shutdown(self, sockets: Any = None) -> None:
        """Stop, and let no request wait for its time meanwhile."""
        self._gate.end_waits()
        if self._proxy is not None:
            self._proxy.close()
        await super().shutdown(sockets)


def _url(listening: asyncio.Server, scheme: str = "http") -> str:
    host, port = listening.sockets[0].getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _own_address(listening: asyncio.Server) -> tuple[str, int]:
    """Return where we reach ourselves."""
    host, port = listening.sockets[0].getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104


def serve(settings: Settings) -> None:
    """Serve until told to stop; SIGTERM and Ctrl-C end the process with exit code 0."""
    log.configure(settings)
    for name in settings.unknown_variables():
        log.say(f"{name} is in the environment, but there is no such setting")
    _allow_many_sockets()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    where = str(settings.data) if settings.data else "a temporary directory"

    def started(url: str) -> None:
        more = {"": server.https_url, "/_mock on ": server.control_url, "a proxy on ": server.proxy_url}
        others = "".join(f", {what}{where}" for what, where in more.items() if where)
        log.say(f"mockserver listens on {url}{others}, data in {where}")

    server = Server(settings, started, alone=True)
    try:
        server.run()
    except SeedError as error:
        log.complain(f"the server was not seeded: {error}")
        _end(1)
    except SystemExit as stop:  # uvicorn has said why it could not listen
        _end(1 if stop.code else 0)
    _end(0)


def _end(code: int) -> NoReturn:
    """End the process without waiting for what threads are still reading or working out: nobody will use it."""
    sys.stderr.flush()
    os._exit(code)


def _allow_many_sockets() -> None:
    """Allow as many open files as the system does: clients and webhook calls each need one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
