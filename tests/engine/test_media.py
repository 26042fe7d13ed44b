"""The real duration and channels of every format, and a reason for what is not audio."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import av
import pytest

from mockserver.engine.media import Sound, Unusable, probe
from tests.sounds import encode, wav

FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "a.mp3": ("libmp3lame", {}),
    "no-xing.mp3": ("libmp3lame", {"options": {"write_xing": "0"}}),
    "a.wav": ("pcm_s16le", {}),
    "a.m4a": ("aac", {}),
    "a.aac": ("aac", {"container_format": "adts"}),
    "a.ogg": ("libopus", {"rate": 48_000}),
    "a.opus": ("libopus", {"rate": 48_000}),
    "a.flac": ("flac", {}),
    "a.webm": ("libopus", {"rate": 48_000}),
    "no-duration.webm": ("libopus", {"rate": 48_000, "options": {"live": "1"}}),
    "a.mp4": ("aac", {"video": "libx264"}),
    "fragmented.mp4": ("aac", {"video": "libx264", "options": {"movflags": "frag_keyframe+empty_moov"}}),
    "a.mov": ("aac", {"video": "libx264"}),
    "a.mkv": ("aac", {"video": "libx264"}),
    "a.avi": ("libmp3lame", {"video": "mpeg4"}),
    "a.ts": ("aac", {"video": "libx264", "container_format": "mpegts"}),
    "a.flv": ("aac", {"video": "flv1", "rate": 44_100}),
    "a.wmv": ("wmav2", {"video": "wmv2", "rate": 44_100}),
    "a.wma": ("wmav2", {"rate": 44_100}),
}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name", FORMATS)
def test_duration_and_channels_are_read_from(name: str, channels: int, tmp_path: Path) -> None:
    codec, options = FORMATS[name]
    found = probe(encode(tmp_path / name, codec, seconds=3, channels=channels, **options))
    assert isinstance(found, Sound)
    assert found.channels == channels
    assert found.duration == pytest.approx(3000, abs=450)


@pytest.mark.parametrize("declared", [None, 0, 2**32 - 1])
def test_a_wav_written_to_a_pipe_has_its_real_duration(declared: int | None, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(2, channels=2, declared=declared))
    assert probe(tmp_path / "a.wav") == Sound(2000, 2)


@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.ogg", "a.flac", "a.webm"])
def test_a_truncated_file_lasts_as_long_as_what_is_there(name: str, tmp_path: Path) -> None:
    codec, options = FORMATS[name]
    path = encode(tmp_path / name, codec, seconds=4, **options)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    found = probe(path)
    assert isinstance(found, Sound)
    assert 600 < found.duration < 2900


def _video_without_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(5):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_a_video_without_sound_has_no_audio_stream(tmp_path: Path) -> None:
    _video_without_sound(tmp_path / "a.mp4")
    assert probe(tmp_path / "a.mp4") == Unusable("no_audio_stream", "video/mp4 (ISO Media)")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", Unusable("empty", "inode/x-empty (empty)")),
        (
            b"<!doctype html><html><body>no</body></html>",
            Unusable("not_audio", "text/html (HTML document, ASCII text)"),
        ),
        (b'{"a": 1}', Unusable("not_audio", "application/json (JSON data)")),
        (b"just words", Unusable("not_audio", "text/plain (ASCII text)")),
        ("grüße".encode() * 3, Unusable("not_audio", "text/plain (UTF-8 Unicode text)")),
        (random.Random(1).randbytes(50_000), Unusable("not_audio", "application/octet-stream (data)")),
        (wav(0.159), Unusable("too_short")),
        (b"RIFF\x00\x00\x00\x00WAVE", Unusable("not_audio", "audio/x-wav (RIFF (little-endian) data)")),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n", Unusable("not_audio", "text/plain (ASCII text)")),
    ],
)
def test_what_is_not_audio_is_named(content: bytes, expected: Unusable, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    assert probe(tmp_path / "file") == expected


def test_160_ms_are_enough(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(0.16))
    assert probe(tmp_path / "a.wav") == Sound(160, 1)


def test_more_than_ten_hours_are_too_long(tmp_path: Path) -> None:
    header = wav(0, rate=8000, declared=2 * 8000 * (10 * 3600 + 1))
    with (tmp_path / "a.wav").open("wb") as file:
        file.write(header)
        file.truncate(len(header) + 2 * 8000 * (10 * 3600 + 1))
    assert probe(tmp_path / "a.wav") == Unusable("too_long")
