"""A client of streams that keeps all that it is told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from mockserver.engine.sound import mono
from tests.conftest import AUDIO

RATE = 16_000
ENGLISH, PRO = "universal-streaming-english", "universal-3-5-pro"
Said = dict[str, Any]


@cache
def pcm(name: str, rate: int = RATE) -> bytes:
    """Return a recording of the fixtures as 16-bit mono samples."""
    return b"".join(mono(AUDIO / name if "/" not in name else Path(name), rate))


def quiet(seconds: float, rate: int = RATE) -> bytes:
    return bytes(2 * round(seconds * rate))


def frames(audio: bytes, milliseconds: int = 50, rate: int = RATE, width: int = 2) -> Iterator[bytes]:
    """Yield audio in frames of so many milliseconds; the last one may be shorter."""
    size = rate * milliseconds // 1000 * width
    return (audio[at : at + size] for at in range(0, len(audio), size))


class Ended(NamedTuple):
    """How a session ended."""

    code: int | None
    reason: str


class Stream:
    """One session."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.said: list[Said] = []
        """What the server has said."""
        self.ended: Ended | None = None

    def send(self, *frames: bytes | str | Said) -> None:
        for frame in frames:
            try:
                self.socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)
            except ConnectionClosed:
                return  # what it was told before can still be read

    def wait_until_read(self) -> None:
        """Wait until the server has what was sent: it answers a ping after it."""
        assert self.socket.ping().wait(30)

    def hear(self) -> Said | None:
        """Return what the server says next; None if the session is over."""
        try:
            said: Said = json.loads(self.socket.recv(30))
        except ConnectionClosed as closed:
            self.ended = Ended(closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else Ended(None, "")
            return None
        self.said.append(said)
        return said

    def until(self, kind: str, **fields: Any) -> Said:
        """Return the next message of a type, with such fields."""
        while said := self.hear():
            if said["type"] == kind and all(said[name] == value for name, value in fields.items()):
                return said
        raise AssertionError(f"no {kind}: {self.said} {self.ended}")

    def finish(self, *, terminate: bool = True) -> list[Said]:
        """End the session, and return all that was said in it."""
        if terminate:
            self.send({"type": "Terminate"})
        while self.hear():
            pass
        return self.said

    def of(self, kind: str) -> list[Said]:
        return [said for said in self.said if said["type"] == kind]

    @property
    def kinds(self) -> list[str]:
        return [said["type"] for said in self.said]


@contextmanager
def opened(url: str, key: str | None = None, path: str = "/v3/ws", **params: Any) -> Iterator[Stream]:
    """Open a session; lists and objects among the parameters are sent as JSON."""
    shown = {name: json.dumps(each) if isinstance(each, list | dict) else each for name, each in params.items()}
    headers = {"Authorization": key} if key is not None else {}
    address = f"{url.replace('http', 'ws', 1)}{path}?{urlencode(shown)}"
    with connect(address, additional_headers=headers, max_size=None, max_queue=None, compression=None) as socket:
        yield Stream(socket)


def heard(url: str, key: str | None, sent: Iterable[bytes | str | Said], **params: Any) -> list[Said]:
    """Return all that is said in a session in which these frames are sent, and then Terminate."""
    with opened(url, key, **{"sample_rate": RATE} | params) as stream:
        stream.send(*sent)
        return stream.finish()


def turns(said: Iterable[Said]) -> list[Said]:
    return [each for each in said if each["type"] == "Turn"]


def finals(said: Iterable[Said]) -> list[Said]:
    """Return the turns that are over, and not empty."""
    return [turn for turn in turns(said) if turn["end_of_turn"] and turn["words"]]


def refusal(url: str, key: str | None = None, **params: Any) -> tuple[int, str, Ended]:
    """Return how a session is refused: code and text of its Error, and its end."""
    with opened(url, key, **params) as stream:
        (error,) = stream.finish(terminate=False)
        assert list(error) == ["type", "error_code", "error"]
        assert error["type"] == "Error"
        assert stream.ended is not None
        return error["error_code"], error["error"], stream.ended
