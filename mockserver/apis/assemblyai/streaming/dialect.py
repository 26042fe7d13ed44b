"""One streaming session, as the service's protocol has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mockserver.apis.assemblyai.streaming import errors, params
from mockserver.apis.assemblyai.streaming import requests as wire
from mockserver.apis.assemblyai.streaming.errors import messages_of
from mockserver.apis.assemblyai.streaming.frames import Frames
from mockserver.apis.assemblyai.streaming.language_model import LanguageModel
from mockserver.apis.assemblyai.streaming.messages import begin_message, heartbeat, speaker_revision, termination
from mockserver.apis.assemblyai.streaming.models import ENGLISH, TODAYS
from mockserver.apis.assemblyai.streaming.params import InvalidParameterError
from mockserver.apis.assemblyai.streaming.requests import RefusedMessageError, read_message
from mockserver.apis.assemblyai.streaming.timers import Timers
from mockserver.apis.assemblyai.streaming.turns import Final, turns_of
from mockserver.apis.assemblyai.streaming.webhook import Webhook
from mockserver.engine.clock import SECOND
from mockserver.engine.media import Unusable
from mockserver.engine.streaming.hearing import Event
from mockserver.engine.streaming.intake import UndecodableFrameError, intake_of
from mockserver.engine.streaming.speech import Listener
from mockserver.web.listening import Listening, Rendered
from mockserver.web.sockets import Close, How, Later, Message, Opening, Outgoing

_VERSION = "2025-05-12"
_LONGEST_VERSION = 100


class Streaming:
    """A session; ``longest`` is how many seconds it may last. Raises InvalidParameterError."""

    def __init__(self, opening: Opening, longest: int) -> None:
        given = dict(opening.query_params)
        model = ENGLISH if "stream_default_english" in opening.quirks else TODAYS
        self._params = asked = params.read(given, default_model=model)
        opening.violates(*params.violations(given, asked))
        self._opening = opening
        self._clock = opening.clock
        self.id = opening.engine.keys.next_session_id(opening.project)
        now = self._clock.now()
        self._timers = Timers(now, longest, asked.inactivity_timeout)
        self._timers.set_heartbeat(now, is_on=bool(asked.session_heartbeat))
        paced = "stream_pace" in opening.quirks
        self._frames = Frames(asked.encoding, asked.sample_rate, began=now, paced=paced)
        self._turns = turns_of(asked, opening.quirks)
        self._formats = False
        self._webhook = Webhook.of(opening, self.id, asked)
        self._model = LanguageModel(opening, asked.llm_gateway, self.id) if asked.llm_gateway else None
        assert opening.account is not None
        self._listening = Listening(
            opening,
            Listener(opening.account, asked.model_dump(exclude_unset=True), asked.spoken, self.id),
            intake_of(asked.encoding, asked.sample_rate),
            asked.endpointing,
            render=self._render,
            failed=self._failed,
        )
        self._takes: dict[str, Callable[[dict[str, object]], Sequence[Outgoing]]] = {
            wire.UPDATE: self._update,
            wire.FORCE: lambda _: self._listening.force(),
            wire.KEEP_ALIVE: lambda _: (),
            wire.TERMINATE: lambda _: self.end(),
        }

    @property
    def heard(self) -> int:
        """Return how much audio has come, in milliseconds."""
        return self._listening.hearing.heard

    def begin(self) -> Sequence[Outgoing]:
        """Return the beginning, at once: what takes time comes after it."""
        asked = self._params
        version = self._opening.header_map.get(b"assemblyai-version", b"").decode("latin-1")[:_LONGEST_VERSION]
        configuration = {
            "model": asked.speech_model,
            "mode": asked.shown_mode,
            "api_version": version or _VERSION,
            "speaker_labels": asked.speaker_labels,
            "redact_pii": asked.redact_pii,
            "filter_profanity": bool(asked.filter_profanity),
            "domain": asked.domain,
            "voice_focus": asked.voice_focus,
        }
        return begin_message(self.id, self._timers.expires // SECOND, configuration), self._listening.prepare()

    def receive(self, frame: bytes | str) -> Sequence[Outgoing]:
        """Return what a frame is answered with."""
        self._timers.hear(self._clock.now())
        if isinstance(frame, bytes):
            return self._hear(frame)
        try:
            message = read_message(frame)
            return self._takes[message["type"]](message)
        except RefusedMessageError as refusal:
            return refusal.problem.messages
        except InvalidParameterError as error:
            return errors.invalid(str(error)).messages

    def _hear(self, frame: bytes) -> Sequence[Outgoing]:
        problem = self._frames.problem(len(frame))
        if problem is not None:
            return problem.messages
        try:
            said = self._listening.hear(frame)
        except UndecodableFrameError as error:
            return errors.undecodable(str(error)).messages
        problem = self._frames.pace(self.heard, self._clock.now())
        return said if problem is None else (*said, *problem.messages)

    def _update(self, message: dict[str, object]) -> Sequence[Outgoing]:
        self._params = params.changed(self._params, message)
        self._opening.violates(*params.violations(message))
        self._turns.tune(self._params)
        self._listening.hearing.endpointing = self._params.endpointing
        self._timers.set_heartbeat(self._clock.now(), is_on=bool(self._params.session_heartbeat))
        return ()

    def due(self) -> int:
        """Return the moment at which ``tick`` is to be called."""
        return self._timers.next

    def tick(self) -> Sequence[Outgoing]:
        """Return what it has become time for, in order."""
        answers: list[Outgoing] = []
        now = self._clock.now()
        while (due := self._timers.next) <= now:
            if due == self._timers.expires:
                return [*answers, *errors.EXPIRED.messages]
            if due == self._timers.idle:
                return [*answers, *errors.inactive(self._params.inactivity_timeout or 0).messages]
            elapsed = self._timers.beat()
            answers.append(heartbeat(self.heard, elapsed, self._listening.hearing.speech_probability()))
        return answers

    def say(self, text: str, how: How) -> Sequence[Outgoing]:
        """Return what is said if words are put into the session by hand."""
        self._formats = how == "formatted"
        said = self._listening.say(text, is_over=how != "partial")
        self._formats = False
        return (*said, *self._turns.partial(self._listening.hearing)) if how == "partial" else said

    def fail(self, error: str) -> Sequence[Outgoing]:
        """Return what a documented error is, by its name."""
        return messages_of(error)

    def end(self) -> Sequence[Outgoing]:
        """Return how the session ends in order: what is left of the turn, and the sums."""
        return self._listening.finish(self._last)

    def closed(self) -> None:
        """Tell the webhook what was said."""
        self._webhook.send()

    def _last(self) -> Sequence[Outgoing]:
        revisions = self._turns.speakers.revisions()
        elapsed = (self._clock.now() - self._timers.began) // SECOND
        return (
            *self._turns.last(),
            *([speaker_revision(revisions)] if revisions else ()),
            termination(self.heard // 1000, elapsed),
            Close(1000, "Session Ended"),
        )

    def _render(self, events: Sequence[Event]) -> Rendered:
        answers: list[Outgoing] = []
        for told in self._turns.tell(events, self._listening.hearing, formats=self._formats):
            answers += self._finished(told) if isinstance(told, Final) else (told,)
        return answers

    def _finished(self, final: Final) -> Sequence[Message | Later]:
        """Return a turn that is over, and what follows from it."""
        self._webhook.note(final.message)
        revisions = self._turns.speakers.revisions(self._listening.hearing.now)
        order, transcript = final.fields["turn_order"], final.fields["transcript"]
        return (
            final.message,
            *([Later(self._model.respond(order, transcript))] if self._model else ()),
            *([speaker_revision(revisions)] if revisions else ()),
        )

    def _failed(self, failure: Unusable) -> Rendered:
        """Return the end of a session whose fixture says that it goes wrong."""
        self._opening.hint = f"the fixture {self._opening.fixture} says that this fails: {failure}"
        return errors.CANCELLED.messages
