"""A server that knows what is said in the audio that these tests ask for, and the official Python client for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import assemblyai as aai
import pytest

from mockserver.embed import MockServer
from tests.conftest import Api

FIXTURES = Path(__file__).parent / "fixtures"
ORDER = "https://example.com/said/order.mp3"

T = TypeVar("T")
Heard = Callable[..., aai.Transcript]


def given(value: T | None) -> T:
    """Return what a client may leave open, and must not here."""
    assert value is not None
    return value


@pytest.fixture(scope="session")
def server() -> Iterator[MockServer]:
    with MockServer(fixtures=(FIXTURES,)) as mock:
        yield mock


@pytest.fixture
def client(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[aai.Client]:
    """The SDK's client, which is also used where none is named."""
    monkeypatch.setattr(aai.settings, "base_url", api.url)
    monkeypatch.setattr(aai.settings, "llm_gateway_base_url", api.url)
    monkeypatch.setattr(aai.settings, "sync_base_url", api.url)
    monkeypatch.setattr(aai.settings, "api_key", api.key)
    monkeypatch.setattr(aai.settings, "polling_interval", 0.01)
    made = aai.Client(settings=aai.settings)
    monkeypatch.setattr(aai.Client, "_default", made)
    yield made
    made.http_client.close()


@pytest.fixture
def transcriber(client: aai.Client) -> aai.Transcriber:
    return aai.Transcriber(client=client)


@pytest.fixture
def heard(transcriber: aai.Transcriber) -> Heard:
    """What is heard in audio, with options of TranscriptionConfig."""

    def hear(audio: str, **options: object) -> aai.Transcript:
        transcript = transcriber.transcribe(audio, aai.TranscriptionConfig(**options))  # type: ignore[arg-type]
        assert transcript.status == aai.TranscriptStatus.completed, transcript.error
        return transcript

    return hear
