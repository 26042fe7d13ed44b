"""Rules for frames of audio: how much of it each may hold, and how fast it may come."""

from __future__ import annotations

from mockserver.apis.assemblyai.pace import is_too_fast
from mockserver.apis.assemblyai.streaming.errors import Problem, bad_duration, too_fast
from mockserver.engine.clock import SECOND

_BYTES = {"pcm_s16le": 2, "pcm_mulaw": 1}
"""Bytes of a sample; the frames of other encodings are not measured."""
_SHORTEST, _LONGEST = 50, 1000
_PATIENCE = 49
"""Frames that are too short, one after the other, until that is too much; the last one of a stream may be short."""


class Frames:
    """Measures the frames of one stream; a pace is looked at with ``paced`` only."""

    def __init__(self, encoding: str, rate: int, *, began: int, paced: bool) -> None:
        self._per_second = _BYTES.get(encoding, 0) * rate
        self._began = began
        self._paced = paced
        self._short = 0

    def problem(self, size: int) -> Problem | None:
        """Return what is wrong with a frame of so many bytes, with those before it in mind."""
        if not self._per_second:
            return None
        duration = size * 1000 / self._per_second
        if duration > _LONGEST:
            return bad_duration(duration)
        self._short = self._short + 1 if duration < _SHORTEST else 0
        return bad_duration(duration) if self._short >= _PATIENCE else None

    def pace(self, heard: int, now: int) -> Problem | None:
        """Return what is wrong with so many milliseconds of audio by a moment."""
        elapsed = now - self._began
        return too_fast(heard / 1000, elapsed / SECOND) if self._paced and is_too_fast(heard, elapsed) else None
