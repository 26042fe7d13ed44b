"""From a conversation and a planned answer to what the model says, token by token. All of it may run elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b

from mockserver.engine.chat import Completion, Conversation, Finish, ToolCall
from mockserver.engine.chat.fixture import PlannedCall, Step
from mockserver.engine.chat.tokens import count, tokens

_PER_MESSAGE = 4
_PER_REQUEST = 3


def prompt_tokens(conversation: Conversation) -> int:
    """Count the tokens of a request: those of its messages and tools, four a message, and three."""
    messages = sum(_PER_MESSAGE + count(m.text) + sum(map(_of_call, m.calls)) for m in conversation.messages)
    tools = sum(count(f"{t.name}{t.description}{json.dumps(t.parameters)}") for t in conversation.tools)
    schema = 0 if conversation.schema is None else count(json.dumps(conversation.schema))
    return _PER_REQUEST + messages + tools + schema


def _of_call(call: ToolCall) -> int:
    return count(call.name) + count(call.arguments)


def outcome(conversation: Conversation, step: Step, seed: int) -> Completion | str:
    """Return what the model says, or why nothing can be said."""
    from mockserver.engine.schema import SchemaError

    try:
        return complete(conversation, step, seed)
    except SchemaError as error:
        return str(error)


def complete(conversation: Conversation, step: Step, seed: int) -> Completion:
    """Return what the model says, cut where its tokens end. Raises SchemaError."""
    text, calls = _said(conversation, step, seed)
    if conversation.repairs:
        text, calls = _repaired(text), [call._replace(arguments=_repaired(call.arguments) or "") for call in calls]
    pieces = tokens(text or "")
    thinking = count(step.thinking or "")
    left = conversation.most_tokens - thinking
    finish: Finish = "tool_calls" if calls else "stop"
    if len(pieces) > left:
        pieces, calls, finish = pieces[: max(left, 0)], [], "length"
        text = "".join(pieces)
    left -= len(pieces)
    if sum(map(_of_call, calls)) > left:
        calls, finish = _cut(calls, left), "length"
    return Completion(
        text,
        tuple(calls),
        finish,
        tuple(pieces),
        step.thinking,
        prompt_tokens(conversation),
        thinking + len(pieces) + sum(map(_of_call, calls)),
        thinking,
    )


def _cut(calls: Sequence[ToolCall], left: int) -> list[ToolCall]:
    """Return calls as far as the tokens reach; the last one's arguments end in the middle."""
    kept = []
    for call in calls:
        left -= count(call.name)
        if left <= 0:
            break
        arguments = tokens(call.arguments)[:left]
        kept.append(call._replace(arguments="".join(arguments)))
        left -= len(arguments)
    return kept


def _said(conversation: Conversation, step: Step, seed: int) -> tuple[str | None, list[ToolCall]]:
    if not step.is_invented and not step.calls:
        return step.text, []
    from mockserver.engine.chat import defaults

    own = defaults.seed_of(conversation, seed)
    planned = step.calls
    if step.is_invented:
        tool = defaults.tool_for(conversation)
        if tool is None:
            return _spoken(conversation, own, count(step.thinking or "")), []
        planned = (PlannedCall(tool.name, None),)
    left = conversation.most_tokens - count(step.thinking or "") - count(step.text or "")
    share = left // len(planned) - max(count(call.name) for call in planned)
    calls = [
        ToolCall(_call_id(own, number), call.name, defaults.arguments(conversation, call, f"{own}/{number}", share))
        for number, call in enumerate(planned)
    ]
    return step.text, calls


def _spoken(conversation: Conversation, seed: str, thinking: int) -> str:
    from mockserver.engine.chat import defaults

    if conversation.schema is None:
        return defaults.speech(conversation)
    return defaults.value(conversation, conversation.schema, seed, conversation.most_tokens - thinking)


def _call_id(seed: str, number: int) -> str:
    return blake2b(f"{seed}/{number}".encode(), digest_size=12).hexdigest()


def _repaired(text: str | None) -> str | None:
    """Mend JSON that is broken; what is no JSON at all stays as it is."""
    if not text or text.strip()[:1] not in ("{", "[", "`"):
        return text
    try:
        json.loads(text)
    except ValueError:
        from json_repair import repair_json

        return str(repair_json(text, ensure_ascii=False)) or text
    return text
