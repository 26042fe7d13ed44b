"""Sync STT through the official Python client: every call of both transcribers, and every error."""

from __future__ import annotations

import asyncio
import inspect
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import assemblyai as aai
import pytest
from assemblyai.sync.v1 import AsyncLiveSession, LiveSession

from tests.conftest import AUDIO, Api
from tests.sounds import wav

HELLO = AUDIO / "hello.wav"
SAID = "Hello and welcome. This is a short recording that was made for testing a transcription server."
CONTENT = HELLO.read_bytes()
SAMPLES = CONTENT[44:]
PCM = aai.SyncTranscriptionConfig(sample_rate=16_000, channels=1)
TIMED = aai.SyncTranscriptionConfig(timestamps=True)
ERRORS = {
    "bad_request": (400, "bad_request", None), "bad_audio": (400, "bad_audio", None),
    "audio_too_short": (400, "audio_too_short", None), "audio_too_large": (413, "audio_too_large", None),
    "unsupported_media_type": (415, "unsupported_media_type", None),
    "rate_limited": (429, "too_many_requests", 1), "capacity_exceeded": (503, "capacity_exceeded", 1),
    "inference_error": (500, "inference_error", None), "inference_timeout": (504, "inference_timeout", None),
    "service_unavailable": (503, "service_unavailable", None), "unauthorized": (404, "not_found", None),
}  # fmt: skip

T = TypeVar("T")
pytestmark = pytest.mark.usefixtures("client")


@pytest.fixture
def transcriber(client: aai.Client) -> Iterator[aai.SyncTranscriber]:
    with aai.SyncTranscriber(client=client) as made:
        yield made


def pieces(content: bytes = SAMPLES, size: int = 3200) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def run(work: Callable[[aai.AsyncSyncTranscriber], Awaitable[T]], **options: Any) -> T:
    async def inside() -> T:
        async with aai.AsyncSyncTranscriber(**options) as transcriber:
            return await work(transcriber)

    return asyncio.run(inside())


def facts(error: aai.SyncTranscriptError) -> tuple[int | None, str | None, int | None]:
    return error.status_code, error.error_code, error.retry_after


def test_every_kind_of_audio_is_transcribed(transcriber: aai.SyncTranscriber) -> None:
    with HELLO.open("rb") as file:
        sources = (str(HELLO), HELLO, CONTENT, bytearray(CONTENT), io.BytesIO(CONTENT), file)
        assert {transcriber.transcribe(source).text for source in sources} == {SAID}


def test_samples_are_transcribed(transcriber: aai.SyncTranscriber, tmp_path: Path) -> None:
    (tmp_path / "hello.pcm").write_bytes(SAMPLES)
    assert transcriber.transcribe(SAMPLES, PCM).text == SAID
    assert transcriber.transcribe(tmp_path / "hello.pcm", PCM).text == SAID
    transcriber.config = PCM
    assert transcriber.config is PCM
    assert transcriber.transcribe(SAMPLES).text == SAID


def test_a_reply_is_read_whole(transcriber: aai.SyncTranscriber) -> None:
    plain, timed = transcriber.transcribe(HELLO), transcriber.transcribe(HELLO, TIMED)
    assert [word.text for word in plain.words] == SAID.split()
    assert {(word.start, word.end) for word in plain.words} == {(None, None)}
    assert (timed.words[0].start, timed.words[0].end) == (240, 638)
    assert 0 < plain.confidence < 1
    assert (plain.audio_duration_ms, timed.confidence) == (7505, plain.confidence)
    assert plain.session_id != timed.session_id
    assert plain.request_time_ms is not None
    assert plain.request_time_ms > 0


def test_every_option_reaches_the_server(transcriber: aai.SyncTranscriber, api: Api) -> None:
    config = aai.SyncTranscriptionConfig(
        model="u3-sync-pro",
        prompt="Names are Dutch.",
        keyterms_prompt=["Welcome", "  "],
        conversation_context="Good morning.",
        language_codes=["en", "es"],
        sample_rate=16_000,
        channels=1,
        timestamps=True,
    )
    assert set(config.model_fields_set) == set(aai.SyncTranscriptionConfig.model_fields)
    assert transcriber.transcribe(SAMPLES, config).text.startswith("Hello and Welcome.")
    (entry,) = api.control.get("/journal", params={"bodies": "true"}).json()["requests"]
    assert entry["request_body"]["json"]["config"] == {
        "prompt": "Names are Dutch.",
        "keyterms_prompt": ["Welcome"],
        "conversation_context": ["Good morning."],
        "language_codes": ["en", "es"],
        "sample_rate": 16_000,
        "channels": 1,
        "timestamps": True,
    }
    assert entry["violations"] == []


def test_a_thread_transcribes(transcriber: aai.SyncTranscriber) -> None:
    waiting = [transcriber.transcribe_async(HELLO) for _ in range(3)]
    assert {each.result(60).text for each in waiting} == {SAID}


def test_audio_is_sent_while_it_is_made(transcriber: aai.SyncTranscriber) -> None:
    assert transcriber.transcribe_live(pieces(), PCM).text == SAID
    with HELLO.open("rb") as file:
        assert transcriber.transcribe_live(file).text == SAID


def test_audio_is_pushed(transcriber: aai.SyncTranscriber) -> None:
    with transcriber.open_live(PCM) as session:
        for piece in pieces():
            session.write(piece)
        assert not session.closed
    assert session.closed
    assert session.result().text == SAID


def test_a_session_is_given_up(transcriber: aai.SyncTranscriber, api: Api) -> None:
    session = transcriber.open_live(PCM)
    session.write(SAMPLES[:3200])
    session.abort()
    with pytest.raises(RuntimeError, match="aborted"):
        session.result()
    assert transcriber.transcribe(HELLO).text == SAID
    assert api.control.get("/jobs").json()["jobs"] == []


def test_a_connection_is_warmed(transcriber: aai.SyncTranscriber, api: Api) -> None:
    assert transcriber.warm() is True
    (entry,) = api.control.get("/journal").json()["requests"]
    assert (entry["path"], entry["status"], entry["violations"]) == ("/v1/warm", 200, [])
    nowhere = aai.Client(settings=aai.Settings(api_key="k", sync_base_url="http://127.0.0.1:9"))
    with aai.SyncTranscriber(client=nowhere) as lost:
        assert lost.warm() is False
    nowhere.http_client.close()


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_has_its_code(name: str, api: Api) -> None:
    with aai.SyncTranscriber(api_key=f"{api.key}+{name}") as transcriber:
        with pytest.raises(aai.SyncTranscriptError) as caught:
            transcriber.transcribe(HELLO)
        with pytest.raises(aai.SyncTranscriptError) as live:
            transcriber.transcribe_live(pieces(), PCM)
    assert facts(caught.value) == facts(live.value) == ERRORS[name]
    assert str(caught.value) == str(live.value) != ""


def test_audio_that_is_not_taken_is_explained(transcriber: aai.SyncTranscriber) -> None:
    for content, code, text in (
        (wav(130), "audio_too_large", "audio duration 130000 ms exceeds limit 120000 ms"),
        (wav(0.05), "audio_too_short", "audio duration 50 ms is below minimum 80 ms"),
        ((AUDIO / "support-call.mp3").read_bytes(), "bad_audio", "malformed WAV: missing RIFF/WAVE preamble"),
        (wav(1, rate=11_025), "unsupported_media_type", "unsupported sample rate 11025"),
    ):
        with pytest.raises(aai.SyncTranscriptError, match=text) as caught:
            transcriber.transcribe(content)
        assert caught.value.error_code == code


def test_a_model_that_there_is_not_is_not_found(transcriber: aai.SyncTranscriber) -> None:
    with pytest.raises(aai.SyncTranscriptError, match=r"^Not found$") as caught:
        transcriber.transcribe(HELLO, aai.SyncTranscriptionConfig(model="universal-2"))
    assert facts(caught.value) == (404, None, None)


def test_a_limit_says_when_to_come_again(transcriber: aai.SyncTranscriber, api: Api) -> None:
    api.freeze()
    assert api.control.patch("/terms", json={"sync_rate_limit": 1}).status_code == 200
    assert transcriber.transcribe(HELLO).text == SAID
    with pytest.raises(aai.SyncTranscriptError) as caught:
        transcriber.transcribe(HELLO)
    assert facts(caught.value) == (429, "too_many_requests", 60)
    api.advance(60)
    assert transcriber.transcribe(HELLO).text == SAID


def test_a_refusal_reaches_a_client_that_still_sends() -> None:
    with aai.SyncTranscriber(api_key="invalid-key") as transcriber:
        with pytest.raises(aai.SyncTranscriptError, match=r"^Invalid API key$") as caught:
            transcriber.transcribe_live(pieces(SAMPLES * 8), PCM)
        session = transcriber.open_live(PCM)
        for piece in pieces(SAMPLES * 8, 64_000):
            session.write(piece)
        with pytest.raises(aai.SyncTranscriptError, match=r"^Invalid API key$"):
            session.result()
    assert facts(caught.value) == (404, "not_found", None)


def test_coroutines_transcribe() -> None:
    async def microphone() -> AsyncIterator[bytes]:
        for piece in pieces():
            yield piece

    async def work(transcriber: aai.AsyncSyncTranscriber) -> list[str]:
        assert await transcriber.warm() is True
        assert not transcriber.client.http_client.is_closed
        with HELLO.open("rb") as file:
            live = [await transcriber.transcribe_live(audio, PCM) for audio in (microphone(), pieces())]
            live.append(await transcriber.transcribe_live(file))
        async with transcriber.open_live(PCM) as session:
            for piece in pieces():
                session.write(piece)
            assert not session.closed
        given_up = transcriber.open_live(PCM)
        given_up.write(SAMPLES[:3200])
        await given_up.abort()
        with pytest.raises(RuntimeError, match="aborted"):
            await given_up.result()
        closed = transcriber.open_live(PCM)
        closed.write(SAMPLES)
        closed.close()
        together = asyncio.gather(*(transcriber.transcribe(source) for source in (HELLO, str(HELLO), CONTENT)))
        return [found.text for found in (*live, await session.result(), await closed.result(), *await together)]

    assert run(work) == [SAID] * 8


@pytest.mark.parametrize("name", ERRORS)
def test_coroutines_raise_every_error_with_its_code(name: str, api: Api) -> None:
    async def work(transcriber: aai.AsyncSyncTranscriber) -> aai.SyncTranscriptError:
        with pytest.raises(aai.SyncTranscriptError) as caught:
            await transcriber.transcribe(HELLO)
        await transcriber.aclose()
        return caught.value

    assert facts(run(work, api_key=f"{api.key}+{name}")) == ERRORS[name]


@pytest.mark.parametrize(
    "offered", [aai.SyncTranscriber, aai.AsyncSyncTranscriber, LiveSession, AsyncLiveSession], ids=lambda c: c.__name__
)
def test_every_public_name_is_used(offered: type) -> None:
    script = Path(__file__).read_text()
    public = [name for name in dir(offered) if not name.startswith("_")]
    assert public
    assert [name for name in public if f".{name}" not in script] == []
    assert set(inspect.signature(aai.SyncTranscriptError).parameters) == {
        "message", "status_code", "error_code", "retry_after",
    }  # fmt: skip
