"""The texts of refusals, in either of two envelopes; where each is documented stands in docs/llm-gateway.md."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from mockserver.web.family import Call
from mockserver.web.replies import ApiError, Reply, json_reply

NO_ACCESS = (
    "Your account does not have access to LLM Gateway. Please upgrade or contact us at support@assemblyai.com for "
    "more information."
)
_MOST, _LONGEST = 10, 500
"""How many problems are told, and how many characters of each."""
_TOO_MANY = "too many requests for this action"


def unauthorized(call: Call) -> ApiError:
    """Return the refusal of a request without an accepted key; without any key it has another text."""
    if not call.header_map.get(b"authorization", b"").strip():
        return no_access("send an API key as the Authorization header")
    return _not_accepted()


def _not_accepted() -> ApiError:
    return ApiError(401, "Authentication error, API token missing/invalid", "this API key is not accepted")


def no_access(hint: str) -> ApiError:
    """Return the refusal of an account that may not use the gateway."""
    return ApiError(401, NO_ACCESS, hint)


def invalid(problems: Sequence[str]) -> ApiError:
    """Return the refusal of a request that is wrong in some ways."""
    told = tuple(problem[:_LONGEST] for problem in problems[:_MOST])
    return ApiError(400, "invalid request body", "; ".join(told), details=told)


def no_such_transcript(identifier: str, hint: str | None = None, *, deleted: bool = False) -> ApiError:
    """Return the answer to a transcript that the project does not have, or no longer has."""
    if deleted:
        return ApiError(404, "transcript deleted", "it was deleted, or has outlived its time")
    hint = hint or f"this key has no transcript {identifier[:200]}; every key has its own"
    return ApiError(404, "transcript not found", hint)


def rate_limited(seconds: int, _: Collection[str]) -> ApiError:
    """Return the refusal of one request too many."""
    return ApiError(429, _TOO_MANY, f"the window ends in {seconds} s", {"Retry-After": str(seconds)})


def one_too_many(limit: int, seconds: int, subject: str, setting: str) -> ApiError:
    """Return the refusal of one request too many to a model, or for speech understanding."""
    hint = (
        f"the limit is {limit} requests to {subject} in 60 s, and this window ends in {seconds} s; "
        f"{setting} 0, in the settings or the terms of the key, takes it away"
    )
    return ApiError(429, _TOO_MANY, hint, {"Retry-After": str(seconds)})


def negative_balance() -> ApiError:
    """Return the refusal of a request for which nobody pays."""
    text = "Your current account balance is negative. Please top up to continue using the API."
    return ApiError(400, text, "the terms of this key say so; see /_mock/terms")


def not_answered(asked: str, nearest: Sequence[str]) -> ApiError:
    """Return the refusal, in strict mode, of a request that no fixture answers."""
    near = " | ".join(nearest) or "there are no fixtures for chats"
    text = f"no fixture answers this request: {asked}; nearest: {near}"
    return ApiError(400, text, text, details=(asked, *nearest))


def from_model(status: int, message: str | None, retry_after: int | None) -> ApiError:
    """Return the error that a fixture gives."""
    text = message or {429: _TOO_MANY}.get(status) or _phrase(status)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return ApiError(status, text, "the fixture says so", headers)


def server_error() -> ApiError:
    """Return the answer to a request that the server itself fails on."""
    return ApiError(500, _phrase(500))


def method_not_allowed(allowed: str) -> ApiError:
    """Return the refusal of a method that the path does not have."""
    return ApiError(405, _phrase(405), f"this path takes {allowed}", {"Allow": allowed})


def not_found(call: Call) -> Reply:
    """Return the answer to an unknown path."""
    call.hint = (
        "the LLM Gateway has /v1/chat/completions, /v1/models, /v1/understanding and /v1/understanding/validate; "
        "/_mock/docs has the paths of every API"
    )
    return reply(call, ApiError(404, _phrase(404)))


def failing(call: Call, status: int) -> Reply:
    """Return the answer of a broken service."""
    return reply(call, ApiError(status, _phrase(status)))


def _phrase(status: int) -> str:
    known = status in HTTPStatus.__members__.values()
    return HTTPStatus(status).phrase.lower() if known else "error from the model's provider"


def reply(call: Call, error: ApiError) -> Reply:
    """Return an error as the API words it."""
    return json_reply(_body(call, error), error.status, error.header_pairs)


def _body(call: Call, error: ApiError) -> dict[str, Any]:
    if error.status == 401:
        return {"error": error.message, "status": "error", "request_id": call.request_id}
    metadata = {"errors": list(error.details)} if error.details else {}
    if "nested_errors" in call.quirks:
        nested = {"code": error.status, "message": error.message, "metadata": metadata}
        return {"error": nested, "request_id": call.request_id}
    flat = {"request_id": call.request_id, "message": error.message, "code": error.status}
    return flat | {"metadata": metadata} if metadata else flat


def _refusal(make: Callable[[Call], ApiError]) -> Callable[[Call], Reply]:
    return lambda call: reply(call, make(call))


def _broken(status: int) -> Callable[[Call], Reply]:
    return lambda call: failing(call, status)


ERRORS: Mapping[str, Callable[[Call], Reply]] = {
    "bad_request": _refusal(lambda _: invalid(["a fault"])),
    "unauthorized": _refusal(lambda _: _not_accepted()),
    "no_access": _refusal(lambda _: no_access("a fault")),
    "insufficient_funds": _refusal(lambda _: negative_balance()),
    "transcript_not_found": _refusal(lambda _: no_such_transcript("of that id")),
    "rate_limited": _refusal(lambda call: rate_limited(1, call.quirks)),
    "server_error": _broken(500),
    "bad_gateway": _broken(502),
    "service_unavailable": _broken(503),
    "gateway_timeout": _broken(504),
}
"""The documented errors, by the names that faults ask for them by."""
