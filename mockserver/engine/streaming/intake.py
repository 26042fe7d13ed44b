"""From the frames that a client sends to 16-bit mono samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from mockserver.engine.streaming.levels import from_mulaw
from mockserver.engine.streaming.ogg import OggPackets

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.audio.codeccontext import AudioCodecContext
    from av.packet import Packet

DECODED_RATE = 16_000
"""Samples per second of what is decoded, whatever it was."""
ENCODINGS = ("pcm_s16le", "pcm_mulaw", "opus", "ogg_opus", "aac")
_OPUS_RATE = 48_000
_LONGEST_HEAD = 1024
_LARGEST, _MOST_PACKETS, _LONGEST = 512 * 1024, 4_000, 20
"""Bytes, packets and seconds of a compressed frame: a small one may hold hours, and all others would wait for it."""


class UndecodableFrameError(Exception):
    """A frame is not in the encoding that was announced; the message says why."""


class Intake(Protocol):
    """Turns frames into samples; ``rate`` is how many of them make up a second."""

    rate: int

    def samples(self, frame: bytes) -> bytes:
        """Return the samples of the next frame, little-endian. Raises UndecodableFrameError."""


if TYPE_CHECKING:
    _Cut = Callable[[AudioCodecContext, bytes], Iterable[Packet[Any]]]


class _Beginning:
    """The beginning of samples: many a client sends a WAV file as it is, and its head would be a loud click."""

    def __init__(self, silence: bytes) -> None:
        self._silence = silence
        self._is_over = False

    def cleaned(self, frame: bytes) -> bytes:
        """Return the frame, with silence in place of the head of a WAV file if the audio begins with it."""
        if self._is_over or not frame:
            return frame
        self._is_over = True
        if not (frame.startswith(b"RIFF") and frame[8:12] == b"WAVE"):
            return frame
        head = frame.find(b"data", 12, _LONGEST_HEAD) + 8
        return self._silence * head + frame[head:] if 8 <= head <= len(frame) else frame


class Linear:
    """PCM as it is; a frame may end in the middle of a sample."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._half = b""
        self._beginning = _Beginning(b"\0")

    def samples(self, frame: bytes) -> bytes:
        """Return the frame, with the half of a sample that the one before it ended with."""
        frame = self._beginning.cleaned(frame)
        if self._half or len(frame) % 2:
            frame = self._half + frame
            whole = len(frame) - len(frame) % 2
            self._half = frame[whole:]
            return frame[:whole]
        return frame


class MuLaw:
    """G.711 µ-law: a byte for each sample."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._beginning = _Beginning(b"\xff")

    def samples(self, frame: bytes) -> bytes:
        """Return the samples that the bytes stand for."""
        return from_mulaw(self._beginning.cleaned(frame), 2)


class Compressed:
    """What FFmpeg decodes: ``packets`` cuts frames into packets."""

    rate = DECODED_RATE

    def __init__(self, name: str, codec: str, packets: _Cut) -> None:
        import av

        self._name = name
        self._codec: AudioCodecContext = av.CodecContext.create(codec, "r")  # type: ignore[assignment]
        if codec == "opus":
            self._codec.sample_rate, self._codec.layout = _OPUS_RATE, "mono"
        self._packets = packets
        self._resampler = av.AudioResampler("s16", "mono", DECODED_RATE)

    def samples(self, frame: bytes) -> bytes:
        """Return the samples that are ready. Raises UndecodableFrameError."""
        import av

        heard = bytearray()
        try:
            _check(len(frame), _LARGEST, "bytes")
            for number, packet in enumerate(self._packets(self._codec, frame), 1):
                _check(number, _MOST_PACKETS, "packets")
                _check(len(heard) // (2 * DECODED_RATE), _LONGEST, "seconds")
                for decoded in self._codec.decode(packet):
                    decoded.pts = None
                    for even in self._resampler.resample(decoded):
                        heard += bytes(even.planes[0])[: even.samples * 2]
        except (av.FFmpegError, ValueError) as error:
            raise UndecodableFrameError(f"Failed to decode {self._name} packet: {_reason(error)}") from None
        return bytes(heard)


def _check(count: int, most: int, what: str) -> None:
    """Raise ValueError if a frame has too much of something."""
    if count > most:
        raise ValueError(f"more than {most} {what} in a frame")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _one_packet(_: AudioCodecContext, frame: bytes) -> Iterable[Packet[Any]]:
    import av

    return (av.Packet(frame),) if frame else ()


def _parsed(codec: AudioCodecContext, frame: bytes) -> Iterable[Packet[Any]]:
    return codec.parse(frame) if frame else ()


class _OfOgg(NamedTuple):
    pages: OggPackets

    def packets(self, _: AudioCodecContext, frame: bytes) -> Iterable[Packet[Any]]:
        import av

        return [av.Packet(packet) for packet in self.pages.packets(frame)]


def intake_of(encoding: str, rate: int) -> Intake:
    """Return what reads an encoding, one of ENCODINGS; ``rate`` is that of the samples that are not compressed."""
    match encoding:
        case "pcm_mulaw":
            return MuLaw(rate)
        case "opus":
            return Compressed("Opus", "opus", _one_packet)
        case "ogg_opus":
            return Compressed("Opus", "opus", _OfOgg(OggPackets()).packets)
        case "aac":
            return Compressed("AAC", "aac", _parsed)
        case _:
            return Linear(rate)
