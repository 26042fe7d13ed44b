"""Make small media files of every kind with PyAV."""

from __future__ import annotations

import array
import math
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av


def samples(seconds: float, rate: int, channels: int, peak: int = 8000) -> bytes:
    """Return a tone as interleaved 16-bit samples."""
    count, period = round(seconds * rate), rate // math.gcd(440, rate)
    tone = (round(peak * math.sin(frame * 2 * math.pi * 440 / rate)) for frame in range(period))
    once = array.array("h", (value for value in tone for _ in range(channels)))
    return (once * -(-count // period))[: count * channels].tobytes()


def encode(
    path: Path,
    codec: str,
    *,
    seconds: float = 2.0,
    channels: int = 1,
    rate: int = 16_000,
    container_format: str | None = None,
    video: str | None = None,
    options: dict[str, str] | None = None,
    peak: int = 8000,
) -> Path:
    layout = "mono" if channels == 1 else "stereo"
    with av.open(str(path), "w", format=container_format, options=options or {}) as container:
        picture: Any = None
        if video:
            picture = container.add_stream(video, rate=5)
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        stream: Any = container.add_stream(codec, rate=rate)
        stream.codec_context.layout = layout
        stream.bit_rate = 64_000
        data = samples(seconds, rate, channels, peak)
        frame = av.AudioFrame("s16", layout, round(seconds * rate))
        frame.planes[0].update(data)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        resampler = av.AudioResampler(
            stream.codec_context.format, layout, rate, frame_size=stream.codec_context.frame_size or None
        )
        if picture is not None:
            for number in range(round(seconds * 5)):
                image = av.VideoFrame(64, 64, "yuv420p")
                image.pts, image.time_base = number, Fraction(1, 5)
                container.mux(picture.encode(image))
            container.mux(picture.encode(None))
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def wav(seconds: float, *, channels: int = 1, rate: int = 8000, declared: int | None = None, peak: int = 8000) -> bytes:
    """Return a WAV file; ``declared`` is the data size in its header, for files written to a pipe."""
    data = samples(seconds, rate, channels, peak)
    size = len(data) if declared is None else declared
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", min(size + 36, 2**32 - 1), b"WAVE", b"fmt ", 16, 1, channels, rate,
                       rate * channels * 2, channels * 2, 16)  # fmt: skip
    return head + struct.pack("<4sI", b"data", size) + data
