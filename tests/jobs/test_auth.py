"""Tokens of the jobs API: how they are had, what they prove, and when they no longer do."""

from __future__ import annotations

import base64
import json
import shutil
import uuid
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from mockserver.embed import MockServer
from mockserver.settings import Settings, SettingsError
from tests.conftest import Api, api_of
from tests.control.entries import MASK, entries, newest
from tests.jobs.conftest import exchange, jobs_of, list_jobs, problem, refresh, tokens_of

SECRET = "the secret that this test signs with"
HOUR = 3600
MONTH = 30 * 24 * HOUR
EMPTY: dict[str, Any] = {"jobs": [], "next_cursor": None}


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def signed(claims: object, secret: str = SECRET, algorithm: str | None = "HS256") -> str:
    return jwt.PyJWS().encode(json.dumps(claims).encode(), secret, algorithm)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def secretive() -> Any:
    with MockServer(token_secret=SECRET) as mock:
        yield mock


def test_a_key_is_exchanged_for_tokens_that_give_access(api: Api) -> None:
    tokens = tokens_of(api.url, api.key)
    access, kept = tokens.pop("access_token"), tokens.pop("refresh_token")
    assert tokens == {"token_type": "Bearer", "expires_in": HOUR, "refresh_expires_in": MONTH}
    for scheme in ("Bearer", "bearer", "BEARER", "Bearer  "):
        reply = list_jobs(api.url, access, scheme)
        assert (reply.status_code, reply.json()) == (200, EMPTY), scheme
    claims, other = claims_of(access), claims_of(kept)
    assert claims.keys() == {"sub", "plan", "iat", "exp", "type", "jti"}
    assert (claims["type"], claims["exp"] - claims["iat"], claims["plan"]) == ("access", HOUR, "pro")
    assert (other["type"], other["exp"] - other["iat"]) == ("refresh", MONTH)
    assert claims["sub"] == other["sub"]
    assert claims["jti"] != other["jti"]
    assert jwt.get_unverified_header(access) == {"alg": "HS256", "typ": "JWT"}
    assert api.key not in json.dumps(claims)


def test_a_token_names_the_plan_of_its_key(api: Api) -> None:
    api.control.patch("/terms", json={"plan": "business"})
    assert claims_of(tokens_of(api.url, api.key)["access_token"])["plan"] == "business"


def test_tokens_are_signed_with_the_secret_of_the_settings(secretive: MockServer) -> None:
    access = tokens_of(secretive.url, "some-key")["access_token"]
    assert jwt.decode(access, SECRET, ["HS256"])["type"] == "access"
    reply = list_jobs(secretive.url, signed(claims_of(access) | {"jti": "made elsewhere"}))
    assert reply.status_code == 200


def test_a_short_secret_works_as_well() -> None:
    with MockServer(token_secret="s") as mock:
        assert list_jobs(mock.url, tokens_of(mock.url, "some-key")["access_token"]).status_code == 200


@pytest.mark.parametrize(
    "secret", ["ssh-rsa AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "\udcff"]
)
def test_a_secret_that_signs_nothing_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(SettingsError, match="token_secret"), MockServer(token_secret=secret):
        pass


def test_secrets_are_not_shown_with_the_settings() -> None:
    shown = repr(Settings(token_secret="hidden-1", webhook_secret="hidden-2"))
    assert "hidden" not in shown
    with pytest.raises(SettingsError) as refused:
        Settings.load(webhook_secret=["hidden"])
    assert "hidden" not in str(refused.value)


def test_an_access_token_is_good_for_an_hour_on_the_clock_of_its_key(jobs: Api, api: Api) -> None:
    others = jobs_of(jobs.url)
    jobs.freeze()
    tokens = tokens_of(jobs.url, jobs.key)
    jobs.advance(HOUR - 2)
    assert list_jobs(jobs.url, tokens["access_token"]).status_code == 200
    jobs.advance(2)
    reply = list_jobs(jobs.url, tokens["access_token"])
    assert problem(reply) == (401, "token_expired")
    assert reply.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert others.http.get("/jobs").status_code == 200

    refreshed = refresh(jobs.url, tokens["refresh_token"])
    assert refreshed.status_code == 200
    renewed = refreshed.json()
    assert renewed["access_token"] != tokens["access_token"]
    assert renewed | {"access_token": ""} == {
        "access_token": "",
        "refresh_token": tokens["refresh_token"],
        "token_type": "Bearer",
        "expires_in": HOUR,
        "refresh_expires_in": MONTH - HOUR,
    }
    assert list_jobs(jobs.url, renewed["access_token"]).status_code == 200


def test_a_refresh_token_is_good_for_thirty_days(api: Api) -> None:
    api.freeze()
    tokens = tokens_of(api.url, api.key)
    api.advance(MONTH - 2)
    assert refresh(api.url, tokens["refresh_token"]).json()["refresh_expires_in"] in (1, 2)
    api.advance(2)
    reply = refresh(api.url, tokens["refresh_token"])
    assert problem(reply) == (401, "invalid_refresh_token")
    assert "expired" in reply.headers["x-mock-hint"]


def test_two_refreshes_give_two_tokens_even_while_time_stands_still(api: Api) -> None:
    api.freeze()
    tokens = tokens_of(api.url, api.key)
    one, two = (refresh(api.url, tokens["refresh_token"]).json()["access_token"] for _ in range(2))
    assert len({one, two, tokens["access_token"]}) == 3


def test_an_expired_token_does_not_come_back_to_life_by_its_own_second(api: Api) -> None:
    tokens = tokens_of(api.url, api.key)
    api.advance(HOUR)
    assert [problem(list_jobs(api.url, tokens["access_token"])) for _ in range(3)] == [(401, "token_expired")] * 3


def forgeries(token: str) -> dict[str, str]:
    """Return tokens that are not quite the one that the server gave."""
    head, payload, signature = token.split(".")
    claims = claims_of(token)
    end = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    next_bit = end[end.index(signature[-1]) ^ 1]
    return {
        "payload": f"{head}.{encoded(claims | {'sub': '0' * 32})}.{signature}",
        "first sign of the signature": f"{head}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        "a bit of the signature that means nothing": f"{head}.{payload}.{signature[:-1]}{next_bit}",
        "padded": f"{token}=",
        "no signature": f"{head}.{payload}.",
        "two parts": f"{head}.{payload}",
        "alg none": f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
        "alg none with the signature": f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{payload}.{signature}",
        "PyJWT's alg none": signed(claims, "", None),
        "HS512": signed(claims, SECRET.ljust(64, "\0"), "HS512"),
        "another secret": signed(claims, "another secret, which the server does not have"),
        "no claims": signed({}),
        "no subject": signed({name: value for name, value in claims.items() if name != "sub"}),
        "no end": signed({name: value for name, value in claims.items() if name != "exp"}),
        "no type": signed({name: value for name, value in claims.items() if name != "type"}),
        "odd type": signed(claims | {"type": ["access"]}),
        "subject is a number": signed(claims | {"sub": 5}),
        "end is a text": signed(claims | {"exp": "never"}),
        "subject is half a character": signed(claims | {"sub": "\ud800"}),
        "end is no number": signed(claims | {"exp": float("inf")}),
        "no object": signed([claims]),
        "unknown subject": signed(claims | {"sub": "0" * 32}),
        "huge": "x" * 30_000,
        "deep": f"{encoded(0)}.{payload}.{signature}".replace(
            encoded(0), base64.urlsafe_b64encode(b"[" * 2500).decode().rstrip("=")
        ),
        "no dots": "abc",
        "dots": "..",
        "not ASCII": "t\u00f6k\u00e9n.\u00e4.\u00fc",
    }


FORGED = list(forgeries(signed({"sub": "", "exp": 0, "type": "access"})))


@pytest.mark.parametrize("forged", FORGED)
def test_a_token_that_the_server_did_not_give_is_refused(secretive: MockServer, forged: str) -> None:
    tokens = tokens_of(secretive.url, "some-key")
    token = forgeries(tokens["access_token"])[forged]
    headers = {b"Authorization": b"Bearer " + token.encode("latin-1")}
    reply = httpx.get(f"{secretive.url}/jobs", headers=headers)
    assert problem(reply) == (401, "invalid_token")
    assert reply.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    reply = refresh(secretive.url, forgeries(tokens["refresh_token"])[forged])
    assert problem(reply) == (401, "invalid_refresh_token")
    assert list_jobs(secretive.url, tokens["access_token"]).status_code == 200


def test_neither_token_does_the_work_of_the_other(api: Api) -> None:
    tokens = tokens_of(api.url, api.key)
    assert problem(list_jobs(api.url, tokens["refresh_token"])) == (401, "invalid_token")
    assert problem(refresh(api.url, tokens["access_token"])) == (401, "invalid_refresh_token")


def test_a_refresh_token_of_100_kb_is_refused(server: MockServer) -> None:
    assert problem(refresh(server.url, "x" * 100_000)) == (401, "invalid_refresh_token")
    assert problem(refresh(server.url, f"{'x' * 100_000}.y.z")) == (401, "invalid_refresh_token")


def test_an_access_token_of_100_kb_holds_nobody_up(server: MockServer) -> None:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=20)
    try:
        connection.request("GET", "/jobs", headers={"Authorization": "Bearer " + "x" * 100_000})
        assert 400 <= connection.getresponse().status < 500
    finally:
        connection.close()


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dXNlcjpwYXNz", "tsk_live_1", "Token abc"])
def test_a_request_without_a_bearer_token_is_refused(server: MockServer, header: str | None) -> None:
    reply = httpx.get(f"{server.url}/jobs", headers={} if header is None else {"Authorization": header})
    assert problem(reply) == (401, "unauthorized")
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b"", (400, "invalid_request")),
        (b"api_key=tsk_live_1", (400, "invalid_request")),
        (b'{"api_key": "tsk', (400, "invalid_request")),
        (b'{"api_key": "\\ud800"}', (400, "invalid_request")),
        (b"\xff\xfe", (400, "invalid_request")),
        (b"[" * 100_000, (400, "invalid_request")),
        (b"null", (400, "invalid_request")),
        (b'["api_key"]', (400, "invalid_request")),
        (b"{}", (400, "invalid_request")),
        (b'{"API_KEY": "tsk_live_1"}', (400, "invalid_request")),
        (b'{"api_key": null}', (400, "invalid_request")),
        (b'{"api_key": 5}', (400, "invalid_request")),
        (b'{"api_key": ["tsk_live_1"]}', (400, "invalid_request")),
        (b'{"api_key": ""}', (401, "invalid_api_key")),
        (b'{"api_key": "invalid_key"}', (401, "invalid_api_key")),
        (b'{"api_key": "' + b"x" * 2**20 + b'"}', (401, "invalid_api_key")),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_that_has_no_good_key_is_refused(server: MockServer, body: bytes, refused: tuple[int, str]) -> None:
    reply = httpx.post(f"{server.url}/auth/token", content=body)
    assert problem(reply) == refused
    assert ("www-authenticate" in reply.headers) == (refused[0] == 401)
    if refused[0] == 400:
        reply = httpx.post(f"{server.url}/auth/refresh", content=body.replace(b"api_key", b"refresh_token"))
        assert problem(reply) == refused


def test_a_body_over_the_limit_is_refused_as_a_whole() -> None:
    body = b" " * 2000 + b'{"api_key": "tsk_live_1"}'
    with MockServer(body_bytes=1000) as mock:
        for path in ("/auth/token", "/auth/refresh"):
            reply = httpx.post(f"{mock.url}{path}", content=body)
            assert problem(reply) == (413, "payload_too_large")
            assert reply.json()["limit_bytes"] == 1000
            assert reply.headers["x-request-id"]


def test_a_client_that_leaves_while_it_sends_does_no_harm(server: MockServer) -> None:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", "/auth/token")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b'{"api_key": ')
    connection.close()
    assert exchange(server.url, "tsk_live_1").status_code == 200


def test_a_revoked_key_has_no_use_for_its_tokens(api: Api) -> None:
    tokens = tokens_of(api.url, api.key)
    assert list_jobs(api.url, tokens["access_token"]).status_code == 200
    assert httpx.delete(f"{api.url}/_mock/keys/{api.key}").status_code == 200
    assert problem(list_jobs(api.url, tokens["access_token"])) == (401, "invalid_token")
    assert problem(refresh(api.url, tokens["refresh_token"])) == (401, "invalid_refresh_token")
    assert problem(exchange(api.url, api.key)) == (401, "invalid_api_key")


def test_only_listed_keys_are_exchanged_where_there_is_a_list(tmp_path: Path) -> None:
    with MockServer(keys=["one,two", "three"], data=tmp_path) as mock:
        assert problem(exchange(mock.url, "four")) == (401, "invalid_api_key")
        tokens = {key: tokens_of(mock.url, key)["access_token"] for key in ("one", "two", "three")}
        ids = {key: list_jobs(mock.url, token).headers["x-request-id"][:-2] for key, token in tokens.items()}
        assert ids["one"] == ids["two"] != ids["three"]
    with MockServer(keys=["one"], data=tmp_path) as mock:
        assert list_jobs(mock.url, tokens["one"]).status_code == 200
        assert problem(list_jobs(mock.url, tokens["three"])) == (401, "invalid_token")


def test_tokens_outlive_a_restart(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        minted = httpx.post(f"{mock.url}/_mock/keys", json={"name": "made"}).json()["key"]
        httpx.post(f"{mock.url}/_mock/keys", json={"key": "brought-along", "shares": minted})
        tokens = {key: tokens_of(mock.url, key) for key in ("just-used", minted, "brought-along", "revoked-key")}
        assert httpx.delete(f"{mock.url}/_mock/keys/revoked-key").status_code == 200
        ids = {key: list_jobs(mock.url, both["access_token"]).headers["x-request-id"] for key, both in tokens.items()}
    with MockServer(data=tmp_path) as mock:
        assert problem(list_jobs(mock.url, tokens.pop("revoked-key")["access_token"])) == (401, "invalid_token")
        for key, both in tokens.items():
            reply = list_jobs(mock.url, both["access_token"])
            assert reply.status_code == 200, key
            assert reply.headers["x-request-id"].split("_")[1] == ids[key].split("_")[1]
            assert refresh(mock.url, both["refresh_token"]).status_code == 200
        assert len(entries(api_of(mock.url, "just-used"))) == 4


def test_the_same_moment_gives_the_same_tokens(tmp_path: Path) -> None:
    with MockServer(data=tmp_path / "first") as mock:
        httpx.post(f"{mock.url}/_mock/clock/freeze")
        tokens_of(mock.url, "some-key")
    shutil.copytree(tmp_path / "first", tmp_path / "second")

    def run(folder: str) -> list[str]:
        with MockServer(data=tmp_path / folder) as mock:
            tokens = [tokens_of(mock.url, key) for key in ("some-key", "other-key", "some-key")]
            return [token for both in tokens for token in (both["access_token"], both["refresh_token"])]

    first = run("first")
    assert run("second") == first
    assert len(set(first)) == 6


def test_a_token_of_a_server_with_another_seed_is_refused(server: MockServer) -> None:
    with MockServer(seed=5) as mock:
        tokens = tokens_of(mock.url, "some-key")
    assert exchange(server.url, "some-key").status_code == 200
    assert problem(list_jobs(server.url, tokens["access_token"])) == (401, "invalid_token")


def test_tokens_are_limited_for_each_key(api: Api) -> None:
    api.freeze()
    api.control.patch("/terms", json={"token_limit": 2})
    tokens = [tokens_of(api.url, api.key) for _ in range(2)]
    api.advance(20)
    refused = exchange(api.url, api.key)
    assert problem(refused) == (429, "rate_limited")
    assert refused.headers["retry-after"] == "40"
    assert "token_limit" in refused.headers["x-mock-hint"]
    assert exchange(api.url, f"other-{api.key}").status_code == 200
    assert refresh(api.url, tokens[0]["refresh_token"]).status_code == 200
    assert list_jobs(api.url, tokens[1]["access_token"]).status_code == 200
    api.advance(39)
    assert exchange(api.url, api.key).headers["retry-after"] == "1"
    api.advance(1)
    assert exchange(api.url, api.key).status_code == 200


def test_the_limit_is_300_and_can_be_taken_away(api: Api) -> None:
    api.freeze()
    with httpx.Client(base_url=api.url) as client:
        statuses = [client.post("/auth/token", json={"api_key": api.key}).status_code for _ in range(301)]
    assert statuses == [200] * 300 + [429]
    api.control.patch("/terms", json={"token_limit": 0})
    assert exchange(api.url, api.key).status_code == 200


def test_keys_with_one_project_have_a_limit_each() -> None:
    with MockServer(keys=["one,two"], token_limit=1) as mock:
        assert [exchange(mock.url, key).status_code for key in ("one", "two", "one", "two")] == [200, 200, 429, 429]


def test_a_key_that_asks_for_a_fault_gets_tokens_whose_calls_fail(api: Api) -> None:
    tokens = tokens_of(api.url, f"{api.key}+rate_limited")
    assert claims_of(tokens["access_token"])["fault"] == "rate_limited"
    renewed = refresh(api.url, tokens["refresh_token"]).json()
    for access in (tokens["access_token"], renewed["access_token"]):
        reply = list_jobs(api.url, access)
        assert problem(reply) == (429, "rate_limited")
        assert (reply.headers["x-mock-fault"], reply.headers["retry-after"]) == ("rate_limited", "1")
    assert list_jobs(api.url, tokens_of(api.url, api.key)["access_token"]).status_code == 200
    assert [entry["status"] for entry in entries(api)] == [200, 200, 429, 429, 200, 200]


def test_a_suffix_that_names_no_fault_belongs_to_the_key(api: Api) -> None:
    tokens = tokens_of(api.url, f"{api.key}+nothing")
    assert "fault" not in claims_of(tokens["access_token"])
    assert entries(api) == []


def test_a_fault_for_tokens_meets_only_its_key(api: Api) -> None:
    rule = {"method": "POST", "path": "/auth/token", "error": "service_unavailable", "times": 1}
    assert api.control.post("/faults", json=rule).status_code < 300
    assert exchange(api.url, f"other-{api.key}").status_code == 200
    assert problem(exchange(api.url, api.key)) == (503, "transient_error")
    assert exchange(api.url, api.key).status_code == 200


def test_a_broken_service_gives_no_tokens_either(api: Api) -> None:
    tokens = tokens_of(api.url, api.key)
    api.control.patch("/terms", json={"failing": 503})
    assert problem(exchange(api.url, api.key)) == (503, "transient_error")
    assert problem(refresh(api.url, tokens["refresh_token"])) == (503, "transient_error")
    assert problem(list_jobs(api.url, tokens["access_token"])) == (503, "transient_error")


def test_all_requests_of_a_key_stand_in_its_journal_the_refused_ones_too(api: Api) -> None:
    tokens = tokens_of(api.url, api.key)
    api.advance(MONTH)
    assert problem(list_jobs(api.url, tokens["access_token"])) == (401, "token_expired")
    assert problem(refresh(api.url, tokens["refresh_token"])) == (401, "invalid_refresh_token")
    list_jobs(api.url, tokens_of(api.url, api.key)["access_token"])
    seen = [(entry["method"], entry["path"], entry["status"]) for entry in reversed(entries(api))]
    assert seen == [
        ("POST", "/auth/token", 200),
        ("GET", "/jobs", 401),
        ("POST", "/auth/refresh", 401),
        ("POST", "/auth/token", 200),
        ("GET", "/jobs", 200),
    ]


def test_the_body_says_who_asks_for_tokens_and_not_the_header(api: Api) -> None:
    other = tokens_of(api.url, f"other-{api.key}+rate_limited")
    headers = {"Authorization": f"Bearer {other['access_token']}"}
    reply = httpx.post(f"{api.url}/auth/token", json={"api_key": api.key}, headers=headers)
    assert reply.status_code == 200
    refresh_token = reply.json()["refresh_token"]
    reply = httpx.post(f"{api.url}/auth/refresh", json={"refresh_token": refresh_token}, headers=headers)
    assert reply.status_code == 200
    assert [entry["path"] for entry in entries(api)] == ["/auth/refresh", "/auth/token"]


def test_no_key_and_no_token_stands_in_the_journal() -> None:
    with MockServer() as mock:
        api = api_of(mock.url, f"tsk_live_{uuid.uuid4().hex}")
        tokens = tokens_of(mock.url, api.key)
        entry = newest(api)
        assert entry["request_body"]["json"] == {"api_key": MASK}
        assert entry["response_body"]["json"] == tokens | {"access_token": MASK, "refresh_token": MASK}
        renewed = refresh(mock.url, tokens["refresh_token"]).json()
        assert newest(api)["request_body"]["json"] == {"refresh_token": MASK}
        list_jobs(mock.url, renewed["access_token"])
        assert newest(api)["request_headers"]["authorization"] == f"Bearer {MASK}"
        shown = api.control.get("/journal", params={"bodies": True}).text + api.control.get("/journal/har").text
        for secret in (api.key, tokens["access_token"], tokens["refresh_token"], renewed["access_token"]):
            assert secret not in shown


def test_what_the_server_does_not_have_is_refused_in_the_words_of_this_api(server: MockServer) -> None:
    assert problem(httpx.get(f"{server.url}/auth/nothing")) == (404, "not_found")
    assert problem(httpx.get(f"{server.url}/jobs/a/b/c")) == (404, "not_found")
    reply = httpx.get(f"{server.url}/auth/token")
    assert problem(reply) == (405, "method_not_allowed")
    assert reply.headers["allow"] == "POST"
