"""Deleting transcripts, and what becomes of them by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api, api_of

URL = "https://example.com/a.mp3"
DAY = 24 * 3600


def delete(api: Api, job: str) -> dict[str, Any]:
    reply = api.http.delete(f"/v2/transcript/{job}")
    assert reply.status_code == 200, reply.text
    view: dict[str, Any] = reply.json()
    return view


def row(api: Api, job: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = api.http.get("/v2/transcript").json()["transcripts"]
    return next(item for item in found if item["id"] == job)


def test_a_deleted_transcript_is_scrubbed_and_stays_in_the_list(api: Api) -> None:
    job = api.submit(URL, speaker_labels=True, webhook_url="http://127.0.0.1:1/")
    before = api.get(job)
    deleted = delete(api, job)
    assert deleted["id"] == job
    assert deleted["status"] == "completed"
    assert deleted["text"] == "Deleted by user."
    assert deleted["audio_url"] == deleted["webhook_url"] == "http://deleted_by_user"
    assert deleted["audio_duration"] == before["audio_duration"]
    assert deleted["language_model"] == deleted["acoustic_model"] == "assemblyai_default"
    off = ("webhook_auth", "auto_highlights", "redact_pii", "auto_chapters", "summarization", "sentiment_analysis",
           "entity_detection", "multichannel")  # fmt: skip
    assert {deleted[name] for name in off} == {False}
    gone = ("words", "utterances", "confidence", "language_code", "punctuate", "format_text", "content_safety_labels",
            "iab_categories_result", "error", "speaker_count", "cluster_id")  # fmt: skip
    assert {deleted[name] for name in gone} == {None}
    assert before["text"] not in str(deleted)
    assert api.get(job) == deleted
    assert delete(api, job) == deleted
    assert row(api, job)["audio_url"] == "deleted_by_user"
    assert row(api, job)["status"] == "completed"


def test_exports_of_a_deleted_transcript_are_refused(api: Api) -> None:
    job = api.submit(URL)
    delete(api, job)
    for export in ("sentences", "paragraphs", "srt", "vtt", "word-search?words=a"):
        reply = api.http.get(f"/v2/transcript/{job}/{export}")
        assert (reply.status_code, list(reply.json())) == (400, ["error"])


def test_the_audio_goes_with_the_last_transcript_of_it(tmp_path: Path) -> None:
    def audio() -> int:
        return sum(path.is_file() for path in (tmp_path / "uploads").iterdir())

    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url)
        url = api.upload((AUDIO / "hello.wav").read_bytes())
        first, second = api.submit(url), api.submit(url)
        assert api.get(first)["text"]
        delete(api, first)
        assert audio() == 1
        assert api.get(second)["text"]
        delete(api, second)
        assert audio() == 0


@pytest.mark.parametrize("state", ["queued", "processing"])
def test_an_unfinished_transcript_is_not_deleted(api: Api, state: str) -> None:
    url = f"https://example.com/jobs/stuck-{state}.mp3"
    job = api.submit(url)
    assert api.get(job)["status"] == state
    reply = api.http.delete(f"/v2/transcript/{job}")
    assert reply.status_code == 400
    assert f"'{state}'" in reply.json()["error"]
    assert api.get(job)["status"] == state


def test_the_transcript_of_another_project_is_not_there(server: MockServer, api: Api) -> None:
    job = api.submit(URL)
    other = api_of(server.url)
    for path in ("", "/sentences", "/srt", "/redacted-audio", "/word-search?words=a"):
        reply = other.http.get(f"/v2/transcript/{job}{path}")
        assert (reply.status_code, reply.json()) == (400, {"error": "Transcript lookup error, transcript id not found"})
    assert other.http.delete(f"/v2/transcript/{job}").status_code == 400
    assert api.get(job)["status"] == "completed"


def test_a_transcript_is_deleted_after_30_days_and_leaves_the_list_after_90(api: Api) -> None:
    job = api.submit(URL)
    text = api.get(job)["text"]
    api.advance(30 * DAY - 10)
    assert api.get(job)["text"] == text
    assert row(api, job)["audio_url"] == URL
    api.advance(11)
    assert row(api, job)["audio_url"] == "deleted_by_user"
    assert api.get(job)["text"] == "Deleted by user."
    assert row(api, job)["audio_url"] == "deleted_by_user"
    api.advance(60 * DAY)
    assert api.http.get("/v2/transcript").json()["transcripts"] == []


def test_a_quirk_keeps_everything() -> None:
    with MockServer(quirks=["keep_forever"]) as mock:
        api = api_of(mock.url)
        job = api.submit(URL)
        text = api.get(job)["text"]
        api.advance(1000 * DAY)
        assert api.get(job)["text"] == text
        assert row(api, job)


def test_a_quirk_spells_the_deleted_url_as_it_was() -> None:
    with MockServer(quirks=["deleted_url_with_scheme"]) as mock:
        api = api_of(mock.url)
        job = api.submit(URL)
        delete(api, job)
        assert row(api, job)["audio_url"] == "http://deleted_by_user"


def test_deletions_survive_a_restart(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url, "k")
        kept, gone = api.submit(URL), api.submit("https://example.com/b.mp3")
        text = api.get(kept)["text"]
        deleted = delete(api, gone)
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url, "k")
        assert api.get(gone) == deleted
        assert api.get(kept)["text"] == text
        assert api.transcribe("https://example.com/b.mp3")["text"] != "Deleted by user."
