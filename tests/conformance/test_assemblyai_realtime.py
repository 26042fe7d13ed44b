"""An official Python client that still has realtime, unmodified, against a server that has it too, and one that has not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mockserver.embed import MockServer
from tests.conformance.test_assemblyai_lemur import LEGACY
from tests.realtime.client import pcm

SCRIPT = Path(__file__).parent / "realtime.py"
HELLO = "Hello and welcome. This is a short recording that was made for testing a transcription server."
Results = dict[str, Any]


def run(*arguments: str, **settings: Any) -> Results:
    if not (LEGACY / "assemblyai").is_dir():
        pytest.skip("the client with realtime is not installed (scripts/setup dev does that)")
    with MockServer(**settings) as mock:
        command = [sys.executable, "-S", "-W", "ignore", str(SCRIPT), mock.https_url or mock.url, *arguments]
        env = os.environ | mock.env | {"PYTHONPATH": str(LEGACY)}
        done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    results: Results = json.loads(done.stdout)
    return results


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("audio") / "hello.pcm"
    file.write_bytes(pcm("hello.wav"))
    return str(file)


@pytest.fixture(scope="module")
def results(audio: str) -> Results:
    return run(audio, quirks="realtime_v2")


def test_it_is_the_client_that_was_locked(results: Results) -> None:
    assert results["version"] == "0.64.0"


def test_a_recording_is_heard(results: Results) -> None:
    found = results["streamed"]
    assert " ".join(found["finals"]) == HELLO
    assert all(found["formatted"])
    assert found["partials"][0] == "hello"
    assert not found["errors"]


def test_a_session_is_opened_with_an_id_and_an_end_without_a_zone(results: Results) -> None:
    (session,) = results["streamed"]["sessions"]
    assert UUID(session).version == 4
    assert results["streamed"]["zones"] == [False]


def test_a_base_url_with_tls_is_all_that_it_needs(audio: str, results: Results) -> None:
    found = run(audio, quirks="realtime_v2", tls=True)
    assert found["streamed"]["words"] == found["token_session"]["words"] == results["streamed"]["words"]
    assert found["streamed"]["errors"] == []


def test_a_token_opens_a_session(results: Results) -> None:
    assert len(results["token"]) == 64
    assert results["token_session"]["words"] == results["streamed"]["words"]
    assert results["token_too_short"]["error"].startswith("Failed to create temporary token: Invalid endpoint schema")


def test_the_length_of_the_session_is_told_to_who_asks(results: Results) -> None:
    assert results["informed"]["information"] == [pytest.approx(len(pcm("hello.wav")) / 32_000, abs=0.001)]
    assert results["informed"]["words"] == results["streamed"]["words"]


def test_partials_can_be_switched_off(results: Results) -> None:
    assert results["finals_only"]["partials"] == []
    assert results["finals_only"]["words"] == results["streamed"]["words"]


def test_boosted_words_are_written_as_they_were_given(results: Results) -> None:
    assert " ".join(results["boosted"]["finals"]) == HELLO.replace("welcome", "WELCOME")


def test_mu_law_is_accepted(results: Results) -> None:
    assert results["mu_law"]["errors"] == []


def test_an_utterance_can_be_forced_to_end(results: Results) -> None:
    found = results["forced"]
    assert len(found["finals"]) > 1
    assert [word[1:] for word in found["words"]] == [word[1:] for word in results["streamed"]["words"]]


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("bad_rate", 4000, "Sample rate must be a positive integer"),
        ("bad_token", 4001, "Not Authorized"),
        ("bad_boost", 4104, "Could not parse word boost parameter"),
        ("too_long", 4033, "Audio duration is too long"),
        ("too_short", 4032, "Audio duration is too short"),
    ],
)
def test_errors_reach_the_caller(name: str, code: int, text: str, results: Results) -> None:
    assert [text, None] in results[name]["errors"]
    assert [text, code] in results[name]["errors"]


def test_today_the_client_cannot_connect() -> None:
    found = run()
    assert found["session"]["sessions"] == []
    ((error, _),) = found["session"]["errors"]
    assert error.startswith("Could not connect to the real-time service: ")
    assert "410" in error
    assert "404: Not Found" in found["token"]["error"]
