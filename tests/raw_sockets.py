"""WebSockets by hand: requests for an upgrade, and frames, that no library would send."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

PATH = "/v3/ws?sample_rate=16000"
PATIENCE = 20.0
TEXT, BINARY, CLOSE, PING, PONG, MORE = 1, 2, 8, 9, 10, 0
_HEADERS = {
    "Host": "x",
    "Authorization": "raw",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


class Frame(NamedTuple):
    """A frame of the server's."""

    kind: int
    data: bytes

    @property
    def code(self) -> int:
        """Return the code of a close."""
        assert self.kind == CLOSE
        return int.from_bytes(self.data[:2], "big")


class LostError(Exception):
    """The connection is over."""


def request(path: str = PATH, method: str = "GET", version: str = "1.1", **headers: str | None) -> bytes:
    """Return a request for an upgrade; headers are replaced, or left out."""
    given = _HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
    return f"{method} {path} HTTP/{version}\r\n{lines}\r\n".encode()


def frame(kind: int, data: bytes = b"", *, is_last: bool = True, is_masked: bool = True, bits: int = 0) -> bytes:
    """Return a frame; its mask is zero."""
    size, masked = len(data), 0x80 if is_masked else 0
    first = bytes([(0x80 if is_last else 0) | bits | kind])
    if size < 126:
        length = bytes([masked | size])
    elif size < 2**16:
        length = struct.pack(">BH", masked | 126, size)
    else:
        length = struct.pack(">BQ", masked | 127, size)
    return first + length + (bytes(4) if is_masked else b"") + data


class RawSocket:
    """A connection to a server."""

    def __init__(self, url: str, *, small: bool = False) -> None:
        host, port = url.removeprefix("http://").split(":")
        self.socket = socket.socket()
        if small:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(PATIENCE)
        self.socket.connect((host, int(port)))
        self._unread = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def head(self) -> str:
        """Return the head of an answer."""
        while b"\r\n\r\n" not in self._unread:
            self._more()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        return head.decode()

    def receive(self) -> Frame:
        """Return the next frame."""
        kind, size = self.take(2)
        if size > 125:
            size = int.from_bytes(self.take(2 if size == 126 else 8), "big")
        return Frame(kind & 0x0F, self.take(size))

    def close(self) -> Frame | None:
        """Return the frame that the server closes with, None if there is none, and answer it."""
        try:
            while (seen := self.receive()).kind != CLOSE:
                pass
            self.send(frame(CLOSE, seen.data[:2]))
        except (LostError, ConnectionError):
            return None
        return seen

    def rest(self) -> bytes:
        """Return all that comes until the server closes the connection."""
        try:
            while True:
                self._more()
        except (LostError, ConnectionError):
            return self._unread

    def take(self, size: int) -> bytes:
        """Return so many bytes."""
        while len(self._unread) < size:
            self._more()
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken

    def _more(self) -> None:
        got = self.socket.recv(1 << 16)
        if not got:
            raise LostError
        self._unread += got


@contextmanager
def connected(url: str, sent: bytes = b"", *, small: bool = False) -> Iterator[RawSocket]:
    """Connect, and send something."""
    raw = RawSocket(url, small=small)
    try:
        raw.send(sent)
        yield raw
    finally:
        raw.socket.close()


@contextmanager
def opened(url: str, key: str = "raw", *, small: bool = False) -> Iterator[RawSocket]:
    """Open a session, and read its first message."""
    with connected(url, request(Authorization=key), small=small) as raw:
        head = raw.head()
        assert head.startswith("HTTP/1.1 101 "), head
        assert raw.receive().kind == TEXT
        yield raw
