"""The list of models, and files that add to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from mockserver.settings import SettingsError
from tests.conftest import api_of
from tests.gateway.conftest import Gateway

NEEDED = {
    "id", "name", "description", "default_parameters", "supported_parameters", "top_provider", "context_length",
    "pricing", "creator", "retirement_date", "available_regions", "providers", "default_provider",
}  # fmt: skip


def listed(url: str, host: str | None = None) -> dict[str, dict[str, Any]]:
    reply = httpx.get(f"{url}/v1/models", headers={"Host": host} if host else {})
    assert reply.status_code == 200
    assert set(reply.json()) == {"data"}
    return {model["id"]: model for model in reply.json()["data"]}


def test_every_model_has_every_field_and_no_key_is_needed(server: MockServer) -> None:
    models = listed(server.url)
    assert len(models) > 30
    for model in models.values():
        assert set(model) == NEEDED
        assert model["top_provider"]["context_length"] == model["context_length"] > 0
        assert model["default_provider"] == model["providers"][0]
        assert set(model["default_provider"]) == {"id", "name"}
        assert model["pricing"]["global"].keys() >= {"prompt", "completions"}


def test_a_list_that_is_asked_for_with_a_key_is_in_the_journal_of_that_key(gateway: Gateway) -> None:
    reply = gateway.api.http.get("/v1/models")
    (entry,) = gateway.api.control.get("/journal").json()["requests"]
    assert (entry["path"], entry["request_id"]) == ("/v1/models", reply.headers["x-request-id"])


@pytest.mark.parametrize("model", ["gpt-5", "gpt-oss-120b", "kimi-k2.5", "qwen3-32B", "gemini-3.1-flash-lite-preview"])
def test_europe_has_fewer_models_by_host_or_setting(model: str, server: MockServer, gateway: Gateway) -> None:
    host = "llm-gateway.eu.assemblyai.com"
    everywhere, in_europe = listed(server.url), listed(server.url, host)
    assert {entry["creator"] for entry in in_europe.values()} == {"Anthropic", "Google"}
    assert model in everywhere.keys() - in_europe.keys()
    asked = {"model": model, "prompt": "a"}
    assert gateway.post(asked).status_code == 200
    refused = gateway.post(asked, headers={"Host": host})
    assert refused.json()["metadata"]["errors"] == [f"model {model} is not supported"]


def test_the_region_is_a_setting_that_a_host_overrules() -> None:
    with MockServer(region="eu") as mock:
        assert "gpt-5" not in listed(mock.url)
        assert "gpt-5" in listed(mock.url, "llm-gateway.us.example:4747")


def test_every_listed_model_answers(gateway: Gateway) -> None:
    for model in listed(gateway.api.url):
        assert gateway.say(model=model) == "You said: Hello"


def test_retired_models_answer_but_are_not_listed(gateway: Gateway) -> None:
    for model in ("claude-3-haiku-20240307", "claude-opus-4-20250514", "claude-sonnet-4-20250514"):
        assert model not in listed(gateway.api.url)
        assert gateway.say(model=model) == "You said: Hello"


OWN = """
[kinds.house]
creator = "House"
finish_reasons = { stop = "done", length = "full", tool_calls = "tools" }
without = ["tools"]

[[models]]
id = "house-1"
kind = "house"
context_length = 1000

[kinds.openai]
creator = "Open AI"

[[models]]
id = "gpt-5"
kind = "openai"
name = "Ours"
"""


def test_a_file_adds_and_changes_models(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text(OWN)
    with MockServer(models=(file,)) as mock:
        models = listed(mock.url)
        assert (models["house-1"]["creator"], models["house-1"]["context_length"]) == ("House", 1000)
        assert (models["gpt-5"]["name"], models["gpt-5"]["creator"]) == ("Ours", "Open AI")
        assert models["gpt-5"]["context_length"] == 400_000
        assert "claude-sonnet-5" in models
        gateway = Gateway(api_of(mock.url))
        assert gateway.ask(model="house-1", max_tokens=2)["choices"][0]["finish_reason"] == "full"
        tool = {"type": "function", "function": {"name": "a"}}
        assert gateway.refused(model="house-1", tools=[tool]) == ["model house-1 does not support tools"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[models]]\nname = 'a'", "a model without id: id: Field required"),
        ("[[models]]\nid = 'a'\nkind = 'b'", "a: there is no kind 'b'; there are: other, claude"),
        ("[[models]]\nid = 'a'\ncolour = 'b'", "a: unknown field colour"),
        ("[[models]]\nid = 'a'\ncontext_length = 'b'", "a: context_length: Input should be a valid integer"),
        ("[[models]]\nid = 'a'\nproviders = []", "a: providers: List should have at least 1 item"),
        ("[[models]]\nid = 'a'\nretirement_date = 99999999999999999999999", "a: retirement_date: "),
        ("[[models]]\nid = 'a'\npricing = {global = {prompt = 1e99, completions = 1}}", "a: pricing.global.prompt: "),
        ("[[models]]\nid = 'a'\nfinish_reasons = {stop = 'stop'}", "a: finish_reasons.length: Field required"),
        ('[[models]]\nid = "a\\r\\nX-Forged: 1"', ": id: String should match pattern"),
        ("[[models]]\nid = 'é'", ": id: String should match pattern"),
        ("[[models]]\nid = 'a'\ncontext_length = -5", "a: context_length: "),
        ("[kinds.other]\ncolour = 1", "kind other: unknown field colour"),
        ("models = 4", "models: Input should be a valid list"),
        ("[[models", "models.toml: "),
        ("[kinds.claude]\n[[models]]\nid = 'a'\nkind = 'claude'\nwithout = 4", "a: without: "),
        ("[[models]]\nid = 'a'\nkind = []", "a: there is no kind '[]'"),
    ],
)
def test_a_file_with_a_mistake_is_refused_at_the_start(text: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught, MockServer(models=(file,)):
        pass
    assert str(caught.value).startswith(f"models: {tmp_path}")
    assert problem in str(caught.value)


def test_a_small_model_leaves_half_of_its_context_to_the_answer(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text("[[models]]\nid = 'small'\ncontext_length = 40")
    with MockServer(models=(file,)) as mock:
        gateway = Gateway(api_of(mock.url))
        assert gateway.ask(model="small")["request"]["max_tokens"] == 20
        assert gateway.refused(model="small", messages=[{"role": "user", "content": "word " * 40}]) == [
            "model context limit exceeded"
        ]


def test_a_file_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml"), MockServer(models=(tmp_path / "nowhere.toml",)):
        pass
