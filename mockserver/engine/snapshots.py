"""Snapshots of one project's world, and back. The journal is no part of them: it says what happened, restores included.

A snapshot is a folder with a database of rows and links to the audio. It holds all that a restore needs, so that
whatever is deleted later, or swept by a start, can come back.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from mockserver.engine.clock import ClockState
from mockserver.engine.keys import Project

if TYPE_CHECKING:
    from mockserver.engine import Engine

MOST = 100
"""Snapshots of one project."""
_JOBS = "(SELECT number FROM jobs WHERE project = :project)"
WORLD = (
    ("uploads", "project = :project"),
    ("transitions", f"job IN {_JOBS}"),
    ("replies", f"job IN {_JOBS}"),
    ("attempts", "delivery IN (SELECT number FROM deliveries WHERE project = :project)"),
    ("deliveries", "project = :project"),
    ("jobs", "project = :project"),
    ("prompts", "project = :project"),
    ("faults", "project = :project"),
    ("fixtures", "project = :project"),
    ("fixture_sources", "project = :project"),
)
"""The tables of a world, and which rows belong to it; those that are found through others come before these."""
NO_PART = ("journal", "sessions")
"""Tables with rows of a project that are not in its snapshots."""
_SHARED = (("transcripts", "key IN (SELECT transcript FROM jobs WHERE project = :project AND deleted IS NULL)"),)
"""Rows that other projects may have too: a restore only adds them."""


class TooManyError(Exception):
    """There are as many snapshots as a project may have."""


class About(NamedTuple):
    """What a snapshot is: ``created`` is a moment of the project's clock, ``taken`` of the system's."""

    name: str
    created: int
    taken: int
    jobs: int
    uploads: int


class Snapshots:
    """The snapshots of every project, in files of their own."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._store = engine.store
        self._folder = folder
        folder.mkdir(exist_ok=True)
        for path in folder.glob("*.part"):
            shutil.rmtree(path, ignore_errors=True)

    def list(self, project: Project) -> list[About]:
        """Return the snapshots of a project, oldest first."""
        return sorted(map(self._about, self._of(project)), key=lambda about: about.taken)

    def _about(self, path: Path) -> About:
        with self._opened(path) as copy:
            return About(**_kept(copy)["about"])

    def take(self, project: Project, name: str) -> About:
        """Keep the world of a project as it is now; a snapshot of the same name is replaced. Raises TooManyError."""
        path = self._path(project, name)
        if not path.exists() and sum(1 for _ in self._of(project)) >= MOST:
            raise TooManyError
        new = path.with_suffix(".part")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            about = self._write(project, name, new)
            shutil.rmtree(path, ignore_errors=True)
            new.rename(path)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        return about

    def _write(self, project: Project, name: str, folder: Path) -> About:
        uploads = self._store.all("SELECT id FROM uploads WHERE project = ?", (project.id,))
        for row in uploads:
            with contextlib.suppress(FileNotFoundError):
                _link(self._engine.uploads.path(row["id"]), folder / row["id"])
        jobs = self._store.one("SELECT count(*) FROM jobs WHERE project = ?", (project.id,))
        parent = self._engine.clock.parent
        about = About(name, project.clock.now(), parent.now(), jobs[0] if jobs else 0, len(uploads))
        with self._opened(folder) as copy:
            for table, condition in (*WORLD, *_SHARED):
                self._copy(copy, table, condition, project)
            kept = {"about": about._asdict(), "project": self._state(project), "memory": self._memory(project)}
            copy.execute("CREATE TABLE kept (body)")
            copy.execute("INSERT INTO kept VALUES (?)", (orjson.dumps(kept),))
        return about

    def _copy(self, copy: sqlite3.Connection, table: str, condition: str, project: Project) -> None:
        cursor = self._store.run(f"SELECT * FROM {table} WHERE {condition}", {"project": project.id})
        columns = [column[0] for column in cursor.description]
        copy.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        copy.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", map(tuple, cursor))

    def _state(self, project: Project) -> dict[str, Any]:
        """Return what the row of a project is to say."""
        row = self._store.one("SELECT terms, given FROM projects WHERE id = ?", (project.id,))
        assert row is not None
        return {
            "clock": asdict(project.clock.state),
            "jobs": project.jobs,
            "uploads": project.uploads,
            "prompts": project.prompts,
            "sessions": project.sessions,
            "terms": row["terms"],
            "given": row["given"],
        }

    def _memory(self, project: Project) -> dict[str, Any]:
        """Return what is not in the database."""
        return {
            "chats": self._engine.chats.counted(project.id),
            "limits": self._engine.limits.windows(project.id),
        }

    def find(self, project: Project, name: str) -> About | None:
        """Return a snapshot."""
        path = self._path(project, name)
        return self._about(path) if path.exists() else None

    def restore(self, project: Project, about: About, emptied: Callable[[], None]) -> None:
        """Make the world of a project what it was; ``emptied`` is called while it has nothing."""
        path = self._path(project, about.name)
        before = {row["id"] for row in self._store.all("SELECT id FROM uploads WHERE project = ?", (project.id,))}
        with self._opened(path) as copy:
            kept = _kept(copy)
            with self._store.transaction():
                for table, condition in WORLD:
                    self._store.run(f"DELETE FROM {table} WHERE {condition}", {"project": project.id})
                emptied()
                for table, _ in (*WORLD, *_SHARED):
                    self._put_back(copy, table)
                self._set_state(project, about, kept["project"])
            uploads = {row[0] for row in copy.execute("SELECT id FROM uploads")}
        self._put_back_files(path, uploads, before - uploads)
        self._engine.reread(project)
        self._engine.chats.count_on(project.id, kept["memory"]["chats"])
        self._engine.limits.go_on(project.id, kept["memory"]["limits"])

    def _put_back(self, copy: sqlite3.Connection, table: str) -> None:
        cursor = copy.execute(f"SELECT * FROM {table}")
        columns = [column[0] for column in cursor.description]
        self._store.run_many(
            f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            cursor.fetchall(),
        )

    def _set_state(self, project: Project, about: About, state: dict[str, Any]) -> None:
        """Set the row of a project; its clock goes on from the moment that it showed."""
        clock = replace(ClockState(**state["clock"]), shown=about.created, anchor=project.clock.parent.now())
        values = state | {"clock": orjson.dumps(asdict(clock)).decode()}
        self._store.run(
            f"UPDATE projects SET {', '.join(f'{name} = :{name}' for name in values)} WHERE id = :id",
            values | {"id": project.id},
        )

    def _put_back_files(self, folder: Path, kept: Iterable[str], others: Iterable[str]) -> None:
        for identifier in kept:
            with contextlib.suppress(FileNotFoundError):
                _link(folder / identifier, self._engine.uploads.path(identifier))
        for identifier in others:
            with contextlib.suppress(OSError):
                self._engine.uploads.path(identifier).unlink()

    def remove(self, project: Project, name: str) -> bool:
        """Remove a snapshot; say whether it was there."""
        path = self._path(project, name)
        if not path.exists():
            return False
        shutil.rmtree(path)
        return True

    def free_name(self, project: Project) -> str:
        """Return a name that no snapshot of a project has."""
        names = (f"snapshot-{number}" for number in range(1, MOST + 2))
        return next(name for name in names if not self._path(project, name).exists())

    def _of(self, project: Project) -> Iterator[Path]:
        return (path for path in self._folder.glob(f"{project.name}-*") if not path.suffix)

    def _path(self, project: Project, name: str) -> Path:
        return self._folder / f"{project.name}-{blake2b(name.encode(), digest_size=16).hexdigest()}"

    @contextlib.contextmanager
    def _opened(self, folder: Path) -> Iterator[sqlite3.Connection]:
        """Open the database of a snapshot; what is written to it is written as one."""
        with contextlib.closing(sqlite3.connect(folder / "world.sqlite", isolation_level=None)) as copy:
            copy.execute(f"PRAGMA synchronous = {'OFF' if self._engine.data.temporary else 'NORMAL'}")
            copy.execute("BEGIN")
            yield copy
            copy.execute("COMMIT")


def _kept(copy: sqlite3.Connection) -> dict[str, Any]:
    kept: dict[str, Any] = orjson.loads(copy.execute("SELECT body FROM kept").fetchone()[0])
    return kept


def _link(source: Path, target: Path) -> None:
    """Make a file stand in two places; what stood in the second is replaced."""
    new = target.with_suffix(".part")
    new.unlink(missing_ok=True)
    try:
        os.link(source, new)
    except FileNotFoundError:
        raise
    except OSError:  # not every file system has links
        shutil.copyfile(source, new)
    new.replace(target)
    new.unlink(missing_ok=True)  # where both names are of one file already, replacing does nothing
