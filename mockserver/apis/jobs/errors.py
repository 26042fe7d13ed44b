"""The codes and texts of refusals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any, Literal

from mockserver.apis.jobs.plans import PLANS, Plan, plan_of
from mockserver.engine.answers import FAILURE_TEXT
from mockserver.engine.store import Row
from mockserver.web.family import Call
from mockserver.web.replies import ApiError, Reply, json_reply

Reason = Literal["unsupported_format", "decode_failed", "duration_exceeds_limit", "empty_audio"]
"""Why audio is refused."""
REASONS: Mapping[Reason, str] = {
    "unsupported_format": "The format of the file is not supported.",
    "decode_failed": "The file could not be decoded.",
    "duration_exceeds_limit": "The audio is longer than your plan allows.",
    "empty_audio": "The file contains no audio, or only silence.",
}
_CODES = {
    400: "invalid_request",
    401: "unauthorized",
    402: "quota_exceeded",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    500: "internal_error",
    507: "insufficient_storage",
}
"""What errors are called that the server makes for every API alike."""
_SOUNDING = ("audio/", "video/", "application/ogg")
"""How the types of files begin that should have been audio."""
_REASON_OF: Mapping[str, Reason] = {
    "unsupported_format": "unsupported_format",
    "no_audio_stream": "unsupported_format",
    "transcoding_failed": "decode_failed",
    "too_long": "duration_exceeds_limit",
    "empty": "empty_audio",
    "silent": "empty_audio",
    "too_short": "empty_audio",
    "no_speech": "empty_audio",
    "low_speech": "empty_audio",
}
_DOWNLOAD = "source_unavailable", "The audio could not be downloaded from source_url."
_FAILURES: Mapping[str, tuple[str, str]] = {
    "download_failed": _DOWNLOAD,
    "download_forbidden": _DOWNLOAD,
    "download_denied": _DOWNLOAD,
    "unreachable": _DOWNLOAD,
    "wrong_region": _DOWNLOAD,
    "too_large": ("payload_too_large", "The file is larger than your plan allows."),
    "low_language_confidence": ("transcription_failed", "The language could not be detected."),
    "server_error": ("transient_error", "The service had a temporary problem."),
}
_TRANSIENT = "The service has a temporary problem. Please try again."


def _error(
    number: int, code: str, message: str, hint: str | None = None, headers: Mapping[str, str] | None = None, **more: Any
) -> ApiError:
    return ApiError(number, message, hint, headers or {}, facts={"error": code, **more})


def invalid(message: str, hint: str | None = None) -> ApiError:
    """Return the refusal of a request that is not as documented."""
    return _error(400, "invalid_request", message, hint)


def invalid_language(message: str) -> ApiError:
    """Return the refusal of a language that there is not."""
    return _error(400, "invalid_language", message, "it is one of 99 codes without a region, such as en, or auto")


def invalid_format(message: str) -> ApiError:
    """Return the refusal of a format that transcripts do not have."""
    return _error(400, "invalid_format", message)


def _unauthenticated(code: str, message: str, hint: str | None, *, had_token: bool = False) -> ApiError:
    challenge = 'Bearer error="invalid_token"' if had_token else "Bearer"
    return _error(401, code, message, hint, {"WWW-Authenticate": challenge})


def no_token() -> ApiError:
    """Return the refusal of a request without a token."""
    return _unauthenticated(
        "unauthorized",
        "Authentication is required.",
        "send Authorization: Bearer <access_token>; POST /auth/token gives one for an API key",
    )


def invalid_token(hint: str | None = None) -> ApiError:
    """Return the refusal of a token that is not good for access, or whose key is not accepted."""
    return _unauthenticated(
        "invalid_token",
        "The access token is invalid.",
        hint,
        had_token=True,
    )


def token_expired() -> ApiError:
    """Return the refusal of a token that was good once."""
    return _unauthenticated(
        "token_expired",
        "The access token has expired.",
        "it expired by the clock of its key; POST /auth/refresh gives another",
        had_token=True,
    )


def invalid_api_key() -> ApiError:
    """Return the refusal to exchange a key that is not accepted."""
    return _unauthenticated("invalid_api_key", "The API key is invalid.", "this API key is not accepted")


def invalid_refresh_token(hint: str) -> ApiError:
    """Return the refusal of a refresh token, whatever is wrong with it."""
    return _unauthenticated("invalid_refresh_token", "The refresh token is invalid or has expired.", hint)


def quota_exceeded(overage_rate: float | None, hint: str | None = None) -> ApiError:
    """Return the refusal of a job over the quota; the rate, in USD for a minute, is None where none may be bought."""
    text = "The monthly quota of transcription minutes is used up."
    if overage_rate is None:
        return _error(402, "quota_exceeded", text, hint, overage_allowed=False)
    text += " Submit the job with accept_overage=true to pay for more."
    return _error(402, "quota_exceeded", text, hint, overage_allowed=True, overage_rate=overage_rate)


def no_such_job() -> ApiError:
    """Return the answer to an id that the project does not have."""
    return _error(404, "job_not_found", "There is no job with this id.", "every API key has jobs of its own")


def no_transcript() -> ApiError:
    """Return the answer where the transcript was deleted."""
    return _error(404, "transcript_not_found", "The transcript of this job has been deleted.")


def method_not_allowed(allowed: str) -> ApiError:
    """Return the refusal of a method that the path does not have."""
    hint, headers = f"this path takes {allowed}", {"Allow": allowed}
    return _error(405, "method_not_allowed", "This method is not allowed here.", hint, headers)


def not_completed(status: str) -> ApiError:
    """Return the refusal of a transcript that is not there."""
    return _error(409, "job_not_completed", f"The job is {status}; it has no transcript.", status=status)


def finished(status: str) -> ApiError:
    """Return the refusal to cancel a job that has finished."""
    return _error(409, "job_finished", f"The job is {status} already.", status=status)


def not_finished(status: str) -> ApiError:
    """Return the refusal to delete a job that has not finished."""
    return _error(409, "job_not_finished", f"The job is {status}; cancel it first.", status=status)


def too_large(limit: int, hint: str | None = None) -> ApiError:
    """Return the refusal of a file that is longer than ``limit`` bytes."""
    return _error(413, "payload_too_large", f"The file is larger than {limit} bytes.", hint, limit_bytes=limit)


def invalid_audio(reason: Reason, hint: str | None = None) -> ApiError:
    """Return the refusal of audio that nothing can be heard in."""
    return _error(415, "invalid_audio", REASONS[reason], hint, reason=reason)


def unsupported_media_type() -> ApiError:
    """Return the refusal of a body that is neither a form nor JSON."""
    text = "Send multipart/form-data with a file, or application/json with a source_url."
    return _error(415, "unsupported_media_type", text)


def rate_limited(seconds: int, _: Collection[str] = (), hint: str | None = None) -> ApiError:
    """Return the refusal of one request too many."""
    text = f"Too many requests. Try again in {seconds} s."
    return _error(429, "rate_limited", text, hint, {"Retry-After": str(seconds)})


def server_error() -> ApiError:
    """Return the answer to a request that the server itself fails on."""
    return _error(500, "internal_error", "An internal error occurred.")


def no_space(hint: str | None = None) -> ApiError:
    """Return the answer to a file for which there is no room."""
    return _error(507, "insufficient_storage", "There is not enough storage for this file.", hint)


def reason_of(problem: str, detail: str) -> Reason | None:
    """Return the reason that names what is wrong with audio, None if it is not the audio that is wrong."""
    if problem == "not_audio":
        return "decode_failed" if detail.startswith(_SOUNDING) else "unsupported_format"
    return _REASON_OF.get(problem)


def failure(job: Row) -> dict[str, Any] | None:
    """Return why a job failed, None if it did not."""
    problem = job["failure"]
    if not problem:
        return None
    detail = job["detail"] or ""
    if problem == FAILURE_TEXT:
        return {"error": "transient_error" if job["fallback"] else "transcription_failed", "message": detail}
    reason = reason_of(problem, detail)
    if reason is not None:
        return {"error": "invalid_audio", "reason": reason, "message": REASONS[reason]}
    error, message = _FAILURES[problem]
    return {"error": error, "message": message}


def failing(call: Call, status: int) -> Reply:
    """Return the answer of a broken service."""
    return reply(call, _error(status, "transient_error", _TRANSIENT))


def not_found(call: Call) -> Reply:
    """Return the answer to an unknown path."""
    call.hint = "the jobs API has /auth/token, /auth/refresh, and /jobs with what is below it"
    return reply(call, _error(404, "not_found", "There is nothing at this path."))


def reply(_: Call, error: ApiError) -> Reply:
    """Return an error as the API words it."""
    facts = dict(error.facts)
    code = facts.pop("error", None) or _code(error.status)
    return json_reply({"error": code, "message": error.message, **facts}, error.status, error.header_pairs)


def _code(status: int) -> str:
    """Return what an error is called that says so only by its status."""
    if status in _CODES:
        return _CODES[status]
    return "transient_error" if status > HTTPStatus.INTERNAL_SERVER_ERROR else str(status)


def _refusal(make: Callable[[Call], ApiError]) -> Callable[[Call], Reply]:
    return lambda call: reply(call, make(call))


def _plan(call: Call) -> Plan:
    return plan_of(call.project.terms) if call.account is not None else PLANS[call.engine.settings.plan]


def _broken(status: int) -> Callable[[Call], Reply]:
    return lambda call: failing(call, status)


def _unusable(reason: Reason) -> Callable[[Call], ApiError]:
    return lambda _: invalid_audio(reason)


ERRORS: Mapping[str, Callable[[Call], Reply]] = {
    "invalid_request": _refusal(lambda _: invalid("The request is invalid.", "a fault")),
    "invalid_language": _refusal(lambda _: invalid_language("This language is not supported.")),
    "invalid_format": _refusal(lambda _: invalid_format("This format is not supported.")),
    "unauthorized": _refusal(lambda _: no_token()),
    "invalid_token": _refusal(lambda _: invalid_token()),
    "token_expired": _refusal(lambda _: token_expired()),
    "invalid_api_key": _refusal(lambda _: invalid_api_key()),
    "invalid_refresh_token": _refusal(lambda _: invalid_refresh_token("a fault")),
    "quota_exceeded": _refusal(lambda call: quota_exceeded(_plan(call).overage)),
    "not_found": not_found,
    "job_not_found": _refusal(lambda _: no_such_job()),
    "transcript_not_found": _refusal(lambda _: no_transcript()),
    "method_not_allowed": _refusal(lambda call: method_not_allowed(call.scope["method"])),
    "job_not_completed": _refusal(lambda _: not_completed("processing")),
    "job_finished": _refusal(lambda _: finished("completed")),
    "job_not_finished": _refusal(lambda _: not_finished("processing")),
    "payload_too_large": _refusal(lambda call: too_large(_plan(call).size)),
    "invalid_audio": _refusal(lambda _: invalid_audio("decode_failed")),
    **{reason: _refusal(_unusable(reason)) for reason in REASONS},
    "unsupported_media_type": _refusal(lambda _: unsupported_media_type()),
    "rate_limited": _refusal(lambda _: rate_limited(1)),
    "internal_error": _refusal(lambda _: server_error()),
    "insufficient_storage": _refusal(lambda _: no_space()),
    "server_error": _broken(500),
    "bad_gateway": _broken(502),
    "service_unavailable": _broken(503),
    "gateway_timeout": _broken(504),
}
"""The errors, by the names that faults ask for them by."""
