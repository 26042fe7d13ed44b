"""Speech understanding of a stored transcript; nothing is written back."""

from __future__ import annotations

from functools import partial
from typing import Any

from mockserver.apis.assemblyai import rules
from mockserver.apis.assemblyai.gateway import errors, quotas
from mockserver.apis.assemblyai.gateway.requests import parsed
from mockserver.apis.assemblyai.gateway.schemas import UNDERSTANDING_PARAMS
from mockserver.apis.assemblyai.gateway.stored import completed, computed
from mockserver.apis.assemblyai.params import tasks
from mockserver.apis.assemblyai.render import params_of
from mockserver.apis.assemblyai.schemas import Understanding
from mockserver.engine.store import Row
from mockserver.web.family import Call, Quirks
from mockserver.web.replies import ApiError, Headers, Reply, json_reply

_SHORT = 2 * 1024
"""Bytes of a request that is read in the event loop."""
_FIELD = "speech_understanding"
_SPEAKERS = {"speaker_labels": True}
"""What is taken for granted of a transcript that is not there yet."""


async def understand(call: Call) -> Reply:
    """Carry out the tasks that a request asks for. Raises ApiError."""
    asked = await _asked(call)
    if not asked.get("transcript_id"):
        raise errors.invalid(["transcript_id is required"])
    headers = quotas.count_understanding(call)
    try:
        return await _understood(call, asked, headers)
    except ApiError as error:
        error.add(headers)
        raise


async def validate(call: Call) -> Reply:
    """Check a request. Raises ApiError."""
    asked = await _asked(call)
    if asked.get("transcript_id"):
        job = await completed(call, asked["transcript_id"])
        _check(call, asked, params_of(job))
    return json_reply({"request_id": call.request_id, "valid": True})


async def _asked(call: Call) -> dict[str, Any]:
    quotas.check_access(call)
    body = await call.read(call.engine.settings.body_bytes)
    reading = partial(parsed, body, UNDERSTANDING_PARAMS)
    asked = reading() if len(body) <= _SHORT else await call.courier.in_slow_thread(reading)
    request = asked[_FIELD]["request"]
    if unknown := [name for name in request if name not in Understanding.__annotations__]:
        raise errors.invalid([f"{_FIELD}.request: unknown feature {name[:200]}" for name in unknown[:10]])
    if not tasks(asked):
        raise errors.invalid([f"{_FIELD}.request: at least one feature is required"])
    _check(call, asked, _SPEAKERS)
    return asked


def _check(call: Call, asked: dict[str, Any], params: dict[str, Any]) -> None:
    """Refuse tasks that do not go together with what is known of the transcript. Raises ApiError 400."""
    problem = rules.broken({**params, _FIELD: asked[_FIELD]}, call.quirks, among=(_FIELD,))
    if problem is not None:
        raise errors.invalid([problem])


async def _understood(call: Call, asked: dict[str, Any], headers: Headers) -> Reply:
    job = await completed(call, asked["transcript_id"])
    call.fixture = job["fixture"]
    _check(call, asked, params_of(job))
    found = await computed(call, _respond, job, asked[_FIELD]["request"])
    return json_reply({"request_id": call.request_id, **found}, headers=headers)


def _respond(job: Row, transcript: bytes, quirks: Quirks, request: dict[str, Any]) -> dict[str, Any]:
    from mockserver.apis.assemblyai.completed import understanding_of

    view = understanding_of(job, transcript, quirks, request)
    response = view["speech_understanding"]["response"]
    response.get("summarization", {}).pop("block_summary", None)
    if "action_items" in response:
        response["action_items"] = _action_items(response["action_items"], request["action_items"])
    return view


def _action_items(found: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    """Return action items in the gateway's own shape; times are milliseconds, null where a fixture gives none."""
    items = [
        {"action_item": item["text"], "quote": item["text"], "timestamp": item.get("start")} for item in found["items"]
    ]
    return {"status": found["status"], "effort": task.get("effort") or "low", "items": items}
