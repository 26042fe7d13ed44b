"""The state machine: queued -> processing -> completed | error, stored, and moved by ``settle``.

A job's row holds its status and the moment at which its next transition is due; a job that is held, that
waits for a slot, that is moved by polls, or that is not prepared yet has none. Every transition is a row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from mockserver.engine.answers import FAILURE_TEXT, Plan
from mockserver.engine.clock import SECOND
from mockserver.engine.keys import Keys, Project, mask
from mockserver.engine.store import Store
from mockserver.settings import Progress, Settings

FINISHED = ("completed", "error")
_ORDER = {"queued": 0, "processing": 1, "completed": 2, "error": 2}

_DUE = "SELECT * FROM jobs WHERE project = ? AND due <= ? ORDER BY due, number LIMIT 1"
_NEXT_DUE = "SELECT min(due) FROM jobs WHERE project = ? AND due IS NOT NULL"
_RUNNING = "SELECT count(*) FROM jobs WHERE project = ? AND status = 'processing'"
_OLDEST_WAITING = "SELECT * FROM jobs WHERE project = ? AND waiting ORDER BY number LIMIT 1"


class IllegalMoveError(Exception):
    """The job's status does not allow that; the message says why."""


@dataclass(frozen=True)
class Submission:
    """A job to be; ``progress`` is what the request itself asks for."""

    family: str
    url: str
    upload: str | None
    language: str | None
    key: str
    params: Mapping[str, Any]
    progress: Progress | None = None


class Move(NamedTuple):
    """One transition of one job, at a moment, and why."""

    job: str
    from_status: str
    to_status: str
    at: int
    why: str


@dataclass(frozen=True, slots=True)
class _Pace:
    """How a job is to move on; times in microseconds."""

    progress: Progress
    queue_time: int
    processing_time: int
    hold_at: str | None


class Jobs:
    """The jobs of every project."""

    def __init__(self, store: Store, keys: Keys, settings: Settings) -> None:
        self._store = store
        self._keys = keys
        self._settings = settings

    def submit(self, project: Project, submission: Submission, plan: Plan | None) -> sqlite3.Row:
        """Store a new queued job; without a plan it stays queued until ``prepare`` brings one."""
        now = project.clock.now()
        with self._store.transaction():
            job_id = str(self._keys.next_id(project, "job"))
            cursor = self._store.run(
                "INSERT INTO jobs (id, project, family, status, progress, created, waiting, prepared, queue_time, "
                "url, upload, language, params, key) VALUES (?, ?, ?, 'queued', ?, ?, 0, 0, 0, ?, ?, ?, ?, ?)",
                (
                    job_id,
                    project.id,
                    submission.family,
                    submission.progress or "",
                    now,
                    submission.url,
                    submission.upload,
                    submission.language,
                    orjson.dumps(submission.params).decode(),
                    submission.key,
                ),
            )
            number = cursor.lastrowid
            assert number is not None
            self._record(number, "", "queued", now, "submitted")
            if plan is not None:
                self.prepare(project, number, plan)
        job = self.by_number(number)
        assert job is not None
        return job

    def prepare(self, project: Project, number: int, plan: Plan) -> None:
        """Note how a job will end, and when it moves on; nothing happens if the job is gone."""
        job = self.by_number(number)
        if job is None or job["prepared"]:
            return
        pace = self._pace(job, plan)
        held = job["hold_at"] or pace.hold_at
        waits = held == "queued" or pace.progress == "polls"
        due = None if waits else job["created"] + pace.queue_time
        failure = plan.failure
        self._store.run(
            "UPDATE jobs SET prepared = 1, due = ?, hold_at = ?, progress = ?, queue_time = ?, processing_time = ?, "
            "fixture = ?, transcript = ?, duration = ?, channels = ?, planned_failure = ?, detail = ?, key = ? "
            "WHERE number = ?",
            (
                due,
                held,
                pace.progress,
                pace.queue_time,
                pace.processing_time,
                plan.fixture,
                plan.transcript,
                plan.duration,
                plan.channels,
                failure and failure.reason,
                failure and failure.detail,
                mask(job["key"]),
                number,
            ),
        )
        if due is not None and (project.next_due is None or due < project.next_due):
            project.next_due = due

    def _pace(self, job: sqlite3.Row, plan: Plan) -> _Pace:
        settings, outcome = self._settings, plan.outcome
        timed_here = outcome.queue_time is not None or outcome.processing_time is not None
        progress = job["progress"] or outcome.progress or ("timed" if timed_here else settings.progress)
        hold_at = "queued" if progress == "held" else outcome.hold
        if progress != "timed":
            return _Pace(progress, 0, 0, hold_at)
        processing_time = outcome.processing_time
        if processing_time is None and settings.processing_seconds is not None:
            processing_time = round(settings.processing_seconds * SECOND)
        if processing_time is None:
            processing_time = round((plan.duration or 0) * 1000 * settings.processing_share)
        queue_time = outcome.queue_time
        if queue_time is None:
            queue_time = round(settings.queue_seconds * SECOND)
        return _Pace(progress, queue_time, processing_time, hold_at)

    def settle(self, project: Project) -> list[Move]:
        """Move every job of the project that is due, in due order, and return the transitions."""
        now = project.clock.now()
        if project.next_due is None or project.next_due > now:
            return []
        moves: list[Move] = []
        with self._store.transaction():
            while job := self._store.one(_DUE, (project.id, now)):
                if job["status"] == "queued":
                    moves += self._start_if_free(project, job, job["due"], "its time in the queue passed")
                else:
                    moves += self._finish(project, job, job["due"], "its processing time passed")
            self._note_next_due(project)
        return moves

    def poll(self, project: Project, job: sqlite3.Row) -> list[Move]:
        """Move a job that goes by polls one state on."""
        if job["progress"] != "polls" or not job["prepared"] or job["hold_at"] == job["status"]:
            return []
        now = project.clock.now()
        with self._store.transaction():
            if job["status"] == "queued":
                moves = self._start_if_free(project, job, now, "polled")
            elif job["status"] == "processing":
                moves = self._finish(project, job, now, "polled")
            else:
                moves = []
            self._note_next_due(project)
        return moves

    def hold(self, job: sqlite3.Row) -> None:
        """Keep a job in the status that it has until it is released. Raises IllegalMoveError if it is finished."""
        self._refuse_finished(job, "held")
        with self._store.transaction():
            self._store.run(
                "UPDATE jobs SET hold_at = status, due = NULL, waiting = 0 WHERE number = ?", (job["number"],)
            )
            self._note_next_due(self._keys.project(job["project"]))

    def release(self, job: sqlite3.Row) -> list[Move]:
        """Let a held job go on now. Raises IllegalMoveError if it is finished, or not held."""
        self._refuse_finished(job, "released")
        if job["hold_at"] is None:
            raise IllegalMoveError(f"job {job['id']} is not held")
        project = self._keys.project(job["project"])
        due = project.clock.now() if job["prepared"] and job["progress"] != "polls" else None
        with self._store.transaction():
            progress = "instant" if job["progress"] == "held" else job["progress"]
            self._store.run(
                "UPDATE jobs SET hold_at = NULL, due = ?, progress = ? WHERE number = ?",
                (due, progress, job["number"]),
            )
            self._note_next_due(project)
        return self.settle(project)

    def fail(self, job: sqlite3.Row, text: str) -> list[Move]:
        """End a job as error with this text now. Raises IllegalMoveError if it is finished."""
        self._refuse_finished(job, "failed")
        project = self._keys.project(job["project"])
        now = project.clock.now()
        moves: list[Move] = []
        with self._store.transaction():
            self._store.run(
                "UPDATE jobs SET planned_failure = ?, detail = ?, hold_at = NULL, prepared = 1, progress = 'instant', "
                "processing_time = 0 WHERE number = ?",
                (FAILURE_TEXT, text, job["number"]),
            )
            if job["status"] == "queued":
                moves += self._start(job, now, "failed through control")
            fresh = self.by_number(job["number"])
            assert fresh is not None
            moves += self._finish(project, fresh, now, "failed through control")
            self._note_next_due(project)
        return moves + self.settle(project)

    def _start_if_free(self, project: Project, job: sqlite3.Row, at: int, why: str) -> list[Move]:
        running = self._store.one(_RUNNING, (project.id,))
        if running is not None and running[0] < self._settings.concurrency:
            return self._start(job, at, why)
        self._store.run("UPDATE jobs SET waiting = 1, due = NULL WHERE number = ?", (job["number"],))
        return []

    def _start(self, job: sqlite3.Row, at: int, why: str) -> list[Move]:
        stays = job["hold_at"] == "processing" or job["progress"] == "polls"
        due = None if stays else at + (job["processing_time"] or 0)
        self._store.run(
            "UPDATE jobs SET status = 'processing', started = ?, due = ?, waiting = 0 WHERE number = ?",
            (at, due, job["number"]),
        )
        self._record(job["number"], "queued", "processing", at, why)
        return [Move(job["id"], "queued", "processing", at, why)]

    def _finish(self, project: Project, job: sqlite3.Row, at: int, why: str) -> list[Move]:
        status = "error" if job["planned_failure"] else "completed"
        self._store.run(
            "UPDATE jobs SET status = ?, finished = ?, due = NULL, failure = planned_failure WHERE number = ?",
            (status, at, job["number"]),
        )
        self._record(job["number"], "processing", status, at, why)
        moves = [Move(job["id"], "processing", status, at, why)]
        waiting = self._store.one(_OLDEST_WAITING, (project.id,))
        if waiting is not None:
            moves += self._start_if_free(project, waiting, at, "a slot became free")
        return moves

    def _record(self, number: int, from_status: str, to_status: str, at: int, why: str) -> None:
        self._store.run(
            "INSERT INTO transitions (job, from_status, to_status, at, why) VALUES (?, ?, ?, ?, ?)",
            (number, from_status, to_status, at, why),
        )

    def _note_next_due(self, project: Project) -> None:
        row = self._store.one(_NEXT_DUE, (project.id,))
        project.next_due = row[0] if row else None

    @staticmethod
    def _refuse_finished(job: sqlite3.Row, verb: str) -> None:
        if job["status"] in FINISHED:
            raise IllegalMoveError(f"job {job['id']} is {job['status']} and cannot be {verb}")

    def by_number(self, number: int) -> sqlite3.Row | None:
        """Return a job by its row number."""
        return self._store.one("SELECT * FROM jobs WHERE number = ?", (number,))

    def find(self, job_id: str, project: Project | None = None) -> sqlite3.Row | None:
        """Return a job by its id; with a project only if it is one of that project's."""
        job = self._store.one("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return job if job is None or project is None or job["project"] == project.id else None

    def unprepared(self) -> Sequence[int]:
        """Return the numbers of the jobs that have no plan yet, oldest first."""
        return [row["number"] for row in self._store.all("SELECT number FROM jobs WHERE NOT prepared ORDER BY number")]

    def transitions(self, number: int) -> list[sqlite3.Row]:
        """Return a job's transitions, in order."""
        rows = self._store.all("SELECT * FROM transitions WHERE job = ?", (number,))
        return sorted(rows, key=lambda row: _ORDER[row["to_status"]])

    def transcript(self, job: sqlite3.Row) -> bytes:
        """Return the encoded transcript of a completed job."""
        row = self._store.one("SELECT body FROM transcripts WHERE key = ?", (job["transcript"],))
        assert row is not None
        body: bytes = row["body"]
        return body

    def finished_reply(self, job_id: str, project: Project) -> bytes | None:
        """Return the stored bytes that a finished job is answered with."""
        row = self._store.one(
            "SELECT replies.body FROM jobs JOIN replies ON replies.job = jobs.number "
            "WHERE jobs.id = ? AND jobs.project = ?",
            (job_id, project.id),
        )
        body: bytes | None = row["body"] if row else None
        return body

    def keep_reply(self, job: sqlite3.Row, body: bytes) -> None:
        """Store the bytes that a finished job is answered with."""
        self._store.run("INSERT OR REPLACE INTO replies (job, body) VALUES (?, ?)", (job["number"], body))

    def forget(self, project: int) -> None:
        """Remove every job of a project."""
        for table in ("transitions", "replies"):
            self._store.run(
                f"DELETE FROM {table} WHERE job IN (SELECT number FROM jobs WHERE project = ?)",
                (project,),
            )
        self._store.run("DELETE FROM jobs WHERE project = ?", (project,))
