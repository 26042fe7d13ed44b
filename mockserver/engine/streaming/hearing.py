"""One stream of audio as it is heard: words when it has passed them, and turns that its silences end.

Everything happens by the samples that have come, never by the time of day: the same frames give the same events. All
times are milliseconds from the beginning of the stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockserver.engine.streaming.intake import Intake
from mockserver.engine.streaming.levels import STEP, Noise, likeness, rms
from mockserver.engine.streaming.recordings import Found, Recogniser, Recordings
from mockserver.engine.streaming.voices import BURST, SURE, Spoken, Voice

_AFTER_THE_END = 500
"""Milliseconds after the end of a recording, from which another one may begin."""
_ONSET = 50
"""Milliseconds for which a sound must last in silence, to be more than a click."""
SILENCE = 1000
"""Milliseconds of silence that are told of together."""


@dataclass(frozen=True, slots=True)
class Endpointing:
    """When a turn is over; silences in milliseconds.

    After ``min_silence`` it is if that is more certain than ``threshold`` (0 to 1), after ``max_silence`` anyhow. No
    turn goes on for longer than ``longest`` milliseconds. ``loudness`` is what silence is quieter than.
    """

    min_silence: int
    max_silence: int
    threshold: float
    loudness: int
    longest: int | None = None


@dataclass(slots=True, eq=False)
class Turn:
    """What is said until a turn ends; ``uttered`` of its words were said before its latest pause."""

    order: int
    words: list[Spoken] = field(default_factory=list)
    uttered: int = 0

    @property
    def start(self) -> int:
        """Return when its first word began."""
        return self.words[0].start

    @property
    def end(self) -> int:
        """Return when its last word ended."""
        return self.words[-1].end


class Said(NamedTuple):
    """A word was added to a turn, which had ``length`` of them then."""

    turn: Turn
    at: int
    length: int


class Paused(NamedTuple):
    """There was a pause in a turn: it might be over, but does not sound so.

    It had ``length`` words then, and ``since`` of them before the previous pause.
    """

    turn: Turn
    at: int
    length: int
    since: int
    confidence: float


class Ended(NamedTuple):
    """A turn is over."""

    turn: Turn
    at: int
    confidence: float


class Silent(NamedTuple):
    """There was nothing to hear."""

    start: int
    end: int


Event = Said | Paused | Ended | Silent


class Ask(NamedTuple):
    """Asks who speaks: ``found`` is the recording that is heard.

    ``onset`` is where its sound, or any, began; None: there was none.
    """

    found: Found | None
    onset: int | None


class Hearing:
    """Hears a stream.

    Where ``ask`` is not None after a call, ``speak`` is to be called with the voice that is wanted before anything
    else; what was heard meanwhile is kept. ``patience`` is the moment at which a stream that is silent from its
    beginning gets a voice nevertheless; None: it gets none.
    """

    def __init__(self, intake: Intake, recordings: Recordings, endpointing: Endpointing) -> None:
        self.endpointing = endpointing
        self.patience: int | None = None
        self.now = 0
        self.loudest = 0
        self.ask: Ask | None = None
        self.turn: Turn | None = None
        self.turns = 0
        """How many turns have ended."""
        self.voice: Voice | None = None
        self._intake = intake
        self._recordings = recordings
        self._recogniser: Recogniser | None = Recogniser(recordings, intake.rate)
        self._samples = 0
        self._steps = 0
        self._rest = b""
        self._quiet = 0
        self._loud = 0
        self._noise = Noise()
        self._gain = 1.0
        self._silent_since = 0

    @property
    def heard(self) -> int:
        """Return how much audio has come, in milliseconds."""
        return self._samples * 1000 // self._intake.rate

    @property
    def language(self) -> str:
        """Return the language that is spoken."""
        return self.voice.language if self.voice else "en"

    @property
    def results(self) -> Mapping[str, Any]:
        """Return what the fixture says is to be found in what is spoken."""
        return self.voice.results if self.voice else {}

    def speech_probability(self) -> float:
        """Return how likely the loudest sound since the last call was speech, from 0 to 1."""
        loudest, self.loudest = self.loudest, 0
        return round(likeness(loudest), 4)

    def feed(self, frame: bytes) -> list[Event]:
        """Hear a frame. Raises UndecodableFrameError."""
        samples = self._intake.samples(frame)
        self._samples += len(samples) // 2
        self._rest = self._rest + samples if self._rest else samples
        if self._recogniser is not None:
            self._recognise(self._recogniser, samples)
        return [] if self.ask is not None else self._advance()

    def speak(self, voice: Voice) -> list[Event]:
        """Let a voice speak, as was asked for."""
        assert self.ask is not None
        ask, self.ask, self._recogniser = self.ask, None, None
        self._gain = ask.found.gain if ask.found is not None else 1.0
        self.voice = voice
        voice.begin(ask.onset)
        return self._advance()

    def force(self) -> list[Event]:
        """End the turn."""
        if self.turn is None:
            return []
        return self._over(self.voice.force(self.now) if self.voice is not None else ())

    def _over(self, words: Iterable[Spoken]) -> list[Event]:
        """Add words to the turn, and end it."""
        events = self._say(words)
        return [*events, self._end(1.0)] if self.turn is not None else events

    def finish(self) -> list[Event]:
        """End the turn with what is being said: no more audio will come. ``ask`` may follow once, and then this."""
        if self._recogniser is not None and self._recogniser.onset is not None and self.voice is None:
            self.ask = Ask(self._recogniser.conclude(), self._recogniser.onset)
            return []
        if self.voice is None:
            return self._over(())
        self.now = max(self.now, self.heard)
        rest = [*self.voice.words(self.now, is_loud=False), *self.voice.rest(self.now)]
        return self._over(rest)

    def say(self, words: Iterable[str], *, is_over: bool) -> list[Event]:
        """Add words to the turn as if they had just been said, and end it if it is to be over."""
        said = [Spoken(text, self.now, self.now, 0.99, "A") for text in words]
        return self._over(said) if is_over else self._say(said)

    def _recognise(self, recogniser: Recogniser, samples: bytes) -> None:
        found = recogniser.hear(samples)
        if not isinstance(found, bool):
            self.ask = Ask(found, recogniser.onset)
        elif not found:
            self.ask = Ask(None, recogniser.onset)
        elif recogniser.onset is None and self.patience is not None and self.heard >= self.patience:
            self.ask, self.patience = Ask(None, None), None

    def _advance(self) -> list[Event]:
        """Look at every step that is whole."""
        events: list[Event] = []
        data, rate, at = self._rest, self._intake.rate, 0
        begin = self._steps * rate * STEP // 1000
        while True:
            end = (self._steps + 1) * rate * STEP // 1000
            stop = at + 2 * (end - begin)
            if stop > len(data):
                break
            self._hear(rms(data[at:stop], 2), events)
            self._steps += 1
            if self.voice is None and self._recogniser is None:
                self._begin_again(data[at:])
                if self.ask is not None:
                    at = stop
                    break
            begin, at = end, stop
        self._rest = data[at:]
        return events

    def _begin_again(self, samples: bytes) -> None:
        """Listen for another recording; the sound has just begun."""
        self._recogniser = Recogniser(self._recordings, self._intake.rate, self.now - STEP)
        self._recognise(self._recogniser, samples)

    def _hear(self, level: int, events: list[Event]) -> None:
        """Hear one step."""
        self.now += STEP
        if self._gain != 1.0:
            level = min(round(level * self._gain), 2**15)
        is_loud = self._is_speech(level)
        if level > self.loudest:
            self.loudest = level
        if is_loud:
            self._quiet, self._silent_since = 0, self.now
        else:
            self._quiet += STEP
            if self.now - self._silent_since >= SILENCE:
                events.append(Silent(self._silent_since, self.now))
                self._silent_since = self.now
        voice = self.voice
        if voice is None:
            return
        words = voice.words(self.now, is_loud=is_loud)
        if words:
            events += self._say(words)
        if self.turn is not None or not is_loud:
            self._end_in_time(voice, events)
        elif voice.ends is not None and voice.hears and self.now > voice.ends + _AFTER_THE_END:
            self.voice = None

    def _is_speech(self, level: int) -> bool:
        """Say whether a step may be speech: it is loud, and not for a moment only, in silence."""
        self._noise.hear(level)
        if level < self.endpointing.loudness or level < self._noise.threshold:
            self._loud = 0
            return False
        self._loud += STEP
        return self._loud >= _ONSET or self._quiet < _ONSET

    def _say(self, words: Iterable[Spoken]) -> list[Event]:
        events: list[Event] = []
        for word in words:
            if self.turn is not None and self.turn.words[-1].speaker != word.speaker:
                events.append(self._end(SURE))
            if self.turn is None:
                self.turn = Turn(self.turns)
            self.turn.words.append(word)
            events.append(Said(self.turn, self.now, len(self.turn.words)))
        return events

    def _end_in_time(self, voice: Voice, events: list[Event]) -> None:
        """End the turn if it has been silent for long enough, or the turn has gone on for too long."""
        rules, silence = self.endpointing, self._silence(voice)
        if silence >= rules.min_silence:
            events += self._say(voice.pause(self.now, is_long=silence >= min(BURST, rules.max_silence)))
            if self.turn is not None:
                confidence = voice.confidence(self.turn.words[-1], silence)
                if confidence > rules.threshold or silence >= rules.max_silence:
                    events.append(self._end(confidence))
                elif self.turn.uttered < len(self.turn.words):
                    since, self.turn.uttered = self.turn.uttered, len(self.turn.words)
                    events.append(Paused(self.turn, self.now, self.turn.uttered, since, confidence))
        if self.turn is not None and rules.longest is not None and self.now - self.turn.start >= rules.longest:
            events.append(self._end(1.0))

    def _silence(self, voice: Voice) -> int:
        """Return for how long nothing has been said: nothing was heard, and no word is on its way."""
        if voice.is_speaking(self.now):
            return 0
        silence = self._quiet if voice.hears else self.now
        return min(silence, self.now - self.turn.end) if self.turn is not None else silence

    def _end(self, confidence: float) -> Ended:
        turn = self.turn
        assert turn is not None
        if self.voice is not None:
            turn.words[-1] = self.voice.closed(turn.words[-1])
        self.turn = None
        self.turns += 1
        return Ended(turn, self.now, confidence)
