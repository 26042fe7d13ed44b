"""How jobs move on: instantly, by time, by polls, or when they are released."""

from __future__ import annotations

import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Family
from tests.conftest import api_of, each_family
from tests.sounds import wav

URL = "https://example.com/some.mp3"


def steps(api: AnyApi, job: str) -> list[str]:
    return [step["to"] for step in api.job(job)["transitions"]]


@each_family
def test_an_instant_job_is_completed_at_the_first_get(api: AnyApi) -> None:
    job = api.submit(URL)
    assert api.status(job) == "completed"
    assert steps(api, job) == ["processing", "completed"]


@each_family
def test_a_timed_job_takes_the_share_of_its_audio(api: AnyApi) -> None:
    api.freeze()
    job = api.send(wav(120), progress="timed")
    assert api.status(job) == "queued"
    assert [move["to"] for move in api.advance(1)["transitions"]] == ["processing"]
    assert api.status(job) == "processing"
    assert api.advance(120 * api.share - 0.1)["transitions"] == []
    assert [move["to"] for move in api.advance(0.1)["transitions"]] == ["completed"]
    assert api.status(job) == "completed"


@each_family
def test_a_timed_job_takes_the_seconds_of_the_settings(family: Family) -> None:
    with MockServer(progress="timed", queue_seconds=5, processing_seconds=7) as mock:
        api = api_of(mock.url, family=family)
        api.freeze()
        job = api.submit(URL)
        api.advance(12)
        moves = api.job(job)
        assert [step["to"] for step in moves["transitions"]] == ["processing", "completed"]
        assert moves["started"] < moves["finished"]
        assert api.status(job) == "completed"


@each_family
def test_a_timed_job_passes_by_real_time_on_a_fast_clock(family: Family) -> None:
    with MockServer(progress="timed", speed=10_000) as mock:
        api = api_of(mock.url, family=family)
        job = api.submit(URL)
        seen = {"queued"}
        while "completed" not in seen:
            seen.add(api.status(job))
        assert seen <= {"queued", "processing", "completed"}


@each_family
def test_a_job_that_goes_by_polls_moves_one_state_with_every_get(api: AnyApi) -> None:
    job = api.submit(URL, progress="polls")
    assert [api.status(job) for _ in range(3)] == ["processing", "completed", "completed"]


@each_family
def test_a_held_job_stays_until_it_is_released(api: AnyApi) -> None:
    api.freeze()
    job = api.submit(URL, progress="held")
    api.advance(1e6)
    assert api.status(job) == "queued"
    assert api.job(job)["held"] is True
    released = api.control.post(f"/jobs/{job}/release").json()
    assert released["status"] == "completed"
    assert api.text(job)


@each_family
def test_a_job_can_be_held_in_processing(api: AnyApi) -> None:
    job = api.submit("https://example.com/jobs/stuck-processing.mp3")
    assert [api.status(job) for _ in range(2)] == ["processing"] * 2
    assert api.control.post(f"/jobs/{job}/release").json()["status"] == "completed"


@each_family
def test_a_running_job_can_be_held_and_released(api: AnyApi) -> None:
    api.freeze()
    job = api.submit(URL, progress="timed")
    api.advance(1)
    assert api.control.post(f"/jobs/{job}/hold").json()["status"] == "processing"
    api.advance(1e5)
    assert api.status(job) == "processing"
    assert api.control.post(f"/jobs/{job}/release").json()["status"] == "completed"


@each_family
@pytest.mark.parametrize("progress", ["timed", "polls", "held"])
def test_a_job_can_be_failed_with_a_text(api: AnyApi, progress: str) -> None:
    api.freeze()
    job = api.submit(URL, progress=progress)
    failed = api.control.post(f"/jobs/{job}/fail", json={"error": "the tape broke"}).json()
    assert failed["status"] == "error"
    assert [step["to"] for step in failed["transitions"]] == ["processing", "error"]
    assert (api.status(job), api.failure(job), api.text(job)) == ("error", "the tape broke", None)


@each_family
@pytest.mark.parametrize("verb", ["hold", "release", "fail"])
def test_a_finished_job_cannot_be_moved(api: AnyApi, verb: str) -> None:
    job = api.submit(URL)
    api.get(job)
    reply = api.control.post(f"/jobs/{job}/{verb}")
    assert reply.status_code == 409
    assert "completed" in reply.json()["error"]
    assert steps(api, job) == ["processing", "completed"]


@each_family
def test_jobs_above_the_limit_wait(family: Family) -> None:
    with MockServer(concurrency=2, progress="timed", queue_seconds=0, processing_seconds=10) as mock:
        api = api_of(mock.url, family=family)
        api.freeze()
        jobs = [api.submit(f"{URL}?{number}") for number in range(5)]
        assert [api.status(job) for job in jobs] == ["processing"] * 2 + ["queued"] * 3
        assert [api.job(job)["waiting"] for job in jobs] == [False] * 2 + [True] * 3
        api.advance(10)
        assert [api.status(job) for job in jobs] == ["completed"] * 2 + ["processing"] * 2 + ["queued"]
        api.advance(20)
        assert {api.status(job) for job in jobs} == {"completed"}


def test_jobs_that_waited_are_marked_throttled() -> None:
    with MockServer(concurrency=2, progress="timed", queue_seconds=0, processing_seconds=10) as mock:
        api = api_of(mock.url)
        api.freeze()
        jobs = [api.submit(f"{URL}?{number}") for number in range(5)]
        assert [api.get(job)["throttled"] for job in jobs] == [False] * 2 + [True] * 3


@each_family
def test_slots_are_those_of_one_project(family: Family) -> None:
    with MockServer(concurrency=1, progress="held") as mock:
        one, other = api_of(mock.url, family=family), api_of(mock.url, family=family)
        jobs = {
            api: api.submit("https://example.com/jobs/stuck-processing.mp3", progress="instant") for api in (one, other)
        }
        assert {api.status(job) for api, job in jobs.items()} == {"processing"}


@each_family
def test_an_unknown_progress_is_refused(api: AnyApi) -> None:
    reply = api.create(URL, headers={"X-Mock-Progress": "fast"})
    assert reply.status_code == 400
    assert "instant, timed, polls, held" in api.message_of(reply)


@each_family
def test_every_mode_gives_the_same_transcript(api: AnyApi) -> None:
    api.freeze()
    jobs = [api.submit(URL, progress=progress) for progress in ("instant", "timed", "polls", "held")]
    api.advance(1000)
    for _ in range(2):
        api.get(jobs[2])
    api.control.post(f"/jobs/{jobs[3]}/release")
    heard = [api.transcript(job) for job in jobs]
    assert all(each == heard[0] for each in heard)
