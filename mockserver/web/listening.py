"""What a session's audio is heard as: the engine's hearing, with threads for what blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mockserver.engine.media import Unusable
from mockserver.engine.streaming.hearing import Ask, Endpointing, Event, Hearing
from mockserver.engine.streaming.intake import Intake
from mockserver.engine.streaming.speech import Casting, Listener, Speaker
from mockserver.engine.streaming.voices import Follow
from mockserver.web.sockets import Later, Opening, Outgoing

Rendered = Sequence[Outgoing]
Render = Callable[[Sequence[Event]], Rendered]


class Listening:
    """Hears the audio of one session, and tells its dialect what was heard.

    ``render`` makes messages of events, and ``failed`` those of a session whose fixture says that it goes wrong.
    """

    def __init__(
        self,
        opening: Opening,
        listener: Listener,
        intake: Intake,
        endpointing: Endpointing,
        *,
        render: Render,
        failed: Callable[[Unusable], Rendered],
    ) -> None:
        self._opening = opening
        self._courier = opening.courier
        self._speech = opening.engine.speech
        self._listener = listener
        opening.params = listener.params
        self._render = render
        self._failed = failed
        self.hearing = Hearing(intake, self._speech.recordings, endpointing)

    def prepare(self) -> Later:
        """Get to know the fixtures' recordings as they are now; nothing is to be heard before."""
        return Later(self._prepare())

    async def _prepare(self) -> Rendered:
        await self._courier.fresh_fixtures()
        if not self._speech.is_loaded:
            await self._courier.in_slow_thread(self._speech.load)
        self.hearing.patience = await self._first_word()
        return ()

    async def _first_word(self) -> int | None:
        """Return when the first word is over of a fixture that is for any audio; None: there is no such fixture."""
        casting = self._speech.choose(self._listener, None, uses=False)
        if casting.fixture is None:
            return None
        speaker = await self._speaker(casting)
        return speaker.voice.first if isinstance(speaker.voice, Follow) else None

    async def _speaker(self, casting: Casting) -> Speaker:
        known = self._speech.known(casting)
        return known if known is not None else await self._courier.in_slow_thread(self._speech.speaker, casting)

    def hear(self, frame: bytes) -> Rendered:
        """Hear a frame. Raises UndecodableFrameError."""
        return self._rendered(self.hearing.feed(frame))

    def force(self) -> Rendered:
        """End the turn."""
        return self._render(self.hearing.force())

    def say(self, text: str, *, is_over: bool) -> Rendered:
        """Add words to the turn as if they had just been said, and end it if it is to be over."""
        return self._render(self.hearing.say(text.split(), is_over=is_over))

    def finish(self, last: Callable[[], Rendered]) -> Rendered:
        """End the turn with what is being said, and say what is ``last``."""
        rendered = self._rendered(self.hearing.finish())
        if self.hearing.ask is None:
            return (*rendered, *last())
        return (*rendered, Later(self._finished(last)))

    async def _finished(self, last: Callable[[], Rendered]) -> Rendered:
        return (*self._render(self.hearing.finish()), *last())

    def _rendered(self, events: Sequence[Event]) -> Rendered:
        rendered = self._render(events) if events else ()
        return (*rendered, Later(self._answered(self.hearing.ask))) if self.hearing.ask is not None else rendered

    async def _answered(self, ask: Ask) -> Rendered:
        """Find out who speaks."""
        casting = self._speech.choose(self._listener, ask.found)
        speaker = await self._speaker(casting)
        self._opening.fixture = speaker.fixture
        if speaker.failure is not None:
            return self._failed(speaker.failure)
        return self._rendered(self.hearing.speak(speaker.voice))
