"""The behaviour: synchronous, without a web framework, and without a vendor's word."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

import mockserver
from mockserver.engine.added import AddedFixtures
from mockserver.engine.answers import Answers
from mockserver.engine.chat.chats import Chats
from mockserver.engine.clock import Clock, ClockState, SystemTime
from mockserver.engine.faults import Faults
from mockserver.engine.fixtures import Fixtures
from mockserver.engine.history import History
from mockserver.engine.jobs import Jobs
from mockserver.engine.journal import Journal
from mockserver.engine.keys import Keys, Project
from mockserver.engine.lanes import Lane, Lanes
from mockserver.engine.limits import Limits
from mockserver.engine.metrics import Metrics
from mockserver.engine.moves import Move
from mockserver.engine.pages import Pages
from mockserver.engine.prompts import Prompts
from mockserver.engine.records import Records
from mockserver.engine.replies import Replies
from mockserver.engine.sinks import Sinks
from mockserver.engine.snapshots import Snapshots
from mockserver.engine.store import DataDirectory, Row, Store
from mockserver.engine.terms import Terms
from mockserver.engine.uploads import Uploads, audio_id
from mockserver.engine.webhooks import Webhooks
from mockserver.settings import Settings

if TYPE_CHECKING:
    from mockserver.engine.streaming.speech import Speech

_logger = logging.getLogger("mockserver")
_JOURNAL_CACHE = 1024
"""KB: what was written last is seldom read."""
PACKAGE = Path(__file__).parent.parent


def fixture_folders(settings: Settings) -> Sequence[Path]:
    """Return the folders to read fixtures from: the ones that come along first."""
    return (*([samples_folder()] if settings.samples else []), *settings.own_fixtures)


def samples_folder() -> Path:
    """Return the folder with the fixtures that come along."""
    installed = PACKAGE / "samples"
    return installed if installed.is_dir() else PACKAGE.parent / "fixtures"


class Engine:
    """Everything that the server does, on one data directory, for the thread that made it."""

    def __init__(self, settings: Settings, lanes: Mapping[str, Lane] | None = None) -> None:
        self.settings = settings
        self.data = DataDirectory(settings.data)
        self.store = Store(self.data.database, durable=not self.data.temporary)
        self.clock = self._stored_clock()
        self.save_clock()
        self.keys = Keys(self.store, self.clock, settings.keys, settings.seed, Terms.of(settings))
        self.uploads = Uploads(self.store, self.keys, self.data.uploads, settings.upload_bytes)
        self.fixtures = Fixtures(fixture_folders(settings), samples_folder())
        self.added = AddedFixtures(self.store)
        self.metrics = Metrics()
        self.chats = Chats(self.fixtures, self.added, self.metrics)
        self.answers = Answers(self.store, self.fixtures, settings.seed)
        self.replies = Replies(self.store)
        self.jobs = Jobs(self.store, self.keys, self.metrics, Lanes(lanes or {}), self.replies)
        self.pages = Pages(self.store, self.jobs)
        self.webhooks = Webhooks(self.store)
        self.prompts = Prompts(self.store, self.keys)
        self.limits = Limits()
        self.sinks = Sinks()
        self.journal_store = Store(
            self.data.journal, durable=not self.data.temporary, schema="journal.sql", cache=_JOURNAL_CACHE
        )
        self.journal = Journal(self.journal_store, settings)
        self.history = History(self.data, settings.journal)
        self.snapshots = Snapshots(self, self.data.path / "snapshots")
        self.records = Records(self.data.database)
        self.faults = Faults(self.store, settings.seed)
        self._forget_replies_of_others()
        if self.store.is_new:
            self.journal.clear()
        else:
            self.uploads.sweep()
            self.answers.forget_orphans()
        for project in self.keys.at_work():
            self.jobs.call_waiting(project)

    def _forget_replies_of_others(self) -> None:
        """Forget the replies that were made by another version, or with other quirks."""
        maker = orjson.dumps([mockserver.__version__, sorted(self.settings.quirks)]).decode()
        row = self.store.one("SELECT value FROM meta WHERE name = 'replies'")
        if row is None or row["value"] != maker:
            self.store.write("DELETE FROM replies")
            self.store.write("INSERT OR REPLACE INTO meta (name, value) VALUES ('replies', ?)", (maker,))

    def _stored_clock(self) -> Clock:
        """Return the clock as it stood, running as fast as the settings say."""
        row = self.store.one("SELECT value FROM meta WHERE name = 'clock'")
        state = ClockState(**orjson.loads(row["value"])) if row else None
        clock = Clock(SystemTime(), state, scale=self.settings.speed)
        clock.scale(self.settings.speed)
        return clock

    def save_clock(self) -> None:
        """Remember how the server's clock stands."""
        state = orjson.dumps(asdict(self.clock.state)).decode()
        self.store.write("INSERT OR REPLACE INTO meta (name, value) VALUES ('clock', ?)", (state,))

    @cached_property
    def speech(self) -> Speech:
        """Return what finds out who speaks in streams; most servers never have one."""
        from mockserver.engine.streaming.speech import Speech

        return Speech(self)

    @property
    def is_seeded(self) -> bool:
        """Say whether the requests of the seed folder have been made."""
        return self.store.one("SELECT 1 FROM meta WHERE name = 'seeded'") is not None

    def note_seeded(self) -> None:
        """Remember that the requests of the seed folder have been made."""
        self.store.write("INSERT OR REPLACE INTO meta (name, value) VALUES ('seeded', '1')")

    def health(self) -> dict[str, Any]:
        """Return what the server is; that it can is a sign that the database answers."""
        self.store.one("SELECT 1")
        return {
            "status": "ok",
            "version": mockserver.__version__,
            "fixtures": len(self.fixtures),
            "fixture_problems": [str(problem) for problem in self.fixtures.problems],
        }

    def settle(self) -> list[Move]:
        """Settle every project; one that cannot be settled is left alone, so that the others go on."""
        moves: list[Move] = []
        for project in list(self.keys.pending.values()):
            try:
                moves += self.jobs.settle(project)
            except Exception:
                _logger.exception("the jobs of %s could not be settled", project.label)
                project.expect(None)
        for project in self.keys.keeping.due():
            self.uploads.expire(project)
        return moves

    def commit(self) -> None:
        """Make everything that was written since the last commit last. If that raises, ``rollback`` is to follow."""
        if self.store.has_group:
            self.keys.save_counters()
        self.store.commit()

    def rollback(self) -> None:
        """Make it as if nothing had been written since the last commit."""
        self.store.rollback()
        self.replies.reload()
        self.answers.reload()
        self.added.reload()
        self.keys.reload()
        self.faults.reload()

    def next_due_in(self) -> float | None:
        """Return the real seconds until a job, a webhook call or the removal of audio may be due, None if none will."""
        jobs = ((project.clock, project.next_due) for project in self.keys.pending.values())
        calls = ((project.clock, project.next_call) for project in self.keys.calling.values())
        waits = [clock.real_seconds_until(due) for clock, due in (*jobs, *calls) if due is not None]
        waits.append(self.keys.keeping.next_look_in())
        return min((wait for wait in waits if wait is not None), default=None)

    def delete(self, project: Project, job: Row) -> None:
        """Forget what a finished job heard, and remove its audio. Raises IllegalMoveError if it is not finished.

        The text itself, which other jobs may share, is removed by the next start.
        """
        self.jobs.delete(project, job)
        if job["upload"] is None:
            self.uploads.remove(audio_id(job["id"]))
        elif not self.jobs.is_heard_by_others(job["upload"]):
            self.uploads.remove(job["upload"])

    def remove(self, project: Project, job: Row) -> None:
        """Delete a finished job, and let it be there no more. Raises IllegalMoveError if it is not finished."""
        self.delete(project, job)
        self.jobs.remove(job)

    def reset_project(self, project: Project) -> None:
        """Remove all that one project has, and start its clock and its ids over."""
        self.webhooks.forget(project.id)
        self.prompts.forget(project.id)
        self.faults.forget(project.id)
        self.jobs.forget(project.id)
        self.journal.forget(project.id)
        self.uploads.forget(project.id)
        self.keys.start_over(project)
        self.chats.forget(project.id)
        self.added.forget(project.id)
        self.limits.forget(project.id)
        self.sinks.forget(project.id)

    def reread(self, project: Project) -> None:
        """Bring what is remembered of a project in line with what is stored, after its rows were replaced."""
        self.replies.reload()
        self.added.reload_scope(project.id)
        self.chats.forget(project.id)
        self.limits.forget(project.id)
        self.faults.reload()
        self.keys.reread(project)

    def reset(self) -> None:
        """Remove everything, and set the clock to real time."""
        self.webhooks.forget(None)
        self.prompts.forget(None)
        self.faults.forget(None)
        self.jobs.clear()
        self.journal.clear()
        self.uploads.forget(None)
        self.answers.forget_orphans()
        self.chats.forget(None)
        self.added.forget(None)
        self.limits.clear()
        self.sinks.forget(None)
        self.clock.reset(self.settings.speed)
        self.save_clock()
        self.keys.start_all_over()

    def close(self) -> None:
        """Write what is pending and let go of the data directory."""
        for write in (self.commit, self.journal.flush):
            try:
                write()
            except sqlite3.Error:
                _logger.exception("what was written last is lost")
        self.store.close()
        self.journal_store.close()
        self.data.close()
