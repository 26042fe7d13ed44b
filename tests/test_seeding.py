"""A folder that a server begins with: fixtures, and requests that are made before it is ready."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from mockserver.settings import SeedError
from tests.apis import Family
from tests.conftest import api_of, each_family
from tests.processes import ROOT, running

URL = "https://example.com/seeded.mp3"


def seeds(folder: Path, *requests: dict[str, Any], name: str = "world.json") -> str:
    (folder / name).write_text(json.dumps(requests))
    return str(folder)


@each_family
def test_everything_is_there_before_the_server_is_ready(family: Family, tmp_path: Path) -> None:
    (tmp_path / "greeting.yaml").write_text("match: {audio_url: https://example.com/seeded.mp3}\ntext: Good morning.\n")
    (tmp_path / "b.json").write_text(json.dumps({"path": family.jobs_path, "key": "demo", "body": family.body(URL)}))
    folder = seeds(
        tmp_path,
        {"path": "/_mock/keys", "body": {"key": "demo", "terms": {"concurrency": 3}}},
        {"method": "PUT", "path": "/_mock/faults/profile?key=weather", "body": {"profile": "outage"}},
        {"path": "/_mock/fixtures", "key": "demo", "body": "match: {user: hi}\nanswer: Seeded.\n"},
        name="a.json",
    )
    with MockServer(seed_folder=folder) as mock:
        demo = api_of(mock.url, "demo", family=family)
        (job,) = demo.control.get("/jobs").json()["jobs"]
        assert demo.text(job["id"]) == "Good morning."
        assert demo.control.get("/terms").json()["concurrency"] == 3
        assert len(demo.control.get("/fixtures").json()["fixtures"]) == 1
        assert api_of(mock.url, "weather").listing().status_code == 503


@each_family
def test_the_requests_are_made_once_for_a_data_directory_and_again_after_a_reset(
    family: Family, tmp_path: Path
) -> None:
    data, folder = tmp_path / "data", tmp_path / "seed"
    folder.mkdir()
    seeds(folder, {"path": family.jobs_path, "key": "demo", "body": family.body(URL)})
    for _ in range(2):
        with MockServer(seed_folder=str(folder), data=str(data)) as mock:
            assert len(httpx.get(f"{mock.url}/_mock/jobs").json()["jobs"]) == 1
    with MockServer(seed_folder=str(folder), data=str(data)) as mock:
        before = httpx.get(f"{mock.url}/_mock/jobs").json()["jobs"][0]["id"]
        api_of(mock.url, "demo", family=family).submit("https://example.com/other.mp3")
        assert httpx.post(f"{mock.url}/_mock/reset").status_code == 200
        assert [job["id"] for job in httpx.get(f"{mock.url}/_mock/jobs").json()["jobs"]] == [before]
        assert httpx.post(f"{mock.url}/_mock/reset", params={"key": "demo"}).status_code == 200
        assert httpx.get(f"{mock.url}/_mock/jobs").json()["jobs"] == []


def test_a_control_api_that_is_off_or_has_a_token_is_seeded_all_the_same(tmp_path: Path) -> None:
    folder = seeds(tmp_path, {"path": "/_mock/faults", "key": "k", "body": {"error": "server_error"}})
    for settings in ({"control": "off"}, {"control_token": "secret"}, {"control_port": 0}):
        with MockServer(seed_folder=folder, **settings) as mock:
            assert httpx.get(f"{mock.url}/v2/transcript", headers={"Authorization": "k"}).status_code == 500


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "world.json: unexpected end of data"),
        ("5", "world.json: request 1: all of it: "),
        ('[{"path": "/x", "pth": 1}]', "world.json: request 1: pth: Extra inputs"),
        ('[{"path": "/v2/transcript"}, {"path": "x"}]', "world.json: request 2: path: "),
        ('{"path": "/v2/transcript", "method": "BREW"}', "world.json: request 1: method: "),
        ('{"path": "/v2/transcript", "body": {}}', "world.json: request 1 (POST /v2/transcript): 401 "),
        ('{"path": "/_mock/keys", "body": {"kee": 1}}', "world.json: request 1 (POST /_mock/keys): 422 "),
        ('{"path": "/_mock/nothing"}', "world.json: request 1 (POST /_mock/nothing): 404 "),
        ('{"path": "/x", "headers": {"a": "b\\r\\nc: d"}}', "world.json: request 1: headers.a: "),
    ],
)
def test_a_server_does_not_start_with_seeds_that_cannot_be_sown(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "world.json").write_text(text)
    with pytest.raises(SeedError) as failure, MockServer(seed_folder=str(tmp_path)):
        pass
    assert said in str(failure.value)


@each_family
def test_a_key_that_is_not_accepted_seeds_nothing(family: Family, tmp_path: Path) -> None:
    folder = seeds(tmp_path, {"path": family.jobs_path, "key": "bob", "body": family.body(URL)})
    with pytest.raises(SeedError, match=r"world\.json: request 1 .*: 401 "):
        MockServer(seed_folder=folder, keys=("alice",)).start()
    with MockServer(seed_folder=folder, keys=("alice", "bob")) as mock:
        assert len(api_of(mock.url, "bob", family=family).control.get("/jobs").json()["jobs"]) == 1


def test_a_process_that_cannot_be_seeded_says_why_and_ends(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"path": "/_mock/nothing"}')
    with (
        pytest.raises(AssertionError, match=r"world\.json: request 1 \(POST /_mock/nothing\): 404"),
        running("--seed-folder", str(tmp_path)),
    ):
        pass


def test_the_seed_folder_of_the_documentation_can_be_sown(tmp_path: Path) -> None:
    _, _, block = (ROOT / "docs" / "how-to" / "seed-a-server.md").read_text().partition("```json\n")
    (tmp_path / "world.json").write_text(block.partition("```")[0])
    with MockServer(seed_folder=str(tmp_path)) as mock:
        assert len(api_of(mock.url, "demo").control.get("/jobs").json()["jobs"]) == 1
