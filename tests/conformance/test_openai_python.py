"""The official OpenAI client for Python, unmodified, with the LLM Gateway for its base URL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from enum import Enum
from typing import Any, Literal, TypeVar

import jsonschema_rs
import openai
import pytest
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageParam,
)
from pydantic import BaseModel, Field

from mockserver.embed import MockServer
from tests.conformance.conftest import given
from tests.conftest import Api

GPT = "gpt-5"
CLAUDE = "claude-haiku-4-5-20251001"
SUM = "What is six times seven?"
ANSWER = "Six times seven is forty-two."
GREETING = "https://example.com/said/greeting.mp3"
NOBODY = "00000000-0000-4000-8000-000000000000"
TEMPERATURE: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "temperature",
        "description": "Measure how warm it is in a city",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "minLength": 2, "maxLength": 20},
                "unit": {"enum": ["celsius", "fahrenheit"]},
                "hours": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 23}, "minItems": 1},
            },
            "required": ["city", "unit", "hours"],
            "additionalProperties": False,
        },
    },
}
INVOICE: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "send_invoice",
        "description": "Send an invoice to a customer",
        "parameters": {
            "type": "object",
            "properties": {"amount": {"type": "number", "exclusiveMinimum": 0}},
            "required": ["amount"],
        },
    },
}

T = TypeVar("T")


def asked(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def shared(server: MockServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="shared") as client:
        yield client


@pytest.fixture
def client(shared: openai.OpenAI, api: Api) -> openai.OpenAI:
    """The client with a key of its own; to have one pool of connections saves reading the certificate store."""
    return shared.with_options(api_key=api.key)


def ask(client: openai.OpenAI, text: str, model: str = GPT, **options: Any) -> ChatCompletion:
    completion = client.chat.completions.create(model=model, messages=asked(text), **options)
    assert isinstance(completion, ChatCompletion)
    return completion


def streamed(client: openai.OpenAI, text: str, model: str = GPT, **options: Any) -> list[ChatCompletionChunk]:
    return list(client.chat.completions.create(model=model, messages=asked(text), stream=True, **options))


def said(completion: ChatCompletion) -> str | None:
    (choice,) = completion.choices
    return choice.message.content


def joined(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def endings(chunks: list[ChatCompletionChunk]) -> list[str]:
    """Every reason for the end of a stream that is given."""
    return [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]


def seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


@pytest.mark.parametrize(("model", "finish"), [(GPT, "stop"), (CLAUDE, "end_turn")])
def test_an_answer_ends_as_its_provider_says(model: str, finish: str, client: openai.OpenAI) -> None:
    completion = ask(client, SUM, model)
    assert (said(completion), completion.choices[0].finish_reason) == (ANSWER, finish)
    assert (completion.model, completion.object) == (model, "chat.completion")
    assert completion.choices[0].message.role == "assistant"
    assert completion.choices[0].message.tool_calls is None


def test_an_answer_is_made_at_the_time_of_the_projects_clock(client: openai.OpenAI, api: Api) -> None:
    api.freeze()
    before, now = ask(client, SUM), api.advance(3600)["now"]
    after = ask(client, SUM)
    assert (after.created, after.created - before.created) == (seconds(now), 3600)
    assert before.id != after.id


def test_what_the_client_does_not_know_of_is_kept_beside_what_it_knows(client: openai.OpenAI) -> None:
    completion = ask(client, "Think of a number", CLAUDE)
    more = given(completion.model_extra)
    assert more["request_id"] == completion._request_id
    assert more["request"] == {"model": CLAUDE, "max_tokens": 1000}
    assert completion.choices[0].message.model_extra == {"thinking": "Not forty-two again."}
    usage = given(completion.usage)
    assert given(usage.model_extra)["output_tokens"] == usage.completion_tokens
    assert 0 < given(given(usage.completion_tokens_details).reasoning_tokens) < usage.completion_tokens


def test_messages_may_be_written_in_parts(client: openai.OpenAI) -> None:
    system: ChatCompletionMessageParam = {"role": "system", "content": "You are a pirate."}
    parts: ChatCompletionMessageParam = {
        "role": "user",
        "content": [{"type": "text", "text": "What is six "}, {"type": "text", "text": SUM[12:]}],
    }
    completion = client.chat.completions.create(model=GPT, messages=[system, parts])
    assert said(completion) == "Arr, that be forty-two!"
    assert completion.usage == client.chat.completions.create(model=GPT, messages=[system, *asked(SUM)]).usage


def test_a_request_that_the_client_has_no_method_for_is_answered(client: openai.OpenAI) -> None:
    completion = client.post("/chat/completions", body={"model": GPT, "prompt": SUM}, cast_to=ChatCompletion)
    assert (said(completion), completion.usage) == (ANSWER, ask(client, SUM).usage)


@pytest.mark.parametrize(("model", "finish"), [(GPT, "stop"), (CLAUDE, "end_turn")])
def test_a_stream_says_what_the_whole_answer_says(model: str, finish: str, client: openai.OpenAI) -> None:
    text = "Tell me a story about a lighthouse, please!\n\nÅsa wants “quotes” and 你好 🎉 too."
    chunks, whole = streamed(client, text, model), ask(client, text, model)
    assert (joined(chunks), endings(chunks)) == (said(whole), [finish])
    assert {(chunk.model, chunk.object, chunk.usage) for chunk in chunks} == {(model, "chat.completion.chunk", None)}
    (made,) = {chunk.id for chunk in chunks}
    assert made.startswith("chatcmpl-")


def test_the_clients_own_helper_follows_a_stream(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model=GPT, messages=asked(SUM), stream_options={"include_usage": True}
    ) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert "".join(pieces) == ANSWER == said(final)
    assert final.choices[0].finish_reason == "stop"
    assert given(final.usage).total_tokens == given(ask(client, SUM).usage).total_tokens


def test_a_stream_that_breaks_off_is_an_error_after_what_was_said(client: openai.OpenAI) -> None:
    chunks: list[ChatCompletionChunk] = []
    stream = client.chat.completions.create(model=GPT, messages=asked("Count to five"), stream=True)
    with pytest.raises(openai.APIConnectionError):
        chunks.extend(stream)
    assert (joined(chunks), endings(chunks)) == ("one two three", [])


def valid(arguments: str, tool: ChatCompletionFunctionToolParam) -> bool:
    return jsonschema_rs.is_valid(tool["function"]["parameters"], json.loads(arguments))


@pytest.mark.parametrize(("model", "finish", "done"), [(GPT, "tool_calls", "stop"), (CLAUDE, "tool_use", "end_turn")])
def test_a_tool_is_called_and_its_result_is_answered(model: str, finish: str, done: str, client: openai.OpenAI) -> None:
    messages = asked("Measure the temperature of Málaga")
    calling = client.chat.completions.create(model=model, messages=messages, tools=[INVOICE, TEMPERATURE])
    assert (said(calling), calling.choices[0].finish_reason) == (None, finish)
    (call,) = given(calling.choices[0].message.tool_calls)
    assert call.type == "function"
    assert call.function.name == "temperature"
    assert valid(call.function.arguments, TEMPERATURE)
    messages.append(calling.choices[0].message)  # type: ignore[arg-type]  # as the client's documentation does it
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "It is 18 degrees."})
    final = client.chat.completions.create(model=model, messages=messages, tools=[INVOICE, TEMPERATURE])
    assert said(final) == "temperature returned: It is 18 degrees."
    assert final.choices[0].finish_reason == done


def test_several_tools_are_called_as_planned_and_their_results_are_answered(client: openai.OpenAI) -> None:
    messages = asked("How warm is it in Utrecht and in Málaga?")
    calling = client.chat.completions.create(model=GPT, messages=messages, tools=[TEMPERATURE])
    message = calling.choices[0].message
    assert message.content == "I shall look that up."
    calls = [call for call in given(message.tool_calls) if call.type == "function"]
    assert [json.loads(call.function.arguments) for call in calls] == [
        {"city": "Utrecht", "unit": "celsius"}, {"city": "Málaga"},
    ]  # fmt: skip
    assert len({call.id for call in calls}) == 2
    messages.append(message)  # type: ignore[arg-type]
    for call, degrees in zip(calls, (12, 18), strict=True):
        messages.append({"role": "tool", "tool_call_id": call.id, "content": str(degrees)})
    final = client.chat.completions.create(model=GPT, messages=messages, tools=[TEMPERATURE])
    assert said(final) == "It is eighteen degrees in Málaga."


def test_the_clients_own_helper_puts_calls_together(client: openai.OpenAI) -> None:
    text = "How warm is it in Utrecht?"
    with client.chat.completions.stream(model=GPT, messages=asked(text), tools=[TEMPERATURE]) as stream:
        events = list(stream)
        (choice,) = stream.get_final_completion().choices
    pieces = [event.arguments_delta for event in events if event.type == "tool_calls.function.arguments.delta"]
    done = [event.arguments for event in events if event.type == "tool_calls.function.arguments.done"]
    assert "".join(pieces) == "".join(done)
    assert len(pieces) > len(done)
    assert [json.loads(arguments)["city"] for arguments in done] == ["Utrecht", "Málaga"]
    calls = [(call.id, call.function.name, call.function.arguments) for call in given(choice.message.tool_calls)]
    whole = given(ask(client, text, tools=[TEMPERATURE]).choices[0].message.tool_calls)
    assert calls == [
        (call.id, call.function.name, call.function.arguments) for call in whole if call.type == "function"
    ]
    assert (choice.message.content, choice.finish_reason) == ("I shall look that up.", "tool_calls")


def test_it_is_the_request_that_decides_whether_a_tool_is_called(client: openai.OpenAI) -> None:
    def called(choice: Any) -> list[str]:
        message = ask(client, "Good evening.", tools=[TEMPERATURE, INVOICE], tool_choice=choice).choices[0].message
        functions = [call.function for call in message.tool_calls or () if call.type == "function"]
        tools = {"temperature": TEMPERATURE, "send_invoice": INVOICE}
        assert all(valid(function.arguments, tools[function.name]) for function in functions)
        assert (message.content is None) == bool(functions)
        return [function.name for function in functions]

    assert called("auto") == called("none") == []
    assert len(called("required")) == 1
    for name in ("send_invoice", "temperature"):
        assert called({"type": "function", "function": {"name": name}}) == [name]
    told = ask(client, "Measure the temperature", tools=[TEMPERATURE], tool_choice="none")
    assert told.choices[0].message.tool_calls is None
    assert told.choices[0].finish_reason == "stop"


class Lookup(BaseModel):
    """Look up an order."""

    order: int = Field(gt=0)
    urgent: bool
    reason: Literal["broken", "late"] | None


def test_arguments_are_parsed_into_the_callers_own_type(client: openai.OpenAI) -> None:
    completion = client.chat.completions.parse(
        model=GPT, messages=asked("Look up my order"), tools=[openai.pydantic_function_tool(Lookup)]
    )
    (call,) = given(completion.choices[0].message.tool_calls)
    assert call.function.name == "Lookup"
    assert isinstance(call.function.parsed_arguments, Lookup)


class Mood(Enum):
    GLAD = "glad"
    CROSS = "cross"


class Address(BaseModel):
    city: str
    zip: str | None


class Customer(BaseModel):
    name: str
    lamps: int
    address: Address


class Item(BaseModel):
    article: str = Field(min_length=1, max_length=40)
    count: int = Field(ge=1, le=99)
    price: float = Field(gt=0)
    size: Literal["small", "large"]


class Order(BaseModel):
    customer: Customer
    items: list[Item] = Field(min_length=1, max_length=5)
    moods: list[Mood]
    delivery: Address | None
    note: str | None = None
    paid: bool
    code: str = Field(pattern=r"^[A-Z]{2}-\d{4}$")


class Branch(BaseModel):
    label: str
    branches: list[Branch]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Home(BaseModel):
    pet: Cat | Dog
    score: int | float | str


SHAPES: list[type[BaseModel]] = [Address, Customer, Item, Order, Branch, Cat, Home, Lookup]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_an_answer_has_the_callers_own_type(shape: type[BaseModel], client: openai.OpenAI) -> None:
    text = "Robert in Chicago bought forty lamps. He was cross. What did he buy?"
    for model in (GPT, CLAUDE):
        completion = client.chat.completions.parse(model=model, messages=asked(text), response_format=shape)
        assert isinstance(completion.choices[0].message.parsed, shape)


def test_a_streamed_answer_has_the_callers_own_type(client: openai.OpenAI) -> None:
    messages = asked("What did he buy?")
    with client.chat.completions.stream(model=GPT, messages=messages, response_format=Order) as stream:
        final = stream.get_final_completion().choices[0].message.parsed
    whole = client.chat.completions.parse(model=GPT, messages=messages, response_format=Order)
    assert isinstance(final, Order)
    assert final == whole.choices[0].message.parsed


def test_json_that_was_planned_is_parsed(client: openai.OpenAI) -> None:
    completion = client.chat.completions.parse(
        model=GPT, messages=asked("Who bought the lamps?"), response_format=Customer
    )
    assert completion.choices[0].message.parsed == Customer(
        name="Robert", lamps=40, address=Address(city="Chicago", zip=None)
    )


def test_an_answer_that_is_cut_is_said_to_be_unparsable(client: openai.OpenAI) -> None:
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(
            model=GPT, messages=asked("Who bought the lamps?"), response_format=Customer, max_tokens=3
        )


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    page = client.models.list()
    ids = [model.id for model in page]
    assert {GPT, CLAUDE, "gemini-2.5-pro", "kimi-k2.5", "gpt-oss-20b"} <= set(ids)
    assert len(ids) == len(set(ids)) == len(page.data)
    assert page.to_dict().keys() == {"data"}
    assert all(model.model_extra and model.model_extra["default_provider"]["id"] for model in page)


def test_the_models_are_listed_without_an_accepted_key(client: openai.OpenAI) -> None:
    assert client.with_options(api_key="invalid-key").models.list().data == client.models.list().data


def refused(
    client: openai.OpenAI, expected: type[openai.APIStatusError], text: str = SUM, model: str = GPT, **options: Any
) -> openai.APIStatusError:
    """Return the error of a request that is sent once."""
    with pytest.raises(openai.APIStatusError) as caught:
        ask(client.with_options(max_retries=0), text, model, **options)
    assert type(caught.value) is expected
    assert caught.value.request_id
    return caught.value


def test_a_key_that_is_not_accepted_is_refused(client: openai.OpenAI) -> None:
    error = refused(client.with_options(api_key="invalid-key"), openai.AuthenticationError)
    assert error.body == "Authentication error, API token missing/invalid"


def problems(error: openai.APIStatusError) -> list[str]:
    assert isinstance(error.body, dict)
    assert error.body.keys() == {"code", "message", "request_id", "metadata"}
    assert (error.body["code"], error.body["message"]) == (400, "invalid request body")
    assert error.body["request_id"] == error.request_id
    found: list[str] = error.body["metadata"]["errors"]
    return found


def test_all_that_is_wrong_with_a_request_stands_in_the_error(client: openai.OpenAI) -> None:
    error = refused(client, openai.BadRequestError, model="gpt", extra_body={"model_region": "eu"})
    assert set(problems(error)) == {"model gpt is not supported", "model_region can only be set to global"}


def test_a_transcript_that_is_not_there_is_not_found(client: openai.OpenAI) -> None:
    error = refused(client, openai.NotFoundError, "{{ transcript }}", extra_body={"transcript_id": NOBODY})
    assert error.body == {"request_id": error.request_id, "message": "transcript not found", "code": 404}


def test_one_request_too_many_is_an_error_that_says_when_to_come_back(client: openai.OpenAI, api: Api) -> None:
    api.freeze()
    assert api.control.patch("/terms", json={"llm_rate_limit": 1}).status_code == 200
    assert said(ask(client, SUM)) == ANSWER
    api.advance(59)
    error = refused(client, openai.RateLimitError)
    assert error.body == {
        "request_id": error.request_id, "message": "too many requests for this action", "code": 429,
    }  # fmt: skip
    assert error.response.headers["retry-after"] == "1"


def test_a_raw_response_shows_how_many_requests_are_left(client: openai.OpenAI, api: Api) -> None:
    api.freeze()
    completions = client.chat.completions
    raw = completions.with_raw_response.create(model=GPT, messages=asked(SUM))
    assert raw.headers["x-ratelimit-remaining"] == "29"
    assert said(raw.parse()) == ANSWER
    with completions.with_streaming_response.create(model=GPT, messages=asked(SUM), stream=True) as response:
        assert response.headers["x-ratelimit-remaining"] == "28"
        *_, last = (line for line in response.iter_lines() if line)
    assert last == "data: [DONE]"


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_service_that_is_away_is_reported(status: int, client: openai.OpenAI, api: Api) -> None:
    assert api.control.patch("/terms", json={"failing": status}).status_code == 200
    assert refused(client, openai.InternalServerError).status_code == status


@pytest.mark.parametrize("text", ["Once more after a limit", "Once more after a failure"])
def test_the_client_tries_again_by_itself(text: str, client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model=GPT, messages=asked(text))
    assert said(raw.parse()) == "Here it is."
    assert raw.retries_taken == 1


def test_an_error_is_refused_before_a_stream_begins(client: openai.OpenAI) -> None:
    refused(client, openai.RateLimitError, "Once more after a limit", stream=True)
    assert joined(streamed(client, "Once more after a limit")) == "Here it is."


def run(server: MockServer, api: Api, work: Callable[[openai.AsyncOpenAI], Awaitable[T]]) -> T:
    async def inside() -> T:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=api.key) as client:
            return await work(client)

    return asyncio.run(inside())


def test_many_questions_at_once_are_each_answered(server: MockServer, api: Api) -> None:
    texts = [f"What about lamp number {number}?" for number in range(20)]

    async def work(client: openai.AsyncOpenAI) -> list[str | None]:
        calls = (client.chat.completions.create(model=GPT, messages=asked(text)) for text in texts)
        return [said(completion) for completion in await asyncio.gather(*calls)]

    assert run(server, api, work) == [f"You said: {text}" for text in texts]


def test_a_stream_is_followed_by_coroutines(server: MockServer, api: Api) -> None:
    async def work(client: openai.AsyncOpenAI) -> None:
        completions = client.chat.completions
        chunks = [chunk async for chunk in await completions.create(model=CLAUDE, messages=asked(SUM), stream=True)]
        assert (joined(chunks), endings(chunks)) == (ANSWER, ["end_turn"])
        async with completions.stream(model=GPT, messages=asked(SUM)) as stream:
            pieces = [event.delta async for event in stream if event.type == "content.delta"]
            final = await stream.get_final_completion()
        assert "".join(pieces) == ANSWER == said(final)

    run(server, api, work)


def test_tools_and_types_work_in_coroutines(server: MockServer, api: Api) -> None:
    async def work(client: openai.AsyncOpenAI) -> None:
        completion = await client.chat.completions.parse(
            model=GPT, messages=asked("What did he buy?"), response_format=Order
        )
        assert isinstance(completion.choices[0].message.parsed, Order)
        messages = asked("How warm is it in Málaga?")
        calling = await client.chat.completions.create(model=GPT, messages=messages, tools=[TEMPERATURE])
        message = calling.choices[0].message
        messages.append(message)  # type: ignore[arg-type]
        for call in given(message.tool_calls):
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "18"})
        final = await client.chat.completions.create(model=GPT, messages=messages, tools=[TEMPERATURE])
        assert said(final) == "It is eighteen degrees in Málaga."

    run(server, api, work)


def test_lists_transcripts_retries_and_errors_reach_coroutines(server: MockServer, api: Api) -> None:
    made = api.transcribe(GREETING)["id"]
    text = "Say it again: {{ transcript }} {{ transcript }}"

    async def work(client: openai.AsyncOpenAI) -> None:
        assert GPT in {model.id async for model in client.models.list()}
        completions = client.chat.completions
        heard = await completions.create(model=GPT, messages=asked(text), extra_body={"transcript_id": made})
        assert said(heard) == "Good morning, for the second time."
        raw = await completions.with_raw_response.create(model=GPT, messages=asked("Once more after a limit"))
        assert (said(raw.parse()), raw.retries_taken) == ("Here it is.", 1)
        with pytest.raises(openai.NotFoundError, match="transcript not found"):
            await completions.create(model=GPT, messages=asked(text), extra_body={"transcript_id": NOBODY})
        with pytest.raises(openai.BadRequestError) as wrong:
            await completions.create(model="gpt", messages=asked(SUM))
        assert problems(wrong.value) == ["model gpt is not supported"]
        with pytest.raises(openai.AuthenticationError) as unknown:
            await client.with_options(api_key="invalid-key").chat.completions.create(model=GPT, messages=asked(SUM))
        assert unknown.value.body == "Authentication error, API token missing/invalid"

    run(server, api, work)
