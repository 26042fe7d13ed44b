"""What an official Python client with realtime gets, as JSON; runs in a process of its own, with that client."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

aai: Any = importlib.import_module("assemblyai")  # not the one that the other tests and mypy know
CHUNK = 9_600
PATIENCE = 30
Results = dict[str, Any]


class Heard:
    """A session, and what its callbacks are called with."""

    def __init__(self, url: str, **options: Any) -> None:
        self.opened: list[Any] = []
        self.transcripts: list[Any] = []
        self.errors: list[tuple[str, int | None]] = []
        self.information: list[float] = []
        self.closed = Event()
        self.final = Event()
        # The client makes wss of https, and nothing of http.
        base = url if url.startswith("https") else url.replace("http", "ws", 1)
        client = aai.Client(settings=aai.Settings(base_url=base, api_key="realtime"))
        asked = {"sample_rate": 16_000, "client": client, **options}
        self.transcriber = aai.RealtimeTranscriber(
            on_open=self.opened.append,
            on_data=self._take,
            on_error=lambda error: self.errors.append((str(error), getattr(error, "status_code", None))),
            on_close=self.closed.set,
            **asked,
        )
        self.transcriber.connect()

    def _take(self, transcript: Any) -> None:
        self.transcripts.append(transcript)
        if isinstance(transcript, aai.RealtimeFinalTranscript):
            self.final.set()

    def ended(self) -> Results:
        """What was heard once the session has ended by itself."""
        assert self.closed.wait(PATIENCE)
        return self.results()

    def results(self) -> Results:
        finals = [each for each in self.transcripts if isinstance(each, aai.RealtimeFinalTranscript)]
        return {
            "sessions": [str(each.session_id) for each in self.opened],
            "zones": [each.expires_at.tzinfo is not None for each in self.opened],
            "partials": [each.text for each in self.transcripts if isinstance(each, aai.RealtimePartialTranscript)],
            "finals": [each.text for each in finals],
            "formatted": [each.punctuated and each.text_formatted for each in finals],
            "words": [[word.text, word.start, word.end] for each in finals for word in each.words],
            "errors": self.errors,
            "information": self.information,
        }


def streamed(url: str, audio: bytes, **options: Any) -> Results:
    """What is heard of the audio, sent as the client sends a file: its last chunk may be a short one."""
    heard = Heard(url, **options)
    heard.transcriber.stream(audio[at : at + CHUNK] for at in range(0, len(audio), CHUNK))
    heard.transcriber.close()
    return heard.results()


def informed(url: str, audio: bytes) -> Results:
    told: list[float] = []
    results = streamed(url, audio, on_extra_session_information=lambda each: told.append(each.audio_duration_seconds))
    return {**results, "information": told}


def forced(url: str, audio: bytes) -> Results:
    """What is heard if the utterance is forced to end in the middle."""
    heard = Heard(url, end_utterance_silence_threshold=20_000)
    half = 10 * CHUNK
    heard.transcriber.stream(audio[at : at + CHUNK] for at in range(0, half, CHUNK))
    heard.transcriber.force_end_utterance()
    assert heard.final.wait(PATIENCE)
    heard.transcriber.configure_end_utterance_silence_threshold(300)
    heard.transcriber.stream(audio[at : at + CHUNK] for at in range(half, len(audio), CHUNK))
    heard.transcriber.close()
    return heard.results()


def made_wrong(url: str, **options: Any) -> Results:
    return Heard(url, **options).ended()


def sent_wrong(url: str, send: Callable[[Any], None]) -> Results:
    heard = Heard(url)
    send(heard.transcriber)
    return heard.ended()


def token_of(seconds: int) -> Any:
    try:
        return aai.RealtimeTranscriber.create_temporary_token(expires_in=seconds)
    except aai.types.AssemblyAIError as error:
        return {"error": str(error)}


def calls(url: str, audio: bytes) -> Iterator[tuple[str, Any]]:
    aai.settings.base_url, aai.settings.api_key = url, "realtime"
    yield "version", aai.__version__
    yield "token", token_of(60)
    yield "token_too_short", token_of(59)
    yield "token_session", streamed(url, audio, token=token_of(60))
    yield "streamed", streamed(url, audio)
    yield "informed", informed(url, audio)
    yield "finals_only", streamed(url, audio, disable_partial_transcripts=True)
    yield "mu_law", streamed(url, audio[:CHUNK], encoding=aai.AudioEncoding.pcm_mulaw, sample_rate=9_600)
    yield "boosted", streamed(url, audio, word_boost=["WELCOME"])
    yield "forced", forced(url, audio)
    yield "bad_rate", made_wrong(url, sample_rate=0)
    yield "bad_token", made_wrong(url, token="0" * 64)
    yield "bad_boost", made_wrong(url, word_boost=["x" * 2500])
    yield "too_long", sent_wrong(url, lambda session: session.stream(bytes(32_000 * 3)))
    yield "too_short", sent_wrong(url, lambda session: session.stream([bytes(1000), bytes(1000)]))


def gone(url: str) -> Iterator[tuple[str, Any]]:
    aai.settings.base_url, aai.settings.api_key = url, "realtime"
    yield "token", token_of(60)
    yield "session", Heard(url).results()


def secure(url: str, audio: bytes) -> Iterator[tuple[str, Any]]:
    """What is heard where nothing but the base URL is another one than the service's own."""
    aai.settings.base_url, aai.settings.api_key = url, "realtime"
    yield "token_session", streamed(url, audio, token=token_of(60))
    yield "streamed", streamed(url, audio)


def main(url: str, audio: str = "") -> Results:
    if not audio:
        return dict(gone(url))
    return dict((secure if url.startswith("https") else calls)(url, Path(audio).read_bytes()))


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])), flush=True)
    os._exit(0)  # the client's writing threads go on for ever after an error
