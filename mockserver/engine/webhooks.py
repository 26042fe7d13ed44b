"""The outbox: webhook calls that are to be made, each with every attempt at it.

A delivery is written in the transaction that finishes its job; what it says is the family's to word. One that tells of
something else, such as a session that is over, holds what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from mockserver.engine.keys import Project
from mockserver.engine.store import Row, Store

UNREACHABLE = 0
"""The status of a call that got no reply."""
NOTICE = "notice"
"""The event of a delivery that tells of no job, and holds what it says."""
_SHOWN = (
    "SELECT deliveries.*, coalesce(jobs.id, about) AS job_id, "
    "coalesce(callback, json_extract(notice, '$.callback')) AS callback, "
    "coalesce(family, json_extract(notice, '$.family')) AS family "
    "FROM deliveries LEFT JOIN jobs ON jobs.number = deliveries.job WHERE "
)
_ANNOUNCE = (
    "INSERT INTO deliveries (project, about, notice, event, created, since, due, held, attempts, delivered) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0)"
)
_DUE = _SHOWN + "deliveries.project = ? AND deliveries.due <= ? ORDER BY deliveries.number"


@dataclass(frozen=True)
class Retries:
    """How often a call is attempted: ``pause(made)`` microseconds after how many attempts were made.

    There are at most ``attempts``, none later than ``patience`` microseconds after the first was due (None: no such
    bound), and none after a status that ``is_final``.
    """

    pause: Callable[[int], int]
    is_final: Callable[[int], bool]
    attempts: int | None = None
    patience: int | None = None

    def next_after(self, made: int, status: int, at: int, since: int) -> int | None:
        """Return when to try again; None if that is over. ``since`` is when the first attempt was due."""
        if self.is_final(status) or (self.attempts is not None and made >= self.attempts):
            return None
        due = at + self.pause(made)
        return None if self.is_over(made, due, since) else due

    def is_over(self, made: int, at: int, since: int) -> bool:
        """Say whether it is too late for another attempt; for the first it never is."""
        return made > 0 and self.patience is not None and at > since + self.patience


def is_success(status: int) -> bool:
    """Say whether a receiver has taken a call."""
    return 200 <= status < 300


class Outcome(NamedTuple):
    """What became of one attempt: ``microseconds`` of real time; the texts as far as they are kept."""

    at: int
    microseconds: int
    url: str
    body: str
    status: int
    reply: str | None
    error: str | None


class Webhooks:
    """The deliveries of every project."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due(self, project: Project) -> Sequence[Row]:
        """Return the deliveries that are to be attempted now, those that already are on their way included."""
        now = project.clock.now()
        if project.next_call is None or project.next_call > now:
            return ()
        self._note_next(project, after=now)
        return self._store.all(_DUE, (project.id, now))

    def announce(self, project: Project, family: str, about: str, callback: Sequence[str | None], body: str) -> None:
        """Have a call made that tells of no job: ``about`` is the id of what it tells of, ``callback`` whom to call."""
        now = project.clock.now()
        notice = orjson.dumps({"family": family, "callback": callback, "body": body}).decode()
        self._store.write(_ANNOUNCE, (project.id, about, notice, NOTICE, now, now, now))
        project.expect_call(now)

    def record(self, project: Project, delivery: Row, outcome: Outcome, retries: Retries) -> None:
        """Note an attempt, and when the next one is due."""
        current = self.find(delivery["number"])
        if current is None:
            return  # a reset removed it meanwhile
        made = current["attempts"] + 1
        due = retries.next_after(made, outcome.status, outcome.at, current["since"])
        if current["due"] != delivery["due"]:  # it was replayed meanwhile
            made, due = 0, current["due"]
        with self._store.all_or_nothing():
            self._store.run(
                "INSERT INTO attempts (delivery, number, at, microseconds, url, body, status, reply, error) "
                "VALUES (?, (SELECT count(*) + 1 FROM attempts WHERE delivery = ?), ?, ?, ?, ?, ?, ?, ?)",
                (
                    delivery["number"], delivery["number"], outcome.at, outcome.microseconds, outcome.url, outcome.body,
                    outcome.status or None, outcome.reply, outcome.error,
                ),
            )  # fmt: skip
            self._store.run(
                "UPDATE deliveries SET due = ?, attempts = ?, delivered = ? WHERE number = ?",
                (due, made, is_success(outcome.status), delivery["number"]),
            )
            self._store.run("UPDATE jobs SET callback_status = ? WHERE number = ?", (outcome.status, delivery["job"]))
            self._store.run(
                "UPDATE deliveries SET due = ?, held = 0 WHERE project = ? AND held AND number < ?",
                (outcome.at, project.id, delivery["number"]),
            )
        self._note_next(project)

    def drop(self, project: Project, delivery: Row) -> None:
        """Do not make a delivery that has nothing to tell; what was delivered before stays listed."""
        number = (delivery["number"],)
        self._store.write(
            "DELETE FROM deliveries WHERE number = ? AND NOT EXISTS "
            "(SELECT 1 FROM attempts WHERE delivery = deliveries.number)",
            number,
        )
        self._store.write("UPDATE deliveries SET due = NULL WHERE number = ?", number)
        self._note_next(project)

    def replay(self, project: Project, number: int) -> None:
        """Make a delivery again now, with as many attempts as at first."""
        self._store.write(
            "UPDATE deliveries SET due = :now, since = :now, attempts = 0, delivered = 0, held = 0 "
            "WHERE number = :number",
            {"now": project.clock.now(), "number": number},
        )
        self._note_next(project)

    def _note_next(self, project: Project, after: int = 0) -> None:
        row = self._store.one("SELECT min(due) FROM deliveries WHERE project = ? AND due > ?", (project.id, after))
        project.no_call_before(row[0] if row else None)

    def find(self, number: int) -> Row | None:
        """Return a delivery."""
        return self._store.one(_SHOWN + "deliveries.number = ?", (number,))

    def newest(self) -> int:
        """Return the number of the newest delivery."""
        row = self._store.one("SELECT max(number) FROM deliveries")
        return (row and row[0]) or 0

    def came_due(self, project: Project, since: int, newest: int) -> Sequence[Row]:
        """Return the deliveries that are due now and were not at a moment, when ``newest`` was the newest one."""
        return self._store.all(
            _SHOWN + "deliveries.project = ? AND deliveries.due <= ? AND (deliveries.due > ? OR deliveries.number > ?) "
            "ORDER BY deliveries.number",
            (project.id, project.clock.now(), since, newest),
        )

    def page(self, project: Project | None, job: str | None, before: int | None, limit: int) -> Sequence[Row]:
        """Return deliveries, newest first."""
        wanted = {"project": project and project.id, "job": job, "before": before, "limit": limit}
        return self._store.all(
            f"{_SHOWN} (:project IS NULL OR deliveries.project = :project) "
            "AND (:job IS NULL OR jobs.id = :job OR about = :job) "
            "AND (:before IS NULL OR deliveries.number < :before) ORDER BY deliveries.number DESC LIMIT :limit",
            wanted,
        )

    def attempts(self, number: int) -> Sequence[Row]:
        """Return the attempts at a delivery, in order."""
        return self._store.all("SELECT * FROM attempts WHERE delivery = ? ORDER BY number", (number,))

    def forget(self, project: int | None) -> None:
        """Remove the deliveries of a project; with None those of all."""
        values = {"project": project}
        self._store.write(
            "DELETE FROM attempts WHERE :project IS NULL OR delivery IN "
            "(SELECT number FROM deliveries WHERE project = :project)",
            values,
        )
        self._store.write("DELETE FROM deliveries WHERE :project IS NULL OR project = :project", values)
