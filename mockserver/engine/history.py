"""Questions to the journal, and to what else has happened, on a connection of their own.

For worker threads. An answer covers what was committed before the question.
"""

from __future__ import annotations

import contextlib
import json
import marshal
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from fnmatch import translate
from functools import cached_property
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from mockserver.engine.exchange import Exchange, exchange_of
from mockserver.engine.session_records import SessionRecord, WantedSessions, stored_sessions
from mockserver.engine.store import DataDirectory, Row

_NO_BODIES = (None, b"")
_STATUSES = re.compile(r"(?P<one>0|[1-9]\d\d)|(?P<kind>[1-9])xx|(?P<low>[1-9]\d\d)-(?P<high>[1-9]\d\d)", re.IGNORECASE)
_PACKS = """
SELECT {columns}, label FROM (
SELECT *, sum(entries) OVER (PARTITION BY project ORDER BY number DESC) - entries AS newer
FROM journal WHERE :project IS NULL OR project = :project) AS pack LEFT JOIN projects ON projects.id = pack.project
WHERE newer < :limit AND last > :after AND first < :before ORDER BY pack.number DESC
"""
_MOST = 2**63 - 1


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
    """Which requests are asked for: None is any; ``path`` is a pattern, ``body`` a part of the request's body.

    ``before`` and ``after`` are numbers.
    """

    project: int | None = None
    method: str | None = None
    path: str | None = None
    status: tuple[int, int] | None = None
    job: str | None = None
    fixture: str | None = None
    fault: str | None = None
    request_id: str | None = None
    since: int | None = None
    until: int | None = None
    body: str | None = None
    violations: bool | None = None
    before: int | None = None
    after: int | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Return what is asked for."""
        every = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in every.items() if value is not None}

    def accepts(self, found: Exchange) -> bool:
        """Say whether a request is one of these."""
        return all(check(found) for check in self._checks)

    @cached_property
    def _checks(self) -> Sequence[Callable[[Exchange], bool]]:
        return [_CHECKS[name](value) for name, value in self.given.items() if name in _CHECKS]


def _matching(pattern: str) -> Callable[[Exchange], bool]:
    match = re.compile(translate(pattern)).match
    return lambda found: match(found.path) is not None


def _saying(text: str) -> Callable[[Exchange], bool]:
    written = spellings(text)
    return lambda found: found.request_body is not None and any(how in found.request_body for how in written)


def _within(bounds: tuple[int, int]) -> Callable[[Exchange], bool]:
    low, high = bounds
    return lambda found: low <= found.status <= high


def _equal(name: str) -> Callable[[Any], Callable[[Exchange], bool]]:
    of = attrgetter(name)
    return lambda value: lambda found: of(found) == value


_CHECKS: dict[str, Callable[[Any], Callable[[Exchange], bool]]] = {
    **{name: _equal(name) for name in ("method", "job", "fixture", "request_id")},
    "path": _matching,
    "status": _within,
    "body": _saying,
    "fault": lambda name: lambda found: name in found.faults,
    "since": lambda moment: lambda found: found.at >= moment,
    "until": lambda moment: lambda found: found.at <= moment,
    "violations": lambda wanted: lambda found: bool(found.violations) is wanted,
    "before": lambda number: lambda found: found.number < number,
    "after": lambda number: lambda found: found.number > number,
}


class History:
    """Read-only queries on the databases; of each project, ``limit`` requests are looked at."""

    def __init__(self, data: DataDirectory, limit: int) -> None:
        self._database, self._journal = _read_only(data.database), _read_only(data.journal)
        self._limit = limit

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self._database, uri=True)) as connection:
            connection.execute("ATTACH ? AS requests", (self._journal,))
            connection.row_factory = sqlite3.Row
            yield connection

    def page(self, wanted: Wanted, limit: int) -> Sequence[Exchange]:
        """Return requests, newest first."""
        with self._open() as connection:
            return list(islice(self._found(connection, wanted, whole=True), limit))

    def count(self, wanted: Wanted) -> int:
        """Return how many requests there are."""
        with self._open() as connection:
            return sum(1 for _ in self._found(connection, wanted, whole=wanted.body is not None))

    def judged(self, wanted: Wanted, accept: Callable[[Exchange], bool]) -> int:
        """Return how many of the requests are accepted."""
        with self._open() as connection:
            return sum(map(accept, self._found(connection, wanted, whole=True)))

    def _found(self, connection: sqlite3.Connection, wanted: Wanted, *, whole: bool) -> Iterator[Exchange]:
        """Yield requests, newest first; without their bodies unless they are wanted ``whole``."""
        columns = "pack.project AS project, batch, entries, newer, facts" + (", bodies" if whole else "")
        values = {
            "project": wanted.project,
            "limit": self._limit,
            "before": _MOST if wanted.before is None else wanted.before,
            "after": -1 if wanted.after is None else wanted.after,
        }
        rows = connection.execute(_PACKS.format(columns=columns), values)
        for _, batch in groupby(rows, itemgetter("batch")):
            packs = [_unpacked(row, self._limit, whole=whole) for row in batch]
            together = packs[0] if len(packs) == 1 else _by_number(packs)
            yield from filter(wanted.accepts, together)

    def sessions(
        self, wanted: WantedSessions, *, last: int, limit: int, before: int | None = None, whole: bool = False
    ) -> Sequence[SessionRecord]:
        """Return sessions that are over, up to the ``last``, newest first."""
        with self._open() as connection:
            found = stored_sessions(connection, wanted, last=last, before=before, whole=whole)
            return list(islice(found, limit))

    def count_sessions(self, wanted: WantedSessions, last: int) -> int:
        """Return how many sessions are over."""
        with self._open() as connection:
            return sum(1 for _ in stored_sessions(connection, wanted, last=last, before=None, whole=False))

    def sessions_of(self, ids: Iterable[str]) -> Iterator[SessionRecord]:
        """Yield the sessions with these ids that are kept, whole."""
        with self._open() as connection:
            for each in ids:
                wanted = WantedSessions(id=each)
                yield from islice(stored_sessions(connection, wanted, last=_MOST, before=None, whole=True), 1)

    def finished_jobs(self, wanted: Wanted, status: str | None, limit: int) -> tuple[int, Sequence[Row]]:
        """Return how many jobs have finished, and the newest of them."""
        condition = (
            "FROM jobs WHERE status IN ('completed', 'error', 'cancelled') AND (:status IS NULL OR status = :status) "
            "AND (:project IS NULL OR project = :project) AND (:job IS NULL OR id = :job)"
        )
        values = {"project": wanted.project, "job": wanted.job, "status": status, "limit": limit}
        return self._counted("*", condition, values)

    def deliveries(self, wanted: Wanted, limit: int) -> tuple[int, Sequence[Row]]:
        """Return how many webhook calls were delivered, and the numbers of the newest of them."""
        condition = (
            "FROM deliveries WHERE delivered AND (:project IS NULL OR project = :project) "
            "AND (:job IS NULL OR about = :job OR job = (SELECT number FROM jobs WHERE id = :job))"
        )
        return self._counted("number", condition, {"project": wanted.project, "job": wanted.job, "limit": limit})

    def _counted(self, columns: str, condition: str, values: dict[str, Any]) -> tuple[int, Sequence[Row]]:
        with self._open() as connection:
            count = int(connection.execute(f"SELECT count(*) {condition}", values).fetchone()[0])
            rows = connection.execute(f"SELECT {columns} {condition} ORDER BY number DESC LIMIT :limit", values)
            return count, rows.fetchall()


def _read_only(database: Path) -> str:
    return f"{database.resolve().as_uri()}?mode=ro"


def _unpacked(row: sqlite3.Row, limit: int, *, whole: bool) -> Iterator[Exchange]:
    """Yield the newest requests of a pack, as many as belong to the journal."""
    facts = marshal.loads(row["facts"])  # noqa: S302  (nobody else writes the database)
    bodies = marshal.loads(row["bodies"]) if whole else [_NO_BODIES] * len(facts)  # noqa: S302
    newest = zip(reversed(facts), reversed(bodies), strict=True)
    for fact, body in islice(newest, limit - row["newer"]):
        yield exchange_of(fact, body, row["label"])


def _by_number(packs: Sequence[Iterator[Exchange]]) -> Iterator[Exchange]:
    """Yield the requests of projects that were written together."""
    yield from sorted((found for pack in packs for found in pack), key=attrgetter("number"), reverse=True)
