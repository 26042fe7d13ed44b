"""What holds for every session, whatever is asked for, and however the audio comes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.client import Mock
from tests.streaming.streams import ENGLISH, PRO, RATE, Said, finals, heard, opened, pcm, quiet, turns

PARAMS = st.fixed_dictionaries(
    {"speech_model": st.sampled_from([ENGLISH, PRO, "whisper-rt", "u3-rt-pro", "universal-streaming-multilingual"])},
    optional={
        "format_turns": st.booleans(),
        "min_turn_silence": st.integers(0, 2000),
        "max_turn_silence": st.integers(0, 3000),
        "end_of_turn_confidence_threshold": st.floats(0, 1),
        "vad_threshold": st.floats(0.1, 0.6),
        "interruption_delay": st.integers(0, 1000),
        "mode": st.sampled_from(["max_accuracy", "min_latency", "balanced"]),
        "continuous_partials": st.booleans(),
        "include_partial_turns": st.booleans(),
        "speaker_labels": st.booleans(),
        "max_speakers": st.integers(1, 10),
        "language_detection": st.booleans(),
        "filter_profanity": st.booleans(),
        "redact_pii": st.booleans(),
        "acknowledge_silence": st.booleans(),
    },
)
SIZES = st.lists(st.integers(50, 1000), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def mock(server: Any) -> Mock:
    made: Mock = server.key()
    return made


def cut(audio: bytes, sizes: list[int]) -> list[bytes]:
    """Return audio in frames whose lengths, in milliseconds, repeat."""
    pieces, at, lengths = [], 0, itertools.cycle(sizes)
    while at < len(audio):
        size = next(lengths) * RATE // 1000 * 2
        pieces.append(audio[at : at + size])
        at += size
    return pieces


def check_order(said: list[Said], params: dict[str, Any]) -> None:
    """Check that messages come in the documented order, and that each word of a turn that is over comes once."""
    kinds = [each["type"] for each in said]
    assert (kinds[0], kinds[-1]) == ("Begin", "Termination")
    assert kinds.count("Begin") == kinds.count("Termination") == 1
    orders = [turn["turn_order"] for turn in turns(said)]
    assert orders == sorted(orders)
    assert set(orders) == set(range(len(set(orders))))
    over: set[int] = set()
    for before, each in itertools.pairwise(said):
        if each["type"] == "Turn":
            if each["turn_order"] in over:
                assert before["end_of_turn"]
                assert (before["turn_is_formatted"], each["turn_is_formatted"]) == (False, True)
            if each["end_of_turn"]:
                over.add(each["turn_order"])
            check_turn(each)
        elif each["type"] == "SpeechStarted":
            assert (
                before["type"] != "SpeechStarted"
                or params.get("include_partial_turns") is False
                or params.get("redact_pii")
            )
    assert over == set(orders)


def check_turn(turn: Said) -> None:
    for word, after in itertools.pairwise(turn["words"]):
        assert word["start"] <= after["start"]
        assert word["end"] <= after["end"]
    said = [word["text"] for word in turn["words"] if word["word_is_final"] or turn["turn_is_formatted"]]
    assert turn["transcript"] == " ".join(said)
    assert turn["utterance"] in ("", *([turn["transcript"]] if turn["turn_is_formatted"] else [turn["utterance"]]))
    assert turn["transcript"].endswith(turn["utterance"])
    if turn["end_of_turn"]:
        assert all(word["word_is_final"] for word in turn["words"])


@given(PARAMS, SIZES, st.sampled_from(["hello.wav", "voicemail.m4a"]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_messages_come_in_order_and_every_word_once(
    mock: Mock, params: dict[str, Any], sizes: list[int], name: str
) -> None:
    audio = pcm(name) + quiet(1)
    said = heard(mock.url, mock.api_key, cut(audio, sizes), **params)
    check_order(said, params)
    shown = [
        turn for turn in finals(said) if turn["turn_is_formatted"] == (params["speech_model"] in (PRO, "u3-rt-pro"))
    ]
    starts = [word["start"] for turn in shown for word in turn["words"]]
    assert starts == sorted(set(starts))
    assert said[-1]["audio_duration_seconds"] == len(audio) // (2 * RATE)
    again = heard(mock.url, mock.api_key, cut(audio, [333]), **params)
    assert finals(again) == finals(said)


@given(st.lists(st.booleans(), min_size=4, max_size=16), st.sampled_from([ENGLISH, PRO]))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_is_invented_for_any_sound_comes_in_order(mock: Mock, bursts: list[bool], model: str) -> None:
    sound = pcm("interview.mp3")[RATE * 40 : RATE * 41]
    audio = b"".join(sound if loud else bytes(len(sound)) for loud in bursts)
    said = heard(mock.url, mock.api_key, cut(audio, [100]), speech_model=model)
    check_order(said, {})
    for turn in finals(said):
        assert turn["words"][-1]["end"] <= len(audio) // (2 * RATE // 1000)


@given(st.sampled_from([ENGLISH, PRO]), st.sampled_from(["hello.wav", "support-call.mp3"]), st.integers(1500, 6000))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_word_is_told_before_its_audio_has_come(mock: Mock, model: str, name: str, milliseconds: int) -> None:
    audio = pcm(name)[: milliseconds * RATE // 1000 * 2]
    with opened(mock.url, mock.api_key, sample_rate=RATE, speech_model=model) as stream:
        stream.send(*cut(audio, [50])[: milliseconds // 50], {"type": "ForceEndpoint"}, {"type": "Bogus"})
        stream.finish(terminate=False)
        ends = [word["end"] for turn in turns(stream.said) for word in turn["words"]]
    assert ends
    assert max(ends) <= milliseconds


@given(
    st.binary(max_size=5000)
    | st.text(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
        max_leaves=8,
    ).map(
        lambda value: {
            "type": "UpdateConfiguration",
            "keyterms_prompt": value,
            "vad_threshold": value,
            "min_turn_silence": value,
        }
    )
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_frame_is_answered_in_order(mock: Mock, frame: Any) -> None:
    with opened(mock.url, mock.api_key) as stream:
        stream.send(frame)
        stream.finish()
        assert stream.said[0]["type"] == "Begin"
        assert stream.ended is not None
        if stream.said[-1]["type"] == "Error":
            assert (stream.said[-1]["error_code"], stream.ended.code) == (3006, 3006)
        else:
            assert (stream.said[-1]["type"], stream.ended.code) == ("Termination", 1000)
