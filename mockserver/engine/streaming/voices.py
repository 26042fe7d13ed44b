"""What is said while audio comes in: a transcript at its own times, lines that sounds cue, or an invention.

All times are milliseconds from the beginning of the stream.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from mockserver.engine.generate import talk
from mockserver.engine.streaming.levels import STEP
from mockserver.engine.transcripts import Transcript, UntimedTurn
from mockserver.engine.views import ends_sentence

BURST = 300
"""Milliseconds of silence that part one burst of sound from the next."""
_PER_LETTER, _PER_WORD = 60, 90
SURE, SENTENCE, CLAUSE, MIDDLE = 0.95, 0.75, 0.3, 0.12


class Spoken(NamedTuple):
    """A word that was said; ``is_last`` of what its speaker says in one go."""

    text: str
    start: int
    end: int
    confidence: float
    speaker: str | None
    is_last: bool = False


class Voice(Protocol):
    """Says words."""

    language: str
    ends: int | None
    """When it has nothing more to say, whatever is heard; None: it may always go on."""
    hears: bool
    """Whether what is heard decides on silence; if not, only its own pauses do."""
    results: Mapping[str, Any]
    """What its fixture says is to be found in it, as a transcript has it."""

    def begin(self, onset: int | None) -> None:
        """Begin; sound began at ``onset``, or there has been none."""

    def words(self, now: int, *, is_loud: bool) -> Iterable[Spoken]:
        """Return the words that are over by now."""

    def is_speaking(self, now: int) -> bool:
        """Say whether a word is on its way."""

    def pause(self, now: int, *, is_long: bool) -> Iterable[Spoken]:
        """Take note of silence that is, or is not, long enough to end a burst, and return the words that it brings."""

    def force(self, now: int) -> Iterable[Spoken]:
        """Return the words that are still to come in a turn that has to be over."""

    def rest(self, now: int) -> Iterable[Spoken]:
        """Return the words that are over if nothing more is heard."""

    def confidence(self, last: Spoken, silence: int) -> float:
        """Return how certain it is that a turn with this last word is over after so much silence, from 0 to 1."""

    def closed(self, last: Spoken) -> Spoken:
        """Return the last word of a turn that is over, as it is written then."""


class Follow:
    """A transcript, ``shift`` milliseconds into the stream: a word is said when the audio has passed its end."""

    def __init__(self, transcript: Transcript, shift: int = 0, *, hears: bool) -> None:
        self.language = transcript.language
        self.ends: int | None = transcript.duration + shift
        self.hears = hears
        self.results = transcript.results
        self._words = list(_flat(transcript, shift))
        self._next = 0

    @property
    def first(self) -> int | None:
        """Return when the first word is over."""
        return self._words[0].end if self._words else None

    def begin(self, onset: int | None) -> None:
        """Do nothing: the times are known."""

    def words(self, now: int, *, is_loud: bool) -> Iterable[Spoken]:
        """Return the words that are over by now."""
        first = self._next
        while self._next < len(self._words) and self._words[self._next].end <= now:
            self._next += 1
        return self._words[first : self._next]

    def is_speaking(self, now: int) -> bool:
        """Say whether a word is on its way."""
        return self._next < len(self._words) and self._words[self._next].start < now

    def pause(self, now: int, *, is_long: bool) -> Iterable[Spoken]:
        """Return nothing: silence brings no words."""
        return ()

    def force(self, now: int) -> Iterable[Spoken]:
        """Return nothing: a word that is on its way belongs to the next turn."""
        return ()

    def rest(self, now: int) -> Iterable[Spoken]:
        """Return the word that is on its way."""
        return self.words(self._words[self._next].end, is_loud=False) if self.is_speaking(now) else ()

    def confidence(self, last: Spoken, silence: int) -> float:
        """Return a high one where the speaker is done, or at least the sentence."""
        if last.is_last:
            return SURE
        if ends_sentence(last.text):
            return SENTENCE
        return CLAUSE if last.text[-1:] in ",;:—–" else MIDDLE

    def closed(self, last: Spoken) -> Spoken:
        """Return the word as it is."""
        return last


class Lines:
    """Lines that are said one by one, each when a burst of sound begins; its end brings what is left of the line."""

    def __init__(self, lines: Iterator[UntimedTurn], *, language: str, cut: bool, seed: str) -> None:
        self.language = language
        self.ends: int | None = None
        self.hears = True
        self.results: Mapping[str, Any] = {}
        self._lines = lines
        self._cut = cut
        """Whether what the sound is too short for stays unsaid."""
        self._left: list[tuple[str, float | None]] = []
        self._speaker: str | None = None
        self._is_on = False
        """Whether a burst of sound is under way."""
        self._at = 0
        self._rng = random.Random(seed)

    def begin(self, onset: int | None) -> None:
        """Begin the first line with the first sound."""
        if onset is not None:
            self._cue(onset)

    def _cue(self, now: int) -> None:
        self._is_on = True
        self._at = now
        line = next(self._lines, None)
        if line is not None:
            self._left = [(word.text, word.confidence) for word in line.words]
            self._speaker = line.speaker or "A"

    def words(self, now: int, *, is_loud: bool) -> Iterable[Spoken]:
        """Return the words that the sound has been long enough for."""
        if not self._is_on:
            if not is_loud:
                return ()
            self._cue(now)
        if not is_loud:
            self._at += STEP  # a short break, in which nothing is said
            return ()
        said = []
        while self._left and self._at + _length(self._left[0][0]) <= now:
            said.append(self._say(self._at + _length(self._left[0][0])))
        if not self._left and self._cut:  # somebody who goes on talking is never out of words
            self._cue(self._at)
        return said

    def _say(self, end: int) -> Spoken:
        text, confidence = self._left.pop(0)
        start, self._at = self._at, end
        sure = round(0.999 - self._rng.random() ** 3 * 0.25, 5) if confidence is None else confidence
        return Spoken(text, start, end, sure, self._speaker, not self._left)

    def is_speaking(self, now: int) -> bool:
        """Say no: a burst that is over ends the word."""
        return False

    def pause(self, now: int, *, is_long: bool) -> Iterable[Spoken]:
        """Let a burst be over, and return what is left of its line."""
        if not self._is_on or not is_long:
            return ()
        self._is_on = False
        return self.rest(now)

    def force(self, now: int) -> Iterable[Spoken]:
        """Return what is left of the line."""
        return self.rest(now)

    def rest(self, now: int) -> Iterable[Spoken]:
        """Return what is left of the line, if it is to be said at all."""
        if self._cut:
            self._left = []
        size = (max(now - self._at, 0)) // max(len(self._left), 1)
        return [self._say(self._at + size) for _ in range(len(self._left))]

    def confidence(self, last: Spoken, silence: int) -> float:
        """Return a high one after a burst."""
        return SURE if not self._is_on else MIDDLE

    def closed(self, last: Spoken) -> Spoken:
        """Return the word as a sentence ends with it."""
        if ends_sentence(last.text) or not self._cut:
            return last
        return last._replace(text=last.text.rstrip(",;:") + ".")


def script(turns: Sequence[UntimedTurn], *, language: str, seed: str) -> Lines:
    """Return a voice that says a line of a fixed script at each burst of sound."""
    return Lines((turn for turn in turns if turn.words), language=language, cut=False, seed=seed)


def invention(*, language: str, seed: str) -> Lines:
    """Return a voice that always has something to say, for as long as there is sound."""
    return Lines(talk(language=language, seed=seed), language=language, cut=True, seed=seed)


def _flat(transcript: Transcript, shift: int) -> Iterator[Spoken]:
    latest = 0
    for turn in transcript.turns:
        last = len(turn.words) - 1
        for number, word in enumerate(turn.words):
            latest = max(latest, word.end + shift)  # words of two channels may overlap, and come in turns all the same
            yield Spoken(word.text, word.start + shift, latest, word.confidence, turn.speaker, number == last)


def _length(word: str) -> int:
    return _PER_WORD + _PER_LETTER * min(len(word), 12)
