"""Asking the journal."""

from __future__ import annotations

import socket
from typing import Any

import httpx

from mockserver.embed import MockServer
from tests.apis import AnyApi

URL = "https://example.com/some.mp3"
MASK = "*masked*"
KEPT = 8 * 1024


def entries(api: AnyApi, **filters: Any) -> list[dict[str, Any]]:
    """Return what the journal has, but for the requests for tokens that a client of the jobs API makes by itself."""
    reply = api.control.get("/journal", params=filters)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["requests"]
    return [entry for entry in found if not entry["path"].startswith(api.token_paths)]


def newest(api: AnyApi) -> dict[str, Any]:
    return entries(api, bodies=True, limit=3)[0]


def connected(server: MockServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def verify(api: AnyApi, **expected: Any) -> httpx.Response:
    return api.control.post("/journal/verify", json=expected)
