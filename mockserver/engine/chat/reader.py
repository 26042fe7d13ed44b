"""Read fixtures for chats from YAML."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from mockserver.engine.chat.fixture import ChatError, ChatFixture, ChatMatch, PlannedCall, Step, TextMatch
from mockserver.engine.yaml_reader import FixtureError, Reader, line_of, micros

_KINDS = ("contains", "glob", "regex", "is")
_ONLY_CHATS = frozenset("model user system tool_result turn tools transcript_id call".split())


def is_for_chats(node: yaml.Node) -> bool:
    """Say whether a document is a fixture for chats: it has answers, or conditions that only chats have."""
    fields = _fields_of(node)
    return bool({"answer", "answers"} & fields.keys() or _ONLY_CHATS & _fields_of(fields.get("match")).keys())


def _fields_of(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


class ChatReader(Reader):
    """Reads one fixture for chats."""

    def read(self, node: yaml.Node, name: str) -> ChatFixture:
        """Read it; ``name`` is what it is called if it does not say."""
        fields = self.mapping(
            node,
            {
                "name": self.text,
                "match": self._match,
                "answer": lambda n: (self._step(n),),
                "answers": lambda n: tuple(map(self._step, self.sequence(n))),
            },
        )
        if ("answer" in fields) == ("answers" in fields):
            raise FixtureError(line_of(node), "a fixture for chats needs either answer or answers")
        return ChatFixture(
            fields.get("name", name),
            self._path,
            line_of(node),
            fields.get("match", ChatMatch()),
            fields.get("answer") or fields["answers"],
        )

    def _match(self, node: yaml.Node) -> ChatMatch:
        fields = self.mapping(
            node,
            {
                "model": lambda n: TextMatch("glob", self.text(n)),
                "user": self._text_match,
                "system": self._text_match,
                "tool_result": self._text_match,
                "turn": self._ordinal,
                "tools": lambda n: tuple(map(self.text, self.sequence(n))),
                "transcript_id": self.text,
                "api_key": lambda n: TextMatch("glob", self.text(n)),
                "call": self._ordinal,
            },
        )
        return ChatMatch(**fields)

    def _text_match(self, node: yaml.Node) -> TextMatch:
        if isinstance(node, yaml.ScalarNode):
            return TextMatch("contains", self.text(node))
        fields = self.mapping(node, dict.fromkeys(_KINDS, self.text))
        if len(fields) != 1:
            raise FixtureError(line_of(node), f"expected one of {', '.join(_KINDS)}")
        ((kind, wanted),) = fields.items()
        if kind == "regex":
            self._check_regex(node, wanted)
        return TextMatch(kind, wanted)

    @staticmethod
    def _check_regex(node: yaml.Node, pattern: str) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise FixtureError(line_of(node), f"this is no regular expression: {error}") from None

    def _ordinal(self, node: yaml.Node) -> int:
        return self._whole(node, 1, 10**9)

    def _whole(self, node: yaml.Node, least: int, most: int) -> int:
        value = self.number(node, "a whole number")
        if not isinstance(value, int) or not least <= value <= most:
            raise FixtureError(line_of(node), f"expected a whole number from {least} to {most}, not {node.value}")
        return value

    def _step(self, node: yaml.Node) -> Step:
        if isinstance(node, yaml.ScalarNode):
            if node.tag == "tag:yaml.org,2002:null":
                raise FixtureError(line_of(node), 'an empty answer is written ""')
            return Step(text=self.text(node))
        fields = self.mapping(
            node,
            {
                "text": self.text,
                "json": lambda n: json.dumps(self._value(n), ensure_ascii=False),
                "tool_calls": lambda n: tuple(map(self._call, self.sequence(n))),
                "error": self._error,
                "thinking": self.text,
                "cut_after": lambda n: self._whole(n, 0, 10**9),
                "first_token": self.seconds,
                "tokens_per_second": self._pace,
            },
        )
        given = [name for name in ("text", "json", "error") if name in fields]
        if len(given) > 1 or ("error" in fields and "tool_calls" in fields):
            raise FixtureError(
                line_of(node), "an answer is either text, json or an error; tool_calls may come with text"
            )
        return Step(
            text=fields.get("text", fields.get("json")),
            calls=fields.get("tool_calls", ()),
            error=fields.get("error"),
            thinking=fields.get("thinking"),
            cut_after=fields.get("cut_after"),
            first_token=micros(fields.get("first_token")),
            tokens_per_second=fields.get("tokens_per_second"),
        )

    def _pace(self, node: yaml.Node) -> float:
        value = self.number(node, "tokens per second")
        if not 0 < value <= 10**9:
            raise FixtureError(line_of(node), f"expected more than 0 tokens per second, not {node.value}")
        return value

    def _call(self, node: yaml.Node) -> PlannedCall:
        fields = self.mapping(node, {"name": self.text, "arguments": self._arguments})
        if "name" not in fields:
            raise FixtureError(line_of(node), "a tool call needs a name")
        return PlannedCall(fields["name"], fields.get("arguments"))

    def _arguments(self, node: yaml.Node) -> Any:
        """Read arguments as fields, or as the very text that the model is to write."""
        value = self._value(node)
        if not isinstance(value, dict | str):
            raise FixtureError(line_of(node), "expected arguments as fields, or as text")
        return value

    def _error(self, node: yaml.Node) -> ChatError:
        fields = self.mapping(
            node,
            {
                "status": lambda n: self._whole(n, 400, 599),
                "message": self.text,
                "retry_after": lambda n: self._whole(n, 0, 10**6),
            },
        )
        if "status" not in fields:
            raise FixtureError(line_of(node), "an error needs a status")
        return ChatError(**fields)

    def _value(self, node: yaml.Node) -> Any:
        """Read any value that JSON has too."""
        value = self._loader.construct_document(node)
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise FixtureError(line_of(node), f"this value cannot be written as JSON: {error}") from None
        return value
