"""API keys and the projects they belong to; every project is a world of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from mockserver.engine.clock import Clock, ClockState
from mockserver.engine.limits import Rule
from mockserver.engine.store import Row, Store
from mockserver.engine.terms import Terms

_NEW = {"clock": None, "jobs": 0, "uploads": 0, "prompts": 0, "terms": None}
_START_OVER = "UPDATE projects SET clock = NULL, terms = NULL, jobs = 0, uploads = 0, prompts = 0"
_IN_STEP = ClockState(shown=0, anchor=0)
"""A project's clock at first: it shows the server's time."""


def fingerprint(key: str) -> str:
    """Return what stands for a key in the database, which holds no key itself."""
    return blake2b(key.encode(), digest_size=16).hexdigest()


def mask(key: str) -> str:
    """Return enough of a key to recognise it by."""
    return key if len(key) <= 8 else f"{key[:5]}…{key[-2:]}"


def uuid_of(text: bytes) -> str:
    """Return a UUIDv4 made from a hash of ``text``."""
    digits = blake2b(text, digest_size=16).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _split(entry: str) -> list[str]:
    return [key.strip() for key in entry.split(",") if key.strip()]


@dataclass(slots=True, eq=False)
class Project:
    """One world: its clock, and what is known about its rows so that they need not be asked for."""

    id: int
    name: str
    label: str
    public_id: int
    """Its number as clients see it."""
    clock: Clock
    pending: dict[int, Project] = field(repr=False)
    """The projects that have a job which is due at some time, this one among them or not."""
    calling: dict[int, Project] = field(repr=False)
    """The projects that have a webhook to call at some time."""
    terms: Terms
    rules: dict[str, Rule | None] = field(default_factory=dict, repr=False)
    """The request limits that follow from the terms, by service."""
    jobs: int = 0
    """How many jobs were made, for their ids."""
    uploads: int = 0
    running: int = 0
    """How many of its jobs are being processed."""
    waiting: int = 0
    """How many of its jobs wait for a slot."""
    next_due: int | None = None
    """The earliest moment at which a job of this project is due; None: no job is."""
    next_call: int | None = None
    """The earliest moment at which a webhook of this project is to be called; None: none is."""
    prompts: int = 0
    requests: int = 0
    """How many requests were made since the server started, or the project was reset."""

    def expect(self, due: int | None) -> None:
        """Take note of when the next job is due."""
        self.next_due = due
        if due is None:
            self.pending.pop(self.id, None)
        else:
            self.pending[self.id] = self

    def notice(self, due: int | None) -> None:
        """Take note of one more job that is due then."""
        if due is not None and (self.next_due is None or due < self.next_due):
            self.expect(due)

    def expect_call(self, due: int) -> None:
        """Take note of one more webhook call that is due then."""
        if self.next_call is None or due < self.next_call:
            self.next_call = due
        self.calling[self.id] = self

    def no_call_before(self, due: int | None) -> None:
        """Take note of when the next webhook call is due."""
        self.next_call = due
        if due is None:
            self.calling.pop(self.id, None)
        else:
            self.calling[self.id] = self


@dataclass(frozen=True, slots=True)
class Account:
    """An accepted API key and its project."""

    project: Project
    key: str


class Keys:
    """Which keys are accepted, and the project of each.

    Without a list every key is accepted that is not empty and does not begin with ``invalid``; each has
    a project of its own. With a list only its keys are, and those of one entry, joined by commas, share
    the project that is named for the first.
    """

    def __init__(self, store: Store, clock: Clock, entries: Iterable[str], seed: int, terms: Terms) -> None:
        self._store = store
        self._given_terms = terms
        self._changed_terms = self._stored_terms()
        self._clock = clock
        self._seed = str(seed).encode()
        self._first_of = {key: keys[0] for keys in map(_split, entries) for key in keys}
        self._accounts: dict[str, Account] = {}
        self._projects: dict[int, Project] = {}
        self.pending: dict[int, Project] = {}
        self.calling: dict[int, Project] = {}
        self._counting: set[int] = set()

    def account(self, key: str) -> Account | None:
        """Return the account of a key, or None if the key is not accepted."""
        return self._accounts.get(key) or self._admit(key)

    def _admit(self, key: str) -> Account | None:
        if self._first_of:
            if key not in self._first_of:
                return None
        elif not key or len(key) > 1000 or key.startswith("invalid"):
            return None
        first = self._first_of.get(key, key)
        project = self._project_named(fingerprint(first), mask(first))
        account = Account(project, key)
        self._accounts[key] = account
        return account

    def _project_named(self, name: str, label: str) -> Project:
        row = self._store.one("SELECT id FROM projects WHERE fingerprint = ?", (name,))
        if row is None:
            taken = self._store.one("SELECT coalesce(max(id), 0) FROM projects")
            assert taken is not None
            number = max(taken[0], *self._projects, 0) + 1
            self._store.write(
                "INSERT INTO projects (id, fingerprint, label, jobs, uploads, prompts) VALUES (?, ?, ?, 0, 0, 0)",
                (number, name, label),
            )
            return self._load(number)
        return self._projects.get(row["id"]) or self._load(row["id"])

    def _load(self, project_id: int) -> Project:
        row = self._store.one("SELECT * FROM projects WHERE id = ?", (project_id,))
        assert row is not None
        project = Project(
            id=row["id"],
            name=row["fingerprint"],
            label=row["label"],
            public_id=int(row["fingerprint"][:6], 16) % 900_000 + 100_000,
            clock=Clock(self._clock, _IN_STEP),
            pending=self.pending,
            calling=self.calling,
            terms=self._given_terms,
        )
        self._projects[project.id] = project
        self._read(project, row)
        return project

    def _read(self, project: Project, row: Row) -> None:
        """Bring what is remembered of a project in line with what is stored."""
        project.clock.state = ClockState(**orjson.loads(row["clock"])) if row["clock"] else _IN_STEP
        project.jobs, project.uploads, project.prompts = row["jobs"], row["uploads"], row["prompts"]
        self._set_terms(project, row["terms"])
        project.running = self._count("status = 'processing'", project.id)
        project.waiting = self._count("waiting", project.id)
        due = self._store.one("SELECT min(due) FROM jobs WHERE project = ? AND due IS NOT NULL", (project.id,))
        project.expect(due[0] if due else None)
        call = self._store.one("SELECT min(due) FROM deliveries WHERE project = ? AND due IS NOT NULL", (project.id,))
        project.no_call_before(call[0] if call else None)

    def _stored_terms(self) -> dict[str, Any]:
        row = self._store.one("SELECT value FROM meta WHERE name = 'terms'")
        return dict(orjson.loads(row["value"])) if row else {}

    @property
    def terms(self) -> Terms:
        """Return the terms of projects that have none of their own."""
        return self._given_terms.changed(self._changed_terms)

    def change_terms(self, project: Project | None, changes: dict[str, Any] | None) -> Terms:
        """Change the terms of a project, or with None those of all that have none of their own.

        Changes of None take back what was changed before.
        """
        if project is None:
            self._changed_terms = {} if changes is None else self._changed_terms | changes
            self._store.write(
                "INSERT OR REPLACE INTO meta (name, value) VALUES ('terms', ?)",
                (orjson.dumps(self._changed_terms).decode(),),
            )
        else:
            row = self._store.one("SELECT terms FROM projects WHERE id = ?", (project.id,))
            before = orjson.loads(row["terms"]) if row and row["terms"] else {}
            after = None if changes is None else orjson.dumps(before | changes).decode()
            self._store.write("UPDATE projects SET terms = ? WHERE id = ?", (after, project.id))
        for changed in [project] if project else list(self._projects.values()):
            row = self._store.one("SELECT terms FROM projects WHERE id = ?", (changed.id,))
            self._set_terms(changed, row["terms"] if row else None)
        return project.terms if project else self.terms

    def _set_terms(self, project: Project, own: str | None) -> None:
        project.terms = self.terms.changed(orjson.loads(own) if own else {})
        project.rules.clear()

    def _count(self, condition: str, project: int) -> int:
        row = self._store.one(f"SELECT count(*) FROM jobs WHERE project = ? AND {condition}", (project,))
        return row[0] if row else 0

    def project(self, project_id: int) -> Project:
        """Return the project with this row id."""
        return self._projects.get(project_id) or self._load(project_id)

    def label(self, project_id: int) -> str | None:
        """Return what a project that has made a request is called, None if there is none with this id."""
        project = self._projects.get(project_id)
        return project.label if project else None

    def at_work(self) -> list[Project]:
        """Return the projects that have jobs on their way, as a restart finds them."""
        rows = self._store.all(
            "SELECT project FROM jobs WHERE due IS NOT NULL OR NOT prepared OR waiting "
            "UNION SELECT project FROM deliveries WHERE due IS NOT NULL"
        )
        return [self.project(row["project"]) for row in rows]

    def next_job_id(self, project: Project) -> str:
        """Make the id of the project's next job; ``save_counters`` stores that it is taken."""
        project.jobs += 1
        self._counting.add(project.id)
        return self._id(project, b"job", project.jobs)

    def next_upload_id(self, project: Project) -> str:
        """Make the id of the project's next upload."""
        project.uploads += 1
        self._counting.add(project.id)
        return self._id(project, b"upload", project.uploads)

    def next_prompt_id(self, project: Project) -> str:
        """Make the id of the project's next question to a language model."""
        project.prompts += 1
        self._counting.add(project.id)
        return self._id(project, b"prompt", project.prompts)

    def _id(self, project: Project, kind: bytes, number: int) -> str:
        """Return a valid UUIDv4 that is the same in every run: a hash of seed, project, kind and number."""
        return uuid_of(b"%s\0%s\0%s\0%d" % (self._seed, project.name.encode(), kind, number))

    def save_counters(self) -> None:
        """Store the counters that have moved, and projects whose row was lost."""
        moved = [self._projects[number] for number in self._counting]
        self._store.run_many(
            "INSERT INTO projects (id, fingerprint, label, jobs, uploads, prompts) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE "
            "SET jobs = excluded.jobs, uploads = excluded.uploads, prompts = excluded.prompts",
            [(p.id, p.name, p.label, p.jobs, p.uploads, p.prompts) for p in moved],
        )
        self._counting.clear()

    def reload(self) -> None:
        """Bring the remembered projects in line with the database, after writes were lost.

        One that was lost itself is kept, for the requests under way that belong to it, and stored again.
        """
        self._counting.clear()
        self._changed_terms = self._stored_terms()
        for project in self._projects.values():
            row = self._store.one("SELECT * FROM projects WHERE id = ?", (project.id,))
            if row is None:
                self._counting.add(project.id)
            self._read(project, row or _NEW)

    def save_clock(self, project: Project) -> None:
        """Remember how the project's clock stands."""
        state = orjson.dumps(asdict(project.clock.state)).decode()
        self._store.write("UPDATE projects SET clock = ? WHERE id = ?", (state, project.id))

    def start_over(self, project: Project) -> None:
        """Set a project without rows back to its first moment: time and terms of the server, ids from the first on."""
        self._store.write(f"{_START_OVER} WHERE id = ?", (project.id,))
        project.requests = 0
        row = self._store.one("SELECT * FROM projects WHERE id = ?", (project.id,))
        assert row is not None
        self._read(project, row)

    def start_all_over(self) -> None:
        """Set every project back; none may have any rows."""
        self._changed_terms = {}
        self._store.write("DELETE FROM meta WHERE name = 'terms'")
        self._store.write(_START_OVER)
        for project in self._projects.values():
            self.start_over(project)
