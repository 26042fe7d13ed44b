"""Streams: server-sent events, their pace on the clock, and how they end early."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.apis.assemblyai.gateway import render
from mockserver.apis.assemblyai.gateway.catalogue import catalogue
from mockserver.embed import MockServer
from mockserver.engine.chat import Conversation, Message
from mockserver.engine.chat.completions import complete
from mockserver.engine.chat.fixture import PlannedCall, Step
from mockserver.engine.chat.tokens import tokens
from tests.conftest import api_of
from tests.gateway.conftest import Answering, Gateway, events
from tests.waiting import eventually

ASKED = {"model": "gpt-5", "stream": True}
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CALLS = st.lists(
    st.builds(PlannedCall, st.text("abc_", min_size=1, max_size=30), st.dictionaries(TEXTS.map(str), TEXTS)), max_size=3
)


def said(chunks: list[dict[str, Any]]) -> str:
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


def connected(gateway: Gateway) -> socket.socket:
    host, port = gateway.api.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def request(gateway: Gateway, body: bytes) -> bytes:
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: {gateway.api.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def journalled(gateway: Gateway, requests: int = 1) -> list[dict[str, Any]]:
    """Return the entries, the newest first, once the server has noticed the end of so many requests."""
    entries: list[dict[str, Any]] = eventually(
        lambda: gateway.api.control.get("/journal").json()["requests"], enough=lambda found: len(found) >= requests
    )
    return entries


@pytest.fixture(scope="module")
def shared() -> Iterator[Gateway]:
    with MockServer(llm_rate_limit=0) as mock:
        api = api_of(mock.url)
        yield Gateway(api)


def test_a_stream_is_made_of_chunks_of_one_completion(gateway: Gateway) -> None:
    first, *middle, last = gateway.stream("Hello you")
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert last["choices"] == [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]
    for chunk in (first, *middle, last):
        assert set(chunk) == {"id", "object", "created", "model", "choices"}
        assert (chunk["id"], chunk["object"], chunk["created"]) == (
            first["id"], "chat.completion.chunk", first["created"],
        )  # fmt: skip
    assert [choice["delta"]["content"] for chunk in middle for choice in chunk["choices"]] == tokens(
        "You said: Hello you"
    )


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_a_stream_says_what_the_whole_reply_says(shared: Gateway, text: str) -> None:
    whole = shared.ask(text)["choices"][0]
    chunks = shared.stream(text)
    assert said(chunks) == whole["message"]["content"]
    assert chunks[-1]["choices"][0]["finish_reason"] == whole["finish_reason"]


def test_usage_comes_last_if_it_is_wanted(gateway: Gateway) -> None:
    usage = gateway.ask("Hello")["usage"]
    *chunks, last = gateway.stream("Hello", stream_options={"include_usage": True})
    assert last["choices"] == []
    assert last["usage"] == {name: usage[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    assert all("usage" not in chunk for chunk in chunks)


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize(("model", "finish"), [("gpt-5", "length"), ("claude-sonnet-5", "max_tokens")])
def test_max_tokens_cuts_a_stream_too(model: str, finish: str, limit: str, gateway: Gateway) -> None:
    chunks = gateway.stream("One two three four", model=model, **{limit: 3})
    assert said(chunks) == "You said:" == gateway.say("One two three four", model=model, **{limit: 3})
    assert chunks[-1]["choices"][0]["finish_reason"] == finish


def test_calls_of_tools_come_in_pieces(answering: Answering) -> None:
    arguments = {"city": "Paris", "days": [1, 2, 3]}
    gateway = answering(
        "answer:\n  text: Let me look.\n  tool_calls:\n"
        f"    - {{name: first, arguments: {json.dumps(arguments)}}}\n    - {{name: second, arguments: {{}}}}"
    )
    chunks = gateway.stream(model="claude-sonnet-5")
    assert said(chunks) == "Let me look."
    deltas = [call for chunk in chunks for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", [])]
    begun = [delta for delta in deltas if "id" in delta]
    assert [(delta["index"], delta["type"], delta["function"]["name"]) for delta in begun] == [
        (0, "function", "first"), (1, "function", "second"),
    ]  # fmt: skip
    assert all(delta["id"].startswith("toolu_") for delta in begun)
    joined = ["".join(d["function"]["arguments"] for d in deltas if d["index"] == index) for index in (0, 1)]
    assert [json.loads(text) for text in joined] == [arguments, {}]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_use"


def test_a_stream_keeps_its_pace_on_the_clock(gateway: Gateway) -> None:
    gateway.api.freeze()
    gateway.api.control.patch("/terms", json={"llm_first_token": 2, "llm_tokens_per_second": 10})
    body = {**ASKED, "prompt": "one two three four five"}
    with gateway.api.http.stream("POST", "/v1/chat/completions", json=body) as reply:
        chunks = (json.loads(event) for event in events(reply.iter_lines()) if event != "[DONE]")
        heard = []
        for moment, wanted in ((2.0, ["", "You"]), (0.1, [" said"]), (0.2, [":", " one"])):
            gateway.api.advance(moment)
            heard += [next(chunks)["choices"][0]["delta"]["content"] for _ in wanted]
        assert heard == ["", "You", " said", ":", " one"]
        gateway.api.advance(60)
        assert said(list(chunks)) == " two three four five"


def test_a_whole_reply_takes_its_time_on_the_clock(gateway: Gateway) -> None:
    gateway.api.control.patch("/terms", json={"llm_first_token": 30, "llm_tokens_per_second": 1})
    gateway.api.control.post("/clock/scale", json={"factor": 100_000})
    assert gateway.ask()["response_time"] == (30 + 3) * 1_000_000_000


@given(TEXTS, CALLS, TEXTS, st.integers(1, 60), st.none() | st.integers(0, 60))
def test_a_stream_takes_as_long_as_its_whole_reply_unless_it_is_cut(
    text: str | None, calls: list[PlannedCall], thinking: str | None, most: int, cut_after: int | None
) -> None:
    talk = Conversation("gpt-5", (Message("user", "Hello"),), most_tokens=most)
    completion = complete(talk, Step(text or "", tuple(calls), thinking=thinking), 0, 9)
    assert completion.output_tokens <= most
    model = catalogue().find("gpt-5", "us")
    assert model is not None
    pace = render.Pace.of(500_000, 10)
    pieces = list(render.events(render.Answer(completion, model, "id", 0), pace, with_usage=True, cut_after=cut_after))
    moments = [piece.at for piece in pieces]
    assert moments == sorted(moments)
    if cut_after is not None and cut_after <= completion.output_tokens:
        assert pieces[-1].data is None
    else:
        assert moments[-1] == pace.at(completion.output_tokens)
        assert pieces[-1].data == b"data: [DONE]\n\n"


@pytest.mark.parametrize("pace", [1e-9, 5e-324, 1e9])
def test_any_pace_can_be_set(pace: float, gateway: Gateway) -> None:
    gateway.api.freeze()
    gateway.api.control.patch("/terms", json={"llm_tokens_per_second": pace})
    assert gateway.say("mock: empty") == ""
    with gateway.api.http.stream("POST", "/v1/chat/completions", json={**ASKED, "prompt": "a"}) as reply:
        assert json.loads(next(events(reply.iter_lines())))["choices"][0]["delta"]["role"] == "assistant"


def test_a_stream_outlives_a_reset_that_sets_the_clock_back(gateway: Gateway) -> None:
    gateway.api.advance(3600)
    gateway.api.freeze()
    gateway.api.control.patch("/terms", json={"llm_tokens_per_second": 1})
    with gateway.api.http.stream("POST", "/v1/chat/completions", json={**ASKED, "prompt": "one two"}) as reply:
        heard = events(reply.iter_lines())
        assert [json.loads(next(heard))["choices"][0]["delta"]["content"] for _ in range(2)] == ["", "You"]
        gateway.api.control.post("/reset")
        gateway.api.freeze()
        gateway.api.advance(1)
        assert json.loads(next(heard))["choices"][0]["delta"]["content"] == " said"
        gateway.api.advance(60)
        assert list(heard)[-1] == "[DONE]"


def test_a_client_that_leaves_after_it_has_asked_twice_ends_the_stream(gateway: Gateway) -> None:
    gateway.api.freeze()
    gateway.api.control.patch("/terms", json={"llm_tokens_per_second": 1})
    with connected(gateway) as connection:
        body = json.dumps({**ASKED, "prompt": "one two three"}).encode()
        connection.sendall(2 * request(gateway, body))
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert journalled(gateway)[0]["note"] == "the client closed the connection"


def test_a_server_that_stops_lets_go_of_its_streams(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        gateway = Gateway(api_of(mock.url))
        gateway.api.freeze()
        gateway.api.control.patch("/terms", json={"llm_tokens_per_second": 1})
        body = json.dumps({**ASKED, "prompt": "one two three"}).encode()
        connections = [connected(gateway) for _ in range(20)]
        for connection in connections:
            connection.sendall(request(gateway, body))
            assert connection.recv(12) == b"HTTP/1.1 200"
    for connection in connections:
        while connection.recv(10_000):
            pass
        connection.close()
    with MockServer(data=tmp_path) as mock:
        entries = Gateway(api_of(mock.url, gateway.api.key)).api.control.get("/journal").json()["requests"]
        assert [entry["note"] for entry in entries] == ["the server stopped"] * 20


def test_a_client_that_goes_away_ends_the_stream(gateway: Gateway) -> None:
    gateway.api.freeze()
    gateway.api.control.patch("/terms", json={"llm_tokens_per_second": 1})
    with gateway.api.http.stream("POST", "/v1/chat/completions", json={**ASKED, "prompt": "one two three"}) as reply:
        first = next(events(reply.iter_lines()))
        assert json.loads(first)["choices"][0]["delta"]["role"] == "assistant"
    (entry,) = journalled(gateway)
    assert (entry["status"], entry["note"]) == (200, "the client closed the connection")
    assert 0 < entry["size"] < 1000


def test_a_client_that_goes_away_while_it_waits_for_a_whole_reply_is_noticed(gateway: Gateway) -> None:
    gateway.api.freeze()
    gateway.api.control.patch("/terms", json={"llm_first_token": 5})
    with pytest.raises(httpx.ReadTimeout):
        gateway.post({"model": "gpt-5", "prompt": "Hello"}, timeout=0.2)
    assert [entry["status"] for entry in journalled(gateway)] == [499]


def test_a_fixture_can_cut_a_stream(gateway: Gateway) -> None:
    heard: list[str] = []
    with (
        pytest.raises(httpx.RemoteProtocolError),
        gateway.api.http.stream("POST", "/v1/chat/completions", json={**ASKED, "prompt": "mock: cut"}) as reply,
    ):
        heard.extend(events(reply.iter_lines()))
    assert "[DONE]" not in heard
    assert said([json.loads(event) for event in heard]) == "".join(tokens(gateway.say("mock: cut"))[:8])
    assert [(entry["fixture"], entry["note"]) for entry in journalled(gateway, 2)] == [
        ("chat-cut", None), ("chat-cut", "the stream was cut"),
    ]  # fmt: skip


def test_a_stream_that_is_shorter_than_where_it_is_cut_is_whole(answering: Answering) -> None:
    gateway = answering("answer: {text: One two., cut_after: 4}")
    assert said(gateway.stream()) == "One two."
    gateway = answering("answer: {text: One two., cut_after: 3}")
    with pytest.raises(httpx.RemoteProtocolError):
        gateway.stream()


def test_a_client_that_never_reads_holds_up_nobody(tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text("answer: " + "word " * 200_000)
    with MockServer(fixtures=(tmp_path,), samples=False) as mock:
        gateway = Gateway(api_of(mock.url))
        body = json.dumps({**ASKED, "prompt": "a", "max_tokens": 200_000}).encode()
        with connected(gateway) as connection:
            connection.sendall(request(gateway, body))
            assert connection.recv(12) == b"HTTP/1.1 200"
            assert gateway.ask("a", max_tokens=3)["usage"]["completion_tokens"] == 3
        notes = [entry["note"] for entry in journalled(gateway, 2)]
        assert sorted(notes, key=str) == [None, "the client closed the connection"]
