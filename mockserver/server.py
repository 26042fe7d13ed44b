"""Run the application under uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mockserver.app import create_app
from mockserver.settings import SeedError, Settings
from mockserver.web import log
from mockserver.web.sending import CONNECTION

_AT_ONCE = struct.pack("ii", 1, 0)
"""A socket that does not linger is reset when it is closed."""


class _Http(HttpToolsProtocol):
    """HTTP whose connections an application can break off, as a server that fails would.

    Every request that is being answered hears of a connection that is lost, also where another has been pipelined.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cycles: list[RequestResponseCycle] = []
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

    def connection_lost(self, exc: Exception | None) -> None:
        for cycle in self._cycles:
            cycle.disconnected = not cycle.response_complete
            cycle.message_event.set()
        super().connection_lost(exc)

    def _break_off(self, scope: object) -> None:
        for cycle in self._cycles:
            if cycle.scope is scope:
                cycle.disconnected = True
        self.transport.close()

    def _reset(self, scope: object) -> None:
        opened = self.transport.get_extra_info("socket")
        if opened is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._break_off(scope)
        self.transport.abort()

    def _write(self, scope: object, data: bytes) -> None:
        self.transport.write(data)


class Server(uvicorn.Server):
    """A uvicorn server that tells where it listens once it does."""

    def __init__(self, settings: Settings, started: Callable[[str], None], *, alone: bool = False) -> None:
        self._tell = started
        self._settings = settings
        self.control_url: str | None = None
        """Where the control API is, if it has a port of its own, once the server listens."""
        self._gate = create_app(settings, alone=alone)
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
                ws="websockets-sansio",
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
            self._tell(_url(self.servers[0]))

    async def _listen_for_control(self) -> None:
        """Listen on the port of the control API too, with the same protocol and until the same end."""

        def protocol() -> asyncio.Protocol:
            return _Http(self.config, self.server_state, self.lifespan.state)

        try:
            listening = await asyncio.get_running_loop().create_server(
                protocol, self._settings.host, self._settings.control_port, backlog=self.config.backlog
            )
        except OSError as error:
            log.complain(f"the control API cannot listen: {error}")
            self.servers[0].close()
            await self.lifespan.shutdown()
            sys.exit(1)
        self.servers.append(listening)
        self._gate.guard.ports = {each.getsockname()[1] for each in listening.sockets}
        self.control_url = _url(listening)

    async def shutdown(self, sockets: Any = None) -> None:
        """Stop, and let no request wait for its time meanwhile."""
        self._gate.end_waits()
        await super().shutdown(sockets)


def _url(listening: asyncio.Server) -> str:
    host, port = listening.sockets[0].getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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
        control = f", /_mock on {server.control_url}" if server.control_url else ""
        log.say(f"mockserver listens on {url}{control}, data in {where}")

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
