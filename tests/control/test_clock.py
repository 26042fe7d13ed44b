"""What moving a clock brings about, and says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Family
from tests.conftest import api_of, each_family
from tests.receivers import receiving

URL = "https://example.com/a.mp3"


def advance(api: AnyApi, seconds: float, **more: Any) -> dict[str, Any]:
    reply = api.control.post("/clock/advance", json={"seconds": seconds, **more})
    assert reply.status_code == 200, reply.text
    moved: dict[str, Any] = reply.json()
    return moved


@each_family
def test_the_webhook_calls_that_come_due_are_told_with_their_outcome(api: AnyApi) -> None:
    with receiving(500, 201) as receiver:
        api.freeze()
        job = api.submit(URL, progress="timed", webhook_url=receiver.url)
        assert advance(api, 0.5)["webhooks"] == []
        moved = advance(api, 1000, wait=30)
        assert [step["to"] for step in moved["transitions"]] == ["processing", "completed"]
        (call,) = moved["webhooks"]
        assert (call["job"], call["event"], call["url"], call["status"]) == (job, "done", receiver.url, 500)
        assert advance(api, 5, wait=30)["webhooks"] == []
        (again,) = advance(api, 5, wait=30)["webhooks"]
        assert (again["number"], again["status"], again["error"]) == (call["number"], 201, None)
        assert advance(api, 1000, wait=30)["webhooks"] == []


@each_family
def test_without_waiting_a_call_that_came_due_has_no_outcome_yet(api: AnyApi) -> None:
    with receiving() as receiver:
        receiver.may_answer.clear()
        api.freeze()
        api.submit(URL, progress="timed", webhook_url=receiver.url)
        assert [call["status"] for call in advance(api, 1000)["webhooks"]] == [None]
        receiver.may_answer.set()


@each_family
def test_a_call_that_nobody_takes_is_told_with_its_error(api: AnyApi) -> None:
    api.freeze()
    api.submit(URL, progress="timed", webhook_url="http://127.0.0.1:9/nobody")
    (call,) = advance(api, 1000, wait=30)["webhooks"]
    assert call["status"] is None
    assert call["error"]


@each_family
def test_the_request_windows_that_end_are_told_once(api: AnyApi) -> None:
    api.freeze()
    api.listing()
    assert [window for window in advance(api, 299)["windows"] if not window["name"].startswith("token/")] == []
    (window,) = advance(api, 1)["windows"]
    assert window["name"] == api.service
    assert window["key"] in api.control.post("/reset").json()["reset"]
    assert advance(api, 300)["windows"] == []


@each_family
def test_the_servers_clock_tells_of_every_key(family: Family) -> None:
    with MockServer() as mock, receiving() as receiver:
        httpx.post(f"{mock.url}/_mock/clock/freeze")
        one, two = api_of(mock.url, family=family), api_of(mock.url, family=family)
        jobs = [api.submit(URL, progress="timed", webhook_url=receiver.url) for api in (one, two)]
        moved = httpx.post(f"{mock.url}/_mock/clock/advance", json={"seconds": 1000, "wait": 30}).json()
        assert sorted(call["job"] for call in moved["webhooks"]) == sorted(jobs)
        assert [call["status"] for call in moved["webhooks"]] == [200, 200]
        assert [window["name"] for window in moved["windows"] if not window["name"].startswith("token/")] == [
            family.service
        ] * 2
        assert one.advance(1000)["webhooks"] == []


def test_clocks_that_are_let_go_tell_of_the_same(api: AnyApi) -> None:
    for call, body in (("freeze", None), ("resume", None), ("scale", {"factor": 2})):
        reply = api.control.post(f"/clock/{call}", json=body).json()
        assert (reply["transitions"], reply["webhooks"], reply["windows"]) == ([], [], [])


@pytest.mark.parametrize("wait", [-1, 61, "long"])
def test_a_wait_that_cannot_be_is_refused(api: AnyApi, wait: object) -> None:
    reply = api.control.post("/clock/advance", json={"seconds": 1, "wait": wait})
    assert reply.status_code == 422
    assert reply.json()["error"].startswith("wait")
