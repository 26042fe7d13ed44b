"""What the server says in a session, as JSON; the order of the fields is that of the real frames where it is known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from mockserver.web.sockets import Message


def _message(kind: str, body: Mapping[str, Any]) -> Message:
    return Message(kind, _dumped(body))


def _dumped(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:  # a client's text with half of a surrogate pair, which only an escape can stand for
        return json.dumps(body, separators=(",", ":")).encode()


def begin_message(session: str, expires: int, configuration: Mapping[str, Any]) -> Message:
    """Return what a session begins with; ``expires`` is a Unix time in seconds."""
    body = {"type": "Begin", "id": session, "expires_at": expires, "configuration": configuration}
    return _message("Begin", body)


def speech_started(timestamp: int, confidence: float) -> Message:
    """Return what is said when somebody has begun to speak."""
    return _message("SpeechStarted", {"type": "SpeechStarted", "timestamp": timestamp, "confidence": confidence})


def turn_message(turn: Mapping[str, Any]) -> Message:
    """Return a turn; its type is the last field, as in the real frames."""
    return _message("Turn", {**turn, "type": "Turn"})


def termination(audio: int, session: int) -> Message:
    """Return what a session ends with; in seconds."""
    body = {"type": "Termination", "audio_duration_seconds": audio, "session_duration_seconds": session}
    return _message("Termination", body)


def heartbeat(audio: int, elapsed: int, probability: float) -> Message:
    """Return a sign of life: how much audio came in how much time, in milliseconds."""
    return _message(
        "Heartbeat",
        {
            "type": "Heartbeat",
            "total_audio_received_ms": audio,
            "total_duration_ms": elapsed,
            "realtime_factor": round(audio / elapsed, 4) if elapsed else 0.0,
            "max_speech_probability": probability,
        },
    )


def silence(start: int, end: int) -> Message:
    """Return that nothing was said for some time, in milliseconds."""
    return _message("Silence", {"type": "Silence", "start_ms": start, "end_ms": end})


def speaker_revision(revisions: Sequence[Mapping[str, Any]]) -> Message:
    """Return which turns have other speakers than was said."""
    return _message("SpeakerRevision", {"type": "SpeakerRevision", "revisions": revisions})


def llm_response(order: int, transcript: str, data: bytes) -> Message:
    """Return what a language model says to a turn; ``data`` is the gateway's reply."""
    said = {"type": "LLMGatewayResponse", "turn_order": order, "transcript": transcript}
    return _message("LLMGatewayResponse", said | {"data": orjson.Fragment(data)})


def error_message(code: int, text: str) -> Message:
    """Return why the session ends."""
    return _message("Error", {"type": "Error", "error_code": code, "error": text})


def warning_message(code: int, text: str) -> Message:
    """Return what is wrong, although the session goes on."""
    return _message("Warning", {"type": "Warning", "warning_code": code, "warning": text})
