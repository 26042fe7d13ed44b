"""WAV files: what their heads say, and the heads of those that have only samples. Reading blocks."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import IO, NamedTuple

PCM = 1
"""The coding of samples that are not compressed."""
_EXTENSIBLE = 0xFFFE
_CODING_AT = 24
_ENDLESS = 0x7FFF0000
"""Programs that do not know yet how much will come write a size from here on, or none."""
_MOST_CHUNKS = 1000


class WaveError(Exception):
    """The file is no WAV file; the message says why."""


class Wave(NamedTuple):
    """What a head says.

    From ``start`` on there are ``size`` bytes of samples; it promises as many more as are ``missing``.
    """

    coding: int
    channels: int
    rate: int
    bits: int
    size: int
    missing: int = 0
    start: int = 0

    @property
    def frame(self) -> int:
        """Return the bytes of a sample of every channel."""
        return self.channels * self.bits // 8

    @property
    def duration(self) -> int:
        """Return the milliseconds that the samples last."""
        return round(Fraction(self.size // self.frame * 1000, self.rate))


def read_wave(path: Path) -> Wave:
    """Read the head of a file. Raises WaveError."""
    length = path.stat().st_size
    with path.open("rb") as file:
        riff = file.read(12)
        if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
            raise WaveError("missing RIFF/WAVE preamble")
        form: bytes | None = None
        for _ in range(_MOST_CHUNKS):
            name, size = _chunk(file)
            if name == b"data":
                return _wave(form, size, file.tell(), length)
            if name == b"fmt ":
                form = file.read(min(size, 40))
                size -= len(form)
            file.seek(size + size % 2, 1)
    raise WaveError("missing data chunk")


def _chunk(file: IO[bytes]) -> tuple[bytes, int]:
    head = file.read(8)
    if len(head) < 8:
        raise WaveError("missing data chunk")
    return head[:4], int.from_bytes(head[4:], "little")


def _wave(form: bytes | None, promised: int, start: int, length: int) -> Wave:
    if form is None or len(form) < 16:
        raise WaveError("missing fmt chunk")
    coding, channels, rate, _, _, bits = struct.unpack("<HHIIHH", form[:16])
    if coding == _EXTENSIBLE and len(form) >= _CODING_AT + 2:
        coding = int.from_bytes(form[_CODING_AT : _CODING_AT + 2], "little")
    present = length - start
    if promised == 0 or promised >= _ENDLESS:
        promised = present
    return Wave(coding, channels, rate, bits, min(promised, present), max(0, promised - present), start)


def wave_head(wave: Wave) -> bytes:
    """Return the shortest head that says so."""
    form = struct.pack("<HHIIHH", PCM, wave.channels, wave.rate, wave.rate * wave.frame, wave.frame, wave.bits)
    return struct.pack("<4sI4s4sI16s4sI", b"RIFF", wave.size + 36, b"WAVE", b"fmt ", 16, form, b"data", wave.size)
