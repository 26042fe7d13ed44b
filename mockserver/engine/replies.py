"""The bytes that finished jobs are answered with: made once, kept in the database, the newest at hand."""

from __future__ import annotations

from typing import NamedTuple

from mockserver.engine.keys import Project
from mockserver.engine.store import Row, Store

_REMEMBERED_BYTES = 8 * 2**20
_KEPT_BYTES = 2 * 2**20
_SHOWN_LATER = ("status", "transcript", "callback_status", "deleted", "removed")
_FIND = (
    "SELECT body, until FROM jobs JOIN replies ON replies.job = jobs.number "
    "WHERE id = ? AND project = ? AND family = ? AND region = ?"
)


class _Reply(NamedTuple):
    """A reply of one project's job; it is good before the moment ``until``."""

    project: int
    family: str
    region: str
    until: int | None
    body: bytes


_NONE = _Reply(0, "", "", None, b"")


class Replies:
    """The replies of every project, by the ids of their jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._at_hand: dict[str, _Reply] = {}
        self._bytes = 0

    def find(self, job_id: str, project: Project, family: str, region: str = "") -> bytes | None:
        """Return what a finished job is answered with, if it was made before and still is good."""
        reply = self._at_hand.get(job_id)
        if reply is None:
            row = self._store.one(_FIND, (job_id, project.id, family, region))
            if row is None or (row["until"] is not None and project.clock.now() >= row["until"]):
                return None
            reply = _Reply(project.id, family, region, row["until"], row["body"])
            self._remember(job_id, reply)
        is_theirs = reply.project == project.id and reply.family == family and reply.region == region
        return reply.body if is_theirs and (reply.until is None or project.clock.now() < reply.until) else None

    def keep(self, project: Project, job: Row, body: bytes, until: int | None) -> None:
        """Keep what a finished job is answered with; it is good before the moment ``until``."""
        current = self._store.one("SELECT * FROM jobs WHERE number = ?", (job["number"],))
        if current is None or any(current[name] != job[name] for name in _SHOWN_LATER):
            return  # it was removed, or has changed, while its reply was being made
        if len(body) <= _KEPT_BYTES:
            self._store.write(
                "INSERT OR REPLACE INTO replies (job, until, body) VALUES (?, ?, ?)", (job["number"], until, body)
            )
        self._remember(job["id"], _Reply(project.id, job["family"], job["region"], until, body))

    def _remember(self, job_id: str, reply: _Reply) -> None:
        """Keep the newest replies at hand; what is over the bound is forgotten, oldest first."""
        self._bytes += len(reply.body) - len(self._at_hand.pop(job_id, _NONE).body)
        self._at_hand[job_id] = reply
        while self._bytes > _REMEMBERED_BYTES and len(self._at_hand) > 1:
            self._bytes -= len(self._at_hand.pop(next(iter(self._at_hand))).body)

    def forget(self, job: Row) -> None:
        """Forget what a job is answered with: it is not right any more."""
        self._store.write("DELETE FROM replies WHERE job = ?", (job["number"],))
        self._bytes -= len(self._at_hand.pop(job["id"], _NONE).body)

    def reload(self) -> None:
        """Forget which replies are stored."""
        self._at_hand.clear()
        self._bytes = 0
