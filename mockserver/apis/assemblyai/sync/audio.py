"""Which audio is taken: WAV files and bare samples of 16 bits, from 80 ms to 120 s."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mockserver.apis.assemblyai.sync import errors
from mockserver.apis.assemblyai.sync.config import Config
from mockserver.engine import Engine
from mockserver.engine.media import Sound
from mockserver.engine.wave import PCM, Wave, WaveError, read_wave, wave_head
from mockserver.web.family import Call
from mockserver.web.forms import File
from mockserver.web.sources import CHUNK, Audio

if TYPE_CHECKING:
    from mockserver.engine.streaming.recordings import Found

_RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
_BITS = 16
_MOST_CHANNELS = 2
_WAVE = ("", "application/octet-stream", "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")
_PCM = ("audio/pcm", "audio/x-pcm")


def is_taken(media_type: str | None) -> bool:
    """Say whether audio of this type is taken at all."""
    return is_pcm(media_type) or _kind(media_type) in _WAVE


def is_pcm(media_type: str | None) -> bool:
    """Say whether audio of this type is samples without a head."""
    return _kind(media_type) in _PCM


def _kind(media_type: str | None) -> str:
    return (media_type or "").partition(";")[0].strip().lower()


def samples(config: Config) -> Wave:
    """Return what samples without a head are like. Raises ApiError."""
    rate, channels = config.said.get("sample_rate"), config.said.get("channels")
    if rate is None or channels is None:
        raise errors.bad_audio("`sample_rate` and `channels` are required for raw PCM")
    wave = Wave(PCM, channels, rate, _BITS, 0)
    _check_form(wave)
    return wave


class Clip(NamedTuple):
    """Audio that is taken; ``found`` is the recording of a fixture that it sounds like, if its bytes are others."""

    audio: Audio
    sound: Sound
    found: Found | None


async def examined(call: Call, file: File, config: Config) -> Clip:
    """Look into audio that has come in whole. Raises ApiError."""
    wave = samples(config) if is_pcm(file.media_type) else None
    await call.courier.fresh_fixtures()
    return await call.courier.in_slow_thread(_examine, call.engine, file, wave)


def _examine(engine: Engine, file: File, wave: Wave | None) -> Clip:
    from mockserver.apis.assemblyai.sync.recognition import recognised

    path, size, digest = file.incoming.path, file.incoming.size, file.incoming.finish()
    if wave is None:
        wave = _read(path)
    else:
        wave = wave._replace(size=size)
        if size % wave.frame:
            raise errors.bad_audio(f"misaligned PCM: {size} bytes are no whole number of {wave.frame}-byte frames")
        head = wave_head(wave)
        size, digest = len(head) + size, _digest(head, path)
    _check(wave)
    engine.fixtures.identify(size)
    sound = Sound(wave.duration, wave.channels)
    return Clip(Audio(sound, digest, size, file.name), sound, recognised(engine.speech, path, wave, digest))


def _read(path: Path) -> Wave:
    try:
        wave = read_wave(path)
    except WaveError as error:
        raise errors.bad_audio(f"malformed WAV: {error}") from None
    _check_form(wave)
    if wave.missing:
        promised = wave.size + wave.missing
        raise errors.bad_audio(f"truncated WAV: data chunk declares {promised} bytes, got {wave.size}")
    return wave


def _digest(head: bytes, path: Path) -> str:
    """Return the hash of the WAV file that samples would be with a head: fixtures know recordings by it."""
    digest = sha256(head)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _check_form(wave: Wave) -> None:
    if wave.coding != PCM:
        raise errors.unsupported(f"unsupported WAV encoding {wave.coding}: only PCM is supported")
    if wave.bits != _BITS:
        raise errors.unsupported(f"unsupported sample width {wave.bits}: only 16-bit audio is supported")
    if not 1 <= wave.channels <= _MOST_CHANNELS:
        raise errors.unsupported(f"unsupported channel count {wave.channels}: only mono and stereo are supported")
    if wave.rate not in _RATES:
        listed = ", ".join(map(str, _RATES))
        raise errors.unsupported(f"unsupported sample rate {wave.rate}: must be one of {listed}")


def _check(wave: Wave) -> None:
    if wave.duration < errors.SHORTEST:
        raise errors.too_short(wave.duration)
    if wave.duration > errors.LONGEST:
        raise errors.too_long(wave.duration)
