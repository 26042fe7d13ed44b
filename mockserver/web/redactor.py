"""Makes the redacted audio of jobs, once for each, when it is first asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mockserver.engine import Engine
from mockserver.engine.store import Row
from mockserver.web.family import Family, Redaction
from mockserver.web.sources import InThread, Sources
from mockserver.web.workshop import LONG, Workshop

_KEPT = 200
_logger = logging.getLogger("mockserver")


class GoneError(Exception):
    """The job has been deleted, and its audio with it."""


class Redactor:
    """Makes audio in threads of its own; a job's is made once, however many ask for it."""

    def __init__(
        self,
        engine: Engine,
        families: Iterable[Family],
        sources: Sources,
        in_slow_thread: InThread,
        workshop: Workshop,
    ) -> None:
        self._engine = engine
        self._families = {family.name: family for family in families}
        self._sources = sources
        self._in_slow_thread = in_slow_thread
        self._workshop = workshop
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="mockserver-redactor")
        self._making: dict[int, asyncio.Task[None]] = {}
        self._kept: dict[int, None] = {}

    def stop(self) -> None:
        """Stop; what is not made yet is made when it is asked for again."""
        for making in self._making.values():
            making.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def made(self, job: Row, patience: float | None = None) -> Path | None:
        """Return where the redacted audio of a completed job lies, making it first.

        None means that this takes longer than ``patience`` seconds; it goes on. Raises GoneError if the job is
        deleted meanwhile.
        """
        number = job["number"]
        if number not in self._kept:
            making = self._making.get(number)
            if making is None:
                making = self._making[number] = asyncio.create_task(self._make(job))
                making.add_done_callback(lambda _: self._making.pop(number))
            done, _ = await asyncio.wait({making}, timeout=patience)
            if not done:
                return None
            making.result()
        if not self._engine.jobs.is_there(number):
            raise GoneError
        return self._engine.data.redacted(number)

    async def _make(self, job: Row) -> None:
        path = self._engine.data.redacted(job["number"])
        source = self._sources.path_of(job)
        transcript = self._engine.jobs.transcript(job)
        redaction = self._families[job["family"]].redaction
        run = self._workshop.run if len(transcript) > LONG else self._in_slow_thread
        wanted = await run(redaction, dict(job), transcript)
        await asyncio.get_running_loop().run_in_executor(self._threads, self._redact, job, wanted, source, path)
        self._kept[job["number"]] = None
        if len(self._kept) > _KEPT:
            self._drop(next(iter(self._kept)))
        self.sweep()

    def sweep(self) -> None:
        """Remove the audio of jobs that are deleted or gone."""
        for number in list(self._kept):
            if not self._engine.jobs.is_there(number):
                self._drop(number)

    def _drop(self, number: int) -> None:
        """Remove one; if it is asked for again, it is made again."""
        del self._kept[number]
        self._engine.data.redacted(number).unlink(missing_ok=True)

    @staticmethod
    def _redact(job: Row, wanted: Redaction, source: Path | None, path: Path) -> None:
        from mockserver.engine import sound

        def write(source: Path | None) -> None:
            sound.redact(
                source,
                path,
                wanted.spans,
                method=wanted.method,
                form=wanted.form,
                duration=job["duration"],
                channels=job["channels"],
            )

        try:
            write(source)
        except sound.UndecodableError:
            _logger.warning("the audio of job %s cannot be read; its redacted audio is silent", job["id"])
            write(None)
