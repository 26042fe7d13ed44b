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


class Bell:
    """Wakes whoever waits for something to happen; ``rung`` counts how often something did."""

    def __init__(self) -> None:
        self._listening: set[asyncio.Future[None]] = set()
        self.rung = 0
        self.ended = False

    def ring(self) -> None:
        """Let everybody look at what has happened."""
        self.rung += 1
        if self._listening:
            for listener in list(self._listening):
                if not listener.done():
                    listener.set_result(None)

    def end(self) -> None:
        """Let nobody wait any longer: the server stops."""
        self.ended = True
        self.ring()

    async def heard(self, seconds: float | None, gone: asyncio.Future[object], since: int | None = None) -> None:
        """Wait so many real seconds, or until the bell rings, or ``gone`` is done.

        Where it has rung ``since`` that count, it is heard at once.
        """
        if since is not None and since != self.rung:
            return
        loop = asyncio.get_running_loop()
        listener: asyncio.Future[None] = loop.create_future()

        def finish(_: object = None) -> None:
            if not listener.done():
                listener.set_result(None)

        timer = None if seconds is None else loop.call_later(min(seconds, _LONGEST), finish)
        gone.add_done_callback(finish)
        self._listening.add(listener)
        try:
            await listener
        finally:
            self._listening.discard(listener)
            gone.remove_done_callback(finish)
            if timer is not None:
                timer.cancel()


class Waits:
    """Everybody who waits for time to pass."""

    def __init__(self) -> None:
        self._bell = Bell()
        self.clocks_moved = self._bell.ring
        """Let everybody look at the clock again."""
        self.end = self._bell.end

    @property
    def ended(self) -> bool:
        """Say whether nobody may wait any longer."""
        return self._bell.ended

    async def until(self, watch: Stopwatch, time: int, gone: asyncio.Future[object]) -> bool:
        """Wait until so much time has passed; return False as soon as ``gone`` is done, or all waiting has ended."""
        while not gone.done() and not self.ended:
            left = watch.real_seconds_until(time)
            if left == 0:
                return True
            await self._bell.heard(left, gone)
        return False

    @staticmethod
    async def turn() -> None:
        """Let the event loop do what else there is."""
        loop = asyncio.get_running_loop()
        turned: asyncio.Future[None] = loop.create_future()
        loop.call_soon(turned.set_result, None)
        await turned
