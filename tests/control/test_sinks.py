"""Sinks: webhooks and anything else can be received without a receiver of one's own."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family
from tests.conftest import api_of, each_family
from tests.waiting import eventually

URL = "https://example.com/call.mp3"


@pytest.fixture
def name() -> str:
    return f"sink-{uuid.uuid4().hex}"


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def sink_url(api: AnyApi, name: str) -> str:
    return f"{api.url}/_mock/sink/{name}"


def received(api: AnyApi, name: str, count: int = 0, timeout: float = 30) -> list[dict[str, Any]]:
    reply = api.control.get(f"/sinks/{name}", params={"count": count, "timeout": timeout})
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["requests"]
    return found


def configured(api: AnyApi, name: str, **behaviour: Any) -> dict[str, Any]:
    reply = api.control.put(f"/sinks/{name}", json=behaviour)
    assert reply.status_code == 200, reply.text
    view: dict[str, Any] = reply.json()
    return view


@pytest.mark.parametrize("progress", ["instant", "held"])
def test_a_webhook_of_this_very_server_is_received(api: Api, name: str, progress: str) -> None:
    url = configured(api, name)["url"]
    job = api.submit(
        URL, progress=progress, webhook_url=f"{url}/orders/7?x=a%2Fb",
        webhook_auth_header_name="X-Secret", webhook_auth_header_value="s3cret",
    )  # fmt: skip
    if progress == "held":
        assert received(api, name) == []
        api.control.post(f"/jobs/{job}/release")
    (call,) = received(api, name, 1)
    assert call["body"]["json"] == {"transcript_id": job, "status": "completed"}
    assert (call["number"], call["method"], call["status"]) == (1, "POST", 200)
    assert (call["path"], call["query"]) == (f"/_mock/sink/{name}/orders/7", "x=a%2Fb")
    assert call["headers"]["x-secret"] == "s3cret"
    assert call["headers"]["content-type"] == "application/json"
    (delivery,) = api.control.get("/webhooks", params={"wait": 30}).json()["webhooks"]
    assert delivery["delivered"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "PROPFIND"])
def test_any_method_is_received(api: Api, name: str, method: str) -> None:
    reply = httpx.request(method, sink_url(api, name))
    assert (reply.status_code, reply.content) == (200, b"")
    assert [call["method"] for call in received(api, name, 1)] == [method]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"", {"text": ""}),
        (b"plain", {"text": "plain"}),
        ("Grüße".encode(), {"text": "Grüße"}),
        (b"\xff\0", {"base64": base64.b64encode(b"\xff\0").decode()}),
        (b'{"a": [1, null]}', {"text": '{"a": [1, null]}', "json": {"a": [1, None]}}),
        (b"123456789012345678901234567890", {"text": "1234567890" * 3, "json": int("1234567890" * 3)}),
        (b"NaN", {"text": "NaN"}),
        (b"[" * 900 + b"]" * 900, {"text": "[" * 900 + "]" * 900}),
    ],
)
def test_a_body_is_shown_as_what_it_is(api: Api, name: str, content: bytes, shown: dict[str, Any]) -> None:
    httpx.post(sink_url(api, name), content=content)
    assert received(api, name, 1)[0]["body"] == shown


def test_the_beginning_of_a_long_body_is_kept(api: Api, name: str) -> None:
    content = "ü" * 200_000 + "x"
    assert httpx.post(sink_url(api, name), content=content.encode()).status_code == 200
    body = received(api, name, 1)[0]["body"]
    assert (body["size"], body["truncated"]) == (400_001, True)
    assert body["text"] == "ü" * (256 * 1024 // 2)
    assert "json" not in body


def test_a_header_that_comes_twice_is_shown_whole(api: Api, name: str) -> None:
    httpx.post(sink_url(api, name), headers=[("X-Twice", "a"), ("x-twice", "b")])
    assert received(api, name, 1)[0]["headers"]["x-twice"] == "a, b"


def test_a_sink_answers_what_it_is_told(api: Api, name: str) -> None:
    headers = {"X-Mine": "yes", "Content-Type": "application/json"}
    configured(api, name, status=418, body='{"a": 1}', headers=headers)
    reply = httpx.post(sink_url(api, name))
    assert (reply.status_code, reply.json(), reply.headers["x-mine"]) == (418, {"a": 1}, "yes")
    assert reply.headers.get_list("content-type") == ["application/json"]
    assert received(api, name)[0]["status"] == 418


@pytest.mark.parametrize("status", [204, 205, 304])
def test_what_may_have_no_body_has_none(api: Api, name: str, status: int) -> None:
    configured(api, name, status=status, body="not sent")
    with httpx.Client() as client:
        assert [client.get(sink_url(api, name)).content for _ in range(2)] == [b"", b""]


def test_answers_come_in_turn_and_the_last_repeats(api: Api, name: str) -> None:
    configured(api, name, answers=[{"status": 500}, {"status": 503}, {}])
    assert [httpx.post(sink_url(api, name)).status_code for _ in range(4)] == [500, 503, 200, 200]
    configured(api, name, answers=[{"status": 500}, {}])
    assert [httpx.post(sink_url(api, name)).status_code for _ in range(2)] == [500, 200]
    assert [call["number"] for call in received(api, name)] == [1, 2, 3, 4, 5, 6]


@each_family
def test_a_sink_that_fails_first_gets_the_call_again(api: AnyApi, name: str) -> None:
    url = configured(api, name, answers=[{"status": 500}, {"status": 200}])["url"]
    api.freeze()
    api.submit(URL, webhook_url=url)
    received(api, name, 1)
    api.control.get("/webhooks", params={"wait": 30})
    api.advance(10)
    assert [call["status"] for call in received(api, name, 2)] == [500, 200]


def test_a_delay_is_the_owners_clocks(api: Api, name: str, background: ThreadPoolExecutor) -> None:
    api.freeze()
    configured(api, name, delay=3600, body="late")
    asked = background.submit(httpx.post, sink_url(api, name), timeout=60)
    received(api, name, 1)
    api.advance(3599)
    assert not asked.done()
    api.advance(1)
    assert asked.result(30).text == "late"


@each_family
def test_a_sink_that_dawdles_uses_up_the_time_of_the_caller(family: Family, name: str) -> None:
    with MockServer(webhook_timeout=0.2) as mock:
        api = api_of(mock.url, family=family)
        api.freeze()
        api.submit(URL, webhook_url=configured(api, name, delay=60)["url"])
        (delivery,) = api.control.get("/webhooks", params={"wait": 30}).json()["webhooks"]
        assert "no reply within 0.2 s" in delivery["attempts"][0]["error"]
        eventually(lambda: received(api, name, 1)[0]["status"] is None)


def test_waiting_ends_with_the_request_that_was_waited_for(api: Api, name: str, background: ThreadPoolExecutor) -> None:
    waiting = background.submit(received, api_of(api.url, api.key), name, 3)
    for number in range(3):
        assert not waiting.done()
        httpx.post(sink_url(api, name), content=str(number))
    assert [call["body"]["text"] for call in waiting.result(30)] == ["0", "1", "2"]


def test_waiting_in_vain_ends_with_408_and_what_there_is(api: Api, name: str) -> None:
    httpx.post(sink_url(api, name))
    reply = api.control.get(f"/sinks/{name}", params={"count": 2, "timeout": 0.1})
    assert reply.status_code == 408
    assert (reply.json()["count"], len(reply.json()["requests"])) == (1, 1)
    assert reply.json()["error"] == "only 1 of 2 requests within 0.1 s"


def test_a_server_that_stops_lets_nobody_wait(name: str, background: ThreadPoolExecutor) -> None:
    with MockServer() as mock:
        api = api_of(mock.url)
        configured(api, name, delay=3600)
        delayed = background.submit(httpx.post, sink_url(api, name), timeout=60)
        received(api, name, 1)
        query = {"count": 2, "timeout": 60}
        waiting = background.submit(httpx.get, f"{mock.url}/_mock/sinks/{name}", params=query, timeout=60)
    assert isinstance(delayed.exception(10), httpx.RemoteProtocolError)
    assert isinstance(waiting.exception(10), httpx.TransportError) or waiting.result().status_code == 503


def test_old_requests_make_room_for_new_ones(api: Api, name: str) -> None:
    with httpx.Client() as client:
        for _ in range(1_003):
            client.post(sink_url(api, name))
    view = api.control.get(f"/sinks/{name}").json()
    assert (view["count"], len(view["requests"])) == (1_003, 1_000)
    assert view["requests"][0]["number"] == 4


def test_memory_is_bounded() -> None:
    with MockServer() as mock:
        api = api_of(mock.url)
        content = b"x" * 256 * 1024
        with httpx.Client() as client:
            for number in range(300):
                client.post(sink_url(api, f"s{number % 3}"), content=content)
        kept = [len(received(api, f"s{number}")) for number in range(3)]
        assert 200 < sum(kept) < 260
        assert max(kept) - min(kept) <= 1


def test_there_are_only_so_many_sinks() -> None:
    with MockServer() as mock:
        api = api_of(mock.url)
        configured(api, "mine", status=202)
        with httpx.Client() as client:
            for number in range(1_001):
                client.post(sink_url(api, f"s{number}"))
        names = {sink["name"] for sink in httpx.get(f"{mock.url}/_mock/sinks").json()["sinks"]}
        assert len(names) == 1_000
        assert {"mine", "s1000"} <= names
        assert "s0" not in names


def test_answers_take_only_so_much_room() -> None:
    long = {"answers": [{"body": "x" * 2**20}] * 10}
    with MockServer() as mock, httpx.Client(base_url=f"{mock.url}/_mock") as control:
        statuses = [control.put(f"/sinks/{number}", json=long).status_code for number in range(7)]
        assert statuses == [200] * 6 + [409]
        assert control.put("/sinks/0", json=long).status_code == 200
        assert control.delete("/sinks/0").status_code == 200
        assert control.put("/sinks/6", json=long).status_code == 200


def test_a_sink_belongs_to_the_key_that_configures_it(api: Api, server: MockServer, name: str) -> None:
    other = api_of(server.url)
    configured(api, name)
    httpx.post(sink_url(api, name))
    assert other.control.put(f"/sinks/{name}", json={}).status_code == 409
    assert other.control.get(f"/sinks/{name}").status_code == 404
    assert other.control.delete(f"/sinks/{name}").status_code == 404
    assert other.control.get("/sinks").json() == {"sinks": []}
    other.control.post("/reset")
    assert [sink["count"] for sink in api.control.get("/sinks").json()["sinks"]] == [1]
    api.control.post("/reset")
    assert api.control.get("/sinks").json() == {"sinks": []}
    assert received(other, name) == []


def test_a_reset_of_everything_forgets_every_sink(name: str) -> None:
    with MockServer() as mock:
        httpx.post(f"{mock.url}/_mock/sink/{name}")
        httpx.put(f"{mock.url}/_mock/sinks/other", json={"status": 500})
        assert len(httpx.get(f"{mock.url}/_mock/sinks").json()["sinks"]) == 2
        httpx.post(f"{mock.url}/_mock/reset")
        assert httpx.get(f"{mock.url}/_mock/sinks").json() == {"sinks": []}
        assert httpx.post(f"{mock.url}/_mock/sink/other").status_code == 200


def test_a_sink_that_is_removed_begins_anew(api: Api, name: str) -> None:
    configured(api, name, status=500)
    httpx.post(sink_url(api, name))
    assert api.control.delete(f"/sinks/{name}").json() == {"removed": name}
    assert httpx.post(sink_url(api, name)).status_code == 200
    assert [call["number"] for call in received(api, name)] == [1]


def test_the_url_is_the_public_one_where_there_is_one() -> None:
    with MockServer(public_url="https://mock.example.com/base") as mock:
        shown = httpx.get(f"{mock.url}/_mock/sinks/x").json()
        assert shown == {"name": "x", "url": "https://mock.example.com/base/_mock/sink/x", "count": 0, "requests": []}


@pytest.mark.parametrize(
    ("behaviour", "named"),
    [
        ({"status": 99}, "status"),
        ({"status": "200"}, "status"),
        ({"status": 100}, "status"),
        ({"delay": -1}, "delay"),
        ({"delay": "soon"}, "delay"),
        ({"body": {"a": 1}}, "body"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"headers": {"a": "b\r\nc: d"}}, "headers"),
        ({"headers": {"a": "€"}}, "headers"),
        ({"headers": {"Content-Length": "5"}}, "headers"),
        ({"headers": {"a": 5}}, "headers"),
        ({"answers": []}, "answers"),
        ({"answers": [{"status": 1}]}, "answers.0.status"),
        ({"answers": [{}], "status": 200}, "answers"),
        ({"colour": "red"}, "colour"),
        (["x"], "body"),
    ],
)
def test_a_behaviour_that_makes_no_sense_is_refused(api: Api, name: str, behaviour: Any, named: str) -> None:
    reply = api.control.put(f"/sinks/{name}", json=behaviour)
    assert reply.status_code == 422
    assert named in reply.json()["error"]
    assert httpx.post(sink_url(api, name)).status_code == 200


@pytest.mark.parametrize("query", [{"count": -1}, {"count": "x"}, {"timeout": 61}, {"timeout": "nan"}, {"timeout": -1}])
def test_waiting_that_makes_no_sense_is_refused(api: Api, name: str, query: dict[str, Any]) -> None:
    reply = api.control.get(f"/sinks/{name}", params=query)
    assert reply.status_code == 422
    assert next(iter(query)) in reply.json()["error"]


@pytest.mark.parametrize("wrong", ["a b", "x" * 101, "a%0A", "%2fx", "ü"])
def test_a_name_that_is_none_is_refused(api: Api, wrong: str) -> None:
    assert httpx.post(sink_url(api, wrong)).status_code == 404
    for method in ("GET", "PUT", "DELETE"):
        reply = httpx.request(method, f"{api.url}/_mock/sinks/{wrong}", json={})
        assert reply.status_code in (404, 422)
        assert reply.json()["error"]
