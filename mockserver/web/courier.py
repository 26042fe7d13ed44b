"""The background work of one event loop: settle, commit, reload fixtures, write the journal, and who does the rest."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from mockserver.engine import Engine
from mockserver.web import log
from mockserver.web.family import Family
from mockserver.web.messenger import Messenger
from mockserver.web.preparer import Preparer
from mockserver.web.reception import Sessions
from mockserver.web.redactor import Redactor
from mockserver.web.shelf import Shelf
from mockserver.web.sources import Sources
from mockserver.web.waits import Bell, Waits
from mockserver.web.workshop import Workshop

_JOURNAL_DELAY = 0.25
_PATIENCE = 30.0
_RETRY = 1.0
_LONGEST_SLEEP = 3600.0
_GATHERINGS = 3
_FEW_FILES = 1_000
_REST_PER_LOOK = 20
_logger = logging.getLogger("mockserver")
T = TypeVar("T")


class Courier:
    """One event loop's background work; everything that blocks runs in its few threads.

    What takes long (probing, downloads' bytes, making transcripts) has threads of its own, so that it does not
    hold up what is quick.
    """

    def __init__(self, engine: Engine, families: Sequence[Family]) -> None:
        self._engine = engine
        self._quick = ThreadPoolExecutor(4, thread_name_prefix="mockserver-quick")
        self._slow = ThreadPoolExecutor(2, thread_name_prefix="mockserver-slow")
        self.waits = Waits()
        self.news = Bell()
        """Rings when a request was recorded, and when anything was committed."""
        self.workshop = Workshop()
        self.shelf = Shelf(engine, self.workshop)
        self.sources = Sources(engine, self.in_thread, self.in_slow_thread)
        self.preparer = Preparer(engine, self.sources, self.in_slow_thread, self.workshop)
        self.redactor = Redactor(engine, families, self.sources, self.in_slow_thread, self.workshop)
        self.messenger = Messenger(engine, families, self.redactor)
        self.sessions = Sessions(engine)
        self._stopped = False
        self._ticking = False
        self._waiting: list[asyncio.Future[None]] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._checkpointing: asyncio.Future[None] | None = None
        self._reloading = asyncio.Lock()
        self._next_look = self._last_look = 0
        self._flush_due = False
        self.warming: asyncio.Future[Any] | None = None
        """Done when what takes long to import is there."""
        self.sow: Callable[[], Awaitable[None]] | None = None
        """Makes the requests of the seed folder."""
        engine.journal.written = lambda batch: log.requests(batch, engine.settings, engine.keys.label)

    def start(self) -> None:
        """Begin, with the jobs that a stopped server left unprepared."""
        self._loop = asyncio.get_running_loop()
        self._engine.store.on_group = self.wake
        self.preparer.resume()
        self.wake()

    async def stop(self) -> None:
        """Stop; what is not finished stays stored and goes on with the next server."""
        self._stopped = True
        self.waits.end()
        self.news.end()
        await self.preparer.stop()
        if self._checkpointing is not None:
            await asyncio.wait({self._checkpointing})
        await self.messenger.stop()
        self.redactor.stop()
        self.workshop.stop()
        if self._alarm is not None:
            self._alarm.cancel()
        self._engine.store.on_group = None
        for pool in (self._quick, self._slow):
            pool.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """Tick as soon as what is ready to run has run: something was written."""
        if not self._ticking and not self._stopped:
            self._ticking = True
            self._loop.call_soon(self._gather, _GATHERINGS, 0)

    def clocks_moved(self) -> None:
        """Go on with what is due now that a clock was moved."""
        self.waits.clocks_moved()
        self.sessions.clocks_moved()
        self._engine.keys.keeping.look_again()
        self.wake()

    def _gather(self, left: int, seen: int) -> None:
        """Let the event loop turn a few more times while requests keep coming in, so that they share the tick."""
        waiting = len(self._waiting)
        if left and waiting > seen:
            self._loop.call_soon(self._gather, left - 1, waiting)
        elif not self._stopped:
            self._tick()

    def _tick(self) -> None:
        """Settle what is due, commit all that was written since the last tick, and set the alarm for the next.

        So the requests that come in together share one commit, which costs more than the rest of a write.
        """
        wait: float | None = _RETRY
        failure: Exception | None = None
        try:
            self._engine.settle()
            self._engine.commit()
            self.messenger.send_due()
            wait = self._engine.next_due_in()
        except Exception as error:
            _logger.exception("what was written since the last commit is lost")
            failure = error
            self._start_again()
        finally:
            self._ticking = False
            self._tell_waiting(failure)
            self.news.ring()
            self._checkpoint()
            self._set_alarm(wait)
            if self._engine.store.has_group:
                self.wake()

    def _start_again(self) -> None:
        """Go on from what is stored, after a failed commit."""
        try:
            self._engine.rollback()
            self.preparer.resume()
        except sqlite3.Error:
            _logger.exception("the database cannot be read")

    def _set_alarm(self, wait: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None if wait is None else self._loop.call_later(min(wait, _LONGEST_SLEEP), self.wake)

    def _checkpoint(self) -> None:
        running = self._checkpointing is not None and not self._checkpointing.done()
        if running or self._stopped:
            return
        for store in (self._engine.store, self._engine.journal_store):
            if store.wants_checkpoint:
                self._checkpointing = self._loop.run_in_executor(self._quick, store.checkpoint)
                return

    def _tell_waiting(self, failure: Exception | None) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if future.done():
                continue
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(failure)

    async def committed(self) -> None:
        """Wait until everything that has been written so far is committed; raises what made it fail."""
        if self._engine.store.has_group:
            future = self._loop.create_future()
            self._waiting.append(future)
            await future

    def sweep(self) -> None:
        """Remove the files of jobs that are deleted or gone."""
        self.shelf.sweep()
        self.redactor.sweep()

    async def fresh_fixtures(self) -> None:
        """Load the fixtures again if their files have changed.

        That is looked at for every job and chat, in a thread; those that wait together share a look that began after
        all of them had asked. Where there are many files, a pause of many times as long follows.
        """
        now = self._engine.clock.parent.now
        if not self._engine.settings.reload or not self._engine.settings.own_fixtures or now() < self._next_look:
            return
        asked = now()
        async with self._reloading:
            if self._last_look > asked:
                return
            began = self._last_look = now()
            try:
                log.problems(await self.in_thread(self._engine.fixtures.refresh))
            except Exception:
                _logger.exception("the fixtures could not be loaded again")
            if self._engine.fixtures.files > _FEW_FILES:
                self._next_look = now() + _REST_PER_LOOK * (now() - began)

    async def warmed(self) -> None:
        """Wait until what takes long to import is there."""
        if self.warming is not None:
            await asyncio.shield(self.warming)

    async def in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        """Run something that blocks for a short time in a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._quick, function, *arguments)

    async def in_slow_thread(self, function: Callable[..., T], *arguments: object) -> T:
        """Run something that takes long in a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._slow, function, *arguments)

    def journal_later(self) -> None:
        """Write the journal soon, together with what else comes until then."""
        self.news.ring()
        if self._engine.journal.is_heavy:
            self.flush_journal()
        elif not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_later(_JOURNAL_DELAY, self._flush_in_time)

    def _flush_in_time(self) -> None:
        self._flush_due = False
        self.flush_journal()

    def flush_journal(self) -> None:
        """Write the journal now; if that fails, what was to be written is lost."""
        try:
            self._engine.journal.flush()
        except Exception:
            _logger.exception("the journal could not be written")
        self._checkpoint()
