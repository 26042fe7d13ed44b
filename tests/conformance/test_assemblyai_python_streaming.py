"""The official Python SDK's streaming clients, threaded and for event loops, with keys and tokens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from assemblyai.streaming.v3 import (
    AsyncRealTimeTranscriber,
    Encoding,
    RealTimeEvents,
    RealTimeParameters,
    RealTimeSessionParameters,
    RealTimeTranscriber,
    RealTimeTranscriberOptions,
    SpeechModel,
)
from assemblyai.streaming.v3.models import LLMGatewayConfig, LLMGatewayMessage

from mockserver.client import Mock
from mockserver.embed import MockServer
from tests.streaming.streams import frames, pcm, quiet

pytestmark = pytest.mark.filterwarnings("ignore:connect:DeprecationWarning")
"""The client opens its connections in a way that websockets would rather not see."""
TEXT = "Hello and welcome. This is a short recording that was made for testing a transcription server."


def audio() -> Iterator[bytes]:
    return frames(pcm("hello.wav") + quiet(2), 100)


def host(mock: Mock) -> str:
    return mock.url.replace("http", "ws", 1)


class Listener:
    """Keeps what the handlers of a client are called with."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.has_failed = threading.Event()

    def take(self, _: Any, event: Any) -> None:
        self.events.append(event)

    def fail(self, _: Any, error: Any) -> None:
        self.events.append(error)
        self.has_failed.set()

    def listen(self, client: Any) -> None:
        for event in RealTimeEvents:
            client.on(event, self.fail if event is RealTimeEvents.Error else self.take)

    @property
    def kinds(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def text(self) -> str:
        turns = [
            event for event in self.events if event.type == "Turn" and event.end_of_turn and event.turn_is_formatted
        ]
        return " ".join(turn.transcript for turn in turns)


def transcribed(mock: Mock, *, token: str | None = None, **params: Any) -> Listener:
    listener = Listener()
    key = None if token else mock.api_key
    client = RealTimeTranscriber(RealTimeTranscriberOptions(api_host=host(mock), api_key=key, token=token))
    listener.listen(client)
    client.connect(RealTimeParameters(**{"sample_rate": 16_000} | params))
    client.stream(audio())
    client.disconnect(terminate=True)
    return listener


@pytest.fixture
def mock(server: MockServer) -> Mock:
    return server.key()


@pytest.mark.parametrize("model", [model for model in SpeechModel if model != "u3-pro"])
def test_a_recording_is_transcribed_with_every_model(mock: Mock, model: SpeechModel) -> None:
    listener = transcribed(mock, speech_model=model, format_turns=True)
    assert listener.text == TEXT
    assert listener.kinds[0] == "Begin"
    assert listener.kinds[-1] == "Termination"
    assert listener.events[0].configuration.model == model
    assert listener.events[-1].audio_duration_seconds == 9


def test_every_parameter_of_the_client_is_understood(mock: Mock) -> None:
    listener = transcribed(
        mock, speech_model=SpeechModel.universal_3_5_pro, encoding=Encoding.pcm_s16le, min_turn_silence=200, max_turn_silence=900,
        vad_threshold=0.3, keyterms_prompt=["Northwind"], filter_profanity=True, prompt="A test.", agent_context="Hello?",
        interruption_delay=100, turn_left_pad_ms=10, language_codes=["en", "es"], session_heartbeat=True, acknowledge_silence=True,
        language_detection=True, domain="medical-v1", inactivity_timeout=30, speaker_labels=True, max_speakers=2,
        speaker_labels_revision_interval_ms=120_000, noise_suppression_model="near-field", noise_suppression_threshold=0.4,
        continuous_partials=True, include_partial_turns=True, redact_pii=True, redact_pii_policies=["person_name"],
        redact_pii_sub="hash", mode="balanced", customer_support_audio_capture=False,
        llm_gateway=LLMGatewayConfig(model="gpt-5-mini", messages=[LLMGatewayMessage(role="user", content="{{turn}}")], max_tokens=100),
    )  # fmt: skip
    assert listener.text == TEXT
    assert set(listener.kinds) >= {"Begin", "SpeechStarted", "Turn", "LLMGatewayResponse", "Silence", "Termination"}
    (entry,) = [entry for entry in mock.requests() if entry.path == "/v3/ws"]
    assert entry.violations == ()


def test_a_token_is_enough(mock: Mock) -> None:
    # The client asks for tokens with https only.
    reply = httpx.get(
        f"{mock.url}/v3/token", params={"expires_in_seconds": 60}, headers={"Authorization": mock.api_key or ""}
    )
    assert transcribed(mock, token=reply.json()["token"], format_turns=True, speech_model="u3-rt-pro").text == TEXT


def test_what_is_wrong_reaches_the_handler_of_errors(mock: Mock) -> None:
    for key, params, code in (("invalid", {}, 1008), (mock.api_key, {"sample_rate": 10}, 3006)):
        listener = Listener()
        client = RealTimeTranscriber(RealTimeTranscriberOptions(api_host=host(mock), api_key=key))
        listener.listen(client)
        client.connect(RealTimeParameters(**{"sample_rate": 16_000} | params))
        assert listener.has_failed.wait(30)
        client.disconnect()
        assert [error.code for error in listener.events] == [code]


def test_a_session_is_steered(mock: Mock) -> None:
    listener = Listener()
    client = RealTimeTranscriber(RealTimeTranscriberOptions(api_host=host(mock), api_key=mock.api_key))
    listener.listen(client)
    client.connect(RealTimeParameters(sample_rate=16_000, speech_model="universal-streaming-english"))
    client.set_params(RealTimeSessionParameters(format_turns=True, end_of_turn_confidence_threshold=0.9))
    client.stream(audio())
    client.force_endpoint()  # type: ignore[no-untyped-call]
    client.keep_alive()  # type: ignore[no-untyped-call]
    client.disconnect(terminate=True)
    assert listener.text == TEXT


def test_the_client_for_event_loops_hears_the_same(mock: Mock) -> None:
    listener = Listener()

    async def transcribe() -> None:
        client = AsyncRealTimeTranscriber(RealTimeTranscriberOptions(api_host=host(mock), api_key=mock.api_key))
        listener.listen(client)
        await client.connect(RealTimeParameters(sample_rate=16_000, speech_model="universal-3-6"))
        await client.stream(audio())
        await client.force_endpoint()
        await client.keep_alive()
        await client.set_params(RealTimeSessionParameters(max_turn_silence=500))
        await client.disconnect(terminate=True)

    asyncio.run(transcribe())
    assert listener.text == TEXT
    assert listener.kinds[-1] == "Termination"
