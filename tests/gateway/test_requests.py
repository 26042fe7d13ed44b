"""What chat requests are refused for, and how."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.gateway.conftest import MODEL, Gateway

HELLO = [{"role": "user", "content": "Hello"}]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"messages": None}, "one of messages or prompt required"),
        ({"messages": []}, "one of messages or prompt required"),
        ({"model": "gpt-99"}, "model gpt-99 is not supported"),
        ({"model": "Claude-Sonnet-5"}, "model Claude-Sonnet-5 is not supported"),
        ({"model": "gpt-4.1", "response_format": SCHEMA}, "model gpt-4.1 does not support response_format"),
        ({"model": "gpt-oss-20b", "stream": True}, "model gpt-oss-20b does not support stream"),
        ({"model": "gpt-5", "top_k": 4}, "model gpt-5 does not support top_k"),
        ({"model": "gpt-5", "top_k": 0}, "model gpt-5 does not support top_k"),
        ({"tool_choice": "required"}, "tool_choice is invalid: there are no tools"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"x": "y" * 300_000}}}},
         "response_format and tools are invalid: their schemas are larger than 262144 bytes"),
        ({"fallbacks": [{"model": "gpt-99"}]}, "model gpt-99 is not supported"),
        ({"fallbacks": [{"model": "gpt-5", "top_k": 4}]}, "model gpt-5 does not support top_k"),
        ({"model_region": "eu"}, "model_region can only be set to global"),
        ({"fallback_config": {"depth": 3}}, "fallback_config depth cannot be greater than 2"),
        ({"response_format": {"type": "json_schema"}}, "response_format is invalid: json_schema.schema is required"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}, "tools": [TOOL]},
         "tool_choice is invalid: no tool is named x"),
        ({"messages": [{"role": "tool", "content": "1"}]}, "messages.0: tool_call_id is required for role tool"),
        ({"messages": [{"role": "user"}]}, "messages.0: content is required"),
        ({"messages": [{"role": "assistant", "content": None}]}, "messages.0: content is required"),
        ({"messages": [{"role": "user", "content": "word " * 500_000}]}, "model context limit exceeded"),
        ({"max_tokens": 400_000}, "model context limit exceeded"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"temperature": 2.1}, "temperature: Input should be less than or equal to 2"),
        ({"messages": [{"role": "developer", "content": "a"}]},
         "messages.0.role: Input should be 'user', 'assistant', 'system' or 'tool'"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "text": "a"}]}]},
         "messages.0.content.0.type: Input should be 'text'"),
        ({"fallbacks": [{"model": "gpt-5", "temperature": "hot"}]},
         "fallbacks: temperature: Input should be a valid number"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_refused_with_what_is_wrong(fields: dict[str, Any], problem: str, gateway: Gateway) -> None:
    assert problem in gateway.refused(**fields)


def test_every_problem_is_told_at_once(gateway: Gateway) -> None:
    problems = gateway.refused(model="gpt-oss-20b", stream=True, response_format=SCHEMA, model_region="eu")
    assert set(problems) == {
        "model_region can only be set to global",
        "model gpt-oss-20b does not support stream",
        "model gpt-oss-20b does not support response_format",
    }


def test_what_is_switched_off_needs_no_support(gateway: Gateway) -> None:
    assert gateway.say(model="gpt-oss-20b", stream=False, response_format=None, tools=[]) == "You said: Hello"


def test_fields_that_nobody_knows_are_accepted_unless_the_settings_say_otherwise(gateway: Gateway) -> None:
    assert gateway.ask(stop=["x"], seed=4, n=1, user="me")["request"]["seed"] == 4
    with MockServer(unknown_params="reject") as mock:
        reply = httpx.post(
            f"{mock.url}/v1/chat/completions",
            json={"model": MODEL, "prompt": "a", "sede": 4},
            headers={"Authorization": "k"},
        )
    assert reply.json()["metadata"]["errors"] == ["unknown field sede"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff", b'{"a":"\\ud800"}', b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes, gateway: Gateway) -> None:
    reply = gateway.api.http.post("/v1/chat/completions", content=body)
    assert (reply.status_code, reply.json()["message"]) == (400, "invalid request body")


@pytest.mark.parametrize("depth", [240, 252, 253, 254, 255, 300, 900, 1023, 1024, 5000])
@pytest.mark.parametrize("field", ["x", "cache_control"])
def test_deep_nesting_is_answered_or_refused(depth: int, field: str, gateway: Gateway) -> None:
    nested = b"[" * depth + b"]" * depth
    value = b'{"a": %s}' % nested if field == "cache_control" else nested
    body = b'{"model": "gpt-5", "prompt": "a", "%s": %s}' % (field.encode(), value)
    reply = gateway.api.http.post("/v1/chat/completions", content=body)
    assert reply.status_code == (200 if depth < 250 else 400)
    fallback = (
        b'{"model": "gpt-5", "prompt": "mock: 503", "fallbacks": [{"model": "gpt-5-mini", "prompt": "a", "x": %s}]}'
    )
    assert gateway.api.http.post("/v1/chat/completions", content=fallback % nested).status_code == reply.status_code


def test_what_a_client_sends_cannot_forge_lines_of_the_log(gateway: Gateway, capfd: pytest.CaptureFixture[str]) -> None:
    with MockServer(log_requests=True) as mock:
        headers = {"Authorization": "k"}
        body = {"model": "gpt-5\r\nforged: line\x1b[31m", "prompt": "a"}
        reply = httpx.post(f"{mock.url}/v1/chat/completions", json=body, headers=headers)
        assert reply.headers["x-mock-hint"] == "model gpt-5 forged: line [31m is not supported"
    lines = capfd.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("forged") or "\x1b" in line] == []
    assert any(line.endswith("note=model gpt-5 forged: line [31m is not supported") for line in lines)


@pytest.mark.parametrize("path", ["/v1/nope", "/v1/chat/completions/", "/v1"])
def test_an_unknown_path_is_refused_in_the_form_of_the_service(path: str, gateway: Gateway) -> None:
    reply = gateway.api.http.get(path)
    assert reply.status_code == 404
    assert reply.json() == {"request_id": reply.headers["x-request-id"], "message": "not found", "code": 404}
    assert gateway.api.http.get("/v2/nope").headers["content-type"].startswith("text/html")
    assert gateway.api.http.get("/nope").headers["content-type"].startswith("text/html")


def test_a_key_is_needed_with_or_without_bearer(gateway: Gateway) -> None:
    def status(authorization: str) -> int:
        headers = {"Authorization": authorization}
        return gateway.post({"model": MODEL, "prompt": "a"}, headers=headers).status_code

    assert status(f"Bearer {gateway.api.key}") == status(f"bearer  {gateway.api.key}") == status(gateway.api.key) == 200
    assert status("Bearer") == status("Bearer invalid") == status("invalid") == 401


def test_a_missing_key_and_a_wrong_one_are_told_apart(server: MockServer) -> None:
    url = f"{server.url}/v1/chat/completions"
    missing, wrong = httpx.post(url), httpx.post(url, headers={"Authorization": "Bearer invalid"})
    assert missing.json()["error"].startswith("Your account does not have access to LLM Gateway.")
    assert wrong.json() == {
        "error": "Authentication error, API token missing/invalid",
        "status": "error",
        "request_id": wrong.headers["x-request-id"],
    }


def test_errors_are_nested_with_a_quirk() -> None:
    with MockServer(quirks=("nested_errors",)) as mock:
        url, headers = f"{mock.url}/v1/chat/completions", {"Authorization": "k"}
        wrong = httpx.post(url, json={"model": MODEL}, headers=headers)
        assert wrong.json() == {
            "error": {
                "code": 400,
                "message": "invalid request body",
                "metadata": {"errors": ["one of messages or prompt required"]},
            },
            "request_id": wrong.headers["x-request-id"],
        }
        unknown = httpx.get(url, headers=headers)
        assert unknown.json()["error"] == {"code": 405, "message": "method not allowed", "metadata": {}}


def test_a_broken_service_answers_in_the_same_form(gateway: Gateway) -> None:
    gateway.api.control.patch("/terms", json={"failing": 503})
    reply = gateway.post({"model": MODEL, "prompt": "a"})
    assert reply.status_code == 503
    assert reply.json() == {
        "request_id": reply.headers["x-request-id"],
        "message": "service unavailable",
        "code": 503,
    }


def test_a_body_that_is_too_large_gives_413() -> None:
    with MockServer(body_bytes=1000) as mock:
        headers = {"Authorization": "k"}
        body = {"model": MODEL, "prompt": "a" * 2000}
        reply = httpx.post(f"{mock.url}/v1/chat/completions", json=body, headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (413, 413)


def test_a_body_without_end_is_refused_while_it_still_comes() -> None:
    with MockServer(body_bytes=100_000) as mock:
        address = mock.url.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=30) as connection:
            head = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: k\r\nTransfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head.encode())
            for _ in range(30):
                connection.sendall(b"1000\r\n" + b"a" * 0x1000 + b"\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_huge_transcript_id_is_no_burden_to_the_journal(gateway: Gateway) -> None:
    asked = {"model": MODEL, "prompt": "{{ transcript }}", "transcript_id": "x" * 1_000_000}
    assert gateway.post(asked).status_code == 404
    (entry,) = gateway.api.control.get("/journal").json()["requests"]
    assert len(str(entry)) < 2000
