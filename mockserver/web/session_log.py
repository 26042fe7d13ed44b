"""What is said in a session, in both directions: bounded, for the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

MOST = 2_000
"""Messages of a session that are kept, the first ones."""
_LONGEST = 4_096


class Line(NamedTuple):
    """One message, or many frames of audio that came together: ``frames`` of them, ``size`` bytes altogether.

    ``at`` is a moment on the project's clock, ``heard`` the milliseconds of audio until then. ``kind`` is the type of
    a message that we sent, or ``text`` or ``audio``. ``text`` is None for audio, and cut if it is long.
    """

    at: int
    direction: Literal["in", "out"]
    kind: str
    text: str | None
    size: int
    frames: int
    heard: int


@dataclass(slots=True)
class SessionLog:
    """The messages of one session."""

    lines: list[Line] = field(default_factory=list)
    dropped: int = 0
    """How many messages are not kept."""
    received: int = 0
    sent: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    _frames: int = 0
    _bytes: int = 0
    _began: int = 0
    _heard: int = 0

    def audio(self, at: int, size: int, heard: int) -> None:
        """Note a frame of audio."""
        if not self._frames:
            self._began = at
        self._frames += 1
        self._bytes += size
        self._heard = heard
        self.received_bytes += size

    def message(self, at: int, text: str, heard: int) -> None:
        """Note a message of the client."""
        self.received += 1
        self.received_bytes += len(text)
        self._add(Line(at, "in", "text", text[:_LONGEST], len(text), 1, heard))

    def answer(self, at: int, kind: str, body: bytes, heard: int) -> None:
        """Note a message of the server."""
        self.sent += 1
        self.sent_bytes += len(body)
        self._add(Line(at, "out", kind, body[:_LONGEST].decode("utf-8", "replace"), len(body), 1, heard))

    def flush(self) -> None:
        """Note the frames of audio that have come since the last message."""
        if self._frames:
            self.received += self._frames
            line = Line(self._began, "in", "audio", None, self._bytes, self._frames, self._heard)
            self._frames = self._bytes = 0
            self._keep(line)

    def _add(self, line: Line) -> None:
        self.flush()
        self._keep(line)

    def _keep(self, line: Line) -> None:
        if len(self.lines) < MOST:
            self.lines.append(line)
        else:
            self.dropped += 1
