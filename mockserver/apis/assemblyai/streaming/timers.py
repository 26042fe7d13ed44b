"""What it is time for in a session, on the project's clock: signs of life, and the ends that come by themselves."""

from __future__ import annotations

from mockserver.engine.clock import SECOND

_HEARTBEAT = 5 * SECOND


class Timers:
    """When a session is to do something by itself; all moments, and ``longest`` and ``patience`` in seconds."""

    def __init__(self, began: int, longest: int, patience: int | None) -> None:
        self.began = began
        self.expires = began + longest * SECOND
        self._patience = patience
        self._latest = began
        self._heartbeat: int | None = None

    @property
    def idle(self) -> int | None:
        """Return the moment at which nothing has come for too long; None: that does not matter."""
        return None if self._patience is None else self._latest + self._patience * SECOND

    @property
    def heartbeat(self) -> int | None:
        """Return the moment of the next sign of life."""
        return self._heartbeat

    @property
    def next(self) -> int:
        """Return the earliest of all moments."""
        return min(moment for moment in (self.expires, self.idle, self._heartbeat) if moment is not None)

    def hear(self, now: int) -> None:
        """Take note that something came."""
        self._latest = now

    def set_heartbeat(self, now: int, *, is_on: bool) -> None:
        """Give signs of life from now on, or no longer."""
        if not is_on:
            self._heartbeat = None
        elif self._heartbeat is None:
            self._heartbeat = now + _HEARTBEAT

    def beat(self) -> int:
        """Return for how many milliseconds the session had gone on when its sign of life was due, and wait again."""
        assert self._heartbeat is not None
        at, self._heartbeat = self._heartbeat, self._heartbeat + _HEARTBEAT
        return (at - self.began) * 1000 // SECOND
