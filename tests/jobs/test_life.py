"""From queued to the end, by the clock, by polls and by control; cancelled and deleted on the way."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api
from tests.jobs.calls import (
    URL,
    again,
    cancel,
    delete,
    listed,
    seen,
    sent,
    serving,
    statuses,
    submitted,
    terms,
    transcript,
)
from tests.jobs.conftest import jobs_of, problem
from tests.sounds import wav
from tests.waiting import eventually

BROKEN = "https://example.com/errors/download-404.mp3"


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    folder = tmp_path_factory.mktemp("fixtures")
    (folder / "hour.yaml").write_text(
        "match: {audio_url: https://example.com/hour.mp3}\nduration: 3600\ntext: Hello.\n"
    )
    with MockServer(fixtures=[folder], progress="timed") as mock:
        yield mock


def pause(api: Api, job: str) -> str | None:
    value: str | None = api.http.get(f"/jobs/{job}").headers.get("retry-after")
    return value


def test_an_hour_takes_ten_minutes_and_a_second_in_the_queue(hour: MockServer) -> None:
    api = jobs_of(hour.url)
    api.freeze()
    job = submitted(api, source_url="https://example.com/hour.mp3")
    queued = seen(api, job)
    assert (queued["status"], queued["started_at"], queued["completed_at"]) == ("queued", None, None)
    assert (queued["duration_seconds"], queued["engine"], queued["error"]) == (None, None, None)
    api.advance(1)
    started = seen(api, job)
    assert (started["status"], started["duration_seconds"], started["completed_at"]) == ("processing", None, None)
    api.advance(599.999)
    assert statuses(api, job) == ["processing"]
    api.advance(0.001)
    done = seen(api, job)
    assert (done["status"], done["duration_seconds"], done["language"]) == ("completed", 3600, "en")
    assert done["created_at"] < done["started_at"] < done["completed_at"]
    assert [step["to"] for step in api.job(job)["transitions"]] == ["processing", "completed"]


def test_retry_after_is_between_ten_and_fifteen_by_what_is_left(hour: MockServer) -> None:
    api = jobs_of(hour.url)
    api.freeze()
    job = submitted(api, source_url="https://example.com/hour.mp3")
    assert pause(api, job) == "10"
    api.advance(1)
    left = 600.0
    for advanced, expected in ((0, "15"), (585, "15"), (2.5, "13"), (0.5, "12"), (4, "10"), (7, "10")):
        api.advance(advanced)
        left -= advanced
        assert pause(api, job) == expected, left
    api.advance(1)
    assert statuses(api, job) == ["completed"]
    assert pause(api, job) is None


def test_the_terms_may_say_when_to_ask_again(jobs: Api) -> None:
    job = submitted(jobs, progress="held")
    assert pause(jobs, job) == "15"
    terms(jobs, retry_after=2)
    assert pause(jobs, job) == "2"
    terms(jobs, retry_after=0)
    assert pause(jobs, job) == "0"
    terms(jobs, retry_after=None)
    assert pause(jobs, job) == "15"


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_a_job_that_has_ended_says_no_more_when_to_ask_again(jobs: Api, end: str) -> None:
    terms(jobs, retry_after=3)
    job = submitted(jobs, source_url=BROKEN if end == "failed" else URL, progress="held")
    cancel(jobs, job) if end == "cancelled" else jobs.control.post(f"/jobs/{job}/release")
    assert statuses(jobs, job) == [end]
    assert pause(jobs, job) is None
    assert seen(jobs, job)["completed_at"] is not None


def test_each_poll_moves_a_job_that_goes_by_polls_and_nothing_else_does(jobs: Api) -> None:
    job = submitted(jobs, progress="polls")
    assert problem(transcript(jobs, job)) == (409, "job_not_completed")
    assert listed(jobs, status="queued") == [job]
    assert jobs.http.head(f"/jobs/{job}/transcript").status_code == 409
    assert statuses(jobs, job) == ["processing"]
    assert transcript(jobs, job).json()["status"] == "processing"
    assert problem(delete(jobs, job)) == (409, "job_not_finished")
    assert listed(jobs, status="processing") == [job]
    assert statuses(jobs, job) == ["completed"]
    assert transcript(jobs, job).status_code == 200


def test_held_jobs_wait_for_control(jobs: Api) -> None:
    job = submitted(jobs, progress="held")
    jobs.advance(3000)
    assert statuses(jobs, job) == ["queued"]
    assert jobs.job(job)["held"]
    jobs.control.post(f"/jobs/{job}/release")
    assert statuses(jobs, job) == ["completed"]


def test_a_job_that_control_fails_is_failed_with_its_text(jobs: Api) -> None:
    job = submitted(jobs, progress="held")
    jobs.control.post(f"/jobs/{job}/fail", json={"error": "the tape broke"})
    view = seen(jobs, job)
    assert (view["status"], view["engine"], view["duration_seconds"]) == ("failed", None, None)
    assert view["error"] == {"error": "transcription_failed", "message": "the tape broke"}
    refused = transcript(jobs, job)
    assert problem(refused) == (409, "job_not_completed")
    assert refused.json()["status"] == "failed"


def test_audio_that_cannot_be_downloaded_fails_the_job(jobs: Api) -> None:
    view = seen(jobs, submitted(jobs, source_url=BROKEN))
    assert view["status"] == "failed"
    assert set(view["error"]) == {"error", "message"}
    assert view["error"]["error"] == "source_unavailable"


@pytest.mark.parametrize("state", ["queued", "held", "polls", "processing", "stuck"])
def test_a_job_can_be_cancelled_until_it_ends(jobs: Api, state: str) -> None:
    jobs.freeze()
    headers = {"X-Mock-Fault": "job_stuck"} if state == "stuck" else {}
    progress = {"held": "held", "polls": "polls", "stuck": None}.get(state, "timed")
    job = submitted(jobs, progress=progress, headers=headers)
    jobs.advance(1.5 if state == "processing" else 0)
    before = jobs.job(job)
    reply = cancel(jobs, job)
    assert reply.status_code == 200
    assert reply.json()["status"] == "cancelled"
    assert reply.json()["completed_at"] is not None
    assert "retry-after" not in reply.headers
    assert reply.json() == seen(jobs, job)
    jobs.advance(3000)
    assert statuses(jobs, job) == ["cancelled"]
    after = jobs.job(job)
    assert after["transitions"][-1]["to"] == "cancelled"
    assert len(after["transitions"]) == len(before["transitions"]) + 1
    assert (after["due"], after["held"], after["waiting"]) == (None, False, False)
    assert after["key"] == before["key"]
    refused = cancel(jobs, job)
    assert problem(refused) == (409, "job_finished")
    assert refused.json()["status"] == "cancelled"
    assert transcript(jobs, job).json()["status"] == "cancelled"


@pytest.mark.parametrize(("url", "status"), [(URL, "completed"), (BROKEN, "failed")])
def test_a_job_that_has_ended_cannot_be_cancelled(jobs: Api, url: str, status: str) -> None:
    job = submitted(jobs, source_url=url)
    before = seen(jobs, job)
    refused = cancel(jobs, job)
    assert problem(refused) == (409, "job_finished")
    assert refused.json()["status"] == status
    assert seen(jobs, job) == before


def test_a_cancelled_job_frees_its_slot_for_the_next_that_waits(jobs: Api) -> None:
    terms(jobs, concurrency=1, progress="timed", queue_seconds=0, processing_seconds=10)
    jobs.freeze()
    first, second, third, fourth = (submitted(jobs) for _ in range(4))
    assert statuses(jobs, first, second, third, fourth) == ["processing", "queued", "queued", "queued"]
    assert cancel(jobs, second).json()["status"] == "cancelled"
    assert statuses(jobs, first, third, fourth) == ["processing", "queued", "queued"]
    assert cancel(jobs, first).json()["status"] == "cancelled"
    assert statuses(jobs, third, fourth) == ["processing", "queued"]
    jobs.advance(10)
    assert statuses(jobs, third, fourth) == ["completed", "processing"]
    jobs.advance(10)
    assert statuses(jobs, fourth) == ["completed"]


def test_the_jobs_of_the_other_api_have_slots_of_their_own(server: MockServer, jobs: Api) -> None:
    terms(jobs, concurrency=1, progress="timed", queue_seconds=0, processing_seconds=10)
    jobs.freeze()
    first, second = submitted(jobs), submitted(jobs)
    reply = jobs.http.post("/v2/transcript", json={"audio_url": URL}, headers={"Authorization": jobs.key})
    other = reply.json()["id"]
    assert [jobs.job(job)["status"] for job in (first, second, other)] == ["processing", "queued", "processing"]
    jobs.advance(10)
    assert [jobs.job(job)["status"] for job in (first, second, other)] == ["completed", "processing", "completed"]


class _Slow(BaseHTTPRequestHandler):
    content = wav(1)
    may_end = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content[:8000])
        self.may_end.wait(60)
        self.wfile.write(self.content[8000:])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def slow() -> Iterator[str]:
    _Slow.may_end.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/sound.wav"
    _Slow.may_end.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_job_can_be_cancelled_while_its_audio_is_downloaded(slow: str, tmp_path: Path) -> None:
    with serving(remote_audio="fetch", data=tmp_path) as api:
        job = submitted(api, source_url=slow)
        assert statuses(api, job) == ["queued"]
        eventually(lambda: list((tmp_path / "uploads").iterdir()))
        assert cancel(api, job).json()["status"] == "cancelled"
        _Slow.may_end.set()
        eventually(lambda: not list((tmp_path / "uploads").iterdir()))
        another = submitted(api, source_url=slow)
        eventually(lambda: statuses(api, another) == ["completed"])
        assert len(list((tmp_path / "uploads").iterdir())) == 1
        assert statuses(api, job) == ["cancelled"]
        assert [step["to"] for step in api.job(job)["transitions"]] == ["cancelled"]


def test_a_download_that_nobody_wants_any_more_ends(slow: str, tmp_path: Path) -> None:
    with serving(remote_audio="fetch", data=tmp_path) as api:
        job = submitted(api, source_url=slow)
        eventually(lambda: list((tmp_path / "uploads").iterdir()))
        cancel(api, job)
        eventually(lambda: not list((tmp_path / "uploads").iterdir()))
        assert not _Slow.may_end.is_set()


def test_a_cancelled_job_can_be_deleted_while_its_audio_is_downloaded(slow: str, tmp_path: Path) -> None:
    with serving(remote_audio="fetch", data=tmp_path) as api:
        job = submitted(api, source_url=slow)
        eventually(lambda: list((tmp_path / "uploads").iterdir()))
        cancel(api, job)
        assert delete(api, job).status_code == 204
        _Slow.may_end.set()
        eventually(lambda: not list((tmp_path / "uploads").iterdir()))


@pytest.mark.parametrize("path", ["/reset", "/snapshots/empty/restore"])
def test_a_download_for_a_job_that_is_gone_does_no_harm_to_the_next_with_its_id(
    slow: str, tmp_path: Path, path: str
) -> None:
    with serving(remote_audio="fetch", data=tmp_path) as api:
        api.control.post("/snapshots", json={"name": "empty"})
        before = submitted(api, source_url=slow)
        eventually(lambda: list((tmp_path / "uploads").iterdir()))
        assert api.control.post(path).status_code == 200
        again(api)
        sound = wav(2)
        after = submitted(api, source_url="data:audio/wav;base64," + b64encode(sound).decode())
        assert after == before
        assert statuses(api, after) == ["completed"]
        _Slow.may_end.set()
        another = submitted(api, source_url=slow)
        eventually(lambda: statuses(api, another) == ["completed"])
        assert seen(api, after)["duration_seconds"] == 2
        left = sorted(path.read_bytes() for path in (tmp_path / "uploads").iterdir())
        assert left == sorted([sound, _Slow.content])


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_a_deleted_job_is_nowhere_any_more(jobs: Api, end: str) -> None:
    other = submitted(jobs)
    job = submitted(
        jobs, source_url=BROKEN if end == "failed" else URL, progress="held" if end == "cancelled" else None
    )
    if end == "cancelled":
        cancel(jobs, job)
    if end == "completed":
        assert transcript(jobs, job).status_code == 200
    reply = delete(jobs, job)
    assert (reply.status_code, reply.content) == (204, b"")
    for answer in (
        jobs.http.get(f"/jobs/{job}"),
        cancel(jobs, job),
        delete(jobs, job),
        jobs.http.delete(f"/jobs/{job}/transcript"),
        *(transcript(jobs, job, form) for form in (None, "json", "txt", "srt", "vtt", "docx")),
    ):
        assert problem(answer) == (404, "job_not_found")
    assert jobs.job(job)["deleted"] is not None
    assert jobs.job(other)["deleted"] is None
    assert listed(jobs) == [other]
    assert listed(jobs, status=end) == ([other] if end == "completed" else [])


@pytest.mark.parametrize("progress", ["held", "polls", "timed"])
def test_a_job_that_has_not_ended_cannot_be_deleted(jobs: Api, progress: str) -> None:
    jobs.freeze()
    job = submitted(jobs, progress=progress)
    refused = delete(jobs, job)
    assert problem(refused) == (409, "job_not_finished")
    assert refused.json()["status"] == "queued"
    assert jobs.job(job)["status"] == "queued"


def test_a_transcript_can_be_deleted_without_its_job(jobs: Api) -> None:
    job = sent(jobs, (AUDIO / "hello.wav").read_bytes(), "hello.wav")
    before = seen(jobs, job)
    assert transcript(jobs, job).status_code == 200
    reply = jobs.http.delete(f"/jobs/{job}/transcript")
    assert (reply.status_code, reply.content) == (204, b"")
    for form in (None, "json", "txt", "srt", "vtt", "docx"):
        assert problem(transcript(jobs, job, form)) == (404, "transcript_not_found")
    assert problem(jobs.http.delete(f"/jobs/{job}/transcript")) == (404, "transcript_not_found")
    after = seen(jobs, job)
    assert after | {"language": before["language"]} == before
    assert listed(jobs, status="completed") == [job]
    assert delete(jobs, job).status_code == 204


@pytest.mark.parametrize("progress", ["held", "polls"])
def test_a_transcript_that_is_not_there_yet_cannot_be_deleted(jobs: Api, progress: str) -> None:
    job = submitted(jobs, progress=progress)
    assert problem(jobs.http.delete(f"/jobs/{job}/transcript")) == (409, "job_not_completed")
    assert statuses(jobs, job) == [{"held": "queued", "polls": "processing"}[progress]]


def everything(api: Api, job: str) -> list[Any]:
    return [
        api.http.get(f"/jobs/{job}"),
        api.http.post(f"/jobs/{job}/cancel"),
        api.http.delete(f"/jobs/{job}"),
        api.http.get(f"/jobs/{job}/transcript"),
        api.http.get(f"/jobs/{job}/transcript", params={"format": "docx"}),
        api.http.delete(f"/jobs/{job}/transcript"),
    ]


@pytest.mark.parametrize("job", ["job_0", "x", "%00", "..%2f", "job_01HZ" + "A" * 5000, "é", "null"])
def test_there_is_no_job_with_another_id(jobs: Api, job: str) -> None:
    for answer in everything(jobs, job):
        assert problem(answer) in ((404, "job_not_found"), (404, "not_found"))


def test_the_jobs_of_another_key_are_not_there(server: MockServer, jobs: Api) -> None:
    done, open_ = submitted(jobs), submitted(jobs, progress="held")
    assert transcript(jobs, done).status_code == 200
    stranger = jobs_of(server.url)
    for job in (done, open_):
        for answer in everything(stranger, job):
            assert problem(answer) == (404, "job_not_found")
    assert listed(stranger) == []
    assert statuses(jobs, done, open_) == ["completed", "queued"]


def test_each_api_knows_its_own_jobs_only(jobs: Api) -> None:
    ours = submitted(jobs)
    first = transcript(jobs, ours).json()
    with_key = {"Authorization": jobs.key}
    theirs = jobs.http.post("/v2/transcript", json={"audio_url": URL}, headers=with_key).json()["id"]
    view = jobs.http.get(f"/v2/transcript/{theirs}", headers=with_key).json()
    for answer in everything(jobs, theirs):
        assert problem(answer) == (404, "job_not_found")
    for path in (f"/v2/transcript/{ours}", f"/v2/transcript/{ours}/srt", f"/v2/transcript/{ours}/sentences"):
        assert jobs.http.get(path, headers=with_key).status_code in (400, 404)
    assert jobs.http.delete(f"/v2/transcript/{ours}", headers=with_key).status_code in (400, 404)
    assert listed(jobs) == [ours]
    shown = jobs.http.get("/v2/transcript", headers=with_key).json()["transcripts"]
    assert [item["id"] for item in shown] == [theirs]
    assert transcript(jobs, ours).json() == first
    assert jobs.http.get(f"/v2/transcript/{theirs}", headers=with_key).json() == view


@pytest.mark.parametrize("form", ["JSON", "pdf", "docx ", "json,txt", "é", "x" * 3000, "srt\0"])
def test_there_are_no_other_formats(jobs: Api, form: str) -> None:
    job = submitted(jobs)
    assert problem(transcript(jobs, job, form)) == (400, "invalid_format")


def test_no_format_is_json(jobs: Api) -> None:
    job = submitted(jobs)
    assert jobs.http.get(f"/jobs/{job}/transcript?format=").content == transcript(jobs, job, "json").content


def test_a_body_that_nobody_asked_for_does_no_harm(jobs: Api) -> None:
    job = submitted(jobs, progress="held")
    reply = jobs.http.post(f"/jobs/{job}/cancel", content=b"{not json" * 10_000)
    assert reply.json()["status"] == "cancelled"


def test_jobs_that_waited_in_a_snapshot_use_the_slots_that_there_are_now(tmp_path: Path) -> None:
    flags: dict[str, Any] = {"data": tmp_path, "progress": "timed", "queue_seconds": 0, "processing_seconds": 10}
    with MockServer(**flags, concurrency=1) as mock:
        api = jobs_of(mock.url, "k")
        api.freeze()
        waiting = [submitted(api) for _ in range(5)]
        assert statuses(api, *waiting) == ["processing"] + ["queued"] * 4
        api.control.post("/snapshots", json={"name": "waiting"})
    with MockServer(**flags, concurrency=3) as mock:
        api = jobs_of(mock.url, "k")
        api.advance(100)
        assert api.control.post("/snapshots/waiting/restore").status_code == 200
        assert statuses(api, *waiting) == ["processing"] * 3 + ["queued"] * 2
        at_once = [submitted(api, progress="instant") for _ in range(3)]
        assert statuses(api, *at_once) == ["queued"] * 3
        api.advance(20)
        assert statuses(api, *waiting, *at_once) == ["completed"] * 8
