"""Submit a transcript, and get it."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import ValidationError

from mockserver.apis.assemblyai import errors, render
from mockserver.apis.assemblyai.callbacks import callback_of
from mockserver.apis.assemblyai.lookup import end_of, is_quick, look
from mockserver.apis.assemblyai.params import options_of
from mockserver.apis.assemblyai.rules import broken
from mockserver.apis.assemblyai.schemas import KNOWN_PARAMS, TRANSCRIPT_PARAMS
from mockserver.engine.media import Unusable
from mockserver.engine.moves import FINISHED
from mockserver.engine.store import Row
from mockserver.web.family import Call, Operations
from mockserver.web.found import rendered
from mockserver.web.replies import FileReply, Reply
from mockserver.web.sources import Audio, is_audio_url, is_http_url, upload_id
from mockserver.web.submission import Order, submit

page = Operations("Transcripts")

_MOST_BYTES = 2**21
_SHOWN = 200
_MOST_SHOWN = 100


@page.add("POST", "/v2/transcript", reads=lambda: TRANSCRIPT_PARAMS, makes_job=True)
async def create(call: Call) -> Reply:
    """Transcribe audio.

    An ``X-Mock-Progress`` header (instant, timed, polls, held) sets how this job moves on.
    """
    params, encoded = _read_params(call, await call.read(call.engine.settings.body_bytes))
    if call.project.terms.negative_balance:
        raise errors.negative_balance()
    url = params["audio_url"]
    language = params.get("language_code") or ("en" if "default_english" in call.quirks else None)
    order = Order(
        url,
        _audio_at_once(call, url),
        language,
        params,
        encoded,
        options_of(params),
        callback_of(params, call.public_base),
        redacts=bool(params.get("redact_pii_audio")),
    )
    job = await submit(call, order)
    return Reply(render.submitted(call.project.public_id, job, call.quirks))


@page.add("GET", "/v2/transcript/{transcript_id}")
async def get(call: Call) -> Reply:
    """Get a transcript."""
    transcript_id = call.path_params["transcript_id"]
    call.job = transcript_id
    stored = call.engine.replies.find(transcript_id, call.project, call.family.name, call.region)
    if stored is not None:
        return Reply(stored)
    job = await look(call)
    if job["deleted"] is not None:
        return Reply(render.deleted(call.project.public_id, job))
    if job["status"] not in FINISHED:
        return Reply(render.unfinished(call.project.public_id, job, call.quirks))
    reply = await _finished(call, job)
    if not isinstance(reply, FileReply):
        call.engine.replies.keep(call.project, job, reply.body, end_of(job, call))
    return reply


async def _finished(call: Call, job: Row) -> Reply:
    public_id = call.project.public_id
    if job["status"] == "error":
        return Reply(render.failed(public_id, job, call.quirks))
    from mockserver.apis.assemblyai.completed import finished

    try:
        return await rendered(call, job, "transcript", finished, public_id, is_quick=is_quick(job))
    except FileNotFoundError:  # it was deleted while its view was made
        raise errors.deleted() from None


@page.add("DELETE", "/v2/transcript/{transcript_id}")
async def delete(call: Call) -> Reply:
    """Delete a transcript: what was heard, and the audio."""
    job = await look(call)
    if job["status"] not in FINISHED:
        raise errors.not_deletable(job["status"])
    call.engine.delete(call.project, job)
    call.courier.sweep()
    return Reply(render.deleted(call.project.public_id, job))


def _read_params(call: Call, body: bytes) -> tuple[dict[str, Any], str]:
    """Return the parameters, and the same as JSON."""
    try:
        params = orjson.loads(body)
        encoded = orjson.dumps(params).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise errors.invalid(f"the body is not JSON: {error}") from None
    if not isinstance(params, dict):
        raise errors.invalid("the body is not a JSON object")
    if len(body) - len(str(params.get("audio_url", ""))) > _MOST_BYTES:
        raise errors.invalid(f"all parameters but audio_url are longer than {_MOST_BYTES} bytes together")
    try:
        TRANSCRIPT_PARAMS.validate_python(params, strict=True)
    except ValidationError as error:
        raise errors.invalid(errors.first_problem(error)) from None
    if not is_audio_url(params["audio_url"]):
        raise errors.invalid("audio_url: not an http, https, file or data URL")
    webhook_url = params.get("webhook_url")
    if webhook_url is not None and not is_http_url(webhook_url):
        raise errors.invalid("webhook_url: not an http or https URL")
    if not KNOWN_PARAMS.issuperset(params):
        _meet_unknown(call, sorted(params.keys() - KNOWN_PARAMS))
    problem = broken(params, call.quirks)
    if problem is not None:
        raise errors.broken_rule(problem)
    return params, encoded


def _meet_unknown(call: Call, names: list[str]) -> None:
    if call.engine.settings.unknown_params == "reject":
        raise errors.invalid(f"there is no parameter {', '.join(names)}")
    call.violates(*(f"unknown field {name[:_SHOWN]}" for name in names[:_MOST_SHOWN]))


def _audio_at_once(call: Call, url: str) -> Audio | None:
    """Return the audio if nothing has to be read for it; a URL that led to an upload here once leads nowhere."""
    identifier = upload_id(url)
    upload = call.engine.uploads.find(identifier) if identifier else None
    if upload is None and identifier and url.startswith(call.public_base):
        return Audio(Unusable("download_failed"))
    if upload is not None and upload["region"] != call.region:
        call.hint = f"the upload is in the region {upload['region']}, and this host is of {call.region}"
        return Audio(Unusable("wrong_region"))
    if upload is not None and upload["project"] != call.project.id:
        raise errors.foreign_upload()
    return call.courier.sources.at_once(url, upload)
