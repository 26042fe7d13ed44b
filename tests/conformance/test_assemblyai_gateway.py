"""The LLM Gateway through the official Python client, and its asyncio half."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import typing
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import assemblyai as aai
import httpx
import jsonschema_rs
import pytest

from tests.conformance.conftest import ORDER, given
from tests.conftest import Api

GPT = "gpt-5"
CLAUDE = "claude-haiku-4-5-20251001"
SUM = "What is six times seven?"
ANSWER = "Six times seven is forty-two."
GREETING = "https://example.com/said/greeting.mp3"
NOBODY = "00000000-0000-4000-8000-000000000000"
TOO_MANY = "too many requests for this action"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer", "minimum": -60, "maximum": 60}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "weather", "schema": SCHEMA, "strict": True}}
TOOL = {
    "type": "function",
    "function": {"name": "temperature", "description": "Measure how warm it is in a city", "parameters": SCHEMA},
}
FEATURES: dict[str, dict[str, Any]] = {
    "translation": {"target_languages": ["de", "fr"], "formal": True, "match_original_utterance": True},
    "speaker_identification": {"speaker_type": "role", "known_values": ["Buyer", "Seller"], "effort": "medium"},
    "custom_formatting": {"date": "yyyy-mm-dd", "phone_number": "(xxx) xxx-xxxx", "email": "username (at) domain.com"},
    "summarization": {"summary_type": "paragraph", "effort": "medium"},
    "action_items": {"include_decisions": True},
}

T = TypeVar("T")


def asked(text: str) -> list[aai.LLMGatewayMessageParam]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def gateway(client: aai.Client) -> aai.LLMGateway:
    return aai.LLMGateway(client=client)


@pytest.fixture
def strange(gateway: aai.LLMGateway) -> Iterator[aai.LLMGateway]:
    """The gateway with a key that is not accepted."""
    made = aai.LLMGateway(client=gateway.client, api_key="invalid-key")
    yield made
    made.client.http_client.close()


def ask(gateway: aai.LLMGateway, text: str, model: str = GPT, **options: Any) -> aai.LLMGatewayChatCompletion:
    completion: aai.LLMGatewayChatCompletion = gateway.chat.completions.create(
        model=model, messages=asked(text), **options
    )
    return completion


def streamed(
    gateway: aai.LLMGateway, text: str, model: str = GPT, **options: Any
) -> list[aai.LLMGatewayCompletionChunk]:
    return list(gateway.chat.completions.create(model=model, messages=asked(text), stream=True, **options))


def said(completion: aai.LLMGatewayChatCompletion) -> str | None:
    (choice,) = completion.choices
    text: str | None = choice.message.content
    return text


def model_of(completion: aai.LLMGatewayChatCompletion) -> str:
    """Return the model that answered, which the client hands on without naming it."""
    model: str = given(completion.model_extra)["model"]
    return model


def joined(chunks: list[aai.LLMGatewayCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def endings(chunks: list[aai.LLMGatewayCompletionChunk]) -> list[str]:
    return [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]


def test_every_model_of_the_list_is_understood(gateway: aai.LLMGateway) -> None:
    models = gateway.models.list().data
    assert {GPT, CLAUDE, "gemini-2.5-pro", "kimi-k2.5"} <= {model.id for model in models}
    for model in models:
        assert model.name
        assert model.top_provider.context_length == model.context_length
        assert model.pricing.global_.completions >= model.pricing.global_.prompt > 0
        assert model.default_provider in model.providers
        assert "us" in model.available_regions


def test_every_model_of_the_list_answers(gateway: aai.LLMGateway) -> None:
    for model in gateway.models.list().data:
        assert said(ask(gateway, SUM, model.id)) == ANSWER


def test_the_models_are_listed_without_an_accepted_key(gateway: aai.LLMGateway, strange: aai.LLMGateway) -> None:
    assert strange.models.list() == gateway.models.list()


def test_the_european_host_has_models_of_two_makers(gateway: aai.LLMGateway) -> None:
    everywhere = len(gateway.models.list().data)
    gateway.client.http_client.headers["host"] = "llm-gateway.eu.assemblyai.com"
    models = gateway.models.list().data
    assert {model.creator for model in models} == {"Anthropic", "Google"}
    assert all("eu" in model.available_regions for model in models)
    assert len(models) < everywhere
    with pytest.raises(aai.LLMGatewayError) as caught:
        ask(gateway, SUM)
    assert caught.value.errors == [f"model {GPT} is not supported"]
    assert said(ask(gateway, SUM, CLAUDE)) == ANSWER


@pytest.mark.parametrize(("model", "finish"), [(GPT, "stop"), (CLAUDE, "end_turn")])
def test_an_answer_is_the_same_whole_and_streamed(model: str, finish: str, gateway: aai.LLMGateway) -> None:
    whole = ask(gateway, SUM, model)
    assert (said(whole), whole.choices[0].finish_reason) == (ANSWER, finish)
    assert (whole.http_status_code, whole.llm_status_code) == (200, 200)
    assert str(uuid.UUID(whole.request_id)) == whole.request_id
    assert given(whole.response_time) > 1_000_000
    assert whole.request == {"model": model, "max_tokens": 1000, "stream": False}
    *chunks, last = streamed(gateway, SUM, model, stream_options={"include_usage": True})
    assert (joined(chunks), endings(chunks), last.choices) == (ANSWER, [finish], [])
    usage = given(last.usage)
    for counted in (whole.usage, usage):
        assert counted.prompt_tokens + counted.completion_tokens == counted.total_tokens
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (usage.prompt_tokens, usage.completion_tokens)
    assert (usage.input_tokens, usage.output_tokens) == (None, None)


def test_every_option_that_the_client_names_is_taken(gateway: aai.LLMGateway, api: Api) -> None:
    options = {
        "model": CLAUDE,
        "messages": [
            {"role": "system", "content": "You are a pirate."},
            {"role": "user", "content": [{"type": "text", "text": SUM, "cache_control": {"type": "ephemeral"}}]},
        ],
        "stream": False,
        "max_tokens": 100,
        "temperature": 0.5,
        "tools": [TOOL],
        "tool_choice": "none",
        "response_format": {"type": "text"},
        "fallbacks": [{"model": GPT, "model_region": None}],
        "fallback_config": {"retry": True, "depth": 1},
        "zero_data_retention": True,
        "transcript_id": api.transcribe(GREETING)["id"],
        "reasoning": {"effort": "low"},
        "model_region": "global",
        "fail_fast": False,
        "max_timeout": 20.0,
    }
    named = {
        name for of in typing.get_overloads(type(gateway.chat.completions).create) for name in inspect.signature(of).parameters
    }  # fmt: skip
    assert named - options.keys() == {"self", "kwargs"}
    completion = gateway.chat.completions.create(**options)
    assert said(completion) == "Arr, that be forty-two!"
    assert completion.request == {name: value for name, value in options.items() if name != "messages"}


def test_thoughts_are_shown_and_counted(gateway: aai.LLMGateway) -> None:
    completion = ask(gateway, "Think of a number", CLAUDE)
    assert (said(completion), completion.choices[0].message.thinking) == ("Seventeen.", "Not forty-two again.")
    details = given(completion.usage.completion_tokens_details)
    assert 0 < details.reasoning_tokens < completion.usage.completion_tokens


def test_a_stream_that_breaks_off_is_an_error_after_what_was_said(gateway: aai.LLMGateway) -> None:
    chunks: list[aai.LLMGatewayCompletionChunk] = []
    stream = gateway.chat.completions.create(model=GPT, messages=asked("Count to five"), stream=True)
    with pytest.raises(httpx.RemoteProtocolError):
        chunks.extend(stream)
    assert (joined(chunks), endings(chunks)) == ("one two three", [])


def test_a_tool_is_called_and_its_result_is_answered(gateway: aai.LLMGateway) -> None:
    text = "Measure the temperature of Málaga"
    message = ask(gateway, text, tools=[TOOL]).choices[0].message
    (call,) = given(message.tool_calls)
    assert (call.type, call.function.name) == ("function", "temperature")
    jsonschema_rs.validate(SCHEMA, json.loads(call.function.arguments))
    sent = {
        "id": call.id,
        "type": "function",
        "function": {"name": "temperature", "arguments": call.function.arguments},
    }
    final = gateway.chat.completions.create(
        model=GPT,
        messages=[
            *asked(text),
            {"role": "assistant", "content": None, "tool_calls": [sent]},
            {"role": "tool", "tool_call_id": call.id, "content": "It is 18 degrees."},
        ],
        tools=[TOOL],
    )
    assert said(final) == "temperature returned: It is 18 degrees."


def test_calls_of_tools_are_streamed_in_pieces(gateway: aai.LLMGateway) -> None:
    text = "How warm is it in Utrecht and in Málaga?"
    whole = given(ask(gateway, text, tools=[TOOL]).choices[0].message.tool_calls)
    chunks = streamed(gateway, text, tools=[TOOL])
    pieces = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    assert len(whole) == 2 < len(pieces)
    for index, call in enumerate(whole):
        own = [piece for piece in pieces if piece.index == index]
        functions = [given(piece.function) for piece in own]
        assert (own[0].id, own[0].type, functions[0].name) == (call.id, "function", call.function.name)
        assert "".join(function.arguments or "" for function in functions) == call.function.arguments
    assert (joined(chunks), endings(chunks)) == ("I shall look that up.", ["tool_calls"])


def test_a_tool_is_called_where_the_request_says_so(gateway: aai.LLMGateway) -> None:
    forced = {"type": "function", "function": {"name": "temperature"}}
    (call,) = given(ask(gateway, "Good evening.", tools=[TOOL], tool_choice=forced).choices[0].message.tool_calls)
    assert call.function.name == "temperature"
    told = ask(gateway, "Measure the temperature", tools=[TOOL], tool_choice="none").choices[0].message
    assert told.tool_calls is None
    assert told.content


@pytest.mark.parametrize("model", [GPT, CLAUDE])
def test_an_answer_is_valid_under_the_schema_that_was_sent(model: str, gateway: aai.LLMGateway) -> None:
    text = "How warm was it in Chicago?"
    content = said(ask(gateway, text, model, response_format=FORMAT))
    assert content is not None
    jsonschema_rs.validate(SCHEMA, json.loads(content))
    assert joined(streamed(gateway, text, model, response_format=FORMAT)) == content


def test_the_text_of_a_transcript_takes_the_place_of_the_tag(gateway: aai.LLMGateway, api: Api) -> None:
    text = "Say it again: {{ transcript }} {{ transcript }}"
    completion = ask(gateway, text, transcript_id=api.transcribe(GREETING)["id"])
    assert said(completion) == "Good morning, for the second time."
    assert said(ask(gateway, "Good evening", transcript_id=NOBODY)) == "You said: Good evening"


def test_another_model_answers_for_one_that_is_down(gateway: aai.LLMGateway) -> None:
    text = "Is anybody there?"
    with pytest.raises(aai.LLMGatewayError, match="the provider is down"):
        ask(gateway, text)
    fallbacks: list[dict[str, Any]] = [{"model": "gpt-5-mini"}, {"model": CLAUDE, "temperature": 0.1}]
    completion = ask(gateway, text, fallbacks=fallbacks, fallback_config={"retry": False, "depth": 2})
    assert (said(completion), model_of(completion)) == ("Claude is here.", CLAUDE)
    assert completion.choices[0].finish_reason == "end_turn"
    assert joined(streamed(gateway, text, fallbacks=fallbacks)) == "Claude is here."
    with pytest.raises(aai.LLMGatewayError) as caught:
        ask(gateway, text, fallbacks=fallbacks, fallback_config={"depth": 1})
    assert (str(caught.value), caught.value.status_code) == ("the provider is down", 503)
    fallbacks = [{"model": "gpt-5-mini", "messages": asked(SUM)}]
    assert said(ask(gateway, text, fallbacks=fallbacks)) == ANSWER


def test_a_model_is_tried_again_before_another_one(gateway: aai.LLMGateway) -> None:
    again = ask(gateway, "Are you back?", fallbacks=[{"model": CLAUDE}])
    assert (said(again), model_of(again)) == ("I am back.", GPT)


def test_a_model_is_not_tried_again_where_that_is_forbidden(gateway: aai.LLMGateway) -> None:
    other = ask(gateway, "Are you back?", fallbacks=[{"model": CLAUDE}], fallback_config={"retry": False})
    assert (said(other), model_of(other)) == ("I am back.", CLAUDE)


def test_no_other_model_answers_what_is_refused(gateway: aai.LLMGateway) -> None:
    with pytest.raises(aai.LLMGatewayError) as caught:
        ask(gateway, "Say something forbidden", fallbacks=[{"model": CLAUDE}])
    assert (str(caught.value), caught.value.status_code) == ("the provider refuses this", 400)


def failed(
    call: Callable[[], object], status: int, message: str, errors: list[str] | None = None
) -> aai.LLMGatewayError:
    with pytest.raises(aai.LLMGatewayError) as caught:
        call()
    error = caught.value
    assert (str(error), error.status_code, error.errors) == (message, status, errors)
    assert str(uuid.UUID(error.request_id)) == error.request_id
    return error


def test_a_request_that_is_wrong_is_refused_in_the_services_words(gateway: aai.LLMGateway) -> None:
    for text, call in {
        "one of messages or prompt required": lambda: gateway.chat.completions.create(model=GPT, messages=[]),
        "model gpt is not supported": lambda: ask(gateway, SUM, "gpt"),
        "model gpt-oss-20b does not support response_format": lambda: ask(
            gateway, SUM, "gpt-oss-20b", response_format=FORMAT
        ),
        "model_region can only be set to global": lambda: ask(gateway, SUM, CLAUDE, model_region="eu"),
        "fallback_config depth cannot be greater than 2": lambda: ask(gateway, SUM, fallback_config={"depth": 3}),
    }.items():
        failed(call, 400, "invalid request body", [text])
    with pytest.raises(aai.LLMGatewayError) as caught:
        streamed(gateway, SUM, "gpt")
    assert caught.value.errors == ["model gpt is not supported"]


def test_a_key_that_is_not_accepted_is_refused(strange: aai.LLMGateway) -> None:
    refused = "Authentication error, API token missing/invalid"
    failed(lambda: ask(strange, SUM), 401, refused)
    failed(lambda: streamed(strange, SUM), 401, refused)
    failed(lambda: strange.understanding.create(transcript_id=NOBODY, request=FEATURES), 401, refused)
    failed(lambda: strange.understanding.validate(request=FEATURES), 401, refused)


def test_an_account_without_the_gateway_is_refused(gateway: aai.LLMGateway, api: Api) -> None:
    assert api.control.patch("/terms", json={"llm_plan": "none"}).status_code == 200
    refused = (
        "Your account does not have access to LLM Gateway. Please upgrade or contact us at support@assemblyai.com for "
        "more information."
    )
    failed(lambda: ask(gateway, SUM), 401, refused)
    failed(lambda: gateway.understanding.validate(request=FEATURES), 401, refused)


def test_a_transcript_that_is_not_there_is_not_found(gateway: aai.LLMGateway, api: Api) -> None:
    deleted = api.transcribe(GREETING)["id"]
    assert api.http.delete(f"/v2/transcript/{deleted}").status_code == 200
    for identifier, text in ((NOBODY, "transcript not found"), (deleted, "transcript deleted")):
        for call in (
            lambda given: ask(gateway, "{{ transcript }}", transcript_id=given),
            lambda given: gateway.understanding.create(transcript_id=given, request=FEATURES),
        ):
            failed(lambda call=call, given=identifier: call(given), 404, text)  # type: ignore[misc]


def test_one_request_too_many_is_refused_until_the_window_ends(gateway: aai.LLMGateway, api: Api) -> None:
    api.freeze()
    assert api.control.patch("/terms", json={"llm_rate_limit": 1, "understanding_rate_limit": 1}).status_code == 200
    made = api.transcribe(ORDER, speaker_labels=True)["id"]
    calls: list[Callable[[], object]] = [
        lambda: ask(gateway, SUM),
        lambda: gateway.understanding.create(transcript_id=made, request=FEATURES),
    ]
    for call in calls:
        call()
        failed(call, 429, TOO_MANY)
    gateway.understanding.validate(request=FEATURES)
    assert said(ask(gateway, SUM, CLAUDE)) == ANSWER
    api.advance(60)
    for call in calls:
        call()


def understood(gateway: aai.LLMGateway, api: Api, *names: str) -> tuple[aai.LLMGatewayUnderstandingResponse, Any]:
    """Return what features find in a stored transcript, and their own part of it; the transcript stays as it is."""
    before = api.transcribe(ORDER, speaker_labels=True)
    request = {name: FEATURES[name] for name in names}
    found = gateway.understanding.create(transcript_id=before["id"], request=request)
    assert api.get(before["id"]) == before
    assert before["speech_understanding"] is None
    assert str(uuid.UUID(found.request_id)) == found.request_id
    assert found.speech_understanding["request"] == request
    response = found.speech_understanding["response"]
    assert {name: part["status"] for name, part in response.items()} == dict.fromkeys(names, "success")
    return found, response


def test_texts_are_translated(gateway: aai.LLMGateway, api: Api) -> None:
    found, response = understood(gateway, api, "translation")
    assert response == {"translation": {"status": "success"}}
    texts, utterances = given(found.translated_texts), given(found.utterances)
    assert texts.keys() == {"de", "fr"}
    assert all(texts.values())
    assert len(utterances) == 4
    assert all(utterance["translated_texts"].keys() == texts.keys() for utterance in utterances)


def test_speakers_are_identified(gateway: aai.LLMGateway, api: Api) -> None:
    found, response = understood(gateway, api, "speaker_identification")
    mapping = {"A": "Buyer", "B": "Seller"}
    assert response["speaker_identification"] == {"mapping": mapping, "effort": "medium", "status": "success"}
    utterances = given(found.utterances)
    assert [utterance["speaker"] for utterance in utterances] == ["Buyer", "Seller"] * 2
    assert given(found.model_extra)["words"] == [word for utterance in utterances for word in utterance["words"]]
    assert {word["speaker"] for word in utterances[0]["words"]} == {"Buyer"}
    assert found.translated_texts is None


def test_dates_and_numbers_are_formatted(gateway: aai.LLMGateway, api: Api) -> None:
    found, response = understood(gateway, api, "custom_formatting")
    formatted = response["custom_formatting"]
    assert formatted["mapping"]["March 5th, 2026"] == "2026-03-05"
    assert "Write to help (at) example.com or call (555) 010-4477" in formatted["formatted_text"]
    assert found.utterances is None


def test_chapters_are_summarised(gateway: aai.LLMGateway, api: Api) -> None:
    found, response = understood(gateway, api, "summarization")
    summary = response["summarization"]
    assert (summary["summary_type"], summary["effort"]) == ("paragraph", "medium")
    assert summary["summary"]
    for part in summary["summary"]:
        assert part["start"] < part["end"]
        assert part["headline"]
        assert part["text"]
    assert (found.utterances, found.translated_texts) == (None, None)


def test_what_is_to_be_done_is_found(gateway: aai.LLMGateway, api: Api) -> None:
    _, response = understood(gateway, api, "action_items")
    found = response["action_items"]
    assert found["effort"] == "low"
    quoted = [item["quote"] for item in found["items"]]
    assert "I will send you the invoice on Monday." in quoted
    text = api.transcribe(ORDER)["text"]
    assert all(quote in text for quote in quoted)
    times = [item["timestamp"] for item in found["items"]]
    assert times == sorted(times)
    assert all(item["action_item"] for item in found["items"])


def test_several_features_are_found_at_once(gateway: aai.LLMGateway, api: Api) -> None:
    found, together = understood(gateway, api, *FEATURES)
    alone = {name: understood(gateway, api, name)[1][name] for name in FEATURES}
    turns = [together["custom_formatting"].pop("formatted_utterances"), given(found.utterances)]
    alone["custom_formatting"].pop("formatted_utterances")
    assert together == alone
    assert [[turn["speaker"] for turn in spoken] for spoken in turns] == [["Buyer", "Seller"] * 2] * 2
    assert all(utterance["translated_texts"].keys() == {"de", "fr"} for utterance in turns[1])


def test_what_is_hidden_in_a_transcript_stays_hidden(gateway: aai.LLMGateway, api: Api) -> None:
    hidden = api.transcribe(ORDER, speaker_labels=True, redact_pii=True, redact_pii_policies=["person_name"])
    features = {name: FEATURES[name] for name in ("translation", "summarization", "action_items")}
    found = gateway.understanding.create(transcript_id=hidden["id"], request=features)
    assert "####" in given(found.translated_texts)["de"]
    assert "Robert" not in found.model_dump_json()


def test_a_sound_request_for_understanding_is_said_to_be_sound(gateway: aai.LLMGateway, api: Api) -> None:
    made = api.transcribe(ORDER, speaker_labels=True)["id"]
    gateway.understanding.validate(request=FEATURES)
    gateway.understanding.validate(request=FEATURES, transcript_id=made)


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (
            {"speaker_identification": {"speaker_type": "role"}},
            "`known_values` or `speakers` is required if `speaker_type` is role",
        ),
        (
            {"speaker_identification": {"speaker_type": "name", "known_values": ["x" * 36]}},
            "`known_values` must be at most 35 characters long",
        ),
        ({"translation": {}}, "speech_understanding.request.translation.target_languages: Field required"),
        ({"summarization": {}}, "speech_understanding.request.summarization.summary_type: Field required"),
    ],
)
def test_an_unsound_request_for_understanding_is_told_why(
    request_: dict[str, Any], text: str, gateway: aai.LLMGateway, api: Api
) -> None:
    made = api.transcribe(ORDER, speaker_labels=True)["id"]
    failed(lambda: gateway.understanding.validate(request=request_), 400, "invalid request body", [text])
    failed(
        lambda: gateway.understanding.create(transcript_id=made, request=request_), 400, "invalid request body", [text]
    )


def test_speakers_are_not_identified_where_none_were_told_apart(gateway: aai.LLMGateway, api: Api) -> None:
    made = api.transcribe(ORDER)["id"]
    request = {"speaker_identification": FEATURES["speaker_identification"]}
    for call in (gateway.understanding.validate, gateway.understanding.create):
        failed(
            lambda call=call: call(transcript_id=made, request=request),  # type: ignore[misc]
            400, "invalid request body", ["speaker_labels or multichannel required"],
        )  # fmt: skip


def run(work: Callable[[aai.AsyncLLMGateway], Awaitable[T]]) -> T:
    async def inside() -> T:
        async with aai.AsyncLLMGateway() as gateway:
            return await work(gateway)

    return asyncio.run(inside())


@pytest.mark.usefixtures("gateway")
def test_coroutines_get_the_same_answers() -> None:
    async def work(gateway: aai.AsyncLLMGateway) -> None:
        assert GPT in {model.id for model in (await gateway.models.list()).data}
        create = gateway.chat.completions.create
        assert said(await create(model=GPT, messages=asked(SUM))) == ANSWER
        chunks = [chunk async for chunk in await create(model=CLAUDE, messages=asked(SUM), stream=True)]
        assert (joined(chunks), endings(chunks)) == (ANSWER, ["end_turn"])
        calling = await create(model=GPT, messages=asked("Measure the temperature"), tools=[TOOL])
        (call,) = given(calling.choices[0].message.tool_calls)
        typed = await create(model=GPT, messages=asked("How warm?"), response_format=FORMAT)
        for value in (call.function.arguments, said(typed)):
            jsonschema_rs.validate(SCHEMA, json.loads(value or ""))
        other = await create(model=GPT, messages=asked("Is anybody there?"), fallbacks=[{"model": CLAUDE}])
        assert said(other) == "Claude is here."

    run(work)


@pytest.mark.usefixtures("gateway")
def test_coroutines_get_the_same_understanding(api: Api) -> None:
    before = api.transcribe(ORDER, speaker_labels=True)

    async def work(gateway: aai.AsyncLLMGateway) -> aai.LLMGatewayUnderstandingResponse:
        await gateway.understanding.validate(request=FEATURES, transcript_id=before["id"])
        return await gateway.understanding.create(transcript_id=before["id"], request=FEATURES)

    found = run(work)
    assert found.speech_understanding["response"].keys() == FEATURES.keys()
    assert given(found.translated_texts).keys() == {"de", "fr"}
    assert api.get(before["id"]) == before


@pytest.mark.usefixtures("gateway")
def test_coroutines_get_the_same_errors() -> None:
    async def work(gateway: aai.AsyncLLMGateway) -> list[tuple[str, int | None, list[str] | None]]:
        found = []
        for call in (
            gateway.chat.completions.create(model="gpt", messages=asked(SUM)),
            gateway.chat.completions.create(model=GPT, messages=asked("{{ transcript }}"), transcript_id=NOBODY),
            gateway.understanding.create(transcript_id=NOBODY, request=FEATURES),
            gateway.understanding.validate(request={"summarization": {}}),
        ):
            with pytest.raises(aai.LLMGatewayError) as caught:
                await call
            assert caught.value.request_id
            found.append((str(caught.value), caught.value.status_code, caught.value.errors))
        return found

    assert run(work) == [
        ("invalid request body", 400, ["model gpt is not supported"]),
        ("transcript not found", 404, None),
        ("transcript not found", 404, None),
        (
            "invalid request body", 400, ["speech_understanding.request.summarization.summary_type: Field required"],
        ),
    ]  # fmt: skip


@pytest.mark.usefixtures("gateway")
def test_a_client_is_closed_by_whom_it_belongs_to() -> None:
    async def work() -> None:
        client = aai.AsyncClient(settings=aai.settings)
        shared = aai.AsyncLLMGateway(client=client)
        await shared.aclose()
        assert not client.http_client.is_closed
        own = aai.AsyncLLMGateway(client=client, api_key="invalid-key")
        with pytest.raises(aai.LLMGatewayError, match="Authentication error, API token missing/invalid"):
            await own.chat.completions.create(model=GPT, messages=asked(SUM))
        await own.aclose()
        assert own.client.http_client.is_closed
        await client.aclose()

    asyncio.run(work())


def offered(thing: object, name: str) -> Iterator[str]:
    """Yield every public name below a thing of the client, with dots, as far as the gateway's own classes reach."""
    for part in dir(thing):
        if part.startswith("_"):
            continue
        value = getattr(thing, part)
        if type(value).__module__.startswith("assemblyai.llm_gateway"):
            yield from offered(value, f"{name}.{part}")
        else:
            yield f"{name}.{part}"


def named(*, in_coroutines: bool) -> set[str]:
    """Return every attribute that this file names, with dots, in coroutines or elsewhere."""
    tree = ast.parse(Path(__file__).read_text())
    inside = [node for found in ast.walk(tree) if isinstance(found, ast.AsyncFunctionDef) for node in ast.walk(found)]
    nodes = inside if in_coroutines else set(ast.walk(tree)) - set(inside)
    return {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}


def test_every_public_name_is_used(gateway: aai.LLMGateway) -> None:
    public = set(offered(gateway, "gateway"))
    assert len(public) >= 5
    assert public - named(in_coroutines=False) == set()


@pytest.mark.usefixtures("gateway")
def test_every_public_coroutine_is_used() -> None:
    async def work(gateway: aai.AsyncLLMGateway) -> set[str]:
        return set(offered(gateway, "gateway"))

    used = {f"gateway.{name.partition('.')[2]}" for name in named(in_coroutines=True)}
    public = run(work)
    assert len(public) >= 6
    assert public - used == set()
