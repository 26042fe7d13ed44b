"""Waiting for requests, jobs and webhook calls."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Family
from tests.conftest import api_of, each_family
from tests.control.entries import URL
from tests.receivers import receiving


@each_family
def test_requests_that_are_there_need_no_waiting(api: AnyApi) -> None:
    api.submit(URL)
    reply = api.control.get("/journal/wait", params={"path": api.jobs_path, "timeout": 60})
    assert (reply.status_code, reply.json()["count"]) == (200, 1)
    assert reply.json()["requests"][0]["method"] == "POST"


@each_family
def test_a_wait_ends_with_the_request_that_was_missing(family: Family, api: AnyApi, server: MockServer) -> None:
    api.submit(URL)
    replies: list[httpx.Response] = []
    with httpx.Client(base_url=f"{server.url}/_mock", timeout=60) as client:
        asked: dict[str, str | int] = {
            "key": api.key,
            "path": api.job_paths,
            "method": "GET",
            "count": 2,
            "timeout": 60,
        }
        waiting = threading.Thread(target=lambda: replies.append(client.get("/journal/wait", params=asked)))
        waiting.start()
        api.ask("one")
        api_of(server.url, family=family).ask("of-another-key")
        assert waiting.is_alive()
        api.ask("two")
        waiting.join()
    assert replies[0].status_code == 200
    assert [entry["job"] for entry in replies[0].json()["requests"]] == ["two", "one"]


@each_family
def test_a_wait_that_is_in_vain_says_what_there_is(api: AnyApi) -> None:
    api.submit(URL)
    reply = api.control.get("/journal/wait", params={"path": api.job_paths, "count": 2, "timeout": 0.05})
    assert (reply.status_code, reply.json()["count"], len(reply.json()["requests"])) == (408, 1, 1)
    assert "1 of 2 requests" in reply.json()["error"]


@each_family
def test_a_wait_for_jobs_ends_when_they_have_finished(api: AnyApi, server: MockServer) -> None:
    jobs = [api.submit(URL, progress="held") for _ in range(2)]
    replies: list[httpx.Response] = []
    with httpx.Client(base_url=f"{server.url}/_mock", timeout=60) as client:
        asked: dict[str, str | int] = {"key": api.key, "what": "jobs", "count": 2, "timeout": 60}
        waiting = threading.Thread(target=lambda: replies.append(client.get("/journal/wait", params=asked)))
        waiting.start()
        api.control.post(f"/jobs/{jobs[0]}/release")
        assert waiting.is_alive()
        api.control.post(f"/jobs/{jobs[1]}/fail")
        waiting.join()
    assert [job["status"] for job in replies[0].json()["jobs"]] == ["error", "completed"]
    found = api.control.get("/journal/wait", params={"what": "jobs", "status": "error"}).json()
    assert (found["count"], found["jobs"][0]["id"]) == (1, jobs[1])


@each_family
def test_a_wait_for_webhooks_ends_when_they_are_delivered(api: AnyApi) -> None:
    with receiving(200) as hook:
        hook.may_answer.clear()
        job = api.submit(URL, webhook_url=hook.url)
        asked: dict[str, str | int] = {"what": "webhooks", "job": job}
        assert api.control.get("/journal/wait", params=asked | {"timeout": 0}).status_code == 408
        hook.may_answer.set()
        reply = api.control.get("/journal/wait", params=asked | {"timeout": 60})
    assert (reply.status_code, reply.json()["webhooks"][0]["delivered"]) == (200, True)


@pytest.mark.parametrize(
    ("what", "filters", "named"),
    [("jobs", {"status": "200"}, "status"), ("jobs", {"method": "GET"}, "method"), ("webhooks", {"status": "error"}, "status"),
     ("requests", {"status": "completed"}, "status"), ("calls", {}, "what"), ("requests", {"timeout": 61}, "timeout")],
)  # fmt: skip
def test_a_wrong_wait_is_refused(api: AnyApi, what: str, filters: dict[str, Any], named: str) -> None:
    reply = api.control.get("/journal/wait", params={"what": what} | filters)
    assert reply.status_code == 422
    assert named in reply.json()["error"]


def test_a_server_that_stops_ends_every_wait() -> None:
    replies: list[httpx.Response] = []
    with MockServer() as mock:
        asking = threading.Event()

        def wait() -> None:
            asking.set()
            replies.append(httpx.get(f"{mock.url}/_mock/journal/wait?timeout=60", timeout=60))

        httpx.get(f"{mock.url}/_mock/journal/count")
        waiting = threading.Thread(target=wait)
        waiting.start()
        asking.wait()
        httpx.get(f"{mock.url}/_mock/journal/wait?timeout=0.2")
    waiting.join(30)
    assert not waiting.is_alive()
    assert replies[0].status_code == 408


@each_family
def test_a_wait_ends_when_the_clock_is_moved(api: AnyApi, server: MockServer) -> None:
    api.freeze()
    job = api.submit(URL, progress="timed")
    replies: list[httpx.Response] = []
    with httpx.Client(base_url=f"{server.url}/_mock", timeout=60) as client:
        asked: dict[str, str | int] = {"key": api.key, "what": "jobs", "job": job, "timeout": 60}
        waiting = threading.Thread(target=lambda: replies.append(client.get("/journal/wait", params=asked)))
        waiting.start()
        assert api.control.get("/journal/wait", params={"what": "jobs", "timeout": 0.1}).status_code == 408
        api.advance(1000)
        waiting.join()
    assert (replies[0].status_code, replies[0].json()["jobs"][0]["status"]) == (200, "completed")


@each_family
def test_a_wait_counts_anew_when_the_journal_is_forgotten(api: AnyApi, server: MockServer) -> None:
    api.submit(URL)
    replies: list[httpx.Response] = []
    with httpx.Client(base_url=f"{server.url}/_mock", timeout=60) as client:
        asked: dict[str, str | int] = {"key": api.key, "path": api.job_paths, "count": 2, "timeout": 60}
        waiting = threading.Thread(target=lambda: replies.append(client.get("/journal/wait", params=asked)))
        waiting.start()
        assert (
            api.control.get("/journal/wait", params={"path": api.job_paths, "count": 2, "timeout": 0.1}).status_code
            == 408
        )
        api.control.delete("/journal")
        api.ask("one")
        api.ask("two")
        waiting.join()
    assert [entry["job"] for entry in replies[0].json()["requests"]] == ["two", "one"]
