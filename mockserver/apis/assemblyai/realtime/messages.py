"""What the server says in a session: transcripts, the session's beginning and end, and errors with their codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from mockserver.engine.clock import iso
from mockserver.engine.transcripts import Word
from mockserver.web.sockets import Close, Message


class Failure(NamedTuple):
    """A documented error: the code that the connection is closed with, and its text."""

    code: int
    text: str


ERRORS: Mapping[str, Failure] = {
    "bad_sample_rate": Failure(4000, "Sample rate must be a positive integer"),
    "unauthorized": Failure(4001, "Not Authorized"),
    "insufficient_funds": Failure(4002, "Insufficient Funds"),
    "paid_only": Failure(4003, "This feature is paid-only and requires you to add a credit card."),
    "session_not_found": Failure(4004, "Session Not Found"),
    "session_expired": Failure(4008, "Session Expired"),
    "session_closed": Failure(4010, "Session Previously Closed"),
    "too_fast": Failure(4029, "Client sent audio too fast"),
    "other_socket": Failure(4030, "Session is handled by another websocket"),
    "idle": Failure(4031, "Session idle for too long"),
    "audio_too_short": Failure(4032, "Audio duration is too short"),
    "audio_too_long": Failure(4033, "Audio duration is too long"),
    "audio_too_small": Failure(4034, "Audio too small to transcode"),
    "invalid_json": Failure(4100, "Endpoint received invalid JSON"),
    "invalid_schema": Failure(4101, "Endpoint received a message with an invalid schema"),
    "too_many_streams": Failure(4102, "This account has exceeded the number of allowed streams"),
    "reconnected": Failure(4103, "The session has been reconnected. This websocket is no longer valid."),
    "bad_word_boost": Failure(4104, "Could not parse word boost parameter"),
    "blocked": Failure(1013, "Temporary server condition forced blocking client's request"),
}
"""The documented errors, by the names that faults ask for them by."""
TERMINATED = Message("SessionTerminated", b'{"message_type":"SessionTerminated"}')
ENDED = Close(1000)


def refusal(error: str) -> tuple[Message, Close]:
    """Return an error by its name, and the close that follows it."""
    return failed(ERRORS[error].text, ERRORS[error])


def failed(text: str, failure: Failure) -> tuple[Message, Close]:
    """Return an error in words of its own, and the close that follows it."""
    return _message("error", {"error": text}), Close(failure.code, failure.text)


def begins(session: str, expires: int) -> Message:
    """Return the first message."""
    return _typed("SessionBegins", {"session_id": session, "expires_at": _time(expires)})


def partial(words: Sequence[Word], now: int) -> Message:
    """Return what has been heard of an utterance so far."""
    return _typed("PartialTranscript", _transcript(words, now))


def final(words: Sequence[Word], now: int) -> Message:
    """Return an utterance that is over."""
    return _typed("FinalTranscript", {**_transcript(words, now), "punctuated": True, "text_formatted": True})


def information(heard: int) -> Message:
    """Return how much audio there was, of which ``heard`` are the milliseconds."""
    return _typed("SessionInformation", {"audio_duration_seconds": heard / 1000})


def _transcript(words: Sequence[Word], now: int) -> dict[str, Any]:
    return {
        "audio_start": words[0].start,
        "audio_end": words[-1].end,
        "confidence": sum(word.confidence for word in words) / len(words),
        "text": " ".join(word.text for word in words),
        "words": [
            {"start": word.start, "end": word.end, "confidence": word.confidence, "text": word.text} for word in words
        ],
        "created": _time(now),
    }


def _time(moment: int) -> str:
    """Write a moment as this API does: without a zone, which the clients' own patterns would refuse."""
    return iso(moment).removesuffix("Z")


def _typed(kind: str, fields: Mapping[str, Any]) -> Message:
    return _message(kind, {"message_type": kind, **fields})


def _message(kind: str, body: Mapping[str, Any]) -> Message:
    return Message(kind, orjson.dumps(body))
