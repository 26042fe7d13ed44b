"""Waiting for time to pass on a clock that may be frozen, advanced, scaled or set back meanwhile."""

from __future__ import annotations

import asyncio

from mockserver.engine.clock import Timeline

_LONGEST = 3600.0


class Stopwatch:
    """The microseconds that have passed on a clock since the beginning; a clock that is set back takes none away."""

    def __init__(self, clock: Timeline) -> None:
        self._clock = clock
        self._seen = clock.now()
        self._passed = 0

    def passed(self) -> int:
        """Return how much time has passed."""
        now = self._clock.now()
        self._passed += max(0, now - self._seen)
        self._seen = now
        return self._passed

    def real_seconds_until(self, time: int) -> float | None:
        """Return the real seconds until so much has passed, or None if time stands still before that."""
        left = time - self.passed()
        return self._clock.real_seconds_until(self._seen + left)


class Waits:
    """Everybody who waits."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self.ended = False

    async def until(self, watch: Stopwatch, time: int, gone: asyncio.Future[object]) -> bool:
        """Wait until so much time has passed; return False as soon as ``gone`` is done, or all waiting has ended."""
        while not gone.done() and not self.ended:
            left = watch.real_seconds_until(time)
            if left == 0:
                return True
            await self._change(left, gone)
        return False

    async def _change(self, seconds: float | None, gone: asyncio.Future[object]) -> None:
        """Wait so many real seconds, or until some clock is moved, or ``gone`` is done."""
        loop = asyncio.get_running_loop()
        change: asyncio.Future[None] = loop.create_future()

        def finish(_: object = None) -> None:
            if not change.done():
                change.set_result(None)

        timer = None if seconds is None else loop.call_later(min(seconds, _LONGEST), finish)
        gone.add_done_callback(finish)
        self._waiting.add(change)
        try:
            await change
        finally:
            self._waiting.discard(change)
            gone.remove_done_callback(finish)
            if timer is not None:
                timer.cancel()

    def clocks_moved(self) -> None:
        """Let everybody look at the clock again."""
        for change in list(self._waiting):
            if not change.done():
                change.set_result(None)

    def end(self) -> None:
        """Let nobody wait any longer: the server stops."""
        self.ended = True
        self.clocks_moved()

    @staticmethod
    async def turn() -> None:
        """Let the event loop do what else there is."""
        loop = asyncio.get_running_loop()
        turned: asyncio.Future[None] = loop.create_future()
        loop.call_soon(turned.set_result, None)
        await turned
