"""An HTTP proxy for clients that cannot be told another host: the vendors' hosts lead to the server, others as asked.

It knows nothing of what passes through: after the first request line and headers it carries bytes.
"""

from __future__ import annotations

import asyncio
import re
import socket
from base64 import b64encode
from collections.abc import Iterable
from typing import NamedTuple, cast
from urllib.parse import unquote, urlsplit

from mockserver.web.destinations import is_refused

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10.0
"""How long a client may take for a request line and headers, and how long we wait for a host."""
HALF_SECONDS = 60.0
"""How long nothing may come from one end when the other has sent all that it had."""
_FAREWELL_SECONDS = 5.0
_END = b"\r\n\r\n"
_AUTHORITY = re.compile(r"(?:[^@\s/]*@)?(\[[0-9A-Fa-f:.%\w]+\]|[^\s:@/\[\]]+)(?::(\d{1,5}))?", re.ASCII)
_ABSOLUTE = re.compile(r"(https?|wss?)://([^/?#]+)([^#]*)", re.ASCII | re.IGNORECASE)
_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) (HTTP/1\.[01])")
_OF_THE_HOP = {"connection", "proxy-connection", "proxy-authorization", "keep-alive", "host"}


class Address(NamedTuple):
    """A host, as a name or a number, and a port."""

    host: str
    port: int


class _RefusalError(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Wanted(NamedTuple):
    """Where a client wants to get to, and what is to be said first: there, or to another proxy on the way."""

    to: Address
    head: bytes
    beyond: bytes
    is_tunnel: bool


class Proxy:
    """The proxy: requests for ``hosts`` go to our own ``https`` and ``http`` addresses.

    Others are refused, or passed through, by way of the proxy ``beyond`` if there is one. Link-local addresses and
    those of clouds' metadata are not passed through unless that is allowed.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        https: Address,
        http: Address,
        *,
        passes: bool,
        beyond: str | None = None,
        allow_link_local: bool = False,
    ) -> None:
        self._hosts = frozenset(hosts)
        self._https, self._http = https, http
        self._passes = passes
        self._beyond = beyond
        self._allow_link_local = allow_link_local
        self.ends: set[_End] = set()
        """The connections that are open."""

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Begin to listen. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), host, port, backlog=2048)
        return self._server

    def close(self) -> None:
        """Stop, and end what is open."""
        self._server.close()
        for end in list(self.ends):
            end.transport.abort()

    async def connect(self, wanted: _Wanted, end: _End) -> bytes:
        """Connect ``end`` to where a request leads, and return what is to be sent there. Raises _RefusalError."""
        host, port = wanted.to
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                if host in self._hosts:
                    await self._connect(self._https if wanted.is_tunnel and port != 80 else self._http, end)
                elif not self._passes:
                    raise _RefusalError(403, f"{host} is refused: this proxy leads to the mocked hosts only")
                elif self._beyond is not None:
                    return await self._connect_beyond(self._beyond, wanted.beyond, end)
                else:
                    await self._connect_elsewhere(wanted.to, end)
        except TimeoutError:
            raise _RefusalError(504, f"{host} does not answer") from None
        except (OSError, UnicodeError) as error:
            raise _RefusalError(502, f"{host} cannot be reached: {error}") from None
        return wanted.head

    async def _connect(self, to: Address, end: _End) -> None:
        await asyncio.get_running_loop().create_connection(lambda: end, to.host, to.port)

    async def _connect_beyond(self, url: str, head: bytes, end: _End) -> bytes:
        parts = urlsplit(url)
        await self._connect(Address(parts.hostname or "", parts.port or 80), end)
        if parts.username is None:
            return head
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        return head[:-2] + b"proxy-authorization: Basic " + b64encode(secret) + _END

    async def _connect_elsewhere(self, to: Address, end: _End) -> None:
        found = await asyncio.get_running_loop().getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not self._allow_link_local and any(map(is_refused, addresses)):
            raise _RefusalError(403, f"{to.host} has a link-local or metadata address; allow_link_local allows it")
        for address in addresses[:-1]:
            try:
                return await self._connect(Address(address, to.port), end)
            except OSError:
                continue
        return await self._connect(Address(addresses[-1], to.port), end)


class _End(asyncio.Protocol):
    """One end of a connection: what comes in goes out at the other, no faster than that can take it."""

    transport: asyncio.Transport
    other: _End | None = None
    has_ended = False

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._proxy.ends.add(self)
        opened = transport.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.write(data)
            if self.other.has_ended:
                self.wait(HALF_SECONDS)

    def pause_writing(self) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        """Pass the end on, and stay open for what the other end still has to say."""
        self.has_ended = True
        if self.other is None or self.other.has_ended or self.other.transport.is_closing():
            return False
        self.other.transport.write_eof()
        self.other.wait(HALF_SECONDS)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._proxy.ends.discard(self)
        self.wait(None)
        if self.other is not None and not self.other.transport.is_closing():
            if exc is None:
                self.other.transport.close()
                self.other.wait(HALF_SECONDS)
            else:
                self.other.transport.abort()

    def wait(self, seconds: float | None) -> None:
        """Let the connection be lost unless something happens in time; None: for as long as it likes."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self._loop.call_later(seconds, self.transport.abort)


class _Client(_End):
    """The end at which a client asks for a host."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(proxy)
        self._came = bytearray()
        self._is_done = False
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._timer = self._loop.call_later(HEAD_SECONDS, self._refuse, 408, "no request came in time")

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
        elif self._task is not None:
            self._came += data
        elif not self._is_done:
            self._came += data
            self._read()

    def eof_received(self) -> bool:
        if self.other is None and self._task is not None:  # it has said all that it has to say, and waits
            self.has_ended = True
            return True
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._task is not None:
            self._task.cancel()

    def _read(self) -> None:
        while self._came.startswith(b"\r\n"):
            del self._came[:2]
        end = self._came.find(_END)
        if not self._came[:1].isalpha():
            self._refuse(400, "this is no HTTP request")
        elif end > HEAD_BYTES or (end < 0 and len(self._came) > HEAD_BYTES):
            self._refuse(431, f"request line and headers are longer than {HEAD_BYTES} bytes")
        elif end >= 0:
            head = bytes(self._came[: end + len(_END)])
            del self._came[: end + len(_END)]
            self.wait(None)
            self.transport.pause_reading()
            self._task = self._loop.create_task(self._answer(head))

    async def _answer(self, head: bytes) -> None:
        far = _End(self._proxy)
        try:
            wanted = _wanted(head)
            first = await self._proxy.connect(wanted, far)
            self._join(far, first, wanted.is_tunnel)
        except _RefusalError as refusal:
            self._refuse(refusal.status, str(refusal))
        finally:
            if self.other is None and far in self._proxy.ends:
                far.transport.abort()

    def _join(self, far: _End, first: bytes, is_tunnel: bool) -> None:
        if self.transport.is_closing() or far.transport.is_closing():
            self.transport.abort()
            return
        self.other, far.other = far, self
        if is_tunnel and not first:
            self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        far.transport.write(first + self._came)
        self._came.clear()
        if self.has_ended:
            far.transport.write_eof()
            far.wait(HALF_SECONDS)
        self.transport.resume_reading()

    def _refuse(self, status: int, text: str) -> None:
        """Say why not; in the status line too, because that is what many clients show."""
        if self.transport.is_closing():
            return
        self._task = None
        self._is_done = True
        self._came.clear()
        line = text.encode("ascii", "backslashreplace").replace(b"\r", b" ").replace(b"\n", b" ")
        head = (
            f"HTTP/1.1 {status} {line.decode()[:200]}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(line) + 1}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + line + b"\n")
        self.transport.write_eof()
        self.transport.resume_reading()
        self.wait(_FAREWELL_SECONDS)


def _wanted(head: bytes) -> _Wanted:
    """Return what a request line and headers ask for. Raises _RefusalError."""
    line, *headers = head[: -len(_END)].decode("latin-1").split("\r\n")
    match = _LINE.fullmatch(line)
    if match is None:
        raise _RefusalError(400, "this is no HTTP request")
    method, target, version = match.groups()
    if method == "CONNECT":
        return _Wanted(_address(target, 443), b"", head, True)
    url = _ABSOLUTE.fullmatch(target)
    if url is None:
        raise _RefusalError(400, "this is a proxy: it takes CONNECT, and requests with a whole http:// URL")
    scheme, authority, path = url.groups()
    if scheme.lower() in ("https", "wss"):
        raise _RefusalError(400, f"{scheme}:// needs CONNECT, not {method}")
    origin = path if path.startswith("/") else f"/{path}"
    lines = [f"Host: {authority.rpartition('@')[2]}", *_passed_on(headers)]
    rest = "\r\n".join((version, *lines)).encode("latin-1") + _END
    asked = f"{method} ".encode()
    return _Wanted(
        _address(authority, 80),
        asked + origin.encode("latin-1") + b" " + rest,
        asked + target.encode("latin-1") + b" " + rest,
        False,
    )


def _address(text: str, port: int) -> Address:
    match = _AUTHORITY.fullmatch(text)
    if match is None or not 0 < int(match[2] or port) < 65536:
        raise _RefusalError(400, f"{text[:200]} is no host with a port")
    return Address(match[1].strip("[]").lower().rstrip("."), int(match[2] or port))


def _passed_on(headers: Iterable[str]) -> Iterable[str]:
    """Yield headers without those that are for us; the connection serves one request, unless it is upgraded."""
    upgrades = False
    for header in headers:
        name = header.partition(":")[0].strip().lower()
        upgrades = upgrades or name == "upgrade"
        if name not in _OF_THE_HOP:
            yield header
    yield f"Connection: {'upgrade' if upgrades else 'close'}"
