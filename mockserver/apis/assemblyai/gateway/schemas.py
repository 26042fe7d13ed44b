"""The types of request bodies, for strict validation."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from mockserver.apis.assemblyai.schemas import FirstProblem, Understanding

_Whole = Annotated[int, Field(ge=1, le=2**53)]
_Number = Annotated[float, Field(ge=0, le=2**53, allow_inf_nan=False)]


class _Text(TypedDict):
    type: Literal["text"]
    text: str


class _CalledFunction(TypedDict):
    name: str
    arguments: str


class _ToolCall(TypedDict):
    id: str
    type: Literal["function"]
    function: _CalledFunction


class ChatMessage(TypedDict, total=False):
    """One message of a conversation."""

    role: Required[Literal["user", "assistant", "system", "tool"]]
    content: str | Annotated[list[_Text], FirstProblem()] | None
    name: str | None
    tool_call_id: str | None
    tool_calls: Annotated[list[_ToolCall], FirstProblem()] | None
    thinking: str | None
    cache_control: dict[str, Any] | None


class _Function(TypedDict, total=False):
    name: Required[Annotated[str, Field(min_length=1)]]
    description: str | None
    parameters: dict[str, Any] | None
    strict: bool | None


class ChatTool(TypedDict):
    """A function that the model may call."""

    type: Literal["function"]
    function: _Function


class _Named(TypedDict):
    name: str


class _Forced(TypedDict):
    type: Literal["function"]
    function: _Named


class _JsonSchema(TypedDict, total=False):
    name: Required[str]
    schema: dict[str, Any] | None
    strict: bool | None
    description: str | None


class _ResponseFormat(TypedDict, total=False):
    type: Required[Literal["json_schema", "json_object", "text"]]
    json_schema: _JsonSchema | None


class _StreamOptions(TypedDict, total=False):
    include_usage: bool | None


class _FallbackConfig(TypedDict, total=False):
    retry: bool | None
    depth: Annotated[int, Field(ge=0)] | None


class _Fallback(TypedDict, total=False):
    model: Required[str]


class _Reasoning(TypedDict, total=False):
    effort: Literal["low", "medium", "high"] | None
    max_tokens: _Whole | None


class _PostProcessing(TypedDict):
    type: Literal["json-repair"]


class ChatParams(TypedDict, total=False):
    """The body of POST /v1/chat/completions; either messages or prompt."""

    model: Required[str]
    messages: Annotated[list[ChatMessage], FirstProblem()] | None
    prompt: str | None
    max_tokens: _Whole | None
    max_completion_tokens: _Whole | None
    temperature: Annotated[float, Field(ge=0, le=2)] | None
    top_p: Annotated[float, Field(ge=0, le=1)] | None
    top_k: _Number | None
    stream: bool | None
    stream_options: _StreamOptions | None
    tools: Annotated[list[ChatTool], FirstProblem()] | None
    tool_choice: Literal["none", "auto", "required"] | _Forced | None
    parallel_tool_calls: bool | None
    response_format: _ResponseFormat | None
    transcript_id: str | None
    fallbacks: Annotated[list[_Fallback], FirstProblem(), Field(max_length=100)] | None
    fallback_config: _FallbackConfig | None
    post_processing_steps: Annotated[list[_PostProcessing], FirstProblem()] | None
    reasoning: _Reasoning | None
    reasoning_effort: str | None
    model_region: str | None
    cache_control: dict[str, Any] | None
    prompt_cache_key: str | None
    prompt_cache_retention: str | None
    zero_data_retention: bool | None
    fail_fast: bool | None
    max_timeout: _Number | None


class _Tasks(TypedDict):
    request: Understanding


class UnderstandingParams(TypedDict, total=False):
    """The body of POST /v1/understanding, and of /v1/understanding/validate, which needs no transcript."""

    transcript_id: str | None
    speech_understanding: Required[_Tasks]


CHAT_PARAMS: TypeAdapter[ChatParams] = TypeAdapter(ChatParams)
UNDERSTANDING_PARAMS: TypeAdapter[UnderstandingParams] = TypeAdapter(UnderstandingParams)
