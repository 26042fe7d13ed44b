"""A conversation with a language model, and what the model says next."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

Finish = Literal["stop", "length", "tool_calls"]


class RefusedError(ValueError):
    """Nothing can be said; the message tells why."""


class Told(NamedTuple):
    """A stored transcript: its text, its language, and who speaks."""

    text: str
    language: str
    speakers: tuple[str, ...]


class ToolCall(NamedTuple):
    """A call of a tool: ``arguments`` is JSON; ``id`` is hexadecimal, and the same for the same request."""

    id: str
    name: str
    arguments: str


class Message(NamedTuple):
    """One message: ``role`` is system, user, assistant or tool; ``answers`` the id of the call it is the result of."""

    role: str
    text: str
    calls: tuple[ToolCall, ...] = ()
    answers: str | None = None


class Tool(NamedTuple):
    """A tool that the model may call; ``parameters`` is a JSON Schema."""

    name: str
    description: str
    parameters: Any


@dataclass(frozen=True)
class Conversation:
    """What a model is asked.

    ``choice`` says whether a tool is to be called: none, auto, required, or ``forced``, the tool with that name.
    ``schema`` is the JSON Schema of the answer, None where it is text; ``wants_any_object`` asks for some JSON
    object. ``transcript`` is what was put into the messages in place of a tag. ``repairs`` says that JSON is to be
    mended.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    choice: Literal["none", "auto", "required"] = "auto"
    forced: str | None = None
    schema: Any = None
    most_tokens: int = 1000
    transcript: Told | None = None
    repairs: bool = False
    wants_any_object: bool = False

    @cached_property
    def user(self) -> str:
        """Return the last message of the user."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")

    @cached_property
    def length(self) -> int:
        """Return how many characters the messages have."""
        return sum(len(message.text) for message in self.messages)

    @cached_property
    def system(self) -> str:
        """Return all that the system messages say."""
        return "\n".join(message.text for message in self.messages if message.role == "system")

    @cached_property
    def turn(self) -> int:
        """Return how many messages are the user's."""
        return sum(message.role == "user" for message in self.messages)

    @cached_property
    def tool_result(self) -> str | None:
        """Return the last message if it is the result of a tool."""
        last = self.messages[-1]
        return last.text if last.role == "tool" else None

    @cached_property
    def offered(self) -> frozenset[str]:
        """Return the names of the tools."""
        return frozenset(tool.name for tool in self.tools)


@dataclass(frozen=True)
class Completion:
    """What a model says: text, or calls of tools, or both.

    ``pieces`` are the tokens of the text, and ``thoughts`` those of what it thought before, if it shows that.
    """

    text: str | None
    calls: tuple[ToolCall, ...]
    finish: Finish
    pieces: tuple[str, ...] = field(default=(), repr=False)
    thoughts: tuple[str, ...] = field(default=(), repr=False)
    prompt_tokens: int = 0
    output_tokens: int = 0
