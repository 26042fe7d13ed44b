"""What the official Python client offers for recordings is used by a test: nothing new goes unnoticed."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import assemblyai as aai
import pytest

FOLDER = Path(__file__).parent


def parsed(name: str) -> ast.Module:
    return ast.parse((FOLDER / name).read_text())


def attributes(*names: str) -> set[str]:
    """Every attribute that the code of these files names."""
    nodes = (node for name in names for node in ast.walk(parsed(name)))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def keywords(*called: str) -> set[str]:
    """Every keyword with which something of this name is called in the tests."""
    found: set[str] = set()
    for path in FOLDER.glob("test_assemblyai_python*.py"):
        for node in ast.walk(parsed(path.name)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("aai.") in called:
                found |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return found


SYNC = [
    "test_assemblyai_python.py", "test_assemblyai_python_transcripts.py", "test_assemblyai_python_options.py",
    "test_assemblyai_python_errors.py",
]  # fmt: skip
ASYNC = ["test_assemblyai_python_async.py"]
INTERNAL = {"from_response"}
"""What is public by its name only: it takes a reply that the client has parsed already."""


@pytest.mark.parametrize("offered", [aai.Transcriber, aai.Transcript, aai.TranscriptGroup], ids=lambda c: c.__name__)
def test_every_public_name_is_used(offered: type) -> None:
    public = {name for name in dir(offered) if not name.startswith("_")}
    assert public - attributes(*SYNC) - INTERNAL == set()


@pytest.mark.parametrize("offered", [aai.AsyncTranscriber, aai.AsyncTranscript], ids=lambda c: c.__name__)
def test_every_public_coroutine_is_used(offered: type) -> None:
    public = {name for name in dir(offered) if inspect.iscoroutinefunction(getattr(offered, name)) and name[0] != "_"}
    assert public
    assert public - attributes(*ASYNC) == set()


def test_every_option_is_used() -> None:
    options = set(inspect.signature(aai.TranscriptionConfig.__init__).parameters) - {"self"}
    assert options - keywords("TranscriptionConfig", "heard") == set()


def test_every_helper_of_a_configuration_is_used() -> None:
    helpers = {name for name in dir(aai.TranscriptionConfig) if name.startswith("set_")}
    assert helpers
    assert helpers - attributes(*SYNC) == set()


@pytest.mark.parametrize(
    "model",
    [
        aai.LanguageDetectionOptions,
        aai.SpeakerOptions,
        aai.RedactPiiAudioOptions,
        aai.KeytermsPromptOptions,
        aai.SpeakerIdentificationRequest,
        aai.TranslationRequest,
        aai.CustomFormattingRequest,
        aai.SummarizationRequest,
    ],
    ids=lambda model: model.__name__,
)
def test_every_field_of_a_nested_option_is_used(model: type) -> None:
    assert set(inspect.signature(model).parameters) - keywords(model.__name__) == set()


def test_every_filter_of_the_list_is_used() -> None:
    filters = set(inspect.signature(aai.ListTranscriptParameters).parameters)
    assert filters - keywords("ListTranscriptParameters", "listed") == set()


def test_every_speech_understanding_task_is_used() -> None:
    fields = set(inspect.signature(aai.SpeechUnderstandingFeatureRequests).parameters)
    assert fields - keywords("understood") == set()
