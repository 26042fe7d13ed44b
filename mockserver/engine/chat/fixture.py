"""What a fixture for chats is: which requests it answers, and with what."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.engine.chat import Conversation
from mockserver.engine.keys import mask

_SHOWN = 80


@dataclass(frozen=True)
class TextMatch:
    """A condition on a text: ``kind`` is contains, glob, regex or is; only the last two mind upper case."""

    kind: str
    wanted: str

    @cached_property
    def _glob(self) -> re.Pattern[str]:
        return re.compile(translate(self.wanted), re.IGNORECASE | re.DOTALL)

    def holds(self, text: str) -> bool:
        """Say whether a text is as wanted."""
        if self.kind == "contains":
            return self.wanted.lower() in text.lower()
        if self.kind == "is":
            return text.strip() == self.wanted.strip()
        found = self._glob.match(text) if self.kind == "glob" else re.search(self.wanted, text)
        return found is not None

    @property
    def weight(self) -> int:
        """Return how much of the text is spelled out."""
        exact = 1_000 if self.kind == "is" else 0
        return exact + len(re.sub(r"[*?\[\]]", "", self.wanted) if self.kind == "glob" else self.wanted)

    @property
    def breach(self) -> str:
        """Say what is wrong with a text that is not as wanted."""
        return f"{_VERBS[self.kind]} {self.wanted!r}"


_VERBS = {"contains": "does not contain", "glob": "does not fit", "regex": "does not match", "is": "is not"}


class Asked(NamedTuple):
    """What a fixture is matched on; ``filled`` has a transcript in the place of a tag, if there is one."""

    conversation: Conversation
    filled: Conversation
    transcript_id: str | None
    key: str


@dataclass(frozen=True)
class ChatMatch:
    """The conditions of a fixture for chats; every one that is given must hold."""

    model: TextMatch | None = None
    user: TextMatch | None = None
    system: TextMatch | None = None
    tool_result: TextMatch | None = None
    turn: int | None = None
    tools: tuple[str, ...] = ()
    transcript_id: str | None = None
    api_key: TextMatch | None = None
    call: int | None = None
    """Which of the requests that meet the other conditions it is for, from 1."""

    @cached_property
    def _only_user(self) -> str | None:
        """Return the only message of the user that fits, if there is one."""
        return self.user.wanted.strip() if self.user is not None and self.user.kind == "is" else None

    def may_be_said(self, said: Collection[str]) -> bool:
        """Say quickly whether one of some messages may fit; for most fixtures that tells enough."""
        return self._only_user is None or self._only_user in said

    def misses(self, asked: Asked) -> Iterator[str]:
        """Yield what does not hold, all but ``call``."""
        talk = asked.conversation
        yield from _text_miss("model", self.model, talk.model)
        if self.api_key is not None and not self.api_key.holds(asked.key):
            yield f"api_key {self.api_key.breach}: it is {mask(asked.key)!r}"
        if self.turn not in (None, talk.turn):
            yield f"turn is {talk.turn}, not {self.turn}"
        if missing := [name for name in self.tools if name not in talk.offered]:
            yield f"no tool {', '.join(missing)} is offered"
        if self.transcript_id not in (None, asked.transcript_id):
            yield f"transcript_id is {(asked.transcript_id or 'not sent')[:_SHOWN]!r}, not {self.transcript_id!r}"
        if self.tool_result is not None and talk.tool_result is None:
            yield "the last message is no tool's result"
        yield from _text_miss("tool_result", self.tool_result, talk.tool_result)
        yield from _text_miss("user", self.user, talk.user, asked.filled.user)
        yield from _text_miss("system", self.system, talk.system, asked.filled.system)

    @property
    def _texts(self) -> tuple[TextMatch, ...]:
        texts = (self.model, self.user, self.system, self.tool_result, self.api_key)
        return tuple(text for text in texts if text is not None)

    @cached_property
    def specificity(self) -> tuple[int, int]:
        """Return what decides between fixtures that match: the number of conditions, then how much is spelled out."""
        others = sum(wanted is not None for wanted in (self.turn, self.transcript_id, self.call))
        return len(self._texts) + len(self.tools) + others, sum(text.weight for text in self._texts)


def _text_miss(name: str, wanted: TextMatch | None, text: str | None, or_else: str | None = None) -> Iterator[str]:
    if wanted is None or text is None or wanted.holds(text):
        return
    if or_else is None or not wanted.holds(or_else):
        yield f"{name} {wanted.breach}: it is {text[:_SHOWN]!r}"


@dataclass(frozen=True)
class ChatError:
    """An error instead of an answer; ``retry_after`` is in seconds."""

    status: int
    message: str | None = None
    retry_after: int | None = None


class PlannedCall(NamedTuple):
    """A call of a tool; arguments of None are made up."""

    name: str
    arguments: Mapping[str, Any] | str | None


@dataclass(frozen=True)
class Step:
    """One answer. With neither text, calls nor an error it is what would be said without a fixture.

    ``cut_after`` is the number of tokens after which a stream breaks off. Times are microseconds.
    """

    text: str | None = None
    calls: tuple[PlannedCall, ...] = ()
    error: ChatError | None = None
    thinking: str | None = None
    cut_after: int | None = None
    first_token: int | None = None
    tokens_per_second: float | None = None

    @property
    def is_invented(self) -> bool:
        """Say whether what is said is left open."""
        return self.text is None and not self.calls

    @property
    def length(self) -> int:
        """Return about how many characters it has."""
        return len(self.text or "") + len(self.thinking or "") + sum(len(str(call.arguments)) for call in self.calls)

    @property
    def only_calls(self) -> bool:
        """Say whether it calls tools and says nothing."""
        return bool(self.calls) and self.text is None


@dataclass(frozen=True)
class ChatFixture:
    """Conditions, and the answers that successive requests get; the last one stays."""

    name: str
    file: Path
    line: int
    match: ChatMatch
    steps: tuple[Step, ...]

    @cached_property
    def identity(self) -> tuple[Path, str, str]:
        """Return what stays the same while nobody edits the fixture."""
        return self.file, self.name, repr((self.match, self.steps))

    def holds(self, asked: Asked) -> bool:
        """Say whether every condition but ``call`` holds."""
        return next(self.misses(asked), None) is None

    def misses(self, asked: Asked) -> Iterator[str]:
        """Yield what does not hold; one that only calls tools is not asked about a result unless it says so."""
        yield from self.match.misses(asked)
        only_calls = all(step.only_calls for step in self.steps)
        if only_calls and asked.conversation.tool_result is not None and self.match.tool_result is None:
            yield "it calls tools, and the last message is a tool's result"
