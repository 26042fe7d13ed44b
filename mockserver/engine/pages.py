"""The jobs of a project, page by page: a page costs the same wherever it is, and however many jobs there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mockserver.engine.jobs import Jobs
from mockserver.engine.keys import Project
from mockserver.engine.store import Row, Store

_TIMES = {"since": "created >= :since", "until": "created < :until"}


class Wanted(NamedTuple):
    """Which jobs are to be listed; ``before`` and ``after`` are ids, ``since`` and ``until`` moments of creation.

    ``ended_since`` is a moment of their end, or of their creation while they have not ended.

    With ``after`` the page holds the jobs that follow that one at once.
    """

    family: str
    limit: int
    status: str | None = None
    before: str | None = None
    after: str | None = None
    since: int | None = None
    until: int | None = None
    waiting: bool | None = None
    ended_since: int | None = None
    region: str = ""


class Pages:
    """Pages of jobs, newest first."""

    def __init__(self, store: Store, jobs: Jobs) -> None:
        self._store = store
        self._jobs = jobs

    def page(self, project: Project, wanted: Wanted) -> tuple[Sequence[Row], bool]:
        """Return a page of jobs, newest first, and whether there are older ones that are wanted too.

        Raises LookupError if ``before`` or ``after`` is no job of the project there.
        """
        older_than = self._place(project, wanted, wanted.before)
        newer_than = self._place(project, wanted, wanted.after)
        if newer_than is not None:
            rows = list(self._rows(project, wanted, newer_than, wanted.limit, newer=True))
            if older_than is not None:
                rows = [row for row in rows if (row["created"], row["number"]) < older_than]
            rows.reverse()
        else:
            rows = list(self._rows(project, wanted, older_than, wanted.limit))
        if not rows:
            return rows, False
        last = rows[-1]["created"], rows[-1]["number"]
        return rows, any(True for _ in self._rows(project, wanted, last, 1))

    def _place(self, project: Project, wanted: Wanted, job_id: str | None) -> tuple[int, int] | None:
        if job_id is None:
            return None
        job = self._jobs.find(job_id, project)
        if job is None or (job["family"], job["region"]) != (wanted.family, wanted.region):
            raise LookupError(job_id)
        return job["created"], job["number"]

    def _rows(
        self, project: Project, wanted: Wanted, place: tuple[int, int] | None, limit: int, *, newer: bool = False
    ) -> Iterator[Row]:
        """Yield wanted jobs from a place on, the nearest first.

        Jobs of the very moment of that place come from a query of their own: SQLite would not use the index for both.
        """
        clauses = ["project = :project", "family = :family", "region = :region", "NOT removed"]
        if wanted.status is not None:
            clauses.append("status = :status" + ("" if wanted.status == "completed" else " AND status <> 'completed'"))
        if wanted.waiting:
            clauses.append("waiting")
        if wanted.ended_since is not None:
            clauses.append("coalesce(finished, created) >= :ended_since")
        times = [clause for name, clause in _TIMES.items() if getattr(wanted, name) is not None]
        sign, order = (">", "ASC") if newer else ("<", "DESC")
        values = wanted._asdict() | {"project": project.id}
        parts = [times]
        if place is not None:
            values |= {"created": place[0], "number": place[1]}
            parts = [[*times, f"created {sign} :created"]]
            if (wanted.since or 0) <= place[0] and (wanted.until is None or place[0] < wanted.until):
                parts.insert(0, ["created = :created", f"number {sign} :number"])
        for part in parts:
            where = " AND ".join([*clauses, *part])
            rows = self._store.all(
                f"SELECT * FROM jobs WHERE {where} ORDER BY created {order}, number {order} LIMIT :limit",
                values | {"limit": limit},
            )
            yield from rows
            limit -= len(rows)
            if not limit:
                return
