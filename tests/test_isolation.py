"""Many tests share one server, each with a key of its own, and none sees another's doings."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family
from tests.conftest import api_of, each_family
from tests.sounds import wav

URL = "https://example.com/a.mp3"
MODEL = "claude-sonnet-4-5-20250929"


def say(api: AnyApi) -> str:
    chat = {"model": MODEL, "messages": [{"role": "user", "content": "ping"}]}
    reply = httpx.post(f"{api.url}/v1/chat/completions", json=chat, headers={"Authorization": api.key})
    said: str = reply.json()["choices"][0]["message"]["content"]
    return said


@pytest.fixture
def other(family: Family, server: MockServer) -> AnyApi:
    """The neighbour: with one of each thing, on a clock that stands."""
    api = api_of(server.url, family=family)
    api.freeze()
    api.control.patch("/terms", json={"rate_limit": 100, "rate_window": 60})
    api.control.post("/fixtures", params={"uses": 3}, content="name: text\ntext: Mine.")
    api.control.post("/fixtures", content="name: chat\nmatch: {user: ping}\nanswers: [one, two, three]")
    api.send(wav(1))
    api.submit(URL, progress="held")
    assert say(api) == "one"
    api.control.post("/snapshots", json={"name": "mine"})
    return api


def disturb(api: AnyApi) -> None:
    """Do everything that a test may do to its own world."""
    api.freeze()
    api.control.patch("/terms", json={"rate_limit": 3, "rate_window": 1e6, "strict": True})
    api.control.post("/fixtures", content="name: text\ntext: Theirs.\n---\nmatch: {user: ping}\nanswer: theirs")
    assert say(api) == "theirs"
    assert [api.create(URL).status_code for _ in range(4)] == [api.accepted] * 3 + [429]
    api.control.patch("/terms", json={"rate_limit": 0})
    api.send(wav(2))
    api.control.post("/snapshots", json={"name": "mine"})
    api.control.post("/clock/scale", json={"factor": 1000})
    api.advance(1e6)
    api.control.delete("/fixtures")
    api.control.post("/snapshots/mine/restore")
    api.control.delete("/snapshots/mine")
    api.control.post("/reset")


def seen(api: AnyApi) -> dict[str, Any]:
    names = ("jobs", "clock", "terms", "fixtures", "snapshots", "webhooks", "journal")
    return {name: api.control.get(f"/{name}").json() for name in names}


@each_family
def test_nothing_that_one_key_does_is_seen_by_another(api: AnyApi, other: AnyApi) -> None:
    before = seen(other)
    limits = other.listing().headers
    disturb(api)
    disturb(api)
    after = seen(other)
    assert [entry["path"] for entry in after.pop("journal")["requests"]][1:] == [
        entry["path"] for entry in before.pop("journal")["requests"]
    ]
    assert after == before
    assert limits.keys() >= {"x-request-id"}
    assert say(other) == "two"
    assert other.heard(URL) == "Mine."


@each_family
def test_the_request_window_of_one_key_is_not_that_of_another(family: Family, api: AnyApi, server: MockServer) -> None:
    other = api_of(server.url, family=family)
    for each in (api, other):
        each.freeze()
        each.control.patch("/terms", json={"rate_limit": 2})
    assert [other.create(URL).status_code for _ in range(3)] == [other.accepted, other.accepted, 429]
    assert api.create(URL).status_code == api.accepted
    api.control.post("/reset")
    api.advance(1000)
    assert other.create(URL).status_code == 429


def test_an_upload_of_one_key_outlives_the_reset_of_another(api: Api, server: MockServer) -> None:
    other = api_of(server.url)
    kept, _ = other.upload(wav(1)), api.upload(wav(1))
    api.control.post("/reset")
    assert other.transcribe(kept)["status"] == "completed"


WORKERS_TEST = """
import os
import random

import httpx
import pytest

SERVER = os.environ["SERVER"]
URL = "https://example.com/{}.mp3"


@pytest.fixture
def world():
    with httpx.Client(base_url=SERVER, timeout=30, verify=False) as client:
        key = client.post("/_mock/keys", json={"terms": {"progress": "timed", "queue_seconds": 10}}).json()["key"]
        client.headers["Authorization"] = key
        client.params = {"key": key}
        client.post("/_mock/clock/freeze").raise_for_status()
        yield client


def jobs(world):
    return {job["id"] for job in world.get("/_mock/jobs").json()["jobs"]}


@pytest.mark.parametrize("seed", range(24))
def test_a_world(world, seed):
    choose = random.Random(seed)
    assert jobs(world) == set()
    text = f"The words of test {seed}."
    world.post("/_mock/fixtures", content=f"name: own\\ntext: {text}").raise_for_status()
    own = set()
    now = world.get("/_mock/clock").json()["now"]
    for number in range(choose.randint(2, 4)):
        reply = world.post("/v2/transcript", json={"audio_url": URL.format(number)})
        own.add(reply.json()["id"])
    assert jobs(world) == own
    assert world.get("/_mock/clock").json()["now"] == now
    assert {world.get(f"/v2/transcript/{job}").json()["status"] for job in own} == {"queued"}
    world.post("/_mock/snapshots", json={"name": "s"}).raise_for_status()
    moved = world.post("/_mock/clock/advance", json={"seconds": 1000}).json()["transitions"]
    assert {move["job"] for move in moved} == own
    assert {world.get(f"/v2/transcript/{job}").json()["text"] for job in own} == {text}
    if choose.random() < 0.5:
        world.post("/_mock/snapshots/s/restore").raise_for_status()
        assert {world.get(f"/v2/transcript/{job}").json()["status"] for job in own} == {"queued"}
        assert world.get("/_mock/clock").json()["now"] == now
    assert jobs(world) == own
    paths = {entry["path"] for entry in world.get("/_mock/journal", params={"limit": 1000}).json()["requests"]}
    assert paths == {"/v2/transcript"} | {f"/v2/transcript/{job}" for job in own}
    world.post("/_mock/reset").raise_for_status()
    assert jobs(world) == set()
    assert world.get("/_mock/fixtures").json() == {"fixtures": []}
    again = world.post("/v2/transcript", json={"audio_url": URL.format(0)}).json()["id"]
    assert again in own
    assert jobs(world) == {again}
"""


def test_the_workers_of_pytest_xdist_share_a_server_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "test_worlds.py").write_text(WORKERS_TEST)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    with MockServer() as mock:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n", "4", "test_worlds.py"]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment | {"SERVER": mock.url, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert re.search(r"24 passed in [\d.]+s", done.stdout), done.stdout + done.stderr
