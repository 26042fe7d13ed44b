"""The texts of refusals and of failed jobs; where each is documented stands in docs/assemblyai.md."""

from collections.abc import Callable, Collection, Mapping

import orjson
from pydantic import ValidationError

from mockserver.engine.answers import FAILURE_TEXT
from mockserver.engine.store import Row
from mockserver.web.family import Call
from mockserver.web.replies import ApiError, Reply, json_reply

_SCHEMA = "Invalid endpoint schema, please refer to documentation for examples."
_INTERNAL = (
    "Internal server error. Please retry your request. If the error persists, please contact support@assemblyai.com "
    "for more information."
)
_EMPTY_UPLOAD = (
    "Upload failed, please try again. If you continue to have issues please reach out to support@assemblyai.com"
)

_DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)
_FAILURES = {
    "download_forbidden": "Download error to {url}, {detail} for url: {url}",
    "download_failed": "Download error, unable to download {url}. "
    "Please make sure the file exists and is accessible from the internet.",
    "download_denied": "Download error, unable to access file at {url}",
    "unreachable": "Unable to reach audio URL",
    "not_audio": "File does not appear to contain audio. File type is {detail}.",
    "transcoding_failed": "Transcoding failed. Please try again.",
    "too_short": "Audio duration is too short.",
    "too_long": "Audio duration is too long",
    "no_speech": "language_detection cannot be performed on files with no spoken audio.",
    "low_language_confidence": "detected language '{language}', confidence {confidence}, is below the requested "
    "confidence threshold value of '{threshold}'",
    "low_speech": "Audio speech threshold {share} is below the requested speech threshold value {threshold}",
    "server_error": "Server error, developers have been alerted",
    # The real texts of these are not known; they are worded like their neighbours.
    "too_large": "File size exceeds the maximum allowed size.",
    "no_audio_stream": "File does not appear to contain audio. File type is {detail}.",
    "empty": "File does not appear to contain audio. File type is {detail}.",
    "silent": "Audio contains no speech.",
    "unsupported_format": "File does not appear to contain audio. File type is {detail}.",
    "wrong_region": "Download error, unable to access file at {url}",
}
_DETAILS = {
    "download_forbidden": "403 Client Error: Forbidden",
    "not_audio": "application/octet-stream (data)",
    "no_audio_stream": "video/mp4 (ISO Media)",
    "unsupported_format": "application/octet-stream (data)",
    "empty": "inode/x-empty (empty)",
    "low_language_confidence": '{"language":"bg","confidence":0.2949,"threshold":0.4}',
    "low_speech": '{"share":0.9461,"threshold":1.0}',
}


def unauthorized(_: Call) -> ApiError:
    """Return the refusal of a request without an accepted key."""
    hint = "send an accepted API key, alone, as the Authorization header"
    return ApiError(401, "Authentication error, API token missing/invalid", hint)


def server_error() -> ApiError:
    """Return the answer to a request that the server itself fails on."""
    return ApiError(500, "Server error, developers have been alerted.")


def method_not_allowed(allowed: str) -> ApiError:
    """Return the refusal of a method that the path does not have."""
    return ApiError(405, "Method Not Allowed", f"this path takes {allowed}", {"Allow": allowed})


def foreign_upload() -> ApiError:
    """Return the refusal of audio that a key of another project uploaded."""
    return ApiError(403, "Cannot access uploaded file", "the upload was made with a key of another project")


def no_such_transcript(hint: str | None = None) -> ApiError:
    """Return the answer to an id that the project does not have; the real API answers 400, not 404, here."""
    return ApiError(400, "Transcript lookup error, transcript id not found", hint)


def invalid(hint: str) -> ApiError:
    """Return the refusal of a request that is not as documented."""
    return ApiError(400, _SCHEMA, hint)


def first_problem(error: ValidationError) -> str:
    """Say what is wrong with a body, for a hint."""
    problem = error.errors(include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def broken_rule(text: str) -> ApiError:
    """Return the refusal of fields that do not go together; ``rules.py`` has the texts."""
    return ApiError(400, text)


def rate_limited(seconds: int, quirks: Collection[str]) -> ApiError:
    """Return the refusal of one request too many."""
    hint, headers = f"the window ends in {seconds} s", {"Retry-After": str(seconds)}
    if "rate_limit_403" in quirks:
        return ApiError(403, "Too many requests", hint, headers)
    return ApiError(429, "Too Many Requests", hint, headers)


def negative_balance() -> ApiError:
    """Return the refusal of a new job for which nobody pays."""
    return ApiError(400, "Your current account balance is negative. Please top up to continue using the API.")


def not_completed(status: str) -> ApiError:
    """Return the refusal of an export of a transcript that is not there."""
    return ApiError(
        400,
        f"This transcript has a status of '{status}'. Transcripts must have a status of 'completed' before "
        "requesting captions.",
    )


def deleted() -> ApiError:
    """Return the refusal of an export of a transcript that was deleted."""
    return ApiError(400, "This transcript has been deleted.")


def not_deletable(status: str) -> ApiError:
    """Return the refusal to delete a transcript that is still being made."""
    return ApiError(400, f"This transcript has a status of '{status}' and cannot be deleted.")


def no_redacted_audio(hint: str) -> ApiError:
    """Return the answer where there is no redacted audio, or none any more."""
    return ApiError(400, "The redacted audio is not available.", hint)


def failing(call: Call, status: int) -> Reply:
    """Return the answer of a broken service; only that of a 500 is documented."""
    if status == 500:
        return reply(call, ApiError(status, _INTERNAL))
    return Reply(b"", status, b"text/html; charset=utf-8")


def reply(_: Call, error: ApiError) -> Reply:
    """Return an error as the API words it."""
    return json_reply({"error": error.message}, error.status, error.header_pairs)


def access_denied() -> Reply:
    """Return the refusal of a link to storage."""
    return Reply(_DENIED, 403, b"application/xml")


def empty_upload() -> Reply:
    """Return the answer to an upload of nothing; the real API answers in plain text, not JSON, here."""
    return Reply(_EMPTY_UPLOAD.encode(), 422, b"text/plain; charset=utf-8")


def not_found(call: Call) -> Reply:
    """Return the answer to an unknown path; the real API answers in HTML, not JSON, here."""
    call.hint = "there is no such path here; is /v1 or /v2 missing from the base URL? /_mock/docs has them all"
    return Reply(b"404: Not Found", 404, b"text/html; charset=utf-8")


def failure(job: Row) -> str | None:
    """Return the text that tells why a job failed, or None if it did not."""
    reason = job["failure"]
    if not reason:
        return None
    if reason == FAILURE_TEXT:
        return str(job["detail"])
    detail = job["detail"] or _DETAILS.get(reason, "")
    facts = orjson.loads(detail) if detail.startswith("{") else {}
    return _FAILURES[reason].format(url=job["url"], detail=detail, **facts)


def _refusal(make: Callable[[Call], ApiError]) -> Callable[[Call], Reply]:
    return lambda call: reply(call, make(call))


def _broken(status: int) -> Callable[[Call], Reply]:
    return lambda call: failing(call, status)


ERRORS: Mapping[str, Callable[[Call], Reply]] = {
    "bad_request": _refusal(lambda _: invalid("a fault")),
    "unauthorized": _refusal(unauthorized),
    "insufficient_funds": _refusal(lambda _: negative_balance()),
    "transcript_not_found": _refusal(lambda _: no_such_transcript()),
    "forbidden": _refusal(lambda _: foreign_upload()),
    "not_found": not_found,
    "empty_upload": lambda _: empty_upload(),
    "rate_limited": _refusal(lambda call: rate_limited(1, call.quirks)),
    "server_error": _broken(500),
    "bad_gateway": _broken(502),
    "service_unavailable": _broken(503),
    "gateway_timeout": _broken(504),
}
"""The documented errors, by the names that faults ask for them by."""
