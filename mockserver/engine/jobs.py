"""The jobs: submit, prepare, settle, poll, hold, release, fail.

A job's row holds its status and the moment at which its next transition is due; a job that is held, that
waits for a slot, that is moved by polls, or that is not prepared yet has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mockserver.engine.answers import FAILURE_TEXT, Plan
from mockserver.engine.keys import IdForm, Keys, Project, as_uuid, mask
from mockserver.engine.lanes import Lanes
from mockserver.engine.metrics import Metrics
from mockserver.engine.moves import FINISHED, Move, Moving, Round
from mockserver.engine.options import AS_USUAL, Options
from mockserver.engine.pace import Pace, pace_of
from mockserver.engine.replies import Replies
from mockserver.engine.store import Row, Store
from mockserver.settings import Progress

_PLANNED = (
    "prepared, due, progress, hold_at, queue_time, processing_time, key, fixture, transcript, duration, channels, "
    "silent, spoken, planned_failure, detail"
)
_COLUMNS = (
    "id, project, family, region, status, created, started, finished, waiting, url, upload, language, params, failure, "
    f"options, callback, redacts, webhook_fault, priority, fallback, removed, {_PLANNED}"
)
_INSERT = f"INSERT INTO jobs ({_COLUMNS}) VALUES ({', '.join('?' * len(_COLUMNS.split()))})"
_PREPARE = f"UPDATE jobs SET {_PLANNED.replace(', ', ' = ?, ')} = ? WHERE number = ?"
_NEXT_DUE = "SELECT min(due) FROM jobs WHERE project = ? AND due IS NOT NULL"


class IllegalMoveError(Exception):
    """The job's status does not allow that; the message says why."""


class JobFault(NamedTuple):
    """What goes wrong with a job: the text that it fails with, the status that it stays in, and its webhook's fault.

    ``fallback`` says that the first engine fails, and another takes over.
    """

    fail: str | None = None
    hold: str | None = None
    webhook: str | None = None
    fallback: bool = False


FAULTLESS = JobFault()


class Submission(NamedTuple):
    """A job to be; ``progress`` is what the request itself asks for."""

    family: str
    url: str
    upload: str | None
    language: str | None
    key: str
    params: str
    """The request's parameters, as JSON."""
    progress: Progress | None = None
    options: Options = AS_USUAL
    callback: str | None = None
    """Whom to tell when the job has finished, as JSON that the family reads."""
    redacts: bool = False
    """Redacted audio is to be made."""
    fault: JobFault = FAULTLESS
    priority: int = 0
    """Of the jobs that wait for a slot, those with more of it go first."""
    id_form: IdForm = as_uuid
    region: str = ""
    """Where the job is to be, among places that do not see each other."""


def _planned(plan: Plan, pace: Pace, created: int, key: str) -> dict[str, Any]:
    """Return the columns that a plan decides on."""
    return {
        "prepared": True,
        "due": pace.due(created),
        "progress": pace.progress,
        "hold_at": pace.hold_at,
        "queue_time": pace.queue_time,
        "processing_time": pace.processing_time,
        "key": mask(key),
        "fixture": plan.fixture,
        "transcript": plan.transcript,
        "duration": plan.duration,
        "channels": plan.channels,
        "silent": plan.silent,
        "spoken": plan.language,
        "planned_failure": plan.failure and plan.failure.reason,
        "detail": plan.failure and plan.failure.detail,
    }


_UNPLANNED = dict.fromkeys(_PLANNED.split(", ")) | {
    "prepared": False,
    "silent": False,
    "queue_time": 0,
    "processing_time": 0,
}


class Jobs:
    """The jobs of every project."""

    def __init__(self, store: Store, keys: Keys, metrics: Metrics, lanes: Lanes, replies: Replies) -> None:
        self._store = store
        self._lanes = lanes
        self._metrics = metrics
        self._keys = keys
        self._replies = replies

    def submit(self, project: Project, submission: Submission, plan: Plan | None) -> tuple[int, Row]:
        """Store a new job and return its number, and the job as it was when it was queued.

        With a plan it has moved as far as it is due at once; without one it stays queued until ``prepare``.
        """
        self.settle(project)
        now = project.clock.now()
        job = self._queued(project, submission, plan, now)
        moving = Moving(
            0, job["id"], job["family"], "queued", job["due"], None, None, False, job["hold_at"], job["progress"],
            job["processing_time"], job["planned_failure"], None, job["callback"] is not None, job["redacts"],
            job["webhook_fault"], job["upload"],
        )  # fmt: skip
        moved = self._round(project)
        moved.walk(moving, now)
        stored = job | {
            "status": moving.status,
            "due": moving.due,
            "started": moving.started,
            "finished": moving.finished,
            "waiting": moving.waiting,
            "failure": moving.failure,
        }
        with self._store.all_or_nothing():
            moving.number = self._store.run(_INSERT, tuple(stored.values())).lastrowid or 0
            moved.write()
        project.notice(moving.due)
        self._metrics.moved(moved.moves)
        if plan is not None:
            self._metrics.matched(plan.fixture)
        return moving.number, job | {"callback_status": None}

    def _queued(self, project: Project, submission: Submission, plan: Plan | None, now: int) -> dict[str, Any]:
        job = {
            "id": self._keys.next_job_id(project, submission.id_form),
            "project": project.id,
            "family": submission.family,
            "region": submission.region,
            "status": "queued",
            "created": now,
            "started": None,
            "finished": None,
            "waiting": False,
            "url": submission.url,
            "upload": submission.upload,
            "language": submission.language,
            "params": submission.params,
            "failure": None,
            "options": submission.options.encode(),
            "callback": submission.callback,
            "redacts": submission.redacts,
            "webhook_fault": submission.fault.webhook,
            "priority": submission.priority,
            "fallback": submission.fault.fallback,
            "removed": False,
        }
        fault = submission.fault
        failure = {} if fault.fail is None else {"planned_failure": FAILURE_TEXT, "detail": fault.fail}
        if plan is not None:
            pace = pace_of(project.terms, self._lanes.of(submission.family), submission.progress, plan)
            pace = pace._replace(hold_at=fault.hold) if fault.hold else pace
            return job | _planned(plan, pace, now, submission.key) | failure
        held_at = "queued" if submission.progress == "held" else None
        unplanned = {"progress": submission.progress or "", "hold_at": fault.hold or held_at, "key": submission.key}
        return job | _UNPLANNED | unplanned | failure

    def prepare(self, project: Project, number: int, plan: Plan) -> bool:
        """Note how a job will end, and when it moves on; return False if it is gone or has ended."""
        job = self.by_number(number)
        if job is None or job["prepared"]:
            return False
        pace = pace_of(project.terms, self._lanes.of(job["family"]), job["progress"] or None, plan)
        if job["hold_at"]:
            pace = pace._replace(hold_at=job["hold_at"])
        planned = _planned(plan, pace, job["created"], job["key"])
        if job["planned_failure"]:  # a fault had it so from the beginning
            planned |= {"planned_failure": job["planned_failure"], "detail": job["detail"]}
        self._store.write(_PREPARE, (*planned.values(), number))
        project.notice(planned["due"])
        self._metrics.matched(plan.fixture)
        return True

    def call_waiting(self, project: Project) -> None:
        """Let the jobs that wait for a slot have those that are free, in their order: there may be more slots now."""
        families = [family for family, waiting in project.waiting.items() if waiting]
        if not families:
            return
        now = project.clock.now()
        with self._store.transaction():
            moving = self._round(project)
            moving.run_until(now)
            for family in families:
                moving.fill(family, now)
            moving.run_until(now)
            self._end(project, moving)

    def settle(self, project: Project) -> list[Move]:
        """Move every job of the project that is due, in due order, and return the transitions."""
        now = project.clock.now()
        if project.next_due is None or project.next_due > now:
            return []
        with self._store.transaction():
            moving = self._round(project)
            moving.run_until(now)
            return self._end(project, moving)

    def poll(self, project: Project, job: Row) -> list[Move]:
        """Move a job that goes by polls one state on."""
        if job["progress"] != "polls" or not job["prepared"] or job["hold_at"] == job["status"]:
            return []
        now = project.clock.now()
        with self._store.transaction():
            moving = self._round(project)
            if job["status"] == "queued":
                moving.start_or_wait(moving.job(job["number"]), now, "polled")
            elif job["status"] == "processing":
                moving.finish(moving.job(job["number"]), now, "polled")
            return self._end(project, moving)

    def hold(self, job: Row) -> None:
        """Keep a job in the status that it has until it is released. Raises IllegalMoveError if it is finished."""
        self._refuse_finished(job, "held")
        project = self._keys.project(job["project"])
        with self._store.transaction():
            self._store.run(
                "UPDATE jobs SET hold_at = status, due = NULL, waiting = 0 WHERE number = ?", (job["number"],)
            )
            if job["waiting"]:
                project.waiting = {**project.waiting, job["family"]: project.waiting[job["family"]] - 1}
            self._note_next_due(project)

    def release(self, job: Row) -> list[Move]:
        """Let a held job go on now. Raises IllegalMoveError if it is finished, or not held."""
        self._refuse_finished(job, "released")
        if job["hold_at"] != job["status"]:
            raise IllegalMoveError(f"job {job['id']} is not held")
        project = self._keys.project(job["project"])
        due = project.clock.now() if job["prepared"] and job["progress"] != "polls" else None
        progress = "instant" if job["progress"] == "held" else job["progress"]
        with self._store.transaction():
            self._store.run(
                "UPDATE jobs SET hold_at = NULL, due = ?, progress = ? WHERE number = ?",
                (due, progress, job["number"]),
            )
            self._note_next_due(project)
        return self.settle(project)

    def fail(self, job: Row, text: str) -> list[Move]:
        """End a job as error with this text now. Raises IllegalMoveError if it is finished."""
        self._refuse_finished(job, "failed")
        project = self._keys.project(job["project"])
        now = project.clock.now()
        with self._store.transaction():
            self._store.run(
                "UPDATE jobs SET planned_failure = ?, detail = ?, hold_at = NULL, prepared = 1, key = ? "
                "WHERE number = ?",
                (FAILURE_TEXT, text, mask(job["key"]), job["number"]),
            )
            moving = self._round(project)
            if job["status"] == "queued":
                moving.start(moving.job(job["number"]), now, "failed through control")
            moving.finish(moving.job(job["number"]), now, "failed through control")
            moving.run_until(now)
            return self._end(project, moving)

    def cancel(self, job: Row) -> list[Move]:
        """End a job as cancelled now. Raises IllegalMoveError if it is finished."""
        self._refuse_finished(job, "cancelled")
        project = self._keys.project(job["project"])
        now = project.clock.now()
        with self._store.transaction():
            self._store.run(
                "UPDATE jobs SET hold_at = NULL, prepared = 1, key = ? WHERE number = ?",
                (mask(job["key"]), job["number"]),
            )
            moving = self._round(project)
            moving.cancel(moving.job(job["number"]), now, "cancelled by the client")
            moving.run_until(now)
            return self._end(project, moving)

    def _round(self, project: Project) -> Round:
        return Round(self._store, project, self._lanes)

    def _end(self, project: Project, moving: Round) -> list[Move]:
        moving.write()
        self._note_next_due(project)
        self._metrics.moved(moving.moves)
        return moving.moves

    def _note_next_due(self, project: Project) -> None:
        row = self._store.one(_NEXT_DUE, (project.id,))
        project.expect(row[0] if row else None)

    @staticmethod
    def _refuse_finished(job: Row, verb: str) -> None:
        if job["status"] in FINISHED:
            raise IllegalMoveError(f"job {job['id']} is {job['status']} and cannot be {verb}")

    def by_number(self, number: int) -> Row | None:
        """Return a job by its row number."""
        return self._store.one("SELECT * FROM jobs WHERE number = ?", (number,))

    def find(self, job_id: str, project: Project | None = None) -> Row | None:
        """Return a job by its id; with a project only if it is one of that project's."""
        job = self._store.one("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return job if job is None or project is None or job["project"] == project.id else None

    def unprepared(self) -> Sequence[int]:
        """Return the numbers of the jobs that have no plan yet, oldest first."""
        rows = self._store.all("SELECT number FROM jobs WHERE NOT prepared ORDER BY number")
        return [row["number"] for row in rows]

    def is_there(self, number: int) -> bool:
        """Say whether a job is stored and not deleted."""
        return self._store.one("SELECT 1 FROM jobs WHERE number = ? AND deleted IS NULL", (number,)) is not None

    def transitions(self, number: int) -> Sequence[Row]:
        """Return a job's transitions."""
        return self._store.all("SELECT * FROM transitions WHERE job = ?", (number,))

    def transcript(self, job: Row) -> bytes:
        """Return the encoded transcript of a completed job that is not deleted."""
        row = self._store.one("SELECT body FROM transcripts WHERE key = ?", (job["transcript"],))
        assert row is not None
        body: bytes = row["body"]
        return body

    def unfinished(self, project: Project, family: str) -> int:
        """Return how many jobs of a family have not ended."""
        self.settle(project)
        row = self._store.one(
            "SELECT count(*) FROM jobs WHERE project = ? AND family = ? AND status <> 'completed' "
            "AND status IN ('queued', 'processing')",
            (project.id, family),
        )
        return row[0] if row else 0

    def heard_since(self, project: Project, family: str, since: int) -> int:
        """Return the milliseconds of audio of the jobs since a moment, but for those that came to nothing."""
        row = self._store.one(
            "SELECT coalesce(sum(coalesce(jobs.duration, uploads.duration)), 0) FROM jobs "
            "LEFT JOIN uploads ON uploads.id = jobs.upload "
            "WHERE jobs.project = ? AND family = ? AND jobs.created >= ? AND status NOT IN ('error', 'cancelled')",
            (project.id, family, since),
        )
        return row[0] if row else 0

    def remove(self, job: Row) -> None:
        """Let a job be there no more, for clients."""
        self._store.write("UPDATE jobs SET removed = 1 WHERE number = ?", (job["number"],))
        self._replies.forget(job)

    def delete(self, project: Project, job: Row) -> None:
        """Forget what a finished job heard. Raises IllegalMoveError if it is not finished."""
        if job["status"] not in FINISHED:
            raise IllegalMoveError(f"job {job['id']} is {job['status']} and cannot be deleted")
        if job["deleted"] is not None:
            return
        self._store.write("UPDATE jobs SET deleted = ? WHERE number = ?", (project.clock.now(), job["number"]))
        self._replies.forget(job)

    def is_heard_by_others(self, upload: str) -> bool:
        """Say whether a job that is not deleted is of this upload."""
        found = self._store.one("SELECT 1 FROM jobs WHERE upload = ? AND deleted IS NULL LIMIT 1", (upload,))
        return found is not None

    def forget(self, project: int) -> None:
        """Remove every job of a project."""
        for table in ("transitions", "replies"):
            self._store.write(
                f"DELETE FROM {table} WHERE job IN (SELECT number FROM jobs WHERE project = ?)", (project,)
            )
        self._store.write("DELETE FROM jobs WHERE project = ?", (project,))
        self._replies.reload()

    def clear(self) -> None:
        """Remove every job."""
        for table in ("transitions", "replies", "jobs"):
            self._store.write(f"DELETE FROM {table}")
        self._replies.reload()
