"""Sessions of the legacy realtime API: what is said to what a client sends, and in which order."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from mockserver.engine.streaming.levels import to_mulaw
from tests.conftest import Api
from tests.realtime.client import RATE, Sent, finals, frames, kinds, noise, partials, pcm, silence
from tests.realtime.conftest import Opened

HELLO = "Hello and welcome. This is a short recording that was made for testing a transcription server."
PLAIN = "hello and welcome this is a short recording that was made for testing a transcription server"
NAIVE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?")
WORD = {"start": int, "end": int, "confidence": float, "text": str}
TRANSCRIPT = {
    "message_type": str, "audio_start": int, "audio_end": int, "confidence": float, "text": str, "words": list,
    "created": str,
}  # fmt: skip
FIELDS = {
    "SessionBegins": {"message_type": str, "session_id": str, "expires_at": str},
    "PartialTranscript": TRANSCRIPT,
    "FinalTranscript": {**TRANSCRIPT, "punctuated": bool, "text_formatted": bool},
    "SessionInformation": {"message_type": str, "audio_duration_seconds": float},
    "SessionTerminated": {"message_type": str},
}


def types(message: Sent) -> dict[str, type]:
    return {name: type(value) for name, value in message.items()}


def said(sent: list[Sent]) -> list[str]:
    return [each["text"] for each in finals(sent)]


def test_a_session_begins_with_its_id_and_its_end(api: Api, opened: Opened) -> None:
    api.freeze()
    begun = opened().receive()
    assert begun["message_type"] == "SessionBegins"
    assert UUID(begun["session_id"]).version == 4
    now = datetime.fromisoformat(api.control.get("/clock").json()["now"]).replace(tzinfo=None)
    assert NAIVE.fullmatch(begun["expires_at"])
    assert datetime.fromisoformat(begun["expires_at"]) == now + timedelta(hours=3)


def test_a_recording_is_heard_word_by_word(opened: Opened) -> None:
    client = opened()
    client.send(pcm("hello.wav") + silence(1000), 100)
    sent = client.finish()
    assert kinds(sent)[0] == "SessionBegins"
    assert kinds(sent)[-1] == "SessionTerminated"
    assert " ".join(said(sent)) == HELLO
    assert client.code == 1000


def test_partials_grow_word_by_word_in_plain_words_until_their_final(opened: Opened) -> None:
    client = opened()
    client.send(pcm("hello.wav") + silence(1000), 100)
    heard = ""
    part = ""
    for message in client.finish():
        if message["message_type"] == "PartialTranscript":
            assert message["text"].startswith(part)
            assert len(message["text"]) > len(part)
            part = message["text"]
        elif message["message_type"] == "FinalTranscript":
            assert re.sub(r"[.,]", "", message["text"]).lower() == part
            heard, part = f"{heard} {part}".strip(), ""
    assert heard == PLAIN


def test_every_message_has_the_fields_that_are_documented(opened: Opened) -> None:
    client = opened(enable_extra_session_information="true")
    client.send(pcm("support-call.mp3"))
    sent = client.finish()
    assert set(kinds(sent)) == set(FIELDS)
    for message in sent:
        assert types(message) == FIELDS[message["message_type"]]
    for message in [*partials(sent), *finals(sent)]:
        assert NAIVE.fullmatch(message["created"])
        assert all(types(word) == WORD for word in message["words"])
        assert message["text"] == " ".join(word["text"] for word in message["words"])
        assert (message["audio_start"], message["audio_end"]) == (
            message["words"][0]["start"],
            message["words"][-1]["end"],
        )
        assert 0 < message["confidence"] <= 1
    assert all(final["punctuated"] is final["text_formatted"] is True for final in finals(sent))


def test_numbers_are_words_in_partials_and_digits_in_finals(opened: Opened) -> None:
    client = opened()
    client.send(pcm("voicemail.m4a") + silence(1000))
    sent = client.finish()
    assert "555-0142" in " ".join(said(sent))
    assert any("five-five-five" in each["text"] for each in partials(sent))
    assert not any(re.search(r"[A-Z.,?!\d]", each["text"]) for each in partials(sent))


def test_the_same_frames_are_answered_alike(opened: Opened, api: Api) -> None:
    api.freeze()

    def once() -> list[Sent]:
        client = opened()
        client.send(pcm("hello.wav") + silence(1000), 250)
        return client.finish()[1:]

    assert once() == once()


def test_no_word_comes_before_its_audio(opened: Opened) -> None:
    client = opened()
    client.receive()
    size = RATE // 5 * 2
    for number, frame in enumerate(frames(pcm("hello.wav"), 200), 1):
        client.frame(frame)
        client.ask(force_end_utterance=True)
        assert size * number >= len(frame)
    heard = 0
    for message in finals(client.finish()):
        assert message["words"][0]["start"] >= heard
        heard = message["audio_end"]


@pytest.mark.parametrize("value", ["true", "True", "1"])
def test_partials_can_be_switched_off(value: str, opened: Opened) -> None:
    client = opened(disable_partial_transcripts=value)
    client.send(pcm("hello.wav") + silence(1000))
    sent = client.finish()
    assert set(kinds(sent)) == {"SessionBegins", "FinalTranscript", "SessionTerminated"}
    assert " ".join(said(sent)) == HELLO


@pytest.mark.parametrize("value", ["false", "False", "0", "no", ""])
def test_partials_come_where_they_are_not_switched_off(value: str, opened: Opened) -> None:
    client = opened(disable_partial_transcripts=value)
    client.send(pcm("hello.wav"))
    assert partials(client.finish())


def test_the_session_s_length_is_told_just_before_its_end(opened: Opened) -> None:
    client = opened(enable_extra_session_information=True)
    client.send(silence(1250), 250)
    sent = client.finish()
    assert kinds(sent) == ["SessionBegins", "SessionInformation", "SessionTerminated"]
    assert sent[1]["audio_duration_seconds"] == 1.25


def test_audio_in_base64_is_heard_like_binary_frames(opened: Opened) -> None:
    client, other = opened(), opened()
    for frame in frames(pcm("hello.wav") + silence(1000)):
        client.frame(frame)
        other.ask(audio_data=base64.b64encode(frame).decode())
    sent, received = client.finish(), other.finish()
    assert said(sent) == said(received)
    assert [each["words"] for each in partials(sent)] == [each["words"] for each in partials(received)]


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_mu_law_is_heard_like_samples(rate: int, opened: Opened) -> None:
    audio = to_mulaw(pcm("hello.wav", rate), 2)
    client = opened(encoding="pcm_mulaw", sample_rate=rate)
    for at in range(0, len(audio), rate // 2):
        client.frame(audio[at : at + rate // 2])
    assert " ".join(said(client.finish())) == HELLO


def test_a_message_may_hold_the_last_audio_and_the_end(opened: Opened) -> None:
    client = opened()
    *first, last = frames(pcm("hello.wav"), 2000)
    for frame in first:
        client.frame(frame)
    client.ask(audio_data=base64.b64encode(last).decode(), terminate_session=True)
    sent = client.rest()
    assert " ".join(said(sent)) == HELLO
    assert (kinds(sent)[-1], client.code) == ("SessionTerminated", 1000)


def test_a_first_message_may_be_the_last(opened: Opened) -> None:
    client = opened()
    client.ask(audio_data=base64.b64encode(pcm("hello.wav")[: 4 * RATE]).decode(), terminate_session=True)
    sent = client.rest()
    assert HELLO.startswith(said(sent)[0].rstrip("."))
    assert kinds(sent)[-1] == "SessionTerminated"


def test_what_is_false_asks_for_nothing(opened: Opened) -> None:
    client = opened()
    client.ask(terminate_session=False)
    client.ask(force_end_utterance=False)
    client.send(pcm("hello.wav"))
    assert " ".join(said(client.finish())) == HELLO


def test_an_utterance_ends_when_it_is_forced_to(opened: Opened) -> None:
    client = opened()
    client.send(pcm("hello.wav")[: 2 * RATE * 3], 250)
    client.ask(force_end_utterance=True)
    client.send(pcm("hello.wav")[2 * RATE * 3 :], 250)
    sent = finals(client.finish())
    first = sent[0]["audio_end"]
    assert first <= 3000
    assert sum(len(each["words"]) for each in sent) == len(HELLO.split())
    assert [each["audio_start"] >= first for each in sent[1:]] == [True] * (len(sent) - 1)


def test_forcing_silence_to_end_says_nothing(opened: Opened) -> None:
    client = opened()
    client.send(silence(1000))
    client.ask(force_end_utterance=True)
    assert kinds(client.finish()) == ["SessionBegins", "SessionTerminated"]


def gaps(sent: list[Sent]) -> list[int]:
    return [after["audio_start"] - before["audio_end"] for before, after in pairwise(finals(sent))]


def test_the_threshold_says_how_long_a_pause_ends_an_utterance(opened: Opened) -> None:
    counts = {}
    for threshold in (0, 300, None, 20_000):
        client = opened(disable_partial_transcripts=True)
        if threshold is not None:
            client.ask(end_utterance_silence_threshold=threshold)
        client.send(pcm("voicemail.m4a") + silence(1000))
        counts[threshold] = len(finals(client.finish()))
    assert counts[0] >= counts[300] >= counts[None] >= counts[20_000] == 1
    assert counts[0] > counts[None]


def test_the_threshold_can_change_in_the_middle(opened: Opened) -> None:
    client = opened(disable_partial_transcripts=True)
    client.ask(end_utterance_silence_threshold=20_000)
    client.send(pcm("hello.wav"), 1000)
    client.send(silence(3000))
    client.ask(end_utterance_silence_threshold=500)
    client.send(silence(200), 200)
    assert client.until("FinalTranscript")[-1]["text"] == HELLO


def test_words_are_written_as_they_are_boosted(opened: Opened) -> None:
    client = opened(word_boost='["lakeside DENTAL", "ROBERT", ""]')
    client.send(pcm("voicemail.m4a"))
    sent = client.finish()
    assert "ROBERT from lakeside DENTAL." in " ".join(said(sent))
    assert any("robert from lakeside dental" in each["text"] for each in partials(sent))


def test_any_sound_has_something_to_say_where_no_fixture_is_known(opened: Opened) -> None:
    client = opened()
    client.send(noise(5000) + silence(1000))
    sent = client.finish()
    assert partials(sent)
    assert all(text[-1] in ".?!" for text in said(sent))
    assert 4000 < finals(sent)[-1]["audio_end"] < 5100


def test_a_fixture_is_found_by_the_parameters(api: Api, opened: Opened) -> None:
    lines = {
        "match": {"params": {"word_boost": ["tree"]}},
        "cue": "sound",
        "turns": [{"text": "One line."}, {"text": "Two."}],
    }
    assert api.control.post("/fixtures", json=lines).status_code == 201
    client = opened(word_boost='["tree"]')
    client.send(noise(1000) + silence(1000) + noise(1000) + silence(1000))
    assert said(client.finish()) == ["One line.", "Two."]


def test_a_fixture_that_fails_ends_the_session_with_its_text(api: Api, opened: Opened) -> None:
    wrong = {"match": {"params": {"word_boost": ["wrong"]}}, "outcome": {"error": "Nobody can hear this."}}
    assert api.control.post("/fixtures", json=wrong).status_code == 201
    client = opened(word_boost='["wrong"]')
    client.send(noise(3000))
    sent = client.rest()
    assert sent[-1] == {"error": "Nobody can hear this."}
    assert client.code == 4034


def test_the_last_frame_may_be_short(opened: Opened) -> None:
    client = opened()
    client.send(pcm("hello.wav"), 700)
    client.frame(silence(20))
    assert " ".join(said(client.finish())) == HELLO


def test_a_thinking_pause_is_not_told_of(api: Api, opened: Opened) -> None:
    words = [{"text": text} for text in ("So,", "um,", "yes.")]
    fixture = {"match": {"params": {"word_boost": ["um"]}}, "cue": "sound", "turns": [{"words": words}]}
    assert api.control.post("/fixtures", json=fixture).status_code == 201
    client = opened(word_boost='["um"]')
    client.send(noise(2000) + silence(1000), 100)
    sent = client.finish()
    assert said(sent) == ["So, yes."]
    assert [each["text"] for each in partials(sent)] == ["so", "so yes"]


def test_the_session_is_in_the_journal_with_what_was_wrong(api: Api, opened: Opened) -> None:
    client = opened(colour="red", disable_partial_transcripts="perhaps")
    client.frame(silence(20))
    client.ask(force_end_utterance=True, volume=11)
    begun = client.finish()[0]
    (entry,) = api.control.get("/journal", params={"path": "/v2/realtime/ws"}).json()["requests"]
    assert entry["status"] == 101
    assert begun["session_id"] in str(entry)
    told = " ".join(entry["violations"])
    for wrong in ("parameter colour", "disable_partial_transcripts", "a frame of 20 ms", "field volume"):
        assert wrong in told
