"""What is kept of a session: its record, with its messages, and its entry among the requests of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.engine.exchange import SESSION
from mockserver.engine.journal import Entry
from mockserver.engine.masking import NO_HEADERS, SentHeaders, masked_headers
from mockserver.engine.session_records import SessionRecord
from mockserver.web.replies import Reply
from mockserver.web.sending import printable, typed_headers

if TYPE_CHECKING:
    from mockserver.web.sessions import Session

_LONGEST = 2000
_NONCE = b"sec-websocket-key"
"""A header that is another with every session, and says nothing."""


def record_of(session: Session) -> SessionRecord:
    """Return a session as it stands."""
    opening, log, close = session.opening, session.log, session.close
    project = opening.account.project if opening.account is not None else None
    return SessionRecord(
        number=None,
        id=session.id,
        project=project.id if project is not None else 0,
        label=project.label if project is not None else None,
        request_id=session.request_id,
        family=opening.family.name,
        service=opening.service.name,
        path=opening.scope["path"][:_LONGEST],
        query=_query(session),
        began=session.began,
        ended=session.ended,
        heard=session.heard,
        frames=log.frames,
        audio_bytes=log.audio_bytes,
        received=log.received,
        received_bytes=log.received_bytes,
        sent=log.sent,
        sent_bytes=log.sent_bytes,
        code=close.code if close is not None else None,
        reason=close.reason if close is not None else "",
        by_client=session.by_client,
        fixture=opening.fixture,
        fault=session.fault,
        violations=list(opening.violations),
        hint=printable(opening.hint),
        dropped=log.dropped,
        lines=log.so_far(),
        secrets=_headers(session).secrets,
    )


def entry_of(session: Session, took: int, reply: Reply | None) -> Entry:
    """Return the journal's entry for a request that became a session, or was answered with a ``reply`` instead."""
    opening = session.opening
    return Entry(
        project=opening.account.project.id if opening.account is not None else 0,
        at=opening.clock.now(),
        request_id=session.request_id,
        method="GET",
        path=opening.scope["path"][:_LONGEST],
        query=_query(session),
        status=SESSION if reply is None else reply.status,
        size=session.log.sent_bytes if reply is None else reply.size,
        microseconds=took,
        job=session.id if reply is None else None,
        fixture=opening.fixture,
        note=printable(session.note),
        fault=session.fault,
        violations=opening.violations,
        request_size=0,
        is_form=False,
        response_headers=() if reply is None else typed_headers(reply.headers, reply.media_type, reply.status),
        has_length=reply is not None and reply.has_length,
        request_headers=_headers(session),
        request_body=b"",
        response_body=b"" if reply is None else opening.engine.journal.beginning(reply.first),
    )


def _query(session: Session) -> str:
    query: bytes = session.opening.scope["query_string"]
    return query[:_LONGEST].decode("latin-1")


def _headers(session: Session) -> SentHeaders:
    opening = session.opening
    if not opening.engine.journal.is_on:
        return NO_HEADERS
    return masked_headers(tuple(pair for pair in opening.scope["headers"] if pair[0] != _NONCE))
