"""Audio is gone from the disk a day after its job has ended; transcripts stay until they are deleted."""

from __future__ import annotations

import base64
import signal
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api, api_of
from tests.jobs.calls import again, cancel, delete, seen, sent, serving, statuses, submitted, transcript
from tests.jobs.conftest import jobs_of
from tests.processes import running
from tests.sounds import wav
from tests.waiting import eventually

DAY = 24 * 3600
HELLO = AUDIO / "hello.wav"
DATA = "data:audio/wav;base64," + base64.b64encode(wav(1)).decode()


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[MockServer]:
    with MockServer(data=tmp_path, remote_audio="fetch", file_folders=[AUDIO]) as made:
        yield made


@pytest.fixture
def api(mock: MockServer) -> Api:
    return jobs_of(mock.url)


@pytest.fixture
def remote() -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(AUDIO)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hello.wav"
    server.shutdown()
    server.server_close()
    thread.join()


def files(data: Path) -> list[bytes]:
    """Return what lies in the folder of audio."""
    return sorted(path.read_bytes() for path in (data / "uploads").iterdir())


def test_audio_of_a_completed_job_is_gone_after_a_day_to_the_second(api: Api, tmp_path: Path) -> None:
    api.freeze()
    job = sent(api, HELLO.read_bytes(), "hello.wav")
    words = transcript(api, job).json()
    assert files(tmp_path) == [HELLO.read_bytes()]
    api.advance(DAY - 1)
    assert files(tmp_path) == [HELLO.read_bytes()]
    api.advance(1)
    assert files(tmp_path) == []
    api.advance(365 * DAY)
    again(api)
    assert transcript(api, job).json() == words
    for form in ("txt", "srt", "vtt", "docx"):
        assert transcript(api, job, form).status_code == 200
    assert statuses(api, job) == ["completed"]
    assert seen(api, job)["source"] == {"type": "upload", "filename": "hello.wav"}
    assert delete(api, job).status_code == 204


def test_the_day_begins_when_the_job_ends(api: Api, tmp_path: Path) -> None:
    api.freeze()
    job = sent(api, wav(60), progress="timed")
    api.advance(11)  # a second in the queue, and ten for a minute
    assert statuses(api, job) == ["completed"]
    held = sent(api, wav(2), progress="held")
    api.advance(DAY - 0.001)
    assert files(tmp_path) == sorted([wav(2), wav(60)])
    api.advance(0.001)
    assert files(tmp_path) == [wav(2)]
    api.advance(30 * DAY)
    assert files(tmp_path) == [wav(2)]
    api.control.post(f"/jobs/{held}/release")
    again(api)
    assert transcript(api, held).status_code == 200
    api.advance(DAY)
    assert files(tmp_path) == []


def test_two_days_in_one_step_end_the_job_and_its_audio(api: Api, tmp_path: Path) -> None:
    api.freeze()
    job = sent(api, wav(60), progress="timed")
    api.advance(2 * DAY)
    assert files(tmp_path) == []
    again(api)
    assert transcript(api, job).status_code == 200


@pytest.mark.parametrize("end", ["failed", "cancelled", "cancelled while processing"])
def test_audio_of_other_ends_is_gone_after_a_day_too(api: Api, tmp_path: Path, end: str) -> None:
    api.freeze()
    job = sent(api, wav(1), progress="timed" if end.endswith("processing") else "held")
    if end == "failed":
        api.control.post(f"/jobs/{job}/fail")
    else:
        api.advance(1)
        cancel(api, job)
    assert statuses(api, job) == [end.partition(" ")[0]]
    api.advance(DAY - 1)
    assert len(files(tmp_path)) == 1
    api.advance(1)
    assert files(tmp_path) == []


@pytest.mark.parametrize("kind", ["fetched", "data"])
def test_audio_that_was_fetched_is_gone_after_a_day_too(api: Api, tmp_path: Path, remote: str, kind: str) -> None:
    api.freeze()
    job = submitted(api, source_url=remote if kind == "fetched" else DATA)
    eventually(lambda: statuses(api, job) == ["completed"])
    assert len(files(tmp_path)) == 1
    api.advance(DAY - 1)
    assert len(files(tmp_path)) == 1
    api.advance(1)
    assert files(tmp_path) == []
    again(api)
    assert transcript(api, job).status_code == 200


def test_files_that_are_read_where_they_lie_stay_there(api: Api, tmp_path: Path) -> None:
    api.freeze()
    job = submitted(api, source_url=HELLO.as_uri())
    assert statuses(api, job) == ["completed"]
    api.advance(2 * DAY)
    again(api)
    delete(api, job)
    assert HELLO.is_file()
    assert files(tmp_path) == []


def test_audio_of_a_job_that_is_deleted_is_gone_at_once(api: Api, tmp_path: Path) -> None:
    job = sent(api, wav(1))
    other = sent(api, wav(2))
    delete(api, job)
    assert files(tmp_path) == [wav(2)]
    api.http.delete(f"/jobs/{other}/transcript")
    assert files(tmp_path) == []


def test_the_uploads_of_the_other_api_stay(mock: MockServer, api: Api, tmp_path: Path) -> None:
    other = api_of(mock.url, api.key)
    api.freeze()
    url = other.upload(wav(3))
    job = other.submit(url)
    ours = sent(api, wav(3))
    assert (other.get(job)["status"], statuses(api, ours)) == ("completed", ["completed"])
    assert files(tmp_path) == [wav(3), wav(3)]
    api.advance(3 * DAY)
    assert files(tmp_path) == [wav(3)]
    assert other.transcribe(url)["status"] == "completed"


def test_only_the_clock_of_its_own_key_matters_and_the_one_of_all(mock: MockServer, api: Api, tmp_path: Path) -> None:
    stranger = jobs_of(mock.url)
    job = sent(api, wav(1))
    assert statuses(api, job) == ["completed"]
    stranger.advance(10 * DAY)
    httpx.get(f"{mock.url}/_mock/jobs")
    assert files(tmp_path) == [wav(1)]
    httpx.post(f"{mock.url}/_mock/clock/advance", json={"seconds": DAY + 1})
    assert files(tmp_path) == []


def test_a_day_that_passes_by_itself_is_enough(tmp_path: Path) -> None:
    with serving(data=tmp_path, speed=20_000) as api:
        sent(api, wav(1))
        eventually(lambda: files(tmp_path) == [], 30)


def test_time_that_stands_still_removes_nothing(api: Api, tmp_path: Path) -> None:
    api.control.post("/clock/scale", json={"factor": 1e5})
    api.freeze()
    job = sent(api, wav(1))
    assert statuses(api, job) == ["completed"]
    assert files(tmp_path) == [wav(1)]
    api.control.post("/clock/resume")
    eventually(lambda: files(tmp_path) == [], 30)


@pytest.mark.parametrize("passes", ["before", "after"])
def test_a_kill_does_not_keep_audio_longer(tmp_path: Path, passes: str) -> None:
    with running("--data", str(tmp_path)) as first:
        api = jobs_of(first.url, "k")
        api.freeze()
        job = sent(api, wav(1))
        words = transcript(api, job).json()
        api.advance(DAY - 1)
        assert files(tmp_path) == [wav(1)]
        if passes == "before":
            api.advance(1)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with running("--data", str(tmp_path)) as second:
        api = api_of(second.url, "k")
        assert files(tmp_path) == ([] if passes == "before" else [wav(1)])
        api.advance(1)
        assert files(tmp_path) == []
        again(api)
        assert transcript(api, job).json() == words


def test_a_day_that_passes_while_no_server_runs_counts_by_the_clock_of_the_next(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as first:
        api = jobs_of(first.url, "k")
        job = sent(api, wav(1))
        assert statuses(api, job) == ["completed"]
    with running("--data", str(tmp_path), "--speed", "20000"):
        eventually(lambda: files(tmp_path) == [], 30)


def test_a_snapshot_brings_audio_back_that_has_gone(api: Api, tmp_path: Path) -> None:
    api.freeze()
    job = sent(api, wav(1))
    words = transcript(api, job).json()
    token = api.http.headers["Authorization"]
    assert api.control.post("/snapshots", json={"name": "before"}).status_code in (200, 201)
    api.advance(DAY)
    assert files(tmp_path) == []
    assert api.control.post("/snapshots/before/restore").status_code == 200
    api.http.headers["Authorization"] = token
    assert files(tmp_path) == [wav(1)]
    assert transcript(api, job).json() == words
    api.advance(DAY - 1)
    assert files(tmp_path) == [wav(1)]
    api.advance(1)
    assert files(tmp_path) == []


def test_a_snapshot_of_audio_that_is_still_there_leaves_nothing_else(api: Api, tmp_path: Path) -> None:
    api.freeze()
    job = sent(api, wav(1))
    assert statuses(api, job) == ["completed"]
    api.control.post("/snapshots", json={"name": "now"})
    assert api.control.post("/snapshots/now/restore").status_code == 200
    assert files(tmp_path) == [wav(1)]
    api.advance(DAY)
    assert files(tmp_path) == []


def test_a_snapshot_without_the_job_takes_its_audio_away(api: Api, tmp_path: Path) -> None:
    api.freeze()
    api.control.post("/snapshots", json={"name": "empty"})
    job = sent(api, wav(1))
    assert statuses(api, job) == ["completed"]
    api.control.post("/snapshots/empty/restore")
    assert files(tmp_path) == []
    api.advance(2 * DAY)


def test_a_reset_removes_audio_and_forgets_when_it_was_to_go(api: Api, tmp_path: Path) -> None:
    api.freeze()
    sent(api, wav(1))
    api.control.post("/reset")
    assert files(tmp_path) == []
    again(api)
    held = sent(api, wav(2), progress="held")
    api.advance(2 * DAY)
    assert files(tmp_path) == [wav(2)]
    again(api)
    assert statuses(api, held) == ["queued"]
