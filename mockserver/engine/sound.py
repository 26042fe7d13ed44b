"""Listen to audio, and write it again; with media.py, the only user of PyAV. Everything here blocks: call it from a
worker thread."""

from __future__ import annotations

import contextlib
import math
import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from mockserver.engine.media import opened

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

_CODECS = {"mp3": "libmp3lame", "wav": "pcm_s16le"}
_MP3_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_BEEP_HERTZ = 1000
_BEEP_PEAK = 6500
_UNHEARD_RATE = 16_000
_MORE_THAN_WAV_HOLDS = 2**32 - 2**24

_JITTER = 0.015
"""Seconds by which time stamps may be late without anything being lost."""
_LONGEST_GAP = 60.0
"""Seconds beyond which a leap in the time stamps is a mistake in the file."""
_PATIENCE = 100
_LOUDEST = 2**15
_SAMPLES = {
    "u8": ("B", 2**7), "s16": ("h", 2**15), "s32": ("i", 2**31), "s64": ("q", 2**63), "flt": ("f", 1), "dbl": ("d", 1)
}  # fmt: skip
"""How samples are kept, by the name of their format, and the loudest that there is."""


class UndecodableError(Exception):
    """No audio in this file can be decoded."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """How 16-bit samples are laid out: those of all channels, interleaved, make up one moment."""

    rate: int
    channels: int

    @property
    def width(self) -> int:
        """Bytes per moment."""
        return 2 * self.channels

    @property
    def layout(self) -> str:
        return "mono" if self.channels == 1 else "stereo"

    def silence(self, seconds: float) -> bytes:
        return bytes(round(seconds * self.rate) * self.width)


def redact(
    source: Path | None,
    target: Path,
    spans: Sequence[tuple[int, int]],
    *,
    method: str,
    form: str,
    duration: int,
    channels: int,
) -> None:
    """Write a copy of some audio in which nothing can be heard of what lies within the spans (milliseconds).

    ``method`` is "silence" or "beep", ``form`` is "mp3" or "wav". Without a source, the copy is one of ``duration``
    milliseconds of silence. The target appears when it is whole. Raises UndecodableError and OSError.
    """
    with _undecodable(source), _appearing(target) as part:
        if source is None:
            shape = _Shape(_UNHEARD_RATE, min(max(channels, 1), 2))
            heard = _silence(shape, duration)
        else:
            frames = _frames(source)
            first = next(frames)
            shape = _Shape(_rate(first.sample_rate, form), min(first.layout.nb_channels, 2))
            heard = _samples(chain([first], frames), shape)
        cover = _Cover(spans, shape, _beep(shape) if method == "beep" else bytes(shape.width))
        _encode(cover.over(heard), shape, part, form, duration)


@contextlib.contextmanager
def _undecodable(path: Path | None) -> Iterator[None]:
    import av

    try:
        yield
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, OSError):
            raise
        raise UndecodableError(f"{path}: {error}") from error


@contextlib.contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """Give a path to write to; the file there gets its name when it is whole, and is gone otherwise."""
    part = target.with_name(f"{os.getpid()}-{uuid4().int}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _rate(rate: int, form: str) -> int:
    """Return the sample rate to write: the same where the format knows it, or else the next higher one."""
    if form == "wav":
        return max(rate, 4 * _BEEP_HERTZ)
    return next((known for known in _MP3_RATES if known >= rate), _MP3_RATES[-1])


def _silence(shape: _Shape, duration: int) -> Iterator[bytes]:
    second = shape.silence(1)
    for _ in range(duration // 1000):
        yield second
    yield shape.silence(duration % 1000 / 1000)


def _beep(shape: _Shape) -> bytes:
    """Return the shortest piece of a beep that can be repeated without a break."""
    period = shape.rate // math.gcd(shape.rate, _BEEP_HERTZ)
    turn = 2 * math.pi * _BEEP_HERTZ / shape.rate
    tone = (round(_BEEP_PEAK * math.sin(moment * turn)) for moment in range(period))
    return array("h", (value for value in tone for _ in range(shape.channels))).tobytes()


class _Cover:
    """What is laid over the samples within the spans: a pattern of whole moments, again and again."""

    def __init__(self, spans: Iterable[tuple[int, int]], shape: _Shape, pattern: bytes) -> None:
        merged = _merged(spans, shape.rate)
        self._starts = [start for start, _ in merged]
        self._ends = [end for _, end in merged]
        self._width = shape.width
        self._pattern = pattern

    def over(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on the samples, covered."""
        position = 0
        for chunk in chunks:
            end = position + len(chunk) // self._width
            yield self._covered(chunk, position, end)
            position = end

    def _covered(self, chunk: bytes, position: int, end: int) -> bytes:
        index = bisect_right(self._ends, position)
        if index == len(self._starts) or self._starts[index] >= end:
            return chunk
        result = bytearray(chunk)
        while index < len(self._starts) and self._starts[index] < end:
            first = max(self._starts[index], position)
            last = min(self._ends[index], end)
            here = slice((first - position) * self._width, (last - position) * self._width)
            result[here] = self._filling(first, last)
            index += 1
        return bytes(result)

    def _filling(self, first: int, last: int) -> bytes:
        period = len(self._pattern) // self._width
        skipped = first % period
        repeated = self._pattern * ((last - first + skipped) // period + 1)
        return repeated[skipped * self._width : (skipped + last - first) * self._width]


def _merged(spans: Iterable[tuple[int, int]], rate: int) -> list[tuple[int, int]]:
    """Return ordered spans of moments that do not touch each other, for milliseconds in any order."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((max(start, 0), end) for start, end in spans if end > max(start, 0)):
        first, last = start * rate // 1000, -(-end * rate // 1000)
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _encode(chunks: Iterable[bytes], shape: _Shape, part: Path, form: str, duration: int) -> None:
    import av

    options = {"fflags": "+bitexact"}
    if form == "wav" and duration * shape.rate // 1000 * shape.width > _MORE_THAN_WAV_HOLDS:
        options["rf64"] = "always"
    with av.open(f"file:{part}", "w", format=form, options=options) as container:
        stream: AudioStream = container.add_stream(
            _CODECS[form], rate=shape.rate, options={"flags": "+bitexact"}, layout=shape.layout
        )  # type: ignore[assignment]
        stream.bit_rate = 64_000 * shape.channels
        container.start_encoding()
        for frame in _as_frames(chunks, shape):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _as_frames(chunks: Iterable[bytes], shape: _Shape) -> Iterator[AudioFrame]:
    import av

    position = 0
    for chunk in chunks:
        moments = len(chunk) // shape.width
        if not moments:
            continue
        frame = av.AudioFrame("s16", shape.layout, moments)
        frame.planes[0].update(chunk)
        frame.sample_rate, frame.pts, frame.time_base = shape.rate, position, Fraction(1, shape.rate)
        yield frame
        position += moments


def _frames(path: Path) -> Iterator[AudioFrame]:
    """Decode what can be decoded. Raises UndecodableError if that is nothing."""
    heard = False
    with opened(path) as container:
        stream = container.streams.audio[0] if container.streams.audio else None
        if stream is None or stream.codec_context is None:
            raise UndecodableError(f"{path}: no audio")
        for packet in chain(_packets(container, stream), [None]):
            frames = _decoded(stream, packet)
            heard = heard or bool(frames)
            yield from frames
    if not heard:
        raise UndecodableError(f"{path}: nothing can be decoded")


def _packets(container: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
    """Yield every packet, also those after a broken one."""
    import av

    failures = 0
    while failures < _PATIENCE:
        try:
            for packet in container.demux(stream):
                if packet.size:  # an empty one would tell the decoder that this is the end
                    failures = 0
                    yield packet
            return
        except av.FFmpegError:
            failures += 1


def _decoded(stream: AudioStream, packet: Packet[AudioStream] | None) -> list[AudioFrame]:
    import av

    try:
        return [frame for frame in stream.decode(packet) if frame.samples]
    except av.FFmpegError:
        return []


def _samples(frames: Iterable[AudioFrame], shape: _Shape) -> Iterator[bytes]:
    """Bring frames of any kind into one shape, with silence for what was lost between them."""
    timeline, converter = _Timeline(), _Converter(shape)
    for frame in frames:
        lost = timeline.lost_before(frame)
        if lost:
            yield shape.silence(lost)
        yield from converter.convert(frame)
    yield from converter.finish()


class _Timeline:
    """Compare the frames' time stamps with their lengths."""

    def __init__(self) -> None:
        self._end: float | None = None

    def lost_before(self, frame: AudioFrame) -> float:
        """Return the seconds that are missing between the previous frame and this one."""
        start, lost = frame.time, 0.0
        if start is not None and (self._end is None or abs(start - self._end) > _LONGEST_GAP):
            self._end = start
        elif start is not None and self._end is not None and start - self._end > _JITTER:
            lost = start - self._end
            self._end = start
        if self._end is not None:
            self._end += frame.samples / frame.sample_rate
        return lost


class _Converter:
    """Bring frames into one shape, even if they change theirs on the way."""

    def __init__(self, shape: _Shape) -> None:
        self._shape = shape
        self._kind: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None

    def convert(self, frame: AudioFrame) -> Iterator[bytes]:
        """Yield the samples that are ready."""
        import av

        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or kind != self._kind:
            yield from self.finish()
            self._kind = kind
            self._resampler = av.AudioResampler("s16", self._shape.layout, self._shape.rate)
        frame.pts = None
        yield from map(self._bytes, self._resampler.resample(frame))

    def finish(self) -> Iterator[bytes]:
        """Yield what is left."""
        if self._resampler is not None:
            # Where there is nothing to convert, PyAV hands back the None that it was given.
            yield from (self._bytes(frame) for frame in self._resampler.resample(None) if frame is not None)

    def _bytes(self, frame: AudioFrame) -> bytes:
        return bytes(frame.planes[0])[: frame.samples * self._shape.width]


def mono(path: Path, rate: int) -> Iterator[bytes]:
    """Yield the samples of some audio, so many in a second. Raises UndecodableError and OSError."""
    with _undecodable(path):
        yield from _samples(_frames(path), _Shape(rate, 1))


_LISTENING = _Shape(4000, 1)
_STEP = 120
_FAINTEST = 184
"""A peak of -45 dBFS."""
_SHORT_BREAK = re.compile(rb"\x01\x00{1,9}(?=\x01)")
_ABOVE_NOISE = 2
_BELOW_SPEECH = 6


def speech_share(path: Path) -> float:
    """Return how much of some audio is not silence, from 0 to 1. Raises UndecodableError and OSError.

    It looks at 30 ms at a time, and takes breaks of less than 300 ms for a part of the speech.
    """
    with _undecodable(path):
        peaks = _peaks(_samples(_frames(path), _LISTENING))
    if not peaks:
        return 0.0
    threshold = _threshold(peaks)
    loud = bytes(peak >= threshold for peak in peaks)
    speech = _SHORT_BREAK.sub(lambda found: b"\x01" * len(found[0]), loud)
    return speech.count(1) / len(speech)


def is_silent(path: Path) -> bool:
    """Say whether nothing at all can be heard; it listens until something can. Raises OSError."""
    try:
        with _undecodable(path):
            return all(map(_is_faint, _frames(path)))
    except UndecodableError:
        return True


def _is_faint(frame: AudioFrame) -> bool:
    """Say whether nothing can be heard in a frame: no channel of it goes far from where it rests."""
    kind, loudest = _SAMPLES[frame.format.packed.name]
    width = array(kind).itemsize * (1 if frame.format.is_planar else frame.layout.nb_channels)
    for plane in frame.planes:
        content = bytes(plane)[: frame.samples * width]
        if content == content[:1] * len(content):
            continue  # as in most silence, and told in a fraction of the time
        samples = array(kind, content)
        if (max(samples) - min(samples)) / loudest >= 2 * _FAINTEST / _LOUDEST:
            return False
    return True


def _peaks(chunks: Iterable[bytes]) -> array[int]:
    """Return half the distance between the highest and the lowest sample of each step."""
    peaks, rest = array("H"), array("h")
    for chunk in chunks:
        rest.frombytes(chunk)
        whole = len(rest) - len(rest) % _STEP
        for start in range(0, whole, _STEP):
            step = rest[start : start + _STEP]
            peaks.append((max(step) - min(step)) // 2)
        del rest[:whole]
    return peaks


def _threshold(peaks: array[int]) -> int:
    """Return the peak that tells speech from noise: above the constant noise, but well below what is loud."""
    ordered = sorted(peaks)
    noise = ordered[len(ordered) // 10]
    audible = ordered[bisect_right(ordered, _FAINTEST) :] or [0]
    loud = audible[len(audible) * 95 // 100]
    return max(_FAINTEST, min(noise * _ABOVE_NOISE, loud // _BELOW_SPEECH))
