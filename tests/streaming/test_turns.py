"""What is heard, as either family of models tells it."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from mockserver.client import Mock
from mockserver.embed import MockServer
from tests.conftest import AUDIO, api_of
from tests.streaming.streams import ENGLISH, PRO, RATE, Said, finals, frames, heard, opened, pcm, quiet, turns

RECORDINGS = [
    "hello.wav", "support-call.mp3", "voicemail.m4a", "interview.mp3", "stereo-call.wav", "pedido.mp3",
    "product-demo.mp4", "weather.ogg",
]  # fmt: skip
WORD = ["start", "end", "text", "confidence", "word_is_final"]
TURN = ["turn_order", "turn_is_formatted", "end_of_turn", "transcript", "end_of_turn_confidence", "words", "utterance"]


def said(mock: Mock, name: str, **params: Any) -> list[Said]:
    audio = [*frames(pcm(name)), *frames(quiet(2))]
    return heard(mock.url, mock.api_key, audio, **params)


def words(turns: list[Said]) -> list[tuple[Any, ...]]:
    return [(w["text"], w["start"], w["end"], w["confidence"]) for turn in turns for w in turn["words"]]


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_gives_the_words_that_its_upload_gives(mock: Mock, name: str) -> None:
    api = api_of(mock.url, mock.api_key)
    upload = api.get(api.send((AUDIO / name).read_bytes(), name))
    expected = words([upload])
    pro = finals(said(mock, name, speech_model=PRO))
    assert words(pro) == expected
    assert " ".join(turn["transcript"] for turn in pro) == upload["text"]
    formatted = [
        turn
        for turn in finals(said(mock, name, speech_model=ENGLISH, format_turns="true"))
        if turn["turn_is_formatted"]
    ]
    assert words(formatted) == expected


@pytest.mark.parametrize("model", [ENGLISH, PRO])
def test_the_same_frames_give_the_same_messages(mock: Mock, model: str) -> None:
    first, second = (said(mock, "support-call.mp3", speech_model=model)[1:-1] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("model", [ENGLISH, PRO])
@pytest.mark.parametrize("milliseconds", [60, 110, 1000])
def test_the_size_of_frames_does_not_matter(mock: Mock, model: str, milliseconds: int) -> None:
    usual = said(mock, "hello.wav", speech_model=model)
    audio = pcm("hello.wav") + quiet(2)
    other = heard(mock.url, mock.api_key, frames(audio, milliseconds), speech_model=model)
    assert turns(other) == turns(usual)


def test_turns_are_told_word_by_word(mock: Mock) -> None:
    told = turns(said(mock, "hello.wav", speech_model=ENGLISH))
    *partials, final, empty = told
    assert all(list(turn) == [*TURN, "type"] for turn in told)
    assert all(list(word) == WORD for turn in told for word in turn["words"])
    for number, turn in enumerate(partials):
        finals_of = [word["word_is_final"] for word in turn["words"]]
        assert finals_of == [True] * number + [False]
        assert turn["transcript"] == " ".join(word["text"] for word in turn["words"][:-1])
        assert (turn["turn_order"], turn["end_of_turn"], turn["turn_is_formatted"], turn["utterance"]) == (
            0, False, False, "",
        )  # fmt: skip
    assert final["transcript"] == final["utterance"]
    assert final["transcript"].startswith("hello and welcome this is")
    assert final["end_of_turn_confidence"] > 0.4
    assert all(word["word_is_final"] for word in final["words"])
    assert empty == {
        "turn_order": 1, "turn_is_formatted": False, "end_of_turn": True, "transcript": "",
        "end_of_turn_confidence": 0.0, "words": [], "utterance": "", "type": "Turn",
    }  # fmt: skip


def test_a_formatted_turn_follows_the_unformatted_one_if_asked_for(mock: Mock) -> None:
    told = said(mock, "support-call.mp3", speech_model=ENGLISH, format_turns="True")
    over = finals(told)
    assert len(over) > 4
    for plain, formatted in zip(over[::2], over[1::2], strict=True):
        assert (plain["turn_is_formatted"], formatted["turn_is_formatted"]) == (False, True)
        assert plain["turn_order"] == formatted["turn_order"]
        assert told.index(formatted) == told.index(plain) + 1
        assert formatted["transcript"][0].isupper()
        assert plain["transcript"] == plain["transcript"].lower()


def test_a_pause_within_a_turn_ends_an_utterance(mock: Mock) -> None:
    mock.fixture(
        {"match": {"api_key": mock.api_key}, "cue": "sound", "turns": [{"text": "Well I"}, {"text": "think so."}]}
    )
    sound = pcm("interview.mp3")[RATE * 2 : RATE * 4]  # half a second of something
    audio = sound[: RATE * 1] + quiet(0.6) + sound[: RATE * 1] + quiet(2)
    told = turns(heard(mock.url, mock.api_key, frames(audio), speech_model=ENGLISH, end_of_turn_confidence_threshold=1))
    uttered = [(turn["utterance"], turn["end_of_turn"]) for turn in told if turn["utterance"]]
    assert uttered == [("well i", False), ("think so", False)]
    assert [turn["transcript"] for turn in finals(told)] == ["well i think so"]


def test_phrases_are_told_by_the_other_models(mock: Mock) -> None:
    told = said(mock, "support-call.mp3", speech_model=PRO)
    assert told[0]["type"], told[-1]["type"] == ("Begin", "Termination")
    assert {turn["turn_is_formatted"] for turn in turns(told)} == {True}
    by_order: dict[int, list[Said]] = {}
    for turn in turns(told):
        by_order.setdefault(turn["turn_order"], []).append(turn)
    assert list(by_order) == list(range(len(by_order)))
    for *partials, final in by_order.values():
        assert (final["end_of_turn"], final["end_of_turn_confidence"], final["utterance"]) == (
            True,
            1.0,
            final["transcript"],
        )
        assert all(word["word_is_final"] for word in final["words"])
        for partial in partials:
            assert (partial["end_of_turn"], partial["end_of_turn_confidence"], partial["utterance"]) == (False, 0.0, "")
            assert not any(word["word_is_final"] for word in partial["words"])
            assert partial["transcript"]


def test_speech_is_told_to_have_started_right_before_the_first_message_of_a_turn(mock: Mock) -> None:
    told = said(mock, "support-call.mp3", speech_model=PRO)
    firsts = {}
    for before, turn in pairwise(told):
        if turn["type"] == "Turn" and turn["turn_order"] not in firsts:
            firsts[turn["turn_order"]] = before
            assert list(before) == ["type", "timestamp", "confidence"]
            assert before["type"] == "SpeechStarted"
            assert before["timestamp"] == turn["words"][0]["start"]
    assert len(firsts) == sum(each["type"] == "SpeechStarted" for each in told)


def first_partial(mock: Mock, **params: Any) -> Said:
    return turns(said(mock, "hello.wav", speech_model=PRO, **params))[0]


def test_the_first_partial_comes_a_quarter_of_a_second_after_the_interruption_delay(mock: Mock) -> None:
    for params, wanted in (
        ({}, 756),
        ({"interruption_delay": 0}, 256),
        ({"interruption_delay": 1000}, 1256),
        ({"mode": "min_latency"}, 256),
    ):
        heard_words = first_partial(mock, **params)["words"]
        assert heard_words[-1]["end"] - heard_words[0]["start"] >= wanted - 10, params
        before = heard_words[-2]["end"] if len(heard_words) > 1 else heard_words[0]["start"]
        assert before - heard_words[0]["start"] < wanted, params


def test_long_turns_are_told_again_every_three_seconds(mock: Mock) -> None:
    usual = turns(said(mock, "interview.mp3", speech_model=PRO))
    fewer = turns(said(mock, "interview.mp3", speech_model=PRO, continuous_partials="false"))
    assert finals(usual) == finals(fewer)
    assert len(usual) > len(fewer) + 10


@pytest.mark.parametrize("model", [ENGLISH, PRO])
def test_turns_are_told_only_when_they_are_over_if_asked_for(mock: Mock, model: str) -> None:
    told = said(mock, "hello.wav", speech_model=model, include_partial_turns="false")
    assert all(turn["end_of_turn"] for turn in turns(told))
    assert finals(told) == finals(said(mock, "hello.wav", speech_model=model))


@pytest.mark.parametrize("model", [ENGLISH, PRO])
def test_a_turn_that_is_open_is_told_when_the_session_ends(mock: Mock, model: str) -> None:
    audio = pcm("hello.wav")[: RATE * 2 * 2]
    told = heard(mock.url, mock.api_key, frames(audio), speech_model=model)
    *before, final = finals(told)
    assert all(turn["words"][-1]["end"] < 1500 for turn in before)
    assert final["words"][-1]["end"] <= 2500  # the word that is being spoken is told, too
    assert told[-1] == {
        "type": "Termination",
        "audio_duration_seconds": 2,
        "session_duration_seconds": told[-1]["session_duration_seconds"],
    }
    assert [turn["words"] for turn in turns(told)[-1:]] == ([[]] if model == ENGLISH else [final["words"]])


def test_no_turn_of_a_pro_model_is_longer_than_a_minute_or_ten_seconds_with_speakers(mock: Mock) -> None:
    text = " ".join(["and then"] * 300)
    mock.fixture({"match": {"api_key": mock.api_key}, "duration": 150, "text": text})
    noise = pcm("interview.mp3")[RATE * 2 : RATE * 4] * 130
    for params, longest in (({}, 60_000), ({"speaker_labels": "true"}, 10_000)):
        over = finals(heard(mock.url, mock.api_key, frames(noise, 1000), **params))
        lengths = [turn["words"][-1]["end"] - turn["words"][0]["start"] for turn in over]
        assert max(lengths) <= longest
        assert max(lengths) > longest * 0.8


def encoded(codec: str, form: str, rate: int, audio: bytes) -> list[bytes]:
    """Return audio as the packets of a codec, or as the one file that holds them."""
    packets: list[bytes] = []
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(stream.codec_context.format.name, "mono", rate)
        frame = av.AudioFrame("s16", "mono", len(audio) // 2)
        frame.planes[0].update(audio)
        frame.sample_rate = rate
        for resampled in (*resampler.resample(frame), None):
            for packet in stream.encode(resampled):
                packets.append(bytes(packet))
                container.mux(packet)
    return packets if form == "opus" else [file.getvalue()]


def in_encoding(encoding: str) -> tuple[list[bytes], dict[str, Any]]:
    if encoding == "pcm_mulaw":
        (audio,) = encoded("pcm_mulaw", "mulaw", 8000, pcm("hello.wav", 8000) + quiet(2, 8000))
        return list(frames(audio, 100, 8000, 1)), {"sample_rate": 8000}
    if encoding == "pcm_s16le":
        return list(frames(pcm("hello.wav", 48_000) + quiet(2, 48_000), 100, 48_000)), {"sample_rate": 48_000}
    audio = pcm("hello.wav", 48_000) + quiet(2, 48_000)
    codec, form = {"opus": ("libopus", "opus"), "ogg_opus": ("libopus", "ogg"), "aac": ("aac", "adts")}[encoding]
    made = encoded(codec, form, 48_000, audio)
    return (made if encoding == "opus" else [made[0][at : at + 777] for at in range(0, len(made[0]), 777)]), {}


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_mulaw", "opus", "ogg_opus", "aac"])
def test_audio_may_come_in_any_encoding(mock: Mock, encoding: str) -> None:
    sent, params = in_encoding(encoding)
    with opened(mock.url, mock.api_key, encoding=encoding, **params) as stream:
        stream.send(*sent)
        told = stream.finish()
    text = " ".join(turn["transcript"] for turn in finals(told))
    assert text == "Hello and welcome. This is a short recording that was made for testing a transcription server."


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_mulaw"])
def test_the_head_of_a_wav_file_is_no_sound(mock: Mock, encoding: str) -> None:
    name = encoding if encoding == "pcm_mulaw" else "pcm_s16le"
    (file,) = encoded(name, "wav", RATE, pcm("hello.wav"))
    assert file.startswith(b"RIFF")
    told = heard(mock.url, mock.api_key, frames(file, width=1 if encoding == "pcm_mulaw" else 2), encoding=encoding)
    assert finals(told)[0]["words"][0]["text"] == "Hello"
    assert finals(told) == finals(heard(mock.url, mock.api_key, frames(pcm("hello.wav"))))


def test_a_click_before_a_recording_is_no_part_of_it(mock: Mock) -> None:
    click = bytes(range(1, 35))  # what is left of a longer head by those who leave out 44 bytes
    assert finals(heard(mock.url, mock.api_key, frames(click + pcm("hello.wav")))) == finals(said(mock, "hello.wav"))


def test_a_recording_that_begins_with_its_first_word_is_known_after_other_sound_too(tmp_path: Path) -> None:
    spoken = pcm("interview.mp3")[RATE : RATE * 12]
    (file,) = encoded("pcm_s16le", "wav", RATE, spoken)
    (tmp_path / "mine.wav").write_bytes(file)
    (tmp_path / "mine.txt").write_text("This is mine.")
    with MockServer(fixtures=[tmp_path], samples=False) as mock:
        for before in (b"", quiet(0.05), spoken[20_000:21_600]):
            (turn,) = finals(heard(mock.url, mock.api_key, frames(before + spoken)))
            assert turn["transcript"] == "This is mine.", before


def test_silence_says_nothing(mock: Mock) -> None:
    assert turns(said(mock, "silence.wav", speech_model=PRO)) == []
    assert finals(said(mock, "silence.wav", speech_model=ENGLISH)) == []


def test_sound_that_nobody_knows_gets_something_invented(mock: Mock, tmp_path: Path) -> None:
    noise = pcm("interview.mp3")[RATE * 20 : RATE * 24] + quiet(2)
    first, second = (finals(heard(mock.url, mock.api_key, frames(noise))) for _ in range(2))
    assert first[0]["words"]
    assert first != second  # each session has something else to say
