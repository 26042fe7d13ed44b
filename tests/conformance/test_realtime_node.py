"""The official Node client's realtime, unmodified: it speaks over TLS only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mockserver.embed import MockServer
from tests.realtime.client import pcm

NODE = Path(__file__).parent.parent / "node"
HELLO = "Hello and welcome. This is a short recording that was made for testing a transcription server."
Results = dict[str, Any]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    if shutil.which("node") is None or not (NODE / "node_modules" / "assemblyai").is_dir():
        pytest.skip("the Node client is not installed (scripts/test does that where npm is there)")
    audio = tmp_path_factory.mktemp("audio") / "hello.pcm"
    audio.write_bytes(pcm("hello.wav"))
    with MockServer(quirks=["realtime_v2"], tls=True) as mock:
        command = ["node", str(NODE / "realtime.mjs"), mock.url, mock.https_url or "", str(audio)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | mock.env)
    assert done.returncode == 0, done.stderr
    found: Results = json.loads(done.stdout)
    return found


def test_a_recording_is_heard(results: Results) -> None:
    found = results["streamed"]
    assert " ".join(found["finals"]) == HELLO
    assert found["partials"][0] == "hello"
    assert found["dated"]
    assert found["errors"] == []


def test_a_session_has_an_id_and_an_end(results: Results) -> None:
    assert UUID(results["streamed"]["id"]).version == 4
    assert results["streamed"]["ends"]


def test_the_length_of_the_session_is_told(results: Results) -> None:
    assert results["streamed"]["information"] == [pytest.approx(len(pcm("hello.wav")) / 32_000, abs=0.001)]


def test_a_token_opens_a_session(results: Results) -> None:
    assert results["by_token"]["words"] == results["streamed"]["words"]


def test_partials_can_be_switched_off(results: Results) -> None:
    assert results["finals_only"]["partials"] == []
    assert results["finals_only"]["words"] == results["streamed"]["words"]


def test_boosted_words_are_written_as_they_were_given(results: Results) -> None:
    assert " ".join(results["boosted"]["finals"]) == HELLO.replace("welcome", "WELCOME")


def test_an_utterance_can_be_forced_to_end(results: Results) -> None:
    assert len(results["forced"]["finals"]) > 1
    assert [word[1:] for word in results["forced"]["words"]] == [word[1:] for word in results["streamed"]["words"]]


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [("bad_rate", 4000, "Sample rate must be a positive integer"), ("bad_key", 4001, "Not Authorized")],
)
def test_a_refused_session_cannot_connect(name: str, code: int, text: str, results: Results) -> None:
    assert results[name]["refusal"] == f"Realtime connection closed before session started: {code} {text}"


def test_errors_reach_the_caller(results: Results) -> None:
    assert results["too_long"]["errors"] == ["Audio duration is too long"]
    assert results["too_long"]["closes"] == [[4033, "Audio duration is too long"]]
