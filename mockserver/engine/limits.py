"""Request limits: fixed windows on a project's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mockserver.engine.clock import SECOND


@dataclass(frozen=True, slots=True)
class Rule:
    """At most ``limit`` hits in a window of ``window`` microseconds; a limit of 0 is none."""

    name: str
    limit: int
    window: int


class Decision(NamedTuple):
    """What became of one hit; ``reset`` is the seconds until the window ends, rounded up.

    ``remaining`` is negative once there were more hits than the limit.
    """

    allowed: bool
    limit: int
    remaining: int
    reset: int


class Limits:
    """Count hits for each project and rule; a window begins with its first hit."""

    def __init__(self) -> None:
        self._windows: dict[tuple[int, str], tuple[int, int]] = {}
        self._bound = 10_000

    def _drop_ended(self, before: int) -> None:
        """Forget windows that began long ago; projects whose clock runs behind lose a count, which does no harm."""
        self._windows = {key: window for key, window in self._windows.items() if window[0] > before}
        self._bound = max(10_000, 2 * len(self._windows))

    def hit(self, project: int, rule: Rule, now: int) -> Decision:
        """Count one hit at ``now`` and say whether it is within the limit."""
        if not rule.limit:
            return Decision(True, 0, 0, 0)
        began, hits = self._windows.get((project, rule.name), (now, 0))
        if not began <= now < began + rule.window:
            began, hits = now, 0
        self._windows[project, rule.name] = (began, hits + 1)
        if len(self._windows) > self._bound:
            self._drop_ended(now - rule.window)
        reset = -((now - began - rule.window) // SECOND)
        return Decision(hits < rule.limit, rule.limit, rule.limit - hits - 1, reset)

    def clear(self) -> None:
        """Open fresh windows for everybody."""
        self._windows.clear()

    def forget(self, project: int) -> None:
        """Open fresh windows for a project."""
        for key in [key for key in self._windows if key[0] == project]:
            del self._windows[key]
