"""Sessions of the streaming API, with a client that is not ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PATH = "/v3/ws"
FRAME = bytes(2 * 16_000 // 10)
"""A tenth of a second of silence."""


@contextmanager
def talking(url: str, key: str | None, **query: Any) -> Iterator[ClientConnection]:
    """Open a session, which need not be accepted."""
    asked = urlencode({"sample_rate": 16_000, "speech_model": "universal-streaming-english"} | query)
    headers = {} if key is None else {"Authorization": key}
    address = f"{url.replace('http', 'ws', 1)}{PATH}?{asked}"
    with connect(address, additional_headers=headers, proxy=None, open_timeout=60, close_timeout=60) as socket:
        yield socket


def begun(socket: ClientConnection) -> str:
    """Return the id of a session that has begun."""
    said = heard(socket)
    assert said["type"] == "Begin", said
    return str(said["id"])


def heard(socket: ClientConnection) -> dict[str, Any]:
    """Return the next message."""
    said: dict[str, Any] = json.loads(socket.recv(60))
    return said


def rest(socket: ClientConnection) -> list[dict[str, Any]]:
    """Return everything that is said until the server ends the session."""
    said = []
    try:
        while True:
            said.append(heard(socket))
    except ConnectionClosed:
        return said


def closed(socket: ClientConnection) -> tuple[int, str]:
    """Return how the server closes the session, whatever it says before."""
    rest(socket)
    assert socket.protocol.close_rcvd is not None
    return socket.protocol.close_rcvd.code, socket.protocol.close_rcvd.reason
