"""The official Node client, unmodified: one process makes every call, and each test looks at one promise."""

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
SAID = "Hello and welcome. This is a short recording that was made for testing a transcription server."


class Recorded(dict[str, dict[str, Any]]):
    """What every call returned, or the message of its error."""

    def value(self, name: str) -> Any:
        assert "error" not in self[name], self[name]
        return self[name]["value"]


@pytest.fixture(scope="module")
def node() -> Recorded:
    if shutil.which("node") is None or not (NODE / "node_modules" / "assemblyai").is_dir():
        pytest.skip("the Node client is not installed (scripts/test does that where npm is there)")
    with MockServer(quirks=["realtime_v2"]) as mock:
        command = ["node", str(NODE / "conformance.mjs"), mock.url, str(AUDIO)]
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Recorded(json.loads(done.stdout))


@pytest.mark.parametrize(
    "name",
    [
        "upload_path", "upload_buffer", "upload_node_stream", "upload_web_stream", "upload_data_url", "transcribe_path",
        "transcribe_buffer",
    ],
)  # fmt: skip
def test_audio_is_heard_however_it_is_uploaded(name: str, node: Recorded) -> None:
    assert node.value(name) == SAID


def test_a_submitted_job_is_queued_and_completes_when_waited_for(node: Recorded) -> None:
    submitted, completed = node.value("submit"), node.value("wait_until_ready")
    assert (submitted["status"], submitted["text"]) == ("queued", None)
    assert (completed["id"], completed["status"]) == (submitted["id"], "completed")
    assert completed["text"]
    assert node["wait_too_long"] == {"error": "Polling timeout"}


def test_the_old_name_of_transcribe_works(node: Recorded) -> None:
    assert node.value("create")["text"] == SAID


def test_a_transcript_is_found_by_its_id(node: Recorded) -> None:
    assert node.value("get") == node.value("transcribe")
    assert {utterance["speaker"] for utterance in node.value("get")["utterances"]} == {"A", "B"}


def test_a_failed_job_says_why(node: Recorded) -> None:
    assert node.value("failed")["status"] == "error"
    assert node.value("failed")["error"] == "Transcoding failed. Please try again."


@pytest.mark.parametrize("name", ["sentences", "paragraphs"])
def test_sentences_and_paragraphs_are_the_text(name: str, node: Recorded) -> None:
    parts = node.value(name)[name]
    assert len(parts) > 3
    assert " ".join(part["text"] for part in parts) == node.value("transcribe")["text"]
    assert [word for part in parts for word in part["words"]] == node.value("transcribe")["words"]


def test_words_and_phrases_are_found(node: Recorded) -> None:
    found = node.value("word_search")
    words = node.value("transcribe")["words"]
    assert found["total_count"] == sum(match["count"] for match in found["matches"])
    tree, helen = found["matches"]
    assert {words[place]["text"].strip(".,").lower() for place in tree["indexes"]} == {"tree"}
    assert helen["count"] == 2


def cues(captions: str) -> list[str]:
    return [block.split("-->")[1].split("\n", 1)[1] for block in captions.strip().split("\n\n") if "-->" in block]


@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_captions_are_the_text_in_lines_of_the_length_asked_for(form: str, node: Recorded) -> None:
    usual, short = cues(node.value(form)), cues(node.value(f"{form}_32"))
    assert " ".join(usual) == " ".join(short) == node.value("transcribe")["text"]
    assert max(map(len, short)) <= 32
    assert len(short) > len(usual)
    assert node.value(form).startswith({"srt": "1\n00:00:00,", "vtt": "WEBVTT\n"}[form])


def test_redacted_audio_is_downloaded(node: Recorded) -> None:
    located = node.value("redacted_audio")
    assert located["status"] == "redacted_audio_ready"
    assert f"{node.value('redacted')['id']}.mp3?" in located["redacted_audio_url"]
    assert node.value("redactions")["status"] == "redacted_audio_ready"
    assert node.value("redacted_audio_file") > 10_000
    assert "######" in node.value("redacted")["text"]


def test_redacted_audio_that_is_not_there_is_said_to_be_so(node: Recorded) -> None:
    assert node["redacted_audio_unready"] == {"error": "Redacted audio status is processing"}
    assert node["redacted_audio_unasked"] == {"error": "The redacted audio is not available."}


def test_the_list_has_dates_and_links(node: Recorded) -> None:
    listed = node.value("list")
    assert listed["dates"]
    assert listed["urls"] == ["https://example.com/a.mp3"] * 2
    assert (listed["details"]["limit"], listed["details"]["result_count"]) == (2, 2)
    assert node.value("list_completed_dates") is True


def test_every_page_of_the_list_is_reached_through_its_links(node: Recorded) -> None:
    made, pages = node.value("pages")["made"], node.value("pages")["pages"]
    assert [transcript for page in pages for transcript in page] == made[::-1]
    assert list(map(len, pages)) == [3, 3, 1]
    assert node.value("back_to_newer")[-1] == made[2]


def test_the_list_is_filtered_by_status(node: Recorded) -> None:
    (item,) = node.value("list_failed")["transcripts"]
    assert (item["id"], item["error"]) == (node.value("failed")["id"], "Transcoding failed. Please try again.")


def test_a_deleted_transcript_is_scrubbed(node: Recorded) -> None:
    deleted = node.value("delete")
    assert deleted["id"] == node.value("transcribe")["id"]
    assert (deleted["text"], deleted["words"]) == ("Deleted by user.", None)
    assert deleted["audio_url"] == "http://deleted_by_user"
    assert node.value("get_deleted") == deleted


def test_a_realtime_token_is_made(node: Recorded) -> None:
    assert len(node.value("token")) == 64


SCHEMA = "Invalid endpoint schema, please refer to documentation for examples."


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("token_too_short", SCHEMA),
        ("unknown_id", "Transcript lookup error, transcript id not found"),
        ("unknown_deletion", "Transcript lookup error, transcript id not found"),
        ("unknown_format", "404: Not Found"),
        ("bad_key", "Authentication error, API token missing/invalid"),
        ("bad_key_upload", "Authentication error, API token missing/invalid"),
        (
            "unfinished",
            "This transcript has a status of 'processing'. Transcripts must have a status of 'completed' before "
            "requesting captions.",
        ),
        ("foreign_upload", "Cannot access uploaded file"),
        (
            "empty_upload",
            "Upload failed, please try again. If you continue to have issues please reach out to support@assemblyai.com",
        ),
        (
            "bad_models",
            '"speech_models" must be a non-empty list containing one or more of: '
            '"universal-3-pro", "universal-2", "universal-3-5-pro"',
        ),
        ("bad_language", "The following models are not available in this language: auto_chapters"),
        ("bad_type", SCHEMA),
    ],
)
def test_the_texts_of_refusals_reach_the_caller(name: str, text: str, node: Recorded) -> None:
    assert node[name] == {"error": text}


@pytest.mark.usefixtures("node")
def test_every_call_of_the_client_is_made() -> None:
    script = (NODE / "conformance.mjs").read_text()
    asked = (
        "import { TranscriptService, FileService } from 'assemblyai';"
        "const names = (service) => Object.getOwnPropertyNames(service.prototype);"
        "console.log(JSON.stringify([...names(TranscriptService), ...names(FileService)]));"
    )
    found = subprocess.run(
        ["node", "--input-type=module", "-e", asked], capture_output=True, text=True, cwd=NODE, check=True
    )
    assert {name for name in json.loads(found.stdout) if f".{name}(" not in script} == {"constructor"}
