"""A transcript in every format: the same words in the same order, told apart by speaker."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Collection
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import Any
from zipfile import ZipFile

import docx
import orjson
import pytest
import srt
import webvtt
from docx.document import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.apis.jobs import formats, word_document
from mockserver.apis.jobs.engines import engine_name
from mockserver.apis.jobs.languages import LANGUAGES
from mockserver.engine import views
from mockserver.engine.generate import conversation
from mockserver.engine.transcripts import Transcript, Turn, UntimedTurn, UntimedWord, Word, transcribe
from mockserver.engine.views import Passage
from mockserver.engine.wording import Wording, written
from tests.strategies import transcripts

FINISHED = 1_772_366_400_999_999
SILENCE = Transcript("en", 5000, ())
channels = st.sampled_from([1, 2, 6])


def job(transcript: Transcript, **columns: Any) -> dict[str, Any]:
    params = columns.pop("params", {})
    return {
        "id": "job_01HZ0000000000000000000000",
        "params": orjson.dumps({"diarize": True, "language": "auto", **params}).decode(),
        "channels": 1,
        "duration": transcript.duration,
        "finished": FINISHED,
        "url": "https://example.com/calls/first%20call.mp3?signature=x",
        "fallback": False,
    } | columns


def in_json(transcript: Transcript, quirks: Collection[str] = (), **columns: Any) -> dict[str, Any]:
    view: dict[str, Any] = orjson.loads(formats.json(job(transcript, **columns), transcript.encode(), quirks))
    return view


def in_txt(transcript: Transcript, **columns: Any) -> str:
    return formats.txt(job(transcript, **columns), transcript.encode(), ()).decode()


def in_srt(transcript: Transcript, **columns: Any) -> list[srt.Subtitle]:
    return list(srt.parse(formats.srt(job(transcript, **columns), transcript.encode(), ()).decode()))


def in_vtt(transcript: Transcript, **columns: Any) -> list[webvtt.Caption]:
    written_as = formats.vtt(job(transcript, **columns), transcript.encode(), ()).decode()
    return list(webvtt.WebVTT.from_string(written_as, strict=True).captions)


def in_word(transcript: Transcript, **columns: Any) -> Document:
    return docx.Document(io.BytesIO(word_document.docx(job(transcript, **columns), transcript.encode(), ())))


def said(*lines: str, duration: int = 60_000, language: str = "en") -> Transcript:
    """Return what two speakers say in turn."""
    return spoken(*(("AB"[place % 2], None, line) for place, line in enumerate(lines)), language=language)


def spoken(*turns: tuple[str | None, int | None, str], language: str = "en") -> Transcript:
    untimed = [UntimedTurn(tuple(map(UntimedWord, line.split())), speaker, channel) for speaker, channel, line in turns]
    return transcribe(untimed, language=language, duration=60_000, seed="s", channels=2)


def at_once() -> Transcript:
    """Return what somebody says while somebody else is talking."""
    long = Turn("A", None, (Word("One.", 0, 900, 0.5), Word("Two", 5000, 5500, 0.7), Word("three.", 5600, 6000, 0.9)))
    return Transcript("en", 9000, (long, Turn("B", None, (Word("Really?", 3000, 7000, 1.0),))))


def sentences_of(transcript: Transcript) -> list[Passage]:
    return sorted(views.sentences(written(transcript, Wording())), key=lambda sentence: sentence.start)


def speakers_of(view: dict[str, Any]) -> list[str | None]:
    return [segment["speaker"] for segment in view["segments"]]


# Segments


@given(transcripts(), channels)
def test_segments_are_the_sentences_in_the_order_in_which_they_begin(transcript: Transcript, count: int) -> None:
    segments = in_json(transcript, channels=count)["segments"]
    assert [[(w["text"], w["start"], w["end"], w["confidence"]) for w in s["words"]] for s in segments] == [
        [(w.text, w.start / 1000, w.end / 1000, w.confidence) for w in sentence.words]
        for sentence in sentences_of(transcript)
    ]


@given(transcripts(), channels)
def test_a_segment_says_its_words_and_lies_in_the_audio(transcript: Transcript, count: int) -> None:
    view = in_json(transcript, channels=count)
    assert view["duration_seconds"] - 1 < transcript.duration / 1000 <= view["duration_seconds"]
    for segment in view["segments"]:
        words = segment["words"]
        assert segment["text"] == " ".join(word["text"] for word in words)
        assert segment["start"] == words[0]["start"]
        assert segment["end"] == max(word["end"] for word in words)
        assert 0 <= segment["start"] <= segment["end"] <= transcript.duration / 1000
    assert all(before["start"] <= after["start"] for before, after in pairwise(view["segments"]))


def test_fillers_and_tags_are_left_out_in_every_format() -> None:
    transcript = said("Um, so [MUSIC] tell me about it.", "[Speaker: B] Uh, gladly.")
    assert in_txt(transcript) == "So tell me about it.\n\nGladly."
    assert [segment["text"] for segment in in_json(transcript)["segments"]] == in_txt(transcript).split("\n\n")


def test_who_talks_at_the_same_time_is_heard_in_the_order_of_time() -> None:
    view = in_json(at_once())
    assert [(s["speaker"], s["start"], s["end"], s["text"]) for s in view["segments"]] == [
        ("speaker_0", 0.0, 0.9, "One."),
        ("speaker_1", 3.0, 7.0, "Really?"),
        ("speaker_0", 5.0, 6.0, "Two three."),
    ]
    assert in_txt(at_once()) == "One.\n\nReally?\n\nTwo three."


# Speakers


@given(transcripts(), st.sampled_from([1, 6]))
def test_speakers_are_numbered_without_gaps_as_they_are_first_heard(transcript: Transcript, count: int) -> None:
    view = in_json(transcript, channels=count)
    heard = list(dict.fromkeys(speakers_of(view)))
    assert heard == [f"speaker_{number}" for number in range(len(heard))]
    assert view["speakers"] == [{"id": speaker} for speaker in heard]
    assert len(heard) == len({turn.speaker for turn in written(transcript, Wording()).turns})


@given(transcripts())
def test_confidence_in_mono_is_the_mean_of_the_words(transcript: Transcript) -> None:
    for segment in in_json(transcript)["segments"]:
        given_words = [word["confidence"] for word in segment["words"]]
        assert segment["confidence"] == pytest.approx(sum(given_words) / len(given_words), abs=1e-5)


@given(transcripts())
def test_stereo_is_told_apart_by_channel_beyond_doubt(transcript: Transcript) -> None:
    segments = in_json(transcript, channels=2)["segments"]
    voices: dict[str | None, str] = {}
    for segment, sentence in zip(segments, sentences_of(transcript), strict=True):
        assert segment["confidence"] == 1.0
        assert segment["speaker"] in {"speaker_0", "speaker_1"}
        if sentence.channel is None:
            assert voices.setdefault(sentence.speaker, segment["speaker"]) == segment["speaker"]
        else:
            assert segment["speaker"] == f"speaker_{sentence.channel - 1}"


@given(transcripts(), channels)
def test_everybody_who_speaks_is_listed_once(transcript: Transcript, count: int) -> None:
    view = in_json(transcript, channels=count)
    listed = [speaker["id"] for speaker in view["speakers"]]
    assert listed == sorted({str(speaker) for speaker in speakers_of(view)})


@pytest.mark.parametrize(
    ("turns", "speakers"),
    [
        ([("A", 2), ("B", 1), ("A", 2)], [1, 0, 1]),
        ([("A", 1), ("A", 2)], [0, 1]),
        ([("A", 2)], [1]),
        ([("A", None), ("B", None), ("C", None), ("D", None), ("A", None)], [0, 1, 0, 1, 0]),
        ([("A", 2), ("A", None), ("B", None)], [1, 1, 0]),
    ],
)
def test_left_is_the_first_speaker_and_right_the_second(
    turns: list[tuple[str, int | None]], speakers: list[int]
) -> None:
    transcript = spoken(*((*turn, "Hello.") for turn in turns))
    view = in_json(transcript, channels=2)
    assert speakers_of(view) == [f"speaker_{number}" for number in speakers]
    assert view["speakers"] == [{"id": f"speaker_{number}"} for number in sorted(set(speakers))]


def test_more_than_ten_speakers_are_listed_by_number() -> None:
    transcript = spoken(*((f"person {number}", None, "Hello.") for number in range(12)))
    assert in_json(transcript)["speakers"] == [{"id": f"speaker_{number}"} for number in range(12)]


@given(transcripts(), channels)
def test_nobody_is_named_where_speakers_are_not_told_apart(transcript: Transcript, count: int) -> None:
    together = in_json(transcript, channels=count, params={"diarize": False})
    apart = in_json(transcript, channels=count)
    assert together["speakers"] == []
    assert together["segments"] == [{**segment, "speaker": None} for segment in apart["segments"]]
    assert in_txt(transcript, channels=count, params={"diarize": False}) == " ".join(
        segment["text"] for segment in apart["segments"]
    )


# What else is said of the job


@pytest.mark.parametrize(
    ("asked", "heard", "shown"),
    [("auto", "en_us", "en"), ("auto", "de", "de"), ("auto", "haw", "haw"), ("fr", "en_us", "fr"), (None, "es", "es")],
)
def test_the_language_is_the_requested_or_else_the_heard_one(asked: str | None, heard: str, shown: str) -> None:
    assert in_json(said("Hello.", language=heard), params={"language": asked})["language"] == shown


@pytest.mark.parametrize(
    ("fallback", "quirks", "name"),
    [
        (False, (), "assemblyai_universal_3"),
        (True, (), "whisper_large_v3"),
        (False, ("whisper_fallback_label",), "assemblyai_universal_3"),
        (True, ("whisper_fallback_label",), "whisper_fallback"),
        (False, ("whisper_only",), "whisper_large_v3"),
        (True, ("whisper_only", "whisper_fallback_label"), "whisper_large_v3"),
    ],
)
def test_the_engine_is_named(fallback: bool, quirks: tuple[str, ...], name: str) -> None:
    transcript = said("Hello.")
    assert engine_name(job(transcript, fallback=fallback), quirks) == name
    assert in_json(transcript, quirks, fallback=fallback)["engine"] == name


@pytest.mark.parametrize(("duration", "seconds"), [(1, 1), (1000, 1), (1001, 2), (3_611_001, 3612)])
def test_seconds_are_rounded_up(duration: int, seconds: int) -> None:
    assert in_json(Transcript("en", duration, ()))["duration_seconds"] == seconds


def test_there_are_99_languages_in_lower_case_codes() -> None:
    assert len(LANGUAGES) == 99
    assert all(re.fullmatch("[a-z]{2,3}", code) for code in LANGUAGES)
    assert {"en", "zh", "he", "no", "nn", "jw", "haw", "tl"} <= LANGUAGES
    assert not {"yue", "auto", "jv", "iw"} & LANGUAGES


# The other formats


@given(transcripts(), channels, st.booleans())
def test_a_paragraph_of_text_is_what_one_speaker_says_in_a_row(
    transcript: Transcript, count: int, diarize: bool
) -> None:
    columns: dict[str, Any] = {"channels": count, "params": {"diarize": diarize}}
    runs = groupby(in_json(transcript, **columns)["segments"], key=lambda segment: segment["speaker"])
    paragraphs = in_txt(transcript, **columns).split("\n\n")
    assert [p for p in paragraphs if p] == [" ".join(segment["text"] for segment in run) for _, run in runs]


@settings(max_examples=80)
@given(transcripts(), channels)
def test_captions_hold_the_same_words_and_none_leaves_its_segment(transcript: Transcript, count: int) -> None:
    segments = in_json(transcript, channels=count)["segments"]
    subrip, web = in_srt(transcript, channels=count), in_vtt(transcript, channels=count)
    assert [cue.index for cue in subrip] == list(range(1, len(subrip) + 1))
    assert [round(cue.start.total_seconds() * 1000) for cue in subrip] == [c.start_time.in_milliseconds() for c in web]
    assert [round(cue.end.total_seconds() * 1000) for cue in subrip] == [c.end_time.in_milliseconds() for c in web]
    assert [cue.content for cue in subrip] == [re.sub("-+-(?=>)", "-", html.unescape(cue.text)) for cue in web]
    captions = [html.unescape(cue.text) for cue in web]
    assert all(len(caption) <= 80 or " " not in caption for caption in captions)
    for segment in segments:
        text = captions.pop(0)
        while text != segment["text"]:
            assert segment["text"].startswith(f"{text} ")
            text = f"{text} {captions.pop(0)}"
    assert captions == []


@settings(max_examples=50)
@given(transcripts(), channels, st.booleans())
def test_a_word_document_has_a_labelled_paragraph_for_every_turn(
    transcript: Transcript, count: int, diarize: bool
) -> None:
    columns: dict[str, Any] = {"channels": count, "params": {"diarize": diarize}}
    view = in_json(transcript, **columns)
    runs = [list(run) for _, run in groupby(view["segments"], key=lambda segment: segment["speaker"])]
    turns = in_word(transcript, **columns).paragraphs[2:]
    assert [turn.runs[-1].text for turn in turns] == [" ".join(s["text"] for s in run) for run in runs]
    assert [turn.runs[0].text for turn in turns if turn.runs[0].bold] == [
        f"{run[0]['speaker']} " for run in runs if diarize
    ]
    assert [len(turn.runs) for turn in turns] == [2 + diarize] * len(runs)


def test_a_word_document_reads_as_promised() -> None:
    words = (Word("Tell", 64_900, 65_000, 1.0), Word("me.", 65_000, 66_000, 1.0))
    transcript = Transcript("en_us", 3_699_001, (Turn("A", None, words),))
    document = in_word(transcript)
    title, facts, turn = document.paragraphs
    assert title.style is not None
    assert (title.style.name, title.text) == ("Title", "first call.mp3")
    assert facts.text == "Language: en · Duration: 1:01:40 · Engine: assemblyai_universal_3"
    assert turn.text == "speaker_0 [0:01:04] Tell me."
    assert [run.bold for run in turn.runs] == [True, None, None]
    assert in_word(transcript, params={"diarize": False}).paragraphs[2].text == "[0:01:04] Tell me."


@pytest.mark.parametrize(
    ("url", "filename", "title"),
    [
        ("https://example.com/a/b.mp3", None, "b.mp3"),
        ("https://example.com/a/%D7%A9%D7%9C.wav#x", None, "של.wav"),
        ("https://example.com/a/b.mp3", "interview.mp3", "interview.mp3"),
        ("https://youtube.com/watch?v=a.mp3", None, None),
        ("https://example.com", None, None),
        ("https://[broken/a.mp3", None, None),
        ("data:audio/wav;base64,AAAA/a.mp3", None, None),
        ("https://example.com/upload/0123abcd", None, None),
        ("", None, None),
        (f"https://example.com/{'a' * 3000}.mp3", None, f"{'a' * 3000}.mp3"),
        ("", "a\0b\ufffe\x1f.mp3", "ab.mp3"),
    ],
)
def test_a_word_document_is_named_for_the_file_or_the_job(url: str, filename: str | None, title: str | None) -> None:
    params = {} if filename is None else {"filename": filename}
    document = in_word(SILENCE, url=url, params=params)
    expected = title or job(SILENCE)["id"]
    assert [paragraph.text for paragraph in document.paragraphs] == [expected]
    assert document.core_properties.title == expected[:255]


def test_a_word_document_is_the_same_whenever_it_is_made() -> None:
    transcript = said("Hello there.", "Hi.")
    made = word_document.docx(job(transcript), transcript.encode(), ())
    assert word_document.docx(job(transcript), transcript.encode(), frozenset()) == made
    with ZipFile(io.BytesIO(made)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = in_word(transcript).core_properties
    finished = datetime.fromtimestamp(FINISHED // 1_000_000, UTC)
    assert (properties.created, properties.modified) == (finished, finished)
    assert (properties.author, properties.last_modified_by, properties.comments) == ("Jobs API", "Jobs API", "")
    assert properties.language == "en"


any_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=50)
@given(st.lists(any_text, min_size=1, max_size=6))
def test_a_word_document_drops_only_what_xml_cannot_hold(texts: list[str]) -> None:
    words = [" ".join(text.split()) or "x" for text in texts]
    transcript = Transcript("he", 9000, (Turn("A", None, tuple(Word(text, 0, 9, 1.0) for text in words)),))
    (turn,) = in_word(transcript).paragraphs[2:]
    kept = [text for text in in_txt(transcript) if ord(text) >= 32 and text not in "\ufffe\uffff"]
    assert turn.runs[-1].text == "".join(kept)


@pytest.mark.parametrize(
    "text", ["שלום", "مرحبا", "cafe\u0301", "😀", "👩\u200d🚀", "हिन्दी", "<b>&amp;</b>", "]]>", "\u200f!"]
)
def test_every_script_survives_in_every_format(text: str) -> None:
    transcript = said(text)
    assert in_json(transcript)["segments"][0]["text"] == in_txt(transcript) == text
    assert in_srt(transcript)[0].content == html.unescape(in_vtt(transcript)[0].text) == text
    assert in_word(transcript).paragraphs[2].runs[-1].text == text


@pytest.mark.parametrize("diarize", [True, False])
@pytest.mark.parametrize("count", [1, 2])
def test_silence_is_empty_in_every_format(count: int, diarize: bool) -> None:
    silent = job(SILENCE, channels=count, params={"diarize": diarize})
    view = in_json(SILENCE, channels=count, params={"diarize": diarize})
    assert (view["segments"], view["speakers"], view["duration_seconds"]) == ([], [], 5)
    assert formats.txt(silent, SILENCE.encode(), ()) == formats.srt(silent, SILENCE.encode(), ()) == b""
    assert formats.vtt(silent, SILENCE.encode(), ()) == b"WEBVTT\n"
    assert [p.text for p in in_word(SILENCE, channels=count).paragraphs] == ["first call.mp3"]


def test_a_long_conversation_is_whole_in_every_format() -> None:
    duration = 3_600_000
    turns = conversation(duration, language="en", channels=1, seed="s", speakers=3)
    transcript = transcribe(turns, language="en", duration=duration, seed="s")
    words = " ".join(segment["text"] for segment in in_json(transcript)["segments"])
    assert words == transcript.text
    assert " ".join(in_txt(transcript).split("\n\n")) == words
    assert " ".join(cue.content for cue in in_srt(transcript)) == words
    assert " ".join(html.unescape(cue.text) for cue in in_vtt(transcript)) == words
    assert " ".join(p.runs[-1].text for p in in_word(transcript).paragraphs[2:]) == words
