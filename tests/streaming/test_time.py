"""What sessions do by the clock: signs of life, and ends that come by themselves."""

from __future__ import annotations

from mockserver.client import Mock
from mockserver.embed import MockServer
from tests.streaming.streams import ENGLISH, RATE, Ended, Said, frames, heard, opened, pcm, quiet

SEE = "See Error message for details"


def test_a_sign_of_life_comes_every_five_seconds(mock: Mock) -> None:
    mock.freeze()
    with opened(mock.url, mock.api_key, sample_rate=RATE, session_heartbeat="true") as stream:
        stream.send(*frames(pcm("hello.wav")[: RATE * 2 * 2]))
        stream.until("Turn", end_of_turn=True)
        stream.wait_until_read()
        mock.advance(4.9)
        mock.advance(0.1)
        first = stream.until("Heartbeat")
        assert list(first) == [
            "type", "total_audio_received_ms", "total_duration_ms", "realtime_factor", "max_speech_probability",
        ]  # fmt: skip
        assert (first["total_audio_received_ms"], first["total_duration_ms"], first["realtime_factor"]) == (
            2000,
            5000,
            0.4,
        )
        assert 0.3 < first["max_speech_probability"] <= 1
        mock.advance(12)
        second, third = stream.until("Heartbeat"), stream.until("Heartbeat")
        assert [each["total_duration_ms"] for each in (second, third)] == [10_000, 15_000]
        assert second["max_speech_probability"] == 0
        stream.send({"type": "UpdateConfiguration", "session_heartbeat": False})
        assert stream.finish()[-1]["type"] == "Termination"
        assert len(stream.of("Heartbeat")) == 3


def test_signs_of_life_may_be_asked_for_later(mock: Mock) -> None:
    mock.scale(1000)
    with opened(mock.url, mock.api_key) as stream:
        stream.until("Begin")
        stream.send({"type": "UpdateConfiguration", "session_heartbeat": True})
        stream.until("Heartbeat")


def test_nobody_gets_signs_of_life_unasked(mock: Mock) -> None:
    mock.freeze()
    with opened(mock.url, mock.api_key) as stream:
        stream.until("Begin")
        mock.advance(600)
        assert [each["type"] for each in stream.finish()] == ["Begin", "Termination"]
        assert stream.said[-1]["session_duration_seconds"] == 600


def test_a_session_in_which_nothing_comes_ends_if_that_was_asked_for(mock: Mock) -> None:
    mock.freeze()
    with opened(mock.url, mock.api_key, inactivity_timeout=30) as stream:
        stream.until("Begin")
        stream.send({"type": "UpdateConfiguration", "session_heartbeat": True})
        stream.wait_until_read()
        for number in range(3):
            mock.advance(25)
            stream.until("Heartbeat", total_duration_ms=25_000 * (number + 1))
            stream.send({"type": "KeepAlive"}, quiet(0.1))
            stream.wait_until_read()
        mock.advance(3600)
        stream.finish(terminate=False)
        assert stream.said[-1] == {
            "type": "Error", "error_code": 3006,
            "error": "Session terminated due to inactivity: No messages received for 30 seconds",
        }  # fmt: skip
        assert stream.ended == Ended(3006, SEE)


def test_a_session_lasts_three_hours(mock: Mock) -> None:
    mock.freeze()
    with opened(mock.url, mock.api_key) as stream:
        stream.until("Begin")
        mock.advance(3 * 3600 - 1)
        mock.advance(1)
        stream.finish(terminate=False)
        assert stream.said[-1]["error"] == "Session Expired: Maximum session duration exceeded"
        assert stream.ended == Ended(3008, SEE)


def silences(mock: Mock, **params: str) -> list[Said]:
    told = heard(mock.url, mock.api_key, frames(quiet(3.5)), **params)
    return [each for each in told if each["type"] == "Silence"]


def test_silence_is_told_every_second_if_asked_for(mock: Mock) -> None:
    told = silences(mock, acknowledge_silence="true")
    assert [(each["start_ms"], each["end_ms"]) for each in told] == [(0, 1000), (1000, 2000), (2000, 3000)]
    assert list(told[0]) == ["type", "start_ms", "end_ms"]
    assert silences(mock) == []
    assert silences(mock, acknowledge_silence="true", speech_model=ENGLISH) == []


def test_audio_may_come_as_fast_as_it_likes_unless_the_quirk_says_otherwise(mock: Mock) -> None:
    audio = list(frames(quiet(40), 1000))
    assert heard(mock.url, mock.api_key, audio)[-1]["audio_duration_seconds"] == 40
    with MockServer(quirks=("stream_pace",)) as server:
        key = server.key()
        key.freeze()
        with opened(server.url, key.api_key, sample_rate=RATE) as stream:
            stream.send(*audio)
            stream.finish(terminate=False)
            assert stream.said[-1]["error"] == "Audio Transmission Rate Exceeded: Received 30.0 sec. audio in 0.0 sec"
            assert stream.ended == Ended(3007, SEE)
        with opened(server.url, key.api_key, sample_rate=RATE) as stream:
            stream.until("Begin")
            key.advance(30)
            stream.send(*audio[:37])
            assert stream.finish()[-1]["type"] == "Termination"
