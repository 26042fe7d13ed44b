"""The state machine under any schedule."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import Engine
from mockserver.engine.answers import Plan
from mockserver.engine.clock import SECOND
from mockserver.engine.fixture import Outcome
from mockserver.engine.jobs import Submission
from mockserver.engine.media import Unusable
from mockserver.settings import Settings


@contextmanager
def engine(**flags: Any) -> Iterator[Engine]:
    made = Engine(Settings(samples=False, **flags))
    try:
        made.clock.freeze()
        yield made
    finally:
        made.close()


def submission(progress: Any = "timed") -> Submission:
    return Submission("family", "https://example.com/a.mp3", None, None, "key", "{}", progress)


def plan(queue: float, processing: float, fails: bool = False) -> Plan:
    outcome = Outcome(queue_time=round(queue * SECOND), processing_time=round(processing * SECOND))
    return Plan(None, outcome, Unusable("server_error") if fails else None, "transcript", 1000, 1)


schedules = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=1, max_size=25
)


@settings(max_examples=60)
@given(schedules, st.integers(1, 4), st.booleans())
def test_any_schedule_is_run_in_order_and_within_the_slots(
    jobs: list[tuple[int, int, bool, int]], slots: int, in_one_go: bool
) -> None:
    with engine(concurrency=slots) as e:
        account = e.keys.account("key")
        assert account is not None
        project = account.project
        for queue, processing, fails, pause in jobs:
            e.jobs.submit(project, submission(), plan(queue, processing, fails))
            project.clock.advance(pause * SECOND)
            if not in_one_go:
                e.jobs.settle(project)
        for _ in range(1 if in_one_go else 400):
            project.clock.advance((400 if in_one_go else 1) * SECOND)
            e.jobs.settle(project)
        moves = e.store.all("SELECT * FROM transitions ORDER BY at")
        stored = e.store.all("SELECT * FROM jobs ORDER BY number")
        assert [row["status"] for row in stored] == ["error" if fails else "completed" for _, _, fails, _ in jobs]
        assert len(moves) == 2 * len(jobs)
        for row, (queue, processing, _, _) in zip(stored, jobs, strict=True):
            assert row["started"] >= row["created"] + queue * SECOND
            assert row["finished"] == row["started"] + processing * SECOND
        busy: Counter[int] = Counter()
        for row in stored:
            if row["started"] < row["finished"]:
                busy.update(range(row["started"] // SECOND, row["finished"] // SECOND))
        assert max(busy.values(), default=0) <= slots


def test_a_slot_that_becomes_free_goes_to_the_job_that_waited_longest() -> None:
    with engine(concurrency=1) as e:
        account = e.keys.account("key")
        assert account is not None
        project = account.project
        for _ in range(4):
            e.jobs.submit(project, submission(), plan(0, 10))
        project.clock.advance(100 * SECOND)
        e.jobs.settle(project)
        rows = e.store.all("SELECT started, finished FROM jobs ORDER BY number")
        assert all(later["started"] == earlier["finished"] for earlier, later in pairwise(rows))


@pytest.mark.parametrize("step", ["('queued', 'completed')", "('completed', 'processing')", "('error', 'queued')"])
def test_the_database_itself_refuses_an_illegal_transition(step: str) -> None:
    with engine() as e, pytest.raises(sqlite3.IntegrityError):
        e.store.run(
            f"INSERT INTO transitions (job, at, why, from_status, to_status) SELECT 1, 0, '', * FROM (VALUES {step})"
        )


def test_the_database_itself_refuses_a_repeated_transition() -> None:
    with engine() as e:
        insert = (
            "INSERT INTO transitions (job, from_status, to_status, at, why) VALUES (1, 'queued', 'processing', 0, '')"
        )
        e.store.run(insert)
        with pytest.raises(sqlite3.IntegrityError):
            e.store.run(insert)


def test_writes_that_are_lost_are_as_if_they_had_never_been() -> None:
    with engine() as e:
        e.store.on_group = lambda: None
        account = e.keys.account("key")
        assert account is not None
        e.commit()
        first, _ = e.jobs.submit(account.project, submission(), plan(0, 0))
        identifier = e.jobs.by_number(first)
        e.store.run("ROLLBACK")
        e.keys.reload()
        again = e.keys.account("key")
        assert again is not None
        second, _ = e.jobs.submit(again.project, submission(), plan(0, 0))
        repeated = e.jobs.by_number(second)
        assert identifier is not None
        assert repeated is not None
        assert repeated["id"] == identifier["id"]


@pytest.mark.parametrize("jobs", [50, 400])
def test_the_cost_of_a_queue_grows_with_its_length_and_no_faster(jobs: int) -> None:
    with engine(concurrency=1) as e:
        account = e.keys.account("key")
        assert account is not None
        for _ in range(jobs):
            e.jobs.submit(account.project, submission(), plan(0, 10))
        before = e.store.one("SELECT total_changes()")
        account.project.clock.advance(10_000 * SECOND)
        assert len(e.jobs.settle(account.project)) == 2 * jobs - 1
        after = e.store.one("SELECT total_changes()")
        assert before is not None
        assert after is not None
        assert after[0] - before[0] <= 6 * jobs
