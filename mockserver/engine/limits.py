"""Request limits: fixed windows on a project's own clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import NamedTuple

from mockserver.engine.clock import SECOND

_MOST_WINDOWS = 1_000
"""Windows of one project, above which those that have ended are forgotten."""


@dataclass(frozen=True, slots=True)
class Rule:
    """At most ``limit`` hits in a window of ``window`` microseconds; a limit of 0 is none."""

    name: str
    limit: int
    window: int


@dataclass(slots=True)
class _Window:
    began: int
    end: int
    hits: int


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
        self._windows: dict[int, dict[str, _Window]] = {}

    def hit(self, project: int, rule: Rule, now: int) -> Decision:
        """Count one hit at ``now`` and say whether it is within the limit."""
        if not rule.limit:
            return Decision(True, 0, 0, 0)
        windows = self._windows.setdefault(project, {})
        window = windows.get(rule.name)
        if window is None or not window.began <= now < window.began + rule.window:
            window = windows[rule.name] = _Window(now, now + rule.window, 0)
            if len(windows) > _MOST_WINDOWS:
                self._windows[project] = {name: kept for name, kept in windows.items() if kept.end > now}
        window.hits += 1
        reset = -((now - window.began - rule.window) // SECOND)
        return Decision(window.hits <= rule.limit, rule.limit, rule.limit - window.hits, reset)

    def windows(self, project: int) -> dict[str, tuple[int, ...]]:
        """Return a project's windows, for ``go_on``: when each began, when it ends, and its hits."""
        return {name: astuple(window) for name, window in self._windows.get(project, {}).items()}

    def go_on(self, project: int, windows: Mapping[str, Iterable[int]]) -> None:
        """Let a project's windows stand as they stood once."""
        self._windows[project] = {name: _Window(*window) for name, window in windows.items()}

    def counting(self) -> list[int]:
        """Return the projects that have windows."""
        return list(self._windows)

    def ended(self, project: int, since: int, now: int) -> list[str]:
        """Return the names of a project's windows that ended after one moment, and not after another."""
        return [name for name, window in self._windows.get(project, {}).items() if since < window.end <= now]

    def clear(self) -> None:
        """Open fresh windows for everybody."""
        self._windows.clear()

    def forget(self, project: int) -> None:
        """Open fresh windows for a project."""
        self._windows.pop(project, None)
