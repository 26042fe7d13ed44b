"""WebSocket sessions: one loop for each, which reads frames, keeps time, and sends what its dialect answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

from mockserver.engine import Engine
from mockserver.engine.keys import Project
from mockserver.web.recording import entry_of, record_of
from mockserver.web.replies import Headers, Reply
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
from mockserver.web.waits import Bell

GONE = 1006
_WOKEN = "mockserver.woken"
_LONGEST_SLEEP = 3600.0
_FAILED = Close(1011, "an error in the server; see its log")
_FORGOTTEN = Close(1012, "the mock server was reset")
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
        if wake is not None:
            wake({"type": _WOKEN})

    async def run(self) -> None:
        """Go through the whole session."""
        try:
            await self._open()
            if self.close is None:
                await self._converse()
        except NoUpgradeError:
            raise
        except OSError:  # the connection is lost
            self._gone(GONE, "")
        except Exception:
            _logger.exception("the session %s failed", self.dialect.id if self.dialect else self.operation.path)
            with contextlib.suppress(OSError):
                await self._finish(_FAILED)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self.log.flush()
            self.ended = self.opening.clock.now()
            if self.dialect is not None:
                self._sessions.leave(self)
                self.dialect.closed()

    async def _open(self) -> None:
        """Accept the connection and begin, or refuse it. Raises NoUpgradeError."""
        first: Sequence[Outgoing]
        try:
            await self._enter()
            assert self.dialect is not None
            first = self.dialect.begin()
        except RefusedError as refusal:
            first = refusal.messages
        await self._receive()
        await self._send({"type": "websocket.accept", "headers": _own_headers(self)})
        self._sleep()
        await self._say(first)

    async def _enter(self) -> None:
        """Find out whose the session is. Raises RefusedError, NoUpgradeError."""
        try:
            self.dialect = await self.operation.open(self.opening)
        finally:
            self.began = self.opening.clock.now()  # which clock that is, is known only now
            self.request_id = self._sessions.request_id_of(self.opening)
        self._sessions.enter(self)

    async def _converse(self) -> None:
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
                self._gone(message.get("code", GONE), message.get("reason") or "")
                return
            if answers:
                await self._say(answers)

    def _read(self, dialect: Dialect, text: str) -> Sequence[Outgoing]:
        """Let a text frame be answered; there are protocols that have audio in them."""
        at, heard = self.opening.clock.now(), dialect.heard
        answers = dialect.receive(text)
        if dialect.heard > heard:
            self.log.audio(at, size_of(text), dialect.heard)
        else:
            self.log.message(at, text, heard)
        return answers

    def _gone(self, code: int, reason: str) -> None:
        if self.close is None:
            self.close, self.by_client = Close(code, reason), True

    def _look_around(self, dialect: Dialect) -> list[Outgoing]:
        """Do what was asked for, and what it is time for."""
        answers: list[Outgoing] = []
        while self._asked:
            answers += self._asked.pop(0)(dialect)
        due = dialect.due()
        if due is not None and self.opening.clock.now() >= due:
            answers += dialect.tick()
        self._sleep()
        return answers

    def _sleep(self) -> None:
        """Set the alarm for what it is time for next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.dialect.due() if self.dialect is not None else None
        wait = None if due is None else self.opening.clock.real_seconds_until(due)
        if wait is not None:
            self._timer = asyncio.get_running_loop().call_later(min(wait, _LONGEST_SLEEP), self.wake)

    async def _say(self, answers: Sequence[Outgoing]) -> None:
        for answer in answers:
            if self.close is not None:
                if isinstance(answer, Later):
                    answer.made.close()
            elif isinstance(answer, Message):
                self.log.answer(self.opening.clock.now(), answer.kind, answer.body, self.heard)
                await self._send({"type": "websocket.send", "text": answer.body.decode()})
                self._changed()
            elif isinstance(answer, Later):
                await self._say(await answer.made)
            else:
                await self._finish(answer)

    async def _finish(self, close: Close) -> None:
        self.close = close
        await self._send({"type": "websocket.close", "code": close.code, "reason": close.reason})


class Sessions:
    """The sessions that are open, by their ids."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.open: dict[str, Session] = {}
        self.news = Bell()
        """Rings when a session has begun, something was said in it, or it is over."""
        self._refused = 0

    async def run(self, opening: Opening, operation: SocketOperation, receive: Receive, send: Send) -> None:
        """Go through a session."""
        session = Session(opening, operation, receive, send, self)
        try:
            await session.run()
        except NoUpgradeError as refusal:
            await refuse(refusal.reply, send, _own_headers(session))
            self._record(session, refusal.reply)
        else:
            self._record(session, None)

    def enter(self, session: Session) -> None:
        """Count a session among those that are open."""
        self.open[session.id] = session
        self.news.ring()

    def leave(self, session: Session) -> None:
        """Count a session among those that are open no longer."""
        if self.open.get(session.id) is session:
            del self.open[session.id]
        self.news.ring()

    def request_id_of(self, opening: Opening) -> str:
        """Make the id of the request that a session begins with."""
        if opening.account is None:
            self._refused += 1
            number = f"req_0_s{self._refused:x}"
        else:
            opening.project.requests += 1
            number = f"req_{opening.project.name[:8]}_{opening.project.requests:x}"
        return opening.service.request_id(number, self._engine.settings.seed)

    def forget(self, project: Project | None) -> None:
        """End the sessions of a project, or all, and keep nothing of them."""
        for session in list(self.open.values()):
            if project is None or session.opening.project is project:
                self.leave(session)
                session.is_forgotten = True
                session.ask(lambda _: (_FORGOTTEN,))

    def _record(self, session: Session, reply: Reply | None) -> None:
        """Note a session that is over in the journal."""
        journal = self._engine.journal
        if reply is None:
            record = record_of(session)
            self._engine.metrics.ended(record)
            if not session.is_forgotten:
                journal.record_session(record)
        if session.is_forgotten:
            return
        took = self._engine.clock.parent.now() - session.began_really
        journal.record(entry_of(session, took, reply))
        session.opening.courier.journal_later()
        self.news.ring()

    def clocks_moved(self) -> None:
        """Let every session look at its clock."""
        for session in self.open.values():
            session.wake()


def _own_headers(session: Session) -> Headers:
    hint = printable(session.opening.hint)
    own: Headers = ((b"x-request-id", session.request_id.encode()),)
    return (*own, (b"x-mock-hint", hint.encode("ascii", "backslashreplace")[:1000])) if hint else own


async def refuse(reply: Reply, send: Send, own: Headers = ()) -> None:
    """Answer the request for an upgrade as any other request."""
    headers = [*reply.headers, *own, (b"content-type", reply.media_type)]
    await send({"type": "websocket.http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": reply.body})
