"""What is said in a session, in both directions: bounded, for the journal."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from mockserver.engine.session_records import Line

FIRST, LAST = 1_000, 1_000
"""Messages of a session that are kept: the first ones, and the last ones."""
FIRST_BYTES, LAST_BYTES = 64 * 2**10, 64 * 2**10
"""Bytes of text that they have together, but for one message that is longer."""
_LONGEST = 4_096


@dataclass(slots=True)
class SessionLog:
    """The messages of one session; frames of audio that come without a message between them are one line."""

    dropped: int = 0
    """How many lines are not kept, between the first and the last."""
    received: int = 0
    """How many messages the client has sent besides its audio."""
    frames: int = 0
    """How many frames of audio it has sent."""
    audio_bytes: int = 0
    sent: int = 0
    sent_bytes: int = 0
    _text_bytes: int = 0
    _noted_frames: int = 0
    _noted_bytes: int = 0
    _began: int = 0
    _heard: int = 0
    _first: list[Line] = field(default_factory=list)
    _first_bytes: int = 0
    _last: deque[Line] = field(default_factory=deque)
    _last_bytes: int = 0

    @property
    def lines(self) -> list[Line]:
        """Return the lines that are kept."""
        return [*self._first, *self._last]

    @property
    def received_bytes(self) -> int:
        """Return how many bytes the client has sent."""
        return self._text_bytes + self.audio_bytes

    def audio(self, at: int, size: int, heard: int) -> None:
        """Note a frame of audio."""
        if self.frames == self._noted_frames:
            self._began = at
        self.frames += 1
        self.audio_bytes += size
        self._heard = heard

    def message(self, at: int, text: str, heard: int) -> None:
        """Note a message of the client."""
        size = size_of(text)
        self.received += 1
        self._text_bytes += size
        self._add(Line(at, "in", "text", text[:_LONGEST], size, 1, heard))

    def answer(self, at: int, kind: str, body: bytes, heard: int) -> None:
        """Note a message of the server."""
        self.sent += 1
        self.sent_bytes += len(body)
        self._add(Line(at, "out", kind, body[:_LONGEST].decode("utf-8", "ignore"), len(body), 1, heard))

    def flush(self) -> None:
        """Note the frames of audio that have come since the last message."""
        line = self._audio_line()
        if line is not None:
            self._noted_frames, self._noted_bytes = self.frames, self.audio_bytes
            self._keep(line)

    def so_far(self) -> list[Line]:
        """Return what is kept, with the audio since the last message."""
        line = self._audio_line()
        return self.lines if line is None else [*self.lines, line]

    def _audio_line(self) -> Line | None:
        frames = self.frames - self._noted_frames
        if not frames:
            return None
        return Line(self._began, "in", "audio", None, self.audio_bytes - self._noted_bytes, frames, self._heard)

    def _add(self, line: Line) -> None:
        self.flush()
        self._keep(line)

    def _keep(self, line: Line) -> None:
        size = len(line.text or "")
        if not self._last and len(self._first) < FIRST and self._first_bytes + size <= FIRST_BYTES:
            self._first.append(line)
            self._first_bytes += size
            return
        self._last.append(line)
        self._last_bytes += size
        while len(self._last) > LAST or (self._last_bytes > LAST_BYTES and len(self._last) > 1):
            self._last_bytes -= len(self._last.popleft().text or "")
            self.dropped += 1


def size_of(text: str) -> int:
    """Return how many bytes a text is as UTF-8."""
    return len(text) if text.isascii() else len(text.encode())
