"""Every call of the official Python client's Transcriber, Transcript and TranscriptGroup."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import assemblyai as aai
import pytest

from tests.conformance.conftest import ORDER, Heard
from tests.conftest import AUDIO, Api, api_of

HELLO = AUDIO / "hello.wav"
INTERVIEW = str(AUDIO / "interview.mp3")
VOICEMAIL = str(AUDIO / "voicemail.m4a")
STUCK = "https://example.com/jobs/stuck-processing.mp3"
POLLS = "https://example.com/jobs/polls.mp3"
QUEUED = "https://example.com/jobs/stuck-queued.mp3"
NOBODY = "00000000-0000-4000-8000-000000000000"
LOOKUP = "Transcript lookup error, transcript id not found"
REDACTED = aai.TranscriptionConfig(
    redact_pii=True, redact_pii_policies=[aai.PIIRedactionPolicy.person_name], redact_pii_audio=True
)

Status = aai.TranscriptStatus


def named(transcript: aai.Transcript) -> str:
    assert transcript.id is not None
    return transcript.id


def group_of(made: object) -> aai.TranscriptGroup:
    """The group, where the SDK may also return its failures."""
    assert isinstance(made, aai.TranscriptGroup)
    return made


def test_uploads_from_paths_bytes_and_streams_are_heard_alike(transcriber: aai.Transcriber) -> None:
    with HELLO.open("rb") as stream:
        urls = [transcriber.upload_file(data) for data in (str(HELLO), HELLO, HELLO.read_bytes(), stream)]
        urls.append(transcriber.upload_file_async(str(HELLO)).result())
    texts = {transcriber.transcribe(url).text for url in urls}
    assert len(set(urls)) == 5
    assert texts == {"Hello and welcome. This is a short recording that was made for testing a transcription server."}


def test_a_submitted_job_is_queued_and_completes_when_waited_for(transcriber: aai.Transcriber) -> None:
    transcript = transcriber.submit(ORDER)
    assert transcript.status == Status.queued
    assert (transcript.text, transcript.words, transcript.error) == (None, None, None)
    done = transcript.wait_for_completion()
    assert done is transcript
    assert done.status == Status.completed


def test_polls_see_a_job_go_through_its_states(transcriber: aai.Transcriber, api: Api) -> None:
    transcript = transcriber.submit(POLLS)
    assert transcript.wait_for_completion_async().result().status == Status.completed
    moves = api.job(named(transcript))["transitions"]
    assert [(move["from"], move["to"]) for move in moves] == [("queued", "processing"), ("processing", "completed")]


def test_waiting_for_too_long_says_where_the_job_is(transcriber: aai.Transcriber) -> None:
    with pytest.raises(aai.TranscriptError, match="its last status was processing"):
        transcriber.transcribe(STUCK, poll_timeout=0.0)
    with pytest.raises(aai.TranscriptError, match="its last status was processing"):
        transcriber.transcribe_async(STUCK, poll_timeout=0.0).result()


def test_a_job_that_is_moved_on_while_a_client_waits_completes(transcriber: aai.Transcriber, api: Api) -> None:
    waiting = (transcript := transcriber.submit(STUCK)).wait_for_completion_async()
    assert api.control.post(f"/jobs/{transcript.id}/release").status_code == 200
    assert waiting.result().status == Status.completed


def test_the_futures_of_a_transcriber_give_what_its_calls_give(transcriber: aai.Transcriber) -> None:
    transcriber.config = aai.TranscriptionConfig(filter_profanity=True)
    assert transcriber.config.filter_profanity
    transcript = transcriber.transcribe_async(ORDER).result()
    assert transcript.text is not None
    assert "d***" in transcript.text
    found = transcriber.list_transcripts_async().result().transcripts
    assert [item.id for item in found] == [transcript.id]


def test_a_transcript_is_found_by_its_id(heard: Heard) -> None:
    transcript = heard(ORDER)
    for found in (
        aai.Transcript.get_by_id(named(transcript)),
        aai.Transcript.get_by_id_async(named(transcript)).result(),
    ):
        assert found.json_response == transcript.json_response


def test_the_fields_of_a_completed_transcript_agree(heard: Heard) -> None:
    transcript = heard(INTERVIEW)
    assert transcript.words is not None
    assert transcript.text == " ".join(word.text for word in transcript.words)
    assert transcript.confidence == pytest.approx(sum(w.confidence for w in transcript.words) / len(transcript.words))
    assert transcript.audio_duration == 123
    assert transcript.audio_url.startswith("http://127.0.0.1:")
    assert (transcript.language_code, transcript.language_codes) == ("en_us", None)
    assert (transcript.speech_model, transcript.speech_model_used) == (None, "universal-3-5-pro")
    assert (transcript.webhook_auth, transcript.webhook_status_code) == (False, None)


def test_results_that_were_not_asked_for_are_not_there(heard: Heard) -> None:
    transcript = heard(ORDER)
    assert transcript.utterances is None
    assert transcript.chapters is None
    assert transcript.summary is None
    assert transcript.entities is None
    assert transcript.sentiment_analysis is None
    assert transcript.auto_highlights is None
    assert transcript.content_safety is None
    assert transcript.iab_categories is None
    assert transcript.speech_understanding is None
    assert transcript.translated_texts is None
    assert transcript.unredacted_text is None
    assert transcript.unredacted_words is None
    assert transcript.unredacted_utterances is None


def test_sentences_and_paragraphs_are_the_text(heard: Heard) -> None:
    transcript = heard(INTERVIEW, speaker_labels=True)
    sentences, paragraphs = transcript.get_sentences(), transcript.get_paragraphs()
    assert len(sentences) > len(paragraphs) > 1
    assert " ".join(sentence.text for sentence in sentences) == transcript.text
    assert " ".join(paragraph.text for paragraph in paragraphs) == transcript.text
    assert [word for sentence in sentences for word in sentence.words] == transcript.words
    assert [word for paragraph in paragraphs for word in paragraph.words] == transcript.words
    assert {sentence.speaker for sentence in sentences} == {"A", "B"}
    assert sentences[0].confidence == sentences[0].words[0].confidence


def cues(captions: str) -> list[str]:
    return [block.split("-->")[1].split("\n", 1)[1] for block in captions.strip().split("\n\n") if "-->" in block]


def test_captions_are_the_text_in_lines_of_the_length_asked_for(heard: Heard) -> None:
    transcript = heard(INTERVIEW)
    for export in (transcript.export_subtitles_srt, transcript.export_subtitles_vtt):
        assert " ".join(cues(export())) == transcript.text
        short = cues(export(chars_per_caption=32))
        assert " ".join(short) == transcript.text
        assert max(map(len, short)) <= 32
        assert len(short) > len(cues(export(chars_per_caption=60)))


def test_captions_are_srt_and_vtt(heard: Heard) -> None:
    transcript = heard(str(HELLO))
    clock = r"00:00:0\d,\d{3} --> 00:00:0\d,\d{3}"
    assert re.match(rf"1\n{clock}\nHello and welcome\. .+\n\n2\n{clock}\n", transcript.export_subtitles_srt(40))
    assert re.match(r"WEBVTT\n\n00:0\d\.\d{3} --> 00:0\d\.\d{3}\nHello", transcript.export_subtitles_vtt())


def test_words_and_phrases_are_found_where_they_are(heard: Heard) -> None:
    transcript = heard(INTERVIEW)
    assert transcript.words is not None
    matches = {match.text: match for match in transcript.word_search(["tree", "Helen Brandt", "elephant"])}
    assert matches["tree"].count == len(matches["tree"].indexes) == len(matches["tree"].timestamps) > 3
    for place, (start, end) in zip(matches["tree"].indexes, matches["tree"].timestamps, strict=True):
        word = transcript.words[place]
        assert word.text.strip(".,").lower() == "tree"
        assert (word.start, word.end) == (start, end)
    assert matches["helen brandt"].count == 2
    assert "elephant" not in matches or matches["elephant"].count == 0


def test_a_deleted_transcript_is_scrubbed_and_stays_so(heard: Heard) -> None:
    for delete in (aai.Transcript.delete_by_id, lambda key: aai.Transcript.delete_by_id_async(key).result()):
        transcript = heard(str(HELLO))
        deleted = delete(named(transcript))
        assert (deleted.id, deleted.status, deleted.text) == (transcript.id, Status.completed, "Deleted by user.")
        assert deleted.audio_url == "http://deleted_by_user"
        assert (deleted.words, deleted.utterances, deleted.confidence) == (None, None, None)
        assert deleted.audio_duration == transcript.audio_duration
        assert aai.Transcript.get_by_id(named(transcript)).json_response == deleted.json_response
        assert delete(named(transcript)).json_response == deleted.json_response


def test_redacted_audio_is_saved(transcriber: aai.Transcriber, tmp_path: Path) -> None:
    transcript = transcriber.transcribe(VOICEMAIL, REDACTED)
    transcript.save_redacted_audio(str(tmp_path / "redacted.mp3"))
    transcript.wait_for_completion()
    saved = (tmp_path / "redacted.mp3").read_bytes()
    assert len(saved) > 10_000
    assert saved[:3] == b"ID3" or saved[0] == 0xFF
    again = transcriber.transcribe(str(tmp_path / "redacted.mp3"))
    assert again.audio_duration == pytest.approx(transcript.audio_duration, abs=1)


def test_redacted_audio_is_waited_for(transcriber: aai.Transcriber, client: aai.Client) -> None:
    client.http_client.headers["X-Mock-Progress"] = "polls"
    transcript = transcriber.submit(VOICEMAIL, REDACTED)
    assert transcript.get_redacted_audio_url().startswith("http://127.0.0.1:")
    assert transcript.wait_for_completion().status == Status.completed


def test_redacted_audio_expires_after_a_day_and_its_link_before(transcriber: aai.Transcriber, api: Api) -> None:
    transcript = transcriber.transcribe(VOICEMAIL, REDACTED)
    transcript.get_redacted_audio_url()
    api.advance(31 * 60)
    with pytest.raises(aai.types.RedactedAudioUnavailableError, match="failed with status code 403"):
        transcript.save_redacted_audio("/dev/null")
    api.advance(24 * 3600)
    later = aai.Transcript.get_by_id(named(transcript))
    with pytest.raises(aai.types.RedactedAudioExpiredError, match="is no longer available"):
        later.get_redacted_audio_url()


def test_every_page_of_the_list_is_reached_as_documented(transcriber: aai.Transcriber) -> None:
    made = [named(transcriber.submit(ORDER)) for _ in range(7)]
    params = aai.ListTranscriptParameters(limit=3)
    page = transcriber.list_transcripts(params)
    pages = [page]
    while page.page_details.before_id_of_prev_url is not None:
        params.before_id = page.page_details.before_id_of_prev_url
        page = transcriber.list_transcripts(params)
        pages.append(page)
    assert [item.id for page in pages for item in page.transcripts] == made[::-1]
    assert [page.page_details.result_count for page in pages] == [3, 3, 1]
    assert {page.page_details.limit for page in pages} == {3}


def test_the_list_goes_back_to_newer_transcripts(transcriber: aai.Transcriber) -> None:
    made = [named(transcriber.submit(ORDER)) for _ in range(4)]

    def listed(**params: Any) -> list[str]:
        found = transcriber.list_transcripts(aai.ListTranscriptParameters(**params))
        return [item.id for item in found.transcripts]

    assert listed(after_id=made[1]) == [made[3], made[2]]
    assert listed(before_id=made[1]) == [made[0]]
    assert listed(after_id=made[3]) == []


def test_the_list_is_filtered_by_status_and_day(transcriber: aai.Transcriber, api: Api) -> None:
    api.freeze()
    failed = transcriber.transcribe("https://example.com/errors/download-404.mp3")
    api.advance(2 * 24 * 3600)
    done, stuck = transcriber.transcribe(ORDER), transcriber.submit(STUCK)

    def listed(**params: Any) -> list[aai.TranscriptItem]:
        return transcriber.list_transcripts(aai.ListTranscriptParameters(**params)).transcripts

    assert [item.id for item in listed(status=Status.completed)] == [done.id]
    assert [item.id for item in listed(status=Status.processing)] == [stuck.id]
    (item,) = listed(status="error")
    assert (item.id, item.error, item.completed) == (failed.id, failed.error, None)
    assert [item.id for item in listed(created_on=item.created[:10])] == [failed.id]
    (item,) = listed(status=Status.completed)
    assert item.completed is not None
    assert item.created <= item.completed
    assert [item.id for item in listed(created_on=item.created[:10])] == [stuck.id, done.id]
    assert item.resource_url == f"{api.url}/v2/transcript/{done.id}"
    assert item.audio_url == ORDER


def test_the_list_shows_only_throttled_jobs_if_asked_to(transcriber: aai.Transcriber, api: Api) -> None:
    assert api.control.patch("/terms", json={"concurrency": 1}).status_code == 200
    transcriber.submit(STUCK)
    waiting = [named(transcriber.submit(STUCK)) for _ in range(2)]
    params = aai.ListTranscriptParameters(throttled_only=True, status=Status.completed)
    with pytest.warns(DeprecationWarning, match="throttled_only"):
        assert params.throttled_only
    assert [item.id for item in transcriber.list_transcripts(params).transcripts] == waiting[::-1]


def test_a_group_is_transcribed_together(transcriber: aai.Transcriber) -> None:
    group = group_of(transcriber.transcribe_group([ORDER, str(HELLO), POLLS]))
    assert group.status == Status.completed
    assert len(group.transcripts) == 3
    assert {transcript.audio_url for transcript in group} >= {ORDER, POLLS}
    assert all(transcript.text for transcript in group)
    later = group_of(transcriber.transcribe_group_async([ORDER]).result())
    assert later.status == Status.completed


def test_a_group_is_as_far_as_its_slowest_transcript(transcriber: aai.Transcriber) -> None:
    group = group_of(transcriber.submit_group([ORDER]))
    assert group.status == Status.queued
    done = group_of(group.wait_for_completion())
    assert done is group
    assert done.status == Status.completed
    assert aai.TranscriptGroup([]).add_transcript(transcriber.submit(QUEUED)).status == Status.queued
    with pytest.raises(aai.TranscriptError):
        (stuck := transcriber.submit(STUCK)).wait_for_completion(poll_timeout=0.0)
    assert aai.TranscriptGroup().add_transcript(stuck).status == Status.processing
    failed = transcriber.transcribe("https://example.com/errors/transcoding.mp3")
    assert done.add_transcript(transcriber.submit(QUEUED)).add_transcript(failed).status == Status.error


def test_a_group_is_found_by_ids(transcriber: aai.Transcriber) -> None:
    ids = [named(transcriber.submit(ORDER)) for _ in range(2)]
    for group in (aai.TranscriptGroup.get_by_ids(ids), aai.TranscriptGroup.get_by_ids_async(ids).result()):
        assert {transcript.id for transcript in group_of(group)} == set(ids)
        assert group_of(group).status == Status.completed
    grown = aai.TranscriptGroup(ids[:1]).add_transcript(ids[1])
    assert group_of(grown.wait_for_completion_async().result()).status == Status.completed


def test_the_failures_of_a_group_are_given_with_it(transcriber: aai.Transcriber, api: Api) -> None:
    foreign = api_of(api.url).upload(HELLO.read_bytes())
    for call in (transcriber.transcribe_group, transcriber.submit_group):
        made = call([ORDER, foreign], return_failures=True)
        assert isinstance(made, tuple)
        group, failures = made
        assert [transcript.audio_url for transcript in group] == [ORDER]
        assert [str(failure) for failure in failures] == [
            f"failed to transcribe url {foreign}: Cannot access uploaded file"
        ]
    waited = aai.TranscriptGroup([NOBODY]).wait_for_completion(return_failures=True)
    assert isinstance(waited, tuple)
    assert [str(failure) for failure in waited[1]] == [f"failed to retrieve transcript {NOBODY}: {LOOKUP}"]
