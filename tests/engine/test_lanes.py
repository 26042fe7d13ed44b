"""The jobs of two APIs in one project: each has slots of its own, and nothing that happens to a job mixes them up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import Engine
from mockserver.engine.answers import Plan
from mockserver.engine.clock import SECOND
from mockserver.engine.fixture import Outcome
from mockserver.engine.jobs import IllegalMoveError, Submission
from mockserver.engine.keys import Project
from mockserver.engine.lanes import Lane
from mockserver.engine.media import Unusable
from mockserver.engine.store import Row
from mockserver.settings import Settings

FAMILIES = ("narrow", "wide")
LANES = {
    "narrow": Lane(lambda terms: terms.concurrency or 1),
    "wide": Lane(lambda terms: (terms.concurrency or 1) + 1),
}


@contextmanager
def engine(**flags: Any) -> Iterator[Engine]:
    made = Engine(Settings(samples=False, **flags), LANES)
    try:
        made.clock.freeze()
        made.store.on_group = lambda: None
        yield made
    finally:
        made.close()


def world(e: Engine) -> Project:
    account = e.keys.account("key")
    assert account is not None
    return account.project


def submission(family: str, progress: Any = "timed", priority: int = 0) -> Submission:
    url = "https://example.com/a.mp3"
    return Submission(family, url, None, None, "key", "{}", progress, callback='["http://x"]', priority=priority)


def plan(queue: int, processing: int, fails: bool = False) -> Plan:
    outcome = Outcome(queue_time=queue * SECOND, processing_time=processing * SECOND)
    return Plan(None, outcome, Unusable("server_error") if fails else None, "transcript", 1000, 1)


def rows(e: Engine) -> list[Row]:
    return list(e.store.all("SELECT * FROM jobs ORDER BY number"))


def check(e: Engine, project: Project, before: Counter[str]) -> None:
    """What is known of the project must be what the database says, and no slot may lie idle while a job waits."""
    for family in FAMILIES:
        of_family = [row for row in rows(e) if row["family"] == family]
        running = sum(row["status"] == "processing" for row in of_family)
        waiting = sum(row["waiting"] for row in of_family)
        assert project.running.get(family, 0) == running
        assert project.waiting.get(family, 0) == waiting
        slots = LANES[family].slots(project.terms)
        assert running <= max(slots, before[family]), "where there are fewer slots than there were, no job starts"
        assert not waiting or running >= slots
        assert all(row["status"] == "queued" and row["due"] is None for row in of_family if row["waiting"])
    assert e.store.all("SELECT 1 FROM transitions WHERE job NOT IN (SELECT number FROM jobs)") == []
    due = [row["due"] for row in rows(e) if row["due"] is not None]
    assert project.next_due == min(due, default=None)


def check_history(e: Engine) -> None:
    """Each job has moved on from where it was, to where it is, and never twice to the same status."""
    for row in rows(e):
        made = e.jobs.transitions(row["number"])
        steps = sorted(made, key=lambda step: (step["at"], step["to_status"] != "processing"))
        status = "queued"
        for step in steps:
            assert step["from_status"] == status
            status = step["to_status"]
        assert status == row["status"]
        calls = e.store.all("SELECT 1 FROM deliveries WHERE job = ?", (row["number"],))
        assert len(calls) == (status in ("completed", "error", "cancelled"))


family = st.sampled_from(FAMILIES)
number = st.integers(0, 30)
submissions = st.one_of(
    st.tuples(st.just("timed"), family, st.integers(0, 3), st.integers(0, 5), st.booleans(), st.integers(0, 2)),
    st.tuples(st.sampled_from(["instant", "polls", "held"]), family, st.integers(0, 2)),
    st.tuples(st.just("unprepared"), family),
)
moves = st.tuples(st.sampled_from(["prepare", "cancel", "fail", "hold", "release", "poll"]), number)
events = st.one_of(
    st.tuples(st.just("advance"), st.integers(0, 6)),
    st.tuples(st.just("have slots"), st.integers(1, 3)),
    st.sampled_from([("reload", 0), ("reread", 0), ("call waiting", 0)]),
)
actions = st.tuples(st.just("submit"), submissions) | st.tuples(st.just("move"), moves) | st.tuples(st.just(""), events)


def act(e: Engine, project: Project, kind: str, action: Any) -> None:
    kinds: dict[str, Callable[..., None]] = {"submit": submit, "move": move, "": happen}
    kinds[kind](e, project, *action)
    e.jobs.settle(project)


def submit(e: Engine, project: Project, progress: str, *asked: Any) -> None:
    match asked:
        case name, queue, processing, fails, priority:
            e.jobs.submit(project, submission(name, progress, priority), plan(queue, processing, fails))
        case name, priority:
            e.jobs.submit(project, submission(name, progress, priority), plan(0, 0))
        case (name,):
            e.jobs.submit(project, submission(name), None)


def happen(e: Engine, project: Project, event: str, number: int) -> None:
    e.commit()
    match event:
        case "advance":
            project.clock.advance(number * SECOND)
            e.keys.save_clock(project)
        case "have slots":
            e.keys.change_terms(project, {"concurrency": number})
            e.jobs.call_waiting(project)
        case "reload":
            e.rollback()
        case "reread":
            e.reread(project)
        case "call waiting":
            e.jobs.call_waiting(project)


def move(e: Engine, project: Project, verb: str, place: int) -> None:
    stored = rows(e)
    if not stored:
        return
    job = stored[place % len(stored)]
    verbs: dict[str, Callable[[Row], object]] = {
        "prepare": lambda job: e.jobs.prepare(project, job["number"], plan(0, 2)),
        "cancel": e.jobs.cancel,
        "fail": lambda job: e.jobs.fail(job, "broken"),
        "hold": e.jobs.hold,
        "release": e.jobs.release,
        "poll": lambda job: e.jobs.poll(project, job),
    }
    finished = job["status"] in ("completed", "error", "cancelled")
    try:
        verbs[verb](job)
        assert not finished or verb in ("prepare", "poll")
    except IllegalMoveError:
        assert finished or (verb == "release" and job["hold_at"] != job["status"])


@settings(max_examples=150)
@given(st.lists(actions, min_size=1, max_size=40))
def test_whatever_happens_in_whatever_order_the_slots_are_kept(schedule: list[Any]) -> None:
    with engine() as e:
        project = world(e)
        for action in schedule:
            before = Counter(project.running)
            act(e, project, *action)
            check(e, project, before)
        check_history(e)
        for job in reversed(rows(e)):
            if job["status"] in ("queued", "processing"):
                e.jobs.cancel(e.jobs.by_number(job["number"]) or job)
                check(e, project, Counter(project.running))
        assert {row["status"] for row in rows(e)} <= {"completed", "error", "cancelled"}
        check_history(e)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=12), st.booleans())
def test_those_that_wait_start_by_priority_and_then_in_their_order(
    waiting: list[tuple[int, bool]], again: bool
) -> None:
    with engine() as e:
        project = world(e)
        e.jobs.submit(project, submission("narrow"), plan(0, 10))
        for priority, _ in waiting:
            e.jobs.submit(project, submission("narrow", priority=priority), plan(0, 10))
        jobs = rows(e)[1:]
        for job, (_, is_cancelled) in zip(jobs, waiting, strict=True):
            if is_cancelled:
                e.jobs.cancel(job)
        if again:
            e.jobs.call_waiting(project)
        project.clock.advance(1000 * SECOND)
        e.jobs.settle(project)
        left = [row for row in rows(e)[1:] if row["status"] == "completed"]
        assert len(left) == sum(not is_cancelled for _, is_cancelled in waiting)
        started = [row["number"] for row in sorted(left, key=lambda row: row["started"])]
        assert started == [row["number"] for row in sorted(left, key=lambda row: (-row["priority"], row["number"]))]


@pytest.mark.parametrize("more", [1, 2])
def test_more_slots_go_to_those_with_priority_first(more: int) -> None:
    with engine() as e:
        project = world(e)
        e.jobs.submit(project, submission("narrow"), plan(0, 10))
        for priority in (0, 0, 1, 2):
            e.jobs.submit(project, submission("narrow", priority=priority), plan(0, 10))
        e.keys.change_terms(project, {"concurrency": 1 + more})
        e.jobs.call_waiting(project)
        e.jobs.settle(project)
        assert [row["priority"] for row in rows(e)[1:] if row["status"] == "processing"] == [1, 2][-more:]
        assert project.waiting["narrow"] == 4 - more


def test_a_cancelled_job_gives_its_slot_to_the_next_of_its_own_family_only() -> None:
    with engine() as e:
        project = world(e)
        for name in ("narrow", "narrow", "wide", "wide", "wide"):
            e.jobs.submit(project, submission(name), plan(0, 10))
        before = [row["status"] for row in rows(e)]
        assert before == ["processing", "queued", "processing", "processing", "queued"]
        moves = e.jobs.cancel(rows(e)[0])
        assert [(move.from_status, move.to_status) for move in moves] == [
            ("processing", "cancelled"),
            ("queued", "processing"),
        ]
        assert [row["status"] for row in rows(e)] == ["cancelled", "processing", "processing", "processing", "queued"]
