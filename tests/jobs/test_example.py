"""The sample client, run as a user runs it, against a live server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docx
import pytest
import srt
import webvtt

from tests.conftest import AUDIO, Api

CLIENT = Path(__file__).parents[2] / "examples" / "jobs" / "client.py"
SECRET = "the secret of this test"


def command(api: Api, folder: Path, *arguments: str | Path) -> list[str]:
    return [sys.executable, str(CLIENT), "--out", str(folder), "--url", api.url, *map(str, arguments)]


def environment(api: Api, secret: str) -> dict[str, str]:
    return os.environ | {"JOBS_API_KEY": api.key, "JOBS_WEBHOOK_SECRET": secret}


def run(api: Api, folder: Path, *arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        command(api, folder, *arguments), env=environment(api, SECRET), capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@contextmanager
def running(api: Api, folder: Path, *arguments: str | Path, secret: str = SECRET) -> Iterator[subprocess.Popen[str]]:
    asked = command(api, folder, *arguments)
    with subprocess.Popen(asked, env=environment(api, secret), stdout=subprocess.PIPE, text=True) as client:
        try:
            yield client
        finally:
            client.kill()


def ended(client: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = client.communicate(timeout=60)
    return client.returncode, said


def seen(api: Api, **wanted: Any) -> list[tuple[str, str, int]]:
    """Return what the client asked for, oldest first."""
    found = api.control.get("/journal", params={"limit": 1000} | wanted).json()["requests"]
    return [(entry["method"], entry["path"], entry["status"]) for entry in reversed(found)]


def wait_for(api: Api, count: int, **wanted: Any) -> None:
    reply = api.control.get("/journal/wait", params={"count": count, "timeout": 30} | wanted)
    assert reply.status_code == 200, reply.text


def transcripts(folder: Path) -> dict[str, Path]:
    return {path.suffix[1:]: path for path in folder.iterdir()}


@pytest.fixture
def own(api: Api) -> Api:
    """A key whose replies ask for no pause, and whose webhooks are signed with the secret of these tests."""
    assert api.control.patch("/terms", json={"retry_after": 0, "webhook_secret": SECRET}).status_code == 200
    return api


def test_a_file_becomes_transcripts_in_five_formats(own: Api, tmp_path: Path) -> None:
    own.control.patch("/terms", json={"progress": "polls"})
    code, said = run(own, tmp_path, AUDIO / "support-call.mp3")
    assert code == 0, said
    assert "is processing" in said
    assert "34 s of en with 2 speakers, by assemblyai_universal_3" in said
    found = transcripts(tmp_path)
    assert found.keys() == {"json", "txt", "srt", "vtt", "docx"}
    heard = json.loads(found["json"].read_text())
    assert heard["segments"][0]["text"] == "Thank you for calling Northwind Support, my name is Maria."
    assert found["txt"].read_text().split("\n\n")[1].startswith("Hi Maria. My order number is 48213")
    words = [word["text"] for segment in heard["segments"] for word in segment["words"]]
    captions = list(srt.parse(found["srt"].read_text()))
    assert " ".join(caption.content for caption in captions).split() == words
    assert len(webvtt.read(str(found["vtt"])).captions) == len(captions)
    paragraphs = [paragraph.text for paragraph in docx.Document(str(found["docx"])).paragraphs]
    assert any(text.startswith("speaker_1 ") and "Hi Maria." in text for text in paragraphs)


def test_a_url_is_transcribed_and_a_verified_webhook_says_so(own: Api, tmp_path: Path) -> None:
    code, said = run(own, tmp_path, "https://example.com/interview-7.mp3", "--webhook", "--no-diarize")
    assert code == 0, said
    assert "is completed, says its webhook" in said
    assert len(transcripts(tmp_path)) == 5
    assert [path for method, path, _ in seen(own) if method == "GET" and not path.endswith("/transcript")] == []
    (call,) = own.control.get("/webhooks", params={"wait": 10}).json()["webhooks"]
    assert [attempt["status"] for attempt in call["attempts"]] == [204]


def test_a_webhook_with_another_signature_is_turned_away(own: Api, tmp_path: Path) -> None:
    with running(own, tmp_path, AUDIO / "hello.wav", "--webhook", secret="another secret") as client:
        wait_for(own, 1, what="jobs")
        (call,) = own.control.get("/webhooks", params={"wait": 10}).json()["webhooks"]
        assert [attempt["status"] for attempt in call["attempts"]] == [401]
        assert list(tmp_path.iterdir()) == []
        own.control.patch("/terms", json={"webhook_secret": "another secret"})
        own.control.post(f"/webhooks/{call['number']}/replay")
        code, said = ended(client)
    assert code == 0, said
    assert "wrong signature" in said


def test_without_a_webhook_the_client_asks_after_a_while(own: Api, tmp_path: Path) -> None:
    own.control.post("/faults", json={"webhook": "drop"})
    code, said = run(own, tmp_path, AUDIO / "hello.wav", "--webhook", "--patience", "0.01")
    assert code == 0, said
    assert "Nobody has called" in said


def test_a_token_that_expires_on_the_way_is_renewed(own: Api, tmp_path: Path) -> None:
    own.freeze()
    own.control.patch("/terms", json={"progress": "held"})
    with running(own, tmp_path, AUDIO / "hello.wav") as client:
        wait_for(own, 2, method="GET", status="200")
        own.advance(3600)
        wait_for(own, 1, path="/auth/refresh")
        job = own.control.get("/jobs").json()["jobs"][0]["id"]
        own.control.post(f"/jobs/{job}/release")
        code, said = ended(client)
    assert code == 0, said
    assert said.count("expired") == 1
    assert seen(own, status="401") == [("GET", f"/jobs/{job}", 401)]
    assert seen(own, path="/auth/*") == [("POST", "/auth/token", 200), ("POST", "/auth/refresh", 200)]


def test_one_call_too_many_is_made_again_with_the_whole_file(own: Api, tmp_path: Path) -> None:
    crowded = {"status": 429, "headers": {"Retry-After": "0"}, "body": {"error": "rate_limited", "message": "Wait."}}
    own.control.post("/faults", json=crowded | {"method": "POST", "path": "/jobs", "times": 2})
    code, said = run(own, tmp_path, AUDIO / "hello.wav")
    assert code == 0, said
    assert seen(own, path="/jobs") == [("POST", "/jobs", 429)] * 2 + [("POST", "/jobs", 202)]
    assert "Hello and welcome." in transcripts(tmp_path)["txt"].read_text()


def test_one_call_too_many_is_not_made_forever(own: Api, tmp_path: Path) -> None:
    crowded = {"status": 429, "headers": {"Retry-After": "0"}, "body": {"error": "rate_limited", "message": "Wait."}}
    own.control.post("/faults", json=crowded | {"method": "POST", "path": "/jobs"})
    code, said = run(own, tmp_path, AUDIO / "hello.wav")
    assert (code, said.splitlines()[-1]) == (1, "Refused: 429 rate_limited: Wait.")
    assert len(seen(own, path="/jobs")) == 5


def test_spent_minutes_are_paid_for_only_on_wish(own: Api, tmp_path: Path) -> None:
    own.control.patch("/terms", json={"quota_minutes": 0})
    code, said = run(own, tmp_path, AUDIO / "hello.wav")
    assert code == 3, said
    assert "0.04 USD a minute" in said
    assert own.control.get("/jobs").json()["jobs"] == []
    code, said = run(own, tmp_path, AUDIO / "hello.wav", "--accept-overage")
    assert code == 0, said
    assert len(transcripts(tmp_path)) == 5
    own.control.patch("/terms", json={"plan": "free"})
    code, said = run(own, tmp_path, AUDIO / "hello.wav", "--accept-overage")
    assert code == 3, said


def test_a_file_that_is_no_recording_is_sent_once(own: Api, tmp_path: Path) -> None:
    code, said = run(own, tmp_path / "out", CLIENT)
    assert code == 4, said
    assert "unsupported_format" in said
    assert seen(own, path="/jobs") == [("POST", "/jobs", 415)]
    assert list(tmp_path.iterdir()) == []


def test_what_a_failed_job_died_of_is_told(own: Api, tmp_path: Path) -> None:
    code, said = run(own, tmp_path, "https://example.com/errors/empty.mp3")
    assert code == 4, said
    assert "invalid_audio empty_audio" in said
    code, said = run(own, tmp_path, "https://example.com/errors/download-404.mp3", "--webhook")
    assert code == 5, said
    assert "source_unavailable" in said


def test_a_cancelled_job_has_no_transcript(own: Api, tmp_path: Path) -> None:
    own.control.patch("/terms", json={"progress": "held"})
    with running(own, tmp_path, AUDIO / "hello.wav") as client:
        wait_for(own, 1, method="GET", status="200")
        job = own.control.get("/jobs").json()["jobs"][0]["id"]
        token = own.http.post("/auth/token", json={"api_key": own.key}).json()["access_token"]
        own.http.post(f"/jobs/{job}/cancel", headers={"Authorization": f"Bearer {token}"})
        code, said = ended(client)
    assert code == 5, said
    assert "cancelled" in said


def test_what_cannot_be_done_is_said_in_a_line(own: Api, tmp_path: Path) -> None:
    code, said = run(own, tmp_path, "no-such-file.mp3")
    assert code == 1
    assert "no-such-file.mp3" in said
    code, said = run(own, tmp_path, AUDIO / "hello.wav", "--api-key", "invalid-key")
    assert (code, said) == (1, "Refused: 401 invalid_api_key: The API key is invalid.\n")
    code, said = run(own, tmp_path, AUDIO / "hello.wav", "--url", "http://127.0.0.1:9")
    assert code == 1
    assert said.startswith("That did not work: ")
