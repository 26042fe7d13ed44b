"""Sentences, paragraphs, captions and word search: every view has every word once, and says when it is spoken."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate, pairwise

import pytest
import srt
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import views
from mockserver.engine.transcripts import Transcript, Turn, UntimedTurn, UntimedWord, Word, transcribe
from mockserver.engine.views import Passage, Spoken
from tests.strategies import PLAIN, transcripts

widths = st.none() | st.integers(1, 120)
LONG_PAUSE = 2000


def words_of(transcript: Transcript) -> list[Spoken]:
    return [Spoken(*word, turn.speaker, turn.channel) for turn in transcript.turns for word in turn.words]


def starts_of_turns(transcript: Transcript) -> set[int]:
    return set(accumulate((len(turn.words) for turn in transcript.turns), initial=0))


def all_views(transcript: Transcript, width: int | None = None) -> list[list[Passage]]:
    sentences = views.sentences(transcript)
    return [sentences, views.paragraphs(sentences), list(views.captions(transcript, width))]


def said(*lines: str, duration: int = 60_000) -> Transcript:
    spoken = [
        UntimedTurn(tuple(map(UntimedWord, line.split())), "AB"[place % 2], None) for place, line in enumerate(lines)
    ]
    return transcribe(spoken, language="en", duration=duration, seed="s")


@given(transcripts(), widths)
def test_every_view_has_every_word_once_and_in_order(transcript: Transcript, width: int | None) -> None:
    spoken = words_of(transcript)
    for view in all_views(transcript, width):
        assert [word for passage in view for word in passage.words] == spoken
        assert all(spoken[passage.first] == passage.words[0] for passage in view)
        assert " ".join(passage.text for passage in view) == transcript.text


@given(transcripts(), widths)
def test_a_passage_lasts_as_long_as_its_words_and_none_leaves_the_audio(
    transcript: Transcript, width: int | None
) -> None:
    for view in all_views(transcript, width):
        for passage in view:
            assert 0 <= passage.start <= passage.end <= transcript.duration
            assert passage.start == passage.words[0].start
            assert all(word.end <= passage.end for word in passage.words)
            assert min(w.confidence for w in passage.words) - 1e-9 <= passage.confidence
            assert passage.confidence <= max(w.confidence for w in passage.words) + 1e-9


@given(transcripts(), widths)
def test_sentences_and_captions_belong_to_one_turn_and_follow_each_other_in_it(
    transcript: Transcript, width: int | None
) -> None:
    borders = starts_of_turns(transcript)
    sentences, _, captions = all_views(transcript, width)
    for view in (sentences, captions):
        assert borders - {len(words_of(transcript))} <= {passage.first for passage in view}
        for before, after in pairwise(view):
            assert after.first in borders or before.start <= after.start


@given(transcripts())
def test_paragraphs_are_whole_sentences_at_most_five_and_broken_at_long_pauses(transcript: Transcript) -> None:
    sentences = views.sentences(transcript)
    paragraphs = views.paragraphs(sentences)
    firsts = [paragraph.first for paragraph in paragraphs]
    assert set(firsts) <= {sentence.first for sentence in sentences}
    for paragraph in paragraphs:
        places = range(paragraph.first, paragraph.first + len(paragraph.words))
        within = [sentence for sentence in sentences if sentence.first in places]
        assert 1 <= len(within) <= 5
        assert all(after.start - before.end < LONG_PAUSE for before, after in pairwise(within))


@given(transcripts(), st.integers(1, 60))
def test_captions_keep_to_the_width_and_waste_none_of_it(transcript: Transcript, width: int) -> None:
    borders = starts_of_turns(transcript)
    captions = list(views.captions(transcript, width))
    for caption in captions:
        assert len(caption.text) <= width or len(caption.words) == 1
        assert all(after.start - before.end < LONG_PAUSE for before, after in pairwise(caption.words))
    for before, after in pairwise(captions):
        word = after.words[0]
        assert (
            after.first in borders
            or len(before.text) + 1 + len(word.text) > width
            or word.start - before.words[-1].end >= LONG_PAUSE
        )


@settings(max_examples=80)
@given(transcripts(), widths)
def test_srt_is_read_back_as_the_very_captions(transcript: Transcript, width: int | None) -> None:
    written = views.srt(transcript, width)
    captions = list(views.captions(transcript, width))
    found = list(srt.parse(written))
    assert [cue.index for cue in found] == list(range(1, len(captions) + 1))
    assert [(cue.start, cue.end) for cue in found] == [
        (timedelta(milliseconds=c.start), timedelta(milliseconds=c.end)) for c in captions
    ]
    assert [cue.content for cue in found] == [re.sub("-+-(?=>)", "-", caption.text) for caption in captions]
    assert written.count("-->") == len(captions)


@settings(max_examples=80)
@given(transcripts(), widths)
def test_webvtt_is_read_back_as_the_very_captions(transcript: Transcript, width: int | None) -> None:
    written = views.vtt(transcript, width)
    captions = list(views.captions(transcript, width))
    assert "<" not in written
    found = list(webvtt.WebVTT.from_string(written, strict=True).captions)
    assert [(cue.start_time.in_milliseconds(), cue.end_time.in_milliseconds()) for cue in found] == [
        (caption.start, caption.end) for caption in captions
    ]
    assert [html.unescape(cue.raw_text) for cue in found] == [caption.text for caption in captions]
    assert [html.unescape(cue.text) for cue in found] == [caption.text for caption in captions]


def at(start: int, end: int, *texts: str) -> Transcript:
    turn = Turn("A", None, tuple(Word(text, start, end, 1.0) for text in texts))
    return Transcript("en", end, (turn,))


@pytest.mark.parametrize(
    ("moment", "in_srt", "in_vtt"),
    [
        (0, "00:00:00,000", "00:00.000"),
        (59_999, "00:00:59,999", "00:59.999"),
        (3_599_999, "00:59:59,999", "59:59.999"),
        (3_600_000, "01:00:00,000", "01:00:00.000"),
        (36_061_007, "10:01:01,007", "10:01:01.007"),
        (359_999_999, "99:59:59,999", "99:59:59.999"),
        (360_000_000, "100:00:00,000", "100:00:00.000"),
    ],
)
def test_hours_are_written_where_there_are_any(moment: int, in_srt: str, in_vtt: str) -> None:
    transcript = at(moment, moment, "Hi.")
    assert views.srt(transcript) == f"1\n{in_srt} --> {in_srt}\nHi.\n"
    assert views.vtt(transcript) == f"WEBVTT\n\n{in_vtt} --> {in_vtt}\nHi.\n"


def test_without_words_there_are_no_captions() -> None:
    silence = Transcript("en", 5000, ())
    assert views.srt(silence) == ""
    assert views.vtt(silence) == "WEBVTT\n"
    assert views.sentences(silence) == views.paragraphs([]) == []


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("One. Two? Three! Four… five", ["One.", "Two?", "Three!", "Four…", "five"]),
        ('He said "go." Then (he left.) Gone', ['He said "go."', "Then (he left.)", "Gone"]),
        ("Dr. Who met Mr. T. Rex at 5 p.m. today.", ["Dr. Who met Mr. T. Rex at 5 p.m. today."]),
        ("It costs 3.14 in the U.S. today", ["It costs 3.14 in the U.S. today"]),
        ("你好。 再见！ मैं। ठीक", ["你好。", "再见！", "मैं।", "ठीक"]),
        ('" . " - ...', ['" .', '" - ...']),
    ],
)
def test_a_sentence_ends_with_its_mark_and_not_with_an_abbreviation(line: str, sentences: list[str]) -> None:
    assert [sentence.text for sentence in views.sentences(said(line))] == sentences


def key(word: str) -> str:
    """Return the letters and digits of a word with their marks, whatever their case."""
    letters = "".join(c for c in word if c.isalnum() or unicodedata.category(c)[0] == "M")
    return letters.casefold() if any(map(str.isalnum, word)) else ""


def looked_up(spoken: Sequence[Spoken], phrase: str) -> list[tuple[int, int, int]]:
    """Return first place, start and end of every occurrence, by looking through one long string."""
    places = [place for place, word in enumerate(spoken) if key(word.text)]
    line = " " + "".join(f"{key(spoken[place].text)} " for place in places)
    wanted = " ".join(filter(None, map(key, phrase.split())))
    found = []
    for match in re.finditer(f"(?= {re.escape(wanted)} )", line) if wanted else ():
        first = line.count(" ", 0, match.start())
        covered = spoken[places[first] : places[first + wanted.count(" ")] + 1]
        found.append((places[first], covered[0].start, max(word.end for word in covered)))
    return found


@settings(max_examples=80)
@given(st.data(), transcripts())
def test_word_search_finds_what_looking_through_the_text_finds(data: st.DataObject, transcript: Transcript) -> None:
    spoken = words_of(transcript)
    wanted = data.draw(st.lists(st.sampled_from([*PLAIN, "absent", "THE", "—", "का"]), max_size=3))
    for _ in range(2 if spoken else 0):
        first = data.draw(st.integers(0, len(spoken) - 1))
        phrase = " ".join(word.text for word in spoken[first : first + data.draw(st.integers(1, 5))])
        wanted.append(data.draw(st.sampled_from([phrase, phrase.upper(), f" {phrase}!"])))
    wanted = list(dict.fromkeys(wanted))
    expected = {phrase: looked_up(spoken, phrase) for phrase in wanted}
    found = views.search(transcript, wanted)
    assert [
        (match.text, [(place, *times) for place, times in zip(match.places, match.times, strict=True)])
        for match in found
    ] == [(" ".join(phrase.lower().split()), hits) for phrase, hits in expected.items() if hits]


@pytest.mark.parametrize(
    ("line", "phrase", "places"),
    [
        ("Hello, world! HELLO again", "hello", [0, 2]),
        ("Hello, world! Hello World.", "hello world", [0, 2]),
        ("go go go", "go go", [0, 1]),
        ("Don't stop", "dont", [0]),
        ("yes — of course", "yes of", [0]),
        ("yes — of course", "yes — of", [0]),
        ("Straße und STRASSE", "strasse", [0, 2]),
        ("का की कु", "की", [1]),
        ("one two", "two three", []),
        ("one two", "-", []),
        ("❤️ ☀️ you", "❤️", []),
    ],
)
def test_words_are_found_whatever_their_case_and_punctuation(line: str, phrase: str, places: list[int]) -> None:
    assert [match.places for match in views.search(said(line), [phrase])] == ([places] if places else [])
