"""Prepares jobs: finds their audio and works out their answers, outside the event loop where that takes long."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from mockserver.engine import Engine
from mockserver.engine.added import Choice
from mockserver.engine.answers import Plan, perform
from mockserver.engine.fixture import Outcome, Question
from mockserver.engine.keys import Project
from mockserver.engine.media import Sound, Unusable
from mockserver.engine.options import Options
from mockserver.engine.store import Row
from mockserver.engine.uploads import audio_id
from mockserver.web.sources import Audio, InThread, Sources
from mockserver.web.workshop import Workshop

_PATIENCE = 30.0
_logger = logging.getLogger("mockserver")


@dataclass(slots=True, eq=False)
class _Entry:
    """A job that is being prepared; ``is_worked_out`` without a plan means that it could not be."""

    number: int
    job: str
    project: int
    is_downloaded: bool
    noted: asyncio.Future[None]
    choice: Choice | None = None
    """None: which added fixture answers is not decided yet."""
    plan: Plan | None = None
    is_worked_out: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Preparer:
    """The jobs of a project move on in the order in which they came, those aside whose audio is downloaded.

    They stand in a line; a plan is noted when all before it are.
    """

    def __init__(self, engine: Engine, sources: Sources, in_slow_thread: InThread, workshop: Workshop) -> None:
        self._engine = engine
        self._sources = sources
        self._in_slow_thread = in_slow_thread
        self._workshop = workshop
        self._entries: dict[int, _Entry] = {}
        self._lines: dict[int, deque[_Entry]] = {}

    async def stop(self) -> None:
        """Stop; what is not prepared is prepared by the next server."""
        tasks = [entry.task for entry in self._entries.values() if entry.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def has_line(self, project: Project) -> bool:
        """Say whether a new job of the project has to wait for earlier ones."""
        return project.id in self._lines

    def choose(self, project: Project, question: Question, audio: Audio | None) -> Choice | None:
        """Take a use of the added fixture that answers, if it can be told already which one does."""
        return None if audio is None else self._engine.added.choose(project.id, question)

    def known(self, question: Question, audio: Audio | None, choice: Choice | None) -> Plan | None:
        """Return the plan of a job if it needs no work."""
        if audio is None or choice is None:
            return None
        return self._engine.answers.known(question, audio.found, choice.fixture)

    def settled(self, choice: Choice | None) -> None:
        """Take note that a job is answered by what was chosen."""
        if choice is not None and choice.added is not None:
            self._engine.added.spend(choice)

    def prepare(self, number: int, plan: Plan | None = None, choice: Choice | None = None) -> None:
        """Prepare a job in the background; ``plan`` and ``choice`` are given if they are known already."""
        job = self._engine.jobs.by_number(number)
        if job is None:
            return
        noted = asyncio.get_running_loop().create_future()
        entry = _Entry(number, job["id"], job["project"], self._sources.is_downloaded(job), noted, choice)
        self._entries[number] = entry
        if not entry.is_downloaded:
            self._lines.setdefault(entry.project, deque()).append(entry)
        if plan is None:
            entry.task = asyncio.create_task(self._work_out(job, entry))
        else:
            self._worked_out(entry, plan)

    def resume(self) -> None:
        """Prepare every job that is stored without a plan, and is not being prepared."""
        for number in self._engine.jobs.unprepared():
            if number not in self._entries:
                self.prepare(number)

    def drop(self, job: Row) -> None:
        """Break off the download for a job that has ended meanwhile."""
        entry = self._entries.get(job["number"])
        if entry is not None and entry.is_downloaded:
            self._break_off(entry)

    def sweep(self) -> None:
        """Break off everything for jobs that are gone: their ids may soon be those of others."""
        for entry in self._entries.values():
            if self._engine.jobs.by_number(entry.number) is None:
                self._break_off(entry)

    @staticmethod
    def _break_off(entry: _Entry) -> None:
        if entry.task is not None:  # one that has not begun would not end as it should
            asyncio.get_running_loop().call_soon(entry.task.cancel)

    async def prepared(self, job: Row) -> None:
        """Wait until a job that needs no download is prepared."""
        if not job["prepared"] and job["number"] not in self._entries:
            self.prepare(job["number"])
        entry = self._entries.get(job["number"])
        if entry is not None:
            await self._wait([entry], _PATIENCE)

    async def all_prepared(self, project: Project | None, patience: float = _PATIENCE) -> None:
        """Wait until every such job of a project, or of all, is prepared; at most ``patience`` seconds."""
        waiting = [e for e in self._entries.values() if project is None or e.project == project.id]
        await self._wait(waiting, patience)

    @staticmethod
    async def _wait(entries: Iterable[_Entry], patience: float) -> None:
        waited_for = [entry.noted for entry in entries if not entry.is_downloaded]
        if waited_for:
            await asyncio.wait(waited_for, timeout=patience)

    async def _work_out(self, job: Row, entry: _Entry) -> None:
        plan = None
        try:
            plan = await self._plan_of(job, entry)
        except sqlite3.Error:
            _logger.exception("job %s could not be prepared now; it will be when it is asked for", job["id"])
        except Exception:
            _logger.exception("job %s could not be prepared", job["id"])
            plan = Plan(None, Outcome(), Unusable("server_error"))
        finally:
            self._worked_out(entry, plan)

    async def _plan_of(self, job: Row, entry: _Entry) -> Plan:
        project = self._engine.keys.project(job["project"])
        audio = await self._sources.find(project, job)
        options = Options.decode(job["options"])
        asked = question(job["url"], audio, job["language"], job["key"], orjson.loads(job["params"]), options)
        answers = self._engine.answers
        if entry.choice is None:
            entry.choice = self._engine.added.choose(project.id, asked)
        added = entry.choice.fixture
        known = answers.known(asked, audio.found, added)
        if known is not None:
            return known
        path = self._sources.path_of(job, audio) if isinstance(audio.found, Sound) else None
        script = await self._in_slow_thread(answers.begin, asked, audio.found, path, added)
        if isinstance(script, Plan):
            return script
        run = self._workshop.run if script.is_long else self._in_slow_thread
        return answers.keep(await run(perform, script))

    def _worked_out(self, entry: _Entry, plan: Plan | None) -> None:
        entry.plan, entry.is_worked_out = plan, True
        if entry.is_downloaded:
            self._note(entry)
            return
        line = self._lines[entry.project]
        while line and line[0].is_worked_out:
            self._note(line.popleft())
        if not line:
            del self._lines[entry.project]

    def _note(self, entry: _Entry) -> None:
        del self._entries[entry.number]
        try:
            self._store(entry)
        except sqlite3.Error:
            _logger.exception("a job could not be prepared now; it will be when it is asked for")
        finally:
            entry.noted.set_result(None)

    def _store(self, entry: _Entry) -> None:
        is_noted = entry.plan is not None and self._engine.jobs.prepare(
            self._engine.keys.project(entry.project), entry.number, entry.plan
        )
        if not is_noted and not self._is_wanted(entry):  # the job has ended meanwhile: nobody wants its audio any more
            self._engine.uploads.remove(audio_id(entry.job))
        if entry.choice is not None:
            (self._engine.added.spend if is_noted else self._engine.added.give_back)(entry.choice)

    def _is_wanted(self, entry: _Entry) -> bool:
        """Say whether the audio of a job that was not prepared is wanted, by that job or another of the same id."""
        job = self._engine.jobs.find(entry.job)
        return job is not None and (job["number"] != entry.number or not job["prepared"])


def question(
    url: str, audio: Audio | None, language: str | None, key: str, params: Mapping[str, Any], options: Options
) -> Question:
    """Return what a fixture is matched on."""
    if audio is None:
        return Question(url, None, None, None, language, key, params, options)
    return Question(url, audio.file_name, audio.sha256, audio.size, language, key, params, options)
