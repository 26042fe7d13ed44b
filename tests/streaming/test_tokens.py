"""Temporary tokens: how they are asked for, and what they are good for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.client import Mock
from mockserver.embed import MockServer
from tests.streaming.streams import Ended, opened, refusal

MISSING: dict[str, Any] = {
    "type": "missing", "loc": ["header", "authorization"], "msg": "Field required", "input": None,
}  # fmt: skip


def ask(mock: Mock, authorization: str | None = None, **query: Any) -> httpx.Response:
    shown = mock.api_key if authorization is None else authorization
    return httpx.get(f"{mock.url}/v3/token", params=query, headers={"Authorization": shown} if shown else {})


def made(mock: Mock, **query: Any) -> str:
    reply = ask(mock, **{"expires_in_seconds": 60} | query)
    assert reply.status_code == 200, reply.text
    token: str = reply.json()["token"]
    return token


def begins(url: str, token: str) -> bool:
    with opened(url, token=token) as by_url, opened(url, token) as by_header:
        return [stream.finish()[0]["type"] for stream in (by_url, by_header)] == ["Begin", "Begin"]


@pytest.mark.parametrize("scheme", ["", "Bearer "])
def test_a_token_is_made_for_a_key(mock: Mock, scheme: str) -> None:
    reply = ask(mock, scheme + (mock.api_key or ""), expires_in_seconds=60)
    assert reply.status_code == 200
    assert list(reply.json()) == ["token", "expires_in_seconds"]
    assert reply.json()["expires_in_seconds"] == 60
    assert (mock.api_key or "") not in reply.text
    assert begins(mock.url, reply.json()["token"])


def test_a_session_belongs_to_the_key_of_its_token(mock: Mock) -> None:
    mock.change_terms(stream_concurrency=1)
    with opened(mock.url, mock.api_key) as stream:
        stream.until("Begin")
        assert refusal(mock.url, token=made(mock))[0] == 1008


def test_a_token_ends_by_the_clock(mock: Mock) -> None:
    mock.freeze()
    token = made(mock, expires_in_seconds=5)
    mock.advance(4)
    assert begins(mock.url, token)
    mock.advance(1)
    expired = (1008, "Unauthorized Connection: Signature has expired", Ended(1008, "See Error message for details"))
    assert refusal(mock.url, token=token) == expired
    assert refusal(mock.url, token) == expired


def test_a_token_says_how_long_its_session_may_last(mock: Mock) -> None:
    mock.freeze()
    with opened(mock.url, token=made(mock, max_session_duration_seconds=60)) as stream:
        begin = stream.until("Begin")
        with opened(mock.url, mock.api_key) as other:
            assert other.until("Begin")["expires_at"] == begin["expires_at"] + 10_740
        mock.advance(60)
        assert stream.hear() == {
            "type": "Error", "error_code": 3008, "error": "Session Expired: Maximum session duration exceeded",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [{"type": "missing", "loc": ["query", "expires_in_seconds"], "msg": "Field required", "input": None}]),
        (
            {"expires_in_seconds": 601},
            [{"type": "less_than_equal", "loc": ["query", "expires_in_seconds"],
              "msg": "Input should be less than or equal to 600", "input": "601", "ctx": {"le": 600}}],
        ),
        (
            {"expires_in_seconds": 0, "max_session_duration_seconds": 10_801},
            [
                {"type": "greater_than_equal", "loc": ["query", "expires_in_seconds"],
                 "msg": "Input should be greater than or equal to 1", "input": "0", "ctx": {"ge": 1}},
                {"type": "less_than_equal", "loc": ["query", "max_session_duration_seconds"],
                 "msg": "Input should be less than or equal to 10800", "input": "10801", "ctx": {"le": 10_800}},
            ],
        ),
        (
            {"expires_in_seconds": "x"},
            [{"type": "int_parsing", "loc": ["query", "expires_in_seconds"],
              "msg": "Input should be a valid integer, unable to parse string as an integer", "input": "x"}],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_as_fastapi_does(mock: Mock, query: dict[str, Any], expected: list[Any]) -> None:
    reply = ask(mock, **query)
    assert (reply.status_code, reply.json()) == (422, {"detail": expected})
    reply = ask(mock, "", **query)
    assert (reply.status_code, reply.json()) == (422, {"detail": [*expected, MISSING]})


def test_a_bad_key_gets_no_token(mock: Mock) -> None:
    reply = ask(mock, "invalid", expires_in_seconds=60)
    assert (reply.status_code, reply.json()) == (401, {"detail": "Invalid API key"})


def test_errors_may_have_the_form_of_the_description() -> None:
    with MockServer(quirks=("stream_token_errors",)) as server:
        mock = server.key()
        for authorization, query, status in (
            ("", {}, 401),
            ("invalid", {}, 401),
            (None, {"expires_in_seconds": 0}, 400),
        ):
            reply = ask(mock, authorization, **query)
            assert reply.status_code == status
            assert list(reply.json()) == ["error", "code", "details"]


def test_a_token_may_be_good_for_one_session_only() -> None:
    with MockServer(quirks=("stream_token_once",)) as server:
        token = made(server.key())
        with opened(server.url, token=token) as stream:
            stream.until("Begin")
        assert refusal(server.url, token=token)[:2] == (1008, "Unauthorized Connection: Invalid API key")


def test_a_token_is_good_after_a_restart(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as server:
        token = made(server.key())
    with MockServer(data=tmp_path) as server:
        assert begins(server.url, token)


def test_a_token_that_was_changed_is_none(mock: Mock) -> None:
    head, claims, signature = made(mock).split(".")
    for token in (f"{head}.{claims}.{signature[:-2]}xx", f"{head}.{claims}x.{signature}", f"{head}.{claims}."):
        assert refusal(mock.url, token=token)[1] == "Unauthorized Connection: Invalid API key"
