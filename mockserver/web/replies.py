"""Replies, and the errors that become replies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

_CHUNK = 256 * 1024
JSON = b"application/json"
NO_CONTENT = 204
WITHOUT_BODY = (NO_CONTENT, 205, 304)
"""Statuses of replies that end with their headers: what came after them would be taken for the next reply."""
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass
class Reply:
    """A whole reply; ``headers`` are those besides Content-Type and Content-Length."""

    body: bytes
    status: int = 200
    media_type: bytes = JSON
    headers: Headers = ()

    @property
    def has_length(self) -> bool:
        """Say whether a Content-Length goes with the reply."""
        return self.status not in (0, NO_CONTENT)

    @property
    def size(self) -> int:
        """Return the length of the body in bytes."""
        return len(self.body)

    @property
    def first(self) -> bytes:
        """Return the body, or as much of its beginning as the journal keeps."""
        return self.body


class FileReply(Reply):
    """A reply whose body is ``length`` bytes of an open file, from ``first`` on; ``close`` is to be called."""

    def __init__(
        self,
        file: IO[bytes],
        first: int,
        length: int,
        status: int = 200,
        media_type: bytes = JSON,
        headers: Headers = (),
    ) -> None:
        super().__init__(b"", status, media_type, headers)
        self._file = file
        self._length = length
        self._place = first
        self._first = b""
        file.seek(first)

    @property
    def first(self) -> bytes:
        """Return what ``peek`` has read."""
        return self._first

    def peek(self, most: int) -> None:
        """Read so many bytes for the journal; this blocks."""
        self._first = self._file.read(min(most, self._length))
        self._file.seek(self._place)

    @property
    def size(self) -> int:
        """Return the length of the body in bytes."""
        return self._length

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in chunks; this blocks."""
        left = self._length
        while left and (chunk := self._file.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class Piece(NamedTuple):
    """A part of a body that may be sent ``at`` microseconds after the reply began; None breaks off the connection."""

    at: int
    data: bytes | None


@dataclass
class BrokenReply(Reply):
    """Bytes that are written as they are; then the connection is closed, or reset.

    ``status`` is 0 where not even a status is sent. ``wire`` makes the bytes from the server's own headers.
    """

    wire: Callable[[Headers], bytes] = lambda _: b""
    resets: bool = False


class StreamReply(Reply):
    """A reply whose body comes in pieces; ``sent`` counts the bytes that have left, ``kept`` is how many are noted."""

    def __init__(self, pieces: Iterator[Piece], media_type: bytes, headers: Headers = (), status: int = 200) -> None:
        super().__init__(b"", status, media_type, headers)
        self.pieces = pieces
        self.sent = 0
        self.kept = 0
        self._first = b""

    @property
    def first(self) -> bytes:
        """Return the first bytes that have been sent."""
        return self._first

    @property
    def has_length(self) -> bool:
        """Say whether a Content-Length goes with the reply."""
        return False

    def note(self, batch: bytes) -> None:
        """Note what has been sent."""
        self.sent += len(batch)
        room = self.kept - len(self._first)
        if room > 0:
            self._first += batch[:room]

    @property
    def size(self) -> int:
        """Return how many bytes of the body have been sent."""
        return self.sent


def opened(path: Path) -> IO[bytes]:
    """Open a file for a FileReply; this blocks."""
    return path.open("rb")


def json_reply(value: Any, status: int = 200, headers: Headers = ()) -> Reply:
    """Return a reply with ``value`` as JSON."""
    return Reply(orjson.dumps(value), status, JSON, headers)


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal, in the vendor's words; ``hint`` says to the developer what exactly was wrong.

    ``details`` are the single things that are wrong, where the vendor lists them. ``facts`` are members that the body
    has besides the message.
    """

    status: int
    message: str
    hint: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def add(self, headers: Headers) -> None:
        """Add headers to those that the error has."""
        self.headers = {**self.headers, **{name.decode(): value.decode() for name, value in headers}}

    @property
    def header_pairs(self) -> Headers:
        """Return the headers as ASGI has them."""
        return tuple((name.lower().encode(), value.encode()) for name, value in self.headers.items())


class ClientGoneError(Exception):
    """The client closed the connection before its request was whole."""
