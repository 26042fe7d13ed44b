"""Transcripts over HTTP: each format is read by what reads such files, and long ones are no different."""

from __future__ import annotations

import io
import re
import sqlite3
import threading
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from docx import Document

from mockserver.apis.jobs import formats
from mockserver.apis.jobs.word_document import docx
from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api
from tests.jobs.calls import URL, again, sent, serving, statuses, submitted, transcript
from tests.jobs.conftest import jobs_of

TYPES = {
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
MAKERS = {"json": formats.json, "txt": formats.txt, "srt": formats.srt, "vtt": formats.vtt, "docx": docx}
ATTACHED = ("srt", "vtt", "docx")
LONG = "https://example.com/long.mp3"
TEN_HOURS = "https://example.com/ten-hours.mp3"
_TIME = re.compile(r"(?:(\d\d):)?(\d\d):(\d\d)[,.](\d{3})")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def mock(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    folder = tmp_path_factory.mktemp("fixtures")
    for name, url, seconds in (("long", LONG, 3600), ("longer", TEN_HOURS, 36_000)):
        (folder / f"{name}.yaml").write_text(
            f"match: {{audio_url: {url}}}\nduration: {seconds}\noutcome: {{progress: instant}}\n"
        )
    with MockServer(fixtures=[folder], data=data) as made:
        yield made


@pytest.fixture
def api(mock: MockServer) -> Api:
    return jobs_of(mock.url)


def hello(api: Api, **fields: str) -> str:
    return sent(api, (AUDIO / "interview.mp3").read_bytes(), "interview.mp3", **fields)


def heard(api: Api, job: str) -> dict[str, Any]:
    reply = transcript(api, job)
    assert reply.status_code == 200, reply.text
    view: dict[str, Any] = reply.json()
    return view


def milliseconds(text: str) -> int:
    match = _TIME.fullmatch(text)
    assert match is not None, text
    hours, minutes, seconds, rest = (int(part or 0) for part in match.groups())
    return round(
        timedelta(hours=hours, minutes=minutes, seconds=seconds, milliseconds=rest) / timedelta(milliseconds=1)
    )


def captions(text: str, *, numbered: bool) -> list[tuple[int, int, str]]:
    """Return the captions of an SRT file, or of a WebVTT file."""
    blocks = text.strip().split("\n\n")
    if not numbered:
        assert blocks.pop(0) == "WEBVTT"
    found = []
    for place, block in enumerate(blocks, 1):
        lines = block.split("\n")
        if numbered:
            assert lines.pop(0) == str(place)
        start, end = map(milliseconds, lines[0].split(" --> "))
        found.append((start, end, " ".join(lines[1:])))
    return found


def check_captions(found: list[tuple[int, int, str]], view: dict[str, Any]) -> None:
    words = [word["text"] for segment in view["segments"] for word in segment["words"]]
    assert [word for _, _, text in found for word in text.split()] == words
    assert all(start <= end for start, end, _ in found)
    assert [start for start, _, _ in found] == sorted(start for start, _, _ in found)
    assert found[0][0] == round(view["segments"][0]["start"] * 1000)
    starts = {start for start, _, _ in found}
    assert {round(segment["start"] * 1000) for segment in view["segments"]} <= starts


def paragraphs_of(content: bytes) -> list[str]:
    return [paragraph.text for paragraph in Document(io.BytesIO(content)).paragraphs]


def turns_of(view: dict[str, Any]) -> list[tuple[str | None, str]]:
    turns: list[tuple[str | None, str]] = []
    for segment in view["segments"]:
        if turns and turns[-1][0] == segment["speaker"]:
            turns[-1] = (turns[-1][0], f"{turns[-1][1]} {segment['text']}")
        else:
            turns.append((segment["speaker"], segment["text"]))
    return turns


@pytest.mark.parametrize("form", list(TYPES))
def test_each_format_is_what_it_says_it_is(api: Api, form: str) -> None:
    job = hello(api)
    reply = transcript(api, job, form)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == TYPES[form]
    attached = f'attachment; filename="{job}.{form}"' if form in ATTACHED else None
    assert reply.headers.get("content-disposition") == attached
    assert int(reply.headers["content-length"]) == len(reply.content) > 0
    second = transcript(api, job, form)
    assert (second.content, second.headers["content-type"]) == (reply.content, TYPES[form])
    head = api.http.head(f"/jobs/{job}/transcript", params={"format": form})
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "content-disposition"):
        assert head.headers.get(name) == reply.headers.get(name)


def test_json_has_speakers_segments_and_words(api: Api) -> None:
    job = hello(api)
    view = heard(api, job)
    assert set(view) == {"job_id", "language", "duration_seconds", "engine", "speakers", "segments"}
    assert (view["job_id"], view["language"], view["engine"]) == (job, "en", "assemblyai_universal_3")
    assert view["duration_seconds"] == api.http.get(f"/jobs/{job}").json()["duration_seconds"]
    assert type(view["duration_seconds"]) is int
    assert view["speakers"] == [{"id": f"speaker_{number}"} for number in range(len(view["speakers"]))]
    assert len(view["speakers"]) >= 2
    assert view["segments"][0]["speaker"] == "speaker_0"
    assert {segment["speaker"] for segment in view["segments"]} == {speaker["id"] for speaker in view["speakers"]}
    for segment in view["segments"]:
        assert set(segment) == {"speaker", "start", "end", "text", "confidence", "words"}
        assert segment["text"] == " ".join(word["text"] for word in segment["words"])
        words = segment["words"]
        assert (segment["start"], segment["end"]) == (words[0]["start"], words[-1]["end"])
        assert all(segment["start"] <= word["start"] <= word["end"] <= segment["end"] for word in words)
        assert segment["end"] <= view["duration_seconds"]
        assert segment["confidence"] == pytest.approx(sum(word["confidence"] for word in words) / len(words), abs=1e-3)


def test_every_format_says_the_same(api: Api) -> None:
    job = hello(api)
    view = heard(api, job)
    turns = turns_of(view)
    assert transcript(api, job, "txt").text == "\n\n".join(text for _, text in turns)
    check_captions(captions(transcript(api, job, "srt").text, numbered=True), view)
    check_captions(captions(transcript(api, job, "vtt").text, numbered=False), view)
    title, facts, *said = paragraphs_of(transcript(api, job, "docx").content)
    assert title == "interview.mp3"
    assert "assemblyai_universal_3" in facts
    assert [re.sub(r"\[[\d:]+\] ", "", paragraph, count=1) for paragraph in said] == [
        f"{speaker} {text}" for speaker, text in turns
    ]


def test_left_and_right_are_the_speakers_of_a_stereo_file(api: Api) -> None:
    job = sent(api, (AUDIO / "stereo-call.wav").read_bytes(), "stereo-call.wav")
    view = heard(api, job)
    assert view["speakers"] == [{"id": "speaker_0"}, {"id": "speaker_1"}]
    assert {segment["speaker"] for segment in view["segments"]} == {"speaker_0", "speaker_1"}
    assert {segment["confidence"] for segment in view["segments"]} == {1.0}
    assert b'"confidence":1.0' in transcript(api, job).content
    assert [segment["start"] for segment in view["segments"]] == sorted(s["start"] for s in view["segments"])
    theirs = api.http.post(
        "/v2/upload", content=(AUDIO / "stereo-call.wav").read_bytes(), headers={"Authorization": api.key}
    ).json()["upload_url"]
    body = {"audio_url": theirs, "multichannel": True}
    other = api.http.post("/v2/transcript", json=body, headers={"Authorization": api.key}).json()["id"]
    spoken = api.http.get(f"/v2/transcript/{other}", headers={"Authorization": api.key}).json()["utterances"]
    by_channel = {channel: {u["text"] for u in spoken if u["channel"] == channel} for channel in ("1", "2")}
    for segment in view["segments"]:
        channel = "1" if segment["speaker"] == "speaker_0" else "2"
        assert any(segment["text"] in text for text in by_channel[channel]), segment["text"]


@pytest.mark.parametrize("name", ["interview.mp3", "stereo-call.wav"])
def test_nobody_is_told_apart_where_that_is_not_wanted(api: Api, name: str) -> None:
    job = sent(api, (AUDIO / name).read_bytes(), name, diarize="false")
    view = heard(api, job)
    assert view["speakers"] == []
    assert {segment["speaker"] for segment in view["segments"]} == {None}
    assert "\n\n" not in transcript(api, job, "txt").text
    assert "speaker_" not in "".join(paragraphs_of(transcript(api, job, "docx").content))
    check_captions(captions(transcript(api, job, "srt").text, numbered=True), view)


@pytest.fixture(scope="module")
def long_job(mock: MockServer) -> Iterator[tuple[Api, str]]:
    api = Api(mock.url, "long")
    again(api)
    yield api, submitted(api, source_url=LONG)
    api.close()


@pytest.mark.parametrize("form", list(TYPES))
def test_a_long_transcript_is_what_a_pure_call_gives(long_job: tuple[Api, str], data: Path, form: str) -> None:
    api, job = long_job
    assert statuses(api, job) == ["completed"]
    with sqlite3.connect(f"file:{data / 'mockserver.sqlite'}?mode=ro", uri=True) as stored:
        stored.row_factory = sqlite3.Row
        row = stored.execute("SELECT * FROM jobs WHERE id = ?", (job,)).fetchone()
        body = stored.execute("SELECT body FROM transcripts WHERE key = ?", (row["transcript"],)).fetchone()["body"]
    stored.close()
    assert len(body) > 128 * 1024
    reply = transcript(api, job, form)
    assert reply.content == MAKERS[form](row, body, frozenset())
    assert reply.headers["content-type"] == TYPES[form]
    assert reply.headers.get("content-disposition") == (
        f'attachment; filename="{job}.{form}"' if form in ATTACHED else None
    )
    assert transcript(api, job, form).content == reply.content
    head = api.http.head(f"/jobs/{job}/transcript", params={"format": form})
    assert head.headers["content-length"] == str(len(reply.content))


def test_a_long_transcript_is_gone_when_it_is_deleted(api: Api, data: Path) -> None:
    job = submitted(api, source_url=LONG)
    for form in TYPES:
        assert transcript(api, job, form).status_code == 200
    before = len(list((data / "views").iterdir())) if (data / "views").is_dir() else 0
    assert api.http.delete(f"/jobs/{job}/transcript").status_code == 204
    for form in TYPES:
        assert transcript(api, job, form).json()["error"] == "transcript_not_found"
    if before:
        assert len(list((data / "views").iterdir())) < before


def test_ten_hours_hold_nobody_up(mock: MockServer, api: Api) -> None:
    job = submitted(api, source_url=TEN_HOURS)
    assert api.job(job)["status"] == "completed"
    replies: dict[str, httpx.Response] = {}

    def ask(form: str) -> None:
        headers = dict(api.http.headers)
        url = f"{mock.url}/jobs/{job}/transcript?format={form}"
        replies[form] = httpx.get(url, headers=headers, timeout=120)

    threads = [threading.Thread(target=ask, args=[form]) for form in TYPES]
    for thread in threads:
        thread.start()
    slowest = timedelta()
    asked = 0
    while any(thread.is_alive() for thread in threads):
        slowest = max(slowest, api.http.get("/jobs", params={"limit": 1}).elapsed)
        asked += 1
    for thread in threads:
        thread.join()
    assert {form: reply.status_code for form, reply in replies.items()} == dict.fromkeys(TYPES, 200)
    assert asked > 10
    assert slowest < timedelta(seconds=2)
    view = replies["json"].json()
    assert view["duration_seconds"] == 36_000
    words = [word["text"] for segment in view["segments"] for word in segment["words"]]
    assert replies["txt"].text.split() == words
    assert len(paragraphs_of(replies["docx"].content)) == 2 + len(turns_of(view))


@pytest.mark.parametrize("form", list(TYPES))
def test_the_journal_has_what_was_sent(api: Api, form: str) -> None:
    job = hello(api)
    replies = [transcript(api, job, form) for _ in range(2)]
    entries = api.control.get("/journal", params={"limit": 2, "bodies": True}).json()["requests"][::-1]
    for reply, entry in zip(replies, entries, strict=True):
        assert (entry["request_id"], entry["status"]) == (reply.headers["x-request-id"], 200)
        assert (entry["path"], entry["job"]) == (f"/jobs/{job}/transcript", job)
        assert entry["size"] == len(reply.content)
        assert len(orjson.dumps(entry)) < 200_000
    bodies = [entry["response_body"] for entry in entries]
    assert bodies[0] == bodies[1]
    if form == "docx":
        assert b64decode(bodies[0]["base64"])[:4] == b"PK\x03\x04"
    else:
        assert bodies[0]["text"]
        assert replies[0].text.startswith(bodies[0]["text"])
    archived = api.control.get("/journal/har").json()["log"]["entries"]
    assert archived[-1]["response"]["content"]["mimeType"] == TYPES[form]


def test_the_engine_is_named_after_a_fallback(jobs: Api) -> None:
    job = submitted(jobs, headers={"X-Mock-Fault": "transient_error"})
    assert jobs.http.get(f"/jobs/{job}").json()["engine"] == "whisper_large_v3"
    assert heard(jobs, job)["engine"] == "whisper_large_v3"
    assert "whisper_large_v3" in "".join(paragraphs_of(transcript(jobs, job, "docx").content))
    usual = submitted(jobs)
    assert heard(jobs, usual)["engine"] == jobs.http.get(f"/jobs/{usual}").json()["engine"] == "assemblyai_universal_3"
    assert heard(jobs, usual)["segments"] == heard(jobs, job)["segments"]


def test_a_url_can_ask_for_the_fallback(jobs: Api) -> None:
    job = submitted(jobs, source_url=f"{URL}?mock-fault=transient_error")
    assert heard(jobs, job)["engine"] == "whisper_large_v3"


def test_a_rule_can_ask_for_the_fallback(jobs: Api) -> None:
    assert jobs.control.post("/faults", json={"fallback_job": True, "times": 1}).status_code in (200, 201)
    first, second = submitted(jobs), submitted(jobs)
    assert heard(jobs, first)["engine"] == "whisper_large_v3"
    assert heard(jobs, second)["engine"] == "assemblyai_universal_3"


def test_a_key_can_ask_for_the_fallback_of_every_job(server: MockServer) -> None:
    api = jobs_of(server.url, "tsk_live_fallback+transient_error")
    first, second = submitted(api), submitted(api)
    assert [heard(api, job)["engine"] for job in (first, second)] == ["whisper_large_v3"] * 2
    assert api.http.get("/jobs").status_code == 200


@pytest.mark.parametrize(
    ("quirks", "usual", "fallen"),
    [
        (["whisper_fallback_label"], "assemblyai_universal_3", "whisper_fallback"),
        (["whisper_only"], "whisper_large_v3", None),
        (["whisper_only", "whisper_fallback_label"], "whisper_large_v3", None),
    ],
)
def test_the_engine_has_the_name_that_quirks_give_it(quirks: list[str], usual: str, fallen: str | None) -> None:
    with serving(quirks=quirks) as api:
        assert heard(api, submitted(api))["engine"] == usual
        job = submitted(api, headers={"X-Mock-Fault": "transient_error"})
        view = api.http.get(f"/jobs/{job}").json()
        assert view["engine"] == fallen
        if fallen is None:
            assert (view["status"], view["error"]["error"]) == ("failed", "transient_error")
        else:
            assert heard(api, job)["engine"] == fallen


def test_no_quota_is_no_reason_to_fall_back(jobs: Api) -> None:
    for fault in ("quota_exceeded", '{"error": "quota_exceeded", "fallback_job": true}'):
        reply = jobs.http.post("/jobs", json={"source_url": URL}, headers={"X-Mock-Fault": fault})
        assert reply.status_code in (400, 402), reply.text
        if reply.status_code == 402:
            assert reply.json()["error"] == "quota_exceeded"
            assert "overage_allowed" in reply.json()
    assert jobs.http.get("/jobs").json()["jobs"] == []


@pytest.mark.parametrize("fault", ["service_unavailable", "bad_gateway", "gateway_timeout", "server_error"])
def test_a_broken_service_says_that_it_will_pass(jobs: Api, fault: str) -> None:
    reply = jobs.http.post("/jobs", json={"source_url": URL}, headers={"X-Mock-Fault": fault})
    assert (reply.status_code // 100, reply.json()["error"]) == (5, "transient_error")
    assert jobs.http.get("/jobs").json()["jobs"] == []
