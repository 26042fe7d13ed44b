"""Makes the redacted audio of jobs, once for each, when it is first asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mockserver.engine import Engine, sound
from mockserver.engine.store import Row
from mockserver.web.family import Family, Redaction
from mockserver.web.sources import Sources
from mockserver.web.workshop import Workshop

_KEPT = 200
_logger = logging.getLogger("mockserver")


class Redactor:
    """Makes audio in threads of its own; a job's is made once, however many ask for it."""

    def __init__(self, engine: Engine, families: Iterable[Family], sources: Sources, workshop: Workshop) -> None:
        self._engine = engine
        self._families = {family.name: family for family in families}
        self._sources = sources
        self._workshop = workshop
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="mockserver-redactor")
        self._making: dict[str, asyncio.Task[None]] = {}
        self._kept: dict[str, None] = {}

    def stop(self) -> None:
        """Stop; what is not made yet is made when it is asked for again."""
        for making in self._making.values():
            making.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def made(self, job: Row, patience: float | None = None) -> Path | None:
        """Return where the redacted audio of a completed job lies, making it first.

        None means that this takes longer than ``patience`` seconds; it goes on.
        """
        path = self._engine.data.redacted(job["id"])
        if job["id"] in self._kept:
            return path
        making = self._making.get(job["id"])
        if making is None:
            making = self._making[job["id"]] = asyncio.create_task(self._make(job, path))
            making.add_done_callback(lambda _: self._making.pop(job["id"], None))
        done, _ = await asyncio.wait({making}, timeout=patience)
        if not done:
            return None
        making.result()
        return path

    async def _make(self, job: Row, path: Path) -> None:
        source = self._sources.path_of(job)
        transcript = self._engine.jobs.transcript(job)
        redaction = self._families[job["family"]].redaction
        wanted = await self._workshop.run_if_long(transcript, redaction, dict(job), transcript)
        await asyncio.get_running_loop().run_in_executor(self._threads, self._redact, job, wanted, source, path)
        current = self._engine.jobs.by_number(job["number"])
        if current is None or current["deleted"] is not None:
            self._engine.data.forget_redacted(job["id"])
        else:
            self._keep(job["id"])

    @staticmethod
    def _redact(job: Row, wanted: Redaction, source: Path | None, path: Path) -> None:
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

    def _keep(self, job_id: str) -> None:
        """Keep the newest; what is forgotten here is made again when it is asked for."""
        self._kept.pop(job_id, None)
        self._kept[job_id] = None
        if len(self._kept) > _KEPT:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._engine.data.forget_redacted(oldest)

    def clear(self) -> None:
        """Forget what was made: it is gone."""
        self._kept.clear()
