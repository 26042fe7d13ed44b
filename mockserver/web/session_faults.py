"""What goes wrong with a session: refused instead of begun, or changed between its dialect's answers and the wire."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mockserver.engine.clock import SECOND, Timeline
from mockserver.engine.fault_rule import SessionFault
from mockserver.engine.faults import Fault
from mockserver.web.damage import broken_off, damaged, malformed
from mockserver.web.family import Call
from mockserver.web.injection import replaced
from mockserver.web.replies import ApiError, ClientGoneError, Reply
from mockserver.web.sending import Receive, client_of
from mockserver.web.sockets import Close, Later, Message, Opening, Outgoing, SocketOperation
from mockserver.web.waits import Stopwatch

if TYPE_CHECKING:
    from mockserver.web.injection import Injector

MOST_HELD = 16 * 2**20
"""Bytes of messages that are held for one session; what comes then is lost."""


class Raw(NamedTuple):
    """Bytes for the wire that are no frame."""

    data: bytes


class Reset(NamedTuple):
    """The connection is reset."""


class _Strike(NamedTuple):
    """The moment of a session's fault, in line with its messages."""


NO_FRAME = Raw(b"\x83\x00")
"""A frame of a type that is reserved."""
Thing = Message | Close | Raw | Reset


class Trouble:
    """What goes wrong with one session, between what its dialect answers and what is sent.

    Everything goes through one line, so that what is late keeps its order. ``fail`` words a documented error.
    """

    def __init__(self, fault: Fault, clock: Timeline, fail: Callable[[str], Sequence[Outgoing]] | None) -> None:
        self.label = fault.label
        self._fail = fail
        self._watch = Stopwatch(clock)
        self._begins = fault.delay
        self._ending = _ending_of(fault, can_fail=fail is not None)
        self._messages = fault.messages
        self._line: deque[tuple[int, Thing | _Strike]] = deque()
        self._held = self._sent = self._met = self._hit = 0
        self._swapped: Message | None = None
        self._words: Sequence[Message | Close] = ()
        self.is_mute = False
        """Whether nothing that the dialect says is sent any more."""
        at = (self._ending.after_messages or self._ending.after_audio_ms or 0) if self._ending else None
        self._is_at_once = at == 0
        self.skips_begin = self._is_at_once and not (self._ending and self._ending.invalid_frame)
        """Whether the session is to end before it begins."""
        self.is_deaf = self.skips_begin
        """Whether the dialect hears nothing any more: its session is over, or hangs."""

    def start(self) -> Sequence[Thing]:
        """Return what is sent before everything else."""
        if self._is_at_once:
            if self._ending is not None and self._ending.error is not None:  # some end no session
                self._words = self._worded(self._ending.error)
                self.is_deaf = self.skips_begin = _is_end(self._words)
            self._queue(_Strike())
        return self.released()

    def pass_on(self, answer: Message | Close) -> Sequence[Thing]:
        """Return what is sent now that the dialect has said something."""
        if isinstance(answer, Message):
            self._change(answer)
        else:
            self.is_deaf = True
            if self._swapped is not None:
                self._queue(self._swapped)
            self._queue(answer)
        return self.released()

    def heard(self, milliseconds: int) -> Sequence[Thing]:
        """Return what is sent now that so much audio has come."""
        ending = self._ending
        if ending is None or not ending.after_audio_ms or milliseconds < ending.after_audio_ms:
            return ()
        self._queue(_Strike())
        return self.released()

    def wait(self) -> float | None:
        """Return the real seconds until something is to be released; None: nothing is, or time stands still."""
        return self._watch.real_seconds_until(self._line[0][0]) if self._line else None

    def released(self) -> Sequence[Thing]:
        """Return what is to be sent by now."""
        passed = self._watch.passed() if self._line else 0
        out: list[Thing] = []
        while self._line and self._line[0][0] <= passed:
            thing = self._line.popleft()[1]
            if isinstance(thing, _Strike):
                out += self._strike()
            else:
                out += self._counted(thing)
        return out

    def _counted(self, thing: Thing) -> Sequence[Thing]:
        if not isinstance(thing, Message):
            return (thing,)
        self._sent += 1
        self._held -= len(thing.body)
        is_last = self._ending is not None and self._ending.after_messages == self._sent
        return (thing, *self._strike()) if is_last else (thing,)

    def _queue(self, thing: Thing | _Strike, delay: int = 0) -> None:
        if self.is_mute:
            return
        if isinstance(thing, Message):
            if self._held + len(thing.body) > MOST_HELD:
                return
            self._held += len(thing.body)
        last = self._line[-1][0] if self._line else 0
        self._line.append((max(last, self._begins, self._watch.passed() + delay), thing))

    def _change(self, message: Message) -> None:
        """Let a message go its way, or not."""
        swapped, self._swapped = self._swapped, None
        fault = self._messages
        if swapped is not None or fault is None or not self._is_hit(message):
            self._queue(message)
            if swapped is not None:
                self._queue(swapped)
        elif fault.fault == "swap":
            self._swapped = message
        elif fault.fault == "malformed":
            self._queue(Message(message.kind, malformed(message.body)))
        elif fault.fault != "drop":
            for _ in range(2 if fault.fault == "twice" else 1):
                self._queue(message, round((fault.seconds or 0) * SECOND))

    def _is_hit(self, message: Message) -> bool:
        fault = self._messages
        assert fault is not None
        if (fault.kinds is not None and message.kind not in fault.kinds) or self._hit == fault.times:
            return False
        self._met += 1
        place = self._met - fault.after
        is_hit = place > 0 and place % fault.every == 0
        self._hit += is_hit
        return is_hit

    def _strike(self) -> Sequence[Thing]:
        ending, self._ending = self._ending, None
        if ending is None:
            return ()
        if ending.invalid_frame:
            return (NO_FRAME,)
        words = self._words or self._worded(ending.error) if ending.error is not None else ()
        if words and not _is_end(words):
            return words
        self.is_mute = self.is_deaf = True
        self._line.clear()
        if ending.close is not None:
            return (Close(ending.close.code, ending.close.reason),)
        return (Reset(),) if ending.reset else words

    def _worded(self, error: str) -> Sequence[Message | Close]:
        assert self._fail is not None
        return [thing for thing in self._fail(error) if not isinstance(thing, Later)]


def _is_end(words: Sequence[Message | Close]) -> bool:
    return any(isinstance(word, Close) for word in words)


def _ending_of(fault: Fault, *, can_fail: bool) -> SessionFault | None:
    """Return what becomes of the session; an error in place of its beginning goes before."""
    ending = fault.session
    if fault.reply is not None and fault.reply.error is not None:
        ending = SessionFault(error=fault.reply.error)
    return None if ending is not None and ending.error is not None and not can_fail else ending


async def refusal_of(
    opening: Opening, operation: SocketOperation, injector: Injector, receive: Receive
) -> tuple[Fault | None, Reply | None]:
    """Return what goes wrong with a session, and the reply if that takes the place of the upgrade.

    Raises ClientGoneError if the client leaves, or the server stops, before a reply that is late.
    """
    call = _call_of(opening, receive)
    try:
        fault = injector.fault_of_session(opening, operation)
    except ApiError as error:
        opening.hint = error.hint
        return None, opening.service.wording.reply(call, error)
    rule = fault.reply if fault is not None else None
    if fault is None or rule is None or rule.error in operation.errors:
        return fault, None
    opening.hint = f"a fault: {fault.label}"
    if fault.delay:
        async with client_of(receive) as gone:
            if not await opening.courier.waits.until(Stopwatch(opening.clock), fault.delay, gone):
                raise ClientGoneError
    if rule.connection is not None:
        return fault, broken_off(rule, fault.label)
    return fault, damaged(replaced(call, rule), rule)


def _call_of(opening: Opening, receive: Receive) -> Call:
    """Return the request for the upgrade as any other request, so that it can be answered as such."""
    call = Call({**opening.scope, "type": "http", "method": "GET"}, receive)
    call.engine, call.courier, call.quirks = opening.engine, opening.courier, opening.quirks
    call.header_map, call.family, call.service = opening.header_map, opening.family, opening.service
    call.account = opening.account
    call.request_id = opening.service.request_id("req_0_0", opening.engine.settings.seed)
    return call
