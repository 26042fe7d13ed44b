"""The log: a line for every request, with what the reply and the journal say of it."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from tests.conftest import AUDIO, api_of
from tests.processes import ServerProcess, running
from tests.test_settings import command

KEY = "a-key-for-the-log"


def said(server: ServerProcess) -> list[str]:
    server.process.terminate()
    return (server.said + server.process.communicate()[1]).splitlines()


def work(server: ServerProcess) -> tuple[str, list[httpx.Response]]:
    """Make a job that a fixture answers, ask for it, and be refused twice; return the job, and the replies."""
    api = api_of(server.url, KEY)
    url = api.upload((AUDIO / "hello.wav").read_bytes())
    made = api.http.post("/v2/transcript", json={"audio_url": url})
    job = made.json()["id"]
    refused = httpx.get(f"{server.url}/v2/transcript/{job}")
    return job, [
        made,
        api.http.get(f"/v2/transcript/{job}?a=b"),
        api.http.post("/v2/transcript", content=b"{"),
        refused,
    ]


def test_a_line_of_json_has_every_fact() -> None:
    with running("--log-format", "json") as server:
        job, replies = work(server)
        lines: list[dict[str, Any]] = [json.loads(line) for line in said(server)]
    assert {"at", "level", "message"} <= set.intersection(*(set(line) for line in lines))
    assert "listens on" in lines[0]["message"]
    made, got, broken, refused = (
        next(line for line in lines if line.get("request_id") == reply.headers["x-request-id"]) for reply in replies
    )
    assert (made["method"], made["path"], made["status"]) == ("POST", "/v2/transcript", 200)
    assert (made["job"], got["job"]) == (job, job)
    assert (got["fixture"], got["query"], got["bytes"]) == ("hello", "a=b", len(replies[1].content))
    assert got["key"] == made["key"] == "a-key…og"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", got["at"])
    assert got["microseconds"] > 0
    assert (broken["status"], broken["note"]) == (400, replies[2].headers["x-mock-hint"])
    assert refused["status"] == 401
    assert "key" not in refused


def test_a_line_of_text_has_them_too() -> None:
    with running() as server:
        job, replies = work(server)
        lines = said(server)
    made, got, broken, refused = (
        next(line for line in lines if f"id={reply.headers['x-request-id']}" in line) for reply in replies
    )
    assert f" 200 GET /v2/transcript/{job}?a=b {len(replies[1].content)}B " in got
    assert re.search(rf" \d+\.\dms id=\S+ key=a-key…og job={job} fixture=hello$", got)
    assert f"job={job}" in made
    assert broken.endswith(f"key=a-key…og note={replies[2].headers['x-mock-hint']}")
    assert " 401 GET " in refused
    assert "key=" not in refused


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_key_is_in_the_log(form: str) -> None:
    with running("--log-format", form) as server:
        work(server)
        lines = said(server)
    assert KEY not in "\n".join(lines)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_key_cannot_forge_a_line(form: str) -> None:
    with running("--log-format", form) as server:
        key = "a\x85b\xa0c".encode("latin-1")
        httpx.get(f"{server.url}/v2/transcript/x", headers={b"Authorization": key})
        lines = said(server)
    (line,) = (line for line in "\n".join(lines).split("\n") if "/v2/transcript/x" in line)
    assert line.isprintable()


def test_what_others_complain_of_is_a_line_like_all() -> None:
    with running() as server:
        port = server.url.rsplit(":", 1)[1]
        again = command("serve", "--port", port, "--log-format", "json")
    (line,) = again.stderr.splitlines()
    assert "in use" in json.loads(line)["message"]
