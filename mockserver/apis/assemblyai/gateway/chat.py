"""Chat completions."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from mockserver.apis.assemblyai.gateway import errors, quotas
from mockserver.apis.assemblyai.gateway.catalogue import models_of
from mockserver.apis.assemblyai.gateway.conversation import conversation_of, wants_transcript, with_transcript
from mockserver.apis.assemblyai.gateway.render import Answer, Pace, events, whole
from mockserver.apis.assemblyai.gateway.requests import Attempt, attempts_of, unknown_fields
from mockserver.apis.assemblyai.gateway.stored import told
from mockserver.engine.chat import Completion, Conversation
from mockserver.engine.chat.completions import Refusal, outcome
from mockserver.engine.chat.fixture import Asked, Step
from mockserver.engine.clock import SECOND
from mockserver.engine.keys import mask
from mockserver.web.family import Call
from mockserver.web.replies import ApiError, ClientGoneError, Headers, Reply, StreamReply
from mockserver.web.sending import client_of
from mockserver.web.waits import Stopwatch

_SHORT = 2 * 1024
"""Bytes of a request that is read in the event loop, and answered there too if its answer is no JSON."""
_LONG = 16 * 1024
"""Characters above which a thread would hold up the others."""
_SHOWN = 200
_EVENTS = b"text/event-stream; charset=utf-8"


async def answer(call: Call) -> Reply:
    """Answer a chat request. Raises ApiError."""
    quotas.check_access(call)
    settings = call.engine.settings
    body = await call.read(settings.body_bytes)
    strangers = settings.unknown_params == "accept"
    reading = partial(attempts_of, body, models_of(call), call.region, strangers=strangers)
    attempts = reading() if len(body) <= _SHORT else await call.courier.in_slow_thread(reading)
    call.violates(*(f"unknown field {name}" for name in unknown_fields(attempts[0].params)))
    quotas.check_plan(call, [attempt.model for attempt in attempts])
    headers = quotas.count_chat(call, attempts[0].model)
    try:
        return await _answered(call, attempts, headers, len(body))
    except ApiError as error:
        error.add(headers)
        raise


class _Chosen(NamedTuple):
    """What is asked of which model, and the answer that was chosen for it."""

    attempt: Attempt
    conversation: Conversation
    step: Step


async def _answered(call: Call, attempts: list[Attempt], headers: Headers, size: int) -> Reply:
    await call.courier.fresh_fixtures()
    chosen = await _choose(call, attempts)
    attempt, step = chosen.attempt, chosen.step
    completion = await _complete(call, chosen, size)
    said = Answer(completion, attempt.model, call.request_id, call.project.clock.now() // SECOND)
    pace = _pace(call, step)
    if attempt.streams:
        options = attempt.params.get("stream_options") or {}
        cut_after = step.cut_after if call.cut_after is None else call.cut_after
        pieces = events(said, pace, with_usage=bool(options.get("include_usage")), cut_after=cut_after)
        return StreamReply(pieces, _EVENTS, headers)
    await _wait(call, pace.at(completion.output_tokens))
    calls_in_choice = "tool_calls_in_choice" in call.quirks
    return Reply(whole(said, attempt.echo, pace, calls_in_choice=calls_in_choice), headers=headers)


async def _choose(call: Call, attempts: list[Attempt]) -> _Chosen:
    """Return the first answer that is no error which the next attempt may avoid. Raises ApiError."""
    failure: ApiError | None = None
    for attempt in attempts:
        asked = await _asked(call, attempt)
        chosen = call.engine.chats.choose(call.project, asked)
        call.fixture = chosen.fixture
        if chosen.fixture is None and call.project.terms.strict:
            raise errors.not_answered(_shown(asked), call.engine.chats.nearest(call.project, asked))
        error = chosen.step.error
        if error is None:
            return _Chosen(attempt, asked.filled, chosen.step)
        failure = errors.from_model(error.status, error.message, error.retry_after)
        if error.status < 500 and error.status != 429:
            break
    assert failure is not None
    raise failure


async def _asked(call: Call, attempt: Attempt) -> Asked:
    """Return what is asked, with a stored transcript in the place of its tag."""
    sent, identifier = conversation_of(attempt), attempt.params.get("transcript_id")
    if identifier is None:
        return Asked(sent, sent, None, call.key)
    if not wants_transcript(sent):
        call.hint = "transcript_id is ignored: no message has the tag {{ transcript }}"
        return Asked(sent, sent, identifier, call.key)
    return Asked(sent, with_transcript(sent, await told(call, identifier)), identifier, call.key)


def _shown(asked: Asked) -> str:
    """Say what a request asks, for somebody who writes a fixture for it."""
    talk = asked.conversation
    facts = {
        "model": talk.model,
        "user": talk.user,
        "system": talk.system or None,
        "turn": talk.turn,
        "tools": ", ".join(sorted(talk.offered)) or None,
        "tool_result": talk.tool_result,
        "transcript_id": asked.transcript_id,
        "api_key": mask(asked.key),
    }
    return ", ".join(f"{name}={_cut(value)!r}" for name, value in facts.items() if value is not None)


def _cut(value: str | int) -> str | int:
    return value[:_SHOWN] if isinstance(value, str) else value


async def _complete(call: Call, chosen: _Chosen, size: int) -> Completion:
    talk, step = chosen.conversation, chosen.step
    size += len(talk.transcript.text if talk.transcript else "") + step.length
    arguments = (talk, step, call.engine.settings.seed, chosen.attempt.model.context_length)
    if size <= _SHORT and talk.schema is None and not talk.tools:
        found = outcome(*arguments)
    elif size <= _LONG:
        found = await call.courier.in_slow_thread(outcome, *arguments)
    else:
        found = await call.courier.workshop.run(outcome, *arguments)
    if isinstance(found, Refusal):
        raise errors.invalid([found.reason])
    return found


def _pace(call: Call, step: Step) -> Pace:
    terms = call.project.terms
    first = round(terms.llm_first_token * SECOND) if step.first_token is None else step.first_token
    return Pace.of(first, step.tokens_per_second or terms.llm_tokens_per_second)


async def _wait(call: Call, time: int) -> None:
    """Wait so many microseconds on the project's clock. Raises ClientGoneError."""
    if time:
        async with client_of(call.receive) as gone:
            if not await call.courier.waits.until(Stopwatch(call.project.clock), time, gone):
                raise ClientGoneError
