"""Snapshots of one key's world, and back."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from mockserver.embed import MockServer
from mockserver.engine import tables
from mockserver.engine.snapshots import NO_PART, WORLD
from tests.apis import AnyApi, Api, Family
from tests.conftest import AUDIO, api_of, each_family
from tests.receivers import receiving
from tests.sounds import wav

URL = "https://example.com/a.mp3"
MODEL = "claude-sonnet-4-5-20250929"


def take(api: AnyApi, name: str | None = None, status: int = 201) -> dict[str, Any]:
    reply = api.control.post("/snapshots", json={"name": name} if name else {})
    assert reply.status_code == status, reply.text
    taken: dict[str, Any] = reply.json()
    return taken


def restore(api: AnyApi, name: str, status: int = 200) -> dict[str, Any]:
    reply = api.control.post(f"/snapshots/{name}/restore")
    assert reply.status_code == status, reply.text
    restored: dict[str, Any] = reply.json()
    return restored


def world(api: AnyApi) -> dict[str, Any]:
    """Return everything of a world that can be seen."""
    jobs = [job["id"] for job in api.control.get("/jobs", params={"limit": 1000}).json()["jobs"]]
    return {
        "bytes": [api.ask(job).content for job in jobs],
        "captions": [api.http.get(api.captions_of(job)).text for job in jobs],
        "listing": re.sub(r"127.0.0.1:\d+", "", api.listing(limit=100).text),
        **{
            name: api.control.get(f"/{name}").json() for name in ("jobs", "clock", "terms", "webhooks", "fixtures")
        },
    }  # fmt: skip


@each_family
def test_a_world_comes_back_exactly(api: AnyApi) -> None:
    api.freeze()
    done = api.send((AUDIO / "hello.wav").read_bytes())
    under_way = api.submit(URL, progress="timed")
    api.advance(2)
    before = world(api)
    taken = take(api, "start")
    assert (taken["name"], taken["jobs"], taken["uploads"]) == ("start", 2, 1)

    assert api.delete(done).is_success
    later = api.submit(URL)
    api.advance(500)
    assert api.status(under_way) == "completed"
    assert world(api) != before

    assert restore(api, "start") == taken
    assert world(api) == before
    assert api.ask(later).status_code == api.unknown
    assert str(api.text(done)).startswith("Hello and welcome.")
    api.advance(500)
    assert api.status(under_way) == "completed"


@each_family
def test_ids_go_on_from_the_snapshot(api: AnyApi) -> None:
    api.submit(URL)
    take(api, "one")
    first = [api.submit(URL), api.send(wav(1)), api.submit(URL)]
    restore(api, "one")
    assert [api.submit(URL), api.send(wav(2)), api.submit(URL)] == first


def test_the_ids_of_uploads_go_on_from_the_snapshot(api: Api) -> None:
    api.submit(URL)
    take(api, "one")
    first = [api.submit(URL), api.upload(wav(1)), api.submit(URL)]
    restore(api, "one")
    assert [api.submit(URL), api.upload(wav(2)), api.submit(URL)] == first


def test_an_upload_can_be_transcribed_again_after_a_restore(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url, "some-key")
        audio = api.upload((AUDIO / "hello.wav").read_bytes())
        job = api.submit(audio)
        take(api, "start")
        for _ in range(2):
            assert api.http.delete(f"/v2/transcript/{job}").json()["status"] == "completed"
        assert api.transcribe(audio)["status"] == "error"
        restore(api, "start")
        assert api.transcribe(audio)["text"].startswith("Hello and welcome.")
        httpx.post(f"{mock.url}/_mock/reset")
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url, "some-key")
        restore(api, "start")
        assert api.transcribe(audio)["text"].startswith("Hello and welcome.")


@each_family
def test_a_reset_and_a_restart_leave_snapshots_alone(family: Family, tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url, "some-key", family=family)
        api.freeze()
        jobs = [api.send((AUDIO / "hello.wav").read_bytes()), api.submit(URL)]
        before = world(api)
        take(api, "kept")
        for job in jobs:
            api.delete(job)
        api.control.post("/reset")
        httpx.post(f"{mock.url}/_mock/reset")
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url, "some-key", family=family)
        assert api.control.get("/jobs").json()["jobs"] == []
        assert [each["name"] for each in api.control.get("/snapshots").json()["snapshots"]] == ["kept"]
        restore(api, "kept")
        assert world(api) == before
        assert str(api.text(jobs[0])).startswith("Hello and welcome.")
        httpx.post(f"{mock.url}/_mock/reset")
        restore(api, "kept")
        assert world(api) == before


@each_family
def test_a_clock_goes_on_from_the_moment_of_the_snapshot(family: Family, api: AnyApi) -> None:
    api.advance(100)
    taken = take(api, "then")
    api.advance(10_000)
    api.control.post("/clock/scale", json={"factor": 1000})
    restore(api, "then")
    clock = api.control.get("/clock").json()
    assert (clock["frozen"], clock["scale"]) == (False, 1)
    assert taken["at"][:16] <= clock["now"][:16] < api.advance(3600)["now"][:16]
    assert clock["now"] < api_of(api.url, family=family).advance(1000)["now"]


@each_family
def test_fixtures_counts_windows_and_terms_come_back(api: AnyApi) -> None:
    def say() -> str:
        chat = {"model": MODEL, "messages": [{"role": "user", "content": "ping"}]}
        reply = httpx.post(f"{api.url}/v1/chat/completions", json=chat, headers={"Authorization": api.key})
        said: str = reply.json()["choices"][0]["message"]["content"]
        return said

    api.freeze()
    api.control.patch("/terms", json={"rate_limit": 5, "rate_window": 60})
    api.control.post("/fixtures", content="match: {user: ping}\nanswers: [one, two, three]")
    api.control.post("/fixtures", params={"uses": 2}, content="name: twice\ntext: Twice.")
    assert say() == "one"
    assert api.heard(URL) == "Twice."
    take(api, "mid")
    for _ in range(2):
        assert [say(), say()] == ["two", "three"]
        assert api.heard(URL) == "Twice."
        assert api.listing().status_code == 200
        assert api.listing().status_code == 429
        api.control.delete("/fixtures")
        api.control.delete("/terms")
        restore(api, "mid")


@each_family
def test_faults_come_back_with_what_they_have_counted(api: AnyApi) -> None:
    api.control.post("/faults", json={"error": "server_error", "times": 2})
    assert api.listing().status_code == 500
    take(api, "half")
    for _ in range(2):
        assert [api.listing().status_code for _ in range(2)] == [500, 200]
        api.control.delete("/faults")
        restore(api, "half")


@each_family
def test_a_webhook_call_is_made_again_after_a_restore(api: AnyApi) -> None:
    with receiving() as receiver:
        api.freeze()
        job = api.submit(URL, progress="timed", webhook_url=receiver.url)
        take(api, "before")
        for number in (1, 2):
            api.advance(1000)
            api.advance(1000)
            listed = api.control.get("/webhooks", params={"wait": 10}).json()["webhooks"]
            assert [(call["job"], call["delivered"], len(call["attempts"])) for call in listed] == [(job, True, 1)]
            assert len(receiver.received) == number
            restore(api, "before")
            assert api.control.get("/webhooks").json()["webhooks"] == []


@each_family
def test_a_snapshot_is_of_one_key_only(family: Family, server: MockServer, api: AnyApi) -> None:
    other = api_of(server.url, family=family)
    mine, theirs = api.submit(URL), other.submit(URL)
    take(api, "same-name")
    assert other.control.get("/snapshots").json() == {"snapshots": []}
    assert "same-name" in restore(other, "same-name", 404)["error"]
    later, kept = api.submit(URL), other.submit(URL)
    restore(api, "same-name")
    assert [api.id_of(api.ask(mine)), *(other.id_of(other.ask(job)) for job in (theirs, kept))] == [mine, theirs, kept]
    assert api.ask(later).status_code == api.unknown


def test_snapshots_are_listed_replaced_and_deleted(api: Api) -> None:
    assert [take(api)["name"], take(api, "named/one two")["name"], take(api)["name"]] == [
        "snapshot-1", "named/one two", "snapshot-2",
    ]  # fmt: skip
    api.submit(URL)
    assert take(api, "snapshot-1")["jobs"] == 1
    shown = api.control.get("/snapshots").json()["snapshots"]
    assert [(each["name"], each["jobs"]) for each in shown] == [
        ("named/one two", 0),
        ("snapshot-2", 0),
        ("snapshot-1", 1),
    ]
    restore(api, "named/one two")
    assert api.control.delete("/snapshots/named/one two").json() == {"removed": "named/one two"}
    assert api.control.delete("/snapshots/named/one two").status_code == 404
    assert len(api.control.get("/snapshots").json()["snapshots"]) == 2


@pytest.mark.parametrize(
    ("body", "named"),
    [({"name": ""}, "name"), ({"name": "a\x00"}, "name"), ({"name": 5}, "name"), ({"x": 1}, "x")],
    ids=str,
)
def test_names_that_cannot_be_are_refused(api: Api, body: dict[str, Any], named: str) -> None:
    reply = api.control.post("/snapshots", json=body)
    assert reply.status_code == 422
    assert reply.json()["error"].startswith(named)


def test_a_snapshot_needs_a_key_and_there_may_not_be_too_many(api: Api) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("POST", "/x/restore"), ("DELETE", "/x")):
        reply = httpx.request(method, f"{api.url}/_mock/snapshots{path}")
        assert (reply.status_code, reply.json()["error"][:4]) == (422, "key:")
    for _ in range(100):
        take(api)
    assert "100 snapshots" in take(api, status=409)["error"]
    take(api, "snapshot-7")


def test_every_table_of_a_world_is_in_its_snapshots() -> None:
    assert tables.Job.__tablename__ == "jobs"
    own = {table.name for table in SQLModel.metadata.sorted_tables if "project" in table.columns}
    assert own <= {name for name, _ in WORLD} | set(NO_PART)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.sampled_from(["instant", "timed", "held"])),
        st.tuples(st.just("upload"), st.integers(1, 3)),
        st.tuples(st.just("advance"), st.integers(0, 60)),
        st.tuples(st.just("delete"), st.integers(0, 5)),
        st.tuples(st.just("add"), st.sampled_from(["", "1"])),
        st.tuples(st.just("terms"), st.integers(1, 3)),
        st.tuples(st.just("reset"), st.none()),
    ),
    max_size=8,
)


def go(api: AnyApi, steps: list[tuple[str, Any]]) -> None:
    for step, value in steps:
        jobs = [job["id"] for job in api.control.get("/jobs").json()["jobs"]]
        if step == "submit":
            api.submit(URL, progress=value)
        elif step == "upload":
            api.send(wav(value))
        elif step == "advance":
            api.advance(value)
        elif step == "delete" and jobs:
            api.delete(jobs[value % len(jobs)])
        elif step == "add":
            api.control.post("/fixtures", params={"uses": value} if value else {}, content="text: Added.")
        elif step == "terms":
            api.control.patch("/terms", json={"concurrency": value})
        elif step == "reset":
            api.control.post("/reset")
            api.freeze()


@each_family
@given(before=STEPS, after=STEPS)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_whatever_happens_a_restore_brings_the_world_back(
    family: Family, server: MockServer, before: list[tuple[str, Any]], after: list[tuple[str, Any]]
) -> None:
    api = api_of(server.url, family=family)
    api.freeze()
    go(api, before)
    seen = world(api)
    take(api, "x")
    go(api, after)
    restore(api, "x")
    assert world(api) == seen
    go(api, after)
    restore(api, "x")
    assert world(api) == seen
    api.close()


@each_family
def test_a_reply_that_is_made_during_a_restore_is_not_given_afterwards(family: Family, tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text("match: {audio_url: '*/long.mp3'}\ntext: " + "word " * 30_000)
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url, family=family)
        api.freeze()
        job = api.submit("https://example.com/long.mp3", progress="timed")
        take(api, "queued")
        for _ in range(3):
            api.advance(1e6)
            api.advance(1e6)
            asking = threading.Thread(target=api_of(mock.url, api.key, family=family).ask, args=[job])
            asking.start()
            restore(api, "queued")
            asking.join()
            assert api.status(job) == "queued"
