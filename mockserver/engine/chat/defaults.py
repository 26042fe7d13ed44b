"""What a model says where no fixture tells: an extract of the text that it is asked about, or an echo.

There is no model here. The same conversation always gets the same answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from mockserver.engine import understanding
from mockserver.engine.chat import Conversation, Tool
from mockserver.engine.chat.fixture import PlannedCall
from mockserver.engine.chat.tokens import count
from mockserver.engine.lexicon import STOP_WORDS
from mockserver.engine.phrases import plain, stem
from mockserver.engine.transcripts import UntimedTurn, UntimedWord, transcribe
from mockserver.engine.views import Passage, sentences

_LONG = 40
"""Words of a paragraph that is taken for what is asked about, not for what is asked."""
_ECHOED = 400
_SPEAKER = re.compile(r"^\s*(?:speaker\s+)?[\w.-]{1,20}(?:\s[\w.-]{1,20})?:\s+", re.IGNORECASE | re.MULTILINE)
_TO_DO = re.compile(r"action[ _-]?items?|to-?dos?|next steps?|follow[ -]?ups?|tasks?\b", re.IGNORECASE)
_LISTED = re.compile(r"bullet|list\b|key points|takeaways|highlights", re.IGNORECASE)
_SUMMARY = re.compile(r"summar|recap|overview|tl;?dr|key points|takeaways|highlights|condense", re.IGNORECASE)


def seed_of(conversation: Conversation, seed: int) -> str:
    """Return what makes the same choices for the same conversation."""
    talk = (conversation.messages, conversation.tools, conversation.schema, conversation.forced)
    return blake2b(f"{seed}/{talk!r}".encode(), digest_size=16).hexdigest()


def as_sentences(text: str) -> list[Passage]:
    """Return the sentences of a text that nobody has timed."""
    words = tuple(UntimedWord(word) for word in text.split())
    turns = [UntimedTurn(words)] if words else []
    return sentences(transcribe(turns, language="en", duration=60_000, seed=""))


def about(said: Sequence[Passage], asked: str) -> str:
    """Answer from a text: with the sentence that fits what is asked best, or else a summary."""
    found = understanding.answer(said, asked)
    return found.text if found is not None else understanding.summary(said, "informative", "paragraph")


def to_do(said: Sequence[Passage]) -> str:
    """List what a text says is to be done."""
    return "\n".join(f"- {item.text}" for item in understanding.action_items(said)) or "There are no action items."


def speech(conversation: Conversation) -> str:
    """Return what the model says."""
    result = conversation.tool_result
    if result is not None:
        return f"{_caller_of(conversation)} returned: {_shortened(result)}"
    asked, material = _split(conversation)
    said = as_sentences(_SPEAKER.sub("", material)) if material else []
    if not said:
        return f"You said: {_shortened(asked)}"
    if _TO_DO.search(asked):
        return to_do(said)
    if _SUMMARY.search(asked) or not asked.strip():
        form = "bullets" if _LISTED.search(asked) else "paragraph"
        return understanding.summary(said, "informative", form)
    return about(said, asked)


def _caller_of(conversation: Conversation) -> str:
    """Return the name of the tool whose result came last."""
    answered = conversation.messages[-1].answers
    calls = (call for message in conversation.messages for call in message.calls)
    return next((call.name for call in calls if call.id == answered), "The tool")


def _shortened(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _ECHOED else text[:_ECHOED].rstrip() + "…"


def _split(conversation: Conversation) -> tuple[str, str]:
    """Return what is asked, and what it is asked about, which is empty if nothing is."""
    if conversation.transcript:
        return conversation.user.replace(conversation.transcript, " "), conversation.transcript
    asked, material = _paragraphs(conversation.user)
    if material:
        return asked, material
    for message in reversed(conversation.messages):
        if message.role in ("system", "user") and (long := _paragraphs(message.text)[1]):
            return conversation.user, long
    return conversation.user, ""


def _paragraphs(text: str) -> tuple[str, str]:
    """Part a message into what is asked and what it is asked about: by its long paragraphs, or its script."""
    if "\n" not in text and len(text) < 2 * _LONG - 1:
        return text, ""
    parts = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    material = [part for part in parts if _is_material(part)]
    asked = [part for part in parts if not _is_material(part)]
    if material and not asked:
        head, _, rest = text.strip().partition("\n")
        return (head, rest) if rest.strip() and len(head.split()) < _LONG else _first_sentence(text)
    return "\n".join(asked), "\n".join(material)


def _is_material(part: str) -> bool:
    return len(part.split()) >= _LONG or len(_SPEAKER.findall(part)) > 1


def _first_sentence(text: str) -> tuple[str, str]:
    """Take the first sentence for the question, if it is one or is short."""
    first, *rest = re.split(r"(?<=[.?!:])\s+", text.strip(), maxsplit=1)
    return (first, rest[0]) if rest and len(first.split()) < _LONG else ("", text)


def value(conversation: Conversation, schema: Any, seed: str, most_tokens: int) -> str:
    """Return JSON that is valid under a schema, its free texts taken from what the conversation is about.

    It is as short as it can be where it would have more than ``most_tokens``.
    """
    from mockserver.engine.schema import FULL, LEAN, LEAST, invent

    asked, material = _split(conversation)
    told = as_sentences(_SPEAKER.sub("", material)) or as_sentences(asked)
    texts = [item.text for item in told] if len(told) < 4 else _telling(told)
    text = ""
    for thrift in (FULL, LEAN, LEAST):
        text = json.dumps(invent(schema, seed, texts, thrift), ensure_ascii=False)
        if count(text) <= most_tokens:
            break
    return text


def _telling(told: Sequence[Passage]) -> list[str]:
    summary = understanding.summary(told, "informative", "bullets").splitlines()
    return [line.removeprefix("- ") for line in summary]


def arguments(conversation: Conversation, call: PlannedCall, seed: str, most_tokens: int) -> str:
    """Return the arguments of a call, made up if the fixture leaves that open."""
    if call.arguments is not None:
        return call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments, ensure_ascii=False)
    tool = next((tool for tool in conversation.tools if tool.name == call.name), None)
    schema = tool.parameters if tool else None
    return "{}" if schema is None else value(conversation, schema, seed, most_tokens)


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
