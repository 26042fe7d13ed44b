"""What the journal hides."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.embed import MockServer
from tests.apis import Api, Family
from tests.conftest import api_of, each_family
from tests.control.entries import MASK, URL, newest, verify

SECRET = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=16, max_size=40).map("S3".__add__)
NAMES = st.sampled_from(
    [
        "webhook_auth_header_value",
        "api_key",
        "apiKey",
        "token",
        "Authorization",
        "client-secret",
        "password",
        "access_token",
    ]
)
HEADERS = st.sampled_from(
    ["X-Api-Key", "Cookie", "X-Auth-Token", "X-Hub-Signature", "My-Secret", "Proxy-Authorization"]
)
PARAMETERS = st.sampled_from(["token", "key", "Signature", "X-Amz-Signature", "api_key", "%74oken", "sig"])


@st.composite
def bodies(draw: st.DrawFn, secret: str) -> bytes:
    value: Any = draw(st.sampled_from([secret, [secret], {"inner": [secret, 1]}, f"x {secret} \u00e9"]))
    member = {draw(NAMES): value}
    link = {"audio_url": f"https://user:{secret}@example.com/a.mp3?x=1&{draw(PARAMETERS)}={secret}#end"}
    nested = {"prompt": json.dumps(member), "more": [[member]]}
    shown = json.dumps(
        draw(st.sampled_from([member, link, nested, {**link, **nested}])), ensure_ascii=draw(st.booleans())
    )
    escaped = shown.replace("token", "\\u0074oken") if draw(st.booleans()) else shown
    form = f"{draw(PARAMETERS)}={secret}&x=1"
    whole = draw(st.sampled_from([shown, escaped, form, shown.replace("https://", "https:\\/\\/")])).encode()
    return whole[: draw(st.integers(1, len(whole)))] if draw(st.booleans()) else whole


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MockServer, Path]]:
    data = tmp_path_factory.mktemp("kept")
    with MockServer(data=data) as mock:
        yield mock, data


@settings(max_examples=30, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(key=SECRET, secret=SECRET, data=st.data())
def test_no_secret_of_a_request_is_found_anywhere(
    kept: tuple[MockServer, Path], key: str, secret: str, data: st.DataObject
) -> None:
    mock, folder = kept
    scheme = data.draw(st.sampled_from(["", "Bearer "]))
    path = data.draw(st.sampled_from(["/v2/transcript", "/v1/chat/completions", f"/v2/{key}", "/jobs", "/auth/token"]))
    sent = httpx.post(
        f"{mock.url}{path}?a=1&{data.draw(PARAMETERS)}={secret}&other={key}",
        content=data.draw(bodies(secret)) + data.draw(st.sampled_from([b"", b"}", b" " + key.encode()])),
        headers={"Authorization": scheme + key, data.draw(HEADERS): secret, "Referer": f"http://x/?token={secret}"},
    )
    control = f"{mock.url}/_mock"
    (entry,) = httpx.get(f"{control}/journal", params={"limit": 1, "bodies": True}).json()["requests"]
    assert entry["request_headers"]["authorization"] == f"{scheme}{MASK}"
    shown = [
        httpx.get(f"{control}/journal/{path}").text
        for path in ("har", entry["request_id"], f"{entry['request_id']}/curl")
    ]
    shown.append(httpx.get(f"{control}/journal?bodies=true").text)
    shown.append(httpx.post(f"{control}/journal/verify", json={"exactly": 10**6}).text)
    for text in shown:
        assert key not in text
        assert secret not in text
    if sent.status_code != 200 or path == "/auth/token":  # a job must remember whom to call, and how
        for file in folder.glob("*.sqlite*"):
            assert key.encode() not in file.read_bytes()
            assert path != "/auth/token" or secret.encode() not in file.read_bytes()


def test_a_key_that_stands_in_other_headers_is_hidden_there_too(server: MockServer) -> None:
    api = api_of(server.url, f"S3{uuid.uuid4().hex}")
    chat = {"model": f"nope-{api.key}", "messages": [{"role": "user", "content": "Hello"}]}
    refused = api.http.post("/v1/chat/completions", json=chat, headers={"X-Client": f"id {api.key}"})
    assert api.key in refused.headers["x-mock-hint"]
    entry = newest(api)
    assert entry["request_headers"]["x-client"] == f"id {MASK}"
    assert entry["response_headers"]["x-mock-hint"].startswith(f"model nope-{MASK} ")
    assert api.key not in api.control.get("/journal/har").text


@pytest.mark.parametrize("word", [b"key", b"%41", b"token=a&%41"])
def test_a_long_text_of_words_that_secrets_have_holds_nobody_up(word: bytes) -> None:
    with MockServer(journal_body_bytes=2**20) as mock:
        httpx.post(f"{mock.url}/v2/transcript", content=word * (2**20 // len(word)))
        entry = httpx.get(f"{mock.url}/_mock/journal?bodies=true", timeout=20).json()["requests"][0]
        assert entry["request_body"]["kept"]


def test_what_is_no_secret_stays(api: Api) -> None:
    asked = {
        "model": "gpt-4.1",
        "max_tokens": 7,
        "messages": [{"role": "user", "content": "The key to a token is: 5 = five"}],
    }
    reply = api.http.post("/v1/chat/completions", json=asked)
    entry = newest(api)
    assert entry["request_body"]["json"] == asked
    assert entry["response_body"]["json"] == reply.json()


@each_family
def test_secrets_are_kept_where_the_settings_say_so(family: Family) -> None:
    with MockServer(journal_secrets=True) as mock:
        api = api_of(mock.url, family=family)
        api.listing(token="abc")
        entry = newest(api)
        assert (entry["request_headers"]["authorization"], entry["query"]) == (api.authorization, "token=abc")


def test_the_log_shows_no_secret_either(capfd: pytest.CaptureFixture[str]) -> None:
    with MockServer(log_requests=True) as mock:
        httpx.get(f"{mock.url}/v2/transcript?token=hushhush&limit=1")
    log = capfd.readouterr().err
    assert f"token={MASK}&limit=1" in log
    assert "hushhush" not in log


def test_what_a_verification_says_gives_no_secret_away(api: Api) -> None:
    hook = {"webhook_url": "https://example.com/", "webhook_auth_header_name": "X-Mine"}
    api.submit(URL, **hook, webhook_auth_header_value="hush")
    assert verify(api, params={"webhook_auth_header_value": "hush"}).status_code == 200
    reply = verify(api, params={"webhook_auth_header_value": "other"}, headers={"Authorization": "other"})
    assert reply.json()["nearest"][0]["missed"] == [
        f"header Authorization is {MASK}, not other",
        f'webhook_auth_header_value is "{MASK}", not "other"',
    ]
