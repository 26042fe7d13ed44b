"""The neutral transcript that every view is computed from: turns of timed words.

Times are ints of milliseconds from the start of the audio, ``0 <= start <= end <= duration``, and no word
starts before the one ahead of it in the same channel. Confidences lie in 0..1.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import orjson

_LEAD_IN = 240
_TAIL = 320
_TURN_PAUSE = 9.0
_SENTENCE_PAUSE = 6.0
_COMMA_PAUSE = 2.5


class Word(NamedTuple):
    """A spoken word with its punctuation; times in milliseconds."""

    text: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says in one go; ``channel`` counts from 1, None in mono audio."""

    speaker: str | None
    channel: int | None
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """Return the words, joined by spaces."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard in audio of ``duration`` milliseconds.

    ``results`` are those that the fixture gives: they are not derived from the text.
    """

    language: str
    duration: int
    turns: tuple[Turn, ...]
    results: Mapping[str, Any] = field(default_factory=dict)

    def with_turns(self, turns: Iterable[Turn]) -> Transcript:
        """Return the transcript with other turns."""
        return replace(self, turns=tuple(turns))

    @property
    def words(self) -> Iterator[Word]:
        """Yield every word, turn by turn."""
        return (word for turn in self.turns for word in turn.words)

    @property
    def text(self) -> str:
        """Return everything that is said."""
        return " ".join(turn.text for turn in self.turns)

    def encode(self) -> bytes:
        """Return the bytes that ``decode`` reads."""
        turns = [(turn.speaker, turn.channel, tuple(zip(*turn.words, strict=True))) for turn in self.turns]
        return orjson.dumps([self.language, self.duration, turns, self.results])

    @classmethod
    def decode(cls, body: bytes) -> Transcript:
        """Read what ``encode`` wrote."""
        language, duration, turns, results = orjson.loads(body)
        return cls(
            language,
            duration,
            tuple(
                Turn(speaker, channel, tuple(map(Word._make, zip(*columns, strict=True))))
                for speaker, channel, columns in turns
            ),
            results,
        )


class UntimedWord(NamedTuple):
    """A word of a fixture: its times and confidence may be missing."""

    text: str
    start: int | None = None
    end: int | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class UntimedTurn:
    """A turn of a fixture: it, or its words, may carry times."""

    words: tuple[UntimedWord, ...]
    speaker: str | None = None
    channel: int | None = None
    start: int | None = None
    end: int | None = None

    @property
    def last_moment(self) -> int:
        """Return the latest time that is given, or 0."""
        return max((t for t in (self.end, *(word.end for word in self.words)) if t is not None), default=0)


def transcribe(
    turns: Sequence[UntimedTurn],
    *,
    language: str,
    duration: int,
    seed: str,
    channels: int = 1,
    results: Mapping[str, Any] | None = None,
) -> Transcript:
    """Make the transcript of audio that lasts ``duration`` milliseconds.

    Words without times get natural ones: they fill their turn, or the stretch between the timed turns
    around it, in proportion to their length, with pauses at punctuation and between turns. Times that
    lie beyond the audio are moved to its end. Speakers that are not named are ``A``. Turns are put in the
    order in which they begin.
    """
    rng = random.Random(seed)
    stretches = _stretches(turns, duration)
    timed = [
        Turn(
            turn.speaker or "A",
            turn.channel if turn.channel is None else min(turn.channel, max(channels, 1)),
            tuple(_timed_words(turn, stretch, duration, rng)),
        )
        for turn, stretch in zip(turns, stretches, strict=True)
        if turn.words
    ]
    timed.sort(key=lambda turn: turn.words[0].start)
    return Transcript(language, duration, tuple(timed), results or {})


def _timed_words(turn: UntimedTurn, stretch: tuple[int, int], duration: int, rng: random.Random) -> Iterator[Word]:
    times = _word_times(turn.words, *stretch)
    earliest = 0
    for word, (start, end) in zip(turn.words, times, strict=True):
        start = min(max(start, earliest), duration)
        earliest = start
        confidence = word.confidence
        if confidence is None:
            confidence = round(0.999 - rng.random() ** 3 * 0.25, 5)
        yield Word(word.text, start, min(max(end, start), duration), confidence)


def _word_times(words: Sequence[UntimedWord], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the given times; runs of words without any share the room between their neighbours."""
    at, index = start, 0
    while index < len(words):
        word = words[index]
        if word.start is not None and word.end is not None:
            at = word.end
            yield word.start, word.end
            index += 1
            continue
        run = index
        while run < len(words) and words[run].start is None:
            run += 1
        following = words[run].start if run < len(words) else end
        yield from _spread([word.text for word in words[index:run]], at, max(at, following or 0))
        at, index = max(at, following or 0), run


def _stretches(turns: Sequence[UntimedTurn], duration: int) -> list[tuple[int, int]]:
    """Return the start and end of every turn; runs of turns without times share the room between the others."""
    known = [_known_stretch(turn) for turn in turns]
    stretches: list[tuple[int, int]] = []
    index = 0
    while index < len(turns):
        fixed = known[index]
        if fixed is not None:
            stretches.append(fixed)
            index += 1
            continue
        run = index
        while run < len(turns) and known[run] is None:
            run += 1
        left = stretches[-1][1] if stretches else min(_LEAD_IN, duration // 20)
        following = known[run] if run < len(turns) else None
        right = following[0] if following else duration - min(_TAIL, duration // 20)
        stretches += _share([turn.words for turn in turns[index:run]], left, max(left, right))
        index = run
    return stretches


def _known_stretch(turn: UntimedTurn) -> tuple[int, int] | None:
    if turn.start is not None and turn.end is not None:
        return turn.start, turn.end
    starts = [word.start for word in turn.words if word.start is not None]
    ends = [word.end for word in turn.words if word.end is not None]
    return (min(starts), max(ends)) if starts and ends else None


def _share(turns: Sequence[Sequence[UntimedWord]], start: int, end: int) -> list[tuple[int, int]]:
    weights = [sum(_length(word.text) + _pause(word.text) for word in turn) for turn in turns]
    total = sum(weights) + _TURN_PAUSE * (len(turns) - 1)
    unit = (end - start) / total if total else 0.0
    at = float(start)
    shares = []
    for weight in weights:
        shares.append((round(at), min(end, round(at + weight * unit))))
        at += (weight + _TURN_PAUSE) * unit
    return shares


def _spread(texts: Sequence[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    pauses = [_pause(text) for text in texts]
    if pauses:
        pauses[-1] = 0.0
    total = sum(_length(text) for text in texts) + sum(pauses)
    unit = (end - start) / total
    at = 0.0
    for text, pause in zip(texts, pauses, strict=True):
        length = _length(text)
        yield start + round(at * unit), start + round((at + length) * unit)
        at += length + pause


def _length(word: str) -> float:
    return 2.0 + sum(character.isalnum() for character in word)


def _pause(word: str) -> float:
    last = word[-1:]
    if last in ".!?…。？！":
        return _SENTENCE_PAUSE
    return _COMMA_PAUSE if last in ",;:—" else 0.5
