"""Files on their way in, as the bodies of requests or as parts of them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from mockserver.engine.uploads import Incoming, TooLargeError
from mockserver.web.family import Call
from mockserver.web.replies import ClientGoneError
from mockserver.web.sources import CHUNK, Sources

_DIGITS = 20
_LONGEST_NAME = 255


class Spool:
    """Writes to a file in chunks, however small the pieces that come; no more than a chunk and a piece is in memory."""

    def __init__(self, incoming: Incoming, sources: Sources) -> None:
        self.incoming = incoming
        self._sources = sources
        self._buffer = bytearray()

    async def add(self, piece: bytes) -> None:
        """Add what has come. Raises TooLargeError, and OSError if the disk is full."""
        self._buffer += piece
        if len(self._buffer) >= CHUNK:
            await self.flush()

    async def flush(self) -> None:
        """Write what is left. Raises as ``add`` does."""
        if self._buffer:
            chunk, self._buffer = self._buffer, bytearray()
            await self._sources.write(self.incoming, chunk)


async def pieces(call: Call) -> AsyncIterator[bytes]:
    """Yield a request's body as it comes, noted for the journal. Raises ClientGoneError."""
    more = True
    while more:
        message = await call.receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        piece: bytes = message.get("body", b"")
        call.note(piece)
        yield piece
        more = message.get("more_body", False)


def refuse_longer(call: Call, most: int) -> None:
    """Raise TooLargeError if a request says that its body is longer: who waits to be told to go on sends nothing."""
    length = call.header_map.get(b"content-length", b"")[:_DIGITS]
    if length.isdigit() and int(length) > most:
        raise TooLargeError


def base_name(name: str) -> str | None:
    """Return a file's name without the folders that it came with."""
    return re.split(r"[\\/]", name)[-1][:_LONGEST_NAME] or None
