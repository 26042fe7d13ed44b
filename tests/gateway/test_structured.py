"""Answers and arguments that are valid under the schema that was sent."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from tests.conftest import AUDIO
from tests.gateway.conftest import SAID, TALKS, Answering, Gateway

MEETING = {
    "$defs": {
        "Task": {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "assignee": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "priority": {"enum": ["low", "high"]},
                "subtasks": {"type": "array", "items": {"$ref": "#/$defs/Task"}},
            },
            "required": ["title", "assignee", "priority", "subtasks"],
            "additionalProperties": False,
        }
    },
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "tasks": {"type": "array", "items": {"$ref": "#/$defs/Task"}, "minItems": 2},
    },
    "required": ["summary", "confidence", "tasks"],
    "additionalProperties": False,
}


def as_format(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "made", "schema": schema, "strict": True}}


def test_an_answer_is_valid_and_the_same_every_time(gateway: Gateway) -> None:
    texts = [gateway.say("Plan the meeting", response_format=as_format(MEETING)) for _ in range(2)]
    assert texts[0] == texts[1]
    jsonschema_rs.validate(MEETING, json.loads(texts[0]))


def test_an_answer_says_what_the_transcript_says(gateway: Gateway) -> None:
    job = gateway.api.submit(TALKS)
    text = gateway.say("Summarise {{ transcript }}", transcript_id=job, response_format=as_format(MEETING))
    assert json.loads(text)["summary"] in SAID


FACTS = {
    "type": "object",
    "properties": {
        "customer_name": {"type": "string"},
        "company": {"type": "string"},
        "order_number": {"type": "string"},
        "city": {"type": "string"},
        "mood": {"enum": ["positive", "neutral", "negative"]},
        "language_code": {"type": "string"},
    },
    "required": ["customer_name", "company", "order_number", "city", "mood", "language_code"],
}


def test_an_extraction_finds_the_facts_of_a_recording(gateway: Gateway) -> None:
    job = gateway.api.submit(gateway.api.upload((AUDIO / "support-call.mp3").read_bytes()))
    asked = {"response_format": as_format(FACTS), "transcript_id": job}
    assert json.loads(gateway.say("Extract the facts. {{ transcript }}", **asked)) == {
        "customer_name": "Maria",
        "company": "Northwind Support",
        "order_number": "48213",
        "city": "Chicago",
        "mood": "positive",
        "language_code": "en",
    }


def test_arguments_are_what_the_user_says(gateway: Gateway) -> None:
    properties = {
        "guest": {"type": "string"},
        "people": {"type": "integer"},
        "email": {"type": "string", "format": "email"},
        "date": {"type": "string", "format": "date"},
    }
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    tool = {"type": "function", "function": {"name": "book_table", "parameters": parameters}}
    text = "Book a table for 4 for Anna Miller, anna@acme.test, on 2026-03-05"
    (call,) = gateway.ask(text, tools=[tool])["choices"][0]["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {
        "guest": "Anna Miller", "people": 4, "email": "anna@acme.test", "date": "2026-03-05",
    }  # fmt: skip


def test_a_text_without_full_stops_is_no_obstacle(gateway: Gateway) -> None:
    text = gateway.say(f"Summarize this:\n{'and so on ' * 5000}", response_format=as_format(MEETING))
    jsonschema_rs.validate(MEETING, json.loads(text))
    assert json.loads(text)["summary"].startswith("and so on and so on")


def test_nothing_is_invented_about_silence(gateway: Gateway) -> None:
    job = gateway.api.submit(gateway.api.upload((AUDIO / "silence.wav").read_bytes()))
    assert gateway.say("Summarize {{ transcript }}", transcript_id=job) == "Nothing is said in the transcript."


def test_different_requests_get_different_answers(gateway: Gateway) -> None:
    schema = as_format({"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]})
    assert len({gateway.say(f"Person {number}", response_format=schema) for number in range(8)}) > 1


def test_any_json_object_is_an_object(gateway: Gateway) -> None:
    assert json.loads(gateway.say(response_format={"type": "json_object"})) == {"answer": "You said: Hello"}
    assert gateway.say(response_format={"type": "text"}) == "You said: Hello"


def test_an_answer_is_shorter_rather_than_cut(gateway: Gateway) -> None:
    sizes = []
    for most in (5000, 200, 110):
        reply = gateway.ask("Plan the meeting", response_format=as_format(MEETING), max_tokens=most)
        jsonschema_rs.validate(MEETING, json.loads(reply["choices"][0]["message"]["content"]))
        assert reply["choices"][0]["finish_reason"] == "stop"
        sizes.append(reply["usage"]["completion_tokens"])
    assert sizes[0] > 200 >= sizes[1]
    assert sizes[2] <= 110
    assert gateway.ask(response_format=as_format(MEETING), max_tokens=5)["choices"][0]["finish_reason"] == "length"


def test_a_stream_says_the_same_json(gateway: Gateway) -> None:
    whole = gateway.say("Plan", response_format=as_format(MEETING))
    chunks = gateway.stream("Plan", response_format=as_format(MEETING))
    assert "".join(c["delta"].get("content", "") for chunk in chunks for c in chunk["choices"]) == whole


def test_arguments_are_valid_under_the_parameters_of_the_tool(gateway: Gateway) -> None:
    tool = {"type": "function", "function": {"name": "plan_meeting", "parameters": MEETING}}
    (call,) = gateway.ask("Plan it", tools=[tool])["choices"][0]["message"]["tool_calls"]
    jsonschema_rs.validate(MEETING, json.loads(call["function"]["arguments"]))


def test_arguments_that_a_fixture_leaves_open_are_valid_too(answering: Answering) -> None:
    gateway = answering("answer: {tool_calls: [{name: plan}, {name: plan}, {name: unknown}]}")
    tool = {"type": "function", "function": {"name": "plan", "parameters": MEETING}}
    calls = gateway.ask("Hello", tools=[tool])["choices"][0]["message"]["tool_calls"]
    first, second, unknown = [json.loads(call["function"]["arguments"]) for call in calls]
    for arguments in (first, second):
        jsonschema_rs.validate(MEETING, arguments)
    assert first != second
    assert unknown == {}
    assert len({call["id"] for call in calls}) == 3


def test_it_is_told_whether_the_answer_or_a_tool_cannot_be_made(gateway: Gateway) -> None:
    tool = {"type": "function", "function": {"name": "a", "parameters": {"not": {}}}}
    (problem,) = gateway.refused(response_format=as_format(FACTS), tools=[tool], tool_choice="required")
    assert problem.startswith("tools is invalid: ")


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "strnig"}, "strnig"),
        ({"$ref": "https://example.com/schema.json"}, "example.com"),
        ({"$ref": "#/$defs/nothing"}, "nothing"),
        ({"not": {}}, "not"),
        ({"type": "array", "items": {}, "minItems": 10**9}, "minItems"),
        ({"type": "string", "pattern": "("}, "pattern"),
        ({"$ref": "#"}, "$ref"),
    ],
)
def test_a_schema_that_cannot_be_satisfied_is_refused(schema: Any, why: str, gateway: Gateway) -> None:
    (problem,) = gateway.refused(response_format=as_format(schema))
    assert problem.startswith("response_format is invalid: ")
    assert why in problem
    tool = {"type": "function", "function": {"name": "a", "parameters": schema}}
    (problem,) = gateway.refused(tools=[tool], tool_choice="required")
    assert problem.startswith("tools is invalid: ")
