"""Commands about faults, the journal, sinks, keys, fixtures and snapshots."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import httpx
import pytest
import typer

from mockserver.cli.app import app
from mockserver.client import Asked, Filters, Match, Rule, SessionFilters
from tests.cli.conftest import URL, Command, told
from tests.conftest import Api
from tests.processes import ROOT


def test_faults_are_added_listed_and_removed(command: Command, api: Api) -> None:
    key = ("--key", api.key)
    rule = ("--error", "rate_limited", "--path", "/v2/*", "--times", "1", "--params", '{"punctuate": false}')
    assert command("faults", "add", *rule, *key).stdout.startswith("fault ")
    api.submit(URL)
    assert api.http.post("/v2/transcript", json={"audio_url": URL, "punctuate": False}).status_code == 429
    number = told(command("faults", "add", "--delay", '{"uniform": [0, 0.1]}', "--malformed-json", "--json", *key))[
        "id"
    ]
    listed = command("faults", *key).stdout
    assert "rate_limited" in listed
    assert "uniform" in listed
    assert told(command("faults", "list", "--json", *key)) == api.control.get("/faults").json()
    assert command("faults", "remove", str(number), *key).returncode == 0
    assert command("faults", "profile", "flaky", *key).returncode == 0
    assert "profile: flaky" in command("faults", *key).stdout
    assert command("faults", "profile", "none", *key).returncode == 0
    assert command("faults", "clear", *key).returncode == 0
    assert command("faults", *key).stdout == "no faults\n"
    assert "rate_limited" in command("faults", "names").stdout
    refused = command("faults", "add", "--error", "nope", *key)
    assert (refused.returncode, "there is no 'nope'" in refused.stderr) == (2, True)
    assert command("faults", "remove", "999999").returncode == 1


def test_the_next_requests_fail(command: Command, api: Api) -> None:
    assert command("faults", "fail-next", "rate_limited", "--times", "2", "--key", api.key).stdout.startswith("fault ")
    assert [api.http.get("/v2/transcript").status_code for _ in range(3)] == [429, 429, 200]


@pytest.mark.parametrize(
    ("command", "shape"),
    [
        (("faults", "add"), Rule),
        (("faults", "fail-next"), Match),
        (("fixtures", "explain"), Asked),
        (("journal", "list"), Filters),
        (("journal", "count"), Filters),
        (("journal", "har"), Filters),
        (("journal", "wait"), Filters),
        (("sessions", "list"), SessionFilters),
        (("sessions", "wait"), SessionFilters),
    ],
)
def test_what_python_calls_by_a_name_has_a_flag_of_that_name(command: tuple[str, str], shape: type) -> None:
    group = typer.main.get_command(app).commands[command[0]]  # type: ignore[attr-defined]
    flags = {option for parameter in group.commands[command[1]].params for option in parameter.opts}
    assert {f"--{name.replace('_', '-')}" for name in get_type_hints(shape)} <= flags


def test_a_flag_that_is_no_json_is_named(command: Command) -> None:
    wrong = command("faults", "add", "--error", "server_error", "--params", "{a: 1}")
    assert (wrong.returncode, wrong.stderr) == (2, "--params: this is not JSON: {a: 1}\n")


def test_the_journal_is_filtered_verified_and_exported(command: Command, api: Api, tmp_path: Path) -> None:
    key = ("--key", api.key)
    api.submit(URL, speaker_labels=True, speaker_lables=True)
    reply = api.http.get("/v2/transcript/x")
    assert command("journal", "count", *key).stdout == "2\n"
    assert "unknown field speaker_lables" in command("journal", "--violations", *key).stdout
    assert "/v2/transcript/x" not in command("journal", "--status", "2xx", *key).stdout
    assert command("journal", "verify", "--method", "POST", "--param", "speaker_labels=true", *key).returncode == 0
    missed = command("journal", "verify", "--param", "speaker_labels=false", *key)
    assert missed.returncode == 1
    assert "speaker_labels is true, not false" in missed.stderr
    assert "curl" in command("journal", "curl", reply.headers["x-request-id"], *key).stdout
    archive = tmp_path / "a.har"
    assert command("journal", "har", "--output", str(archive), *key).stdout == f"2 requests in {archive}\n"
    assert len(json.loads(archive.read_text())["log"]["entries"]) == 2
    assert command("journal", "wait", "--count", "2", *key).stdout == "2 requests\n"
    waited = command("journal", "wait", "--count", "3", "--timeout", "0.1", *key)
    assert (waited.returncode, "only 2 of 3" in waited.stderr) == (1, True)
    assert "200 POST /v2/transcript" in waited.stderr
    assert command("journal", "count", "--status", "4xx", "--path", "/v2/*", *key).stdout == "1\n"
    archived = told(command("journal", "har", "--method", "POST", "--json", *key))
    assert len(archived["log"]["entries"]) == 1
    listed = told(command("journal", "--limit", "1", "--json", *key))
    older = told(command("journal", "--before", str(listed["next_before"]), "--json", *key))
    assert [entry["method"] for entry in older["requests"]] == ["POST"]
    for not_so in (("wait", "--count", "3", "--timeout", "0"), ("verify", "--exactly", "9")):
        failed = command("journal", *not_so, "--json", *key)
        assert failed.returncode == 1
        assert json.loads(failed.stdout)["count"] == 2
    assert command("journal", "clear", *key).returncode == 0
    assert command("journal", *key).stdout == "no requests\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_the_output_cannot_hold_is_shown_as_its_number(command: Command, api: Api, encoding: str) -> None:
    api.http.get("/v2/transcript/\N{SNOWMAN}\N{GRINNING FACE}")
    listed = command("journal", "--key", api.key, PYTHONIOENCODING=encoding)
    assert listed.returncode == 0, listed.stderr
    assert "/v2/transcript/" in listed.stdout
    (request,) = told(command("journal", "--key", api.key, "--json", PYTHONIOENCODING=encoding))["requests"]
    assert request["path"] == "/v2/transcript/\N{SNOWMAN}\N{GRINNING FACE}"


def test_following_the_journal_shows_each_request_once_as_it_comes(api: Api) -> None:
    api.http.get("/v2/transcript/before")
    following = subprocess.Popen(
        [sys.executable, "-m", "mockserver", "journal", "--follow", "--key", api.key, "--url", api.url],
        stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert following.stdout is not None
    assert "/v2/transcript/before" in following.stdout.readline()
    for number in range(3):
        api.http.get(f"/v2/transcript/{number}")
        assert f"/v2/transcript/{number}" in following.stdout.readline()
    api.control.delete("/journal")
    api.http.get("/v2/transcript/after")
    following.terminate()
    following.stdout.close()
    following.wait()


def test_sinks_are_told_what_to_answer_and_show_what_came(command: Command, api: Api) -> None:
    name = f"hook-{api.key}"
    assert command("sinks", "answer", name, "--status", "503", "--header", "x-a=b", "--key", api.key).returncode == 0
    reply = httpx.post(f"{api.url}/_mock/sink/{name}", json={"a": 1})
    assert (reply.status_code, reply.headers["x-a"]) == (503, "b")
    assert name in command("sinks").stdout
    assert '{"a":1}' in command("sinks", "show", name).stdout
    assert told(command("sinks", "show", name, "--count", "1", "--json"))["count"] == 1
    assert command("sinks", "show", name, "--count", "2", "--timeout", "0.1").returncode == 1
    answers = ('{"status": 500}', '{"status": 201, "body": "thanks"}')
    assert command("sinks", "answers", name, *answers, "--key", api.key).stdout == f"{name} answers 500, 201\n"
    assert [httpx.post(f"{api.url}/_mock/sink/{name}").status_code for _ in range(3)] == [500, 201, 201]
    assert command("sinks", "forget", name).returncode == 0


def test_keys_are_made_listed_and_revoked(command: Command, api: Api) -> None:
    made = command(
        "keys", "new", f"name-{api.key}", "--term", "progress=timed", "--term", "rate_limit=5"
    ).stdout.strip()
    assert told(command("terms", "--key", made, "--json"))["rate_limit"] == 5
    assert command("keys", "new", f"name-{api.key}").stdout.strip() == made
    assert made in command("keys").stdout
    assert command("keys", "revoke", made).returncode == 0
    assert httpx.get(f"{api.url}/v2/transcript", headers={"Authorization": made}).status_code == 401


def test_fixtures_are_added_listed_and_removed(command: Command, api: Api, tmp_path: Path) -> None:
    key = ("--key", api.key)
    (tmp_path / "a.yaml").write_text("name: mine\ntext: Hello from a file.\n")
    assert command("fixtures", "add", str(tmp_path / "a.yaml"), "--uses", "2", *key).stdout == "added: mine\n"
    assert api.transcribe(URL)["text"] == "Hello from a file."
    assert "mine" in command("fixtures", *key).stdout
    assert command("fixtures", "remove", "mine", *key).returncode == 0
    assert command("fixtures", *key).stdout == "no fixtures were added\n"
    (tmp_path / "b.yaml").write_text("txt: Hello\n")
    wrong = command("fixtures", "add", str(tmp_path / "b.yaml"), *key)
    assert (wrong.returncode, f"{tmp_path}/b.yaml: line 1: " in wrong.stderr) == (2, True)
    assert command("fixtures", "add", str(tmp_path / "nowhere.yaml"), *key).returncode == 2
    assert command("fixtures", "clear", *key).returncode == 0


def test_why_a_fixture_answers_or_does_not(command: Command, api: Api, tmp_path: Path) -> None:
    key = ("--key", api.key)
    (tmp_path / "a.yaml").write_text(
        "name: mine\nmatch: {audio_url: '*/b.mp3', params: {punctuate: false}}\ntext: Hi.\n"
    )
    assert command("fixtures", "add", str(tmp_path / "a.yaml"), *key).returncode == 0
    missed = command("fixtures", "explain", "https://example.com/b.mp3", *key).stdout
    assert missed.startswith("no fixture would answer\nnot mine (")
    assert "punctuate" in missed
    asked = ("https://example.com/b.mp3", "--params", '{"punctuate": false}', *key)
    assert command("fixtures", "explain", *asked).stdout.startswith("mine (")


def test_snapshots_are_made_and_restored(command: Command, api: Api) -> None:
    key = ("--key", api.key)
    job = api.submit(URL)
    assert command("snapshots", "new", "before", *key).stdout == "before\n"
    command("reset", *key)
    assert command("snapshots", "restore", "before", *key).returncode == 0
    assert [each["id"] for each in told(command("jobs", *key, "--json"))["jobs"]] == [job]
    assert "before" in command("snapshots", *key).stdout
    assert command("snapshots", "remove", "before", *key).returncode == 0


def test_health_is_shown(command: Command, api: Api) -> None:
    assert "status " in command("health").stdout
    assert told(command("health", "--json")) == httpx.get(f"{api.url}/_mock/health").json()


def test_metrics_are_shown(command: Command) -> None:
    assert "mockserver_" in command("metrics").stdout
