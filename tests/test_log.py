"""The log: a line for every request, with what the reply and the journal say of it."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from tests.apis import AnyApi, Family
from tests.conftest import AUDIO, api_of, each_family
from tests.processes import ServerProcess, running
from tests.test_settings import command

KEY = "a-key-for-the-log"


def said(server: ServerProcess) -> list[str]:
    server.process.terminate()
    return (server.said + server.process.communicate()[1]).splitlines()


def work(server: ServerProcess, family: Family) -> tuple[AnyApi, str, list[httpx.Response]]:
    """Make a job that a fixture answers, ask for it, and be refused twice; return the job, and the replies."""
    api = api_of(server.url, KEY, family=family)
    job = api.send((AUDIO / "hello.wav").read_bytes())
    got = api.http.get(f"{api.path_of(job)}?a=b")
    return api, job, [got, api.post(b"{"), httpx.get(server.url + api.path_of(job))]


@each_family
def test_a_line_of_json_has_every_fact(family: Family) -> None:
    with running("--log-format", "json") as server:
        api, job, replies = work(server, family)
        lines: list[dict[str, Any]] = [json.loads(line) for line in said(server)]
    assert {"at", "level", "message"} <= set.intersection(*(set(line) for line in lines))
    assert "listens on" in lines[0]["message"]
    got, broken, refused = (
        next(line for line in lines if line.get("request_id") == reply.headers["x-request-id"]) for reply in replies
    )
    made = next(line for line in lines if (line.get("method"), line.get("path")) == ("POST", api.jobs_path))
    assert made["status"] == api.accepted
    assert (made["job"], got["job"]) == (job, job)
    assert (got["fixture"], got["query"], got["bytes"]) == ("hello", "a=b", len(replies[0].content))
    assert got["key"] == made["key"] == "a-key…og"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", got["at"])
    assert got["microseconds"] > 0
    assert (broken["status"], broken["note"]) == (400, replies[1].headers["x-mock-hint"])
    assert refused["status"] == 401
    assert "key" not in refused


@each_family
def test_a_line_of_text_has_them_too(family: Family) -> None:
    with running() as server:
        api, job, replies = work(server, family)
        lines = said(server)
    got, broken, refused = (
        next(line for line in lines if f"id={reply.headers['x-request-id']}" in line) for reply in replies
    )
    made = next(line for line in lines if f" {api.accepted} POST {api.jobs_path} " in line)
    assert f" 200 GET {api.path_of(job)}?a=b {len(replies[0].content)}B " in got
    assert re.search(rf" \d+\.\dms id=\S+ key=a-key…og job={job} fixture=hello$", got)
    assert f"job={job}" in made
    assert broken.endswith(f"key=a-key…og note={replies[1].headers['x-mock-hint']}")
    assert " 401 GET " in refused
    assert "key=" not in refused


@each_family
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_key_is_in_the_log(family: Family, form: str) -> None:
    with running("--log-format", form) as server:
        work(server, family)
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
