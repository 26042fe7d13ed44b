"""How sessions are refused and ended, and how the page of tokens refuses; docs/streaming.md says where it is known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from mockserver.apis.assemblyai.streaming.messages import error_message, warning_message
from mockserver.web.family import Call, Quirks
from mockserver.web.replies import ApiError, Reply, json_reply
from mockserver.web.sockets import Close, Message

REASON = "See Error message for details"
"""The reason of every close frame that follows an Error."""
_LONGEST = 500
_INPUT, _UNAUTHORIZED = "User Input Validation Error: ", "Unauthorized Connection: "


class Problem(NamedTuple):
    """Why a session ends: the code of the Error and of the close frame, and the text."""

    code: int
    text: str

    @property
    def messages(self) -> Sequence[Message | Close]:
        """Return the Error, and the close."""
        return error_message(self.code, self.text), Close(self.code, REASON)


INVALID_KEY = Problem(1008, f"{_UNAUTHORIZED}Invalid API key")
MISSING_KEY = Problem(1008, f"{_UNAUTHORIZED}Missing Authorization header")
EXPIRED_TOKEN = Problem(1008, f"{_UNAUTHORIZED}Signature has expired")
TOO_MANY = Problem(1008, f"{_UNAUTHORIZED}Too many concurrent sessions")
CANCELLED = Problem(3005, "Session Cancelled: An error occurred")
EXPIRED = Problem(3008, "Session Expired: Maximum session duration exceeded")
TOO_MANY_3009 = TOO_MANY._replace(code=3009)
_INTERNAL = Problem(1011, "Internal Server Error")


def invalid(text: str) -> Problem:
    """Return the refusal of a parameter or a message."""
    return Problem(3006, _INPUT + text[:_LONGEST])


def invalid_json(error: str) -> Problem:
    """Return the refusal of a message that is no JSON, as Python's parser words it."""
    return invalid(f"Invalid JSON: {error}")


def invalid_type(name: object) -> Problem:
    """Return the refusal of a message of an unknown type."""
    return invalid(f"Invalid Message Type: {name}")


def inactive(seconds: int) -> Problem:
    """Return the end of a session in which nothing came for too long."""
    return Problem(3006, f"Session terminated due to inactivity: No messages received for {seconds} seconds")


def undecodable(reason: str) -> Problem:
    """Return the refusal of a frame that is not in the encoding of the stream."""
    return Problem(3006, reason[:_LONGEST])


def bad_duration(milliseconds: float) -> Problem:
    """Return the refusal of a frame that is too long, or of frames that are too short."""
    text = f"Input Duration Violation: {milliseconds} ms. Expected between 50 and 1000 ms"
    return Problem(3007, f"Input Duration Error: {text}")


def too_fast(audio: float, elapsed: float) -> Problem:
    """Return the refusal of audio that comes faster than it can have been spoken; in seconds."""
    return Problem(3007, f"Audio Transmission Rate Exceeded: Received {audio} sec. audio in {elapsed} sec")


def too_many(quirks: Quirks) -> Problem:
    """Return the refusal of one session too many."""
    return TOO_MANY_3009 if "stream_limit_3009" in quirks else TOO_MANY


PROBLEMS: Mapping[str, Problem] = {
    "unauthorized": INVALID_KEY,
    "missing_authorization": MISSING_KEY,
    "signature_expired": EXPIRED_TOKEN,
    "too_many_sessions": TOO_MANY,
    "too_many_sessions_3009": TOO_MANY_3009,
    "session_cancelled": CANCELLED,
    "invalid_json": invalid_json("Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    "invalid_message_type": invalid_type("Bogus"),
    "invalid_message": invalid("Invalid Message: Input should be a valid dictionary"),
    "invalid_parameter": invalid("Invalid 'sample_rate': Value error, sample_rate must be at least 8,000 Hz"),
    "inactivity": inactive(30),
    "opus": undecodable("Failed to decode Opus packet: Invalid data found when processing input"),
    "chunk_duration": bad_duration(20.0),
    "too_fast": too_fast(60.0, 10.0),
    "session_expired": EXPIRED,
    "internal": _INTERNAL,
}
"""The documented errors of sessions, by the names that faults ask for them by."""
WARNING = "warning"
NAMES = (*PROBLEMS, WARNING)


def messages_of(name: str) -> Sequence[Message | Close]:
    """Return what a documented error is, by its name; only a warning does not end the session."""
    return (warning_message(0, "a warning"),) if name == WARNING else PROBLEMS[name].messages


def unauthorized(call: Call) -> ApiError:
    """Return the refusal of a request for a token without an accepted key; without any, it is the form that is bad."""
    from mockserver.apis.assemblyai.streaming.asked import missing_key, problems_of

    if not call.header_map.get(b"authorization", b"").strip():
        return unprocessable([*problems_of(call.query_params), missing_key()], "send an API key as Authorization")
    return ApiError(401, "Invalid API key", "this API key is not accepted")


def unprocessable(problems: Sequence[Mapping[str, Any]], hint: str) -> ApiError:
    """Return the refusal of a request that is wrong in some ways."""
    return ApiError(422, str(problems[0]["msg"]), hint, facts={"detail": problems})


def rate_limited(seconds: int, _: Collection[str]) -> ApiError:
    """Return the refusal of one request too many."""
    return ApiError(429, "Too Many Requests", f"the window ends in {seconds} s", {"Retry-After": str(seconds)})


def server_error() -> ApiError:
    """Return the answer to a request that the server itself fails on."""
    return ApiError(500, phrase(500))


def method_not_allowed(allowed: str) -> ApiError:
    """Return the refusal of a method that the path does not have."""
    return ApiError(405, phrase(405), f"this path takes {allowed}", {"Allow": allowed})


def not_found(call: Call) -> Reply:
    """Return the answer to an unknown path."""
    call.hint = "streams have /v3/ws and /v3/token; /_mock/docs has the paths of every API"
    return reply(call, ApiError(404, phrase(404)))


def failing(call: Call, status: int) -> Reply:
    """Return the answer of a broken service."""
    return reply(call, ApiError(status, phrase(status)))


def phrase(status: int) -> str:
    """Return what a status is called."""
    known = status in HTTPStatus.__members__.values()
    return HTTPStatus(status).phrase if known else "Error"


def reply(call: Call, error: ApiError) -> Reply:
    """Return an error as the page of tokens words it: in FastAPI's form, or in the description's."""
    detail = error.facts.get("detail", error.message)
    if "stream_token_errors" not in call.quirks:
        return json_reply({"detail": detail}, error.status, error.header_pairs)
    status = 400 if error.status == 422 else error.status
    if status == 400 and not call.header_map.get(b"authorization", b"").strip():
        status = 401
    details = {"errors": detail} if isinstance(detail, list) else {}
    code = phrase(status).lower().replace(" ", "_")
    return json_reply({"error": error.message, "code": code, "details": details}, status, error.header_pairs)


def _refusal(make: Callable[[Call], ApiError]) -> Callable[[Call], Reply]:
    return lambda call: reply(call, make(call))


def _broken(status: int) -> Callable[[Call], Reply]:
    return lambda call: failing(call, status)


_A_FAULT: Mapping[str, Any] = {
    "type": "less_than_equal",
    "loc": ["query", "expires_in_seconds"],
    "msg": "Input should be less than or equal to 600",
    "input": "601",
    "ctx": {"le": 600},
}
ERRORS: Mapping[str, Callable[[Call], Reply]] = {
    "bad_request": _refusal(lambda _: unprocessable([_A_FAULT], "a fault")),
    "unauthorized": _refusal(lambda _: ApiError(401, "Invalid API key")),
    "rate_limited": _refusal(lambda call: rate_limited(1, call.quirks)),
    "server_error": _broken(500),
    "bad_gateway": _broken(502),
    "service_unavailable": _broken(503),
    "gateway_timeout": _broken(504),
}
"""The documented errors of the page of tokens, by the names that faults ask for them by."""
