"""Sync STT through the official Node client, unmodified: one process makes every call."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO

NODE = Path(__file__).parent.parent / "node"
HELLO = AUDIO / "hello.wav"
SAID = "Hello and welcome. This is a short recording that was made for testing a transcription server."
Recorded = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    if shutil.which("node") is None or not (NODE / "node_modules" / "assemblyai").is_dir():
        pytest.skip("the Node package assemblyai is not installed (scripts/test does that where npm is there)")
    samples = tmp_path_factory.mktemp("node") / "hello.pcm"
    samples.write_bytes(HELLO.read_bytes()[44:])
    with MockServer() as mock:
        command = ["node", str(NODE / "sync.mjs"), mock.url, str(HELLO), str(samples)]
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: Recorded = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "name",
    ["path", "bytes", "buffer", "blob", "data", "stream", "samples", "timed", "live", "live_stream", "pushed", "piped"],
)
def test_audio_is_transcribed_however_it_is_given(name: str, node: Recorded) -> None:
    assert "error" not in node[name], node[name]
    found = node[name]["value"]
    assert (found["text"], found["audio_duration_ms"]) == (SAID, 7505)
    assert [word["text"] for word in found["words"]] == SAID.split()
    assert ("start" in found["words"][0]) == (name == "timed")


def test_every_option_is_taken(node: Recorded) -> None:
    assert node["everything"]["value"]["text"] == SAID.replace("welcome.", "Welcome.")
    assert node["everything"]["value"]["words"][0]["start"] == 240


def test_a_session_is_closed_or_given_up(node: Recorded) -> None:
    assert node["pushed"]["value"]["closed"] is True
    assert node["given_up"]["error"] == "the live session was aborted; there is no result"


def test_a_connection_is_warmed(node: Recorded) -> None:
    assert (node["warm"]["value"], node["warm_nowhere"]["value"]) == (True, False)


@pytest.mark.parametrize(
    ("name", "message", "status", "code", "retry_after"),
    [
        ("bad_model", "Not found", 404, None, None),
        ("bad_audio", "malformed WAV: missing RIFF/WAVE preamble", 400, "bad_audio", None),
        ("bad_key", "Invalid API key", 404, "not_found", None),
        ("bad_key_live", "Invalid API key", 404, "not_found", None),
        ("audio_too_large", "audio duration 130000 ms exceeds limit 120000 ms", 413, "audio_too_large", None),
        ("capacity_exceeded", "server is at capacity", 503, "capacity_exceeded", 1),
        ("inference_timeout", "inference exceeded the deadline of 30 s", 504, "inference_timeout", None),
        ("rate_limited", "Rate limit exceeded", 429, "too_many_requests", 1),
        ("service_unavailable", "the model is still loading", 503, "service_unavailable", None),
    ],
)
def test_a_refusal_is_an_error_with_its_code(
    name: str, message: str, status: int, code: str | None, retry_after: int | None, node: Recorded
) -> None:
    found = node[name]
    assert found["kind"] == "SyncTranscriptError"
    assert [found.get(each) for each in ("error", "status", "errorCode", "retryAfter")] == [
        message, status, code, retry_after,
    ]  # fmt: skip


@pytest.mark.usefixtures("node")
def test_every_call_of_the_client_is_made() -> None:
    script = (NODE / "sync.mjs").read_text()
    asked = (
        "import { SyncTranscriber, SyncLiveSession } from 'assemblyai';"
        "const of = (kind) => Object.getOwnPropertyNames(kind.prototype);"
        "console.log(JSON.stringify([...of(SyncTranscriber), ...of(Object.getPrototypeOf(SyncLiveSession))]));"
    )
    found = subprocess.run(
        ["node", "--input-type=module", "-e", asked], capture_output=True, text=True, cwd=NODE, check=True
    )
    missing = {name for name in json.loads(found.stdout) if f".{name}" not in script}
    assert missing == {"constructor", "postLive"}
