"""The state machine: queued -> processing -> completed | error, and cancelled from either of the first two.

The table of transitions refuses an illegal or a repeated one by its own constraints; ``Round`` never makes any.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mockserver.engine.keys import Project
from mockserver.engine.lanes import Lanes
from mockserver.engine.store import Store
from mockserver.engine.uploads import audio_id

FINISHED = ("completed", "error", "cancelled")
DONE, AUDIO = "done", "audio"
"""The events that a webhook tells of: the job has finished; its redacted audio is ready."""

_BATCH = 256
_FIELDS = (
    "number, id, family, status, due, started, finished, waiting, hold_at, progress, processing_time, "
    "planned_failure, failure, callback IS NOT NULL, redacts, webhook_fault, upload"
)
_DUE = f"SELECT {_FIELDS} FROM jobs WHERE project = ? AND due <= ? ORDER BY due, number LIMIT {_BATCH}"
_ONE = f"SELECT {_FIELDS} FROM jobs WHERE number = ?"
_FIRST_WAITING = (
    f"SELECT {_FIELDS} FROM jobs WHERE project = ? AND family = ? AND waiting ORDER BY priority DESC, number LIMIT 1"
)
_UPDATE = "UPDATE jobs SET status = ?, due = ?, started = ?, finished = ?, waiting = ?, failure = ? WHERE number = ?"
_DELIVER = (
    "INSERT INTO deliveries (project, job, event, created, since, due, held, attempts, delivered) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)"
)
_EXPIRE = "UPDATE uploads SET expires = ? WHERE id = ?"
_HELD = "SELECT 1 FROM deliveries WHERE project = ? AND held"
_RECORD = "INSERT INTO transitions (job, from_status, to_status, at, why) VALUES (?, ?, ?, ?, ?)"


_NewDelivery = tuple[int, int, str, int, int, int | None, bool]


class Move(NamedTuple):
    """One transition of one job, at a moment, and why."""

    job: str
    from_status: str
    to_status: str
    at: int
    why: str


@dataclass(slots=True)
class Moving:
    """A job while it is being moved."""

    number: int
    id: str
    family: str
    status: str
    due: int | None
    started: int | None
    finished: int | None
    waiting: bool
    hold_at: str | None
    progress: str
    processing_time: int
    planned_failure: str | None
    failure: str | None
    calls_back: bool
    redacts: bool
    webhook_fault: str | None
    upload: str | None


class Round:
    """Some moves in one project, within the caller's transaction: made in memory, then written together."""

    def __init__(self, store: Store, project: Project, lanes: Lanes) -> None:
        self._store = store
        self._project = project
        self._lanes = lanes
        self._touched: dict[int, Moving] = {}
        self._unsaved: dict[int, Moving] = {}
        self._due: list[tuple[int, int]] = []
        self._records: list[tuple[Moving, str, str, int, str]] = []
        self._deliveries: list[tuple[Moving, str, int]] = []
        self._expiries: list[tuple[int, str]] = []
        self._running = defaultdict(int, project.running)
        self._waiting = defaultdict(int, project.waiting)
        self.moves: list[Move] = []

    def job(self, number: int) -> Moving:
        """Return a stored job as moved so far."""
        job = self._touched.get(number)
        if job is None:
            row = self._store.one(_ONE, (number,))
            assert row is not None
            job = self._touched[number] = Moving(*row)
        return job

    def run_until(self, now: int) -> None:
        """Move every stored job that is due by ``now``, in due order."""
        self.write()
        while rows := self._store.all(_DUE, (self._project.id, now)):
            for row in rows:
                job = self._touched[row["number"]] = Moving(*row)
                heapq.heappush(self._due, (row["due"], job.number))
            horizon = now if len(rows) < _BATCH else rows[-1]["due"]
            while self._due and self._due[0][0] <= horizon:
                at, number = heapq.heappop(self._due)
                self._step(self.job(number), at)
            self.write()

    def walk(self, job: Moving, now: int) -> None:
        """Move a job that is not stored yet as far as it is due by ``now``."""
        while job.due is not None and job.due <= now:
            self._step(job, job.due)

    def _step(self, job: Moving, at: int) -> None:
        if job.status == "queued":
            self.start_or_wait(job, at, "its time in the queue passed")
        else:
            self.finish(job, at, "its processing time passed")

    def start_or_wait(self, job: Moving, at: int, why: str) -> None:
        """queued -> processing, or wait for a slot where all are taken."""
        if self._has_slot(job.family):
            self.start(job, at, why)
        elif not job.waiting:
            job.waiting, job.due = True, None
            self._waiting[job.family] += 1
            self._note(job)

    def _has_slot(self, family: str) -> bool:
        return self._running[family] < self._lanes.of(family).slots(self._project.terms)

    def start(self, job: Moving, at: int, why: str) -> None:
        """queued -> processing."""
        self._move(job, "processing", at, why)
        self._running[job.family] += 1
        self._waiting[job.family] -= job.waiting
        job.started, job.waiting = at, False
        stays = job.hold_at == "processing" or job.progress == "polls"
        job.due = None if stays else at + job.processing_time
        if job.due is not None and job.number:
            heapq.heappush(self._due, (job.due, job.number))

    def finish(self, job: Moving, at: int, why: str) -> None:
        """processing -> completed or error; the first that waits takes the slot."""
        self._running[job.family] -= 1
        job.failure = job.planned_failure
        self._end(job, "error" if job.failure else "completed", at, why)

    def cancel(self, job: Moving, at: int, why: str) -> None:
        """queued or processing -> cancelled; the first that waits takes the slot."""
        self._running[job.family] -= job.status == "processing"
        self._waiting[job.family] -= job.waiting
        job.waiting = False
        self._end(job, "cancelled", at, why)

    def _end(self, job: Moving, status: str, at: int, why: str) -> None:
        self._move(job, status, at, why)
        job.finished, job.due = at, None
        kept = self._lanes.of(job.family).audio_kept
        if kept is not None:
            self._expiries.append((at + kept, job.upload or audio_id(job.id)))
        if job.calls_back:
            self._deliveries += [(job, event, at) for event in _events(job)]
        self.fill(job.family, at)

    def fill(self, family: str, at: int) -> None:
        """Give the slots of a family that are free to those of its jobs that wait."""
        while self._waiting[family] and self._has_slot(family):
            self.start(self._first_waiting(family), at, "a slot became free")

    def _first_waiting(self, family: str) -> Moving:
        self._save()
        row = self._store.one(_FIRST_WAITING, (self._project.id, family))
        assert row is not None
        return self._touched.setdefault(row["number"], Moving(*row))

    def _move(self, job: Moving, status: str, at: int, why: str) -> None:
        self._records.append((job, job.status, status, at, why))
        self.moves.append(Move(job.id, job.status, status, at, why))
        job.status = status
        self._note(job)

    def _note(self, job: Moving) -> None:
        if job.number:  # one that is not stored yet is stored as it is in the end
            self._unsaved[job.number] = job

    def _save(self) -> None:
        if self._unsaved:
            self._store.run_many(
                _UPDATE,
                [
                    (j.status, j.due, j.started, j.finished, j.waiting, j.failure, j.number)
                    for j in self._unsaved.values()
                ],
            )
            self._unsaved.clear()
        self._store.run_many(_RECORD, [(job.number, *step) for job, *step in self._records])
        self._records.clear()
        if self._expiries:
            if self._store.run_many(_EXPIRE, self._expiries).rowcount:  # most audio is only pretended to be there
                self._project.expect_expiry(min(self._expiries)[0])
            self._expiries.clear()
        if self._deliveries:
            self._deliver()
            self._deliveries.clear()

    def _deliver(self) -> None:
        rows: list[_NewDelivery] = []
        for job, event, at in self._deliveries:
            holds = job.webhook_fault == "reorder" and not self._holds_another(rows)
            due = None if holds or job.webhook_fault == "drop" else at
            rows.append((self._project.id, job.number, event, at, at, due, holds))
        self._store.run_many(_DELIVER, rows)
        if dues := [due for *_, due, _ in rows if due is not None]:
            self._project.expect_call(min(dues))

    def _holds_another(self, rows: Iterable[_NewDelivery]) -> bool:
        """Say whether a call is held back already, which this one can go before."""
        return any(holds for *_, holds in rows) or self._store.one(_HELD, (self._project.id,)) is not None

    def write(self) -> None:
        """Write what was moved."""
        self._save()
        self._touched.clear()
        self._due.clear()
        self._project.running, self._project.waiting = self._running, self._waiting


def _events(job: Moving) -> tuple[str, ...]:
    events = (DONE, AUDIO) if job.redacts and job.status == "completed" else (DONE,)
    return tuple(event for event in events for _ in range(2 if job.webhook_fault == "twice" else 1))
