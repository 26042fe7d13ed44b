"""The fixtures' own recordings, known by how they sound: a client that sends one need not say which.

What is compared is the first second of sound, at 4 kHz: what is above 2 kHz differs with encodings and sample rates.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mockserver.engine.streaming.levels import STEP, fit, likeness_of_fit, rms

if TYPE_CHECKING:
    from av.audio.resampler import AudioResampler

RATE = 4_000
_WIDTH = 2 * RATE // 1000
"""Bytes of a millisecond."""
_AUDIBLE = 100
_WINDOWS = (240, 480, 960, 1920)
"""Milliseconds of sound that are compared: more where a shorter stretch does not decide."""
_SHIFT = 80
"""Milliseconds by which two beginnings of the same sound may be found apart."""
_ALIKE, _DIFFERENT, _UNLIKE = 0.8, 0.6, 0.3
_SAME = 0.05
_SHORTEST = 100
_REMEMBERED = 512
_LONGEST_SILENCE = 20_000
"""Milliseconds at the beginning of a recording, after which it is not to be recognised."""
_CLICK = 5
"""Steps; sound of which two in so many can be heard, but no third, is a click: rests of a file's head, or a plug."""
_STILL = 60
"""Milliseconds of shift that are taken for none."""
_logger = logging.getLogger("mockserver")


class Recording(NamedTuple):
    """The beginning of a recording: ``onset`` is where its sound begins, in milliseconds; ``samples`` are around it."""

    path: Path
    onset: int
    lead: int
    """Milliseconds of the samples that are before the onset."""
    samples: bytes
    sha256: str
    size: int


class Found(NamedTuple):
    """A recording that was recognised; ``shift`` is where it begins in what was heard, in milliseconds."""

    recording: Recording
    shift: int
    gain: float = 1.0
    """How many times as loud the recording is as what was heard."""


class Recordings:
    """The recordings of some fixtures; ``load`` blocks, and reads only what is new."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int, int], Recording | None] = {}
        self.all: Sequence[Recording] = ()
        self._verdicts: OrderedDict[tuple[bytes, int], Found | bool] = OrderedDict()

    def load(self, paths: Iterable[Path]) -> None:
        """Look at the recordings that there are now."""
        known: dict[tuple[Path, int, int], Recording | None] = {}
        for path in sorted(set(paths)):
            try:
                stat = path.stat()
                key = (path, stat.st_mtime_ns, stat.st_size)
                known[key] = self._known[key] if key in self._known else _read(path)
            except OSError:
                continue
        if known != self._known:
            self._known = known
            self._verdicts.clear()
            self.all = [recording for recording in known.values() if recording is not None]

    def recognise(self, heard: bytes, onset: int) -> Found | bool:
        """Return the recording that is heard, False if it is none, True if that is not clear.

        ``heard`` begins with its sound, at ``onset`` milliseconds.
        What was heard before is not compared again: tests send the same audio again and again.
        """
        key = (blake2b(heard, digest_size=16).digest(), onset)
        verdict = self._verdicts.get(key)
        if verdict is None:  # other threads may load meanwhile, and forget what was remembered
            verdict = self._verdicts[key] = self._compare(heard, onset)
            if len(self._verdicts) > _REMEMBERED:
                self._verdicts.popitem(last=False)
        return verdict

    def _compare(self, heard: bytes, onset: int) -> Found | bool:
        scored = sorted((_score(heard, recording) for recording in self.all), key=lambda each: -each[0])
        if not scored:
            return False
        likeness, place, gain, recording = scored[0]
        is_last = len(heard) >= _WINDOWS[-1] * _WIDTH
        is_clear = likeness >= _ALIKE and (len(scored) == 1 or scored[1][0] < _DIFFERENT)
        if not is_clear and not (is_last and likeness >= _DIFFERENT):
            return not is_last and (likeness >= _UNLIKE or len(heard) < _WINDOWS[1] * _WIDTH)
        shift = onset - (recording.onset - recording.lead + place)
        is_same = abs(gain - 1) < _SAME
        return Found(recording, 0 if abs(shift) <= _STILL else shift, 1.0 if is_same else min(max(gain, 0.1), 100.0))


class Recogniser:
    """Listens to the beginning of a stream until it is clear which recording it is, or that it is none."""

    def __init__(self, recordings: Recordings, rate: int, begins: int = 0) -> None:
        self._recordings = recordings
        self._rate = rate
        self._resampler: AudioResampler | None = None
        self._heard = bytearray()
        self._at = begins
        """Milliseconds at which what is kept of what was heard begins."""
        self.onset: int | None = None
        """Where sound begins, in milliseconds of the stream; None: there was none yet."""
        self._windows = list(_WINDOWS)

    def hear(self, samples: bytes) -> Found | bool:
        """Hear more; return the recording, False if it is none, True if that is not clear yet."""
        if not self._recordings.all:
            return False
        self._heard += self._resampled(samples)
        if self.onset is None and not self._finds_onset():
            return True
        assert self.onset is not None
        while self._windows and len(self._heard) >= self._windows[0] * _WIDTH:
            window = self._windows.pop(0)
            found = self._recordings.recognise(bytes(self._heard[: window * _WIDTH]), self.onset)
            if not isinstance(found, bool):
                return found
            if not found:
                return False
        return bool(self._windows)

    def conclude(self) -> Found | None:
        """Return the recording that it is, if that is clear from what there is."""
        if (self.onset is None and not self._finds_onset(is_all=True)) or len(self._heard) < _SHORTEST * _WIDTH:
            return None
        assert self.onset is not None
        found = self._recordings.recognise(bytes(self._heard), self.onset)
        return None if isinstance(found, bool) else found

    def _finds_onset(self, *, is_all: bool = False) -> bool:
        place = _onset(self._heard, is_all=is_all)
        whole = max(0, len(self._heard) // (STEP * _WIDTH) - _CLICK) if place is None else place
        del self._heard[: whole * STEP * _WIDTH]
        self._at += whole * STEP
        if place is not None:
            self.onset = self._at
        return place is not None

    def _resampled(self, samples: bytes) -> bytes:
        import av

        if not samples:
            return b""
        if self._resampler is None:
            self._resampler = av.AudioResampler("s16", "mono", RATE)
        frame = av.AudioFrame("s16", "mono", len(samples) // 2)
        frame.planes[0].update(samples)
        frame.sample_rate = self._rate
        return b"".join(bytes(even.planes[0])[: even.samples * 2] for even in self._resampler.resample(frame))


def _onset(samples: bytearray, *, is_all: bool) -> int | None:
    """Return the first step in which something can be heard, and not only a click; there is more unless it is all."""
    step = STEP * _WIDTH
    steps = range(len(samples) // step)
    loud = [each for each in steps if rms(samples[each * step : (each + 1) * step], 2) >= _AUDIBLE]
    lasting = (each for each, later in zip(loud, loud[2:], strict=False) if later - each <= _CLICK)
    found = next(lasting, None)
    return loud[0] if found is None and is_all and loud else found


def _score(heard: bytes, recording: Recording) -> tuple[float, int, float, Recording]:
    """Return how much the beginning of a recording is like what is heard, where (milliseconds), and how loud it is."""
    room = recording.samples[: len(heard) + (recording.lead + _SHIFT) * _WIDTH]
    if len(room) < len(heard):
        return 0.0, 0, 1.0, recording
    place, factor = fit(room, heard)
    found = room[2 * place : 2 * place + len(heard)]
    return likeness_of_fit(found, heard, factor), round(place * 1000 / RATE), factor, recording


def _read(path: Path) -> Recording | None:
    """Read the beginning of a recording; None where nothing can be heard."""
    from mockserver.engine.sound import UndecodableError, mono

    heard, onset = bytearray(), None
    try:
        for samples in mono(path, RATE):
            heard += samples
            onset = _onset(heard, is_all=False) if onset is None else onset
            wanted = _LONGEST_SILENCE if onset is None else onset * STEP + _WINDOWS[-1] + 2 * _SHIFT
            if len(heard) >= wanted * _WIDTH:
                break
    except UndecodableError as error:
        _logger.info("%s cannot be recognised by its sound: %s", path, error)
    onset = _onset(heard, is_all=True) if onset is None else onset
    if onset is None:
        return None
    start = onset * STEP - _SHIFT
    end = onset * STEP + _WINDOWS[-1] + 2 * _SHIFT
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    samples = bytes(max(0, -start) * _WIDTH) + bytes(heard[max(0, start) * _WIDTH : end * _WIDTH])
    return Recording(path, onset * STEP, _SHIFT, samples, digest, path.stat().st_size)
