"""From a request for a transcript to what it is answered: by a fixture, or by the generator."""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from mockserver.engine import generate, media
from mockserver.engine.fixture import Fixture, Outcome, Question
from mockserver.engine.fixtures import Fixtures
from mockserver.engine.media import Sound, Unusable
from mockserver.engine.store import Store
from mockserver.engine.transcripts import UntimedTurn, transcribe

_REMEMBERED = 4096
_AS_EVER = Outcome()
_MS_PER_WORD = 60_000 // generate.WORDS_PER_MINUTE
FAILURE_TEXT = "text"
"""The failure reason whose detail is the very text that a fixture gives."""


class Plan(NamedTuple):
    """How a job will end: with a failure, or with a stored transcript of ``duration`` milliseconds."""

    fixture: str | None
    outcome: Outcome
    failure: Unusable | None = None
    transcript: str | None = None
    duration: int | None = None
    channels: int | None = None


@dataclass(frozen=True)
class Heard:
    """A stored transcript, and the audio that it is of: milliseconds and channels."""

    transcript: str
    duration: int
    channels: int


@dataclass(frozen=True)
class Worked:
    """What ``work_out`` made, for ``keep``."""

    plan: Plan
    identity: tuple[object, ...] = ()
    heard: Heard | None = None
    body: bytes = b""


class Answers:
    """Decide on answers. The same question gets the same answer, whichever job asks it.

    ``known`` costs microseconds and may be called in the event loop; it returns None where files have to be
    read or the transcript has still to be made, which ``work_out`` does in a worker thread and ``keep`` stores.
    """

    def __init__(self, store: Store, fixtures: Fixtures, seed: int) -> None:
        self._store = store
        self._fixtures = fixtures
        self._seed = seed
        self._remembered: OrderedDict[tuple[object, ...], Heard] = OrderedDict()

    def known(self, question: Question, sound: Sound | Unusable | None) -> Plan | None:
        """Return the plan if it needs no more work. ``sound`` is None for audio that is only pretended."""
        if not self._fixtures.is_identified(question.size):
            return None
        fixture = self._fixtures.match(question)
        failure = _failure(fixture, question, sound)
        if failure is not None:
            return _plan(fixture, failure=failure)
        heard = self._remembered.get(_identity(fixture, question, sound))
        return _plan(fixture, heard) if heard else None

    def work_out(self, question: Question, sound: Sound | Unusable | None) -> Worked:
        """Return the plan and the transcript that ``keep`` is to store; this blocks."""
        self._fixtures.identify(question.size)
        fixture = self._fixtures.match(question)
        failure = _failure(fixture, question, sound)
        if failure is not None:
            return Worked(_plan(fixture, failure=failure))
        audio = sound if isinstance(sound, Sound) else self._pretended(fixture, question)
        language = (fixture and fixture.language) or question.language or "en"
        seed = f"{self._seed}/{question.sha256 or question.url}"
        turns = fixture.turns if fixture else None
        if turns is None:
            turns = tuple(generate.conversation(audio.duration, language=language, channels=audio.channels, seed=seed))
        transcript = transcribe(turns, language=language, duration=audio.duration, seed=seed, channels=audio.channels)
        body = transcript.encode()
        heard = Heard(blake2b(body, digest_size=16).hexdigest(), audio.duration, audio.channels)
        return Worked(_plan(fixture, heard), _identity(fixture, question, sound), heard, body)

    def keep(self, worked: Worked) -> Plan:
        """Store what ``work_out`` made, and return its plan."""
        if worked.heard is not None:
            self._store.write(
                "INSERT OR IGNORE INTO transcripts (key, body) VALUES (?, ?)", (worked.heard.transcript, worked.body)
            )
            self._remembered[worked.identity] = worked.heard
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return worked.plan

    def reload(self) -> None:
        """Forget which transcripts are stored, after writes were lost."""
        self._remembered.clear()

    def forget_orphans(self) -> None:
        """Remove the transcripts that no job has."""
        self._remembered.clear()
        self._store.write(
            "DELETE FROM transcripts WHERE key NOT IN (SELECT transcript FROM jobs WHERE transcript IS NOT NULL)"
        )

    def _pretended(self, fixture: Fixture | None, question: Question) -> Sound:
        """Return the facts of audio that nobody has: from the fixture, or seeded."""
        if fixture is None or fixture.turns is None:
            return Sound(random.Random(f"{self._seed}/{question.url}").randint(20_000, 180_000), 1)
        channels = max((turn.channel or 1 for turn in fixture.turns), default=1)
        if fixture.duration is not None:
            return Sound(fixture.duration, channels)
        if fixture.match.audio is not None:
            found = media.probe(fixture.match.audio)
            if isinstance(found, Sound):
                return found
        return Sound(_natural_duration(fixture.turns), channels)


def _natural_duration(turns: tuple[UntimedTurn, ...]) -> int:
    spoken = sum(len(turn.words) for turn in turns) * _MS_PER_WORD + 1000
    timed = max((turn.last_moment for turn in turns), default=0)
    return timed + 500 if timed else spoken


def _failure(fixture: Fixture | None, question: Question, sound: Sound | Unusable | None) -> Unusable | None:
    """Return why the job fails: the fixture says so, or its audio is unusable and no fixture names it."""
    if fixture is not None:
        if fixture.outcome.error is not None:
            return Unusable(FAILURE_TEXT, fixture.outcome.error.replace("{audio_url}", question.url))
        if fixture.outcome.reason is not None:
            return Unusable(fixture.outcome.reason)
        if fixture.match.names_audio and fixture.turns is not None:
            return None
    return sound if isinstance(sound, Unusable) else None


def _plan(fixture: Fixture | None, heard: Heard | None = None, *, failure: Unusable | None = None) -> Plan:
    name, outcome = (fixture.name, fixture.outcome) if fixture else (None, _AS_EVER)
    if heard is None:
        return Plan(name, outcome, failure)
    return Plan(name, outcome, None, heard.transcript, heard.duration, heard.channels)


def _identity(fixture: Fixture | None, question: Question, sound: Sound | Unusable | None) -> tuple[object, ...]:
    """Return what decides on the words and their times."""
    audio = (sound.duration, sound.channels) if isinstance(sound, Sound) else None
    said = (fixture.digest, fixture.match.audio) if fixture else None
    return question.sha256 or question.url, question.language, audio, said
