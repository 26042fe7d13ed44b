"""Sessions that are over, with what was said in them, as the journal's database has them.

They are written with the journal's batches, and pruned with them: the newest of each project stay.
"""

from __future__ import annotations

import marshal
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple

from mockserver.engine.masking import Masking
from mockserver.engine.store import Store
from mockserver.settings import Settings

_WEIGHT = 128
"""Bytes that a message weighs besides its text."""
_INSERT = "INSERT INTO sessions (project, id, kept, facts, lines) VALUES (?, ?, ?, ?, ?)"
_PRUNE = """
DELETE FROM sessions WHERE project = ?1 AND number <= (SELECT max(number) FROM
(SELECT number, row_number() OVER newest AS place, sum(kept) OVER newest AS kept_by_then
FROM sessions WHERE project = ?1 WINDOW newest AS (ORDER BY number DESC))
WHERE place > ?2 OR (place > 1 AND kept_by_then > ?3))
"""
_FOUND = """
SELECT number, facts{lines} FROM sessions WHERE (:project IS NULL OR project = :project) AND (:id IS NULL OR id = :id)
AND number < :before AND number <= :last ORDER BY number DESC
"""
_MOST = 2**63 - 1


class Line(NamedTuple):
    """One message, or many frames of audio that came together: ``frames`` of them, ``size`` bytes altogether.

    ``at`` is a moment on the project's clock, ``heard`` the milliseconds of audio until then. ``kind`` is the type of
    a message that we sent, or ``text`` or ``audio``. ``text`` is None for audio, and cut if it is long.
    """

    at: int
    direction: Literal["in", "out"]
    kind: str
    text: str | None
    size: int
    frames: int
    heard: int


class SessionRecord(NamedTuple):
    """A session as it stands, or, once it has ``ended``, as it was; ``number`` is that of a stored one.

    ``heard`` is milliseconds of audio, in ``frames`` with ``audio_bytes``; ``received`` counts the client's other
    messages, ``dropped`` the messages that are not kept. ``secrets`` are what its request's headers have.
    """

    number: int | None
    id: str
    project: int
    label: str | None
    request_id: str
    family: str
    service: str
    path: str
    query: str
    began: int
    ended: int | None
    heard: int
    frames: int
    audio_bytes: int
    received: int
    received_bytes: int
    sent: int
    sent_bytes: int
    code: int | None
    reason: str
    by_client: bool
    fixture: str | None
    fault: str | None
    violations: Sequence[str]
    hint: str | None
    dropped: int
    lines: Sequence[Line]
    secrets: frozenset[str] = frozenset()

    def masked(self, *, bodies: bool) -> SessionRecord:
        """Return the same without secrets: one that is found in one place is hidden in all.

        They are looked for in the messages only with ``bodies``.
        """
        masking = Masking(self.secrets)
        query, lines = masking.query(self.query), self.lines
        if bodies:
            lines = [line._replace(text=_masked(line.text, masking)) for line in lines]
        shown = self._replace(query=query, hint=self.hint and masking.text(self.hint), lines=lines, secrets=frozenset())
        return shown._without(masking) if masking.spellings else shown

    def _without(self, masking: Masking) -> SessionRecord:
        hide = masking.everywhere_in
        return self._replace(
            path=hide(self.path),
            query=hide(self.query),
            reason=hide(self.reason),
            hint=self.hint and hide(self.hint),
            violations=[hide(text) for text in self.violations],
            lines=[line._replace(text=line.text and hide(line.text)) for line in self.lines],
        )


def _masked(text: str | None, masking: Masking) -> str | None:
    return text and masking.body(text.encode()).decode()


_FACTS = SessionRecord._fields.index("lines")


@dataclass(frozen=True)
class WantedSessions:
    """Which sessions are asked for: None is any.

    ``path`` is a pattern, ``message`` the kind of a message and ``text`` a part of one, which is the same where
    both are named.
    """

    project: int | None = None
    id: str | None = None
    path: str | None = None
    message: str | None = None
    text: str | None = None

    @property
    def looks_inside(self) -> bool:
        """Say whether the messages matter."""
        return self.message is not None or self.text is not None

    def accepts(self, found: SessionRecord) -> bool:
        """Say whether a session is one of these."""
        if self.project not in (None, found.project) or self.id not in (None, found.id):
            return False
        if self.path is not None and not fnmatchcase(found.path, self.path):
            return False
        return not self.looks_inside or any(map(self._says, found.lines))

    def _says(self, line: Line) -> bool:
        return self.message in (None, line.kind) and (self.text is None or self.text in (line.text or ""))


class SessionRecords:
    """The sessions of every project that are over, bounded by number and size to the newest of each."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._limit = settings.journal_sessions if settings.journal else 0
        self._most_bytes = settings.journal_bytes
        self._masks = not settings.journal_secrets
        self._pending: list[SessionRecord] = []
        row = store.one("SELECT coalesce(max(number), 0) FROM sessions")
        self.last: int = row[0] if row else 0
        """The number of the session that was written last."""

    def record(self, session: SessionRecord) -> int:
        """Remember one session until it is written, and return about how many bytes it is."""
        if not self._limit:
            return 0
        self._pending.append(session)
        return sum(_WEIGHT + len(line.text or "") for line in session.lines)

    def write(self) -> None:
        """Write what is pending; the caller has a transaction."""
        pending, self._pending = self._pending, []
        by_project: dict[int, list[SessionRecord]] = {}
        for session in pending:
            by_project.setdefault(session.project, []).append(session)
        for project, sessions in by_project.items():
            for session in sessions[-self._limit :]:
                self._insert(session.masked(bodies=False) if self._masks else session)
            self._store.run(_PRUNE, (project, self._limit, self._most_bytes))

    def _insert(self, session: SessionRecord) -> None:
        facts = marshal.dumps([*session[1:_FACTS]])
        lines = marshal.dumps([tuple(line) for line in session.lines])
        kept = len(facts) + len(lines)
        written = self._store.run(_INSERT, (session.project, session.id, kept, facts, lines))
        self._store.bulk += kept
        self.last = written.lastrowid or self.last

    def forget(self, project: int) -> None:
        """Remove a project's sessions."""
        self._pending = [session for session in self._pending if session.project != project]
        self._store.write("DELETE FROM sessions WHERE project = ?", (project,))

    def clear(self) -> None:
        """Remove every session."""
        self._pending = []
        self._store.write("DELETE FROM sessions")


def stored_sessions(
    connection: sqlite3.Connection, wanted: WantedSessions, *, last: int, before: int | None, whole: bool
) -> Iterator[SessionRecord]:
    """Yield sessions up to the ``last``, newest first; without messages unless they are wanted ``whole``."""
    whole = whole or wanted.looks_inside
    values: dict[str, Any] = {
        "project": wanted.project,
        "id": wanted.id,
        "last": last,
        "before": _MOST if before is None else before,
    }
    for row in connection.execute(_FOUND.format(lines=", lines" if whole else ""), values):
        facts = marshal.loads(row["facts"])  # noqa: S302  (nobody else writes the database)
        lines = marshal.loads(row["lines"]) if whole else ()  # noqa: S302
        found = SessionRecord._make((row["number"], *facts, list(map(Line._make, lines)), frozenset()))
        if wanted.accepts(found):
            yield found
