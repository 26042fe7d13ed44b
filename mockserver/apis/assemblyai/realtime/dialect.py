"""One session of the legacy realtime API: what is heard, as partial and final transcripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mockserver.apis.assemblyai.pace import is_too_fast
from mockserver.apis.assemblyai.realtime import messages, params
from mockserver.apis.assemblyai.realtime.auth import admit
from mockserver.apis.assemblyai.realtime.messages import ERRORS
from mockserver.apis.assemblyai.realtime.params import Asked, Params, WrongError
from mockserver.apis.assemblyai.streaming.writing import unformatted
from mockserver.engine.answers import FAILURE_TEXT
from mockserver.engine.clock import SECOND
from mockserver.engine.keys import Account
from mockserver.engine.media import Unusable
from mockserver.engine.streaming.hearing import Ended, Endpointing, Event, Said
from mockserver.engine.streaming.hearing import Turn as Heard
from mockserver.engine.streaming.intake import intake_of
from mockserver.engine.streaming.levels import STEP, threshold_of
from mockserver.engine.streaming.speech import Listener
from mockserver.engine.transcripts import Transcript, Turn, Word
from mockserver.engine.wording import Wording, written
from mockserver.web.listening import Listening
from mockserver.web.sockets import How, Later, Opening, Outgoing, RefusedError

IDLE = 60
"""Seconds without a message after which a session ends."""
LONGEST = 3 * 3600
"""Seconds after which a session ends."""
SHORTEST_FRAME, LONGEST_FRAME = 100, 2000
"""Milliseconds of audio that a message has."""
_SILENCE = 700
_LONGEST_UTTERANCE = 60_000
_VAD = 0.4
_SURE = 1.0


def open_session(opening: Opening) -> Session:
    """Return the session that a client asks for. Raises RefusedError and NoUpgradeError."""
    try:
        account = admit(opening)
        asked = params.read(opening.query_params)
    except WrongError as wrong:
        opening.hint = wrong.hint
        raise RefusedError(messages.refusal(wrong.error)) from None
    opening.violates(*asked.violations)
    return Session(opening, account, asked)


class Session:
    """A session as the legacy protocol has it."""

    def __init__(self, opening: Opening, account: Account, asked: Params) -> None:
        self.id = opening.engine.keys.next_session_id(account.project)
        self._opening = opening
        self._params = asked
        self._began = opening.clock.now()
        self._expires = self._began + LONGEST * SECOND
        self._paced = "stream_pace" in opening.quirks
        self._heard_from()
        self._was_short = False
        self._told = (0, 0)
        self._wording = Wording(terms=tuple(tuple(term.split()) for term in asked.terms))
        rules = Endpointing(_SILENCE, _SILENCE, _SURE, threshold_of(_VAD), _LONGEST_UTTERANCE)
        self._listening = Listening(
            opening,
            Listener(account, asked.given, None, self.id),
            intake_of(asked.encoding, asked.sample_rate),
            rules,
            render=self._rendered,
            failed=_failed,
        )

    @property
    def heard(self) -> int:
        """Return how much audio has come, in milliseconds."""
        return self._listening.hearing.heard

    def begin(self) -> Sequence[Outgoing]:
        """Return what is said first."""
        return (messages.begins(self.id, self._expires), self._listening.prepare())

    def receive(self, frame: bytes | str) -> Sequence[Outgoing]:
        """Return what a frame is answered with."""
        self._heard_from()
        try:
            return self._hear(frame) if isinstance(frame, bytes) else self._obey(frame)
        except WrongError as wrong:
            self._opening.hint = wrong.hint
            return self.fail(wrong.error)

    def due(self) -> int | None:
        """Return when the session ends if nothing more comes."""
        return min(self._idle, self._expires)

    def tick(self) -> Sequence[Outgoing]:
        """Return the end of a session that has gone on, or been idle, for too long."""
        return self.fail("session_expired" if self._expires <= self._idle else "idle")

    def say(self, text: str, how: How) -> Sequence[Outgoing]:
        """Return what is said if words are put into the session by hand."""
        return self._listening.say(text, is_over=how != "partial")

    def fail(self, error: str) -> Sequence[Outgoing]:
        """Return a documented error, by its name."""
        return messages.refusal(error)

    def end(self) -> Sequence[Outgoing]:
        """Return how the session ends if all is well."""
        return self._listening.finish(self._last)

    def closed(self) -> None:
        """Do nothing: nothing is left of the session."""

    def _heard_from(self) -> None:
        self._idle = self._opening.clock.now() + IDLE * SECOND

    def _last(self) -> Sequence[Outgoing]:
        told = (messages.information(self.heard),) if self._params.has_information else ()
        return (*told, messages.TERMINATED, messages.ENDED)

    def _obey(self, text: str) -> Sequence[Outgoing]:
        asked = params.understand(text)
        self._opening.violates(*(f"unknown field {name}" for name in asked.unknown))
        if asked.silence is not None:
            silence = max(asked.silence, STEP)  # silence is heard in steps: with none, every word would be alone
            hearing = self._listening.hearing
            hearing.endpointing = replace(hearing.endpointing, min_silence=silence, max_silence=silence)
        if asked.audio is None:
            return self._conclude(asked)
        heard = self._hear(asked.audio)
        return (*heard, Later(self._concluded(asked))) if asked.forces or asked.terminates else heard

    def _conclude(self, asked: Asked) -> Sequence[Outgoing]:
        if asked.terminates:
            return self.end()
        return self._listening.force() if asked.forces else ()

    async def _concluded(self, asked: Asked) -> Sequence[Outgoing]:
        """Do the rest of a message once its audio has been heard: that may have to wait for who speaks."""
        return self._conclude(asked)

    def _hear(self, frame: bytes) -> Sequence[Outgoing]:
        samples = len(frame) // self._params.bytes_per_sample
        if not samples:
            raise WrongError("audio_too_small", "there is no sample in the frame")
        length = round(samples * 1000 / self._params.sample_rate)
        if length > LONGEST_FRAME:
            raise WrongError("audio_too_long", f"a frame of {length} ms; {LONGEST_FRAME} are the most")
        if self._was_short:
            raise WrongError("audio_too_short", f"a frame of less than {SHORTEST_FRAME} ms that was not the last one")
        self._was_short = length < SHORTEST_FRAME
        if self._was_short:
            self._opening.violates(f"a frame of {length} ms: only the last one may be shorter than {SHORTEST_FRAME} ms")
        answers = self._listening.hear(frame)
        if self._paced and is_too_fast(self.heard, self._opening.clock.now() - self._began):
            return (*answers, *self.fail("too_fast"))
        return answers

    def _rendered(self, events: Sequence[Event]) -> Sequence[Outgoing]:
        """Return the utterances that are over, and what there is of the one that is not."""
        now = self._opening.clock.now()
        answers: list[Outgoing] = []
        is_open = False
        for event in events:
            if isinstance(event, Ended):
                answers += self._final(event.turn, now)
                is_open = False
            elif isinstance(event, Said):
                is_open = True
        turn = self._listening.hearing.turn
        if is_open and turn is not None and self._params.has_partials:
            answers += self._partial(turn, now)
        return answers

    def _partial(self, turn: Heard, now: int) -> Sequence[Outgoing]:
        """Return what there is of an utterance, if it is more than was told of it."""
        words = unformatted(self._written(turn), self._listening.hearing.language)
        before, self._told = self._told, (turn.order, len(words))
        return (messages.partial(words, now),) if words and self._told != before else ()

    def _final(self, turn: Heard, now: int) -> Sequence[Outgoing]:
        words = self._written(turn)
        return (messages.final(words, now),) if words else ()

    def _written(self, turn: Heard) -> Sequence[Word]:
        words = tuple(Word(each.text, each.start, each.end, each.confidence) for each in turn.words)
        language = self._listening.hearing.language
        return tuple(written(Transcript(language, 0, (Turn(None, None, words),)), self._wording).words)


def _failed(why: Unusable) -> Sequence[Outgoing]:
    """Return the end of a session whose fixture says that it goes wrong."""
    failure = ERRORS["audio_too_small"]
    return messages.failed(why.detail if why.reason == FAILURE_TEXT else failure.text, failure)
