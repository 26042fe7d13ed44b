"""The official Python SDK, unmodified."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import assemblyai as aai
import pytest
import yaml

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api, api_of
from tests.sounds import wav


def spoken(name: str) -> str:
    """Return what is said in one of our recordings: the text that it was spoken from."""
    fixture = yaml.safe_load((AUDIO.parent / f"{name}.yaml").read_text())
    said = fixture["text"] if "text" in fixture else " ".join(turn["text"] for turn in fixture["turns"])
    return " ".join(said.split())


@pytest.mark.parametrize(
    "file",
    [
        "hello.wav",
        "voicemail.m4a",
        "support-call.mp3",
        "stereo-call.wav",
        "product-demo.mp4",
        "interview.mp3",
        "pedido.mp3",
        "silence.wav",
    ],
)
def test_our_recordings_are_transcribed_as_they_were_spoken(file: str, transcriber: aai.Transcriber) -> None:
    transcript = transcriber.transcribe(str(AUDIO / file))
    assert transcript.status == aai.TranscriptStatus.completed
    assert transcript.text == spoken(file.split(".")[0])
    assert transcript.error is None


def test_a_recording_with_a_caption_file_is_transcribed_as_the_captions_say(transcriber: aai.Transcriber) -> None:
    transcript = transcriber.transcribe(str(AUDIO / "weather.ogg"), aai.TranscriptionConfig(speaker_labels=True))
    assert transcript.text == (
        "Here is the weather for the weekend. Saturday stays dry, with light wind from the west. "
        "On Sunday there will be rain until noon."
    )
    assert transcript.utterances is not None
    assert [utterance.start for utterance in transcript.utterances] == [250, 2990, 7290]


def test_the_readme_line_works_in_a_process_of_its_own(api: Api) -> None:
    script = (
        "import assemblyai as aai; aai.settings.api_key='any-key'\n"
        f"t = aai.Transcriber().transcribe({str(AUDIO / 'hello.wav')!r}); print(t.status, t.text)"
    )
    environment = os.environ | {"ASSEMBLYAI_BASE_URL": api.url}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"TranscriptStatus.completed {spoken('hello')}"


def test_speakers_are_those_of_the_fixture(transcriber: aai.Transcriber) -> None:
    config = aai.TranscriptionConfig(speaker_labels=True)
    transcript = transcriber.transcribe(str(AUDIO / "support-call.mp3"), config)
    assert transcript.utterances is not None
    assert [utterance.speaker for utterance in transcript.utterances] == ["A", "B"] * 3
    assert " ".join(utterance.text for utterance in transcript.utterances) == transcript.text


def test_channels_are_those_of_the_recording(transcriber: aai.Transcriber) -> None:
    transcript = transcriber.transcribe(str(AUDIO / "stereo-call.wav"), aai.TranscriptionConfig(multichannel=True))
    assert transcript.utterances is not None
    assert [utterance.channel for utterance in transcript.utterances] == ["1", "2", "1", "2"]
    assert transcript.json_response is not None
    assert transcript.json_response["audio_channels"] == 2


def test_a_stream_without_length_is_uploaded(transcriber: aai.Transcriber) -> None:
    transcript = transcriber.transcribe(io.BytesIO((AUDIO / "hello.wav").read_bytes()))
    assert transcript.text == spoken("hello")


def test_a_url_is_transcribed_without_being_downloaded(transcriber: aai.Transcriber) -> None:
    first = transcriber.transcribe("https://example.com/calls/17.mp3")
    second = transcriber.transcribe("https://example.com/calls/17.mp3")
    assert first.text
    assert first.text == second.text
    assert first.id != second.id


def test_a_processing_error_reaches_the_caller(transcriber: aai.Transcriber) -> None:
    url = "https://example.com/errors/download-404.mp3"
    transcript = transcriber.transcribe(url)
    assert transcript.status == aai.TranscriptStatus.error
    assert transcript.error == (
        f"Download error, unable to download {url}. Please make sure the file exists and is accessible from the internet."
    )


def test_a_refused_key_reaches_the_caller(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aai.settings, "base_url", api.url)
    monkeypatch.setattr(aai.settings, "api_key", "invalid-key")
    client = aai.Client(settings=aai.settings)
    with pytest.raises(aai.TranscriptError, match="Authentication error, API token missing/invalid"):
        aai.Transcriber(client=client).transcribe("https://example.com/a.mp3")
    client.http_client.close()


def test_no_poll_is_spent_on_waiting(transcriber: aai.Transcriber, client: aai.Client) -> None:
    client.settings.polling_interval = 3600.0
    assert transcriber.transcribe("https://example.com/now.mp3").status == aai.TranscriptStatus.completed


def test_ids_and_answers_are_the_same_in_every_run() -> None:
    def run() -> list[bytes]:
        with MockServer() as mock:
            api = api_of(mock.url, "a-fixed-key")
            assert api.control.post("/clock/freeze").status_code == 200
            recorded = api.upload((AUDIO / "interview.mp3").read_bytes())
            invented = api.upload(wav(4))
            jobs = [api.submit(path) for path in (recorded, invented, "https://example.com/x.mp3")]
            replies = [api.http.get(f"/v2/transcript/{job}").content for job in jobs]
            return [reply.replace(mock.url.encode(), b"") for reply in replies]

    assert run() == run()


def test_every_recording_is_covered_above() -> None:
    recordings = {path.name for path in Path(AUDIO).iterdir() if path.suffix not in (".vtt", ".srt", ".txt")}
    assert recordings == {
        "hello.wav", "voicemail.m4a", "support-call.mp3", "stereo-call.wav", "product-demo.mp4", "interview.mp3",
        "pedido.mp3", "silence.wav", "weather.ogg",
    }  # fmt: skip
