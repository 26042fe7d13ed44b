"""The database: one SQLite file in WAL mode, called in place from one thread."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
_TEMPORARY = "mockserver-data-"


class StoreError(Exception):
    """The data directory cannot be used; the message says why."""


class DataDirectory:
    """The folder with the database and the audio, held by one server at a time.

    With no path it is a temporary one that ``close`` removes; what a killed server left behind is removed
    by the next one that starts.
    """

    def __init__(self, path: Path | None) -> None:
        self.temporary = path is None
        if path is None:
            _remove_orphans()
            path = Path(tempfile.mkdtemp(prefix=_TEMPORARY))
        try:
            (path / "uploads").mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from None
        if not _lock(self._lock):
            os.close(self._lock)
            raise StoreError(f"{path}: another server is using this data directory")
        self.path = path
        self.database = path / "mockserver.sqlite"
        self.uploads = path / "uploads"

    def close(self) -> None:
        """Let go of the folder; a temporary one is removed."""
        if self.temporary:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_orphans() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*"):
        try:
            descriptor = os.open(folder / "lock", os.O_RDWR)
        except OSError:
            continue
        if _lock(descriptor):
            shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


class Store:
    """A connection to the database, for the thread that made it."""

    def __init__(self, database: Path, *, durable: bool) -> None:
        try:
            self._connection = sqlite3.connect(database, isolation_level=None, cached_statements=256)
            self._connection.row_factory = sqlite3.Row
            self._open(durable)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{database}: {error}") from None
        self.run = self._connection.execute
        self.run_many = self._connection.executemany

    def _open(self, durable: bool) -> None:
        run = self._connection.execute
        run("PRAGMA busy_timeout = 5000")
        run("PRAGMA journal_mode = WAL")
        run(f"PRAGMA synchronous = {'NORMAL' if durable else 'OFF'}")
        run("PRAGMA temp_store = MEMORY")
        run("PRAGMA cache_size = -32768")
        version = run("PRAGMA user_version").fetchone()[0]
        if version == 0:
            schema = resources.files(__package__).joinpath("schema.sql").read_text()
            self._connection.executescript(f"BEGIN; {schema} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(
                f"was written by another version of the server (schema {version}, this one has {SCHEMA_VERSION})"
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the statements of the block as one; an inner transaction is part of the outer one."""
        if self._connection.in_transaction:
            yield
            return
        self.run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def one(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row, or None."""
        row: sqlite3.Row | None = self.run(sql, values).fetchone()
        return row

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return every row."""
        return self.run(sql, values).fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
