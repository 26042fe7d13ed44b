"""Calls webhooks: each delivery in a task of its own, so that a slow receiver holds up nobody else."""

from __future__ import annotations

import asyncio
import logging
import resource
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

from mockserver.engine import Engine
from mockserver.engine.keys import Project
from mockserver.engine.moves import AUDIO
from mockserver.engine.store import Row
from mockserver.engine.webhooks import NOTICE, UNREACHABLE, Outcome
from mockserver.web.destinations import connector, refusal
from mockserver.web.family import Callback, Event, Family
from mockserver.web.redactor import GoneError, Redactor

if TYPE_CHECKING:
    from aiohttp import ClientSession

_KEPT = 4096
_PER_RECEIVER = 32
_logger = logging.getLogger("mockserver")


class _Answer(NamedTuple):
    """What a receiver said; the status is UNREACHABLE where it said nothing."""

    status: int
    reply: str | None
    error: str | None


class Messenger:
    """Makes the calls that are due. Timeouts are real time; when to try again is the project's clock's to say."""

    def __init__(self, engine: Engine, families: Iterable[Family], redactor: Redactor) -> None:
        self._engine = engine
        self._families = {family.name: family for family in families}
        self._redactor = redactor
        self._session: ClientSession | None = None
        self._sockets = asyncio.Semaphore(_most_sockets())
        self._receivers: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._of_job: dict[int, asyncio.Task[None]] = {}
        self._now = engine.clock.parent.now

    async def stop(self) -> None:
        """Stop; what is not delivered is due again at the next start."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def send_due(self) -> None:
        """Begin every call that is due now."""
        for project in list(self._engine.keys.calling.values()):
            for delivery in self._engine.webhooks.due(project):
                if delivery["number"] not in self._under_way:
                    self._begin(project, delivery)

    def _begin(self, project: Project, delivery: Row) -> None:
        number = delivery["number"]
        job = delivery["job"] or -number  # what tells of no job waits for nothing else
        task = asyncio.create_task(self._deliver(project, delivery, self._of_job.get(job)))
        self._under_way[number] = self._of_job[job] = task
        task.add_done_callback(lambda _: self._ended(number, job, task))

    def _ended(self, number: int, job: int, task: asyncio.Task[None]) -> None:
        del self._under_way[number]
        if self._of_job.get(job) is task:
            del self._of_job[job]

    async def quiet(self, project: Project | None, patience: float) -> None:
        """Wait until no call is under way, or due, that belongs to a project, or to any; at most ``patience`` s."""
        async with asyncio.timeout(patience):
            while tasks := self._busy(project):
                await asyncio.wait(tasks)

    def _busy(self, project: Project | None) -> list[asyncio.Task[None]]:
        self.send_due()
        rows = ((number, self._engine.webhooks.find(number)) for number in list(self._under_way))
        return [
            self._under_way[number]
            for number, row in rows
            if row is not None and (project is None or row["project"] == project.id)
        ]

    async def _deliver(self, project: Project, delivery: Row, before: asyncio.Task[None] | None) -> None:
        """Make one attempt; what a job has to say first goes first."""
        if before is not None:
            await asyncio.wait({before})
        job = delivery if delivery["event"] == NOTICE else self._engine.jobs.by_number(delivery["job"])
        if job is None or self._engine.webhooks.find(delivery["number"]) is None:
            return  # a reset, or a restore, took it away
        retries = self._families[job["family"]].retries(self._engine.settings)
        at, began = project.clock.now(), self._now()
        try:
            is_over = retries.is_over(delivery["attempts"], at, delivery["since"])
            call = None if is_over else self._worded(project, delivery, job)
            if call is None:
                self._engine.webhooks.drop(project, delivery)
                return
            if delivery["event"] == AUDIO:
                await self._redactor.made(job)
            answer = await self._post(call)
            outcome = Outcome(at, self._now() - began, call.url, call.body.decode(), *answer)
        except GoneError:
            self._engine.webhooks.drop(project, delivery)
            return
        except Exception as error:
            _logger.exception("delivery %d could not be made", delivery["number"])
            outcome = Outcome(at, self._now() - began, "", "", UNREACHABLE, None, f"{type(error).__name__}: {error}")
        self._engine.metrics.attempted(outcome.status)
        try:
            self._engine.webhooks.record(project, delivery, outcome, retries)
            if job is not delivery:
                self._engine.replies.forget(job)
        except sqlite3.Error:
            _logger.exception("an attempt at delivery %d could not be noted", delivery["number"])

    def _worded(self, project: Project, delivery: Row, job: Row) -> Callback | None:
        event = Event(delivery["event"], job, project, frozenset(self._engine.settings.quirks))
        return self._families[job["family"]].callback(event)

    async def _post(self, call: Callback) -> _Answer:
        import aiohttp
        from yarl import URL

        try:
            session = await self._open()
            url = URL(call.url, encoded=True)
            receiver = self._receivers.setdefault(url.authority, asyncio.Semaphore(_PER_RECEIVER))
            async with (
                receiver,
                self._sockets,
                asyncio.timeout(self._engine.settings.webhook_timeout),
                session.post(url, data=call.body, headers=call.headers, allow_redirects=False) as response,
            ):
                reply = await response.content.read(_KEPT)
                return _Answer(response.status, reply.decode("utf-8", "replace"), None)
        except TimeoutError:
            return _Answer(UNREACHABLE, None, f"no reply within {self._engine.settings.webhook_timeout:g} s")
        except (aiohttp.ClientError, ValueError, UnicodeError, OSError) as error:
            return _Answer(UNREACHABLE, None, refusal(error) or str(error) or type(error).__name__)

    async def _open(self) -> ClientSession:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=connector(allow_link_local=self._engine.settings.allow_link_local, limit=0, force_close=True),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _most_sockets() -> int:
    """Return how many calls may be under way: never so many that clients could not connect any more."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(8, min(2_000, allowed // 2))
