"""The database: one SQLite file in WAL mode, called in place from one thread."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

SCHEMA_VERSION = 6
_CHECKPOINT_CHANGES = 5_000
_BYTES_OF_A_CHANGE = 1_000
_LONG_LOG_PAGES = 16_384
Values = Sequence[Any] | Mapping[str, Any]
_TEMPORARY, _UNLOCKED = "mockserver-data-", "mockserver-new-"


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
            path = Path(tempfile.mkdtemp(prefix=_UNLOCKED))
        try:
            for folder in ("uploads", "redacted", "views"):
                (path / folder).mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from None
        if not _lock(self._lock):
            os.close(self._lock)
            raise StoreError(f"{path}: another server is using this data directory")
        if self.temporary:  # only now may other servers look whether it was left behind
            path = path.rename(path.with_name(path.name.replace(_UNLOCKED, _TEMPORARY)))
        self.path = path
        self.database = path / "mockserver.sqlite"
        self.journal = path / "journal.sqlite"
        self.uploads = path / "uploads"
        self.views = path / "views"
        """Where long replies are put."""
        for folder in ("redacted", "views"):  # what is there is made again when it is asked for
            _empty(path / folder)

    def redacted(self, job: int) -> Path:
        """Return where the redacted audio of the job with this number lies, if there is any."""
        return self.path / "redacted" / str(job)

    def close(self) -> None:
        """Let go of the folder; a temporary one is removed."""
        if self.temporary:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink(missing_ok=True)


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


class _Undone(Exception):  # noqa: N818
    """The block has failed and was undone, and the group can go on."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class Row(Protocol):
    """The columns of a row, by name."""

    def __getitem__(self, name: str, /) -> Any: ...

    def keys(self) -> Iterable[str]:
        """Return the columns' names."""


class Store:
    """A connection to a database, for the thread that made it; ``cache`` is in KB."""

    def __init__(self, database: Path, *, durable: bool, schema: str = "schema.sql", cache: int = 32768) -> None:
        self._database = database
        self.bulk = 0
        """How many bytes were written that are many more than rows usually have."""
        self._checkpointed = 0
        self._log_is_long = False
        self._broken = False
        try:
            self._connection = sqlite3.connect(database, isolation_level=None, cached_statements=256)
            self._connection.row_factory = sqlite3.Row
            self._open(durable, schema, cache)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{database}: {error}") from None
        self.on_group: Callable[[], None] | None = None
        self.run = self._connection.execute
        self.run_many = self._connection.executemany

    def _open(self, durable: bool, schema: str, cache: int) -> None:
        run = self._connection.execute
        run("PRAGMA busy_timeout = 5000")
        run("PRAGMA journal_mode = WAL")
        run(f"PRAGMA synchronous = {'NORMAL' if durable else 'OFF'}")
        run("PRAGMA temp_store = MEMORY")
        run(f"PRAGMA cache_size = -{cache}")
        run("PRAGMA wal_autocheckpoint = 0")
        version = run("PRAGMA user_version").fetchone()[0]
        self.is_new = version == 0
        if self.is_new:
            tables = resources.files(__package__).joinpath(schema).read_text()
            self._connection.executescript(f"BEGIN; {tables} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(
                f"was written by another version of the server (schema {version}, this one has {SCHEMA_VERSION})"
            )

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the statements of the block as one.

        They join the group of writes that ``commit`` ends; where nobody commits groups (``on_group`` is
        None), they are committed with the block. If the block fails, none of them has happened.
        """
        with self.all_or_nothing():
            self.run("SAVEPOINT block")
            try:
                yield
            except BaseException as error:
                if not self._connection.in_transaction:
                    raise  # sqlite has given up the whole group itself, as it does where the disk is full
                self.run("ROLLBACK TO block")
                self.run("RELEASE block")
                raise _Undone(error) from error
            self.run("RELEASE block")

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Like ``transaction``, but cheaper, for statements that fail only where the disk does.

        If the block fails, the whole group is lost.
        """
        opened = self._open_group()
        try:
            yield
        except _Undone as undone:
            raise undone.error from None
        except BaseException:
            self._broken = True
            raise
        if opened and self.on_group is None:
            self.commit()

    def write(self, sql: str, values: Values = ()) -> sqlite3.Cursor:
        """Run one statement that writes."""
        with self.all_or_nothing():
            return self.run(sql, values)

    def _open_group(self) -> bool:
        if self._broken:
            raise sqlite3.OperationalError("an earlier write of this group has failed")
        if self._connection.in_transaction:
            return False
        self.run("BEGIN IMMEDIATE")
        if self.on_group is not None:
            self.on_group()
        return True

    @property
    def has_group(self) -> bool:
        """Say whether there are writes that are not committed yet."""
        return self._connection.in_transaction or self._broken

    def rollback(self) -> None:
        """Give up the group: none of its writes has happened."""
        self._broken = False
        if self._connection.in_transaction:
            self.run("ROLLBACK")

    def commit(self) -> None:
        """End the group: all its writes are there for good. Where this raises, ``rollback`` is to follow."""
        if self._broken:
            raise sqlite3.OperationalError("an earlier write of this group has failed")
        if self._connection.in_transaction:
            self.run("COMMIT")
            if self._log_is_long:
                self._log_is_long = False
                with contextlib.suppress(sqlite3.Error):  # the commit has succeeded; the next checkpoint tries again
                    self.run("PRAGMA wal_checkpoint(PASSIVE)")

    @property
    def wants_checkpoint(self) -> bool:
        """Say whether so much was written that ``checkpoint`` should run."""
        return self._changes - self._checkpointed > _CHECKPOINT_CHANGES

    @property
    def _changes(self) -> int:
        return self._connection.total_changes + self.bulk // _BYTES_OF_A_CHANGE

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file; this blocks on the disk, so a worker thread calls it.

        The log can only begin anew at a moment when all of it has been moved. Where writes never pause and it
        has become long, the next ``commit`` moves the rest.
        """
        self._checkpointed = self._changes
        with contextlib.closing(sqlite3.connect(self._database, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout = 5000")
            _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._log_is_long = pages > _LONG_LOG_PAGES

    def one(self, sql: str, values: Values = ()) -> sqlite3.Row | None:
        """Return the first row, or None."""
        row: sqlite3.Row | None = self.run(sql, values).fetchone()
        return row

    def all(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        """Return every row."""
        return self.run(sql, values).fetchall()

    def close(self) -> None:
        """Close the connection; what is not committed is lost."""
        self._connection.close()
