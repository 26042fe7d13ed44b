"""A form is seen as what it says: by faults, by the journal, and in what is exported of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.apis import JobsApi
from tests.conftest import AUDIO, api_of

HELLO = AUDIO / "hello.wav"


@pytest.fixture
def jobs(server: MockServer) -> JobsApi:
    api = api_of(server.url, family=JobsApi)
    assert isinstance(api, JobsApi)
    return api


def send(jobs: JobsApi, **fields: str) -> Any:
    with HELLO.open("rb") as file:
        return jobs.http.post("/jobs", data=fields, files={"file": ("hello.wav", file, "audio/wav")})


def last(jobs: JobsApi) -> dict[str, Any]:
    entry: dict[str, Any] = jobs.control.get("/journal", params={"path": "/jobs", "bodies": "true"}).json()["requests"][
        0
    ]
    return entry


def test_a_fault_for_some_parameters_sees_those_of_a_form(jobs: JobsApi) -> None:
    rule = {"status": 418, "params": {"language": "de", "diarize": False}}
    assert jobs.control.post("/faults", json=rule).status_code == 201
    assert send(jobs, language="de").status_code == 202
    assert send(jobs, language="de", diarize="0").status_code == 418
    url = {"source_url": "https://example.com/a.mp3", "language": "de", "diarize": False}
    assert jobs.http.post("/jobs", json=url).status_code == 418
    assert len(jobs.control.get("/jobs").json()["jobs"]) == 1


@pytest.mark.parametrize("connection", ["EMPTY_RESPONSE", "CONNECTION_RESET_BY_PEER"])
def test_a_form_that_was_read_for_a_fault_is_not_waited_for_again(jobs: JobsApi, connection: str) -> None:
    rule = {"connection": connection, "params": {"language": "de"}}
    assert jobs.control.post("/faults", json=rule).status_code == 201
    with pytest.raises(Exception, match=r"(?i)disconnected|reset"):
        send(jobs, language="de")
    assert send(jobs, language="en").status_code == 202


def test_a_form_that_is_none_is_refused_as_without_a_fault(jobs: JobsApi) -> None:
    before = jobs.http.post("/jobs", content=b"x", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert jobs.control.post("/faults", json={"status": 418, "params": {"language": "de"}}).status_code == 201
    after = jobs.http.post("/jobs", content=b"x", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (before.status_code, before.json()) == (after.status_code, after.json())
    assert after.json()["error"] == "invalid_request"


def test_the_journal_keeps_what_a_form_says_and_what_its_file_is(jobs: JobsApi) -> None:
    send(jobs, language="en", diarize="true", webhook_url="https://example.com/hook?token=hidden")
    kept = last(jobs)
    assert kept["request_body"]["kept"]
    assert not kept["request_body"]["cut"]
    assert kept["request_body"]["json"] == {
        "language": "en",
        "diarize": True,
        "webhook_url": "https://example.com/hook?token=*masked*",
        "file": {"filename": "hello.wav", "content_type": "audio/wav", "bytes": HELLO.stat().st_size},
    }
    assert kept["request_size"] > HELLO.stat().st_size
    found = jobs.control.get("/journal", params={"body": "hello.wav"}).json()["requests"]
    assert [each["request_id"] for each in found] == [kept["request_id"]]


def test_what_a_form_said_is_verified(jobs: JobsApi) -> None:
    send(jobs, language="en", diarize="false")
    expected = {"path": "/jobs", "params": {"language": "en", "diarize": False, "file": {"filename": "hello.wav"}}}
    assert jobs.control.post("/journal/verify", json={**expected, "exactly": 1}).status_code == 200
    wrong = {"path": "/jobs", "params": {"language": "fr"}, "exactly": 1}
    refused = jobs.control.post("/journal/verify", json=wrong)
    assert refused.status_code == 409
    assert "fr" in refused.text


def test_a_form_is_exported_with_its_fields(jobs: JobsApi) -> None:
    send(jobs, language="en", diarize="false")
    (entry,) = (
        each
        for each in jobs.control.get("/journal/har").json()["log"]["entries"]
        if each["request"]["url"].endswith("/jobs")
    )
    data = entry["request"]["postData"]
    assert data["mimeType"].startswith("multipart/form-data")
    assert {"name": "language", "value": "en"} in data["params"]
    assert {"name": "diarize", "value": "false"} in data["params"]
    assert {"name": "file", "fileName": "hello.wav", "contentType": "audio/wav"} in data["params"]


def test_the_command_of_a_form_sends_it_again(jobs: JobsApi, tmp_path: Path) -> None:
    send(jobs, language="en", diarize="false")
    command = jobs.control.get(f"/journal/{last(jobs)['request_id']}/curl").text
    assert str(HELLO.stat().st_size) in command
    (tmp_path / "hello.wav").write_bytes(HELLO.read_bytes())
    key = {"API_KEY": jobs.authorization.removeprefix("Bearer "), "PATH": os.environ["PATH"]}
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, env=key, timeout=60)
    assert "job_id" in done.stdout, (command, done)
    first, second = (entry["url"] for entry in jobs.control.get("/jobs").json()["jobs"])
    assert first == second == "upload:hello.wav"
