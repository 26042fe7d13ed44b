"""WebSocket sessions: one loop for each, which reads frames, keeps time, and sends what its dialect answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mockserver.web.replies import ClientGoneError, Headers
from mockserver.web.sending import CONNECTION, Receive, Send, printable
from mockserver.web.session_log import SessionLog, size_of
from mockserver.web.sockets import (
    Close,
    Dialect,
    Later,
    Message,
    NoUpgradeError,
    Opening,
    Outgoing,
    RefusedError,
    SocketOperation,
)

if TYPE_CHECKING:  # most servers never have a fault
    from mockserver.web.injection import Injector
    from mockserver.web.reception import Sessions
    from mockserver.web.session_faults import Thing, Trouble

GONE, RESTARTS = 1006, 1012
_WOKEN = "mockserver.woken"
_LONGEST_SLEEP = 3600.0
_FAILED = Close(1011, "an error in the server; see its log")
_logger = logging.getLogger("mockserver")


class Session:
    """One connection, from its opening to its end."""

    def __init__(
        self,
        opening: Opening,
        operation: SocketOperation,
        receive: Receive,
        send: Send,
        sessions: Sessions,
    ) -> None:
        self._sessions = sessions
        self._changed = sessions.news.ring
        self.opening = opening
        self.operation = operation
        self.dialect: Dialect | None = None
        self.request_id = ""
        self.log = SessionLog()
        self.began = opening.clock.now()
        self.began_really = opening.engine.clock.parent.now()
        self.ended: int | None = None
        self.close: Close | None = None
        """How it ended."""
        self.by_client = False
        """Whether the client ended it."""
        self.fault: str | None = None
        """What was made to go wrong."""
        self.is_forgotten = False
        """Whether nothing is kept of it: what it belonged to was reset."""
        self._receive = receive
        self._send = send
        self._asked: list[Callable[[Dialect], Sequence[Outgoing]]] = []
        self._trouble: Trouble | None = None
        self._is_woken = False
        self._timer: asyncio.TimerHandle | None = None
        self._extension: dict[str, Any] = opening.scope.get("extensions", {}).get(CONNECTION, {})

    @property
    def id(self) -> str:
        """Return the session's id; one that was refused has only its request's."""
        return self.dialect.id if self.dialect is not None else self.request_id

    @property
    def heard(self) -> int:
        """Return how much audio has come, in milliseconds."""
        return self.dialect.heard if self.dialect is not None else 0

    @property
    def note(self) -> str | None:
        """Return what the journal says of how the session ended."""
        if self.close is None:
            return self.opening.hint
        who = "the client" if self.by_client else "the server"
        said = f"{who} closed the session: {self.close.code} {self.close.reason}".rstrip()
        said += f", after {self.heard / 1000:g} s of audio" if self.heard else ""
        return f"{said}; {self.opening.hint}" if self.opening.hint else said

    def ask(self, what: Callable[[Dialect], Sequence[Outgoing]]) -> None:
        """Let the dialect be asked for something, in turn with the frames that come."""
        self._asked.append(what)
        self.wake()

    def wake(self) -> None:
        """Let the session look at what is to be done besides reading."""
        wake = self._extension.get("wake")
        if wake is not None and not self._is_woken:
            self._is_woken = True
            wake({"type": _WOKEN})

    async def run(self) -> None:
        """Go through the whole session."""
        try:
            await self._open()
            if self.close is None:
                await self._converse()
        except NoUpgradeError:
            raise
        except ClientGoneError:
            while (message := await self._receive())["type"] != "websocket.disconnect":
                pass
            self._leave(message)
        except asyncio.CancelledError:  # the server stops, and has no more time
            self._gone(RESTARTS, "", by_client=False)
        except Exception:
            _logger.exception("the session %s failed", self.dialect.id if self.dialect else self.operation.path)
            with contextlib.suppress(ClientGoneError):
                await self._finish(_FAILED)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self.log.flush()
            self.ended = self.opening.clock.now()
            if self.dialect is not None:
                self._sessions.leave(self)
                if not self.is_forgotten:
                    self.dialect.closed()

    async def _open(self) -> None:
        """Accept the connection and begin, or refuse it. Raises NoUpgradeError."""
        refused: Sequence[Outgoing] | None = None
        try:
            await self._enter()
        except RefusedError as refusal:
            refused = refusal.messages
        await self._receive()
        if self._sessions.injector is not None and self._sessions.injector.may_interfere(self.opening):
            await self._go_wrong(self._sessions.injector)
        try:
            await self._send({"type": "websocket.accept", "headers": own_headers(self)})
        except OSError:
            raise ClientGoneError from None
        if self._trouble is not None:
            await self._act(self._trouble.start())
        self._sleep()
        if refused is not None:
            await self._say(refused)
        elif self.dialect is not None and (self._trouble is None or not self._trouble.skips_begin):
            await self._say(self.dialect.begin())

    async def _go_wrong(self, injector: Injector) -> None:
        """Find out what is to go wrong. Raises NoUpgradeError if that is the upgrade, ClientGoneError."""
        from mockserver.web.session_faults import Trouble, refusal_of

        fault, reply = await refusal_of(self.opening, self.operation, injector, self._receive)
        self.fault = fault and fault.label
        if reply is not None:
            raise NoUpgradeError(reply)
        if fault is not None:
            self._trouble = Trouble(fault, self.opening.clock, self.dialect.fail if self.dialect is not None else None)

    async def _enter(self) -> None:
        """Find out whose the session is. Raises RefusedError, NoUpgradeError."""
        try:
            self.dialect = await self.operation.open(self.opening)
        finally:
            self.began = self.opening.clock.now()  # which clock that is, is known only now
            self.request_id = self._sessions.request_id_of(self.opening)
        self._sessions.enter(self)

    async def _converse(self) -> None:
        if self._trouble is not None:
            await self._struggle(self._trouble)
            return
        dialect, log, clock = self.dialect, self.log, self.opening.clock
        assert dialect is not None
        while self.close is None:
            message = await self._receive()
            kind = message["type"]
            if kind == "websocket.receive":
                frame = message.get("bytes")
                if frame is not None:
                    answers = dialect.receive(frame)
                    log.audio(clock.now(), len(frame), dialect.heard)
                else:
                    answers = self._read(dialect, message["text"])
                    self._sleep()  # it may have changed what it is time for next
                self._changed()
            elif kind == _WOKEN:
                answers = self._look_around(dialect)
            else:
                self._leave(message)
                return
            if answers:
                await self._say(answers)

    async def _struggle(self, trouble: Trouble) -> None:
        """Go through a session in which something goes wrong; a refused one may have no dialect."""
        dialect, log, clock = self.dialect, self.log, self.opening.clock
        while self.close is None:
            message = await self._receive()
            answers: Sequence[Outgoing] = ()
            if message["type"] == "websocket.receive":
                frame = message.get("bytes")
                if dialect is not None and not trouble.is_deaf:
                    answers = dialect.receive(frame) if frame is not None else self._read(dialect, message["text"])
                if frame is not None:
                    log.audio(clock.now(), len(frame), self.heard)
                elif trouble.is_deaf:
                    log.message(clock.now(), message["text"], self.heard)
                self._changed()
            elif message["type"] == _WOKEN:
                if self._asked and trouble.is_mute:  # whoever asks is not to be troubled
                    self._trouble = None
                answers = self._look_around(dialect)
            else:
                self._leave(message)
                return
            await self._say(answers)
            if self._trouble is not None:
                await self._act(trouble.heard(self.heard) or trouble.released())
                self._sleep()

    def _leave(self, message: Mapping[str, Any]) -> None:
        """Take note that the connection is over."""
        code, by_client = int(message.get("code", GONE)), not message.get("by_server", False)
        self._gone(code, message.get("reason") or "", by_client=by_client)

    def _read(self, dialect: Dialect, text: str) -> Sequence[Outgoing]:
        """Let a text frame be answered; there are protocols that have audio in them."""
        at, heard = self.opening.clock.now(), dialect.heard
        answers = dialect.receive(text)
        if dialect.heard > heard:
            self.log.audio(at, size_of(text), dialect.heard)
        else:
            self.log.message(at, text, heard)
        return answers

    def _gone(self, code: int, reason: str, *, by_client: bool = True) -> None:
        if self.close is None:
            self.close, self.by_client = Close(code, reason), by_client

    def _look_around(self, dialect: Dialect | None) -> list[Outgoing]:
        """Do what was asked for, and what it is time for."""
        self._is_woken = False
        answers: list[Outgoing] = []
        while self._asked and dialect is not None:
            answers += self._asked.pop(0)(dialect)
        due = self._due()
        if due is not None and dialect is not None and self.opening.clock.now() >= due:
            answers += dialect.tick()
        self._sleep()
        return answers

    def _sleep(self) -> None:
        """Set the alarm for what it is time for next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._due()
        wait = None if due is None else self.opening.clock.real_seconds_until(due)
        if self._trouble is not None:
            waits = [each for each in (wait, self._trouble.wait()) if each is not None]
            wait = min(waits) if waits else None
        if wait is not None:
            self._timer = asyncio.get_running_loop().call_later(min(wait, _LONGEST_SLEEP), self.wake)

    def _due(self) -> int | None:
        is_deaf = self.dialect is None or (self._trouble is not None and self._trouble.is_deaf)
        return None if is_deaf or self.dialect is None else self.dialect.due()

    async def _say(self, answers: Sequence[Outgoing]) -> None:
        try:
            for answer in answers:
                if self.close is not None:
                    break
                if isinstance(answer, Later):
                    await self._say(await answer.made)
                elif self._trouble is not None:
                    await self._act(self._trouble.pass_on(answer))
                elif isinstance(answer, Message):
                    await self._tell(answer)
                else:
                    await self._finish(answer)
        except BaseException:
            _give_up(answers)
            raise
        if self.close is not None:
            _give_up(answers)

    async def _tell(self, message: Message) -> None:
        self.log.answer(self.opening.clock.now(), message.kind, message.body, self.heard)
        try:
            await self._send({"type": "websocket.send", "text": message.body.decode()})
        except OSError:
            raise ClientGoneError from None
        self._changed()

    async def _act(self, things: Sequence[Thing]) -> None:
        """Do what a fault has made of what is to be sent."""
        from mockserver.web.session_faults import Raw

        scope = self.opening.scope
        for thing in things:
            if self.close is not None:
                return
            if isinstance(thing, Message):
                await self._tell(thing)
            elif isinstance(thing, Close):
                await self._finish(thing)
            elif isinstance(thing, Raw):
                self._extension.get("write", _nothing)(scope, thing.data)
            else:
                self.close = Close(GONE, "the connection was reset")
                self._extension.get("reset", _nothing)(scope)

    async def _finish(self, close: Close) -> None:
        self.close = close
        try:
            await self._send({"type": "websocket.close", "code": close.code, "reason": close.reason})
        except OSError:
            raise ClientGoneError from None


def own_headers(session: Session) -> Headers:
    """Return the headers that every answer to the request has."""
    hint = printable(session.opening.hint)
    own: Headers = ((b"x-request-id", session.request_id.encode()),)
    if session.fault:
        own += ((b"x-mock-fault", session.fault.encode("ascii", "backslashreplace")[:1000]),)
    return (*own, (b"x-mock-hint", hint.encode("ascii", "backslashreplace")[:1000])) if hint else own


def _give_up(answers: Sequence[Outgoing]) -> None:
    """Let nobody wait for what nobody will be told."""
    for answer in answers:
        if isinstance(answer, Later):
            answer.made.close()


def _nothing(*_: object) -> None:
    """Do nothing: the server has no way to."""
