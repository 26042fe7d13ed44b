"""Look at what is stored, through SQLModel on a connection of its own.

For worker threads: nothing here is on the path of a vendor's API, and SQLModel is imported when it is first
needed. A query sees everything that has been answered before it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from mockserver.engine.tables import Job, Transition


class Records:
    """Read-only queries on a database."""

    def __init__(self, database: Path) -> None:
        self._database = database

    @cached_property
    def _engine(self) -> Engine:
        from sqlalchemy.pool import NullPool
        from sqlmodel import create_engine

        uri = f"{self._database.resolve().as_uri()}?mode=ro"
        return create_engine("sqlite://", poolclass=NullPool, creator=lambda: sqlite3.connect(uri, uri=True))

    def jobs(
        self, *, project: int | None, status: str | None, before: int | None, limit: int
    ) -> list[tuple[Job, Sequence[Transition]]]:
        """Return jobs, newest first, each with its transitions."""
        from sqlmodel import Session, col, select

        from mockserver.engine.tables import Job, Transition

        wanted: list[Any] = []
        if project is not None:
            wanted.append(Job.project == project)
        if status is not None:
            wanted.append(Job.status == status)
        if before is not None:
            wanted.append(col(Job.number) < before)
        with Session(self._engine) as session:
            jobs = session.exec(select(Job).where(*wanted).order_by(col(Job.number).desc()).limit(limit)).all()
            steps: dict[int, list[Transition]] = {}
            for step in session.exec(select(Transition).where(col(Transition.job).in_([job.number for job in jobs]))):
                steps.setdefault(step.job, []).append(step)
            return [(job, steps.get(job.number or 0, [])) for job in jobs]

    def jobs_by_status(self) -> dict[str, int]:
        """Return how many jobs there are in each status."""
        from sqlmodel import Session, col, func, select

        from mockserver.engine.tables import Job

        with Session(self._engine) as session:
            return dict(session.exec(select(Job.status, func.count()).group_by(col(Job.status))).all())
