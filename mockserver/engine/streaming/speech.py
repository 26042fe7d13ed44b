"""Who speaks in a stream: the fixture that matches it, or an invention."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.engine import media
from mockserver.engine.answers import FAILURE_TEXT, Plan, perform
from mockserver.engine.fixture import Fixture, Question
from mockserver.engine.media import Sound, Unusable
from mockserver.engine.streaming.recordings import Found, Recordings
from mockserver.engine.streaming.voices import Follow, Voice, invention, script
from mockserver.engine.transcripts import Transcript

if TYPE_CHECKING:
    from mockserver.engine import Engine
    from mockserver.engine.keys import Account

_REMEMBERED = 128
URL = "stream:"
"""Stands for the audio's URL where fixtures are matched."""


class Listener(NamedTuple):
    """What fixtures are matched on in a stream besides its sound: the key, parameters, and the language they name.

    ``session`` is its id, which inventions follow from.
    """

    account: Account
    params: Mapping[str, Any]
    language: str | None
    session: str


class Casting(NamedTuple):
    """Which fixture was chosen for a stream, None for an invention."""

    listener: Listener
    question: Question
    found: Found | None
    fixture: Fixture | None


class Speaker(NamedTuple):
    """Who speaks; ``failure`` is there if the fixture says that it goes wrong."""

    voice: Voice
    fixture: str | None
    failure: Unusable | None = None


class Speech:
    """Finds out who speaks in streams. ``load`` and ``speaker`` block, and are for worker threads; the rest is not."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.recordings = Recordings()
        self._loaded = 0
        self._transcripts: OrderedDict[tuple[object, ...], Transcript] = OrderedDict()

    @property
    def is_loaded(self) -> bool:
        """Say whether the recordings of the fixtures as they are now are known."""
        return self._loaded == self._engine.fixtures.version

    def load(self) -> None:
        """Get to know the recordings of the fixtures."""
        version = self._engine.fixtures.version
        every = list(self._engine.fixtures)
        self.recordings.load(fixture.match.audio for fixture in every if fixture.match.audio is not None)
        for fixture in every:
            fixture.match.identify()
        self._loaded = version

    def choose(self, listener: Listener, found: Found | None, *, uses: bool = True) -> Casting:
        """Choose the fixture, as if the recording had been uploaded; one that was added for some uses is used once."""
        question = _question(listener, found)
        added = self._engine.added
        choice = added.choose(listener.account.project.id, question)
        (added.spend if uses else added.give_back)(choice)
        return Casting(listener, question, found, choice.fixture or self._engine.fixtures.match(question))

    def known(self, casting: Casting) -> Speaker | None:
        """Return who speaks if that needs no work; where the same was heard before, it does not."""
        fixture, found = casting.fixture, casting.found
        transcript = fixture and self._transcripts.get(_identity(casting, fixture))
        if not fixture or not transcript or fixture.outcome.is_failure or fixture.is_script:
            return None
        return _following(transcript, found, fixture)

    def speaker(self, casting: Casting) -> Speaker:
        """Return who speaks."""
        fixture, found, listener = casting.fixture, casting.found, casting.listener
        language = (fixture and fixture.language) or listener.language or "en"
        seed = f"{self._engine.settings.seed}/{listener.session}"
        if fixture is None or fixture.turns is None or fixture.outcome.is_failure:
            name = fixture.name if fixture else None
            return Speaker(invention(language=language, seed=seed), name, _failure(fixture))
        if fixture.is_script:
            return Speaker(script(fixture.turns, language=language, seed=seed), fixture.name)
        transcript = self._transcripts[_identity(casting, fixture)] = self._transcript(casting, fixture)
        while len(self._transcripts) > _REMEMBERED:
            self._transcripts.popitem(last=False)
        return _following(transcript, found, fixture)

    def _transcript(self, casting: Casting, fixture: Fixture) -> Transcript:
        """Return what the pre-recorded API would answer for the same audio."""
        sound = media.probe(casting.found.recording.path) if casting.found else None
        begun = self._engine.answers.begin(casting.question, sound if isinstance(sound, Sound) else None, None, fixture)
        assert not isinstance(begun, Plan)
        return Transcript.decode(perform(begun).body)


def _identity(casting: Casting, fixture: Fixture) -> tuple[object, ...]:
    """Return what decides on the words and their times."""
    return fixture.digest, fixture.match.audio, casting.question.sha256, casting.question.language


def _following(transcript: Transcript, found: Found | None, fixture: Fixture) -> Speaker:
    return Speaker(Follow(transcript, found.shift if found else 0, hears=found is not None), fixture.name)


def _failure(fixture: Fixture | None) -> Unusable | None:
    if fixture is None or not fixture.outcome.is_failure:
        return None
    return Unusable(fixture.outcome.reason or FAILURE_TEXT, fixture.outcome.error or "")


def _question(listener: Listener, found: Found | None) -> Question:
    key, params, language = listener.account.key, listener.params, listener.language
    if found is None:
        return Question(URL, None, None, None, language, key, params)
    recording = found.recording
    return Question(URL, recording.path.name, recording.sha256, recording.size, language, key, params)
