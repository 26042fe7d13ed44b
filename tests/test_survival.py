"""What a server keeps when it is stopped, cleanly or not."""

from __future__ import annotations

import base64
import contextlib
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import FAMILIES, Api, Family
from tests.conftest import AUDIO, api_of, each_family
from tests.processes import half_an_upload, running
from tests.sounds import wav

URL = "https://example.com/some.mp3"


def database(data: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(data / "mockserver.sqlite")
    connection.row_factory = sqlite3.Row
    return connection


STATES = ["queued", "processing", "completed", "error"]


# Each state once: what is stored is the engine's, whichever API asks.
@pytest.mark.parametrize(
    ("family", "state"),
    [(Api, state) for state in STATES] + [(family, "processing") for family in FAMILIES[1:]],
    indirect=["family"],
)
def test_a_kill_in_any_state_loses_no_job_and_repeats_no_transition(family: Family, state: str, tmp_path: Path) -> None:
    flags = ["--data", str(tmp_path), "--progress", "timed", "--queue-seconds", "10", "--processing-seconds", "10"]
    with running(*flags) as first:
        api = api_of(first.url, "survivor", family=family)
        api.freeze()
        if state == "error":
            job = api.submit("https://example.com/errors/too-short.mp3", progress="timed")
        else:
            job = api.send(wav(3), progress="timed")
        api.advance({"queued": 0, "processing": 10, "completed": 20, "error": 20}[state])
        before = api.get(job)
        steps = api.job(job)["transitions"]
        assert api.status(job) == state
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with running(*flags) as second:
        api = api_of(second.url, "survivor", family=family)
        assert api.get(job) == before
        assert api.job(job)["transitions"] == steps
        api.advance(1000)
        end = "error" if state == "error" else "completed"
        assert api.status(job) == end
        assert [step["to"] for step in api.job(job)["transitions"]] == ["processing", end]
        if state != "error":
            assert api.text(job)
            assert api.duration(job) == 3


@each_family
def test_everything_that_was_answered_survives_a_kill_under_load(family: Family, tmp_path: Path) -> None:
    answered: list[str] = []
    with running("--data", str(tmp_path), "--concurrency", "100000") as first:
        headers = {"Authorization": api_of(first.url, "load", family=family).authorization}

        def submit(worker: int) -> None:
            with httpx.Client(base_url=first.url, headers=headers) as client:
                for number in range(10_000):
                    try:
                        body = family.body(f"{URL}?{worker}-{number % 3}")
                        answered.append(client.post(family.jobs_path, json=body).json()[family.id_field])
                    except httpx.HTTPError:
                        return

        workers = [threading.Thread(target=submit, args=[worker]) for worker in range(4)]
        for worker in workers:
            worker.start()
        while len(answered) < 300:
            workers[0].join(0.01)
        first.process.send_signal(signal.SIGKILL)
        for worker in workers:
            worker.join()
    assert len(set(answered)) == len(answered)
    with running("--data", str(tmp_path)) as second:
        api = api_of(second.url, "load", family=family)
        assert {api.status(job) for job in answered} == {"completed"}
        another = api.submit(URL)
        assert another not in answered
        assert {job["status"] for job in api.control.get("/jobs").json()["jobs"]} == {"completed"}
    stored = database(tmp_path)
    assert stored.execute("SELECT count(*) FROM jobs WHERE status != 'completed'").fetchone()[0] == 0
    steps = stored.execute("SELECT count(*), count(DISTINCT job) FROM transitions").fetchone()
    assert steps[0] == 2 * steps[1]
    stored.close()


@each_family
def test_a_job_that_was_being_prepared_is_prepared_after_the_restart(family: Family, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        flags = ["--data", str(tmp_path), "--remote-audio", "fetch"]
        with running(*flags) as first:
            api = api_of(first.url, "fetcher", family=family)
            job = api.submit(f"http://127.0.0.1:{silent.getsockname()[1]}/never.mp3")
            assert api.status(job) == "queued"
            first.process.send_signal(signal.SIGKILL)
            first.process.wait()
    with running(*flags) as second:
        api = api_of(second.url, "fetcher", family=family)
        waiting = ["queued"]
        while waiting[-1] == "queued":
            waiting.append(api.status(job))
        assert waiting[-1] == "error"
        assert api.job(job)["failure"]["reason"] == "download_failed"
        assert "download" in str(api.failure(job)).lower()


def test_a_kept_data_directory_keeps_jobs_uploads_and_clock(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as first:
        api = api_of(first.url, "keeper")
        upload = api.upload((AUDIO / "hello.wav").read_bytes())
        api.freeze()
        api.advance(1e6)
        now = api.control.get("/clock").json()
        job = api.submit(upload)
        before = api.get(job)
    assert first.process.returncode == 0
    with running("--data", str(tmp_path)) as second:
        api = api_of(second.url, "keeper")
        assert api.get(job) == before
        assert api.control.get("/clock").json() == now
        again = api.transcribe(f"{second.url}{urlsplit(upload).path}")
        assert again["text"] == before["text"]
        assert again["id"] != before["id"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_temporary_data_directory_is_removed_at_exit(
    how: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running() as server:
        api = api_of(server.url)
        api.upload(wav(1))
        assert len(list(tmp_path.iterdir())) == 1
        server.process.send_signal(how)
        assert server.process.wait() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_busy_reading_fixtures_ends_at_once() -> None:
    content = "---\nmatch: {audio_url: 'https://example.com/*'}\ntext: Hello there.\n" * 60_000
    with running() as server, httpx.Client(base_url=server.url, timeout=60) as client:
        ready, busy = threading.Event(), threading.Event()

        def parts() -> Iterator[bytes]:
            yield content.encode()
            ready.set()

        def post() -> None:
            with contextlib.suppress(httpx.HTTPError):
                client.post("/_mock/fixtures", content=parts())
            busy.set()

        thread = threading.Thread(target=post)
        thread.start()
        assert ready.wait(30)
        httpx.get(f"{server.url}/_mock/fixtures")
        assert not busy.wait(1)
        server.process.terminate()
        assert server.process.wait(5) == 0
        thread.join()


def test_what_a_killed_server_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running() as killed, running():
        killed.process.kill()
        killed.process.wait()
        assert len(list(tmp_path.iterdir())) == 2
        with running():
            assert len(list(tmp_path.iterdir())) == 2
    assert list(tmp_path.iterdir()) == []


def test_two_servers_cannot_share_a_data_directory(tmp_path: Path) -> None:
    flags = ["--data", str(tmp_path)]
    with running(*flags), pytest.raises(AssertionError, match="another server is using"), running(*flags):
        pass


def test_a_database_that_is_none_is_named_and_left_alone(tmp_path: Path) -> None:
    content = b"not a database, " * 50
    (tmp_path / "mockserver.sqlite").write_bytes(content)
    with pytest.raises(AssertionError, match="file is not a database"), running("--data", str(tmp_path)):
        pass
    assert (tmp_path / "mockserver.sqlite").read_bytes() == content


def test_a_database_of_another_version_is_named_and_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "mockserver.sqlite")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(AssertionError, match="another version"), running("--data", str(tmp_path)):
        pass


@each_family
def test_half_an_upload_is_removed_by_the_next_server(family: Family, tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as first, half_an_upload(api_of(first.url, "k", family=family)):
        while not any(path.stat().st_size for path in (tmp_path / "uploads").glob("*.part")):
            assert first.process.poll() is None
        first.process.kill()
        first.process.wait()
    assert len(list((tmp_path / "uploads").iterdir())) == 1
    with running("--data", str(tmp_path)):
        assert list((tmp_path / "uploads").iterdir()) == []


def test_files_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "uploads" / "folder").mkdir(parents=True)
    for name in ("mine.txt", "8d4e1b0a-0000-4000-8000-000000000000"):
        (tmp_path / "uploads" / name).write_text("mine")
    with running("--data", str(tmp_path)):
        pass
    with running("--data", str(tmp_path)) as server:
        httpx.post(f"{server.url}/_mock/reset")
    assert {path.name for path in (tmp_path / "uploads").iterdir()} >= {"mine.txt", "folder"}


def test_a_fast_clock_goes_on_where_it_was(tmp_path: Path) -> None:
    with running("--data", str(tmp_path), "--speed", "1000") as first:
        began = shown = httpx.get(f"{first.url}/_mock/clock").json()["now"]
        while datetime.fromisoformat(shown) - datetime.fromisoformat(began) < timedelta(minutes=5):
            shown = httpx.get(f"{first.url}/_mock/clock").json()["now"]
    with running("--data", str(tmp_path)) as second:
        clock = httpx.get(f"{second.url}/_mock/clock").json()
        assert clock["now"] > shown
        assert clock["scale"] == 1.0


def test_a_path_with_signs_in_it_is_only_a_path(tmp_path: Path) -> None:
    data = tmp_path / "a#b?c%20d"
    with running("--data", str(data)) as server:
        api = api_of(server.url)
        job = api.submit(URL)
        assert [shown["id"] for shown in api.control.get("/jobs").json()["jobs"]] == [job]


def test_a_job_that_is_held_while_it_is_downloaded_can_be_released(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, running("--remote-audio", "fetch") as server:
        api = api_of(server.url)
        job = api.submit(f"http://127.0.0.1:{silent.getsockname()[1]}/never.mp3", progress="held")
        assert api.control.post(f"/jobs/{job}/release").json()["held"] is False


@each_family
def test_ids_do_not_depend_on_when_background_work_is_done(family: Family) -> None:
    sound = "data:audio/wav;base64," + base64.b64encode(wav(1)).decode()

    def run(polls: bool) -> list[str]:
        with running() as server:
            api = api_of(server.url, "same", family=family)
            first = api.submit(sound)
            if polls:
                api.get(first)
            return [first, api.submit(URL), api.job(first)["url"][:30]]

    assert run(polls=True) == run(polls=False)


@each_family
def test_jobs_that_waited_use_the_slots_that_a_restart_brings(family: Family, tmp_path: Path) -> None:
    flags = ["--data", str(tmp_path), "--progress", "timed", "--queue-seconds", "0", "--processing-seconds", "10"]
    with running(*flags, "--concurrency", "1") as first:
        api = api_of(first.url, "waiting", family=family)
        api.freeze()
        jobs = [api.submit(f"{URL}?{number}") for number in range(5)]
        assert [api.status(job) for job in jobs] == ["processing"] + ["queued"] * 4
    with running(*flags, "--concurrency", "3") as second:
        api = api_of(second.url, "waiting", family=family)
        at_once = api.submit(URL, progress="instant")
        assert [api.status(job) for job in jobs] == ["processing"] * 3 + ["queued"] * 2
        assert api.status(at_once) == "queued"
        api.advance(20)
        assert {api.status(job) for job in [*jobs, at_once]} == {"completed"}
        assert all(len(api.job(job)["transitions"]) == 2 for job in jobs)


def test_replies_are_made_anew_for_other_quirks(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"entity_detection": True, "redact_pii": True, "redact_pii_policies": ["person_name"]}
    url = "https://example.com/voicemail-names.mp3"
    with MockServer(data=tmp_path, seed=3) as mock:
        api = api_of(mock.url, "k")
        job = api.submit(url, **asked)
        before = [entity["text"] for entity in api.get(job)["entities"] if entity["entity_type"] == "person_name"]
    with MockServer(data=tmp_path, seed=3, quirks=["redacted_results"]) as mock:
        entities = api_of(mock.url, "k").get(job)["entities"]
        after = [entity["text"] for entity in entities if entity["entity_type"] == "person_name"]
    assert before
    assert len(before) == len(after)
    assert all(set(text) <= set("# .,?!") for text in after)
