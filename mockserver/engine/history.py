"""Questions to the journal, and to what else has happened, on a connection of their own.

For worker threads. An answer covers what was committed before the question.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mockserver.engine.store import Row

_HEAD = (
    "number, project, at, request_id, method, path, query, status, size, microseconds, job, fixture, note, violations, "
    "request_size, request_cut, response_cut, response_headers, "
    "(SELECT content FROM journal_contents AS c WHERE c.number = request_headers_at) AS request_headers"
)
_WHOLE = f"""{_HEAD}, request_body,
coalesce(response_body, (SELECT content FROM journal_contents AS c WHERE c.number = response_at)) AS response_body"""
_STATUSES = re.compile(r"(?P<one>[1-9]\d\d)|(?P<kind>[1-9])xx|(?P<low>[1-9]\d\d)-(?P<high>[1-9]\d\d)", re.IGNORECASE)
_CONDITIONS = {
    "project": "project = :project",
    "method": "method = :method",
    "path": "path GLOB :path",
    "job": "job = :job",
    "fixture": "fixture = :fixture",
    "request_id": "request_id = :request_id",
    "since": "at >= :since",
    "until": "at <= :until",
    "before": "number < :before",
}


def statuses(text: str) -> tuple[int, int]:
    """Return the first and the last of the statuses that ``200``, ``4xx`` or ``400-499`` means. Raises ValueError."""
    found = _STATUSES.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:100]!r} is no status: say 200, 4xx or 400-499")
    if found["kind"]:
        return int(found["kind"]) * 100, int(found["kind"]) * 100 + 99
    return int(found["one"] or found["low"]), int(found["one"] or found["high"])


def spellings(text: str) -> tuple[bytes, bytes]:
    """Return the ways in which a body may write a text: as it is, and as JSON in ASCII."""
    return text.encode("utf-8", "surrogatepass"), json.dumps(text)[1:-1].encode()


@dataclass(frozen=True)
class Wanted:
    """Which requests are asked for: None is any; ``path`` is a pattern, ``body`` a part of the request's body."""

    project: int | None = None
    method: str | None = None
    path: str | None = None
    status: tuple[int, int] | None = None
    job: str | None = None
    fixture: str | None = None
    request_id: str | None = None
    since: int | None = None
    until: int | None = None
    body: str | None = None
    violations: bool | None = None
    before: int | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Return what is asked for."""
        every = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in every.items() if value is not None}

    @property
    def condition(self) -> tuple[str, dict[str, Any]]:
        """Return the same in SQL."""
        values = self.given
        wanted = [text for name, text in _CONDITIONS.items() if name in values]
        if self.status is not None:
            wanted.append("status BETWEEN :lowest AND :highest")
            values["lowest"], values["highest"] = self.status
        if self.body is not None:
            wanted.append("(instr(request_body, :body) OR instr(request_body, :escaped))")
            values["body"], values["escaped"] = spellings(self.body)
        if self.violations is not None:
            wanted.append(f"violations IS {'NOT NULL' if self.violations else 'NULL'}")
        values.pop("status", None)
        return " AND ".join(wanted) or "1", values


class History:
    """Read-only queries on a database."""

    def __init__(self, database: Path) -> None:
        self._database = database

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        uri = f"{self._database.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            connection.create_function("glob", 2, lambda pattern, text: fnmatchcase(text, pattern), deterministic=True)
            yield connection

    def page(self, wanted: Wanted, limit: int, *, whole: bool) -> Sequence[Row]:
        """Return requests, newest first; without their bodies unless they are wanted ``whole``."""
        condition, values = wanted.condition
        sql = f"SELECT {_WHOLE if whole else _HEAD} FROM journal WHERE {condition} ORDER BY number DESC LIMIT :limit"
        with self._open() as connection:
            return connection.execute(sql, values | {"limit": limit}).fetchall()

    def count(self, wanted: Wanted) -> int:
        """Return how many requests there are."""
        condition, values = wanted.condition
        with self._open() as connection:
            return int(connection.execute(f"SELECT count(*) FROM journal WHERE {condition}", values).fetchone()[0])

    def judged(self, wanted: Wanted, accept: Callable[[Row], bool]) -> int:
        """Return how many of the requests are accepted."""
        condition, values = wanted.condition
        with self._open() as connection:
            rows = connection.execute(f"SELECT {_WHOLE} FROM journal WHERE {condition}", values)
            return sum(accept(row) for row in rows)

    def finished_jobs(self, wanted: Wanted, status: str | None, limit: int) -> tuple[int, Sequence[Row]]:
        """Return how many jobs have finished, and the newest of them."""
        condition = (
            "FROM jobs WHERE status IN ('completed', 'error') AND (:status IS NULL OR status = :status) "
            "AND (:project IS NULL OR project = :project) AND (:job IS NULL OR id = :job)"
        )
        values = {"project": wanted.project, "job": wanted.job, "status": status, "limit": limit}
        return self._counted("*", condition, values)

    def deliveries(self, wanted: Wanted, limit: int) -> tuple[int, Sequence[Row]]:
        """Return how many webhook calls were delivered, and the numbers of the newest of them."""
        condition = (
            "FROM deliveries WHERE delivered AND (:project IS NULL OR project = :project) "
            "AND (:job IS NULL OR job = (SELECT number FROM jobs WHERE id = :job))"
        )
        return self._counted("number", condition, {"project": wanted.project, "job": wanted.job, "limit": limit})

    def _counted(self, columns: str, condition: str, values: dict[str, Any]) -> tuple[int, Sequence[Row]]:
        with self._open() as connection:
            count = int(connection.execute(f"SELECT count(*) {condition}", values).fetchone()[0])
            rows = connection.execute(f"SELECT {columns} {condition} ORDER BY number DESC LIMIT :limit", values)
            return count, rows.fetchall()
