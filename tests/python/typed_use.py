"""A test as users write them, for mypy --strict and for pytest with the plugin: it uses most of what there is."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import Any

import pytest

from mockserver import AsyncControl, Mock, MockServer, MockServerError
from mockserver.client import Job, Rule, SinkRequest

AUDIO = {"audio_url": "https://example.com/a.mp3"}


def ask(mock: Mock, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"Authorization": mock.api_key or "", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(mock.url + path, data, headers)) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer


@pytest.mark.mockserver(progress="timed", queue_seconds=5)
def test_time_and_jobs(mockserver: Mock) -> None:
    mockserver.freeze()
    job: str = ask(mockserver, "/v2/transcript", AUDIO)["id"]
    moved = mockserver.advance(3600, wait=1)
    assert [(step.job, step.to_status) for step in moved.transitions][-1] == (job, "completed")
    done: list[Job] = mockserver.wait_for_jobs(status="completed")
    assert done[0].transitions[-1].at == done[0].finished
    assert (mockserver.resume().frozen, mockserver.scale(2).scale) == (False, 2)


def test_faults_and_the_journal(mockserver: Mock, assemblyai_env: dict[str, str]) -> None:
    rule: Rule = {"status": 418, "times": 1, "connection": "EMPTY_RESPONSE"}
    with pytest.raises(MockServerError, match="status and connection"):
        mockserver.fault(**rule)
    number: int = mockserver.fail_next("rate_limited", times=1, path="/v2/*")
    with pytest.raises(urllib.error.HTTPError):
        ask(mockserver, "/v2/transcript")
    assert [fault.fired for fault in mockserver.faults() if fault.id == number] == [1]
    mockserver.remove_fault(number)
    (request,) = mockserver.requests(status="4xx", fault="rate_limited")
    assert request.at is not None
    assert mockserver.verify(method="GET", headers={"content-type": "application/json"}) == 1
    assert assemblyai_env["ASSEMBLYAI_API_KEY"] == mockserver.api_key
    assert (mockserver.count(), len(mockserver.har()["log"]["entries"])) == (1, 1)
    assert mockserver.curl(request.request_id).startswith("curl")


def test_what_is_said(mockserver: Mock) -> None:
    name: str = mockserver.transcript(turns=[{"speaker": "A", "text": "Hello."}], language="en", uses=2)
    assert mockserver.explain(AUDIO["audio_url"], params={"punctuate": True})["fixture"] == name
    mockserver.chat({"json": {"a": 1}}, user="hello", turn=1)
    mockserver.remove_fixture(name)
    mockserver.clear_fixtures()


def test_worlds(mockserver: Mock) -> None:
    other = mockserver.key("other", concurrency="free", progress="held")
    snapshot = other.snapshot()
    other.change_terms(rate_limit=5)
    other.restore(snapshot)
    sink = other.sink("orders")
    sink.answers({"status": 503}, {"status": 200, "delay": 0})
    received: list[SinkRequest] = sink.received()
    assert received == []
    assert other.api_key in {each["key"] for each in other.keys()}  # noqa: SIM118


def test_a_server_and_an_event_loop() -> None:
    async def use() -> None:
        async with MockServer(seed=7) as mock:
            control: AsyncControl = mock.asynchronous
            assert (await control.freeze()).frozen
            assert (await control.fail_next("server_error", method="POST")) > 0
            with pytest.raises(TimeoutError):
                await control.wait_for_requests(1, timeout=0)

    asyncio.run(use())
