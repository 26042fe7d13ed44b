"""Chat completions: the reply, what the request says of it, and stored transcripts in messages."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from mockserver.embed import MockServer
from mockserver.engine.chat.tokens import count
from tests.conftest import Api, api_of
from tests.gateway.conftest import SAID, TALKS, Answering, Gateway

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}
NEWS = {"type": "function", "function": {"name": "latestNews", "description": "Read the headlines."}}


def test_a_reply_has_every_field_that_clients_read(gateway: Gateway) -> None:
    reply = gateway.ask("How are you?", temperature=0.5)
    assert set(reply) == {
        "request_id", "id", "object", "created", "model", "request", "choices", "usage", "http_status_code",
        "response_time", "llm_status_code",
    }  # fmt: skip
    assert reply["object"] == "chat.completion"
    assert reply["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "You said: How are you?"}, "finish_reason": "stop"}
    ]
    assert reply["request"] == {"model": "gpt-5", "max_tokens": 1000, "temperature": 0.5}
    assert (reply["http_status_code"], reply["llm_status_code"]) == (200, 200)
    assert reply["response_time"] > 1_000_000


def test_the_id_of_a_request_is_the_same_in_body_header_and_journal(gateway: Gateway) -> None:
    reply = gateway.post({"model": "gpt-5", "prompt": "Hello"})
    assert reply.json()["request_id"] == reply.headers["x-request-id"]
    (entry,) = gateway.api.control.get("/journal").json()["requests"]
    assert entry["request_id"] == reply.json()["request_id"]


def test_usage_adds_up_in_both_namings(gateway: Gateway) -> None:
    usage = gateway.ask("Tell me something.")["usage"]
    assert usage["input_tokens"] == usage["prompt_tokens"] > count("Tell me something.")
    assert usage["output_tokens"] == usage["completion_tokens"] == count("You said: Tell me something.")
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens_details"]["cache_creation"]["ephemeral_5m_input_tokens"] == 0
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 0


def test_the_same_request_gets_the_same_answer_under_another_id(gateway: Gateway) -> None:
    first, second = gateway.ask("Same?"), gateway.ask("Same?")
    assert first["choices"] == second["choices"]
    assert first["id"] != second["id"]


def test_two_runs_get_the_same_ids(gateway: Gateway) -> None:
    first = gateway.ask()["request_id"]
    gateway.api.control.post("/reset")
    assert gateway.ask()["request_id"] == first


def test_a_prompt_is_a_single_message_and_is_not_repeated(gateway: Gateway) -> None:
    reply = gateway.post({"model": "gpt-5", "prompt": "Hello"}).json()
    assert reply["choices"][0]["message"]["content"] == "You said: Hello"
    assert reply["request"] == {"model": "gpt-5", "max_tokens": 1000}


def test_parts_of_a_message_are_one_text(gateway: Gateway) -> None:
    parts = [{"type": "text", "text": "Hello, "}, {"type": "text", "text": "you"}]
    assert gateway.say(messages=[{"role": "user", "content": parts}]) == "You said: Hello, you"


def test_the_name_of_an_author_stands_before_what_is_said_but_for_openai(gateway: Gateway) -> None:
    messages = [{"role": "user", "name": "Ada", "content": "Hello"}]
    assert gateway.say(messages=messages, model="claude-sonnet-5") == "You said: Ada: Hello"
    assert gateway.say(messages=messages, model="gpt-5") == "You said: Hello"


@pytest.mark.parametrize(
    ("model", "stop", "length", "calls"),
    [
        ("gpt-5", "stop", "length", "tool_calls"),
        ("claude-sonnet-5", "end_turn", "max_tokens", "tool_use"),
        ("gemini-2.5-pro", "STOP", "MAX_TOKENS", "STOP"),
        ("qwen3-32B", "stop", "length", "tool_calls"),
    ],
)
def test_an_answer_ends_in_the_words_of_its_provider(
    model: str, stop: str, length: str, calls: str, gateway: Gateway
) -> None:
    def reason(**fields: Any) -> str:
        found: str = gateway.ask("What is the weather like?", model=model, **fields)["choices"][0]["finish_reason"]
        return found

    assert (reason(), reason(max_tokens=2), reason(tools=[WEATHER])) == (stop, length, calls)


def test_max_tokens_cuts_the_answer(gateway: Gateway) -> None:
    whole = gateway.say("One two three four five six seven")
    for most in (1, 2, 5):
        reply = gateway.ask("One two three four five six seven", max_tokens=most)
        text = reply["choices"][0]["message"]["content"]
        assert whole.startswith(text)
        assert len(text) < len(whole)
        assert reply["usage"]["completion_tokens"] == count(text) == most
        assert reply["choices"][0]["finish_reason"] == "length"


def test_max_tokens_cuts_the_arguments_of_a_call(gateway: Gateway) -> None:
    def arguments(**fields: Any) -> str:
        message = gateway.ask("The weather, please", tools=[WEATHER], **fields)["choices"][0]["message"]
        found: str = message["tool_calls"][0]["function"]["arguments"]
        return found

    short = arguments(max_tokens=6)
    assert arguments().startswith(short)
    assert len(short) < len(arguments())


def test_the_tool_that_fits_is_called(gateway: Gateway) -> None:
    def called(text: str, **fields: Any) -> list[str]:
        message = gateway.ask(text, tools=[NEWS, WEATHER], **fields)["choices"][0]["message"]
        return [call["function"]["name"] for call in message.get("tool_calls", [])]

    assert called("What is the weather in Paris?") == ["get_weather"]
    assert called("Any news today?") == ["latestNews"]
    assert called("Thank you.") == []
    assert called("Thank you.", tool_choice="required") == ["latestNews"]
    assert called("Any news today?", tool_choice="none") == []
    assert called("Hm", tool_choice={"type": "function", "function": {"name": "get_weather"}}) == ["get_weather"]


def test_a_conversation_goes_on_after_the_result_of_a_tool(gateway: Gateway) -> None:
    for model, prefix in (("gpt-5", "call_"), ("claude-opus-5", "toolu_")):
        messages: list[dict[str, Any]] = [{"role": "user", "content": "What is the weather in Paris?"}]
        asked: dict[str, Any] = {"model": model, "tools": [WEATHER], "messages": messages}
        message = gateway.ask(**asked)["choices"][0]["message"]
        assert message["content"] is None
        (call,) = message["tool_calls"]
        assert call["id"].startswith(prefix)
        messages += [message, {"role": "tool", "tool_call_id": call["id"], "content": '{"celsius": 21}'}]
        assert gateway.say(**asked) == 'get_weather returned: {"celsius": 21}'


def test_tool_calls_stand_in_the_choice_with_a_quirk(answering: Answering) -> None:
    gateway = answering("answer: {tool_calls: [{name: look, arguments: {at: 1}}]}", quirks=("tool_calls_in_choice",))
    (choice,) = gateway.ask()["choices"]
    assert choice["message"] == {"role": "assistant", "content": None}
    assert choice["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"at": 1}'}


@pytest.fixture
def talk(api: Api) -> str:
    """The id of a transcript."""
    job = api.submit(TALKS)
    assert api.get(job)["text"] == SAID
    return job


def test_a_transcript_takes_the_place_of_its_tag(gateway: Gateway, talk: str) -> None:
    asked = "How many tulip bulbs? {{ transcript }}"
    reply = gateway.ask(asked, transcript_id=talk)
    assert reply["choices"][0]["message"]["content"] == "We decided to buy forty tulip bulbs."
    assert reply["usage"]["prompt_tokens"] > count(SAID)
    assert reply["request"]["transcript_id"] == talk
    (entry, *_) = gateway.api.control.get("/journal").json()["requests"]
    assert entry["job"] == talk


def test_a_transcript_can_be_summarised_or_searched_for_tasks(gateway: Gateway, talk: str) -> None:
    sentences = SAID.replace(". ", ".\n").splitlines()
    summary = gateway.say("Summarise: {{ transcript }}", transcript_id=talk)
    assert summary
    assert any(sentence in summary for sentence in sentences)
    assert len(summary) < len(SAID)
    tasks = gateway.say("List the action items.\n\n{{ transcript }}", transcript_id=talk)
    assert tasks == "- Please bring your own gloves and a small spade."


def test_only_the_first_tag_is_filled_and_only_if_spelled_so(gateway: Gateway, talk: str) -> None:
    messages = [
        {"role": "system", "content": "{{transcript}} {{ TRANSCRIPT }} {{  transcript  }} {{ Transcript }}"},
        {"role": "user", "content": "{{ transcript }} {{ transcript }}"},
        {"role": "user", "content": "{{ transcript }}"},
    ]
    once = gateway.ask(messages=messages, transcript_id=talk)["usage"]["prompt_tokens"]
    never = gateway.ask(messages=messages)["usage"]["prompt_tokens"]
    assert once - never == count(f"{SAID} {{{{ transcript }}}}") - count("{{ transcript }} {{ transcript }}")


def test_without_a_tag_the_transcript_is_ignored_and_a_hint_says_so(gateway: Gateway) -> None:
    asked = {"model": "gpt-5", "prompt": "{{transcript}}", "transcript_id": "nothing"}
    reply = gateway.post(asked)
    assert reply.status_code == 200
    assert "no message has the tag {{ transcript }}" in reply.headers["x-mock-hint"]


def test_redacted_words_stay_hidden(gateway: Gateway) -> None:
    job = gateway.api.submit(TALKS, redact_pii=True, redact_pii_policies=["person_name"])
    text = gateway.api.get(job)["text"]
    assert "Anna" not in text
    answer = gateway.say("Who will send the invoice? {{ transcript }}", transcript_id=job)
    assert "invoice" in answer
    assert "Anna" not in answer


def test_a_transcript_that_is_not_there_gives_404(gateway: Gateway, talk: str, server: MockServer) -> None:
    asked = {"model": "gpt-5", "prompt": "{{ transcript }}"}
    unknown = gateway.post({**asked, "transcript_id": "nothing"})
    assert unknown.status_code == 404
    assert unknown.json() == {
        "request_id": unknown.headers["x-request-id"],
        "message": "transcript not found",
        "code": 404,
    }
    assert unknown.headers["x-mock-hint"] == "this key has no transcript nothing; every key has its own"
    foreign = Gateway(api_of(server.url)).post({**asked, "transcript_id": talk})
    assert (foreign.status_code, foreign.json()["message"]) == (404, "transcript not found")
    gateway.api.http.delete(f"/v2/transcript/{talk}")
    deleted = gateway.post({**asked, "transcript_id": talk})
    assert (deleted.status_code, deleted.json()["message"]) == (404, "transcript deleted")


def test_an_unfinished_transcript_is_refused(gateway: Gateway) -> None:
    job = gateway.api.submit(TALKS, progress="held")
    problems = gateway.refused(messages=[{"role": "user", "content": "{{ transcript }}"}], transcript_id=job)
    assert problems == ["transcript is not completed: its status is queued"]


def test_text_in_the_messages_is_answered_from_too(gateway: Gateway) -> None:
    script = "Anna: Shall we meet on Monday?\nBen: I cannot, but Tuesday works well for me.\nAnna: Tuesday it is."
    assert gateway.say(f"Which day works for Ben?\n\n{script}") == "I cannot, but Tuesday works well for me."
    system = [
        {"role": "system", "content": f"Transcript:\n\n{SAID}"},
        {"role": "user", "content": "When is the meeting?"},
    ]
    assert gateway.say(messages=system) == "The meeting about the greenhouse was moved to Friday."


def test_long_answers_are_cut_at_1000_tokens_unless_the_request_says_otherwise(answering: Answering) -> None:
    text = " ".join(itertools.islice(itertools.cycle(["alpha", "beta", "gamma"]), 1500))
    gateway = answering(f"answer: {text}")
    assert gateway.ask()["usage"]["completion_tokens"] == 1000
    assert gateway.say(max_tokens=5000) == text
    assert gateway.say(max_completion_tokens=5000) == text


def test_a_plan_says_which_models_there_are(gateway: Gateway) -> None:
    terms = gateway.api.control
    terms.patch("/terms", json={"llm_plan": "free"})
    assert gateway.refused() == ["Your account does not have access to this LLM Gateway model"]
    assert gateway.say(model="qwen3.5-4b-32k-fast") == "You said: Hello"
    terms.patch("/terms", json={"llm_plan": "none"})
    reply = gateway.post({"model": "gpt-5", "prompt": "Hello"})
    assert reply.status_code == 401
    assert reply.json() == {
        "error": "Your account does not have access to LLM Gateway. Please upgrade or contact us at "
        "support@assemblyai.com for more information.",
        "status": "error",
        "request_id": reply.headers["x-request-id"],
    }
    terms.patch("/terms", json={"llm_plan": "paid", "negative_balance": True})
    assert gateway.post({"model": "gpt-5", "prompt": "Hello"}).json()["message"].startswith("Your current account")
