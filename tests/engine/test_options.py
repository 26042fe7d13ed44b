"""What a request asks of the recognition itself: windows, speakers, the language."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.acceptance import Accepted
from mockserver.engine.media import Unusable
from mockserver.engine.options import (
    AS_USUAL,
    Detect,
    Language,
    Options,
    cut,
    detected,
    merged_speakers,
    too_little_speech,
)
from mockserver.engine.transcripts import Transcript, Turn, Word
from tests.strategies import transcripts

codes = st.sampled_from("en en_us en_uk de de_ch es fr zh".split())
fractions = st.floats(0, 1)
moments = st.none() | st.integers(0, 120_000) | st.integers(0, 400_000_000)
detects = st.builds(
    Detect,
    expected=st.lists(codes, max_size=3).map(tuple),
    fallback=st.none() | codes,
    least_confidence=fractions,
    fails_unsure=st.booleans(),
    fails_silent=st.booleans(),
)
accepted = st.builds(
    Accepted,
    longest=moments,
    containers=st.lists(st.sampled_from(["mp3", "wav", "asf"]), max_size=3).map(tuple),
    silence=st.booleans(),
    largest=st.none() | st.integers(0, 2**40),
)
options = st.builds(
    Options,
    start=moments,
    end=moments,
    least_speech=st.none() | fractions,
    speakers=st.none() | st.tuples(st.integers(1, 30), st.none() | st.integers(1, 30)),
    detect=st.none() | detects,
    accepted=st.none() | accepted,
)


@given(options)
def test_options_are_read_back_as_they_were(asked: Options) -> None:
    encoded = asked.encode()
    assert Options.decode(encoded) == asked
    assert (encoded is None) == (asked == AS_USUAL)


@given(transcripts(), moments, moments)
def test_a_window_holds_the_words_that_begin_in_it_and_no_time_outside(
    transcript: Transcript, start: int | None, end: int | None
) -> None:
    found = cut(transcript, start, end)
    first = 0 if start is None else start
    last = float("inf") if end is None else end
    inside = [
        (turn.speaker, turn.channel, word.text, word.start, word.confidence)
        for turn in transcript.turns
        for word in turn.words
        if first <= word.start < last
    ]
    assert [(t.speaker, t.channel, w.text, w.start, w.confidence) for t in found.turns for w in t.words] == inside
    assert all(turn.words for turn in found.turns)
    assert all(word.start <= word.end <= last for word in found.words)
    assert found.duration == transcript.duration
    assert cut(found, start, end) == found


def turn(speaker: str | None, *words: Word) -> Turn:
    return Turn(speaker, None, words or (Word("a", 0, 1, 1.0),))


def test_a_word_that_goes_on_after_the_window_ends_with_it() -> None:
    said = turn("A", Word("a", 0, 500, 1), Word("b", 500, 1500, 1), Word("c", 1500, 2000, 1))
    other = turn("B", Word("d", 1600, 2500, 1))
    found = cut(Transcript("en", 3000, (said, other)), 500, 1500)
    assert found.turns == (turn("A", Word("b", 500, 1500, 1)),)
    assert cut(Transcript("en", 3000, (said,)), 400, 1000).turns == (turn("A", Word("b", 500, 1000, 1)),)


def test_a_word_at_the_very_end_of_the_audio_is_in_a_window_without_an_end() -> None:
    transcript = Transcript("en", 1000, (turn("A", Word("a", 0, 900, 1), Word("b", 1000, 1000, 1)),))
    assert cut(transcript, 0, None) == transcript


speakers = st.lists(st.sampled_from([*"ABCDEFG"]), max_size=12)


@given(speakers, st.none() | st.integers(1, 8))
def test_speakers_are_merged_into_the_first_ones_and_each_stays_one(said: list[str], most: int | None) -> None:
    turns = [turn(speaker) for speaker in said]
    merged = merged_speakers(turns, most)
    assert [t.words for t in merged] == [t.words for t in turns]
    known = list(dict.fromkeys(said))
    kept = known if most is None else known[:most]
    assert {t.speaker for t in merged} == set(kept)
    names = set(zip(said, [t.speaker for t in merged], strict=True))
    assert len(names) == len(known)
    assert all(old == new for old, new in names if old in kept)


@pytest.mark.parametrize(
    ("said", "most", "expected"),
    [
        ("ABCABC", 2, "ABAABA"),
        ("ABCDE", 2, "ABABA"),
        ("BAC", 1, "BBB"),
        ("AB", None, "AB"),
        ("ABA", 5, "ABA"),
    ],
)
def test_speakers_that_come_late_are_taken_for_earlier_ones_in_turn(said: str, most: int | None, expected: str) -> None:
    assert "".join(str(t.speaker) for t in merged_speakers([turn(s) for s in said], most)) == expected


@given(detects, codes, fractions, st.booleans())
def test_a_language_is_detected_or_assumed_or_the_job_fails(
    detect: Detect, spoken: str, confidence: float, silent: bool
) -> None:
    found = detected(detect, spoken, confidence, silent=silent)
    unsure = confidence < detect.least_confidence
    fails = detect.fails_silent if silent else unsure and detect.fails_unsure
    if fails:
        assert isinstance(found, Unusable)
        assert found.reason == ("no_speech" if silent else "low_language_confidence")
        return
    assert isinstance(found, Language)
    expected = {code[:2] for code in detect.expected}
    sure = not silent and not unsure and (not expected or spoken[:2] in expected)
    assert found.is_fallback == (not sure)
    if sure:
        assert found.code == spoken
    else:
        assert found.code == (detect.fallback or [*detect.expected, spoken][0])
    assert found.confidence == (0.0 if silent else confidence)


def test_an_unsure_detection_says_how_sure_it_was_and_had_to_be() -> None:
    found = detected(Detect(least_confidence=0.8), "de", 0.75, silent=False)
    assert isinstance(found, Unusable)
    assert orjson.loads(found.detail or "") == {"language": "de", "confidence": 0.75, "threshold": 0.8}
    assert detected(Detect(least_confidence=0.8), "de", 0.8, silent=False) == Language("de", 0.8)


def test_too_little_speech_says_how_much_there_is() -> None:
    found = too_little_speech(0.123456, 0.5)
    assert found.reason == "low_speech"
    assert orjson.loads(found.detail or "") == {"share": 0.1235, "threshold": 0.5}
