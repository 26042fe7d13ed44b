"""API keys and the projects they belong to; every project is a world of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

import orjson

from mockserver.engine.clock import Clock, ClockState
from mockserver.engine.keeping import Keeping
from mockserver.engine.keyring import Held, KeyRing, TakenError, UnknownKeyError
from mockserver.engine.keyring import fingerprint as fingerprint
from mockserver.engine.keyring import mask as mask
from mockserver.engine.project import Account as Account
from mockserver.engine.project import Project as Project
from mockserver.engine.store import Row, Store
from mockserver.engine.terms import Terms

_NEW = {"clock": None, "jobs": 0, "uploads": 0, "prompts": 0, "sessions": 0, "terms": None, "given": None}
_START_OVER = "UPDATE projects SET clock = NULL, terms = NULL, jobs = 0, uploads = 0, prompts = 0, sessions = 0"
_IN_STEP = ClockState(shown=0, anchor=0)
"""A project's clock at first: it shows the server's time."""


IdForm = Callable[[bytes, int], str]
"""Makes an id of some length of what it is to be a hash of, and of how many there are of its kind."""


def as_uuid(origin: bytes, _: int) -> str:
    """Return an id in the form of a UUIDv4."""
    return uuid_of(origin)


def uuid_of(text: bytes) -> str:
    """Return a UUIDv4 made from a hash of ``text``."""
    digits = blake2b(text, digest_size=16).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def public_id(name: str) -> int:
    """Return the number of a project as clients see it."""
    return int(name[:6], 16) % 900_000 + 100_000


def _split(entry: str) -> list[str]:
    return [key.strip() for key in entry.split(",") if key.strip()]


def is_acceptable(key: str) -> bool:
    """Say whether a key is accepted where any is."""
    return 0 < len(key) <= 1000 and not key.startswith("invalid")


class Keys:
    """Which keys are accepted, and the project of each.

    Without a list every key is accepted that is not empty and does not begin with ``invalid``; each has
    a project of its own. With a list only its keys are, and those of one entry, joined by commas, share
    the project that is named for the first. Keys may be minted besides, and any may be revoked.
    """

    def __init__(self, store: Store, clock: Clock, entries: Iterable[str], seed: int, terms: Terms) -> None:
        self._store = store
        self._given_terms = terms
        self._changed_terms = self._stored_terms()
        self._clock = clock
        self._seed = str(seed).encode()
        self._first_of = {key: keys[0] for keys in map(_split, entries) for key in keys}
        self.ring = KeyRing(store, seed)
        self._marked = {fingerprint(key): key for key in self._first_of}
        """The keys that are known, by their fingerprints."""
        self._accounts: dict[str, Account] = {}
        self._projects: dict[int, Project] = {}
        self.pending: dict[int, Project] = {}
        self.calling: dict[int, Project] = {}
        self.keeping = Keeping(clock.parent)
        self._counting: set[int] = set()

    def account(self, key: str) -> Account | None:
        """Return the account of a key, or None if the key is not accepted."""
        return self._accounts.get(key) or self._admit(key)

    def _admit(self, key: str) -> Account | None:
        world = self._world_of(key)
        if world is None:
            return None
        project = self._project_named(world, mask(self._first_of.get(key, key)))
        account = Account(project, key)
        self._accounts[key] = account
        self._marked[fingerprint(key)] = key
        return account

    def marked(self, mark: str) -> Account | None:
        """Return the account of the key with this fingerprint, or None if it is unknown, or not accepted.

        Of a key that has not been seen since the start, but for its fingerprint, the account has the label.
        """
        held = self.ring.find(mark)
        key = self._marked.get(mark) or (held and held.key)
        if key is not None:
            return self.account(key)
        if (held is None and self._first_of) or (held is not None and held.revoked):
            return None
        row = self._store.one("SELECT id FROM projects WHERE fingerprint = ?", (held.world if held else mark,))
        if row is None:
            return None
        project = self.project(row["id"])
        return Account(project, held.label if held else project.label)

    def _world_of(self, key: str) -> str | None:
        """Return the name of a key's project, or None if the key is not accepted."""
        mark = fingerprint(key)
        held = self.ring.find(mark)
        if held is not None:
            return None if held.revoked else held.world
        if self._first_of:
            return fingerprint(self._first_of[key]) if key in self._first_of else None
        return mark if is_acceptable(key) else None

    def mint(self, key: str | None, name: str | None, shares: str | None) -> tuple[Account, bool]:
        """Return the account of a key that is accepted from now on, and whether it was not before.

        Without a key the server makes one. With ``shares`` the key belongs to the project of that other key.
        Raises TakenError, and UnknownKeyError if that other key is not accepted.
        """
        key, own = self.ring.key_to_mint(key, name)
        mark = fingerprint(key)
        before = self.ring.find(mark)
        if before is not None and name is not None and before.name not in (None, name):
            raise TakenError(f"name: the key has the name {before.name!r} already")
        world = self._world_to_be(key, before, shares)
        label, own_key = mask(key), key if own else before and before.key
        called, created = name or (before and before.name), before.created if before else self._clock.now()
        self.ring.keep(Held(mark, label, own_key, called, world, created, False))
        known = self._accounts.get(key)
        if known is not None and known.project.name != world:
            del self._accounts[key]
        account = self.account(key)
        assert account is not None
        return account, before is None or before.revoked

    def _world_to_be(self, key: str, before: Held | None, shares: str | None) -> str:
        own = before.world if before else fingerprint(self._first_of.get(key, key))
        if shares is None:
            return own
        other = self.account(shares)
        if other is None:
            raise UnknownKeyError
        if (before is not None or key in self._first_of) and other.project.name != own:
            raise TakenError("shares: the key has a project already")
        return other.project.name

    def revoke(self, key: str) -> None:
        """Accept a key no longer. Raises UnknownKeyError if it is not accepted anyhow."""
        account = self.account(key)
        if account is None:
            raise UnknownKeyError
        mark = fingerprint(key)
        held = self.ring.find(mark) or Held(mark, mask(key), None, None, account.project.name, self._clock.now(), True)
        self.ring.keep(held._replace(revoked=True))
        del self._accounts[key]

    def _forget_changed(self) -> None:
        """Forget the accounts of keys that are not accepted any more, or belong elsewhere now."""
        known = self._accounts.items()
        self._accounts = {key: account for key, account in known if self._world_of(key) == account.project.name}

    def _project_named(self, name: str, label: str) -> Project:
        row = self._store.one("SELECT id FROM projects WHERE fingerprint = ?", (name,))
        if row is None:
            taken = self._store.one("SELECT coalesce(max(id), 0) FROM projects")
            assert taken is not None
            number = max(taken[0], *self._projects, 0) + 1
            self._store.write(
                "INSERT INTO projects (id, fingerprint, label, jobs, uploads, prompts, sessions) "
                "VALUES (?, ?, ?, 0, 0, 0, 0)",
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
            public_id=public_id(row["fingerprint"]),
            clock=Clock(self._clock, _IN_STEP),
            pending=self.pending,
            calling=self.calling,
            keeping=self.keeping,
            terms=self._given_terms,
        )
        self._projects[project.id] = project
        self._read(project, row)
        return project

    def _read(self, project: Project, row: Row) -> None:
        """Bring what is remembered of a project in line with what is stored."""
        project.clock.state = ClockState(**orjson.loads(row["clock"])) if row["clock"] else _IN_STEP
        project.jobs, project.uploads = row["jobs"], row["uploads"]
        project.prompts, project.sessions = row["prompts"], row["sessions"]
        self._set_terms(project, row)
        project.running = self._count("status = 'processing'", project.id)
        project.waiting = self._count("waiting", project.id)
        due = self._store.one("SELECT min(due) FROM jobs WHERE project = ? AND due IS NOT NULL", (project.id,))
        project.expect(due[0] if due else None)
        call = self._store.one("SELECT min(due) FROM deliveries WHERE project = ? AND due IS NOT NULL", (project.id,))
        project.no_call_before(call[0] if call else None)
        expiry = self._store.one(
            "SELECT min(expires) FROM uploads WHERE project = ? AND expires IS NOT NULL", (project.id,)
        )
        project.no_expiry_before(expiry[0] if expiry else None)

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
            self._read_terms(changed)
        return project.terms if project else self.terms

    def give_terms(self, project: Project, given: dict[str, Any]) -> None:
        """Give a project terms that last when its changes are taken back; only a full reset takes them away."""
        row = self._store.one("SELECT given FROM projects WHERE id = ?", (project.id,))
        before = orjson.loads(row["given"]) if row and row["given"] else {}
        after = orjson.dumps(before | given).decode()
        self._store.write("UPDATE projects SET given = ? WHERE id = ?", (after, project.id))
        self._read_terms(project)

    def _read_terms(self, project: Project) -> None:
        row = self._store.one("SELECT given, terms FROM projects WHERE id = ?", (project.id,))
        self._set_terms(project, row or _NEW)

    def _set_terms(self, project: Project, row: Row) -> None:
        project.terms = self.terms
        for changes in (row["given"], row["terms"]):
            if changes:
                project.terms = project.terms.changed(orjson.loads(changes))
        project.rules.clear()

    def _count(self, condition: str, project: int) -> dict[str, int]:
        sql = f"SELECT family, count(*) FROM jobs WHERE project = ? AND {condition} GROUP BY family"
        return {row["family"]: row[1] for row in self._store.all(sql, (project,))}

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
            "UNION SELECT project FROM deliveries WHERE due IS NOT NULL "
            "UNION SELECT project FROM uploads WHERE expires IS NOT NULL"
        )
        return [self.project(row["project"]) for row in rows]

    def next_job_id(self, project: Project, form: IdForm) -> str:
        """Make the id of the project's next job; ``save_counters`` stores that it is taken."""
        project.jobs += 1
        self._counting.add(project.id)
        return form(self._origin(project, b"job", project.jobs), project.jobs)

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

    def next_session_id(self, project: Project) -> str:
        """Make the id of the project's next session, and store that it is taken."""
        project.sessions += 1
        self._store.write("UPDATE projects SET sessions = ? WHERE id = ?", (project.sessions, project.id))
        return self._id(project, b"session", project.sessions)

    def _id(self, project: Project, kind: bytes, number: int) -> str:
        """Return a valid UUIDv4 that is the same in every run: a hash of seed, project, kind and number."""
        return uuid_of(self._origin(project, kind, number))

    def _origin(self, project: Project, kind: bytes, number: int) -> bytes:
        return b"%s\0%s\0%s\0%d" % (self._seed, project.name.encode(), kind, number)

    def save_counters(self) -> None:
        """Store the counters that have moved, and projects whose row was lost."""
        moved = [self._projects[number] for number in self._counting]
        self._store.run_many(
            "INSERT INTO projects (id, fingerprint, label, jobs, uploads, prompts, sessions) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET jobs = excluded.jobs, "
            "uploads = excluded.uploads, prompts = excluded.prompts, sessions = excluded.sessions",
            [(p.id, p.name, p.label, p.jobs, p.uploads, p.prompts, p.sessions) for p in moved],
        )
        self._counting.clear()

    def reload(self) -> None:
        """Bring the remembered projects in line with the database, after writes were lost.

        One that was lost itself is kept, for the requests under way that belong to it, and stored again.
        """
        self._counting.clear()
        self._changed_terms = self._stored_terms()
        self.ring.reload()
        self._forget_changed()
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
        """Set a project without rows back to its first moment: time of the server, first terms, first id."""
        self._store.write(f"{_START_OVER} WHERE id = ?", (project.id,))
        project.requests = project.tokens = 0
        self.reread(project)

    def reread(self, project: Project) -> None:
        """Bring what is remembered of a project in line with what is stored."""
        row = self._store.one("SELECT * FROM projects WHERE id = ?", (project.id,))
        assert row is not None
        self._read(project, row)

    def start_all_over(self) -> None:
        """Set every project back; none may have any rows."""
        self._changed_terms = {}
        self._store.write("DELETE FROM meta WHERE name = 'terms'")
        self._store.write(f"{_START_OVER}, given = NULL")
        self.ring.clear()
        self._forget_changed()
        for project in self._projects.values():
            self.start_over(project)
