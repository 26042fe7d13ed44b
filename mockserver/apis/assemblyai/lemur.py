"""LeMUR: questions about transcripts, as they were answered until March 2026."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mockserver.apis.assemblyai import errors, render
from mockserver.engine import results, understanding
from mockserver.engine.clock import iso
from mockserver.engine.transcripts import Transcript, UntimedTurn, UntimedWord, transcribe
from mockserver.engine.views import Passage, sentences
from mockserver.web.family import Call, Operations
from mockserver.web.replies import ApiError, Reply, json_reply

page = Operations("LeMUR (legacy)")

_QUIRK = "lemur"
_MOST_TRANSCRIPTS = 100
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
    answer_options: list[str] | None


class LemurParams(TypedDict, total=False):
    """What is common to all bodies, and what single endpoints need besides."""

    transcript_ids: list[str] | None
    sources: list[_Source] | None
    input_text: str | None
    final_model: str | None
    max_output_size: Annotated[int, Field(ge=1)] | None
    temperature: Annotated[float, Field(ge=0, le=1)] | None
    prompt: str | None
    context: Any
    answer_format: str | None
    questions: Annotated[list[LemurQuestion], Field(min_length=1)] | None


_PARAMS: TypeAdapter[LemurParams] = TypeAdapter(LemurParams)


@page.add("POST", "/lemur/v3/generate/task", reads=_PARAMS, quirk=_QUIRK)
async def task(call: Call) -> Reply:
    """Carry out a task that a prompt describes."""
    return await _answered(call, "prompt", _about)


@page.add("POST", "/lemur/v3/generate/summary", reads=_PARAMS, quirk=_QUIRK)
async def summary(call: Call) -> Reply:
    """Summarise."""
    return await _answered(call, None, lambda _, said: understanding.summary(said, "informative", "paragraph"))


@page.add("POST", "/lemur/v3/generate/question-answer", reads=_PARAMS, quirk=_QUIRK)
async def question_answer(call: Call) -> Reply:
    """Answer questions."""
    return await _answered(call, "questions", _answers)


@page.add("POST", "/lemur/v3/generate/action-items", reads=_PARAMS, quirk=_QUIRK)
async def action_items(call: Call) -> Reply:
    """List what is to be done."""
    return await _answered(call, None, _to_do)


@page.add("GET", "/lemur/v3/{request_id}", quirk=_QUIRK)
async def get(call: Call) -> Reply:
    """Get an earlier answer."""
    identifier = call.path_params["request_id"]
    found = call.engine.prompts.find(call.project, identifier)
    if found is None:
        raise _unknown()
    created, prompt = found
    request = {**prompt["request"], "created_at": iso(created)}
    return json_reply({"request_id": identifier, **prompt["answer"], "request": request})


@page.add("DELETE", "/lemur/v3/{request_id}", quirk=_QUIRK)
async def purge(call: Call) -> Reply:
    """Delete an earlier answer."""
    identifier = call.path_params["request_id"]
    if call.engine.prompts.find(call.project, identifier) is None:
        raise _unknown()
    purged = call.engine.prompts.remove(call.project, identifier)
    return json_reply({"request_id": purged, "request_id_to_purge": identifier, "deleted": True})


def _unknown() -> ApiError:
    return ApiError(400, "request id not found")


_Answer = Callable[[LemurParams, Sequence[Passage]], Any]


async def _answered(call: Call, needed: str | None, answer: _Answer) -> Reply:
    try:
        asked = _PARAMS.validate_json(await call.read(call.engine.settings.body_bytes), strict=True)
    except ValidationError as error:
        raise errors.invalid(errors.first_problem(error)) from None
    if needed is not None and not asked.get(needed):
        raise errors.invalid(f"{needed} is required")
    if asked.get("final_model") not in (None, *_MODELS):
        raise ApiError(400, "Model deprecated. See docs for new model information")
    said = await _said(call, asked)
    response = await call.courier.in_slow_thread(answer, asked, said)
    used = {"input_tokens": _tokens(" ".join(s.text for s in said)), "output_tokens": _tokens(str(response))}
    made = {"response": response, "usage": used}
    identifier = call.engine.prompts.keep(call.project, {"request": _request(call, asked), "answer": made})
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


async def _said(call: Call, asked: LemurParams) -> list[Passage]:
    """Return what the question is about: the sentences of transcripts, or of a text."""
    ids = _ids(asked)
    if bool(ids) == bool(asked.get("input_text")):
        raise errors.invalid("either transcript_ids or input_text is required")
    if not ids:
        return sentences(_as_transcript(asked.get("input_text") or ""))
    if len(ids) > _MOST_TRANSCRIPTS:
        raise errors.invalid(f"at most {_MOST_TRANSCRIPTS} transcripts may be asked about together")
    call.engine.jobs.settle(call.project)
    said: list[Passage] = []
    for identifier in ids:
        job = call.engine.jobs.find(identifier, call.project)
        if job is None or job["status"] != "completed" or job["deleted"] is not None:
            raise ApiError(400, "each transcript source id must be valid", f"{identifier} is no completed transcript")
        said += render.document(job, call.engine.jobs.transcript(job), call.quirks).shown_sentences
    return said


def _as_transcript(text: str) -> Transcript:
    turn = UntimedTurn(tuple(UntimedWord(word) for word in text.split()))
    return transcribe([turn] if turn.words else [], language="en", duration=60_000, seed="")


def _about(asked: LemurParams, said: Sequence[Passage]) -> str:
    """Answer from the text: with the sentence that fits the prompt best, or else a summary."""
    found = understanding.answer(said, asked.get("prompt") or "")
    return found.text if found is not None else understanding.summary(said, "informative", "paragraph")


def _answers(asked: LemurParams, said: Sequence[Passage]) -> list[dict[str, str]]:
    return [_reply_to(question, said) for question in asked.get("questions") or ()]


def _reply_to(question: LemurQuestion, said: Sequence[Passage]) -> dict[str, str]:
    text = question.get("question", "")
    found = understanding.answer(said, text)
    options = question.get("answer_options")
    if options:
        heard = (found.text if found else "").lower()
        return {"question": text, "answer": next((o for o in options if o.lower() in heard), options[0])}
    return {"question": text, "answer": found.text if found else "The transcript does not say."}


def _to_do(_: LemurParams, said: Sequence[Passage]) -> str:
    found = results.action_items({}, said, decisions=False)
    return "\n".join(f"- {text}" for text, _ in found) or "There are no action items."


def _tokens(text: str) -> int:
    return -(-len(text) // 4)
