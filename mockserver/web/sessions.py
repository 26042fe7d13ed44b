"""WebSocket sessions: one loop for each, which reads frames, keeps time, and sends what its dialect answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

from mockserver.engine import Engine
from mockserver.engine.journal import Entry
from mockserver.engine.masking import NO_HEADERS, masked_headers
from mockserver.web.replies import Reply
from mockserver.web.sending import CONNECTION, Receive, Send
from mockserver.web.session_log import SessionLog
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

GONE, SWITCHED = 1006, 101
_LONGEST = 2000
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
        open_sessions: dict[str, Session],
    ) -> None:
        self._open_sessions = open_sessions
        self.opening = opening
        self.operation = operation
        self.dialect: Dialect | None = None
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
        self._receive = receive
        self._send = send
        self._asked: list[Callable[[Dialect], Sequence[Outgoing]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._extension: dict[str, Any] = opening.scope.get("extensions", {}).get(CONNECTION, {})

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
                self._open_sessions.pop(self.dialect.id, None)
                self.dialect.closed()

    async def _open(self) -> None:
        """Accept the connection and begin, or refuse it. Raises NoUpgradeError."""
        first: Sequence[Outgoing]
        try:
            self.dialect = await self.operation.open(self.opening)
            self._open_sessions[self.dialect.id] = self
            first = self.dialect.begin()
        except RefusedError as refusal:
            first = refusal.messages
        await self._receive()
        await self._send({"type": "websocket.accept"})
        self._sleep()
        await self._say(first)

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
                    log.message(clock.now(), message["text"], dialect.heard)
                    answers = dialect.receive(message["text"])
                    self._sleep()  # it may have changed what it is time for next
            elif kind == _WOKEN:
                answers = self._look_around(dialect)
            else:
                self._gone(message.get("code", GONE), message.get("reason") or "")
                return
            if answers:
                await self._say(answers)

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

    async def run(self, opening: Opening, operation: SocketOperation, receive: Receive, send: Send) -> None:
        """Go through a session."""
        session = Session(opening, operation, receive, send, self.open)
        try:
            await session.run()
        except NoUpgradeError as refusal:
            await refuse(refusal.reply, send)
            self._record(session, refusal.reply.status)
        else:
            self._record(session, SWITCHED)

    def _record(self, session: Session, status: int) -> None:
        """Note a session that is over in the journal."""
        opening, journal = session.opening, self._engine.journal
        scope, project = opening.scope, opening.account.project if opening.account else None
        journal.record(
            Entry(
                project=project.id if project else 0,
                at=session.began,
                request_id=session.dialect.id if session.dialect else "",
                method="GET",
                path=scope["path"][:_LONGEST],
                query=scope["query_string"][:_LONGEST].decode("latin-1"),
                status=status,
                size=session.log.sent_bytes,
                microseconds=self._engine.clock.parent.now() - session.began_really,
                job=session.dialect.id if session.dialect else None,
                fixture=opening.fixture,
                note=session.note,
                fault=session.fault,
                violations=opening.violations,
                request_size=session.log.received_bytes,
                is_form=False,
                response_headers=(),
                has_length=False,
                request_headers=masked_headers(tuple(scope["headers"])) if journal.is_on else NO_HEADERS,
                request_body=b"",
                response_body=b"",
            )
        )
        opening.courier.journal_later()

    def clocks_moved(self) -> None:
        """Let every session look at its clock."""
        for session in self.open.values():
            session.wake()


async def refuse(reply: Reply, send: Send) -> None:
    """Answer the request for an upgrade as any other request."""
    headers = [*reply.headers, (b"content-type", reply.media_type)]
    await send({"type": "websocket.http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": reply.body})
