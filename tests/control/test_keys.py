"""Minted keys: a world for each test, with terms of its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Family
from tests.conftest import api_of, each_family

URL = "https://example.com/a.mp3"


def mint(url: str, status: int = 201, **asked: Any) -> dict[str, Any]:
    reply = httpx.post(f"{url}/_mock/keys", json=asked)
    assert reply.status_code == status, reply.text
    minted: dict[str, Any] = reply.json()
    return minted


def admitted(family: Family, url: str, key: str) -> bool:
    status = api_of(url, key, family=family).listing().status_code
    assert status in (200, 401)
    return status == 200


@each_family
def test_a_minted_key_is_a_world_of_its_own_with_its_own_terms(family: Family, server: MockServer) -> None:
    minted = mint(server.url, terms={"progress": "held", "concurrency": "free"})
    assert minted["key"].startswith("mock-")
    assert (minted["terms"]["progress"], minted["terms"]["concurrency"]) == ("held", 5)
    api = api_of(server.url, minted["key"], family=family)
    job = api.submit(URL)
    assert api.status(job) == "queued"
    other = api_of(server.url, mint(server.url)["key"], family=family)
    assert other.ask(job).status_code == other.unknown
    assert other.status(other.submit(URL)) == "completed"


def test_the_terms_of_a_minted_key_last_over_a_reset(server: MockServer) -> None:
    api = api_of(server.url, mint(server.url, terms={"rate_limit": 7})["key"])
    api.control.patch("/terms", json={"rate_limit": 9, "strict": True})
    assert api.control.delete("/terms").json()["rate_limit"] == 7
    api.control.patch("/terms", json={"rate_limit": 9, "strict": True})
    api.control.post("/reset")
    assert api.control.get("/terms").json()["rate_limit"] == 7
    assert api.control.get("/terms").json()["strict"] is False


def test_keys_are_the_same_in_every_run() -> None:
    def run() -> list[str]:
        with MockServer(seed=3) as mock:
            return [mint(mock.url)["key"], mint(mock.url, name="a")["key"], mint(mock.url)["key"]]

    first = run()
    assert run() == first
    assert len(set(first)) == 3


def test_the_same_name_gives_the_same_key() -> None:
    with MockServer() as mock:
        key = mint(mock.url, name="worker 1")["key"]
        assert mint(mock.url, 200, name="worker 1", terms={"rate_limit": 3})["key"] == key
        assert mint(mock.url, 200, name="worker 1")["terms"]["rate_limit"] == 3
        own = mint(mock.url, key="my-own", name="mine")
        assert own["key"] == "my-own"
        again = mint(mock.url, 200, key="my-own")
        assert (again["project"], again["name"]) == (own["project"], "mine")
        assert "mine" in mint(mock.url, 409, name="mine")["error"]
        assert "worker 1" in mint(mock.url, 409, name="worker 1", key="my-own-2")["error"]
        assert "mine" in mint(mock.url, 409, key="my-own", name="other")["error"]


@each_family
def test_beside_a_list_of_keys_minted_ones_are_accepted(family: Family, tmp_path: Path) -> None:
    with MockServer(keys=("alice",), data=tmp_path) as mock:
        assert not admitted(family, mock.url, "bob")
        mint(mock.url, key="bob", terms={"rate_limit": 50})
        made = mint(mock.url, name="made")["key"]
        assert admitted(family, mock.url, "bob")
        assert admitted(family, mock.url, "alice")
        job = api_of(mock.url, "bob", family=family).submit(URL)
    with MockServer(keys=("alice",), data=tmp_path) as mock:
        bob = api_of(mock.url, "bob", family=family)
        assert bob.status(job) == "completed"
        assert bob.control.get("/terms").json()["rate_limit"] == 50
        assert admitted(family, mock.url, made)
        assert mint(mock.url, 200, name="made")["key"] == made
        assert httpx.post(f"{mock.url}/_mock/reset").status_code == 200
        assert [admitted(family, mock.url, key) for key in ("alice", "bob", made)] == [True, False, False]
        assert httpx.get(f"{mock.url}/_mock/keys").json() == {"keys": [], "next_before": None}


def test_a_key_that_a_user_brings_is_not_stored(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        mint(mock.url, key="very-secret-key", name="x")
        shown = httpx.get(f"{mock.url}/_mock/keys").json()["keys"]
        assert [(key["key"], key["name"], key["revoked"]) for key in shown] == [("very-…ey", "x", False)]
    connection = sqlite3.connect(tmp_path / "mockserver.sqlite")
    assert "very-secret" not in "\n".join(connection.iterdump())
    connection.close()


@each_family
def test_a_revoked_key_is_refused_until_it_is_minted_again(family: Family, server: MockServer, api: AnyApi) -> None:
    job = api.submit(URL)
    assert api.http.delete(f"/_mock/keys/{api.key}").json() == {"key": api.key, "revoked": True}
    assert not admitted(family, server.url, api.key)
    assert api.control.get("/jobs").status_code == 404
    assert api.http.delete(f"/_mock/keys/{api.key}").status_code == 404
    mint(server.url, key=api.key)
    assert api.status(job) == "completed"


@each_family
def test_after_a_full_reset_keys_are_accepted_as_at_the_start(family: Family) -> None:
    with MockServer() as mock:
        api = api_of(mock.url, "some", family=family)
        first = mint(mock.url, terms={"rate_limit": 5})["key"]
        api.http.delete("/_mock/keys/some")
        httpx.post(f"{mock.url}/_mock/reset")
        assert admitted(family, mock.url, "some")
        assert mint(mock.url)["key"] == first
        assert api_of(mock.url, first, family=family).control.get("/terms").json()["rate_limit"] == 20_000


@each_family
def test_a_key_may_share_the_project_of_another(family: Family, server: MockServer, api: AnyApi) -> None:
    minted = mint(server.url, shares=api.key)
    other = api_of(server.url, minted["key"], family=family)
    job = api.submit(URL)
    assert other.id_of(other.ask(job)) == job
    other.control.post("/reset")
    assert api.ask(job).status_code == api.unknown
    assert admitted(family, server.url, other.key)
    assert "project" in mint(server.url, 409, key=other.key, shares=mint(server.url)["key"])["error"]
    assert mint(server.url, 422, shares="invalid")["error"] == "shares: 'invalid' is not an accepted API key"


def test_keys_are_listed_by_pages() -> None:
    with MockServer() as mock:
        made = [mint(mock.url)["key"] for _ in range(5)]
        first = httpx.get(f"{mock.url}/_mock/keys?limit=3").json()
        rest = httpx.get(f"{mock.url}/_mock/keys", params={"before": first["next_before"]}).json()
        assert [key["key"] for page in (first, rest) for key in page["keys"]] == made[::-1]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"key": "invalid-key"}, "key"),
        ({"key": "with space"}, "key"),
        ({"key": ""}, "key"),
        ({"key": "schlüssel"}, "key"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"terms": {"concurrency": 0}}, "terms.concurrency"),
        ({"terms": {"typo": 1}}, "terms.typo"),
        ({"shares": 5}, "shares"),
        ({"shares": ""}, "shares"),
        ({"shares": "x" * 1001}, "shares"),
        ({"typo": 1}, "typo"),
    ],
    ids=str,
)
def test_keys_that_cannot_be_are_refused(server: MockServer, asked: dict[str, Any], named: str) -> None:
    assert mint(server.url, 422, **asked)["error"].startswith(named)
