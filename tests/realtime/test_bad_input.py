"""No frame that a client can send is answered with anything but a documented error, and none makes it wait."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.embed import MockServer
from tests.realtime.client import RATE, Client, kinds, pcm, silence
from tests.realtime.conftest import Opened

DOCUMENTED = {1000, 4032, 4033, 4034, 4100, 4101}
MEGABYTES = 5 * 2**20
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NAMES = st.sampled_from(
    ["audio_data", "terminate_session", "force_end_utterance", "end_utterance_silence_threshold", "type"]
)
FRAMES = (
    st.binary(max_size=3 * RATE)
    | st.text(st.characters(codec="utf-8"))
    | st.dictionaries(NAMES, JSON | st.binary(max_size=100).map(lambda data: base64.b64encode(data).decode())).map(
        json.dumps
    )
)


@settings(max_examples=100)
@given(st.lists(FRAMES, max_size=5))
def test_whatever_is_sent_the_session_ends_as_documented(server: MockServer, sent: list[bytes | str]) -> None:
    client = Client(server.url, "test-bad-input", sample_rate=RATE)
    for frame in sent:
        client.frame_if_open(frame)
    answers = client.finish_if_open()
    assert kinds(answers)[0] == "SessionBegins"
    assert client.code in DOCUMENTED
    assert kinds(answers)[-1] == ("SessionTerminated" if client.code == 1000 else "error")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\0" * 10_000_000, 4033),
        ("x" * MEGABYTES, 4100),
        (json.dumps({"noise": "x" * MEGABYTES}), 4101),
        (json.dumps({"audio_data": "!" * MEGABYTES}), 4101),
        (json.dumps({"audio_data": "AAAA" * (MEGABYTES // 4)}), 4033),
        (json.dumps({"audio_data": [0] * (MEGABYTES // 3)}), 4101),
        (json.dumps({str(number): number for number in range(MEGABYTES // 18)}), 4101),
        ('{"a":' * (MEGABYTES // 5), 4100),
    ],
    ids=["frame", "junk", "field", "no Base64", "Base64", "list", "fields", "deep"],
)
def test_a_huge_message_is_refused_at_once(frame: bytes | str, code: int, opened: Opened) -> None:
    client = opened()
    client.frame_if_open(frame)
    client.rest()
    assert client.code == code


def test_frames_of_an_odd_length_are_put_together(opened: Opened) -> None:
    audio = pcm("hello.wav")
    client, other = opened(), opened()
    other.send(audio)
    for at in range(0, len(audio), 8001):
        client.frame(audio[at : at + 8001])
    told = [each["words"] for each in client.finish() if each.get("text_formatted")]
    assert told == [each["words"] for each in other.finish() if each.get("text_formatted")]


def test_a_bad_session_harms_no_other(opened: Opened) -> None:
    client, other = opened(), opened()
    client.frame("junk")
    client.rest()
    other.frame(silence(100))
    assert kinds(other.finish()) == ["SessionBegins", "SessionTerminated"]
