"""What a test puts into a session: words, as either family of models says them, and every documented error."""

from __future__ import annotations

import pytest

from mockserver.apis.assemblyai.streaming.errors import PROBLEMS
from mockserver.client import Mock
from tests.streaming.streams import ENGLISH, PRO, RATE, Ended, Said, Stream, frames, opened, pcm


def shown(turns: list[Said]) -> list[tuple[str, bool, bool, str]]:
    return [(t["transcript"], t["turn_is_formatted"], t["end_of_turn"], t["utterance"]) for t in turns]


def begun(stream: Stream) -> str:
    session: str = stream.until("Begin")["id"]
    return session


def test_words_are_put_into_a_session_word_by_word(mock: Mock) -> None:
    with opened(mock.url, mock.api_key, speech_model=ENGLISH) as stream:
        session = begun(stream)
        mock.say(session, "Hello", "partial")
        mock.say(session, "there, Anna.", "final")
        mock.say(session, "It costs $5.", "formatted")
        stream.finish()
        assert shown(stream.of("Turn")) == [
            ("", False, False, ""),
            ("hello", False, False, ""),
            ("hello there", False, False, ""),
            ("hello there anna", False, True, "hello there anna"),
            ("", False, False, ""),
            ("it", False, False, ""),
            ("it costs", False, False, ""),
            ("it costs $five", False, True, "it costs $five"),
            ("It costs $5.", True, True, ""),
            ("", False, True, ""),
        ]
        assert [turn["turn_order"] for turn in stream.of("Turn")] == [0] * 4 + [1] * 5 + [2]


def test_words_are_put_into_a_session_in_phrases(mock: Mock) -> None:
    with opened(mock.url, mock.api_key, speech_model=PRO) as stream:
        session = begun(stream)
        mock.say(session, "Hello", "partial")
        mock.say(session, "there,", "partial")
        mock.say(session, "Anna.")
        mock.say(session, "Bye.", "formatted")
        stream.finish()
        assert stream.kinds == [
            "Begin",
            *("SpeechStarted", "Turn", "Turn", "Turn"),
            *("SpeechStarted", "Turn"),
            "Termination",
        ]
        assert shown(stream.of("Turn")) == [
            ("Hello", True, False, ""),
            ("Hello there,", True, False, ""),
            ("Hello there, Anna.", True, True, "Hello there, Anna."),
            ("Bye.", True, True, "Bye."),
        ]


@pytest.mark.parametrize("model", [ENGLISH, PRO])
def test_words_join_the_turn_that_is_open(mock: Mock, model: str) -> None:
    with opened(mock.url, mock.api_key, sample_rate=RATE, speech_model=model) as stream:
        session = begun(stream)
        stream.send(*frames(pcm("hello.wav")[: RATE * 2 * 4]))
        stream.until("Turn")
        stream.wait_until_read()
        mock.say(session, "interrupted.")
        said = stream.finish()
        last = [turn for turn in said if turn["type"] == "Turn" and turn["words"] and turn["end_of_turn"]]
        assert any(turn["transcript"].endswith(("interrupted", "interrupted.")) for turn in last)


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_every_documented_error_can_be_asked_for(mock: Mock, name: str) -> None:
    with opened(mock.url, mock.api_key) as stream:
        mock.end(begun(stream), error=name)
        stream.finish(terminate=False)
        problem = PROBLEMS[name]
        assert stream.said[-1] == {"type": "Error", "error_code": problem.code, "error": problem.text}
        assert stream.ended == Ended(problem.code, "See Error message for details")


def test_a_session_ends_as_if_the_client_had_asked_for_it(mock: Mock) -> None:
    with opened(mock.url, mock.api_key) as stream:
        session = begun(stream)
        mock.say(session, "Not over", "partial")
        mock.end(session)
        stream.finish(terminate=False)
        assert stream.kinds[-2:] == ["Turn", "Termination"]
        assert stream.of("Turn")[-1]["end_of_turn"]
        assert stream.ended == Ended(1000, "Session Ended")
