"""From a conversation and a planned answer to what the model says, token by token. All of it may run elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from mockserver.engine.chat import Completion, Conversation, RefusedError, ToolCall
from mockserver.engine.chat.fixture import PlannedCall, Step
from mockserver.engine.chat.tokens import LONGEST, count, tokens

_PER_MESSAGE = 4
_PER_REQUEST = 3
_LONGEST_REPAIRED, _MOST_UNCLOSED = 200_000, 200
"""Characters, and brackets that are left open: repairing takes time that grows with the square of these."""


def prompt_tokens(conversation: Conversation) -> int:
    """Count the tokens of a request: those of its messages and tools, four a message, and three."""
    messages = sum(_PER_MESSAGE + count(m.text) + sum(map(_of_call, m.calls)) for m in conversation.messages)
    tools = sum(count(f"{t.name}{t.description}{json.dumps(t.parameters)}") for t in conversation.tools)
    schema = 0 if conversation.schema is None else count(json.dumps(conversation.schema))
    return _PER_REQUEST + messages + tools + schema


def _of_call(call: ToolCall) -> int:
    return count(call.name) + count(call.arguments)


class Refusal(NamedTuple):
    """Why nothing can be said."""

    reason: str


def outcome(conversation: Conversation, step: Step, seed: int, context: int) -> Completion | Refusal:
    """Return what the model says, if a context of so many tokens has room for it."""
    room = context - conversation.most_tokens
    spent = 0 if conversation.length // LONGEST > room else prompt_tokens(conversation)
    if not 0 < spent <= room:
        return Refusal("model context limit exceeded")
    try:
        return complete(conversation, step, seed, spent)
    except RefusedError as error:
        return Refusal(str(error))


def complete(conversation: Conversation, step: Step, seed: int, spent: int) -> Completion:
    """Return what the model says, cut where its tokens end; ``spent`` are those of the prompt. Raises RefusedError."""
    text, calls = _said(conversation, step, seed)
    if conversation.repairs:
        text, calls = _repaired(text), [call._replace(arguments=_repaired(call.arguments) or "") for call in calls]
    left = most = conversation.most_tokens
    thoughts = tokens(step.thinking or "")[:left]
    left -= len(thoughts)
    pieces = tokens(text or "")
    is_cut = len(pieces) > left
    pieces = pieces[:left]
    left -= len(pieces)
    kept = [] if is_cut else _cut(calls, left)
    is_cut = is_cut or kept != calls
    left -= sum(map(_of_call, kept))
    return Completion(
        None if text is None else "".join(pieces),
        tuple(kept),
        "length" if is_cut else "tool_calls" if calls else "stop",
        pieces=tuple(pieces),
        thoughts=tuple(thoughts),
        prompt_tokens=spent,
        output_tokens=most - left,
    )


def _cut(calls: Sequence[ToolCall], left: int) -> list[ToolCall]:
    """Return calls as far as the tokens reach; the last one's arguments may end in the middle."""
    kept: list[ToolCall] = []
    for call in calls:
        left -= count(call.name)
        if left < 0:
            break
        arguments = tokens(call.arguments)[:left]
        kept.append(call._replace(arguments="".join(arguments)))
        left -= len(arguments)
    return kept


def _said(conversation: Conversation, step: Step, seed: int) -> tuple[str | None, list[ToolCall]]:
    if not step.is_invented and not step.calls:
        return step.text, []
    from mockserver.engine.chat.structure import seed_of
    from mockserver.engine.chat.tool_choice import arguments, tool_for

    planned = step.calls
    if step.is_invented:
        tool = tool_for(conversation)
        if tool is None:
            return _answer(conversation, seed, count(step.thinking or "")), []
        planned = (PlannedCall(tool.name, None),)
    own = seed_of(conversation, seed)
    left = conversation.most_tokens - count(step.thinking or "") - count(step.text or "")
    share = left // len(planned) - max(count(call.name) for call in planned)
    calls = [
        ToolCall(_call_id(own, number), call.name, arguments(conversation, call, f"{own}/{number}", share))
        for number, call in enumerate(planned)
    ]
    return step.text, calls


def _answer(conversation: Conversation, seed: int, thinking: int) -> str:
    from mockserver.engine.chat.speech import speech
    from mockserver.engine.chat.structure import seed_of, structured

    if conversation.schema is None and not conversation.wants_any_object:
        return speech(conversation)
    return structured(conversation, seed_of(conversation, seed), conversation.most_tokens - thinking)


def _call_id(seed: str, number: int) -> str:
    return blake2b(f"{seed}/{number}".encode(), digest_size=12).hexdigest()


def _repaired(text: str | None) -> str | None:
    """Mend JSON that is broken; what is no JSON at all, or would take too long to mend, stays as it is."""
    if not text or text.strip()[:1] not in ("{", "[", "`") or len(text) > _LONGEST_REPAIRED:
        return text
    if sum(map(text.count, "{[")) - sum(map(text.count, "}]")) > _MOST_UNCLOSED:
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        from json_repair import repair_json

        repaired = str(repair_json(text, ensure_ascii=False)) or text
        return repaired.encode(errors="replace").decode()
    return text
