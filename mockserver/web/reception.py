"""Where sessions begin: the requests for them, those that are open, and what is kept of them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from mockserver.engine import Engine
from mockserver.engine.keys import Project
from mockserver.web.recording import entry_of, record_of
from mockserver.web.replies import BrokenReply, Headers, Reply
from mockserver.web.sending import Receive, Scope, Send, send_broken
from mockserver.web.sessions import RESTARTS, Session, own_headers
from mockserver.web.sockets import Close, NoUpgradeError, Opening, SocketOperation
from mockserver.web.waits import Bell

if TYPE_CHECKING:
    from mockserver.web.injection import Injector


class Sessions:
    """The sessions that are open, by their ids."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.open: dict[str, Session] = {}
        self.news = Bell()
        """Rings when a session has begun, something was said in it, or it is over."""
        self._refused = 0
        self.injector: Injector | None = None
        """Finds what is to go wrong."""

    async def run(self, opening: Opening, operation: SocketOperation, receive: Receive, send: Send) -> None:
        """Go through a session."""
        session = Session(opening, operation, receive, send, self)
        try:
            await session.run()
        except NoUpgradeError as refusal:
            with contextlib.suppress(OSError):
                await _send_refusal(refusal.reply, opening.scope, send, own_headers(session))
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

    def forget(self, project: Project | None, why: str = "the mock server was reset") -> None:
        """End the sessions of a project, or all, and keep nothing of them."""
        close = Close(RESTARTS, why)
        for session in list(self.open.values()):
            if project is None or session.opening.project is project:
                self.leave(session)
                session.is_forgotten = True
                session.ask(lambda _: (close,))

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


async def refuse(reply: Reply, send: Send, own: Headers = ()) -> None:
    """Answer the request for an upgrade as any other request."""
    headers = [*reply.headers, *own, (b"content-type", reply.media_type)]
    await send({"type": "websocket.http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": reply.body})


async def _send_refusal(reply: Reply, scope: Scope, send: Send, own: Headers) -> None:
    if isinstance(reply, BrokenReply):
        send_broken(reply, scope, own)
    else:
        await refuse(reply, send, own)
