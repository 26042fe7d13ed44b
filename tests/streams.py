"""A plain client of sessions over WebSockets; what it sends and expects is the streaming API's."""

from __future__ import annotations

import json
from contextlib import ExitStack, suppress
from typing import Any

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.sounds import samples

PATH = "/v3/ws"
QUERY = f"{PATH}?sample_rate=16000&speech_model=universal-streaming-english"
PATIENCE = 20
BEGINS, TURN, ENDS = "Begin", "Turn", "Termination"
SOUND = samples(0.1, 16_000, 1)
"""A tenth of a second that is none of our recordings."""


def kind_of(message: str | bytes) -> str:
    """Return a message's type; that of an error is its text, and what is no JSON is ``?``."""
    try:
        said = json.loads(message)
    except ValueError:
        return "?"
    return str(said["error"] if said["type"] == "Error" else said["type"])


class Stream:
    """A session as its client sees it."""

    def __init__(self, url: str, key: str, fault: str | dict[str, Any] | None = None, query: str = "") -> None:
        headers = {"Authorization": key}
        if fault is not None:
            headers["X-Mock-Fault"] = fault if isinstance(fault, str) else json.dumps(fault)
        address = url.replace("http", "ws", 1) + QUERY + query
        self._exits = ExitStack()
        self.socket: ClientConnection = self._exits.enter_context(
            connect(address, additional_headers=headers, open_timeout=PATIENCE)
        )

    @property
    def headers(self) -> Headers:
        """Return what the upgrade was answered with."""
        assert self.socket.response is not None
        return self.socket.response.headers

    def send(self, tenths: int = 1) -> None:
        """Send so much sound, as far as the server takes it."""
        with suppress(ConnectionClosed):
            for _ in range(tenths):
                self.socket.send(SOUND)

    def terminate(self) -> None:
        with suppress(ConnectionClosed):
            self.frame('{"type": "Terminate"}')

    def frame(self, data: str | bytes) -> None:
        self.socket.send(data)

    def receive(self) -> str:
        """Return the type of the next message."""
        return kind_of(self.socket.recv(timeout=PATIENCE))

    def rest(self) -> list[str]:
        """Return the types of all that comes until the connection is closed."""
        kinds = []
        try:
            while True:
                kinds.append(self.receive())
        except ConnectionClosed:
            return kinds

    def ping(self) -> None:
        """Wait until the server has read all that was sent."""
        assert self.socket.ping().wait(PATIENCE)

    @property
    def close(self) -> tuple[int | None, str | None]:
        """Return the code and the reason that the connection was closed with."""
        return self.socket.close_code, self.socket.close_reason

    def leave(self) -> None:
        self._exits.close()
