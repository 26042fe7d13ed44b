"""The refusals of Sync STT; what is documented of each stands in docs/assemblyai.md."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus

import orjson

from mockserver.apis.assemblyai.sync.models import missing_model, model_of
from mockserver.engine.answers import FAILURE_TEXT
from mockserver.engine.media import Unusable
from mockserver.web.family import Call
from mockserver.web.replies import ApiError, Reply, json_reply

LONGEST = 120_000
"""Milliseconds of audio."""
SHORTEST = 80
LARGEST = 40 * 2**20
"""Bytes of audio."""
NO_AUDIO = "request must include an `audio` file part"
_PROBLEM = b"application/problem+json"
_TITLES = {413: "Audio Too Large", 500: "Inference Error", 504: "Inference Timeout"}
_OLD = {"Not Found", "Unauthorized", "Too Many Requests"}
"""What had no code in the older form."""
_REASONS = {
    "too_short": "audio_too_short",
    "too_long": "audio_too_large",
    "too_large": "audio_too_large",
    "unsupported_format": "unsupported_media_type",
    "server_error": "inference_error",
}
"""What the reasons of fixtures are here; every other is bad audio."""
_DETAILS = {
    "transcoding_failed": "audio could not be decoded",
    "empty": "audio is empty",
    "no_audio_stream": "audio contains no audio stream",
    "no_speech": "audio contains no speech",
    "silent": "audio contains no speech",
    "low_speech": "audio contains too little speech",
    "low_language_confidence": "the language of the audio could not be detected",
}


def _error(status: int, title: str, detail: str, hint: str | None = None, retry_after: int | None = None) -> ApiError:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return ApiError(status, detail, hint, headers, facts={"title": title})


def no_such_model(call: Call) -> ApiError:
    """Return the answer where no model is named that there is: the balancer's, in plain text."""
    return ApiError(404, "Not found", missing_model(call), facts={"plain": True})


def unauthorized(call: Call) -> ApiError:
    """Return the refusal of a request without an accepted key; the real API answers 404, not 401, here."""
    if model_of(call) is None:
        return no_such_model(call)
    has_key = bool(call.header_map.get(b"authorization", b"").strip())
    return _unauthorized(call.quirks, "Invalid API key" if has_key else "Missing Authorization header")


def _unauthorized(quirks: Collection[str], detail: str) -> ApiError:
    hint = "send an accepted API key, alone, as the Authorization header"
    if "sync_401" in quirks:
        return _error(401, "Unauthorized", detail, hint)
    return _error(404, "Not Found", detail, hint)


def invalid(detail: str, hint: str | None = None) -> ApiError:
    """Return the refusal of a form or a configuration that is not as documented."""
    return _error(400, "Bad Request", detail, hint)


def bad_audio(detail: str, hint: str | None = None) -> ApiError:
    """Return the refusal of audio that cannot be read."""
    return _error(400, "Bad Audio", detail, hint)


def too_short(duration: int) -> ApiError:
    """Return the refusal of audio of so few milliseconds."""
    return _error(400, "Audio Too Short", f"audio duration {duration} ms is below minimum {SHORTEST} ms")


def too_long(duration: int) -> ApiError:
    """Return the refusal of audio of so many milliseconds."""
    return _error(413, "Audio Too Large", f"audio duration {duration} ms exceeds limit {LONGEST} ms")


def too_large(limit: int = LARGEST) -> ApiError:
    """Return the refusal of more bytes of audio than ``limit``."""
    return _error(413, "Audio Too Large", f"audio size exceeds limit {limit} bytes")


def unsupported(detail: str, hint: str | None = None) -> ApiError:
    """Return the refusal of a kind of body or audio that is not taken."""
    return _error(415, "Unsupported Media Type", detail, hint)


def negative_balance() -> ApiError:
    """Return the refusal of a request for which nobody pays."""
    text = "Your current account balance is negative. Please top up to continue using the API."
    return invalid(text, "the terms of this key say so; see /_mock/terms")


def rate_limited(seconds: int, _: Collection[str] = ()) -> ApiError:
    """Return the refusal of one request too many."""
    hint = (
        f"this window ends in {seconds} s; sync_rate_limit 0, in the settings or the terms of the key, takes the "
        "limit away"
    )
    return _error(429, "Too Many Requests", "Rate limit exceeded", hint, seconds)


def failed(failure: Unusable) -> ApiError:
    """Return what becomes of the failure that a fixture gives."""
    hint = "the fixture says so"
    if failure.reason == FAILURE_TEXT:
        return _error(500, "Inference Error", failure.detail, hint)
    make = _NAMED.get(_REASONS.get(failure.reason, ""))
    error = make() if make else bad_audio(_DETAILS.get(failure.reason, "audio could not be read"))
    error.hint = hint
    return error


def server_error() -> ApiError:
    """Return the answer to a request that the server itself fails on."""
    return _error(500, "Inference Error", "internal error")


def no_space(hint: str) -> ApiError:
    """Return the answer to audio for which there is no room."""
    return _error(507, "Insufficient Storage", "there is not enough storage for this audio", hint)


def method_not_allowed(allowed: str) -> ApiError:
    """Return the refusal of a method that the path does not have."""
    error = _error(405, "Method Not Allowed", "Method Not Allowed", f"this path takes {allowed}")
    error.headers = {"Allow": allowed}
    return error


def not_found(call: Call) -> Reply:
    """Return the answer to an unknown path."""
    call.hint = "Sync STT has /v1/transcribe, /v1/transcribe/live and /v1/warm; /_mock/docs has the paths of every API"
    return reply(call, _error(404, "Not Found", "Not Found"))


def failing(call: Call, status: int) -> Reply:
    """Return the answer of a broken service."""
    return reply(call, _BROKEN.get(status, lambda: ApiError(status, _title(status).lower()))())


def reply(call: Call, error: ApiError) -> Reply:
    """Return an error as the API words it."""
    if "plain" in error.facts:
        return Reply(error.message.encode(), error.status, b"text/plain; charset=utf-8", error.header_pairs)
    title = error.facts.get("title") or _title(error.status)
    if "sync_error_codes" in call.quirks:
        coded = {"error_code": title.lower().replace(" ", "_"), "message": error.message}
        body = {"detail": error.message} if title in _OLD else coded
        return json_reply(body, error.status, error.header_pairs)
    body = {"status": error.status, "title": title, "detail": error.message}
    return Reply(orjson.dumps(body), error.status, _PROBLEM, error.header_pairs)


def _title(status: int) -> str:
    known = status in HTTPStatus.__members__.values()
    return _TITLES.get(status) or (HTTPStatus(status).phrase if known else "Error")


_BROKEN: Mapping[int, Callable[[], ApiError]] = {
    500: lambda: _error(500, "Inference Error", "inference failed"),
    503: lambda: _error(503, "Service Unavailable", "the model is still loading"),
    504: lambda: _error(504, "Inference Timeout", "inference exceeded the deadline of 30 s"),
}
_NAMED: Mapping[str, Callable[[], ApiError]] = {
    "bad_request": lambda: invalid(NO_AUDIO),
    "bad_audio": lambda: bad_audio("malformed WAV: missing RIFF/WAVE preamble"),
    "audio_too_short": lambda: too_short(SHORTEST - 1),
    "audio_too_large": lambda: too_long(LONGEST + 10_000),
    "unsupported_media_type": lambda: unsupported("unsupported audio format"),
    "rate_limited": lambda: rate_limited(1),
    "capacity_exceeded": lambda: _error(503, "Capacity Exceeded", "server is at capacity", retry_after=1),
    "inference_error": _BROKEN[500],
    "service_unavailable": _BROKEN[503],
    "inference_timeout": _BROKEN[504],
}


def _refusal(make: Callable[[], ApiError]) -> Callable[[Call], Reply]:
    return lambda call: reply(call, make())


def _broken(status: int) -> Callable[[Call], Reply]:
    return lambda call: failing(call, status)


ERRORS: Mapping[str, Callable[[Call], Reply]] = {
    **{name: _refusal(make) for name, make in _NAMED.items()},
    "unauthorized": lambda call: reply(call, _unauthorized(call.quirks, "Invalid API key")),
    "not_found": lambda call: reply(call, no_such_model(call)),
    "insufficient_funds": _refusal(negative_balance),
    "server_error": _broken(500),
    "bad_gateway": _broken(502),
    "gateway_timeout": _broken(504),
}
"""The documented errors, by the names that faults ask for them by."""
