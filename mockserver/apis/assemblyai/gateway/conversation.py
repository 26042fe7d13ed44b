"""From a chat request to the conversation that it is part of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from mockserver.apis.assemblyai.gateway.requests import Attempt, Params
from mockserver.engine.chat import Conversation, Message, Told, Tool, ToolCall

TAG = "{{ transcript }}"


def conversation_of(attempt: Attempt) -> Conversation:
    """Return what is asked, with the messages as they were sent."""
    params = attempt.params
    choice, forced = _choice(params.get("tool_choice"))
    response_format = params.get("response_format") or {}
    return Conversation(
        model=attempt.model.id,
        messages=tuple(_messages(params, named=attempt.model.names_in_content)),
        tools=tuple(_tools(params)),
        choice=choice,
        forced=forced,
        schema=(response_format.get("json_schema") or {}).get("schema"),
        wants_any_object=response_format.get("type") == "json_object",
        most_tokens=params.get("max_tokens") or params.get("max_completion_tokens") or attempt.default_tokens,
        repairs=bool(params.get("post_processing_steps")),
    )


def wants_transcript(conversation: Conversation) -> bool:
    """Say whether a message has the tag that stands for a transcript."""
    return any(TAG in message.text for message in conversation.messages)


def with_transcript(conversation: Conversation, told: Told) -> Conversation:
    """Return a conversation in which a transcript takes the place of the first tag."""
    messages = conversation.messages
    place = next(place for place, message in enumerate(messages) if TAG in message.text)
    filled = messages[place]._replace(text=messages[place].text.replace(TAG, told.text, 1))
    return replace(conversation, messages=(*messages[:place], filled, *messages[place + 1 :]), transcript=told)


def _choice(asked: Any) -> tuple[Any, str | None]:
    """Return whether a tool is to be called, and the name of the one that must be."""
    if isinstance(asked, dict):
        return "auto", asked["function"]["name"]
    return asked or "auto", None


def _messages(params: Params, *, named: bool) -> Iterator[Message]:
    """Yield the messages; where they are ``named``, one of somebody with a name begins with it."""
    asked: Sequence[Params] = params.get("messages") or [{"role": "user", "content": params.get("prompt") or ""}]
    for message in asked:
        calls = tuple(
            ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in message.get("tool_calls") or ()
        )
        name = f"{message['name']}: " if named and message.get("name") else ""
        yield Message(message["role"], name + _text_of(message), calls, message.get("tool_call_id"))


def _text_of(message: Params) -> str:
    content: Any = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _tools(params: Params) -> Iterator[Tool]:
    for tool in params.get("tools") or ():
        function = tool["function"]
        yield Tool(function["name"], function.get("description") or "", function.get("parameters"))
