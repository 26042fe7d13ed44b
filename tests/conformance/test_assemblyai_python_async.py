"""Every call of the official Python client's asyncio half."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import assemblyai as aai
import pytest

from tests.conformance.conftest import ORDER
from tests.conftest import AUDIO, Api, api_of

HELLO = AUDIO / "hello.wav"
SAID = "Hello and welcome. This is a short recording that was made for testing a transcription server."
STUCK = "https://example.com/jobs/stuck-processing.mp3"
POLLS = "https://example.com/jobs/polls.mp3"
NOBODY = "00000000-0000-4000-8000-000000000000"
LOOKUP = "Transcript lookup error, transcript id not found"
REDACTED = aai.TranscriptionConfig(
    redact_pii=True, redact_pii_policies=[aai.PIIRedactionPolicy.person_name], redact_pii_audio=True
)

T = TypeVar("T")
Run = Callable[[Callable[[aai.AsyncTranscriber], Awaitable[T]]], T]
Status = aai.TranscriptStatus

pytestmark = pytest.mark.usefixtures("client")


def run(work: Callable[[aai.AsyncTranscriber], Awaitable[T]]) -> T:
    async def inside() -> T:
        async with aai.AsyncTranscriber() as transcriber:
            return await work(transcriber)

    return asyncio.run(inside())


def transcripts_of(made: object) -> list[aai.AsyncTranscript]:
    assert isinstance(made, list)
    return made


def test_every_kind_of_audio_is_uploaded() -> None:
    async def work(transcriber: aai.AsyncTranscriber) -> set[str | None]:
        sources = (str(HELLO), HELLO, HELLO.read_bytes(), io.BytesIO(HELLO.read_bytes()))
        urls = [await transcriber.upload_file(source) for source in sources]
        return {(await transcriber.transcribe(url)).text for url in urls}

    assert run(work) == {SAID}


def test_a_submitted_job_is_queued_and_completes_when_waited_for() -> None:
    async def work(transcriber: aai.AsyncTranscriber) -> None:
        transcript = await transcriber.submit(POLLS)
        assert transcript.status == Status.queued
        assert transcript.id is not None
        assert (await transcript.wait_for_completion()).status == Status.completed
        assert (await transcriber.get_by_id(transcript.id)).json_response == transcript.json_response

    run(work)


def test_waiting_for_too_long_says_where_the_job_is() -> None:
    with pytest.raises(aai.TranscriptError, match="its last status was processing"):
        run(lambda transcriber: transcriber.transcribe(STUCK, poll_timeout=0.0))


def test_options_are_obeyed() -> None:
    async def work(transcriber: aai.AsyncTranscriber) -> aai.AsyncTranscript:
        transcriber.config = aai.TranscriptionConfig(speaker_labels=True, filter_profanity=True)
        assert transcriber.client.settings.polling_interval == 0.01
        return await transcriber.transcribe(ORDER)

    transcript = run(work)
    assert transcript.text is not None
    assert "My d*** supplier" in transcript.text
    assert transcript.utterances is not None
    assert [utterance.speaker for utterance in transcript.utterances] == ["A", "B", "A", "B"]
    assert transcript.config.speaker_labels


def test_exports_are_the_text() -> None:
    async def work(transcriber: aai.AsyncTranscriber) -> None:
        transcript = await transcriber.transcribe(str(HELLO))
        assert " ".join(sentence.text for sentence in await transcript.get_sentences()) == SAID
        assert " ".join(paragraph.text for paragraph in await transcript.get_paragraphs()) == SAID
        srt = await transcript.export_subtitles_srt(chars_per_caption=20)
        vtt = await transcript.export_subtitles_vtt(chars_per_caption=20)
        for captions in (srt, vtt):
            lines = [line for line in captions.splitlines() if line[:1].isalpha() and line != "WEBVTT"]
            assert " ".join(lines) == SAID
            assert max(map(len, lines)) <= 20
        (match,) = await transcript.word_search(["recording"])
        assert (match.text, match.count) == ("recording", 1)

    run(work)


def test_redacted_audio_is_waited_for_and_saved(tmp_path: Path) -> None:
    async def work(transcriber: aai.AsyncTranscriber) -> None:
        transcriber.client.http_client.headers["X-Mock-Progress"] = "polls"
        transcript = await transcriber.submit(str(AUDIO / "voicemail.m4a"), REDACTED)
        assert ".mp3?" in await transcript.get_redacted_audio_url()
        await transcript.save_redacted_audio(str(tmp_path / "redacted.mp3"))

    run(work)
    assert (tmp_path / "redacted.mp3").stat().st_size > 10_000


def test_a_deleted_transcript_is_scrubbed() -> None:
    async def work(transcriber: aai.AsyncTranscriber) -> aai.AsyncTranscript:
        transcript = await transcriber.transcribe(ORDER)
        assert transcript.id is not None
        return await transcriber.delete_by_id(transcript.id)

    deleted = run(work)
    assert (deleted.text, deleted.words, deleted.audio_url) == ("Deleted by user.", None, "http://deleted_by_user")


def test_a_group_comes_back_in_order() -> None:
    async def work(transcriber: aai.AsyncTranscriber) -> tuple[list[aai.AsyncTranscript], list[aai.AsyncTranscript]]:
        submitted = await transcriber.submit_group([ORDER, STUCK], max_concurrency=1)
        return transcripts_of(submitted), transcripts_of(await transcriber.transcribe_group([ORDER, str(HELLO)]))

    submitted, transcribed = run(work)
    assert [transcript.audio_url for transcript in submitted] == [ORDER, STUCK]
    assert [transcript.status for transcript in transcribed] == [Status.completed] * 2
    assert transcribed[1].text == SAID


def test_the_failures_of_a_group_are_given_with_it(api: Api) -> None:
    foreign = api_of(api.url).upload(HELLO.read_bytes())
    made = run(lambda transcriber: transcriber.transcribe_group([ORDER, foreign], return_failures=True))
    assert isinstance(made, tuple)
    transcripts, failures = made
    assert [transcript.audio_url for transcript in transcripts] == [ORDER]
    assert [str(failure) for failure in failures] == [
        f"failed to transcribe url {foreign}: Cannot access uploaded file"
    ]


def test_every_page_of_the_list_is_reached_as_documented() -> None:
    async def work(transcriber: aai.AsyncTranscriber) -> tuple[list[str | None], list[str]]:
        made = [(await transcriber.submit(ORDER)).id for _ in range(5)]
        params = aai.ListTranscriptParameters(limit=2)
        page = await transcriber.list_transcripts(params)
        found = [item.id for item in page.transcripts]
        while page.page_details.before_id_of_prev_url is not None:
            params.before_id = page.page_details.before_id_of_prev_url
            page = await transcriber.list_transcripts(params)
            found += [item.id for item in page.transcripts]
        return made, found

    made, found = run(work)
    assert found == made[::-1]


def test_errors_reach_the_caller() -> None:
    async def work(transcriber: aai.AsyncTranscriber) -> None:
        for message, call in (
            ("failed to retrieve transcript", transcriber.get_by_id),
            ("failed to delete transcript", transcriber.delete_by_id),
        ):
            with pytest.raises(aai.TranscriptError) as caught:
                await call(NOBODY)
            assert str(caught.value) == f"{message} {NOBODY}: {LOOKUP}"
        with pytest.raises(aai.TranscriptError, match="Reason: Upload failed, please try again"):
            await transcriber.upload_file(b"")

    run(work)


def test_a_client_is_closed_by_whom_it_belongs_to() -> None:
    async def work() -> None:
        client = aai.AsyncClient(settings=aai.settings)
        shared = aai.AsyncTranscriber(client=client)
        await shared.aclose()
        assert not client.http_client.is_closed
        own = aai.AsyncTranscriber(client=client, api_key="invalid-key")
        with pytest.raises(aai.AssemblyAIError, match="Authentication error, API token missing/invalid"):
            await own.list_transcripts()
        await own.aclose()
        assert own.client.http_client.is_closed
        await client.aclose()

    asyncio.run(work())
