"""Sessions, as they are shown."""

from __future__ import annotations

from typing import Any

import orjson

from mockserver.engine.clock import iso
from mockserver.engine.session_records import Line, SessionRecord
from mockserver.web.session_log import size_of

_FACTS = ("id", "number", "request_id", "family", "service", "path", "query", "fixture", "fault", "violations", "hint")


def brief(session: SessionRecord) -> dict[str, Any]:
    """Return a session without its messages."""
    over = session.ended is not None
    return {
        **{name: getattr(session, name) for name in _FACTS},
        "project": session.label,
        "state": "closed" if over else "open",
        "began": iso(session.began),
        "ended": iso(session.ended) if session.ended is not None else None,
        "audio": {"ms": session.heard, "frames": session.frames, "bytes": session.audio_bytes},
        "received": {"messages": session.received, "bytes": session.received_bytes},
        "sent": {"messages": session.sent, "bytes": session.sent_bytes},
        "close": _close(session) if over else None,
    }


def _close(session: SessionRecord) -> dict[str, Any]:
    return {"code": session.code, "reason": session.reason, "by": "client" if session.by_client else "server"}


def whole(session: SessionRecord) -> dict[str, Any]:
    """Return a session with its messages."""
    messages: list[dict[str, Any]] = []
    heard = 0
    for line in session.lines:
        messages.append(_message(line, heard))
        heard = line.heard
    return {**brief(session), "messages": messages, "dropped": session.dropped}


def _message(line: Line, heard: int) -> dict[str, Any]:
    """Return a message; so much audio was ``heard`` before it."""
    shown = {"at": iso(line.at), "direction": line.direction, "kind": line.kind, "audio_ms": line.heard}
    if line.text is None:
        return shown | {"audio": {"frames": line.frames, "bytes": line.size, "ms": line.heard - heard}}
    said = {"text": line.text, "bytes": line.size, "cut": size_of(line.text) < line.size}
    try:
        value = orjson.loads(line.text)
        orjson.dumps([[[[[[value]]]]]])  # what is nested too deeply cannot be shown
    except (ValueError, TypeError):
        return shown | said
    return shown | said | {"json": value}
