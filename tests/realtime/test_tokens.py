"""Temporary tokens of the legacy realtime API."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Api, api_of
from tests.processes import running
from tests.realtime.client import Client, kinds, silence
from tests.realtime.conftest import Opened
from tests.test_requests import SCHEMA_ERROR

ADMITTED = ["SessionBegins", "SessionTerminated"]


def token_of(api: Api, seconds: int = 60) -> str:
    reply = api.http.post("/v2/realtime/token", json={"expires_in": seconds})
    assert reply.status_code == 200, reply.text
    assert list(reply.json()) == ["token"]
    token: str = reply.json()["token"]
    return token


def refused(client: Client) -> bool:
    return client.rest() == [{"error": "Not Authorized"}] and client.code == 4001


def test_a_token_admits_whoever_has_it(api: Api, opened: Opened) -> None:
    token = token_of(api)
    assert re.fullmatch("[0-9a-f]{64}", token)
    assert kinds(opened(None, token=token).finish()) == ADMITTED
    assert kinds(opened(None, token=token).finish()) == ADMITTED


def test_tokens_differ(api: Api) -> None:
    api.freeze()
    assert len({token_of(api) for _ in range(5)}) == 5


def test_a_session_belongs_to_the_key_of_its_token(api: Api, opened: Opened) -> None:
    token = token_of(api)
    api.control.patch("/terms", json={"negative_balance": True})
    client = opened(None, token=token)
    assert client.rest() == [{"error": "Insufficient Funds"}]
    assert client.code == 4002


def test_a_token_ends_by_the_clock(api: Api, opened: Opened) -> None:
    api.freeze()
    token, longer = token_of(api, 60), token_of(api, 3600)
    api.advance(59)
    assert kinds(opened(None, token=token).finish()) == ADMITTED
    api.advance(1)
    assert refused(opened(None, token=token))
    assert kinds(opened(None, token=longer).finish()) == ADMITTED
    note = api.control.get("/journal", params={"path": "/v2/realtime/ws"}).json()["requests"][1]["note"]
    assert "expired" in note


def test_a_session_goes_on_when_its_token_has_ended(api: Api, opened: Opened) -> None:
    api.freeze()
    client = opened(None, token=token_of(api, 60))
    client.ask(force_end_utterance=True)
    client.ping()
    api.advance(59)
    client.ask(force_end_utterance=True)
    client.ping()
    api.advance(59)
    assert kinds(client.finish()) == ADMITTED


def test_no_token_can_be_made_up(api: Api, opened: Opened) -> None:
    token = token_of(api)
    assert kinds(opened(None, token=token).finish()) == ADMITTED
    for place in range(0, 64, 7):
        other = token[:place] + ("1" if token[place] != "1" else "2") + token[place + 1 :]
        assert refused(opened(None, token=other))
    for other in ("0" * 64, token[:-1], token + "0", token.upper().replace("0", "A"), "ä" * 64, api.key):
        assert refused(opened(None, token=other))


def test_a_wrong_token_is_refused_although_the_key_is_right(opened: Opened) -> None:
    assert refused(opened(token="0" * 64))


def test_a_token_asks_for_the_fault_that_its_key_asked_for(api: Api, opened: Opened) -> None:
    token = token_of(api_of(api.url, f"{api.key}+session_dropped"))
    client = opened(None, token=token)
    client.send(silence(2000))
    client.rest()
    assert client.code == 1011
    assert kinds(opened(None, token=token_of(api)).finish()) == ADMITTED


def test_an_empty_token_is_none(opened: Opened) -> None:
    assert kinds(opened(token="").finish()) == ADMITTED


def test_the_token_of_a_revoked_key_admits_nobody(api: Api, opened: Opened) -> None:
    minted = api.control.post("/keys", json={}).json()["key"]
    token = token_of(api_of(api.url, minted))
    assert kinds(opened(None, token=token).finish()) == ADMITTED
    assert api.control.delete(f"/keys/{minted}").status_code in (200, 204)
    assert refused(opened(None, token=token))


@pytest.mark.parametrize("body", [{}, {"expires_in": 59}, {"expires_in": "60"}, {"expires_in": 10**12}, []])
def test_a_token_is_good_for_a_minute_at_least(body: object, api: Api) -> None:
    reply = api.http.post("/v2/realtime/token", json=body)
    assert (reply.status_code, reply.json()) == (400, SCHEMA_ERROR)


def test_a_token_needs_an_accepted_key(api: Api) -> None:
    reply = api.http.post("/v2/realtime/token", json={"expires_in": 60}, headers={"Authorization": "invalid"})
    assert reply.status_code == 401


def test_tokens_survive_a_restart(tmp_path: Path) -> None:
    flags = ("--quirks", "realtime_v2", "--data", str(tmp_path))
    with running(*flags) as first:
        token = token_of(api_of(first.url, "some-key"), 3600)
    with running(*flags) as second:
        assert kinds(Client(second.url, None, token=token, sample_rate=16_000).finish()) == ADMITTED
        api = api_of(second.url, "some-key")
        api.advance(3600)
        assert refused(Client(second.url, None, token=token, sample_rate=16_000))
    with running("--quirks", "realtime_v2", "--seed", "7") as other:
        assert refused(Client(other.url, None, token=token, sample_rate=16_000))
