"""From a request for a transcript to what it is answered: by a fixture, or by the generator."""

from __future__ import annotations

import contextlib
import random
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mockserver.engine import generate, media
from mockserver.engine.acceptance import Accepted, unacceptable
from mockserver.engine.fixture import Fixture, Outcome, Question
from mockserver.engine.fixtures import Fixtures
from mockserver.engine.media import Sound, Unusable
from mockserver.engine.options import Options, cut, detected, too_little_speech
from mockserver.engine.store import Store
from mockserver.engine.transcripts import Transcript, UntimedTurn, transcribe

_REMEMBERED = 4096
_LONG = 20 * 60 * 1000
_AS_EVER = Outcome()
_MS_PER_WORD = 60_000 // generate.WORDS_PER_MINUTE
FAILURE_TEXT = "text"
"""The failure reason whose detail is the very text that a fixture gives."""


class Plan(NamedTuple):
    """How a job will end: with a failure, or with a stored transcript of ``duration`` milliseconds, in a language."""

    fixture: str | None
    outcome: Outcome
    failure: Unusable | None = None
    transcript: str | None = None
    duration: int | None = None
    channels: int | None = None
    silent: bool = False
    language: str | None = None


@dataclass(frozen=True)
class Heard:
    """A stored transcript, what decides on whether it is given, and the audio that it is of.

    ``speech`` is the share of the audio that is speech, None where nobody has asked for it yet.
    """

    transcript: str
    duration: int
    channels: int
    language: str
    certainty: float
    silent: bool
    speech: float | None


@dataclass(frozen=True)
class Script:
    """What is to be said for a question, in which audio."""

    fixture: Fixture | None
    question: Question
    audio: Sound
    seed: int
    path: Path | None
    identity: tuple[object, ...]

    @property
    def is_long(self) -> bool:
        """Say whether ``perform`` takes so long that a thread would hold up the others."""
        return self.audio.duration > _LONG


@dataclass(frozen=True)
class Worked:
    """What ``perform`` made, for ``keep``."""

    plan: Plan
    identity: tuple[object, ...]
    heard: Heard
    body: bytes


def perform(script: Script) -> Worked:
    """Make the transcript; this blocks, for seconds where the audio is long."""
    question, audio = script.question, script.audio
    transcript = _said(script)
    body = transcript.encode()
    heard = Heard(
        transcript=blake2b(body, digest_size=16).hexdigest(),
        duration=audio.duration,
        channels=audio.channels,
        language=transcript.language,
        certainty=certainty(transcript),
        silent=not transcript.turns,
        speech=None if question.options.least_speech is None else _speech_share(transcript, script.path),
    )
    plan = _plan(script.fixture, heard, failure=_refused(question.options, heard))
    return Worked(plan, script.identity, heard, body)


def _said(script: Script) -> Transcript:
    fixture, question, audio, options = script.fixture, script.question, script.audio, script.question.options
    language = (fixture and fixture.language) or _spoken(question)
    seed = f"{script.seed}/{question.sha256 or question.url}"
    turns = fixture.turns if fixture else None
    if turns is None:
        invented = generate.conversation(
            audio.duration,
            language=language,
            channels=audio.channels,
            seed=seed,
            speakers=_invented_speakers(options.speakers),
        )
        turns = tuple(invented)
    transcript = transcribe(
        turns,
        language=language,
        duration=audio.duration,
        seed=seed,
        channels=audio.channels,
        results=fixture.results if fixture else None,
    )
    return cut(transcript, options.start, options.end)


class Answers:
    """Decide on answers. The same question gets the same answer, whichever job asks it.

    ``known`` costs microseconds and may be called in the event loop; it returns None where files have to be
    read or the transcript has still to be made: ``begin`` does the one and ``perform`` the other, outside the
    event loop, and ``keep`` stores what they made. ``added`` is the fixture that was chosen before those of files.
    """

    def __init__(self, store: Store, fixtures: Fixtures, seed: int) -> None:
        self._store = store
        self._fixtures = fixtures
        self._seed = seed
        self._remembered: OrderedDict[tuple[object, ...], Heard] = OrderedDict()

    def known(self, question: Question, sound: Sound | Unusable | None, added: Fixture | None = None) -> Plan | None:
        """Return the plan if it needs no more work. ``sound`` is None for audio that is only pretended."""
        if added is None and not self._fixtures.is_identified(question.size):
            return None
        fixture = added or self._fixtures.match(question)
        failure = _failure(fixture, question, sound)
        if failure is not None:
            return _plan(fixture, failure=failure)
        heard = self._remembered.get(_identity(fixture, question, sound))
        if heard is None or (question.options.least_speech is not None and heard.speech is None):
            return None
        return _plan(fixture, heard, failure=_refused(question.options, heard))

    def begin(
        self,
        question: Question,
        sound: Sound | Unusable | None,
        path: Path | None = None,
        added: Fixture | None = None,
    ) -> Plan | Script:
        """Return the plan of a job that fails at once, or else what ``perform`` needs; this blocks.

        ``path`` is where the audio lies, if it is there.
        """
        if added is None:
            self._fixtures.identify(question.size)
        fixture = added or self._fixtures.match(question)
        failure = _failure(fixture, question, sound)
        if failure is not None:
            return _plan(fixture, failure=failure)
        audio = sound if isinstance(sound, Sound) else self._pretended(fixture, question)
        start = question.options.start
        if start is not None and start + media.SHORTEST > audio.duration:
            return _plan(fixture, failure=Unusable("too_short"))
        accepted = question.options.accepted
        refused = accepted and _unacceptable(accepted, fixture, audio, path)
        if refused is not None:
            return _plan(fixture, failure=refused)
        return Script(fixture, question, audio, self._seed, path, _identity(fixture, question, sound))

    def refusal(
        self, question: Question, accepted: Accepted, found: Unusable | None, added: Fixture | None
    ) -> Unusable | None:
        """Return why audio that has come in is refused; None if a fixture says what becomes of it.

        ``found`` is what is wrong with the audio, if anything is.
        """
        fixture = added or self._fixtures.match(question)
        if fixture is None or (found is not None and found.reason == "too_long"):
            return None if fixture is not None and fixture.outcome.is_failure else found
        if fixture.outcome.is_failure or _says_what_is_heard(fixture):
            return None
        return found or (Unusable("silent") if fixture.is_silent and not accepted.silence else None)

    def keep(self, worked: Worked) -> Plan:
        """Store what ``perform`` made, and return its plan."""
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
            "DELETE FROM transcripts WHERE key NOT IN "
            "(SELECT transcript FROM jobs WHERE transcript IS NOT NULL AND deleted IS NULL)"
        )

    def _pretended(self, fixture: Fixture | None, question: Question) -> Sound:
        """Return the facts of audio that nobody has: from the fixture, or seeded."""
        turns = (fixture and fixture.turns) or ()
        channels = max((turn.channel or 1 for turn in turns), default=1)
        if fixture is not None and fixture.duration is not None:
            return Sound(fixture.duration, channels)
        if fixture is None or fixture.turns is None:
            return Sound(random.Random(f"{self._seed}/{question.url}").randint(20_000, 180_000), 1)
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
        if _is_heard_anyhow(fixture):
            return None
    return sound if isinstance(sound, Unusable) else None


def _unacceptable(accepted: Accepted, fixture: Fixture | None, audio: Sound, path: Path | None) -> Unusable | None:
    """Return why a job does not take readable audio."""
    if fixture is not None and fixture.is_silent and not accepted.silence:
        return Unusable("silent")
    return unacceptable(accepted, audio, None if _says_what_is_heard(fixture) else path)


def _says_what_is_heard(fixture: Fixture | None) -> bool:
    """Say whether a fixture knows of something that is heard in its very audio."""
    return _is_heard_anyhow(fixture) and fixture is not None and not fixture.is_silent


def _is_heard_anyhow(fixture: Fixture | None) -> bool:
    """Say whether a fixture knows what is heard in its very audio, whatever that is like."""
    return fixture is not None and fixture.match.names_audio and fixture.turns is not None


def _plan(fixture: Fixture | None, heard: Heard | None = None, *, failure: Unusable | None = None) -> Plan:
    name, outcome = (fixture.name, fixture.outcome) if fixture else (None, _AS_EVER)
    if heard is None:
        return Plan(name, outcome, failure)
    return Plan(name, outcome, failure, heard.transcript, heard.duration, heard.channels, heard.silent, heard.language)


def _spoken(question: Question) -> str:
    """Return the language that is spoken where no fixture says so."""
    detect = question.options.detect
    return question.language or next(iter(detect.expected if detect else ()), "en")


def _invented_speakers(asked: tuple[int, int | None] | None) -> int:
    fewest, most = asked or (1, None)
    return max(fewest, 2 if most is None else min(2, most))


def certainty(transcript: Transcript) -> float:
    """Return how certain it is that the transcript is in its language, from 0 to 1: seeded if no fixture says it."""
    given = transcript.results.get("language_confidence")
    if given is not None:
        return float(given)
    first = " ".join(word.text for word in islice(transcript.words, 20))
    return round(0.9 + blake2b(first.encode(), digest_size=2).digest()[0] / 2600, 4)


def _speech_share(transcript: Transcript, path: Path | None) -> float:
    """Return how much of the audio is speech: measured where it is there, else from the words."""
    from mockserver.engine.sound import UndecodableError, speech_share

    if path is not None:
        with contextlib.suppress(UndecodableError, OSError):
            return speech_share(path)
    spoken = sum(turn.words[-1].end - turn.words[0].start for turn in transcript.turns)
    return min(1.0, spoken / transcript.duration)


def _refused(options: Options, heard: Heard) -> Unusable | None:
    """Return why what was heard is not given."""
    if options.least_speech is not None and heard.speech is not None and heard.speech < options.least_speech:
        return too_little_speech(heard.speech, options.least_speech)
    if options.detect is not None:
        found = detected(options.detect, heard.language, heard.certainty, silent=heard.silent)
        if isinstance(found, Unusable):
            return found
    return None


def _identity(fixture: Fixture | None, question: Question, sound: Sound | Unusable | None) -> tuple[object, ...]:
    """Return what decides on the words and their times."""
    audio = (sound.duration, sound.channels) if isinstance(sound, Sound) else None
    said = (fixture.digest, fixture.match.audio) if fixture else None
    options = question.options
    heard = (options.start, options.end, options.speakers, options.detect and options.detect.expected)
    return question.sha256 or question.url, question.language, audio, said, heard, options.accepted
