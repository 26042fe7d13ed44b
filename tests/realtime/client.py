"""A plain WebSocket client of the legacy realtime API, and the audio that it sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import cache
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from mockserver.engine.sound import mono
from tests.conftest import AUDIO
from tests.sounds import samples

RATE = 16_000
PATIENCE = 30
Sent = dict[str, Any]


@cache
def pcm(name: str, rate: int = RATE) -> bytes:
    """Return one of our recordings as samples."""
    return b"".join(mono(AUDIO / name, rate))


def silence(milliseconds: int, rate: int = RATE) -> bytes:
    return bytes(2 * (rate * milliseconds // 1000))


def noise(milliseconds: int, rate: int = RATE) -> bytes:
    """Return a sound that is no recording of ours."""
    return samples(milliseconds / 1000, rate, 1)


def frames(audio: bytes, milliseconds: int = 500, rate: int = RATE) -> Iterator[bytes]:
    size = 2 * (rate * milliseconds // 1000)
    return (audio[at : at + size] for at in range(0, len(audio), size))


class Client:
    """A session as its client has it."""

    def __init__(self, url: str, key: str | None, **query: object) -> None:
        headers = {"Authorization": key} if key is not None else {}
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        address = f"{url.replace('http', 'ws', 1)}/v2/realtime/ws?{asked}"
        self._exits = ExitStack()
        self._socket = self._exits.enter_context(
            connect(address, additional_headers=headers, open_timeout=PATIENCE, max_size=None)
        )

    def send(self, audio: bytes, milliseconds: int = 500) -> None:
        for frame in frames(audio, milliseconds):
            self.frame(frame)

    def frame(self, data: bytes | str) -> None:
        self._socket.send(data)

    def ask(self, **message: Any) -> None:
        self.frame(json.dumps(message))

    def ping(self) -> None:
        """Wait until the server has taken what was sent."""
        assert self._socket.ping().wait(PATIENCE)

    def receive(self) -> Sent:
        sent: Sent = json.loads(self._socket.recv(timeout=PATIENCE))
        return sent

    def until(self, kind: str) -> list[Sent]:
        """Return what is sent until there is a message of this type, and that."""
        sent = [self.receive()]
        while sent[-1].get("message_type") != kind:
            sent.append(self.receive())
        return sent

    def rest(self) -> list[Sent]:
        """Return what is sent until the connection is closed."""
        sent = []
        try:
            while True:
                sent.append(self.receive())
        except ConnectionClosed:
            return sent

    def finish(self) -> list[Sent]:
        """Terminate the session, and return what is sent until its end."""
        self.ask(terminate_session=True)
        return self.rest()

    def frame_if_open(self, data: bytes | str) -> None:
        """Send a frame, unless the server has closed the session, perhaps while it comes."""
        with suppress(ConnectionClosed):
            self.frame(data)

    def finish_if_open(self) -> list[Sent]:
        """Terminate the session, unless it is over, and return what was sent."""
        self.frame_if_open('{"terminate_session":true}')
        return self.rest()

    @property
    def code(self) -> int | None:
        return self._socket.close_code

    @property
    def reason(self) -> str | None:
        return self._socket.close_reason

    def leave(self) -> None:
        self._exits.close()


def kinds(sent: list[Sent]) -> list[str]:
    return [each.get("message_type", "error") for each in sent]


def finals(sent: list[Sent]) -> list[Sent]:
    return [each for each in sent if each.get("message_type") == "FinalTranscript"]


def partials(sent: list[Sent]) -> list[Sent]:
    return [each for each in sent if each.get("message_type") == "PartialTranscript"]
