"""What was asked and answered.

Entries are kept in memory until ``flush`` writes a batch of them; ``entries`` flushes first, so that a
query sees every reply that has been given.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from mockserver.engine.store import Store

_COLUMNS = "project, at, request_id, method, path, query, status, size, microseconds, job, fixture, note"
_SLACK = 64


class Entry(NamedTuple):
    """One request: ``at`` is the moment on the project's clock, ``microseconds`` the real time it took."""

    project: int
    at: int
    request_id: str
    method: str
    path: str
    query: str
    status: int
    size: int
    microseconds: int
    job: str | None
    fixture: str | None
    note: str | None


class Journal:
    """The requests of every project, bounded to the newest ``limit`` of each, and a few.

    ``written`` is called with every batch that has been written.
    """

    def __init__(self, store: Store, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._pending: list[Entry] = []
        self._unpruned: Counter[int] = Counter()
        self.written: Callable[[list[Entry]], None] | None = None

    def record(self, entry: Entry) -> None:
        """Remember one entry."""
        self._pending.append(entry)

    def flush(self) -> None:
        """Write what is pending as one batch."""
        batch, self._pending = self._pending, []
        if not batch:
            return
        if self._limit:
            with self._store.all_or_nothing():
                self._store.run_many(
                    f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", batch
                )
                self._prune(batch)
        if self.written is not None:
            self.written(batch)

    def _prune(self, batch: list[Entry]) -> None:
        self._unpruned.update(entry.project for entry in batch)
        for project, count in list(self._unpruned.items()):
            if count > max(_SLACK, self._limit // 10):
                self._store.run(
                    "DELETE FROM journal WHERE project = ?1 AND number <= "
                    "(SELECT number FROM journal WHERE project = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                    (project, self._limit),
                )
                del self._unpruned[project]

    def entries(self, project: int | None = None, limit: int = 100) -> list[sqlite3.Row]:
        """Return the newest entries, newest first, with the label of each one's project."""
        self.flush()
        return self._store.all(
            "SELECT journal.*, projects.label FROM journal LEFT JOIN projects ON projects.id = journal.project "
            "WHERE ?1 IS NULL OR journal.project = ?1 ORDER BY number DESC LIMIT ?2",
            (project, min(limit, self._limit)),
        )

    def forget(self, project: int) -> None:
        """Remove a project's entries."""
        self.flush()
        self._store.write("DELETE FROM journal WHERE project = ?", (project,))

    def clear(self) -> None:
        """Remove every entry."""
        self.flush()
        self._store.write("DELETE FROM journal")
