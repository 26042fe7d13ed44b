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

from mockserver.cli import faults
from mockserver.client import Rule
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


def test_a_rules_every_field_has_a_flag() -> None:
    assert set(faults._HELP) == set(get_type_hints(Rule))


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
    assert (wrong.returncode, "txt" in wrong.stderr) == (2, True)
    assert command("fixtures", "add", str(tmp_path / "nowhere.yaml"), *key).returncode == 2
    assert command("fixtures", "clear", *key).returncode == 0


def test_snapshots_are_made_and_restored(command: Command, api: Api) -> None:
    key = ("--key", api.key)
    job = api.submit(URL)
    assert command("snapshots", "new", "before", *key).stdout == "before\n"
    command("reset", *key)
    assert command("snapshots", "restore", "before", *key).returncode == 0
    assert [each["id"] for each in told(command("jobs", *key, "--json"))["jobs"]] == [job]
    assert "before" in command("snapshots", *key).stdout
    assert command("snapshots", "remove", "before", *key).returncode == 0


def test_metrics_are_shown(command: Command) -> None:
    assert "mockserver_" in command("metrics").stdout
