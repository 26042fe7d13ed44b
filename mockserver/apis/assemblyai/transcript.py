"""Submit a transcript, and get it."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlsplit

import orjson
from pydantic import ValidationError

from mockserver.apis.assemblyai import errors, render
from mockserver.apis.assemblyai.schemas import TRANSCRIPT_PARAMS
from mockserver.engine.jobs import Submission
from mockserver.engine.media import Unusable
from mockserver.engine.moves import FINISHED
from mockserver.engine.store import Row
from mockserver.settings import Progress
from mockserver.web.courier import question
from mockserver.web.family import Call, Operations
from mockserver.web.replies import ApiError, Reply
from mockserver.web.sources import Audio, upload_id

page = Operations("Transcripts")

_LARGE = 256 * 1024
_PROGRESS_HEADER = b"x-mock-progress"


@page.add("POST", "/v2/transcript", reads=TRANSCRIPT_PARAMS)
async def create(call: Call) -> Reply:
    """Transcribe audio.

    An ``X-Mock-Progress`` header (instant, timed, polls, held) sets how this job moves on.
    """
    params, encoded = _read_params(await call.read(call.engine.settings.body_bytes))
    url, language = params["audio_url"], params.get("language_code")
    audio = _audio_at_once(call, url)
    await call.courier.fresh_fixtures()
    asked = question(url, audio, language, call.account.key, params)
    plan = call.courier.plan(call.project, asked, audio)
    submission = Submission(
        family=call.family.name,
        url=url,
        upload=audio.upload if audio else None,
        language=language,
        key=call.account.key,
        params=encoded,
        progress=_asked_progress(call),
    )
    number, job = call.engine.jobs.submit(call.project, submission, plan)
    if plan is None:
        call.courier.prepare(number)
    else:
        call.fixture = plan.fixture
    call.job = job["id"]
    return Reply(render.unfinished(call.project, job))


@page.add("GET", "/v2/transcript/{transcript_id}")
async def get(call: Call) -> Reply:
    """Get a transcript."""
    transcript_id = call.path_params["transcript_id"]
    call.job = transcript_id
    stored = call.engine.jobs.finished_reply(transcript_id, call.project)
    if stored is not None:
        return Reply(stored)
    job = await _look(call, transcript_id)
    call.fixture = job["fixture"]
    if job["status"] not in FINISHED:
        return Reply(render.unfinished(call.project, job))
    body = await _render(call, job)
    call.engine.jobs.keep_reply(call.project, job, body)
    return Reply(body)


async def _look(call: Call, transcript_id: str) -> Row:
    """Return the job after everything that is due by now, this poll included, has happened to it."""
    jobs = call.engine.jobs
    job = jobs.find(transcript_id, call.project)
    if job is None:
        raise errors.no_such_transcript()
    await call.courier.prepared(job)
    jobs.settle(call.project)
    current = jobs.by_number(job["number"])
    if current is not None and jobs.poll(call.project, current):
        current = jobs.by_number(job["number"])
    if current is None:
        raise errors.no_such_transcript()
    return current


async def _render(call: Call, job: Row) -> bytes:
    transcript = call.engine.jobs.transcript(job) if job["status"] == "completed" else None
    if transcript is not None and len(transcript) > _LARGE:
        return await call.courier.in_slow_thread(render.finished, call.project, job, transcript)
    return render.finished(call.project, job, transcript)


def _read_params(body: bytes) -> tuple[dict[str, Any], str]:
    """Return the parameters, and the same as JSON."""
    try:
        params = orjson.loads(body)
        encoded = orjson.dumps(params).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise errors.invalid(f"the body is not JSON: {error}") from None
    if not isinstance(params, dict):
        raise errors.invalid("the body is not a JSON object")
    try:
        TRANSCRIPT_PARAMS.validate_python(params)
    except ValidationError as error:
        raise errors.invalid(_first_problem(error)) from None
    if not _is_url(params["audio_url"]):
        raise errors.invalid("audio_url: not an http, https, file or data URL")
    return params, encoded


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def _is_url(url: str) -> bool:
    if url.startswith(("data:", "file:///")):
        return True
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _audio_at_once(call: Call, url: str) -> Audio | None:
    """Return the audio if nothing has to be read for it; a URL that led to an upload here once leads nowhere."""
    identifier = upload_id(url)
    upload = call.engine.uploads.find(identifier) if identifier else None
    if upload is None and identifier and url.startswith(call.public_base):
        return Audio(Unusable("download_failed"))
    if upload is not None and upload["project"] != call.project.id:
        raise errors.foreign_upload()
    return call.courier.sources.at_once(url, upload)


def _asked_progress(call: Call) -> Progress | None:
    asked = call.header_map.get(_PROGRESS_HEADER)
    if asked is None:
        return None
    for progress in get_args(Progress):
        if asked == progress.encode():
            chosen: Progress = progress
            return chosen
    raise ApiError(400, f"{_PROGRESS_HEADER.decode()} must be one of {', '.join(get_args(Progress))}")
