from __future__ import annotations

from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.conftest import Api, api_of


def exchange(url: str, key: object) -> httpx.Response:
    return httpx.post(f"{url}/auth/token", json={"api_key": key})


def tokens_of(url: str, key: str) -> dict[str, Any]:
    reply = exchange(url, key)
    assert reply.status_code == 200, reply.text
    tokens: dict[str, Any] = reply.json()
    return tokens


def refresh(url: str, token: object) -> httpx.Response:
    return httpx.post(f"{url}/auth/refresh", json={"refresh_token": token})


def list_jobs(url: str, token: str, scheme: str = "Bearer") -> httpx.Response:
    return httpx.get(f"{url}/jobs", headers={"Authorization": f"{scheme} {token}"})


def problem(reply: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal, which has a message too."""
    body = reply.json()
    assert body["message"]
    return reply.status_code, body["error"]


def jobs_of(url: str, key: str | None = None) -> Api:
    """Return the jobs API as a key of its own sees it: ``http`` sends an access token."""
    api = api_of(url, key)
    api.http.headers["Authorization"] = f"Bearer {tokens_of(url, api.key)['access_token']}"
    return api


@pytest.fixture
def jobs(server: MockServer) -> Api:
    return jobs_of(server.url)
