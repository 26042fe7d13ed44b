"""Asking the journal."""

from __future__ import annotations

import socket
from typing import Any

import httpx

from mockserver.embed import MockServer
from tests.conftest import Api

URL = "https://example.com/some.mp3"
MASK = "*masked*"
KEPT = 8 * 1024


def entries(api: Api, **filters: Any) -> list[dict[str, Any]]:
    reply = api.control.get("/journal", params=filters)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["requests"]
    return found


def newest(api: Api) -> dict[str, Any]:
    return entries(api, bodies=True, limit=1)[0]


def connected(server: MockServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def verify(api: Api, **expected: Any) -> httpx.Response:
    return api.control.post("/journal/verify", json=expected)
