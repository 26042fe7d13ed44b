"""The tables, as SQLModel classes; ``schema.sql`` and ``journal.sql`` are written from them.

The server's hot paths use plain SQL on the same tables, and starting it imports neither SQLModel nor
SQLAlchemy: both take longer to import than everything else together. The control API queries through
these classes. Times are moments (``clock.py``); ids are what clients see.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

STATUSES = ("queued", "processing", "completed", "error", "cancelled")
MOVES = (
    "queued>processing", "processing>completed", "processing>error", "queued>cancelled", "processing>cancelled"
)  # fmt: skip


class Project(SQLModel, table=True):
    """The world of one API key, or of several that share it."""

    __tablename__ = "projects"
    id: int | None = Field(default=None, primary_key=True)
    fingerprint: str = Field(unique=True)
    label: str
    jobs: int = 0
    uploads: int = 0
    clock: str | None = None
    terms: str | None = None
    given: str | None = None
    prompts: int = 0
    sessions: int = 0


class Key(SQLModel, table=True):
    """A key that was minted or revoked; ``key`` is the key itself only where the server made it."""

    __tablename__ = "keys"
    number: int | None = Field(default=None, primary_key=True)
    fingerprint: str = Field(unique=True)
    label: str
    key: str | None = None
    name: str | None = Field(default=None, unique=True)
    world: str
    created: int
    revoked: bool = False


class Upload(SQLModel, table=True):
    """Audio that lies on disk, what its probe found, and the moment at which it is removed (null: it stays)."""

    __tablename__ = "uploads"
    __table_args__ = (Index("uploads_expiring", "project", "expires", sqlite_where=text("expires IS NOT NULL")),)
    id: str = Field(primary_key=True)
    project: int = Field(index=True)
    region: str
    created: int
    name: str | None = None
    size: int
    sha256: str
    duration: int | None = None
    channels: int | None = None
    failure: str | None = None
    detail: str | None = None
    expires: int | None = None


class Job(SQLModel, table=True):
    """A transcription job: its status, and the moment at which its next transition is due (null: none is).

    Its region is empty where its API has none.

    One whose transcript is ``deleted`` is still there; one that is ``removed`` is not, for clients.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}"),
        Index("jobs_of_project", "project", "family", "region", "created", "number"),
        Index(
            "jobs_not_completed",
            "project",
            "family",
            "status",
            "region",
            "created",
            "number",
            sqlite_where=text("status <> 'completed'"),
        ),
        Index("jobs_due", "project", "due", "number", sqlite_where=text("due IS NOT NULL")),
        Index("jobs_waiting", "project", "family", text("priority DESC"), "number", sqlite_where=text("waiting")),
        Index("jobs_unprepared", "number", sqlite_where=text("NOT prepared")),
        Index("jobs_with_upload", "upload", sqlite_where=text("upload IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )
    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    project: int
    family: str
    region: str
    status: str
    progress: str
    created: int
    started: int | None = None
    finished: int | None = None
    due: int | None = None
    hold_at: str | None = None
    waiting: bool = False
    prepared: bool = False
    queue_time: int = 0
    processing_time: int = 0
    url: str
    upload: str | None = None
    language: str | None = None
    params: str
    key: str
    fixture: str | None = None
    transcript: str | None = None
    duration: int | None = None
    channels: int | None = None
    silent: bool = False
    spoken: str | None = None
    planned_failure: str | None = None
    failure: str | None = None
    detail: str | None = None
    options: str | None = None
    callback: str | None = None
    callback_status: int | None = None
    redacts: bool = False
    webhook_fault: str | None = None
    priority: int = 0
    fallback: bool = False
    deleted: int | None = None
    removed: bool = False


class Transition(SQLModel, table=True):
    """One step of one job; the primary key makes a repeated step impossible, the check an illegal one."""

    __tablename__ = "transitions"
    __table_args__ = (
        CheckConstraint(f"from_status || '>' || to_status IN {MOVES}"),
        {"sqlite_with_rowid": False},
    )
    job: int = Field(primary_key=True)
    to_status: str = Field(primary_key=True)
    from_status: str
    at: int
    why: str


class StoredTranscript(SQLModel, table=True):
    """A neutral transcript; jobs that heard the same audio say the same and share one."""

    __tablename__ = "transcripts"
    key: str = Field(primary_key=True)
    body: bytes


class RenderedReply(SQLModel, table=True):
    """The bytes that a finished job is answered with."""

    __tablename__ = "replies"
    job: int = Field(primary_key=True)
    until: int | None = None
    body: bytes


class Delivery(SQLModel, table=True):
    """A webhook call that is to be made, or was; ``due`` is the moment of its next attempt (null: none will be).

    It tells of a ``job``, or is a ``notice`` of something else that has the id ``about``: JSON of whose API it is,
    whom to call, and what to say. Its attempts began at the moment ``since``: when what it tells of ended, or when it
    was replayed.

    One that is ``held`` waits until a later one of its project has been attempted.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("deliveries_due", "project", "due", sqlite_where=text("due IS NOT NULL")),
        Index("deliveries_of_job", "job"),
        Index("deliveries_held", "project", sqlite_where=text("held")),
        {"sqlite_autoincrement": True},
    )
    number: int | None = Field(default=None, primary_key=True)
    project: int = Field(index=True)
    job: int | None = None
    about: str | None = None
    notice: str | None = None
    event: str
    created: int
    since: int
    due: int | None = None
    attempts: int = 0
    delivered: bool = False
    held: bool = False


class Attempt(SQLModel, table=True):
    """One attempt at a delivery: ``status`` is null where no reply came."""

    __tablename__ = "attempts"
    __table_args__ = ({"sqlite_with_rowid": False},)
    delivery: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: int
    microseconds: int
    url: str
    body: str
    status: int | None = None
    reply: str | None = None
    error: str | None = None


class Prompt(SQLModel, table=True):
    """What was asked of a language model about transcripts, and its answer, as JSON."""

    __tablename__ = "prompts"
    id: str = Field(primary_key=True)
    project: int = Field(index=True)
    created: int
    body: str


class FixtureSource(SQLModel, table=True):
    """What was posted to add fixtures; ``project`` is 0 where they are for everybody."""

    __tablename__ = "fixture_sources"
    __table_args__ = ({"sqlite_with_rowid": False},)
    project: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    body: str


class AddedFixture(SQLModel, table=True):
    """A fixture that was added at run time: one document of its source."""

    __tablename__ = "fixtures"
    __table_args__ = ({"sqlite_with_rowid": False},)
    project: int = Field(primary_key=True)
    name: str = Field(primary_key=True)
    source: int
    document: int
    uses_left: int | None = None


class JournalPack(SQLModel, table=True):
    """Requests of one project that were written together, as ``journal.py`` packs them, in a database of their own.

    ``batch`` is the number of the first request of all that were written together; ``kept`` counts bytes.
    """

    __tablename__ = "journal"
    __table_args__ = (
        Index("journal_of_project", "project", "number", "entries", "kept"),
        {"sqlite_autoincrement": True, "info": {"file": "journal.sql"}},
    )
    number: int | None = Field(default=None, primary_key=True)
    project: int
    batch: int
    first: int
    last: int
    entries: int
    kept: int
    facts: bytes
    bodies: bytes


class StoredSession(SQLModel, table=True):
    """A session that is over, as ``session_records.py`` packs it, in the journal's database; ``kept`` counts bytes."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("sessions_of_project", "project", "number", "kept"),
        {"sqlite_autoincrement": True, "info": {"file": "journal.sql"}},
    )
    number: int | None = Field(default=None, primary_key=True)
    project: int
    id: str = Field(index=True)
    kept: int
    facts: bytes
    lines: bytes


class StoredFault(SQLModel, table=True):
    """A fault in force: for a project, or for all (null), of a profile, or by itself; ``met`` requests have matched."""

    __tablename__ = "faults"
    __table_args__ = ({"sqlite_autoincrement": True},)
    number: int | None = Field(default=None, primary_key=True)
    project: int | None = Field(default=None, index=True)
    profile: str | None = None
    body: str
    met: int = 0
    fired: int = 0


class Meta(SQLModel, table=True):
    """What the server remembers of itself."""

    __tablename__ = "meta"
    name: str = Field(primary_key=True)
    value: str


FILES = ("schema.sql", "journal.sql")


def schema(file: str) -> str:
    """Return the SQL that makes every table of a database, as the file of this name holds it."""
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateIndex, CreateTable

    statements = []
    for table in SQLModel.metadata.sorted_tables:
        if table.info.get("file", FILES[0]) == file:
            statements.append(CreateTable(table).compile(dialect=sqlite.dialect()))
            statements += [CreateIndex(i).compile(dialect=sqlite.dialect()) for i in sorted(table.indexes, key=str)]
    return "".join(f"{str(statement).strip()};\n\n" for statement in statements)


if __name__ == "__main__":
    from pathlib import Path

    for name in FILES:
        Path(__file__).with_name(name).write_text(schema(name))
