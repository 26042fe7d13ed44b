"""What was asked and answered.

Entries are kept in memory, as they came, until ``flush`` writes them in packs: a row for each request would cost
more than the rest of the journal.
"""

from __future__ import annotations

import codecs
import contextlib
import marshal
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from mockserver.engine.masking import Masking, Pairs, SentHeaders, hides
from mockserver.engine.session_records import SessionRecord, SessionRecords
from mockserver.engine.store import Store
from mockserver.settings import Settings

_SLACK = 64
_MOST_PENDING = 512 * 2**10
_MOST_IN_PACK = 64 * 2**10
_WEIGHT = 256
"""Bytes that an entry weighs besides its headers and bodies."""
_BINARY = (b"audio/", b"video/", b"image/")
_INSERT = (
    "INSERT INTO journal (project, batch, first, last, entries, kept, facts, bodies) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_PRUNE = """
DELETE FROM journal WHERE project = ?1 AND number <= (SELECT max(number) FROM
(SELECT number, sum(entries) OVER newest - entries AS newer, sum(kept) OVER newest - kept AS kept_of_newer
FROM journal WHERE project = ?1 WINDOW newest AS (ORDER BY number DESC))
WHERE newer >= ?2 OR kept_of_newer >= ?3)
"""


class Entry(NamedTuple):
    """One request: ``at`` is the moment on the project's clock, ``microseconds`` the real time it took.

    ``request_size`` is how much of its body was read. ``response_headers`` are those besides the id of the request
    and the length, which a reply that ``has_length`` has too. Bodies are what is kept of them; of a request that
    ``is_form`` that is what the form says, as JSON, with each file described.
    """

    project: int
    at: int
    request_id: str
    method: str
    path: str
    query: str
    status: int
    size: int
    microseconds: int
    job: str | None
    fixture: str | None
    note: str | None
    fault: str | None
    violations: Sequence[str]
    request_size: int
    is_form: bool
    response_headers: Pairs
    has_length: bool
    request_headers: SentHeaders
    request_body: bytes
    response_body: bytes


_FACTS = Entry._fields.index("request_headers")


class _Stored(NamedTuple):
    """An entry as it is written; only what marshal knows."""

    facts: tuple[Any, ...]
    bodies: tuple[bytes | None, bytes]


class _Pack(NamedTuple):
    """The columns of a row that holds entries: numbers of the first and the last, how many, and how many bytes."""

    first: int
    last: int
    entries: int
    kept: int
    facts: bytes
    bodies: bytes


class Journal:
    """The requests of every project, bounded by number and size to the newest of each, and a few.

    It has a database of its own, so that bodies take no room in the memory that keeps other rows at hand.
    ``written`` is called with every batch that has been written; ``body_bytes`` of each body are kept.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self.sessions = SessionRecords(store, settings)
        """The sessions that are over."""
        self._limit = settings.journal
        self._most_bytes = settings.journal_bytes
        self._masks = not settings.journal_secrets
        self.is_on = self._limit > 0
        self.body_bytes = settings.journal_body_bytes if settings.journal else 0
        self._pending: list[Entry] = []
        self._weight = 0
        self._held: dict[int, tuple[int, int]] = {}
        self._said: dict[tuple[str | None, int], bytes] = {}
        row = store.one("SELECT coalesce(max(last), 0) FROM journal")
        self.last: int = row[0] if row else 0
        """The number of the request that was written last."""
        self.forgotten = 0
        """How often something was forgotten that was not too old."""
        self.written: Callable[[list[Entry]], None] | None = None

    def record(self, entry: Entry) -> None:
        """Remember one entry."""
        self._pending.append(entry)
        self._weight += _WEIGHT + entry.request_headers.size + len(entry.request_body)

    def record_session(self, session: SessionRecord) -> None:
        """Remember a session that is over."""
        self._weight += self.sessions.record(session)

    def beginning(self, body: bytes) -> bytes:
        """Return what is kept of a reply."""
        kept = body[: self.body_bytes]
        self._weight += len(kept)
        return kept

    def beginning_again(self, job: str | None, body: bytes) -> bytes:
        """Return what is kept of a reply about a job: the same object for the same bytes, which a pack holds once.

        A finished job is answered with the same bytes each time.
        """
        key = (job, len(body))
        before = self._said.get(key)
        if before is not None and body.startswith(before):
            return before
        self._said[key] = kept = self.beginning(body)
        return kept

    @property
    def is_heavy(self) -> bool:
        """Say whether so much is pending that it should be written."""
        return self._weight > _MOST_PENDING

    def flush(self) -> None:
        """Write what is pending as one batch."""
        pending, self._pending, self._weight = self._pending, [], 0
        self._said.clear()
        if not pending:
            return
        try:
            if self.is_on:
                with self._store.all_or_nothing():
                    self._write(pending)
                    self.sessions.write()
        except BaseException:
            self._store.rollback()
            self._held.clear()
            raise
        finally:
            if self.written is not None:
                self.written(pending)

    def _write(self, pending: list[Entry]) -> None:
        batch = self.last + 1
        by_project: dict[int, list[_Stored]] = {}
        for entry in pending:
            self.last += 1
            by_project.setdefault(entry.project, []).append(self._stored(entry))
        for project, entries in by_project.items():
            held, kept = self._held.get(project) or self._counted(project)
            for pack in _packs(entries[-self._limit :]):
                self._store.run(_INSERT, (project, batch, *pack))
                self._store.bulk += pack.kept
                held, kept = held + pack.entries, kept + pack.kept
            self._held[project] = held, kept
            self._prune(project)

    def _stored(self, entry: Entry) -> _Stored:
        sent, request, response = entry.request_headers, _kept_text(entry), entry.response_body
        headers = sent.masked if self._masks else sent.pairs
        if self._masks and hides(sent.spellings, entry.path, entry.query, entry.note, request):
            entry, masking = _without(entry), Masking(sent.secrets)
            request, response = request and masking.everywhere(request), masking.everywhere(response)
        facts = (self.last, *entry[:_FACTS], headers)
        return _Stored(facts, (request, response))

    def _prune(self, project: int) -> None:
        held, kept = self._held[project]
        if held > self._limit + max(_SLACK, self._limit // 10) or kept > self._most_bytes:
            self._store.run(_PRUNE, (project, self._limit, self._most_bytes - self._most_bytes // 10))
            del self._held[project]

    def _counted(self, project: int) -> tuple[int, int]:
        """Return how many entries of a project are stored, and their bytes."""
        row = self._store.one(
            "SELECT coalesce(sum(entries), 0), coalesce(sum(kept), 0) FROM journal WHERE project = ?", (project,)
        )
        return (row[0], row[1]) if row else (0, 0)

    def forget(self, project: int) -> None:
        """Remove a project's entries."""
        with contextlib.suppress(sqlite3.Error):  # what cannot be written is gone, too
            self.flush()
        self._store.write("DELETE FROM journal WHERE project = ?", (project,))
        self.sessions.forget(project)
        self._forgotten()

    def clear(self) -> None:
        """Remove every entry."""
        with contextlib.suppress(sqlite3.Error):
            self.flush()
        self._store.write("DELETE FROM journal")
        self.sessions.clear()
        self._forgotten()

    def _forgotten(self) -> None:
        self.forgotten += 1
        self._held.clear()


def _packs(entries: Sequence[_Stored]) -> Iterator[_Pack]:
    rest = iter(entries)
    while pack := _together(rest):
        facts, bodies = marshal.dumps([entry.facts for entry in pack]), marshal.dumps([entry.bodies for entry in pack])
        yield _Pack(pack[0].facts[0], pack[-1].facts[0], len(pack), len(facts) + len(bodies), facts, bodies)


def _together(rest: Iterator[_Stored]) -> list[_Stored]:
    """Return the next entries, as many as may be in one pack."""
    pack: list[_Stored] = []
    weight, said = 0, b""
    for entry in rest:
        pack.append(entry)
        request, response = entry.bodies
        weight += _WEIGHT + len(request or b"") + (0 if response is said else len(response))
        said = response
        if weight > _MOST_IN_PACK:
            break
    return pack


def _kept_text(entry: Entry) -> bytes | None:
    """Return what is kept of a request's body; None is a body of which nothing is."""
    body = entry.request_body
    return None if entry.request_headers.content_type.startswith(_BINARY) or not is_text(body) else body


def is_text(content: bytes) -> bool:
    """Say whether content is text, or begins with it: a character at the end may be cut."""
    if b"\0" in content:
        return False
    try:
        codecs.utf_8_decode(content, "strict", False)
    except UnicodeDecodeError:
        return False
    return True


def _without(entry: Entry) -> Entry:
    """Return an entry's facts without the secrets of its request's headers, wherever they stand."""
    masking = Masking(entry.request_headers.secrets)
    hide, hide_in = masking.everywhere_in, masking.everywhere
    return entry._replace(
        path=hide(entry.path),
        query=hide(entry.query),
        job=entry.job and hide(entry.job),
        note=entry.note and hide(entry.note),
        violations=[hide(text) for text in entry.violations],
        response_headers=tuple((name, hide_in(value)) for name, value in entry.response_headers),
    )


def shown(entry: Entry) -> Entry:
    """Return an entry as the log may show it."""
    if entry.query or entry.note:
        entry = entry._replace(query=Masking().query(entry.query), note=entry.note and Masking().text(entry.note))
    is_hidden = hides(entry.request_headers.spellings, entry.path, entry.query, entry.note, None)
    return _without(entry) if is_hidden else entry
