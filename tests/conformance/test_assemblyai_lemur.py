"""An official Python client that still has LeMUR, unmodified, against a server that still has it, and one that has not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO

ROOT = Path(__file__).parent.parent.parent
LEGACY = ROOT / ".venv" / "legacy"
SCRIPT = Path(__file__).parent / "lemur.py"
NOBODY = "00000000-0000-4000-8000-000000000000"
Results = dict[str, Any]


def run(**settings: Any) -> Results:
    if not (LEGACY / "assemblyai").is_dir():
        pytest.skip("the client with LeMUR is not installed (scripts/setup dev does that)")
    with MockServer(**settings) as mock:
        command = [sys.executable, "-S", "-W", "ignore", str(SCRIPT), mock.url, str(AUDIO / "interview.mp3")]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(LEGACY)})
    assert done.returncode == 0, done.stderr
    results: Results = json.loads(done.stdout)
    return results


@pytest.fixture(scope="module")
def results() -> Results:
    return run(quirks="lemur")


def test_it_is_the_client_that_was_locked(results: Results) -> None:
    assert results["version"] == "0.64.0"


@pytest.mark.parametrize("name", ["task", "task_async", "summary", "summary_async", "action_items", "action_items_async", "group"])  # fmt: skip
def test_text_is_answered_with_what_it_cost(name: str, results: Results) -> None:
    found = results[name]
    assert found["request_id"]
    assert isinstance(found["response"], str)
    assert found["response"]
    assert found["usage"]["input_tokens"] > 0
    assert found["usage"]["output_tokens"] > 0


def test_a_task_is_answered_from_the_transcript(results: Results) -> None:
    assert "In Rotterdam we measured that" in results["task"]["response"]
    assert results["task"]["response"] == results["task_async"]["response"]
    assert results["task"]["request_id"] != results["task_async"]["request_id"]


def test_a_summary_is_made_of_sentences_of_the_transcript(results: Results) -> None:
    assert all(part in results["text"] for part in results["summary"]["response"].split(". "))
    assert results["group"]["response"] == results["summary"]["response"]


def test_questions_are_answered_one_by_one(results: Results) -> None:
    first, second = results["question"]["response"]
    assert first["question"] == "What was surprising in Rotterdam?"
    assert "Rotterdam" in first["answer"]
    assert second == {"question": "Is it about trees or dogs?", "answer": "trees"}
    assert results["question_async"]["response"] == [first]


def test_action_items_are_found_in_text_that_is_sent(results: Results) -> None:
    assert results["action_items"]["response"] == "- We must send the invoice."


def test_an_answer_is_given_again_with_its_request(results: Results) -> None:
    for name in ("task", "question"):
        again, asked = results[f"{name}_again"], results[name]
        assert again["response"] == asked["response"]
        assert again["request_id"] == asked["request_id"]
        assert again == results[f"{name}_again_async"]
    request = results["task_again"]["request"]
    assert request["request_endpoint"] == "/lemur/v3/generate/task"
    assert request["prompt"] == "What did we measure in Rotterdam?"
    assert request["final_model"] == "anthropic/claude-3-haiku"
    assert request["created_at"]
    assert len(request["transcript_ids"]) == 1
    request = results["question_again"]["request"]
    assert (request["temperature"], request["max_output_size"]) == (0.5, 300)
    assert [question["question"] for question in request["questions"]] == [
        "What was surprising in Rotterdam?", "Is it about trees or dogs?",
    ]  # fmt: skip


def test_a_purged_answer_is_gone(results: Results) -> None:
    made = results["task"]["request_id"]
    assert results["purge"]["deleted"] is True
    assert results["purge"]["request_id_to_purge"] == made
    assert results["purge"]["request_id"] not in ("", made)
    assert results["purged"] == {
        "error": f"Failed to get LeMUR response data for provided request ID: {made}. Error: request id not found",
        "status": 400,
    }
    assert results["purge_async"]["request_id_to_purge"] == results["summary"]["request_id"]


def test_errors_reach_the_caller(results: Results) -> None:
    assert results["unknown_source"]["error"] == "failed to call Lemur task: each transcript source id must be valid"
    assert results["no_source"] == {
        "error": "failed to call Lemur task: Invalid endpoint schema, please refer to documentation for examples.",
        "status": 400,
    }
    assert results["unknown_get"]["error"] == (
        f"Failed to get LeMUR response data for provided request ID: {NOBODY}. Error: request id not found"
    )
    assert results["unknown_purge"]["error"] == (
        f"Failed to purge LeMUR request data for provided request ID: {NOBODY}. Error: request id not found"
    )


def test_today_every_call_is_answered_with_404() -> None:
    results = run()
    calls = {name: found for name, found in results.items() if name not in ("version", "text")}
    assert calls
    assert {found["status"] for found in calls.values()} == {404}
    assert all("Reason: 404: Not Found" in found["error"] for found in calls.values())
