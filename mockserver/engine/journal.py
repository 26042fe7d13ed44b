"""What was asked and answered.

Entries are kept in memory, as they came, until ``flush`` writes a batch of them, without their secrets.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from mockserver.engine.masking import Masking, SentHeaders, is_in, lines, may_hold_secrets
from mockserver.engine.store import Store
from mockserver.settings import Settings

_SLACK = 64
_MOST_PENDING = 16 * 2**20
_MOST_VIOLATIONS = 100
_LONG = 2048
_MOST_STORED = 256
_UNUSED = """
DELETE FROM journal_contents WHERE project = ?1 AND number NOT IN
(SELECT request_headers_at FROM journal WHERE project = ?1
UNION SELECT response_at FROM journal WHERE project = ?1 AND response_at IS NOT NULL)
"""
_BINARY = (b"audio/", b"video/", b"image/")
_TOO_MANY = """
DELETE FROM journal WHERE project = ?1 AND number <=
(SELECT number FROM journal WHERE project = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)
"""
_TOO_MUCH = """
DELETE FROM journal WHERE project = ?1 AND number <= (SELECT max(number) FROM
(SELECT number, sum(kept) OVER (ORDER BY number DESC) AS together FROM journal WHERE project = ?1)
WHERE together > ?2)
"""


class Entry(NamedTuple):
    """One request: ``at`` is the moment on the project's clock, ``microseconds`` the real time it took.

    ``response_headers`` are lines, and bodies begin with what is to be kept of them.
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
    violations: Sequence[str]
    request_headers: SentHeaders
    request_body: bytes
    request_size: int
    response_headers: bytes
    response_body: bytes


_FACTS = Entry._fields.index("violations")
_COLUMNS = (
    *Entry._fields[: _FACTS + 1], "kept", "request_size", "request_cut", "response_cut",
    "request_headers_at", "response_headers", "request_body", "response_body", "response_at",
)  # fmt: skip
_INSERT = f"INSERT INTO journal ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


class _Row(NamedTuple):
    """An entry as it is stored."""

    project: int
    kept: int
    values: Sequence[object]


class _Bodies(NamedTuple):
    """What is kept of a request besides the facts: headers, and the beginnings of bodies."""

    request_headers: bytes
    response_headers: bytes
    request: bytes | None
    response: bytes

    def without(self, masking: Masking) -> _Bodies:
        """Return the same without the secrets that were found, wherever they stand."""
        hide = masking.everywhere
        request = None if self.request is None else hide(self.request)
        return _Bodies(hide(self.request_headers), hide(self.response_headers), request, hide(self.response))


class Journal:
    """The requests of every project, bounded by number and size to the newest of each, and a few.

    ``written`` is called with every batch that has been written; ``body_bytes`` of each body are kept.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._limit = settings.journal
        self._most_bytes = settings.journal_bytes
        self._masks = not settings.journal_secrets
        self.body_bytes = settings.journal_body_bytes if settings.journal else 0
        self._pending: list[Entry] = []
        self._weight = 0
        self._unpruned: Counter[int] = Counter()
        self._kept: dict[int, int] = {}
        self._stored: dict[tuple[int, bytes], int] = {}
        self.written: Callable[[list[Entry]], None] | None = None

    def record(self, entry: Entry) -> None:
        """Remember one entry."""
        self._pending.append(entry)
        self._weight += len(entry.request_body) + len(entry.response_body)

    @property
    def is_heavy(self) -> bool:
        """Say whether so much is pending that it should be written."""
        return self._weight > _MOST_PENDING

    def flush(self) -> None:
        """Write what is pending as one batch."""
        pending, self._pending, self._weight = self._pending, [], 0
        if not pending:
            return
        shown = [self._shown(entry) for entry in pending]
        if self._limit:
            with self._store.all_or_nothing():
                rows = [self._row(entry, bodies) for entry, bodies in shown]
                self._store.run_many(_INSERT, [row.values for row in rows])
                self._prune(rows)
        if self.written is not None:
            self.written([entry for entry, _ in shown])

    def _shown(self, entry: Entry) -> tuple[Entry, _Bodies]:
        """Return an entry and its bodies as they may be shown."""
        request = _kept_text(entry, self.body_bytes)
        if self._masks:
            return self._masked(entry, request)
        response = entry.response_body[: self.body_bytes]
        return entry, _Bodies(entry.request_headers.lines, entry.response_headers, request, response)

    def _masked(self, entry: Entry, request: bytes | None) -> tuple[Entry, _Bodies]:
        secrets, replied = entry.request_headers.secrets, entry.response_headers
        response, more = _masked_reply(entry.response_body, self.body_bytes, secrets)
        found = _Bodies(entry.request_headers.masked, replied, request, response)
        if entry.query or more or may_hold_secrets(replied) or (request and may_hold_secrets(request)):
            return _hidden(entry, found, secrets | more)
        if is_in(secrets, (entry.path, entry.job, entry.note, *entry.violations), (replied, request)):
            return _hidden(entry, found, secrets)
        return entry, found

    def _row(self, entry: Entry, bodies: _Bodies) -> _Row:
        asked, replied, request, response = bodies
        is_long = len(response) >= _LONG
        kept = len(asked) + len(replied) + len(request or b"") + len(response)
        violations = json.dumps(entry.violations[:_MOST_VIOLATIONS]) if entry.violations else None
        request_cut = request is not None and entry.request_size > min(len(entry.request_body), self.body_bytes)
        response_cut = entry.size > min(len(entry.response_body), self.body_bytes)
        values = (
            *entry[:_FACTS], violations, kept, entry.request_size, request_cut, response_cut,
            self._stored_once(entry.project, asked),
            replied,
            request,
            None if is_long else response,
            self._stored_once(entry.project, response) if is_long else None,
        )  # fmt: skip
        return _Row(entry.project, kept, values)

    def _stored_once(self, project: int, content: bytes) -> int:
        """Return the number of content that is stored once for all requests with it.

        A client sends the same headers again and again, and a finished job is answered with the same bytes each time.
        """
        number = self._stored.get((project, content))
        if number is None:
            if len(self._stored) >= _MOST_STORED:
                self._stored.clear()
            inserted = self._store.run(
                "INSERT INTO journal_contents (project, content) VALUES (?, ?)", (project, content)
            )
            number = self._stored[project, content] = inserted.lastrowid or 0
        return number

    def _prune(self, rows: Sequence[_Row]) -> None:
        counts, sizes = Counter(row.project for row in rows), Counter[int]()
        for row in rows:
            sizes[row.project] += row.kept
        for project, count in counts.items():
            self._unpruned[project] += count
            if self._unpruned[project] > max(_SLACK, self._limit // 10):
                self._remove(project, _TOO_MANY, self._limit)
                del self._unpruned[project]
            self._kept[project] = (
                self._kept[project] + sizes[project] if project in self._kept else self._stored_bytes(project)
            )
            if self._kept[project] > self._most_bytes:
                self._remove(project, _TOO_MUCH, self._most_bytes - self._most_bytes // 10)

    def _remove(self, project: int, statement: str, most: int) -> None:
        self._store.run(statement, (project, most))
        self._store.run(_UNUSED, (project,))
        self.reload()

    def _stored_bytes(self, project: int) -> int:
        row = self._store.one("SELECT coalesce(sum(kept), 0) FROM journal WHERE project = ?", (project,))
        return row[0] if row else 0

    def reload(self) -> None:
        """Read anew how much is stored."""
        self._kept.clear()
        self._stored.clear()

    def forget(self, project: int) -> None:
        """Remove a project's entries."""
        self.flush()
        self._store.write("DELETE FROM journal WHERE project = ?", (project,))
        self._store.write("DELETE FROM journal_contents WHERE project = ?", (project,))
        self.reload()

    def clear(self) -> None:
        """Remove every entry."""
        self.flush()
        self._store.write("DELETE FROM journal")
        self._store.write("DELETE FROM journal_contents")
        self.reload()


def _without(masking: Masking, entry: Entry) -> Entry:
    """Return an entry without the secrets that were found in it, wherever they stand."""
    return entry._replace(
        path=masking.everywhere_in(entry.path),
        query=masking.everywhere_in(entry.query),
        job=entry.job and masking.everywhere_in(entry.job),
        note=entry.note and masking.everywhere_in(entry.note),
        violations=[masking.everywhere_in(text) for text in entry.violations],
    )


def _kept_text(entry: Entry, limit: int) -> bytes | None:
    """Return what is kept of a request's body; None is a body of which nothing is."""
    if entry.request_headers.content_type.startswith(_BINARY):
        return None
    return entry.request_body[:limit] if _is_text(entry.request_body) else None


def _is_text(content: bytes) -> bool:
    """Say whether content is text, or begins with it: a character at the end may be cut."""
    if b"\0" in content:
        return False
    try:
        codecs.utf_8_decode(content, "strict", False)
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(32)
def _masked_reply(content: bytes, limit: int, secrets: frozenset[str]) -> tuple[bytes, frozenset[str]]:
    """Return what is kept of a reply, and what was hidden in it; finished jobs are answered with the same bytes."""
    content = content[:limit]
    masking = Masking(secrets)
    if may_hold_secrets(content) and _is_text(content):
        content = masking.body(content)
    return masking.everywhere(content), frozenset(masking.secrets) - secrets


def _hidden(entry: Entry, bodies: _Bodies, secrets: frozenset[str]) -> tuple[Entry, _Bodies]:
    """Return an entry without its secrets, after a close look."""
    masking = Masking(secrets)
    replied = lines(masking.headers(pairs_in(bodies.response_headers)))
    request = bodies.request and masking.body(bodies.request)
    entry = entry._replace(query=masking.query(entry.query))
    bodies = bodies._replace(response_headers=replied, request=request)
    return _without(masking, entry), bodies.without(masking)


def pairs_in(stored: bytes) -> list[tuple[bytes, bytes]]:
    """Return headers as they were sent."""
    split = (line.partition(b": ") for line in stored.split(b"\n") if line)
    return [(name, value) for name, _, value in split]


def pairs_of(stored: bytes) -> list[tuple[str, str]]:
    """Return headers as text."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs_in(stored)]
