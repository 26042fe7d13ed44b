"""A completion as the API writes it: whole, or as server-sent events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from mockserver.apis.assemblyai.gateway.catalogue import Model
from mockserver.engine.chat import Completion, ToolCall
from mockserver.engine.chat.tokens import count, tokens
from mockserver.engine.clock import SECOND
from mockserver.web.replies import Piece

_FIRST_TOKEN = 200_000
_PER_TOKEN = 10_000
_SLOWEST = 1e12
_MOST_NANOSECONDS = 2**62
_LINE_BREAK = re.compile("\x85|\u2028|\u2029".encode())
_TOGETHER = 100
"""Tokens in one piece of a stream that has no pace."""


@dataclass(frozen=True)
class Pace:
    """How fast a model speaks: microseconds until its first token, and between tokens."""

    first_token: int = 0
    per_token: float = 0.0

    @classmethod
    def of(cls, first_token: int, tokens_per_second: float) -> Pace:
        """Return a pace; 0 tokens a second are as many as there are, at once."""
        return cls(first_token, min(SECOND / tokens_per_second, _SLOWEST) if tokens_per_second else 0.0)

    def at(self, count: int) -> int:
        """Return the moment, from the beginning, at which so many tokens have been said."""
        return self.first_token + int(self.per_token * max(count - 1, 0))


@dataclass(frozen=True)
class Answer:
    """A completion, and what its reply says of it; ``created`` in seconds."""

    completion: Completion
    model: Model
    request_id: str
    created: int

    @property
    def id(self) -> str:
        """Return the id of the completion."""
        return f"chatcmpl-{self.request_id.replace('-', '')}"

    @property
    def finish_reason(self) -> str:
        """Return why it ends, in the words of the model's provider."""
        return self.model.finish_reasons[self.completion.finish]


def whole(answer: Answer, echo: Mapping[str, Any], pace: Pace, *, calls_in_choice: bool) -> bytes:
    """Return the reply that has everything."""
    completion = answer.completion
    message: dict[str, Any] = {"role": "assistant", "content": completion.text}
    if completion.thoughts:
        message["thinking"] = "".join(completion.thoughts)
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": answer.finish_reason}
    if completion.calls:
        place = choice if calls_in_choice else message
        place["tool_calls"] = [_call(call, answer.model) for call in completion.calls]
    return orjson.dumps(
        {
            "request_id": answer.request_id,
            "id": answer.id,
            "object": "chat.completion",
            "created": answer.created,
            "model": answer.model.id,
            "request": echo,
            "choices": [choice],
            "usage": _usage(completion),
            "http_status_code": 200,
            "response_time": _response_time(completion, pace),
            "llm_status_code": 200,
        }
    )


def _call(call: ToolCall, model: Model) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": f"{model.tool_call_prefix}{call.id}", "type": "function", "function": function}


def _response_time(completion: Completion, pace: Pace) -> int:
    """Return nanoseconds: those of the pace, or else plausible ones."""
    took = pace.at(completion.output_tokens) or _FIRST_TOKEN + _PER_TOKEN * completion.output_tokens
    return min(took * 1000, _MOST_NANOSECONDS)


def _usage(completion: Completion) -> dict[str, Any]:
    spent, made = completion.prompt_tokens, completion.output_tokens
    return {
        "input_tokens": spent,
        "prompt_tokens": spent,
        "output_tokens": made,
        "completion_tokens": made,
        "total_tokens": spent + made,
        "prompt_tokens_details": {
            "cached_tokens": 0,
            "audio_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        },
        "completion_tokens_details": {
            "reasoning_tokens": len(completion.thoughts),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def events(answer: Answer, pace: Pace, *, with_usage: bool, cut_after: int | None = None) -> Iterator[Piece]:
    """Yield server-sent events, each when it is due; ``cut_after`` so many tokens the connection is broken off."""
    head, tail = _around(answer)
    between = tail + head
    said = 0
    yield Piece(pace.at(1), head + b'{"role":"assistant","content":""}' + tail)
    deltas = _deltas(answer)
    while some := list(islice(deltas, 1 if pace.per_token or cut_after is not None else _TOGETHER)):
        if cut_after is not None and said >= cut_after:
            yield Piece(pace.at(said), None)
            return
        said += sum(many for many, _ in some)
        yield Piece(pace.at(said), head + between.join(delta for _, delta in some) + tail)
    end = pace.at(said)
    if cut_after is not None and said == cut_after:
        yield Piece(end, None)
        return
    yield Piece(end, _event(answer, [_ending(answer)]))
    if with_usage:
        usage = _usage(answer.completion)
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        yield Piece(end, _event(answer, [], usage={name: usage[name] for name in names}))
    yield Piece(end, b"data: [DONE]\n\n")


def _ending(answer: Answer) -> dict[str, Any]:
    return {"index": 0, "delta": {}, "logprobs": None, "finish_reason": answer.finish_reason}


def _event(answer: Answer, choices: Iterable[Mapping[str, Any]], **more: Any) -> bytes:
    chunk = {
        "id": answer.id,
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.model.id,
        "choices": choices,
        **more,
    }
    return b"data: " + _on_one_line(chunk) + b"\n\n"


def _on_one_line(value: Any) -> bytes:
    """Return JSON without the characters that some clients, the official one among them, take for line breaks."""
    text = orjson.dumps(value)
    return text if text.isascii() else _LINE_BREAK.sub(lambda found: b"\\u%04x" % ord(found[0].decode()), text)


def _around(answer: Answer) -> tuple[bytes, bytes]:
    """Return what stands before and after the delta in an event."""
    mark = "\0"
    event = _event(answer, [{"index": 0, "delta": mark, "logprobs": None, "finish_reason": None}])
    head, _, tail = event.partition(orjson.dumps(mark))
    return head, tail


def _deltas(answer: Answer) -> Iterator[tuple[int, bytes]]:
    """Yield the deltas, and how many tokens each has: one, but for the name of a tool."""
    completion = answer.completion
    for piece in completion.thoughts:
        yield 1, b'{"thinking":' + _on_one_line(piece) + b"}"
    for piece in completion.pieces:
        yield 1, b'{"content":' + _on_one_line(piece) + b"}"
    for index, call in enumerate(completion.calls):
        begun = _call(call._replace(arguments=""), answer.model)
        yield count(call.name), _on_one_line({"tool_calls": [{"index": index, **begun}]})
        for piece in tokens(call.arguments):
            yield 1, _on_one_line({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
