"""Which tool a model calls where no fixture tells, and with which arguments."""

from __future__ import annotations

import json
import re

from mockserver.engine.chat import Conversation, Tool
from mockserver.engine.chat.fixture import PlannedCall
from mockserver.engine.chat.structure import value
from mockserver.engine.lexicon import STOP_WORDS
from mockserver.engine.phrases import plain, stem


def tool_for(conversation: Conversation) -> Tool | None:
    """Return the tool that the model calls: the one that it must, or the one that shares most words with the user.

    It need not call one again right after the result of a tool.
    """
    if conversation.choice == "none" or not conversation.tools:
        return None
    if conversation.forced is not None:
        return next((tool for tool in conversation.tools if tool.name == conversation.forced), None)
    if conversation.choice == "auto" and conversation.tool_result is not None:
        return None
    asked = _stems(conversation.user)
    best = max(conversation.tools, key=lambda tool: len(asked & _stems(f"{tool.name} {tool.description}")))
    shared = asked & _stems(f"{best.name} {best.description}")
    return best if shared or conversation.choice == "required" else None


def _stems(text: str) -> set[str]:
    words = re.sub(r"[_-]|(?<=[a-z])(?=[A-Z])", " ", text).split()
    return {stem(key) for word in words if (key := plain(word)) and key not in STOP_WORDS}


def arguments(conversation: Conversation, call: PlannedCall, seed: str, most_tokens: int) -> str:
    """Return the arguments of a call, made up if the fixture leaves that open. Raises RefusedError."""
    if call.arguments is not None:
        return call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments, ensure_ascii=False)
    tool = next((tool for tool in conversation.tools if tool.name == call.name), None)
    schema = tool.parameters if tool else None
    return "{}" if schema is None else value(conversation, schema, seed, most_tokens, "tools")
