"""However a recording is cut into frames, its words come once, in order, and as the pre-recorded API has them."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api
from tests.realtime.client import RATE, Client, finals, pcm

RECORDINGS = [
    "hello.wav", "interview.mp3", "pedido.mp3", "product-demo.mp4", "stereo-call.wav", "support-call.mp3",
    "voicemail.m4a", "weather.ogg",
]  # fmt: skip
Words = list[dict[str, Any]]


@cache
def prerecorded(url: str, name: str) -> Words:
    """Return the words that the pre-recorded API hears."""
    api = Api(url, "test-words")
    try:
        job = api.send((AUDIO / name).read_bytes(), name, language_detection=True)
        words: Words = api.get(job)["words"]
    finally:
        api.close()
    return [{name: word[name] for name in ("start", "end", "confidence", "text")} for word in words]


def heard(url: str, audio: bytes, sizes: list[int], threshold: int | None = None, rate: int = RATE) -> Words:
    """Return the words of all finals; frames have these lengths in milliseconds, again and again."""
    client = Client(url, "test-words", sample_rate=rate)
    if threshold is not None:
        client.ask(end_utterance_silence_threshold=threshold)
    at = number = 0
    while at < len(audio):
        size = 2 * (rate * sizes[number % len(sizes)] // 1000)
        client.frame(audio[at : at + size])
        at, number = at + size, number + 1
    sent = client.finish()
    assert client.code == 1000, sent[-1]
    return [word for each in finals(sent) for word in each["words"]]


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_has_the_words_of_the_prerecorded_api(name: str, server: MockServer) -> None:
    assert heard(server.url, pcm(name), [500]) == prerecorded(server.url, name)


@settings(max_examples=25)
@given(
    name=st.sampled_from(["hello.wav", "support-call.mp3", "voicemail.m4a", "stereo-call.wav"]),
    sizes=st.lists(st.integers(100, 2000), min_size=1, max_size=5),
    threshold=st.none() | st.integers(0, 20_000),
    rate=st.sampled_from([8_000, 16_000, 22_050, 48_000]),
)
def test_frames_and_pauses_change_no_word(
    server: MockServer, name: str, sizes: list[int], threshold: int | None, rate: int
) -> None:
    assert heard(server.url, pcm(name, rate), sizes, threshold, rate) == prerecorded(server.url, name)
