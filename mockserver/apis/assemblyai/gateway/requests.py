"""From the body of a chat request to what is asked of which model; what is wrong is told in the service's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from mockserver.apis.assemblyai.gateway import errors
from mockserver.apis.assemblyai.gateway.catalogue import Catalogue, Model
from mockserver.apis.assemblyai.gateway.schemas import CHAT_PARAMS, ChatParams

_DEFAULT_TOKENS = 1000
_MOST_FALLBACKS = 2
_SHOWN = 200
_MOST_SHOWN = 100
_TOO_DEEP = "the body is nested too deeply"
_MOST_SCHEMA = 256 * 1024
"""Bytes of all schemas of a request."""
_ELSEWHERE = ("fallbacks", "fallback_config")
_NOT_ECHOED = ("messages", "prompt", "post_processing_steps")
Params = Mapping[str, Any]


@dataclass(frozen=True)
class Attempt:
    """One way to answer a request: with the model that was asked for, or a fallback."""

    params: Params
    model: Model

    @property
    def streams(self) -> bool:
        """Say whether the answer is to come in pieces."""
        return bool(self.params.get("stream"))

    @property
    def default_tokens(self) -> int:
        """Return how many tokens the answer may have if the request does not say so."""
        return min(_DEFAULT_TOKENS, self.model.context_length // 2)

    @property
    def echo(self) -> dict[str, Any]:
        """Return what of the request the reply repeats."""
        kept = {name: value for name, value in self.params.items() if name not in _NOT_ECHOED}
        return {"max_tokens": self.default_tokens} | kept


def parsed(body: bytes, adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """Return a body whose types are right. Raises ApiError 400."""
    try:
        params = orjson.loads(body)
        orjson.dumps([[[params]]])  # what is echoed must not be nested deeper than can be written
    except orjson.JSONEncodeError:
        raise errors.invalid([_TOO_DEEP]) from None
    except ValueError as error:
        raise errors.invalid([f"invalid JSON: {error}"]) from None
    try:
        adapter.validate_python(params, strict=True)
    except (ValidationError, RecursionError) as error:
        raise errors.invalid(list(_problems(error))) from None
    checked: dict[str, Any] = params
    return checked


def _problems(error: ValidationError | RecursionError) -> Iterator[str]:
    if isinstance(error, RecursionError):
        yield _TOO_DEEP
        return
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(part) for part in problem["loc"] if not _is_of_a_union(part))
        yield f"{place}: {problem['msg']}" if place else str(problem["msg"])


def _is_of_a_union(part: object) -> bool:
    """Say whether a part of a place names an alternative, and no field."""
    return isinstance(part, str) and (part in ("str", "_Forced") or "[" in part)


def attempts_of(body: bytes, catalogue: Catalogue, region: str, *, strangers: bool) -> list[Attempt]:
    """Return how a request may be answered, the first way first; ``strangers`` allows fields that nobody knows.

    Raises ApiError 400.
    """
    params = parsed(body, CHAT_PARAMS)
    if not params.get("messages") and params.get("prompt") is None:
        raise errors.invalid(["one of messages or prompt required"])
    fallbacks = [_overridden(params, fallback) for fallback in params.get("fallbacks") or ()]
    found = [_attempt(asked, catalogue, region, strangers=strangers) for asked in (params, *fallbacks)]
    problems = dict.fromkeys(problem for _, problems in found for problem in problems)
    if problems:
        raise errors.invalid(list(problems))
    return _in_order([attempt for attempt, _ in found if attempt is not None], params.get("fallback_config") or {})


def _attempt(
    asked: Params, catalogue: Catalogue, region: str, *, strangers: bool
) -> tuple[Attempt | None, Sequence[str]]:
    """Return a way to answer, if there is such a model, and what is wrong with what it is asked."""
    problems = list(_request_problems(asked, strangers=strangers))
    model = catalogue.find(asked["model"], region)
    if model is None:
        return None, [*problems, f"model {asked['model'][:200]} is not supported"]
    return Attempt(asked, model), [*problems, *_unsupported(asked, model, catalogue.parameters)]


def _in_order(attempts: Sequence[Attempt], config: Params) -> list[Attempt]:
    """Return the attempts as they are to be made: the first is made twice, and not all may be allowed."""
    first, *fallbacks = attempts
    depth = config.get("depth")
    repeated = [first] if (fallbacks or config) and config.get("retry") is not False else []
    return [first, *repeated, *fallbacks[: _MOST_FALLBACKS if depth is None else depth]]


def _overridden(params: Params, fallback: Params) -> Params:
    """Return the request as a fallback changes it."""
    merged = {name: value for name, value in {**params, **fallback}.items() if name not in _ELSEWHERE}
    if "prompt" in fallback and "messages" not in fallback:
        merged.pop("messages", None)
    try:
        CHAT_PARAMS.validate_python(merged, strict=True)
    except ValidationError as error:
        raise errors.invalid([f"fallbacks: {problem}" for problem in _problems(error)]) from None
    return merged


def _request_problems(params: Params, *, strangers: bool) -> Iterator[str]:
    if params.get("model_region") not in (None, "global"):
        yield "model_region can only be set to global"
    if ((params.get("fallback_config") or {}).get("depth") or 0) > _MOST_FALLBACKS:
        yield f"fallback_config depth cannot be greater than {_MOST_FALLBACKS}"
    if _schema_size(params) > _MOST_SCHEMA:
        yield f"response_format and tools are invalid: their schemas are larger than {_MOST_SCHEMA} bytes"
    else:
        yield from _format_problems(params.get("response_format") or {})
        yield from _tool_problems(params)
    yield from _message_problems(params.get("messages") or ())
    if not strangers:
        yield from (f"unknown field {name}" for name in unknown_fields(params))


def unknown_fields(params: Params) -> list[str]:
    """Return the fields that the service does not know, as far as they are shown."""
    return [name[:_SHOWN] for name in params if name not in ChatParams.__annotations__][:_MOST_SHOWN]


def _schema_size(params: Params) -> int:
    schemas = [tool["function"].get("parameters") for tool in params.get("tools") or ()]
    return len(orjson.dumps([params.get("response_format"), schemas]))


def _format_problems(response_format: Params) -> Iterator[str]:
    if response_format.get("type") != "json_schema":
        return
    schema = (response_format.get("json_schema") or {}).get("schema")
    if schema is None:
        yield "response_format is invalid: json_schema.schema is required"
    elif problem := _schema_problem(schema):
        yield f"response_format is invalid: {problem}"


def _schema_problem(schema: Any) -> str | None:
    from mockserver.engine.schema import SchemaError, check

    try:
        check(schema)
    except SchemaError as error:
        return str(error)
    return None


def _tool_problems(params: Params) -> Iterator[str]:
    tools = params.get("tools") or ()
    for place, tool in enumerate(tools):
        parameters = tool["function"].get("parameters")
        if parameters is not None and (problem := _schema_problem(parameters)):
            yield f"tools is invalid: {place}: {problem}"
    choice = params.get("tool_choice")
    names = [tool["function"]["name"] for tool in tools]
    if isinstance(choice, dict) and choice["function"]["name"] not in names:
        yield f"tool_choice is invalid: no tool is named {choice['function']['name'][:200]}"
    if choice == "required" and not tools:
        yield "tool_choice is invalid: there are no tools"


def _message_problems(messages: Sequence[Params]) -> Iterator[str]:
    for place, message in enumerate(messages):
        if message["role"] == "tool" and not message.get("tool_call_id"):
            yield f"messages.{place}: tool_call_id is required for role tool"
        may_be_empty = message["role"] == "assistant" and message.get("tool_calls")
        if message.get("content") is None and not may_be_empty:
            yield f"messages.{place}: content is required"


def _unsupported(params: Params, model: Model, known: frozenset[str]) -> Iterator[str]:
    for name, value in params.items():
        is_off = value is None or value is False or value == []
        if name in known and name not in model.supported_parameters and not is_off:
            yield f"model {model.id} does not support {name}"
