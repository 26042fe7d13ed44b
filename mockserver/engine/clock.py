"""The one source of time: real, scaled, frozen or advanced.

A moment is an int of microseconds since 1970-01-01 UTC. Nothing else in the package asks the system for the time.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

SECOND = 1_000_000
SLOWEST, FASTEST = 1e-6, 1e6
MAX_MOMENT = 253_402_300_799 * SECOND  # the last second of the year 9999


class Timeline(Protocol):
    """Something that a clock can run on."""

    def now(self) -> int:
        """Return the present moment."""

    def real_seconds_until(self, moment: int) -> float | None:
        """Return the real seconds until ``moment``, or None if time stands still before it."""


class SystemTime:
    """Real time that never runs backwards."""

    def __init__(self) -> None:
        self._offset = time.time_ns() - time.monotonic_ns()

    def now(self) -> int:
        """Return the present moment."""
        return (time.monotonic_ns() + self._offset) // 1000

    def real_seconds_until(self, moment: int) -> float:
        """Return the seconds until ``moment``."""
        return max(0, moment - self.now()) / SECOND


@dataclass(frozen=True)
class ClockState:
    """Where a clock stands: it showed ``shown`` when the time it runs on was ``anchor``."""

    shown: int
    anchor: int
    scale: float = 1.0
    frozen: bool = False


class Clock:
    """A view of another time line that can be frozen, advanced and scaled; only ``reset`` turns it back."""

    def __init__(self, parent: Timeline, state: ClockState | None = None, *, scale: float = 1.0) -> None:
        self.parent = parent
        self.state = state or self._fresh(scale)

    def _fresh(self, scale: float) -> ClockState:
        present = self.parent.now()
        return ClockState(present, present, scale)

    def now(self) -> int:
        """Return the present moment."""
        state = self.state
        if state.frozen:
            return state.shown
        elapsed = self.parent.now() - state.anchor
        if state.scale != 1.0:
            elapsed = int(elapsed * state.scale)
        return min(state.shown + elapsed, MAX_MOMENT)

    def freeze(self) -> None:
        """Stop; ``advance`` still moves the clock."""
        self._set(frozen=True)

    def resume(self) -> None:
        """Go on from where the clock stands."""
        self._set(frozen=False)

    def advance(self, microseconds: int) -> None:
        """Jump forward. Raises ValueError if that leads back, or past the year 9999."""
        if microseconds < 0:
            raise ValueError("time does not run backwards")
        self._set(shown=self.now() + microseconds)

    def scale(self, factor: float) -> None:
        """Let time pass ``factor`` times as fast as on the time line below, from SLOWEST to FASTEST."""
        if not SLOWEST <= factor <= FASTEST:
            raise ValueError(f"scale must lie between {SLOWEST} and {FASTEST}")
        self._set(scale=factor)

    def reset(self, scale: float = 1.0) -> None:
        """Show the time below again, running ``scale`` times as fast from here."""
        self.state = self._fresh(scale)

    def real_seconds_until(self, moment: int) -> float | None:
        """Return the real seconds until ``moment``, or None if time stands still before it."""
        state = self.state
        ahead = moment - self.now()
        if ahead <= 0:
            return 0.0
        if state.frozen:
            return None
        return self.parent.real_seconds_until(self.parent.now() + math.ceil(ahead / state.scale))

    def _set(self, *, shown: int | None = None, scale: float | None = None, frozen: bool | None = None) -> None:
        moment = self.now() if shown is None else shown
        if moment > MAX_MOMENT:
            raise ValueError("time ends with the year 9999")
        state = self.state
        self.state = replace(
            state,
            shown=moment,
            anchor=self.parent.now(),
            scale=state.scale if scale is None else scale,
            frozen=state.frozen if frozen is None else frozen,
        )


def iso(moment: int) -> str:
    """Write a moment as ``2026-03-01T12:00:00.000000Z``."""
    seconds, micros = divmod(min(moment, MAX_MOMENT), SECOND)
    return f"{_iso_seconds(seconds)}.{micros:06d}Z"


@lru_cache(16)
def _iso_seconds(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def moment(text: str) -> int:
    """Read a moment as ISO 8601 writes it, in UTC if it names no zone. Raises ValueError."""
    try:
        read = datetime.fromisoformat(text)
        elapsed = (read if read.tzinfo else read.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:100]!r} is no time in ISO 8601") from None
    return elapsed // timedelta(microseconds=1)
