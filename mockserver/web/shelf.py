"""Views of long transcripts: made in the workshop, kept as files, sent from there."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from mockserver.engine import Engine
from mockserver.engine.store import Row
from mockserver.web.workshop import Workshop

_KEPT = 64


_Key = tuple[int, int | None, str]


class Shelf:
    """The newest views; each is made once, however many ask for it, and again if it was not kept."""

    def __init__(self, engine: Engine, workshop: Workshop) -> None:
        self._engine = engine
        self._workshop = workshop
        self._made: OrderedDict[_Key, Path] = OrderedDict()
        self._making: dict[_Key, asyncio.Task[Path]] = {}
        self._number = 0

    async def view(self, job: Row, name: str, make: Callable[..., bytes], *arguments: object) -> Path:
        """Return the file that holds what ``make`` returns; ``name`` is unique among a job's views.

        The file may go at any time.
        """
        key = job["number"], job["callback_status"], name
        made = self._made.get(key)
        if made is not None:
            self._made.move_to_end(key)
            return made
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make(key, make, arguments))
            making.add_done_callback(lambda _: self._making.pop(key))
        return await asyncio.shield(making)

    async def _make(self, key: _Key, make: Callable[..., bytes], arguments: tuple[object, ...]) -> Path:
        self._number += 1
        path = self._engine.data.views / f"{self._number}.view"
        await self._workshop.run(_write, path, make, arguments)
        self._made[key] = path
        if len(self._made) > _KEPT:
            self._drop(next(iter(self._made)))
        self.sweep()
        return path

    def sweep(self) -> None:
        """Remove the views of jobs that are deleted or gone."""
        for key in list(self._made):
            if not self._engine.jobs.is_there(key[0]):
                self._drop(key)

    def _drop(self, key: _Key) -> None:
        self._made.pop(key).unlink(missing_ok=True)


def _write(path: Path, make: Callable[..., bytes], arguments: tuple[object, ...]) -> None:
    path.write_bytes(make(*arguments))
