"""Loudness of 16-bit samples; the only user of audioop, which is in C."""

from __future__ import annotations

import math
import warnings
from collections import deque

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # where it left the standard library, audioop-lts has it
    import audioop

STEP = 10
"""Milliseconds of audio that are looked at together."""
_LOUDEST = 2**15
_QUIETEST_DB = -60.0
_DB_PER_VAD = 40.0

rms = audioop.rms
from_mulaw = audioop.ulaw2lin
to_mulaw = audioop.lin2ulaw
fit = audioop.findfit


_ABOVE_NOISE = 10 ** (10 / 20)
_LOUDEST_NOISE = round(_LOUDEST * 10 ** (-30 / 20))
_REMEMBERED = 3
"""Seconds in which the quietest step is taken for the noise of a room."""


class Noise:
    """What is always there: sound counts as speech from 10 dB above it, and always from -30 dBFS."""

    def __init__(self) -> None:
        self._quietest: deque[int] = deque(maxlen=_REMEMBERED)
        self._here = _LOUDEST
        self._steps = 0
        self.threshold = 0
        """The root mean square from which sound is more than noise."""

    def hear(self, level: int) -> None:
        """Hear one step."""
        if level < self._here:
            self._here = level
        self._steps += 1
        if self._steps * STEP >= 1000:
            self._quietest.append(self._here)
            self._here, self._steps = _LOUDEST, 0
            self.threshold = min(round(min(self._quietest) * _ABOVE_NOISE), _LOUDEST_NOISE)


def threshold_of(vad: float) -> int:
    """Return the root mean square from which sound counts as speech, for a threshold of the real detector, 0 to 1.

    That one judges by how speech sounds, and here only loudness is looked at: 0 is -60 dBFS, 1 is -20 dBFS.
    """
    return round(_LOUDEST * 10 ** ((_QUIETEST_DB + _DB_PER_VAD * vad) / 20))


def likeness(level: int) -> float:
    """Return how likely it is that so loud a step is speech, from 0 to 1: ``threshold_of`` turned round."""
    if level <= 0:
        return 0.0
    decibels = 20 * math.log10(level / _LOUDEST)
    return min(1.0, max(0.0, (decibels - _QUIETEST_DB) / _DB_PER_VAD))


def likeness_of_fit(found: bytes, wanted: bytes, factor: float) -> float:
    """Return how much of a sound is another, ``factor`` times as loud: 1 if they are the same, 0 if not at all."""
    loudness = rms(found, 2)
    if not loudness or not factor:
        return 0.0
    rest = audioop.add(found, audioop.mul(wanted, 2, -factor), 2)
    return max(0.0, 1.0 - (rms(rest, 2) / loudness) ** 2)
