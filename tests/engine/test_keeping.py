"""Audio that is kept for a time after its job: removed in time, and no burden until then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mockserver.engine import Engine
from mockserver.engine.answers import Plan
from mockserver.engine.clock import SECOND
from mockserver.engine.fixture import Outcome
from mockserver.engine.jobs import Submission
from mockserver.engine.keys import Project
from mockserver.engine.lanes import Lane
from mockserver.engine.media import Sound
from mockserver.settings import Settings

KEPT = 1000 * SECOND


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine(Settings(samples=False), {"keeping": Lane(audio_kept=KEPT)})
    made.store.on_group = lambda: None
    yield made
    made.close()


def world(engine: Engine, key: str) -> Project:
    account = engine.keys.account(key)
    assert account is not None
    return account.project


def finished(engine: Engine, key: str, *, with_audio: bool = True) -> str:
    """Let a job of a key end, and return the id of its audio, or nothing."""
    project, upload = world(engine, key), ""
    if with_audio:
        incoming = engine.uploads.receive()
        upload = engine.uploads.keep(project, incoming, incoming.finish(), Sound(1000, 1), None)
    submission = Submission("keeping", "https://example.com/a.mp3", upload or None, None, key, "{}", "instant")
    engine.jobs.submit(project, submission, Plan(None, Outcome(), None, "transcript", 1000, 1))
    return upload


def settling(engine: Engine) -> int:
    """Return the microseconds that it takes to find out some times that nothing is due."""

    def once() -> int:
        began = engine.clock.parent.now()
        for _ in range(20):
            engine.settle()
            engine.next_due_in()
        return engine.clock.parent.now() - began

    return min(once() for _ in range(10))


def test_audio_of_thousands_of_keys_costs_nothing_until_its_time_comes(engine: Engine) -> None:
    finished(engine, "first")
    alone = settling(engine)
    for number in range(1500):
        finished(engine, f"key-{number}")
    assert settling(engine) < 20 * alone


def test_a_job_without_audio_of_its_own_sets_no_alarm(engine: Engine) -> None:
    finished(engine, "key", with_audio=False)
    assert engine.next_due_in() is None


def test_the_alarm_is_for_the_first_audio_whose_time_comes(engine: Engine) -> None:
    finished(engine, "slow")
    world(engine, "fast").clock.scale(10)
    finished(engine, "fast")
    wait = engine.next_due_in()
    assert wait is not None
    assert 90 < wait <= 100


def test_audio_is_removed_when_a_clock_was_moved_to_its_time(engine: Engine) -> None:
    audio, other = finished(engine, "key"), finished(engine, "other")
    world(engine, "key").clock.advance(KEPT)
    engine.keys.keeping.look_again()
    engine.settle()
    assert not engine.uploads.path(audio).exists()
    assert engine.uploads.path(other).exists()
    wait = engine.next_due_in()
    assert wait is not None
    assert wait > 900, "the other's alarm is still set"
