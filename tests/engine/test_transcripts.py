"""What is promised of every transcript, whatever its text, speakers and duration."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.generate import conversation
from mockserver.engine.transcripts import Transcript, UntimedTurn, UntimedWord, transcribe
from tests.strategies import conversations, durations, texts


@given(conversations, durations)
def test_times_are_ordered_and_inside_the_audio(said: list[UntimedTurn], duration: int) -> None:
    transcript = transcribe(said, language="en", duration=duration, seed="s", channels=2)
    for turn in transcript.turns:
        assert all(0 <= word.start <= word.end <= duration for word in turn.words)
        assert all(before.start <= after.start for before, after in pairwise(turn.words))


@given(conversations, durations)
def test_every_word_is_there_once_and_turns_are_in_the_order_in_which_they_begin(
    said: list[UntimedTurn], duration: int
) -> None:
    transcript = transcribe(said, language="en", duration=duration, seed="s")
    spoken = [[word.text for word in turn.words] for turn in transcript.turns]
    assert sorted(spoken) == sorted([word.text for word in turn.words] for turn in said if turn.words)
    starts = [turn.words[0].start for turn in transcript.turns]
    assert starts == sorted(starts)
    assert transcript.text.split() == [word.text for word in transcript.words]


@given(conversations, durations)
def test_decoding_gives_back_what_was_encoded(said: list[UntimedTurn], duration: int) -> None:
    transcript = transcribe(said, language="en", duration=duration, seed="s")
    assert Transcript.decode(transcript.encode()) == transcript


@given(conversations, durations)
def test_confidences_lie_between_0_and_1_and_are_kept_where_given(said: list[UntimedTurn], duration: int) -> None:
    transcript = transcribe(said, language="en", duration=duration, seed="s")
    given_ones = Counter((word.text, word.confidence) for turn in said for word in turn.words)
    heard: Counter[tuple[str, float | None]] = Counter((word.text, word.confidence) for word in transcript.words)
    assert all(0 <= word.confidence <= 1 for word in transcript.words)
    assert all(heard[one] >= count for one, count in given_ones.items() if one[1] is not None)


@given(st.lists(texts, min_size=2, max_size=40), st.integers(2_000, 36_000_000))
def test_words_without_times_fill_the_audio(said: list[str], duration: int) -> None:
    transcript = transcribe([UntimedTurn(tuple(map(UntimedWord, said)))], language="en", duration=duration, seed="s")
    spoken = list(transcript.words)
    assert spoken[0].start <= duration * 0.05
    assert spoken[-1].end >= duration * 0.9


@given(st.integers(200, 600_000), st.sampled_from(["en", "es", "de", "zz"]), st.integers(1, 2), st.text(max_size=5))
def test_an_invented_conversation_suits_the_audio_and_is_the_same_again(
    duration: int, language: str, channels: int, seed: str
) -> None:
    said = conversation(duration, language=language, channels=channels, seed=seed)
    assert said == conversation(duration, language=language, channels=channels, seed=seed)
    spoken = sum(len(turn.words) for turn in said)
    assert abs(spoken - duration / 60_000 * 150) <= 1
    assert {turn.channel for turn in said} <= ({1, 2} if channels == 2 else {None})
