"""How sessions begin and end, what clients may say in them, and how they are refused."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from mockserver.client import Mock
from mockserver.embed import MockServer
from mockserver.engine.clock import SystemTime
from tests.streaming.streams import ENGLISH, PRO, RATE, Ended, finals, frames, heard, opened, pcm, quiet, refusal, turns

SEE = "See Error message for details"
UNAUTHORIZED = "Unauthorized Connection: "
INPUT = "User Input Validation Error: "


def ending(mock: Mock, *sent: Any, **params: Any) -> tuple[int, str]:
    """Return the code and the text of the Error that a session ends with, after whatever it said before."""
    with opened(mock.url, mock.api_key, **{"sample_rate": RATE} | params) as stream:
        stream.send(*sent)
        error = stream.finish(terminate=False)[-1]
        assert error["type"] == "Error"
        assert stream.ended == Ended(error["error_code"], SEE)
        assert "Termination" not in stream.kinds
        return error["error_code"], error["error"]


def test_a_session_begins_with_its_id_its_end_and_its_configuration(mock: Mock) -> None:
    mock.freeze()
    with opened(mock.url, mock.api_key, sample_rate=RATE, speaker_labels="True", domain="medical-v1") as stream:
        begin = stream.until("Begin")
    assert list(begin) == ["type", "id", "expires_at", "configuration"]
    assert uuid.UUID(begin["id"]).version == 4
    assert begin["configuration"] == {
        "model": PRO, "mode": "balanced", "api_version": "2025-05-12", "speaker_labels": True, "redact_pii": False,
        "filter_profanity": False, "domain": "medical-v1", "voice_focus": None,
    }  # fmt: skip
    assert list(begin["configuration"])[:3] == ["model", "mode", "api_version"]


def test_the_other_family_of_models_has_no_mode_unless_one_is_asked_for(mock: Mock) -> None:
    for params, mode in (({}, None), ({"mode": "min_latency"}, "min_latency")):
        with opened(mock.url, mock.api_key, speech_model=ENGLISH, **params) as stream:
            assert stream.until("Begin")["configuration"]["mode"] == mode


def test_a_session_begins_at_once(mock: Mock) -> None:
    took, clock = [], SystemTime()
    for _ in range(5):
        began = clock.now()
        with opened(mock.url, mock.api_key) as stream:
            stream.until("Begin")
        took.append(clock.now() - began)
    assert min(took) < 200_000


def test_the_root_is_for_the_product_that_one_hosts_oneself(mock: Mock) -> None:
    with opened(mock.url, "self-hosted", path="/", language="multi", keyterms='["Northwind"]') as stream:
        assert stream.finish()[0]["type"] == "Begin"


def test_a_session_ends_with_its_sums(mock: Mock) -> None:
    with opened(mock.url, mock.api_key, sample_rate=8000) as stream:
        stream.until("Begin")
        stream.send(*frames(quiet(3.2, 8000), 100, 8000))
        assert stream.finish()[-1] == {
            "type": "Termination",
            "audio_duration_seconds": 3,
            "session_duration_seconds": 0,
        }
        assert stream.ended == Ended(1000, "Session Ended")


@pytest.mark.parametrize(
    ("key", "params", "text"),
    [
        (None, {}, "Missing Authorization header"),
        ("", {}, "Missing Authorization header"),
        ("invalid", {}, "Invalid API key"),
        ("Bearer some-key", {}, "Invalid API key"),
        (None, {"token": "invalid"}, "Invalid API key"),
        (None, {"token": "eyJhbGciOiJIUzI1NiJ9.e30.abc"}, "Invalid API key"),
        ("good", {"token": "invalid"}, "Invalid API key"),
    ],
)
def test_nobody_gets_in_without_a_key(server: MockServer, key: str | None, params: dict[str, str], text: str) -> None:
    assert refusal(server.url, key, **params) == (1008, UNAUTHORIZED + text, Ended(1008, SEE))


def test_a_key_may_stand_in_the_url(mock: Mock) -> None:
    with opened(mock.url, token=mock.api_key) as stream:
        assert stream.finish()[0]["type"] == "Begin"


def test_a_url_that_is_too_long_is_refused(mock: Mock) -> None:
    with opened(mock.url, mock.api_key, x="a" * 8000) as stream:
        assert stream.hear()
    for length in (8193, 100_000):
        with pytest.raises(InvalidStatus) as refused, opened(mock.url, mock.api_key, x="a" * length):
            pass
        assert refused.value.response.status_code == 414


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"sample_rate": 7999}, "Invalid 'sample_rate': Value error, sample_rate must be at least 8,000 Hz"),
        ({"sample_rate": 96001}, "Invalid 'sample_rate': Value error, sample_rate must be at most 96,000 Hz"),
        ({"sample_rate": "many"}, "Invalid 'sample_rate': Input should be a valid integer, unable to parse string as an integer"),
        ({"encoding": "flac"}, "'flac' is not a valid Encoding"),
        ({"keyterms_prompt": "Northwind"}, "Invalid 'keyterms_prompt': Value error, Invalid JSON array"),
        ({"keyterms_prompt": '{"a": 1}'}, "Invalid 'keyterms_prompt': Value error, Invalid JSON array"),
        ({"keyterms_prompt": ["a"] * 101}, "Invalid 'keyterms_prompt': Value error, Max 100 items"),
        ({"keyterms": ["a"] * 101}, "Invalid 'keyterms_prompt': Value error, Max 100 items"),
        ({"agent_context": "a" * 1751}, "Invalid 'agent_context': Value error, agent_context exceeds maximum length of 1750 characters (got 1751)"),
        ({"prompt": "a" * 1751}, "Invalid 'prompt': Value error, prompt exceeds maximum length of 1750 characters (got 1751)"),
        ({"prompt": "a", "speech_model": ENGLISH}, "prompt is only supported with the 'u3-rt-pro' speech_model"),
        ({"vad_threshold": 1.1}, "Invalid 'vad_threshold': Input should be less than or equal to 1"),
        ({"vad_threshold": "nan"}, "Invalid 'vad_threshold': Input should be a finite number"),
        ({"end_of_turn_confidence_threshold": -1}, "Invalid 'end_of_turn_confidence_threshold': Input should be greater than or equal to 0"),
        ({"voice_focus_threshold": 2}, "Invalid 'voice_focus_threshold': Input should be less than or equal to 1"),
        ({"noise_suppression_model": "far"}, "Invalid 'voice_focus': Input should be 'near-field' or 'far-field'"),
        ({"mode": "fast"}, "Invalid 'mode': Input should be 'max_accuracy', 'min_latency' or 'balanced'"),
        ({"domain": "law"}, "Invalid 'domain': Input should be 'medical-v1'"),
        ({"max_speakers": 11}, "Invalid 'max_speakers': Input should be less than or equal to 10"),
        ({"interruption_delay": 1001}, "Invalid 'interruption_delay': Input should be less than or equal to 1000"),
        ({"previous_context_n_turns": 101}, "Invalid 'previous_context_n_turns': Input should be less than or equal to 100"),
        ({"inactivity_timeout": 4}, "Invalid 'inactivity_timeout': Input should be greater than or equal to 5"),
        ({"speaker_labels_revision_interval_ms": -1}, "Invalid 'speaker_labels_revision_interval_ms': Input should be greater than or equal to 0"),
        ({"format_turns": "perhaps"}, "Invalid 'format_turns': Input should be a valid boolean, unable to interpret input"),
        ({"language_codes": ["en"] * 11}, "Invalid 'language_codes': Value error, Max 10 items"),
        ({"language_codes": ["tlh"]}, "Invalid 'language_codes': Value error, Unsupported language code 'tlh'"),
        ({"redact_pii_policies": "person_name"}, "Invalid 'redact_pii_policies': Value error, Invalid JSON array"),
        ({"redact_pii_sub": "stars"}, "Invalid 'redact_pii_sub': Input should be 'hash' or 'entity_name'"),
        ({"llm_gateway": "[]"}, "Invalid 'llm_gateway': Value error, Invalid JSON object"),
    ],
)  # fmt: skip
def test_parameters_are_refused_in_the_services_words(mock: Mock, params: dict[str, Any], text: str) -> None:
    assert refusal(mock.url, mock.api_key, **params) == (3006, INPUT + text, Ended(3006, SEE))


@pytest.mark.parametrize("model", ["u3-pro", "universal-3-pro", "universal-3-5-pro-realtime", ""])
def test_a_model_that_there_is_not_is_answered_with_those_that_there_are(mock: Mock, model: str) -> None:
    code, text, _ = refusal(mock.url, mock.api_key, speech_model=model)
    assert code == 3006
    assert text.startswith(f"{INPUT}Invalid 'speech_model': Input should be 'universal-streaming-english', ")
    assert "'whisper-rt'" in text
    assert text.endswith(" or '_universal-3-5-notetaker'")


@pytest.mark.parametrize(
    "params",
    [
        {"format_turns": "TRUE", "speaker_labels": "False", "filter_profanity": "true", "acknowledge_silence": "1"},
        {"min_turn_silence": -5, "max_turn_silence": 0}, {"min_turn_silence": 10**9}, {"min_end_of_turn_silence_when_confident": 400},
        {"noise_suppression_model": "near-field", "noise_suppression_threshold": 0.5}, {"voice_focus": "far-field"},
        {"keyterms_prompt": ["a" * 200], "language_codes": ["en", "multi"], "prompt": "p", "agent_context": "c" * 1750},
        {"speaker_labels_revision_interval_ms": 86_400_000, "max_speakers": 10, "turn_left_pad_ms": 100},
        {"customer_support_audio_capture": "true", "_customer_support_audio_capture": "true", "previous_context_n_turns": 0},
        {"formatted_finals": "true", "word_finalization_max_wait_time": 100, "nobody_knows": "this"},
        {"redact_pii_policies": ["person_name"], "redact_pii_sub": "entity_name", "redact_pii": "true"},
    ],
)  # fmt: skip
def test_parameters_are_accepted(mock: Mock, params: dict[str, Any]) -> None:
    with opened(mock.url, mock.api_key, **params) as stream:
        assert [each["type"] for each in stream.finish()] == ["Begin", "Termination"]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("{a", "Invalid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("", "Invalid JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "Invalid Message: Input should be a valid dictionary"),
        ("null", "Invalid Message: Input should be a valid dictionary"),
        ({"type": "Bogus"}, "Invalid Message Type: Bogus"),
        ({"type": "terminate_session"}, "Invalid Message Type: terminate_session"),
        ({"terminate_session": True}, "Invalid Message Type: None"),
        ({"audio_data": "AAAA"}, "Invalid Message Type: None"),
        ({"type": ["Terminate"]}, "Invalid Message Type: a list"),
        ('{"type": "\\ud800"}', "Invalid Message Type: \ud800"),
        ('{"type": NaN}', "Invalid Message Type: nan"),
        ({"type": "UpdateConfiguration", "agent_context": "a" * 1751}, "Invalid 'agent_context': Value error, agent_context exceeds maximum length of 1750 characters (got 1751)"),
        ({"type": "UpdateConfiguration", "keyterms_prompt": ["a"] * 101}, "Invalid 'keyterms_prompt': Value error, Max 100 items"),
        ({"type": "UpdateConfiguration", "vad_threshold": 7}, "Invalid 'vad_threshold': Input should be less than or equal to 1"),
        ({"type": "UpdateConfiguration", "format_turns": "perhaps"}, "Invalid 'format_turns': Input should be a valid boolean, unable to interpret input"),
        ({"type": "UpdateConfiguration", "language_codes": ["tlh"]}, "Invalid 'language_codes': Value error, Unsupported language code 'tlh'"),
        ('{"type": "UpdateConfiguration", "end_of_turn_confidence_threshold": 1e999}', "Invalid 'end_of_turn_confidence_threshold': Input should be a finite number"),
    ],
)  # fmt: skip
def test_messages_are_refused_in_the_services_words(mock: Mock, message: Any, text: str) -> None:
    assert ending(mock, message) == (3006, INPUT + text)


@pytest.mark.parametrize(
    "message",
    [
        "[" * 100_000,
        '{"type": %s}' % ("9" * 5000),
        json.dumps({"type": "x" * 5_000_000}),
        json.dumps({"type": "KeepAlive", "x": [0] * 100_000}),
        "\x00",
        '{"a":' * 5000,
    ],
    ids=["deep", "huge number", "5 MB", "many numbers", "NUL", "deep objects"],
)
def test_messages_of_any_kind_are_refused_at_once(mock: Mock, message: str) -> None:
    code, text = ending(mock, message)
    assert code == 3006
    assert text.startswith(INPUT)
    assert len(text) < 1000


def test_a_prompt_may_not_be_given_to_the_other_models_later_either(mock: Mock) -> None:
    message = {"type": "UpdateConfiguration", "prompt": "Some context."}
    assert (
        ending(mock, message, speech_model=ENGLISH)[1]
        == INPUT + "prompt is only supported with the 'u3-rt-pro' speech_model"
    )
    with opened(mock.url, mock.api_key) as stream:
        stream.send(message)
        assert stream.finish()[-1]["type"] == "Termination"


def test_the_configuration_may_be_changed_without_an_answer(mock: Mock) -> None:
    changes = {
        "end_of_turn_confidence_threshold": 0.9, "min_turn_silence": 100, "max_turn_silence": 500, "vad_threshold": 0.5,
        "format_turns": True, "keyterms_prompt": [], "filter_profanity": False, "agent_context": "", "interruption_delay": 0,
        "turn_left_pad_ms": 10, "language_codes": [], "session_heartbeat": False, "acknowledge_silence": False,
        "continuous_partials": True, "mode": None, "min_end_of_turn_silence_when_confident": 300, "unknown": 1,
    }  # fmt: skip
    with opened(mock.url, mock.api_key) as stream:
        stream.send({"type": "UpdateConfiguration"}, {"type": "UpdateConfiguration", **changes}, {"type": "KeepAlive"})
        assert [each["type"] for each in stream.finish()] == ["Begin", "Termination"]


def test_formatting_and_terms_change_from_one_turn_to_the_next(mock: Mock) -> None:
    audio = pcm("hello.wav") + quiet(2)
    update = {"type": "UpdateConfiguration", "format_turns": True, "keyterms_prompt": ["SHORT recording"]}
    told = heard(mock.url, mock.api_key, [update, *frames(audio)], speech_model=ENGLISH)
    assert "This is a SHORT recording that" in finals(told)[-1]["transcript"]


def test_a_turn_ends_when_the_client_says_so(mock: Mock) -> None:
    with opened(mock.url, mock.api_key, sample_rate=RATE) as stream:
        stream.send({"type": "ForceEndpoint"}, *frames(pcm("hello.wav")[: RATE * 2 * 4]))
        stream.until("Turn", turn_order=1)
        stream.send({"type": "ForceEndpoint"}, {"type": "ForceEndpoint"}, {"type": "ForceEndpoint"})
        forced = stream.until("Turn", end_of_turn=True, turn_order=1)
        told = stream.finish()
    assert forced["words"][-1]["end"] <= 4000
    assert [turn["turn_order"] for turn in finals(told)] == list(range(len(finals(told))))


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_mulaw"])
def test_a_frame_may_not_be_longer_than_a_second(mock: Mock, encoding: str) -> None:
    width = 2 if encoding == "pcm_s16le" else 1
    text = "Input Duration Error: Input Duration Violation: {} ms. Expected between 50 and 1000 ms"
    second = bytes(RATE * width)
    assert ending(mock, second, second + bytes(16 * width), encoding=encoding) == (3007, text.format("1001.0"))
    assert ending(mock, bytes(10_000_000), encoding=encoding) == (3007, text.format(10_000_000 / width / 16))


def test_frames_may_be_short_for_a_second_only(mock: Mock) -> None:
    text = "Input Duration Error: Input Duration Violation: 20.0 ms. Expected between 50 and 1000 ms"
    short = list(frames(quiet(0.02 * 48), 20))
    assert ending(mock, *short, short[0]) == (3007, text)
    with opened(mock.url, mock.api_key, sample_rate=RATE) as stream:
        stream.send(*short, quiet(0.05), *short[:40], b"", b"\0")
        assert [each["type"] for each in stream.finish()] == ["Begin", "Termination"]


@pytest.mark.parametrize("frame", [b"", b"\0", b"\0" * 1601, b"\xff" * 3001], ids=len)
def test_frames_may_end_within_a_sample(mock: Mock, frame: bytes) -> None:
    with opened(mock.url, mock.api_key, sample_rate=RATE) as stream:
        stream.send(frame, frame)
        assert stream.finish()[-1]["type"] == "Termination"


def test_packets_that_are_no_opus_end_the_session(mock: Mock) -> None:
    for encoding in ("opus", "ogg_opus"):
        code, text = ending(mock, b"\xff" * 10_000, encoding=encoding)
        assert code == 3006
        assert text.startswith("Failed to decode Opus packet: ")


def test_a_small_frame_may_not_hold_minutes_of_audio(mock: Mock) -> None:
    packets = b"\x18" * 255  # each of them 60 ms of silence
    page = b"OggS\0\0" + bytes(8) + b"\1\0\0\0" + bytes(8) + b"\xff" + b"\1" * 255 + packets
    assert [each["type"] for each in heard(mock.url, mock.api_key, [page, page], encoding="ogg_opus")][
        -1
    ] == "Termination"
    code, text = ending(mock, page * 2, encoding="ogg_opus")
    assert (code, text) == (3006, "Failed to decode Opus packet: more than 20 seconds in a frame")
    code, text = ending(mock, page * 1000, encoding="ogg_opus")
    assert (code, text) == (3006, "Failed to decode Opus packet: more than 524288 bytes in a frame")


def test_a_fixture_that_fails_cancels_the_session(mock: Mock) -> None:
    mock.fixture({"match": {"api_key": mock.api_key}, "outcome": {"error": "no"}})
    sound = [*frames(pcm("interview.mp3")[RATE * 2 : RATE * 8])]
    assert ending(mock, *sound) == (3005, "Session Cancelled: An error occurred")


def test_so_many_sessions_may_be_open_at_a_time(mock: Mock) -> None:
    mock.change_terms(stream_concurrency=2)
    too_many = (1008, UNAUTHORIZED + "Too many concurrent sessions", Ended(1008, SEE))
    with opened(mock.url, mock.api_key) as first:
        first.until("Begin")
        with opened(mock.url, mock.api_key) as second:
            second.until("Begin")
            assert refusal(mock.url, mock.api_key) == too_many
            second.finish()
        with opened(mock.url, mock.api_key) as third:
            third.until("Begin")


def test_so_many_sessions_may_begin_in_a_minute(mock: Mock) -> None:
    mock.freeze()
    mock.change_terms(stream_rate_limit="free")
    for _ in range(5):
        with opened(mock.url, mock.api_key) as stream:
            stream.until("Begin")
    assert refusal(mock.url, mock.api_key)[1] == UNAUTHORIZED + "Too many concurrent sessions"
    mock.advance(60)
    with opened(mock.url, mock.api_key) as stream:
        stream.until("Begin")


def test_what_the_service_lets_pass_is_noted(mock: Mock) -> None:
    with opened(mock.url, mock.api_key, nobody_knows="this", keyterms_prompt=["a" * 51]) as stream:
        stream.send({"type": "UpdateConfiguration", "strange": 1})
        stream.finish()
    (entry,) = [entry for entry in mock.requests() if entry.path == "/v3/ws"]
    assert set(entry.violations) == {
        "unknown query parameter nobody_knows", "keyterms_prompt: longer than 50 characters", "unknown field strange",
    }  # fmt: skip


def test_a_broken_service_makes_no_upgrade(mock: Mock) -> None:
    mock.change_terms(failing=503)
    with pytest.raises(InvalidStatus) as refused, opened(mock.url, mock.api_key):
        pass
    assert refused.value.response.status_code == 503
    assert turns([]) == []
