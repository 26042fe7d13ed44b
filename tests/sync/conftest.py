"""Sync STT as one key sees it, through httpx."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api, api_of
from tests.sounds import samples

HELLO = (AUDIO / "hello.wav").read_bytes()
SAMPLES = HELLO[44:]
PCM = {"sample_rate": 16_000, "channels": 1}
MODEL = "universal-3-5-pro"
BUFFERED = ["/v1/transcribe", "/transcribe"]
LIVE = ["/v1/transcribe/live", "/v1/transcribe/stream"]
Part = tuple[str, tuple[str | None, bytes, str]]


def audio_part(content: bytes, kind: str = "audio/wav", name: str = "clip.wav") -> Part:
    return "audio", (name, content, kind)


def config_part(config: Any, kind: str = "application/json") -> Part:
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    return "config", (None, text, kind)


class Sync:
    """The service, with the control API of the key."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.control = api.control
        self.http = api.http
        self.http.headers["X-AAI-Model"] = MODEL

    def send(
        self, parts: Iterable[Part], path: str = "/v1/transcribe", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a form of any parts."""
        return self.http.post(path, files=list(parts), headers=headers)

    def offer(
        self, content: bytes = HELLO, config: Any = None, *, kind: str = "audio/wav", **more: Any
    ) -> httpx.Response:
        """Send audio, with a configuration before it unless there is none."""
        name = more.pop("name", "clip.wav")
        before = [] if config is None else [config_part(config)]
        return self.send([*before, audio_part(content, kind, name)], **more)

    def heard(self, content: bytes = HELLO, config: Any = None, **more: Any) -> dict[str, Any]:
        reply = self.offer(content, config, **more)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def last(self) -> dict[str, Any]:
        """Return what the journal has of the newest request."""
        query: dict[str, str | int] = {"bodies": "true", "limit": 1}
        entry: dict[str, Any] = self.control.get("/journal", params=query).json()["requests"][0]
        return entry

    def add(self, fixture: Mapping[str, Any], **query: Any) -> None:
        reply = self.control.post("/fixtures", content=json.dumps(fixture), params=query)
        assert reply.status_code == 201, reply.text


def problem(reply: httpx.Response) -> tuple[int, str, str]:
    """Return the status, the title and the detail of a refusal."""
    assert reply.headers["content-type"] == "application/problem+json", reply.text
    said = reply.json()
    assert list(said) == ["status", "title", "detail"]
    assert said["status"] == reply.status_code
    return reply.status_code, said["title"], said["detail"]


@pytest.fixture
def sync(api: Api) -> Sync:
    return Sync(api)


def sync_of(mock: MockServer, key: str | None = None) -> Sync:
    return Sync(api_of(mock.url, key))


def tone(seconds: float, *, rate: int = 16_000, channels: int = 1) -> bytes:
    """Return samples without a head."""
    return samples(seconds, rate, channels)
