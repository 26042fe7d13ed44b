"""Waiting for a moment on a clock that may be frozen, advanced or scaled meanwhile."""

from __future__ import annotations

import asyncio

from mockserver.engine.clock import Clock


class Waits:
    """Everybody who waits for a moment."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    async def until(self, clock: Clock, moment: int, gone: asyncio.Future[object]) -> bool:
        """Wait until a clock shows ``moment``; return False as soon as ``gone`` is done."""
        while not gone.done():
            left = clock.real_seconds_until(moment)
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

        timer = None if seconds is None else loop.call_later(seconds, finish)
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

    @staticmethod
    async def turn() -> None:
        """Let the event loop do what else there is."""
        loop = asyncio.get_running_loop()
        turned: asyncio.Future[None] = loop.create_future()
        loop.call_soon(turned.set_result, None)
        await turned
