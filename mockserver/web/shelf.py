"""Views of long transcripts: made in the workshop, kept as files, sent from there."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from mockserver.engine.store import Row
from mockserver.web.workshop import Workshop

_KEPT = 64


class Shelf:
    """The newest views; each is made once, however many ask for it, and again if it was not kept."""

    def __init__(self, folder: Path, workshop: Workshop) -> None:
        self._folder = folder
        self._workshop = workshop
        self._made: OrderedDict[str, tuple[Path, int]] = OrderedDict()
        self._making: dict[str, asyncio.Task[None]] = {}
        self._number = 0

    async def view(self, job: Row, name: str, make: Callable[..., bytes], *arguments: object) -> tuple[Path, int]:
        """Return the file that holds what ``make`` returns, and its size; ``name`` is unique among a job's views."""
        key = f"{job['id']}/{job['callback_status']}/{name}"
        while (made := self._made.get(key)) is None:
            making = self._making.get(key)
            if making is None:
                making = self._making[key] = asyncio.create_task(self._make(key, make, arguments))
                making.add_done_callback(lambda _: self._making.pop(key))
            await asyncio.shield(making)
        self._made.move_to_end(key)
        return made

    async def _make(self, key: str, make: Callable[..., bytes], arguments: tuple[object, ...]) -> None:
        self._number += 1
        path = self._folder / f"{self._number}.view"
        self._made[key] = path, await self._workshop.run(_write, path, make, arguments)
        while len(self._made) > _KEPT:
            _, (oldest, _) = self._made.popitem(last=False)
            oldest.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget every view: ids start over."""
        while self._made:
            _, (path, _) = self._made.popitem()
            path.unlink(missing_ok=True)


def _write(path: Path, make: Callable[..., bytes], arguments: tuple[object, ...]) -> int:
    return path.write_bytes(make(*arguments))
