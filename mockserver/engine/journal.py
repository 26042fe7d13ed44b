"""What was asked and answered.

Entries are kept in memory until ``flush`` writes a batch of them; ``entries`` flushes first, so that a
query sees every reply that has been given.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from mockserver.engine.store import Store

_COLUMNS = "project, at, request_id, method, path, query, status, size, microseconds, job, fixture, note"
_PRUNE_EVERY = 64


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
    """The requests of every project, bounded to the newest ``limit`` of each."""

    def __init__(self, store: Store, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._pending: list[Entry] = []
        self._flushes = 0

    def record(self, entry: Entry) -> None:
        """Remember one entry."""
        self._pending.append(entry)

    @property
    def pending(self) -> int:
        """Return the number of entries that are not written yet."""
        return len(self._pending)

    def flush(self) -> list[Entry]:
        """Write what is pending as one batch and return it."""
        batch, self._pending = self._pending, []
        if not batch or not self._limit:
            return batch
        with self._store.transaction():
            self._store.run_many(
                f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                batch,
            )
            self._flushes += 1
            if self._flushes % _PRUNE_EVERY == 0 or len(batch) > self._limit:
                self._prune({entry.project for entry in batch})
        return batch

    def _prune(self, projects: set[int]) -> None:
        for project in projects:
            self._store.run(
                "DELETE FROM journal WHERE project = ?1 AND number <= "
                "(SELECT number FROM journal WHERE project = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                (project, self._limit),
            )

    def entries(self, project: int | None = None, limit: int = 100) -> list[sqlite3.Row]:
        """Return the newest entries, newest first, with the label of each one's project."""
        self.flush()
        return self._store.all(
            "SELECT journal.*, projects.label FROM journal LEFT JOIN projects ON projects.id = journal.project "
            "WHERE ?1 IS NULL OR journal.project = ?1 ORDER BY number DESC LIMIT ?2",
            (project, limit),
        )

    def forget(self, project: int) -> None:
        """Remove a project's entries."""
        self._pending = [entry for entry in self._pending if entry.project != project]
        self._store.run("DELETE FROM journal WHERE project = ?", (project,))
