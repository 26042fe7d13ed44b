"""Packets out of an Ogg stream that comes in pieces of any size; libraries read whole files only."""

from __future__ import annotations

from collections.abc import Iterator

_MAGIC = b"OggS"
_HEADER = 27
_LARGEST = 2**20
_OPUS_HEADERS = (b"OpusHead", b"OpusTags")


class OggPackets:
    """The packets of audio in an Ogg Opus stream."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._packet = bytearray()

    def packets(self, data: bytes) -> Iterator[bytes]:
        """Yield the packets that are whole now. Raises ValueError where there is no Ogg page."""
        self._rest += data
        while (end := self._page_end()) is not None:
            lacing = self._rest[_HEADER : _HEADER + self._rest[_HEADER - 1]]
            at = _HEADER + len(lacing)
            for size in lacing:
                self._packet += self._rest[at : at + size]
                at += size
                if size < 255:
                    packet, self._packet = bytes(self._packet), bytearray()
                    if packet and not packet.startswith(_OPUS_HEADERS):
                        yield packet
            del self._rest[:end]
            if len(self._packet) > _LARGEST:
                raise ValueError("a packet has no end")

    def _page_end(self) -> int | None:
        """Return where the first page ends, if it is whole."""
        rest = self._rest
        if not rest.startswith(_MAGIC[: len(rest)]):
            raise ValueError("this is no Ogg stream")
        if len(rest) < _HEADER or len(rest) < _HEADER + rest[_HEADER - 1]:
            return None
        end = _HEADER + rest[_HEADER - 1] + sum(rest[_HEADER : _HEADER + rest[_HEADER - 1]])
        return end if len(rest) >= end else None
