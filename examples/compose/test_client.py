"""Tests of a program that transcribes calls: the official SDK, led to the server by its environment alone."""

import os
import wave

import assemblyai as aai
import httpx
import pytest

BASE_URL = os.environ["ASSEMBLYAI_BASE_URL"]


@pytest.fixture
def journal():
    """What the server has seen of this test: its key's journal, emptied before."""
    with httpx.Client(base_url=f"{BASE_URL}/_mock", params={"key": os.environ["ASSEMBLYAI_API_KEY"]}) as control:
        control.delete("/journal").raise_for_status()
        yield control


def test_a_booking_is_heard(journal):
    config = aai.TranscriptionConfig(speaker_labels=True)
    transcript = aai.Transcriber().transcribe("https://example.com/booking.mp3", config)
    assert [utterance.speaker for utterance in transcript.utterances] == ["A", "B"]
    assert transcript.utterances[1].text == "Hello Maria. I would like a room for Friday, please."
    polls = {"method": "GET", "path": "/v2/transcript/*", "exactly": 2}
    assert journal.post("/journal/verify", json=polls).status_code == 200


def test_an_upload_arrives(tmp_path):
    recording = tmp_path / "silence.wav"
    with wave.open(str(recording), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", None))
        sound.writeframes(bytes(2 * 8000))
    transcript = aai.Transcriber().transcribe(str(recording))
    assert transcript.status == aai.TranscriptStatus.completed
    assert transcript.audio_duration == 1


def test_an_account_without_money_is_noticed():
    poor = aai.Client(settings=aai.Settings(base_url=BASE_URL, api_key="out-of-money"))
    with pytest.raises(aai.TranscriptError, match="balance is negative"):
        aai.Transcriber(client=poor).submit("https://example.com/booking.mp3")
