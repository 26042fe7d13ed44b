"""Which audio is taken, and how other audio is refused; nothing of it stays."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.embed import MockServer
from mockserver.engine.media import Sound, probe
from mockserver.engine.wave import PCM as UNCOMPRESSED
from mockserver.engine.wave import Wave, read_wave, wave_head
from tests.conftest import AUDIO
from tests.sounds import wav
from tests.sync.conftest import HELLO, LIVE, PCM, SAMPLES, Sync, problem, sync_of, tone

RATES = [8000, 16000, 22050, 24000, 32000, 44100, 48000]


def headed(*, coding: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16, between: bytes = b"") -> bytes:
    """Return a WAV file of a second, which says anything of itself."""
    form = struct.pack("<HHIIHH", coding, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    data = bytes(rate * channels * bits // 8)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + between + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def extensible(coding: int) -> bytes:
    tail = struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", coding) + b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    form = struct.pack("<HHIIHH", 0xFFFE, 1, 16_000, 32_000, 2, 16) + tail
    data = bytes(32_000)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", RATES)
def test_every_rate_is_taken_with_and_without_a_head(rate: int, channels: int, sync: Sync) -> None:
    assert sync.heard(wav(0.5, rate=rate, channels=channels))["audio_duration_ms"] == 500
    config = {"sample_rate": rate, "channels": channels}
    bare = sync.heard(tone(0.5, rate=rate, channels=channels), config, kind="audio/pcm")
    assert bare["audio_duration_ms"] == 500


@pytest.mark.parametrize(
    "kind",
    ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "AUDIO/WAV; codecs=1", "application/octet-stream"],
)
def test_a_wav_file_goes_by_several_names(kind: str, sync: Sync) -> None:
    assert sync.heard(kind=kind)["text"].startswith("Hello")


@pytest.mark.parametrize("declared", [0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF])
def test_a_file_that_was_begun_before_its_end_was_known_is_as_long_as_it_is(declared: int, sync: Sync) -> None:
    assert sync.heard(wav(1, declared=declared), {}, path=LIVE[0])["audio_duration_ms"] == 1000


def test_other_chunks_and_long_heads_are_passed_over(sync: Sync) -> None:
    noted = headed(between=b"LIST\x05\0\0\0notes\0bext\0\0\0\0")
    assert sync.heard(noted)["audio_duration_ms"] == 1000
    assert sync.heard(extensible(1))["audio_duration_ms"] == 1000


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", (400, "Bad Audio", "malformed WAV: missing RIFF/WAVE preamble")),
        (b"RIFF", (400, "Bad Audio", "malformed WAV: missing RIFF/WAVE preamble")),
        (b"RIFX" + HELLO[4:], (400, "Bad Audio", "malformed WAV: missing RIFF/WAVE preamble")),
        ((AUDIO / "support-call.mp3").read_bytes(), (400, "Bad Audio", "malformed WAV: missing RIFF/WAVE preamble")),
        (HELLO[:12], (400, "Bad Audio", "malformed WAV: missing data chunk")),
        (HELLO[:36], (400, "Bad Audio", "malformed WAV: missing data chunk")),
        (HELLO[:12] + HELLO[36:], (400, "Bad Audio", "malformed WAV: missing fmt chunk")),
        (HELLO[:12] + b"junk\0\0\0\0" * 5000, (400, "Bad Audio", "malformed WAV: missing data chunk")),
        (HELLO[:-1000], (400, "Bad Audio", "truncated WAV: data chunk declares 240156 bytes, got 239156")),
        (
            headed(coding=7, bits=8),
            (415, "Unsupported Media Type", "unsupported WAV encoding 7: only PCM is supported"),
        ),
        (extensible(3), (415, "Unsupported Media Type", "unsupported WAV encoding 3: only PCM is supported")),
        (headed(bits=8), (415, "Unsupported Media Type", "unsupported sample width 8: only 16-bit audio is supported")),
        (headed(bits=0), (415, "Unsupported Media Type", "unsupported sample width 0: only 16-bit audio is supported")),
        (
            headed(channels=3),
            (415, "Unsupported Media Type", "unsupported channel count 3: only mono and stereo are supported"),
        ),
        (
            headed(channels=0),
            (415, "Unsupported Media Type", "unsupported channel count 0: only mono and stereo are supported"),
        ),
        (
            wav(1, rate=11_025),
            (
                415,
                "Unsupported Media Type",
                "unsupported sample rate 11025: must be one of 8000, 16000, 22050, 24000, 32000, 44100, 48000",
            ),
        ),
        (
            headed(rate=0),
            (
                415,
                "Unsupported Media Type",
                "unsupported sample rate 0: must be one of 8000, 16000, 22050, 24000, 32000, 44100, 48000",
            ),
        ),
        (wav(0.079), (400, "Audio Too Short", "audio duration 79 ms is below minimum 80 ms")),
        (wav(0), (400, "Audio Too Short", "audio duration 0 ms is below minimum 80 ms")),
        (wav(130), (413, "Audio Too Large", "audio duration 130000 ms exceeds limit 120000 ms")),
    ],
    ids=lambda value: value[2] if isinstance(value, tuple) else "",
)
def test_other_audio_is_refused(content: bytes, refusal: tuple[int, str, str], sync: Sync) -> None:
    assert problem(sync.offer(content)) == refusal
    assert problem(sync.offer(content, {}, path=LIVE[0])) == refusal


@pytest.mark.parametrize(
    "kind", ["audio/mpeg", "audio/mp4", "audio/webm;codecs=opus", "audio/flac", "audio/ogg", "video/mp4", "text/plain"]
)
def test_compressed_audio_is_refused_by_its_type(kind: str, sync: Sync) -> None:
    status, title, detail = problem(sync.offer(kind=kind))
    assert (status, title) == (415, "Unsupported Media Type")
    assert kind in detail


@pytest.mark.parametrize(
    ("config", "refusal"),
    [
        (None, (400, "Bad Audio", "`sample_rate` and `channels` are required for raw PCM")),
        ({}, (400, "Bad Audio", "`sample_rate` and `channels` are required for raw PCM")),
        ({"sample_rate": 16_000}, (400, "Bad Audio", "`sample_rate` and `channels` are required for raw PCM")),
        ({"channels": 1}, (400, "Bad Audio", "`sample_rate` and `channels` are required for raw PCM")),
        ({"sample_rate": 16_000, "channels": None}, (400, "Bad Audio", "`sample_rate` and `channels` are required for raw PCM")),
        (
            {"sample_rate": 12_345, "channels": 1},
            (415, "Unsupported Media Type", "unsupported sample rate 12345: must be one of 8000, 16000, 22050, 24000, 32000, 44100, 48000"),
        ),
    ],
    ids=str,
)  # fmt: skip
def test_samples_without_a_head_need_to_be_described(config: Any, refusal: tuple[int, str, str], sync: Sync) -> None:
    assert problem(sync.offer(SAMPLES, config, kind="audio/pcm")) == refusal


def test_half_a_sample_is_refused(sync: Sync) -> None:
    detail = "misaligned PCM: 240155 bytes are no whole number of 2-byte frames"
    assert problem(sync.offer(SAMPLES[:-1], PCM, kind="audio/pcm")) == (400, "Bad Audio", detail)


def test_the_shortest_and_the_longest_audio_is_taken(sync: Sync) -> None:
    for seconds in (0.08, 120):
        content = tone(seconds, rate=8000)
        found = sync.heard(content, {"sample_rate": 8000, "channels": 1}, kind="audio/pcm")
        assert found["audio_duration_ms"] == seconds * 1000


def test_more_than_40_mb_is_refused(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        sync = sync_of(mock)
        refusal = (413, "Audio Too Large", "audio size exceeds limit 41943040 bytes")
        assert problem(sync.offer(HELLO + bytes(40 * 2**20))) == refusal
        assert list((tmp_path / "uploads").iterdir()) == []


def test_nothing_is_kept(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        sync = sync_of(mock)
        sync.heard()
        sync.heard(SAMPLES, PCM, kind="audio/pcm")
        assert sync.offer(HELLO[:-10]).status_code == 400
        assert list((tmp_path / "uploads").iterdir()) == []
        assert sync.control.get("/jobs").json()["jobs"] == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rate=st.sampled_from(RATES), channels=st.sampled_from([1, 2]), frames=st.integers(8000, 100_000))
def test_others_read_of_a_head_what_it_says(rate: int, channels: int, frames: int, tmp_path: Path) -> None:
    wave = Wave(UNCOMPRESSED, channels, rate, 16, frames * channels * 2)
    path = tmp_path / "made.wav"
    path.write_bytes(wave_head(wave) + bytes(wave.size))
    assert read_wave(path) == wave._replace(start=44)
    assert probe(path) == Sound(wave.duration, channels)
