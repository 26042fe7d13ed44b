"""LeMUR: questions about transcripts, as they were answered until March 2026."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mockserver.apis.assemblyai import errors
from mockserver.apis.assemblyai.lookup import current
from mockserver.apis.assemblyai.schemas import FirstProblem, Texts
from mockserver.engine.clock import iso
from mockserver.web.family import Call, Operations
from mockserver.web.found import elsewhere
from mockserver.web.replies import ApiError, Reply, json_reply
from mockserver.web.workshop import LONG

page = Operations("LeMUR (legacy)")

_QUIRK = "lemur"
_MOST_TRANSCRIPTS = _MOST_HOURS = 100
_MOST_BYTES = 2**20
_DEFAULT_MODEL = "default"
_MODELS = frozenset(
    "anthropic/claude-sonnet-4-20250514 anthropic/claude-opus-4-20250514 anthropic/claude-3-7-sonnet-20250219 "
    "anthropic/claude-3-5-sonnet anthropic/claude-3-5-haiku-20241022 anthropic/claude-3-opus anthropic/claude-3-haiku "
    "anthropic/claude-3-sonnet anthropic/claude-2 anthropic/claude-2-1 anthropic/claude-instant-1-2 "
    "assemblyai/mistral-7b default basic".split()
)


class _Source(TypedDict):
    id: str
    type: Literal["transcript"]


class LemurQuestion(TypedDict, total=False):
    """One question about the transcripts."""

    question: str
    context: Any
    answer_format: str | None
    answer_options: Texts | None


class LemurParams(TypedDict, total=False):
    """What is common to all bodies, and what single endpoints need besides."""

    transcript_ids: Texts | None
    sources: Annotated[list[_Source], FirstProblem()] | None
    input_text: str | None
    final_model: str | None
    max_output_size: Annotated[int, Field(ge=1)] | None
    temperature: Annotated[float, Field(ge=0, le=1)] | None
    prompt: str | None
    context: Any
    answer_format: str | None
    questions: Annotated[list[LemurQuestion], FirstProblem(), Field(min_length=1)] | None


_PARAMS: TypeAdapter[LemurParams] = TypeAdapter(LemurParams)


@page.add("POST", "/lemur/v3/generate/task", reads=lambda: _PARAMS, quirk=_QUIRK)
async def task(call: Call) -> Reply:
    """Carry out a task that a prompt describes."""
    return await _answered(call, "about", needed="prompt")


@page.add("POST", "/lemur/v3/generate/summary", reads=lambda: _PARAMS, quirk=_QUIRK)
async def summary(call: Call) -> Reply:
    """Summarise."""
    return await _answered(call, "summary")


@page.add("POST", "/lemur/v3/generate/question-answer", reads=lambda: _PARAMS, quirk=_QUIRK)
async def question_answer(call: Call) -> Reply:
    """Answer questions."""
    return await _answered(call, "answers", needed="questions")


@page.add("POST", "/lemur/v3/generate/action-items", reads=lambda: _PARAMS, quirk=_QUIRK)
async def action_items(call: Call) -> Reply:
    """List what is to be done."""
    return await _answered(call, "to_do")


@page.add("GET", "/lemur/v3/{request_id}", quirk=_QUIRK)
async def get(call: Call) -> Reply:
    """Get an earlier answer."""
    identifier = call.path_params["request_id"]
    created, prompt = _kept(call, identifier)
    request = {**prompt["request"], "created_at": iso(created)}
    return json_reply({"request_id": identifier, **prompt["answer"], "request": request})


@page.add("DELETE", "/lemur/v3/{request_id}", quirk=_QUIRK)
async def purge(call: Call) -> Reply:
    """Delete an earlier answer."""
    identifier = call.path_params["request_id"]
    _kept(call, identifier)
    purged = call.engine.prompts.remove(call.project, identifier)
    return json_reply({"request_id": purged, "request_id_to_purge": identifier, "deleted": True})


def _kept(call: Call, identifier: str) -> tuple[int, dict[str, Any]]:
    """Return when an earlier answer was given, and what was kept of it."""
    found = call.engine.prompts.find(call.project, identifier)
    if found is None or found[1]["region"] != call.region:
        raise ApiError(400, "request id not found")
    return found


Heard = tuple[dict[str, Any], bytes]


async def _answered(call: Call, kind: str, *, needed: str | None = None) -> Reply:
    body = await call.read(_MOST_BYTES)
    try:
        asked = _PARAMS.validate_json(body, strict=True)
    except ValidationError as error:
        raise errors.invalid(errors.first_problem(error)) from None
    if needed is not None and not asked.get(needed):
        raise errors.invalid(f"{needed} is required")
    if asked.get("final_model") not in (None, *_MODELS):
        raise ApiError(400, "Model deprecated. See docs for new model information")
    from mockserver.apis.assemblyai.lemur_answers import respond

    sources = await _sources(call, asked)
    is_long = len(body) + sum(len(transcript) for _, transcript in sources) > LONG
    run = call.courier.workshop.run if is_long else call.courier.in_slow_thread
    made = await run(respond, kind, asked, sources, call.quirks)
    kept = {"request": _request(call, asked), "answer": made, "region": call.region}
    identifier = call.engine.prompts.keep(call.project, kept)
    return json_reply({"request_id": identifier, **made})


def _request(call: Call, asked: LemurParams) -> dict[str, Any]:
    """Return the request as it is shown later."""
    given = {name: value for name, value in asked.items() if value is not None and name != "sources"}
    ids = _ids(asked)
    return {
        "request_endpoint": call.url.path,
        "temperature": asked.get("temperature") or 0.0,
        "final_model": asked.get("final_model") or _DEFAULT_MODEL,
        "max_output_size": asked.get("max_output_size") or 2000,
        **given,
        **({"transcript_ids": ids} if ids else {}),
    }


def _ids(asked: LemurParams) -> list[str]:
    return [*(asked.get("transcript_ids") or ()), *(source["id"] for source in asked.get("sources") or ())]


async def _sources(call: Call, asked: LemurParams) -> list[Heard]:
    """Return the transcripts that the question is about."""
    ids = _ids(asked)
    if bool(ids) == bool(asked.get("input_text")):
        raise errors.invalid("either transcript_ids or input_text is required")
    if len(ids) > _MOST_TRANSCRIPTS:
        raise errors.invalid(f"at most {_MOST_TRANSCRIPTS} transcripts may be asked about together")
    sources = [await _source(call, identifier) for identifier in ids]
    if sum(job["duration"] for job, _ in sources) > _MOST_HOURS * 3600 * 1000:
        raise errors.invalid(f"at most {_MOST_HOURS} hours of audio may be asked about together")
    return sources


async def _source(call: Call, identifier: str) -> Heard:
    job = await current(call, identifier)
    if job is None or job["status"] != "completed" or job["deleted"] is not None:
        hint = elsewhere(call, identifier) or f"{identifier} is no completed transcript"
        raise ApiError(400, "each transcript source id must be valid", hint)
    return dict(job), call.engine.jobs.transcript(job)
