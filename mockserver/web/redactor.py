"""Makes the redacted audio of jobs, once for each, when it is first asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

from mockserver.engine import Engine, sound
from mockserver.engine.store import Row
from mockserver.web.family import Family
from mockserver.web.sources import InThread, Sources

_KEPT = 200
_logger = logging.getLogger("mockserver")


class Redactor:
    """Makes audio in slow threads; a job's is made once, however many ask for it."""

    def __init__(self, engine: Engine, families: Iterable[Family], sources: Sources, in_slow_thread: InThread) -> None:
        self._engine = engine
        self._families = {family.name: family for family in families}
        self._sources = sources
        self._in_slow_thread = in_slow_thread
        self._making: dict[str, asyncio.Task[None]] = {}
        self._kept: dict[str, None] = {}

    async def made(self, job: Row) -> Path:
        """Return where the redacted audio of a completed job lies, making it first."""
        path = self._engine.data.redacted(job["id"])
        if not path.exists():
            making = self._making.get(job["id"])
            if making is None:
                making = self._making[job["id"]] = asyncio.create_task(self._make(job, path))
                making.add_done_callback(lambda _: self._making.pop(job["id"], None))
            await asyncio.shield(making)
        return path

    async def _make(self, job: Row, path: Path) -> None:
        source = self._sources.path_of(job)
        transcript = self._engine.jobs.transcript(job)
        await self._in_slow_thread(self._redact, job, transcript, source, path)
        current = self._engine.jobs.by_number(job["number"])
        if current is None or current["deleted"] is not None:
            self._engine.data.forget_redacted(job["id"])
        self._keep(job["id"])

    def _keep(self, job_id: str) -> None:
        """Keep the newest; what is forgotten here is made again when it is asked for."""
        self._kept.pop(job_id, None)
        self._kept[job_id] = None
        if len(self._kept) > _KEPT:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._engine.data.forget_redacted(oldest)

    def _redact(self, job: Row, transcript: bytes, source: Path | None, path: Path) -> None:
        wanted = self._families[job["family"]].redaction(job, transcript)
        try:
            self._write(job, source, path, wanted.spans, wanted.method, wanted.form)
        except sound.UndecodableError:
            _logger.warning("the audio of job %s cannot be read; its redacted audio is silent", job["id"])
            self._write(job, None, path, wanted.spans, wanted.method, wanted.form)

    @staticmethod
    def _write(
        job: Row, source: Path | None, path: Path, spans: Iterable[tuple[int, int]], method: str, form: str
    ) -> None:
        sound.redact(
            source, path, list(spans), method=method, form=form, duration=job["duration"], channels=job["channels"]
        )
