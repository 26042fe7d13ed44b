"""Every documented error of the legacy realtime API: a message, and a close with its code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from mockserver.apis.assemblyai.realtime.messages import ERRORS
from mockserver.embed import MockServer
from tests.conftest import Api, api_of
from tests.realtime.client import RATE, Client, kinds, noise, silence
from tests.realtime.conftest import Opened

TEXTS = {
    4000: "Sample rate must be a positive integer",
    4001: "Not Authorized",
    4002: "Insufficient Funds",
    4008: "Session Expired",
    4031: "Session idle for too long",
    4032: "Audio duration is too short",
    4029: "Client sent audio too fast",
    4033: "Audio duration is too long",
    4034: "Audio too small to transcode",
    4100: "Endpoint received invalid JSON",
    4101: "Endpoint received a message with an invalid schema",
    4102: "This account has exceeded the number of allowed streams",
    1013: "Temporary server condition forced blocking client's request",
    4104: "Could not parse word boost parameter",
}


def refused(client: Client, code: int) -> None:
    """The client is told an error before anything else, and the session ends with its code."""
    assert client.rest() == [{"error": TEXTS[code]}]
    assert (client.code, client.reason) == (code, TEXTS[code])


def ended(client: Client, code: int) -> None:
    """The session had begun, and ends with an error."""
    sent = client.rest()
    assert kinds(sent)[0] == "SessionBegins"
    assert "SessionTerminated" not in kinds(sent)
    assert sent[-1] == {"error": TEXTS[code]}
    assert (client.code, client.reason) == (code, TEXTS[code])


def hint_of(api: Api) -> str:
    note: str = api.control.get("/journal", params={"path": "/v2/realtime/ws"}).json()["requests"][0]["note"]
    return note


@pytest.mark.parametrize(
    "rate", [None, "", "0", "-16000", "16000.5", "1e4", "fast", "²", "99999999999999999999", "1000001"]
)
def test_the_sample_rate_is_a_positive_integer(rate: str | None, api: Api, opened: Opened) -> None:
    refused(opened(sample_rate=rate), 4000)
    assert "sample_rate" in hint_of(api)


@pytest.mark.parametrize("rate", [1, 8000, 1_000_000])
def test_any_positive_sample_rate_will_do(rate: int, opened: Opened) -> None:
    client = opened(sample_rate=rate)
    client.frame(bytes(2 * rate))
    client.frame(bytes(2 * rate))
    assert kinds(client.finish()) == ["SessionBegins", "SessionTerminated"]


@pytest.mark.parametrize("key", [None, "", "invalid-key", "Bearer some-key"])
def test_a_session_needs_an_accepted_key(key: str | None, opened: Opened) -> None:
    refused(opened(key), 4001)


def test_who_has_no_key_is_not_told_what_else_is_wrong(opened: Opened) -> None:
    refused(opened(None, sample_rate="none"), 4001)


def test_a_negative_balance_admits_no_session(api: Api, opened: Opened) -> None:
    api.control.patch("/terms", json={"negative_balance": True})
    refused(opened(), 4002)
    assert "negative_balance" in hint_of(api)
    api.control.patch("/terms", json={"negative_balance": False})
    assert kinds(opened().finish()) == ["SessionBegins", "SessionTerminated"]


def test_more_sessions_than_are_allowed_at_a_time_are_refused(api: Api, opened: Opened) -> None:
    api.control.patch("/terms", json={"stream_concurrency": 2})
    first, second = opened(), opened()
    refused(opened(), 4102)
    assert "stream_concurrency" in hint_of(api)
    assert [kinds(each.finish())[-1] for each in (first, second)] == ["SessionTerminated"] * 2
    assert kinds(opened().finish()) == ["SessionBegins", "SessionTerminated"]


def test_more_new_sessions_than_are_allowed_in_a_minute_are_refused(api: Api, opened: Opened) -> None:
    api.freeze()
    api.control.patch("/terms", json={"stream_rate_limit": 2})
    assert [kinds(opened().finish())[0] for _ in range(2)] == ["SessionBegins"] * 2
    refused(opened(), 1013)
    api.advance(60)
    assert kinds(opened().finish()) == ["SessionBegins", "SessionTerminated"]


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_service_that_is_broken_upgrades_nothing(status: int, api: Api, opened: Opened) -> None:
    api.control.patch("/terms", json={"failing": status})
    with pytest.raises(InvalidStatus) as refusal:
        opened()
    assert refusal.value.response.status_code == status


@pytest.mark.parametrize("boost", ["tree", "{}", "[1]", '["a", null]', "[", '"tree"', json.dumps(["x" * 2497])])
def test_boosted_words_are_a_list_that_is_not_too_long(boost: str, opened: Opened) -> None:
    refused(opened(word_boost=boost), 4104)


def test_boosted_words_may_have_2500_characters(opened: Opened) -> None:
    client = opened(word_boost=json.dumps(["x" * 2496]))
    assert kinds(client.finish()) == ["SessionBegins", "SessionTerminated"]


def test_an_unknown_encoding_is_refused(opened: Opened) -> None:
    refused(opened(encoding="opus"), 4101)


def test_a_frame_has_two_seconds_at_most(opened: Opened) -> None:
    client = opened()
    client.frame(silence(2000))
    client.frame(silence(2001))
    ended(client, 4033)


def test_frames_that_are_too_short_are_refused(api: Api, opened: Opened) -> None:
    client = opened()
    client.frame(silence(100))
    client.frame(silence(99))
    client.frame(silence(100))
    ended(client, 4032)
    assert "100 ms" in hint_of(api)


@pytest.mark.parametrize("frame", [b"", b"\0", '{"audio_data":""}', '{"audio_data":"AA=="}'])
def test_a_frame_without_a_sample_is_refused(frame: bytes | str, opened: Opened) -> None:
    client = opened()
    client.frame(frame)
    ended(client, 4034)


@pytest.mark.parametrize("text", ["", "hello", "{", '{"terminate_session": yes}', "[" * 100_000, '{"a":NaN}'])
def test_text_that_is_no_json_is_refused(text: str, opened: Opened) -> None:
    client = opened()
    client.frame(text)
    ended(client, 4100)


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        1,
        "terminate_session",
        {},
        {"type": "Terminate"},
        {"terminate_session": "true"},
        {"terminate_session": None},
        {"force_end_utterance": 1},
        {"end_utterance_silence_threshold": -1},
        {"end_utterance_silence_threshold": 20_001},
        {"end_utterance_silence_threshold": 700.0},
        {"end_utterance_silence_threshold": "700"},
        {"end_utterance_silence_threshold": True},
        {"audio_data": None},
        {"audio_data": [1, 2]},
        {"audio_data": "not Base64!"},
        {"audio_data": "AAA"},
        {"audio_data": "äöü"},
    ],
)
def test_a_message_of_another_form_is_refused(message: Any, opened: Opened) -> None:
    client = opened()
    client.frame(json.dumps(message))
    ended(client, 4101)


def test_a_session_ends_after_a_minute_without_a_message(api: Api, opened: Opened) -> None:
    api.freeze()
    client = opened()
    client.frame(silence(100))
    client.ping()
    api.advance(59)
    client.ask(force_end_utterance=True)
    client.ping()
    api.advance(59)
    client.frame(silence(100))
    client.ping()
    api.advance(60)
    ended(client, 4031)


def test_a_session_ends_after_three_hours(api: Api, opened: Opened) -> None:
    api.freeze()
    client = opened()
    for _ in range(183):
        api.advance(59)
        client.ask(force_end_utterance=True)
        client.ping()
    api.advance(3)
    ended(client, 4008)


def test_audio_may_come_as_fast_as_it_likes(api: Api, opened: Opened) -> None:
    api.freeze()
    client = opened()
    client.send(silence(60_000), 2000)
    assert kinds(client.finish()) == ["SessionBegins", "SessionTerminated"]


def test_audio_comes_too_fast_with_the_quirk() -> None:
    with MockServer(quirks=["realtime_v2", "stream_pace"]) as mock:
        api = api_of(mock.url)
        api.freeze()
        client = Client(mock.url, api.key, sample_rate=RATE)
        for _ in range(3):
            client.ping()
            api.advance(24)
            client.send(silence(24_000), 2000)
        client.send(silence(60_000), 2000)
        ended(client, 4029)


def test_what_was_being_said_is_lost_with_an_error(opened: Opened) -> None:
    client = opened()
    client.send(noise(3000))
    client.frame("junk")
    sent = client.rest()
    assert "FinalTranscript" not in kinds(sent)
    assert client.code == 4100


def test_every_error_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "realtime.md").read_text()
    documented = re.findall(r"^\| (\d{4}) \| `(\w+)` \| (.*?) \|", page, re.MULTILINE)
    assert [(int(code), name, text) for code, name, text in documented] == [
        (failure.code, name, failure.text) for name, failure in ERRORS.items()
    ]


@pytest.fixture(scope="module")
def today() -> Any:
    with MockServer() as mock:
        yield mock


@pytest.mark.parametrize("key", ["some-key", None])
def test_today_the_socket_is_gone(today: MockServer, key: str | None) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        Client(today.url, key, sample_rate=RATE)
    response = refusal.value.response
    assert response.status_code == 410
    assert json.loads(response.body or b"") == {"error": "Deprecated endpoint"}


def test_today_there_are_no_tokens(today: MockServer) -> None:
    reply = api_of(today.url).http.post("/v2/realtime/token", json={"expires_in": 60})
    assert (reply.status_code, reply.text) == (404, "404: Not Found")


def test_the_socket_is_no_page(api: Api) -> None:
    reply: httpx.Response = api.http.get("/v2/realtime/ws?sample_rate=16000")
    assert reply.status_code == 404
