"""The LLM Gateway through the Node clients of AssemblyAI and OpenAI, unmodified: one process makes every call."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mockserver.embed import MockServer
from tests.conformance.conftest import FIXTURES
from tests.conftest import api_of

NODE = Path(__file__).parent.parent / "node"
GPT = "gpt-5"
CLAUDE = "claude-haiku-4-5-20251001"
ANSWER = "Six times seven is forty-two."
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer", "minimum": -60, "maximum": 60}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
CLIENTS = ["aai", "openai"]


class Recorded(dict[str, dict[str, Any]]):
    """What every call returned, or what its error says."""

    def value(self, name: str) -> Any:
        assert "error" not in self[name], self[name]
        return self[name]["value"]

    def choice(self, name: str) -> dict[str, Any]:
        choices: list[dict[str, Any]] = self.value(name)["choices"]
        assert len(choices) == 1
        return choices[0]

    def message(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.choice(name)["message"]
        return found

    def arguments(self, name: str) -> list[Any]:
        calls = self.message(name)["tool_calls"]
        assert {(call["type"], call["function"]["name"]) for call in calls} == {("function", "temperature")}
        assert len({call["id"] for call in calls}) == len(calls)
        return [json.loads(call["function"]["arguments"]) for call in calls]


@pytest.fixture(scope="module")
def node() -> Recorded:
    for package in ("assemblyai", "openai"):
        if shutil.which("node") is None or not (NODE / "node_modules" / package).is_dir():
            pytest.skip(f"the Node package {package} is not installed (scripts/test does that where npm is there)")
    with MockServer(fixtures=(FIXTURES,)) as mock:
        limited = api_of(mock.url, "node-limited")
        limited.freeze()
        assert limited.control.patch("/terms", json={"llm_rate_limit": 1}).status_code == 200
        done = subprocess.run(["node", str(NODE / "gateway.mjs"), mock.url], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Recorded(json.loads(done.stdout))


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_ends_as_its_provider_says(client: str, node: Recorded) -> None:
    for name, model, text, finish in (
        ("whole", GPT, ANSWER, "stop"),
        ("claude", CLAUDE, ANSWER, "end_turn"),
        ("cut", GPT, "Six times seven", "length"),
    ):
        found = node.value(f"{client}_{name}")
        assert (found["model"], found["object"]) == (model, "chat.completion")
        assert node.choice(f"{client}_{name}")["finish_reason"] == finish
        assert node.message(f"{client}_{name}") == {"role": "assistant", "content": text}
        usage = found["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert (usage["input_tokens"], usage["output_tokens"]) == (usage["prompt_tokens"], usage["completion_tokens"])


def test_a_prompt_is_one_message_of_the_user(node: Recorded) -> None:
    assert node.choice("aai_prompt") == node.choice("aai_whole")
    assert node.value("aai_prompt")["usage"] == node.value("aai_whole")["usage"]
    assert node.value("aai_prompt")["request"] == {"model": GPT, "max_tokens": 1000}


def test_the_models_are_listed(node: Recorded) -> None:
    models = node.value("aai_models")["data"]
    ids = [model["id"] for model in models]
    assert {GPT, CLAUDE} <= set(ids)
    assert node.value("openai_models") == ids
    assert node.value("aai_models_of_a_stranger") == node.value("aai_models")


@pytest.mark.parametrize("client", CLIENTS)
def test_tools_are_called(client: str, node: Recorded) -> None:
    assert node.message(f"{client}_tools")["content"] == "I shall look that up."
    assert node.arguments(f"{client}_tools") == [{"city": "Utrecht", "unit": "celsius"}, {"city": "Málaga"}]
    assert node.choice(f"{client}_tools")["finish_reason"] == "tool_calls"
    (arguments,) = node.arguments(f"{client}_forced")
    jsonschema_rs.validate(SCHEMA, arguments)


def test_no_tool_is_called_where_that_is_forbidden(node: Recorded) -> None:
    assert "tool_calls" not in node.message("openai_none")
    assert node.message("openai_none")["content"]


def test_the_clients_own_loop_calls_tools_until_there_is_an_answer(node: Recorded) -> None:
    assert node.value("openai_tool_run") == {
        "called": node.arguments("openai_tools"),
        "final": "It is eighteen degrees in Málaga.",
    }


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_is_valid_under_the_schema_that_was_sent(client: str, node: Recorded) -> None:
    jsonschema_rs.validate(SCHEMA, json.loads(node.message(f"{client}_typed")["content"]))


def test_json_that_was_planned_is_parsed(node: Recorded) -> None:
    assert node.value("openai_parsed") == {"name": "Robert", "lamps": 40, "address": {"city": "Chicago", "zip": None}}


def test_a_stream_says_what_the_whole_answer_says(node: Recorded) -> None:
    chunks = node.value("openai_stream")
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert "".join(choice["delta"].get("content", "") for choice in choices) == ANSWER
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert {(chunk["id"], chunk["model"]) for chunk in chunks} == {(chunks[0]["id"], GPT)}
    assert not [chunk for chunk in chunks if "usage" in chunk]


def test_a_stream_ends_with_its_tokens_where_that_is_asked_for(node: Recorded) -> None:
    *_, last = node.value("openai_stream_with_usage")
    usage = node.value("openai_whole")["usage"]
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    assert last["choices"] == []
    assert last["usage"] == {name: usage[name] for name in names}


def test_the_clients_own_helper_follows_a_stream(node: Recorded) -> None:
    helped = node.value("openai_helper")
    assert "".join(helped["deltas"]) == helped["final"] == ANSWER
    assert len(helped["deltas"]) > 3
    assert node.value("openai_helper_tools") == node.message("openai_tools")["tool_calls"]


def test_a_stream_that_breaks_off_is_an_error_after_what_was_said(node: Recorded) -> None:
    assert "".join(node.value("openai_before_the_break")) == "one two three"
    assert node["openai_broken_stream"]["error"]


def test_another_model_answers_for_one_that_is_down(node: Recorded) -> None:
    assert node.message("aai_fallback")["content"] == "Claude is here."
    assert node.value("aai_fallback")["model"] == CLAUDE


def test_the_text_of_a_transcript_takes_the_place_of_the_tag(node: Recorded) -> None:
    assert node.message("aai_about_a_transcript")["content"] == "Good morning, for the second time."


def test_a_transcript_is_understood_and_stays_as_it_is(node: Recorded) -> None:
    found = node.value("aai_understanding")
    response = found["speech_understanding"]["response"]
    assert {name: part["status"] for name, part in response.items()} == dict.fromkeys(
        ("translation", "speaker_identification", "custom_formatting", "summarization", "action_items"), "success"
    )
    assert found["translated_texts"].keys() == {"de"}
    assert [utterance["speaker"] for utterance in found["utterances"]] == ["Buyer", "Seller"] * 2
    assert node.value("aai_transcript_after") == node.value("aai_transcript")
    assert node.value("aai_valid") is None


REFUSALS: dict[str, tuple[int, str, list[str] | None]] = {
    "bad_key": (401, "Authentication error, API token missing/invalid", None),
    "bad_model": (400, "invalid request body", ["model gpt is not supported"]),
    "no_transcript": (404, "transcript not found", None),
    "no_understanding": (404, "transcript not found", None),
    "invalid": (
        400,
        "invalid request body",
        ["speech_understanding.request.summarization.summary_type: Field required"],
    ),
    "too_many": (429, "too many requests for this action", None),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_reaches_the_caller(name: str, node: Recorded) -> None:
    found = node[f"aai_{name}"]
    status, message, problems = REFUSALS[name]
    assert (found["class"], found["status"], found["error"]) == ("LlmGatewayError", status, message)
    assert found.get("errors") == problems
    assert str(uuid.UUID(found["requestId"])) == found["requestId"]


def test_what_is_within_the_limit_is_answered(node: Recorded) -> None:
    assert node.message("aai_within_the_limit")["content"] == ANSWER


@pytest.mark.parametrize(
    ("name", "error", "status"),
    [
        ("bad_key", "AuthenticationError", 401),
        ("bad_model", "BadRequestError", 400),
        ("no_transcript", "NotFoundError", 404),
        ("too_many", "RateLimitError", 429),
        ("failure", "InternalServerError", 503),
    ],
)
def test_a_refusal_is_an_error_of_its_own_class(name: str, error: str, status: int, node: Recorded) -> None:
    assert (node[f"openai_{name}"]["class"], node[f"openai_{name}"]["status"]) == (error, status)


def test_the_client_tries_again_by_itself(node: Recorded) -> None:
    assert node.message("openai_retried")["content"] == "Here it is."


def test_how_many_requests_are_left_is_said(node: Recorded) -> None:
    found = node.value("openai_headers")
    assert found["content"] == ANSWER
    headers = {name: value for name, value in found["headers"].items() if name.startswith("x-ratelimit")}
    assert headers == {
        "x-ratelimit-limit": "30",
        "x-ratelimit-remaining": "29",
        "x-ratelimit-reset": "60",
        "x-ratelimit-model": GPT,
        "x-ratelimit-service": "llmgw",
    }


@pytest.mark.usefixtures("node")
def test_every_call_of_the_client_is_made() -> None:
    script = (NODE / "gateway.mjs").read_text()
    asked = (
        "import { LlmGatewayService } from 'assemblyai';"
        "console.log(JSON.stringify(Object.getOwnPropertyNames(LlmGatewayService.prototype)));"
    )
    found = subprocess.run(
        ["node", "--input-type=module", "-e", asked], capture_output=True, text=True, cwd=NODE, check=True
    )
    assert {name for name in json.loads(found.stdout) if f".{name}(" not in script} == {"constructor"}
