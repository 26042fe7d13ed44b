"""How jobs move on: instantly, by time, by polls, or when they are released."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.conftest import Api, api_of
from tests.sounds import wav

URL = "https://example.com/some.mp3"


def steps(api: Api, job: str) -> list[str]:
    return [step["to"] for step in api.job(job)["transitions"]]


def test_an_instant_job_is_completed_at_the_first_get(api: Api) -> None:
    job = api.submit(URL)
    assert api.get(job)["status"] == "completed"
    assert steps(api, job) == ["processing", "completed"]


def test_a_timed_job_takes_the_share_of_its_audio(api: Api) -> None:
    api.freeze()
    job = api.submit(api.upload(wav(100)), progress="timed")
    assert api.get(job)["status"] == "queued"
    assert [move["to"] for move in api.advance(1)["transitions"]] == ["processing"]
    assert api.get(job)["status"] == "processing"
    assert api.advance(19.9)["transitions"] == []
    assert [move["to"] for move in api.advance(0.1)["transitions"]] == ["completed"]
    assert api.get(job)["status"] == "completed"


def test_a_timed_job_takes_the_seconds_of_the_settings() -> None:
    with MockServer(progress="timed", queue_seconds=5, processing_seconds=7) as mock:
        api = api_of(mock.url)
        api.freeze()
        job = api.submit(URL)
        api.advance(12)
        moves = api.job(job)
        assert [step["to"] for step in moves["transitions"]] == ["processing", "completed"]
        assert moves["started"] < moves["finished"]
        assert api.get(job)["status"] == "completed"


def test_a_timed_job_passes_by_real_time_on_a_fast_clock() -> None:
    with MockServer(progress="timed", speed=10_000) as mock:
        api = api_of(mock.url)
        job = api.submit(URL)
        seen = {"queued"}
        while "completed" not in seen:
            seen.add(api.get(job)["status"])
        assert seen <= {"queued", "processing", "completed"}


def test_a_job_that_goes_by_polls_moves_one_state_with_every_get(api: Api) -> None:
    job = api.submit(URL, progress="polls")
    assert [api.get(job)["status"] for _ in range(3)] == ["processing", "completed", "completed"]


def test_a_held_job_stays_until_it_is_released(api: Api) -> None:
    api.freeze()
    job = api.submit(URL, progress="held")
    api.advance(1e6)
    assert api.get(job)["status"] == "queued"
    assert api.job(job)["held"] is True
    released = api.control.post(f"/jobs/{job}/release").json()
    assert released["status"] == "completed"
    assert api.get(job)["text"]


def test_a_job_can_be_held_in_processing(api: Api) -> None:
    job = api.submit("https://example.com/jobs/stuck-processing.mp3")
    assert [api.get(job)["status"] for _ in range(2)] == ["processing"] * 2
    assert api.control.post(f"/jobs/{job}/release").json()["status"] == "completed"


def test_a_running_job_can_be_held_and_released(api: Api) -> None:
    api.freeze()
    job = api.submit(URL, progress="timed")
    api.advance(1)
    assert api.control.post(f"/jobs/{job}/hold").json()["status"] == "processing"
    api.advance(1e5)
    assert api.get(job)["status"] == "processing"
    assert api.control.post(f"/jobs/{job}/release").json()["status"] == "completed"


@pytest.mark.parametrize("progress", ["timed", "polls", "held"])
def test_a_job_can_be_failed_with_a_text(api: Api, progress: str) -> None:
    api.freeze()
    job = api.submit(URL, progress=progress)
    failed = api.control.post(f"/jobs/{job}/fail", json={"error": "the tape broke"}).json()
    assert failed["status"] == "error"
    assert [step["to"] for step in failed["transitions"]] == ["processing", "error"]
    view = api.get(job)
    assert (view["status"], view["error"], view["text"]) == ("error", "the tape broke", None)


@pytest.mark.parametrize("verb", ["hold", "release", "fail"])
def test_a_finished_job_cannot_be_moved(api: Api, verb: str) -> None:
    job = api.submit(URL)
    api.get(job)
    reply = api.control.post(f"/jobs/{job}/{verb}")
    assert reply.status_code == 409
    assert "completed" in reply.json()["error"]
    assert steps(api, job) == ["processing", "completed"]


def test_jobs_above_the_limit_wait_and_are_marked_throttled() -> None:
    with MockServer(concurrency=2, progress="timed", queue_seconds=0, processing_seconds=10) as mock:
        api = api_of(mock.url)
        api.freeze()
        jobs = [api.submit(f"{URL}?{number}") for number in range(5)]
        states = [api.get(job) for job in jobs]
        assert [state["status"] for state in states] == ["processing"] * 2 + ["queued"] * 3
        assert [state["throttled"] for state in states] == [False] * 2 + [True] * 3
        api.advance(10)
        assert [api.get(job)["status"] for job in jobs] == ["completed"] * 2 + ["processing"] * 2 + ["queued"]
        api.advance(20)
        assert {api.get(job)["status"] for job in jobs} == {"completed"}


def test_slots_are_those_of_one_project() -> None:
    with MockServer(concurrency=1, progress="held") as mock:
        one, other = api_of(mock.url), api_of(mock.url)
        jobs = {
            api: api.submit("https://example.com/jobs/stuck-processing.mp3", progress="instant") for api in (one, other)
        }
        assert {api.get(job)["status"] for api, job in jobs.items()} == {"processing"}


def test_an_unknown_progress_is_refused(api: Api) -> None:
    reply = api.http.post("/v2/transcript", json={"audio_url": URL}, headers={"X-Mock-Progress": "fast"})
    assert reply.status_code == 400
    assert "instant, timed, polls, held" in reply.json()["error"]


def _without_times(view: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if name not in ("id", "throttled")}


def test_every_mode_gives_the_same_transcript(api: Api) -> None:
    api.freeze()
    jobs = [api.submit(URL, progress=progress) for progress in ("instant", "timed", "polls", "held")]
    api.advance(1000)
    api.get(jobs[2])
    api.control.post(f"/jobs/{jobs[3]}/release")
    views = [_without_times(api.get(job)) for job in jobs]
    assert all(view == views[0] for view in views)
