"""The LLM Gateway as one key sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.conftest import Api, api_of

MODEL = "gpt-5"
TALKS = "https://example.com/talks/garden.mp3"
SAID = (
    "Good morning, this is the garden club. The meeting about the greenhouse was moved to Friday. "
    "Please bring your own gloves and a small spade. We decided to buy forty tulip bulbs. "
    "Anna will send the invoice to the treasurer by Monday."
)
FIXTURE = f"""
match:
  audio_url: {TALKS}
text: {SAID}
"""


class Gateway:
    """Chat requests of one key."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def post(self, body: Any, **options: Any) -> httpx.Response:
        return self.api.http.post("/v1/chat/completions", json=body, **options)

    def ask(self, text: str = "Hello", **fields: Any) -> dict[str, Any]:
        """Return the reply to one message of the user, or to the ``messages`` given."""
        asked = {"model": MODEL, "messages": [{"role": "user", "content": text}], **fields}
        reply = self.post(asked)
        assert reply.status_code == 200, reply.text
        view: dict[str, Any] = reply.json()
        return view

    def say(self, text: str = "Hello", **fields: Any) -> str:
        """Return the text of the answer."""
        said: str = self.ask(text, **fields)["choices"][0]["message"]["content"]
        return said

    def refused(self, **fields: Any) -> list[str]:
        """Return what is wrong with a request."""
        reply = self.post({"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], **fields})
        assert reply.status_code == 400, reply.text
        view = reply.json()
        assert (view["code"], view["message"]) == (400, "invalid request body")
        errors: list[str] = view["metadata"]["errors"]
        return errors

    def stream(self, text: str = "Hello", **fields: Any) -> list[dict[str, Any]]:
        """Return the chunks of a stream that ends as it should."""
        asked = {"model": MODEL, "messages": [{"role": "user", "content": text}], "stream": True, **fields}
        with self.api.http.stream("POST", "/v1/chat/completions", json=asked) as reply:
            assert reply.status_code == 200, reply.read()
            assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
            *chunks, end = list(events(reply.iter_lines()))
        assert end == "[DONE]"
        return [json.loads(chunk) for chunk in chunks]


def events(lines: Iterator[str]) -> Iterator[str]:
    """Yield the data of server-sent events."""
    for line in lines:
        if line:
            assert line.startswith("data: "), line
            yield line.removeprefix("data: ")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    folder = tmp_path_factory.mktemp("fixtures")
    (folder / "garden.yaml").write_text(FIXTURE)
    with MockServer(fixtures=(folder,)) as mock:
        yield mock


@pytest.fixture
def gateway(api: Api) -> Gateway:
    return Gateway(api)


Answering = Callable[..., Gateway]


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Answering]:
    """A server whose only fixtures are those of a text; keyword arguments are settings."""
    running: list[MockServer] = []

    def start(fixtures: str, **settings: Any) -> Gateway:
        (tmp_path / "answers.yaml").write_text(fixtures)
        mock = MockServer(fixtures=(tmp_path,), samples=False, **settings)
        running.append(mock.__enter__())
        return Gateway(api_of(mock.url))

    yield start
    for mock in running:
        mock.__exit__(None, None, None)
