"""The texts of refusals and of failed jobs; where each is documented stands in docs/assemblyai.md."""

from mockserver.engine.answers import FAILURE_TEXT
from mockserver.engine.store import Row
from mockserver.web.replies import ApiError, Reply, json_reply

_SCHEMA = "Invalid endpoint schema, please refer to documentation for examples."
_EMPTY_UPLOAD = (
    "Upload failed, please try again. If you continue to have issues please reach out to support@assemblyai.com"
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
    "low_language_confidence": "detected language 'bg', confidence 0.2949, is below the requested confidence "
    "threshold value of '0.4'",
    "low_speech": "Audio speech threshold 0.9461 is below the requested speech threshold value 1.0",
    "server_error": "Server error, developers have been alerted",
    # The real texts of these are not known; they are worded like their neighbours.
    "too_large": "File size exceeds the maximum allowed size.",
    "no_audio_stream": "File does not appear to contain audio. File type is {detail}.",
    "empty": "File does not appear to contain audio. File type is {detail}.",
    "wrong_region": "Download error, unable to access file at {url}",
}
_DETAILS = {
    "download_forbidden": "403 Client Error: Forbidden",
    "not_audio": "application/octet-stream (data)",
    "no_audio_stream": "video/mp4 (ISO Media)",
    "empty": "inode/x-empty (empty)",
}


def unauthorized() -> ApiError:
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


def no_such_transcript() -> ApiError:
    """Return the answer to an id that the project does not have; the real API answers 400, not 404, here."""
    return ApiError(400, "Transcript lookup error, transcript id not found")


def invalid(hint: str) -> ApiError:
    """Return the refusal of a body that is not as documented."""
    return ApiError(400, _SCHEMA, hint)


def rate_limited(seconds: int) -> ApiError:
    """Return the refusal of one request too many."""
    return ApiError(429, "Too Many Requests", f"the window ends in {seconds} s", {"Retry-After": str(seconds)})


def reply(error: ApiError) -> Reply:
    """Return an error as the API words it."""
    return json_reply({"error": error.message}, error.status, error.header_pairs)


def empty_upload() -> Reply:
    """Return the answer to an upload of nothing; the real API answers in plain text, not JSON, here."""
    return Reply(_EMPTY_UPLOAD.encode(), 422, b"text/plain; charset=utf-8")


def not_found() -> Reply:
    """Return the answer to an unknown path; the real API answers in HTML, not JSON, here."""
    return Reply(b"404: Not Found", 404, b"text/html; charset=utf-8")


def failure(job: Row) -> str | None:
    """Return the text that tells why a job failed, or None if it did not."""
    reason = job["failure"]
    if not reason:
        return None
    if reason == FAILURE_TEXT:
        return str(job["detail"])
    detail = job["detail"] or _DETAILS.get(reason, "")
    return _FAILURES[reason].format(url=job["url"], detail=detail)
