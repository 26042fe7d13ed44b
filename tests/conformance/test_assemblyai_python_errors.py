"""The texts of the server reach the callers of the official Python client unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import assemblyai as aai
import pytest

from tests.conformance.conftest import ORDER
from tests.conftest import Api, api_of
from tests.sounds import wav

NOBODY = "00000000-0000-4000-8000-000000000000"
URL = "https://example.com/a.mp3"
SCHEMA = "Invalid endpoint schema, please refer to documentation for examples."
SPEAKERS = {"speaker_identification": {"speaker_type": "role", "known_values": ["Agent"]}}
FORMATS = {"custom_formatting": {"date": "yyyy", "phone_number": "xxx"}}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"speech_model": aai.SpeechModel.nano},
            'The speech_model parameter is deprecated. Use speech_models: ["universal-3-5-pro", "universal-2"] '
            "for the best accuracy, performance, and language coverage.",
        ),
        (
            {"speech_models": ["nano"]},
            '"speech_models" must be a non-empty list containing one or more of: '
            '"universal-3-pro", "universal-2", "universal-3-5-pro"',
        ),
        (
            {"language_code": "nl", "auto_chapters": True, "auto_highlights": True},
            "The following models are not available in this language: auto_chapters, auto_highlights",
        ),
        (
            {"speaker_labels": True, "speakers_expected": 2, "speaker_options": {"min_speakers_expected": 1}},
            "Both speaker_options and speakers_expected can not be used in the same request.",
        ),
        (
            {"word_boost": ["a*b"]},
            "'a*b' was included in the word boost list but contains unsupported characters",
        ),
        (
            {"auto_chapters": True, "summarization": True},
            "Only one of the following models can be enabled at a time: auto_chapters, summarization.",
        ),
        (
            {"speech_understanding": {"request": SPEAKERS}},
            "speaker_labels or multichannel required",
        ),
        (
            {
                "redact_pii": True,
                "redact_pii_policies": [aai.PIIRedactionPolicy.phone_number, aai.PIIRedactionPolicy.date],
                "speech_understanding": {"request": FORMATS},
            },
            "redact pii phone_number not compatible with formatting phone_number; "
            "redact pii date not compatible with formatting date",
        ),
        ({"temperature": 2.0}, SCHEMA),
        ({"domain": "law"}, SCHEMA),
        ({"speech_threshold": 1.5}, SCHEMA),
    ],
)
def test_a_refused_option_is_explained(options: dict[str, Any], text: str, transcriber: aai.Transcriber) -> None:
    with pytest.raises(aai.TranscriptError) as caught:
        transcriber.submit(URL, aai.TranscriptionConfig(**options))
    assert str(caught.value) == f"failed to transcribe url {URL}: {text}"
    assert caught.value.status_code == 400


def test_what_the_client_itself_would_leave_out_is_refused_too(transcriber: aai.Transcriber) -> None:
    config = aai.TranscriptionConfig()
    config.raw.redact_pii_return_unredacted = True
    with pytest.raises(aai.TranscriptError) as caught:
        transcriber.submit(URL, config)
    assert str(caught.value) == (
        f"failed to transcribe url {URL}: `redact_pii_return_unredacted` can only be set to True if `redact_pii` is True"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (aai.Transcript.get_by_id, "failed to retrieve transcript"),
        (aai.Transcript.delete_by_id, "failed to delete transcript"),
        (lambda key: aai.Transcript.get_by_id_async(key).result(), "failed to retrieve transcript"),
        (lambda key: aai.Transcript.delete_by_id_async(key).result(), "failed to delete transcript"),
    ],
)
@pytest.mark.usefixtures("client")
def test_an_unknown_id_is_not_found(call: Callable[[str], object], message: str) -> None:
    with pytest.raises(aai.TranscriptError) as caught:
        call(NOBODY)
    assert str(caught.value) == f"{message} {NOBODY}: Transcript lookup error, transcript id not found"
    assert caught.value.status_code == 400


EXPORTS: list[tuple[str, Callable[[aai.Transcript], object]]] = [
    ("export SRT for transcript", lambda transcript: transcript.export_subtitles_srt()),
    ("export VTT for transcript", lambda transcript: transcript.export_subtitles_vtt()),
    ("retrieve sentences for transcript", lambda transcript: transcript.get_sentences()),
    ("retrieve paragraphs for transcript", lambda transcript: transcript.get_paragraphs()),
    ("search words in transcript", lambda transcript: transcript.word_search(["a"])),
]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://example.com/jobs/stuck-queued.mp3", "queued"),
        ("https://example.com/jobs/stuck-processing.mp3", "processing"),
        ("https://example.com/errors/transcoding.mp3", "error"),
    ],
)
def test_only_a_completed_transcript_is_exported(url: str, status: str, transcriber: aai.Transcriber) -> None:
    transcript = transcriber.submit(url)
    for action, export in EXPORTS:
        with pytest.raises(aai.TranscriptError) as caught:
            export(transcript)
        assert str(caught.value) == (
            f"failed to {action} {transcript.id}: This transcript has a status of '{status}'. "
            "Transcripts must have a status of 'completed' before requesting captions."
        )


def test_a_transcript_is_not_seen_with_another_key(transcriber: aai.Transcriber, client: aai.Client, api: Api) -> None:
    transcript = transcriber.transcribe(ORDER)
    client.http_client.headers["authorization"] = api_of(api.url).key
    for action, export in EXPORTS:
        with pytest.raises(aai.TranscriptError) as caught:
            export(transcript)
        assert str(caught.value).startswith(f"failed to {action} {transcript.id}: Transcript lookup error, ")


def test_an_empty_upload_is_refused_in_plain_text(transcriber: aai.Transcriber) -> None:
    with pytest.raises(aai.TranscriptError) as caught:
        transcriber.upload_file(b"")
    assert caught.value.status_code == 422
    assert str(caught.value).startswith(
        "Failed to upload audio file: \nReason: Upload failed, please try again. If you continue to have issues please "
        "reach out to support@assemblyai.com\nRequest: "
    )


def test_a_key_that_is_not_accepted_is_refused_everywhere(client: aai.Client) -> None:
    transcriber = aai.Transcriber(client=client, api_key="invalid-key")
    refused = "Authentication error, API token missing/invalid"
    with transcriber._client.http_client:
        with pytest.raises(aai.TranscriptError) as caught:
            transcriber.submit(URL)
        assert (str(caught.value), caught.value.status_code) == (f"failed to transcribe url {URL}: {refused}", 401)
        with pytest.raises(aai.TranscriptError, match=f"Failed to upload audio file: {refused}"):
            transcriber.upload_file(wav(1))
        with pytest.raises(aai.AssemblyAIError, match=f"failed to retrieve transcripts: {refused}"):
            transcriber.list_transcripts()


@pytest.mark.parametrize(
    ("terms", "status", "text"),
    [
        (
            {"negative_balance": True},
            400,
            "Your current account balance is negative. Please top up to continue using the API.",
        ),
        (
            {"failing": 500},
            500,
            "Internal server error. Please retry your request. If the error persists, please contact "
            "support@assemblyai.com for more information.",
        ),
        ({"rate_limit": 1}, 429, "Too Many Requests"),
    ],
)
def test_what_an_account_is_refused_for_is_said(
    terms: dict[str, Any], status: int, text: str, transcriber: aai.Transcriber, api: Api
) -> None:
    assert transcriber.list_transcripts().transcripts == []
    assert api.control.patch("/terms", json=terms).status_code == 200
    with pytest.raises(aai.TranscriptError) as caught:
        transcriber.submit(URL)
    assert (str(caught.value), caught.value.status_code) == (f"failed to transcribe url {URL}: {text}", status)


@pytest.mark.parametrize("status", [503, 504])
def test_a_service_that_is_away_is_reported(status: int, transcriber: aai.Transcriber, api: Api) -> None:
    assert api.control.patch("/terms", json={"failing": status}).status_code == 200
    with pytest.raises(aai.TranscriptError) as caught:
        transcriber.submit(URL)
    assert caught.value.status_code == status


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (
            "download-404.mp3",
            "Download error, unable to download {url}. Please make sure the file exists and is accessible from the "
            "internet.",
        ),
        ("download-403.mp3", "Download error to {url}, 403 Client Error: Forbidden for url: {url}"),
        ("access-denied.mp3", "Download error, unable to access file at {url}"),
        (
            "web-page.html",
            "File does not appear to contain audio. File type is text/html (HTML document, ASCII text, with very long "
            "lines (56754)).",
        ),
        (
            "not-audio-transcoding.mp3",
            "Transcoding failed. File does not appear to contain audio. File type is application/octet-stream (data)",
        ),
        ("transcoding.mp3", "Transcoding failed. Please try again."),
        ("too-short.mp3", "Audio duration is too short."),
        ("too-long.mp3", "Audio duration is too long"),
        ("no-speech.mp3", "language_detection cannot be performed on files with no spoken audio."),
        (
            "low-language-confidence.mp3",
            "detected language 'bg', confidence 0.2949, is below the requested confidence threshold value of '0.4'",
        ),
        ("low-speech.mp3", "Audio speech threshold 0.9461 is below the requested speech threshold value 1.0"),
        ("server-error.mp3", "Server error, developers have been alerted"),
    ],
)
def test_why_a_job_failed_is_said(page: str, text: str, transcriber: aai.Transcriber) -> None:
    url = f"https://example.com/errors/{page}"
    transcript = transcriber.transcribe(url)
    assert (transcript.status, transcript.error) == (aai.TranscriptStatus.error, text.format(url=url))
    assert (transcript.text, transcript.words) == (None, None)


def test_a_list_that_cannot_be_made_is_refused(transcriber: aai.Transcriber) -> None:
    for params in (
        aai.ListTranscriptParameters(limit=201),
        aai.ListTranscriptParameters(created_on="yesterday"),
        aai.ListTranscriptParameters(before_id=NOBODY),
    ):
        with pytest.raises(aai.AssemblyAIError) as caught:
            transcriber.list_transcripts(params)
        assert str(caught.value) == f"failed to retrieve transcripts: {SCHEMA}"
