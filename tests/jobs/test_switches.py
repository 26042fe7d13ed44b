"""One API or all: what is served, what goes on behind it, and that the tools know the jobs of each."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver import Mock, MockServer
from mockserver.embed import MockServer as Embedded
from tests.cli.conftest import Command, call, command, told
from tests.conftest import Api, api_of
from tests.jobs.calls import URL, cancel, deliveries, listed, seen, sent, statuses, submitted, transcript
from tests.jobs.conftest import jobs_of, problem
from tests.processes import running
from tests.receivers import receiving
from tests.sounds import wav

__all__ = ["command"]
BROKEN = "https://example.com/errors/download-404.mp3"
OTHERS = (
    ("POST", "/v2/transcript"), ("GET", "/v2/transcript"), ("GET", "/v2/transcript/x"), ("POST", "/v2/upload"),
    ("POST", "/v1/chat/completions"), ("POST", "/lemur/v3/generate/task"), ("GET", "/nowhere"), ("GET", "/"),
)  # fmt: skip
OURS = (
    ("POST", "/auth/token"), ("POST", "/auth/refresh"), ("POST", "/jobs"), ("GET", "/jobs"), ("GET", "/jobs/x"),
    ("DELETE", "/jobs/x"), ("POST", "/jobs/x/cancel"), ("GET", "/jobs/x/transcript"), ("DELETE", "/jobs/x/transcript"),
)  # fmt: skip


def paths_of(url: str) -> set[str]:
    """Return the paths that the description of the server has, but for its own."""
    described = httpx.get(f"{url}/_mock/openapi.json").json()["paths"]
    return {path for path in described if not path.startswith("/_mock")}


def test_only_the_jobs_api_is_served_where_that_is_wanted() -> None:
    with MockServer(families="jobs") as mock:
        api = jobs_of(mock.url)
        for method, path in OTHERS:
            for headers in ({}, {"Authorization": api.key}):
                reply = httpx.request(method, f"{mock.url}{path}", headers=headers)
                assert problem(reply) == (404, "not_found"), path
        assert transcript(api, submitted(api)).status_code == 200
        assert paths_of(mock.url) == {re.sub("/x", "/{job_id}", path) for _, path in OURS}
        assert httpx.get(f"{mock.url}/_mock/health").json()["status"] == "ok"


def test_the_jobs_api_is_not_served_where_it_is_not_wanted() -> None:
    with MockServer(families=["assemblyai"]) as mock:
        api = api_of(mock.url)
        for method, path in OURS:
            assert api.http.request(method, path).status_code in (401, 404), path
            assert "job_" not in api.http.request(method, path).text
        assert api.transcribe(URL)["status"] == "completed"
        assert not paths_of(mock.url) & {"/jobs", "/auth/token", "/jobs/{job_id}"}


def test_everything_is_served_unless_somebody_says_otherwise(server: MockServer) -> None:
    assert paths_of(server.url) >= {"/v2/transcript", "/jobs", "/jobs/{job_id}/transcript", "/auth/token"}


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_what_is_served_is_said_by_a_flag_or_the_environment(how: str) -> None:
    flags = ["--families", "jobs"] if how == "flag" else []
    with running(*flags, env={"MOCKSERVER_FAMILIES": "jobs"} if how == "environment" else {}) as server:
        assert problem(httpx.get(f"{server.url}/v2/transcript")) == (404, "not_found")
        assert problem(httpx.get(f"{server.url}/jobs")) == (401, "unauthorized")


@pytest.mark.parametrize("names", ["job", "jobs,gladia", "JOBS"])
def test_an_unknown_name_is_refused_with_the_known_ones(names: str) -> None:
    done = call("serve", "--port", "0", "--families", names)
    assert done.returncode != 0
    assert "assemblyai, jobs" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_not_served_goes_on_all_the_same(tmp_path: Path) -> None:
    flags = ["--data", str(tmp_path), "--progress", "timed", "--queue-seconds", "0", "--processing-seconds", "10"]
    with receiving() as receiver:
        with running(*flags) as first:
            api = jobs_of(first.url, "k")
            other = api_of(first.url, "k")
            api.freeze()
            ours = submitted(api, webhook_url=receiver.url)
            theirs = other.submit(URL, webhook_url=receiver.url)
            audio = sent(api, wav(1))
        with running(*flags, "--families", "assemblyai") as second:
            other = api_of(second.url, "k")
            other.advance(10)
            assert other.get(theirs)["status"] == "completed"
            assert other.job(ours)["status"] == "completed"
            assert {call["job"]: call["delivered"] for call in deliveries(other)} == {ours: True, theirs: True}
            assert len(list((tmp_path / "uploads").iterdir())) == 1
            other.advance(24 * 3600)
            assert list((tmp_path / "uploads").iterdir()) == []
        with running(*flags, "--families", "jobs") as third:
            api = jobs_of(third.url, "k")
            assert statuses(api, ours, audio) == ["completed"] * 2
            assert problem(api.http.get(f"/jobs/{theirs}")) == (404, "job_not_found")
            shown = {job["id"]: job["family"] for job in api.control.get("/jobs").json()["jobs"]}
            assert shown == {ours: "jobs", audio: "jobs", theirs: "assemblyai"}


def test_metrics_name_the_api(server: MockServer, jobs: Api) -> None:
    submitted(jobs)
    text = httpx.get(f"{server.url}/_mock/metrics").text
    assert re.search(r'mockserver_requests_total\{family="jobs",service="jobs",operation="/jobs",method="POST",', text)
    assert 'mockserver_jobs{state="cancelled"}' in text


def test_a_kill_loses_no_job_in_any_state_and_no_token(tmp_path: Path) -> None:
    flags = ["--data", str(tmp_path), "--queue-seconds", "10", "--processing-seconds", "10", "--concurrency", "2"]
    with running(*flags) as first:
        api = jobs_of(first.url, "survivor")
        api.freeze()
        token = api.http.headers["Authorization"]
        done, failed = submitted(api), submitted(api, source_url=BROKEN)
        words = transcript(api, done).json()
        removed = submitted(api)
        api.http.delete(f"/jobs/{removed}")
        erased = submitted(api)
        api.http.delete(f"/jobs/{erased}/transcript")
        stopped, held = submitted(api, progress="held"), submitted(api, progress="held")
        cancel(api, stopped)
        polled = submitted(api, progress="polls")
        processing, waiting = (sent(api, wav(1), progress="timed") for _ in range(2))
        seen(api, polled)
        api.advance(10)
        queued = sent(api, wav(2), progress="timed")
        every = [done, failed, erased, stopped, held, processing, waiting, queued]
        before = [seen(api, job) for job in every]
        expected = ["completed", "failed", "completed", "cancelled", "queued", "processing", "queued", "queued"]
        assert [view["status"] for view in before] == expected
        assert api.job(waiting)["waiting"]
        steps = [api.job(job)["transitions"] for job in every]
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with running(*flags) as second:
        api = api_of(second.url, "survivor")
        api.http.headers["Authorization"] = token
        assert [seen(api, job) for job in every] == before
        assert [api.job(job)["transitions"] for job in every] == steps
        assert api.job(waiting)["waiting"]
        assert transcript(api, done).json() == words
        assert problem(api.http.get(f"/jobs/{removed}")) == (404, "job_not_found")
        assert problem(transcript(api, erased)) == (404, "transcript_not_found")
        assert removed not in listed(api)
        api.advance(10)
        assert statuses(api, processing, waiting, queued) == ["completed", "processing", "queued"]
        assert statuses(api, polled) == ["completed"]
        assert statuses(api, queued) == ["processing"]
        api.control.post(f"/jobs/{held}/release")
        api.advance(10)
        assert statuses(api, held, waiting, queued, stopped) == ["completed", "completed", "completed", "cancelled"]


def ask(mock: Mock, method: str, path: str, **options: Any) -> httpx.Response:
    token = httpx.post(f"{mock.url}/auth/token", json={"api_key": mock.api_key}).json()["access_token"]
    return httpx.request(method, f"{mock.url}{path}", headers={"Authorization": f"Bearer {token}"}, **options)


def test_a_server_in_the_process_knows_these_jobs() -> None:
    with Embedded(families="jobs") as mock:
        mock.transcript("The quick brown fox.", audio_url=URL)
        job = ask(mock, "POST", "/jobs", json={"source_url": URL}).json()["job_id"]
        assert ask(mock, "GET", f"/jobs/{job}/transcript?format=txt").text == "The quick brown fox."
        mock.change_terms(progress="held")
        held = ask(mock, "POST", "/jobs", json={"source_url": URL}).json()["job_id"]
        assert mock.job(held).held
        assert ask(mock, "POST", f"/jobs/{held}/cancel").json()["status"] == "cancelled"
        (found,) = mock.wait_for_jobs(status="cancelled")
        assert (found.id, found.status, found.transitions[-1].to_status) == (held, "cancelled", "cancelled")
        assert {each.id for each in mock.wait_for_jobs(2)} == {job, held}
        assert [each.id for each in mock.jobs(status="cancelled")] == [held]
        mock.fail_next("rate_limited", path="/jobs")
        assert ask(mock, "POST", "/jobs", json={"source_url": URL}).status_code == 429
        assert "transient_error" in mock.fault_names()["faults"]
        mock.fault(fallback_job=True, times=1)
        mock.restore_terms()
        fallen = ask(mock, "POST", "/jobs", json={"source_url": URL}).json()["job_id"]
        assert ask(mock, "GET", f"/jobs/{fallen}").json()["engine"] == "whisper_large_v3"
        assert mock.requests(job=job)


def test_nobody_is_told_twice_that_a_job_is_being_waited_for(jobs: Api) -> None:
    job = submitted(jobs, progress="held")
    cancel(jobs, job)
    reply = jobs.control.get("/journal/wait", params={"what": "jobs", "count": 1, "timeout": 0})
    assert (reply.status_code, reply.json()["count"]) == (200, 1)
    assert [shown["status"] for shown in reply.json()["jobs"]] == ["cancelled"]


def test_the_commands_show_these_jobs(jobs: Api, command: Command) -> None:
    with receiving() as receiver:
        job = submitted(jobs, progress="held", webhook_url=receiver.url)
        cancel(jobs, job)
        deliveries(jobs)
        flags = ["--key", jobs.key, "--json"]
        shown = told(command("jobs", *flags))["jobs"]
        assert [(each["id"], each["family"], each["status"]) for each in shown] == [(job, "jobs", "cancelled")]
        assert job in command("jobs", "--key", jobs.key, "--status", "cancelled").stdout
        assert "queued -> cancelled" in command("jobs", "show", job).stdout
        (delivery,) = told(command("webhooks", *flags))["webhooks"]
        assert (delivery["job"], delivery["delivered"]) == (job, True)
        assert receiver.url in command("webhooks", "--key", jobs.key).stdout
        assert json.loads(command("webhooks", "replay", str(delivery["number"]), "--json").stdout)
        assert len(receiver.wait_for(2)) == 2
