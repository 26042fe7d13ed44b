"""Speech understanding of stored transcripts."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO
from tests.gateway.conftest import Gateway


class Understanding:
    """The understanding of one transcript."""

    def __init__(self, gateway: Gateway) -> None:
        self.http = gateway.api.http
        self.api = gateway.api
        self.url = self.api.upload((AUDIO / "support-call.mp3").read_bytes())
        self.job = self.api.submit(self.url, speaker_labels=True)
        self.before = self.api.get(self.job)

    def post(self, job: Any = None, path: str = "", **tasks: Any) -> httpx.Response:
        asked = {"transcript_id": job or self.job, "speech_understanding": {"request": tasks}}
        return self.http.post(f"/v1/understanding{path}", json=asked)

    def ask(self, **tasks: Any) -> dict[str, Any]:
        reply = self.post(**tasks)
        assert reply.status_code == 200, reply.text
        view: dict[str, Any] = reply.json()
        assert view["request_id"] == reply.headers["x-request-id"]
        assert view["speech_understanding"]["request"] == tasks
        assert set(view["speech_understanding"]["response"]) == set(tasks)
        assert self.api.get(self.job) == self.before
        return view


@pytest.fixture
def understanding(gateway: Gateway) -> Understanding:
    return Understanding(gateway)


def test_a_translation(understanding: Understanding) -> None:
    view = understanding.ask(translation={"target_languages": ["de", "es"]})
    assert view["speech_understanding"]["response"] == {"translation": {"status": "success"}}
    assert view["translated_texts"] == {
        language: f"[{language}] {understanding.before['text']}" for language in ("de", "es")
    }
    assert "utterances" not in view


def test_a_translation_of_every_turn(understanding: Understanding) -> None:
    view = understanding.ask(translation={"target_languages": ["de"], "match_original_utterance": True})
    assert [turn["translated_texts"] for turn in view["utterances"]] == [
        {"de": f"[de] {turn['text']}"} for turn in understanding.before["utterances"]
    ]


def test_the_names_of_speakers(understanding: Understanding) -> None:
    task = {"speaker_type": "role", "known_values": ["Agent", "Customer"]}
    view = understanding.ask(speaker_identification=task)
    assert view["speech_understanding"]["response"]["speaker_identification"] == {
        "mapping": {"A": "Agent", "B": "Customer"}, "effort": "low", "status": "success",
    }  # fmt: skip
    names = {"A": "Agent", "B": "Customer"}
    assert [turn["speaker"] for turn in view["utterances"]] == [
        names[turn["speaker"]] for turn in understanding.before["utterances"]
    ]
    assert [word["speaker"] for word in view["words"]] == [
        names[word["speaker"]] for word in understanding.before["words"]
    ]


def test_formatting(understanding: Understanding) -> None:
    view = understanding.ask(custom_formatting={"date": "mm/dd/yyyy", "phone_number": "(xxx)xxx-xxxx"})
    found = view["speech_understanding"]["response"]["custom_formatting"]
    assert found["status"] == "success"
    for turn, before in zip(found["formatted_utterances"], understanding.before["utterances"], strict=True):
        assert {**turn, "text": ""} == {**before, "text": ""}
    assert all(text != said for said, text in found["mapping"].items())
    assert "utterances" not in view
    without = understanding.ask(custom_formatting={"date": "mm/dd/yyyy", "format_utterances": False})
    assert "formatted_utterances" not in without["speech_understanding"]["response"]["custom_formatting"]


def test_a_summary_and_action_items_together(understanding: Understanding) -> None:
    view = understanding.ask(summarization={"summary_type": "paragraph"}, action_items={"effort": "medium"})
    response = view["speech_understanding"]["response"]
    summary = response["summarization"]
    assert {name: summary[name] for name in summary if name != "summary"} == {
        "status": "success", "summary_type": "paragraph", "effort": "low",
    }  # fmt: skip
    assert all(set(section) == {"start", "end", "headline", "text"} for section in summary["summary"])
    items = response["action_items"]
    assert (items["status"], items["effort"]) == ("success", "medium")
    assert items["items"]
    for item in items["items"]:
        assert item["quote"] in understanding.before["text"]
        assert 0 <= item["timestamp"] < understanding.before["audio_duration"] * 1000


def test_the_same_tasks_find_the_same_as_with_the_transcript(understanding: Understanding) -> None:
    tasks = {
        "translation": {"target_languages": ["fr"]},
        "speaker_identification": {"speaker_type": "name", "known_values": ["Ann", "Bob"]},
        "custom_formatting": {"date": "dd.mm.yyyy"},
    }
    later = understanding.ask(**tasks)
    together = understanding.api.transcribe(
        understanding.url, speaker_labels=True, speech_understanding={"request": tasks}
    )
    assert later["speech_understanding"] == together["speech_understanding"]
    assert later["translated_texts"] == together["translated_texts"]
    assert later["utterances"] == together["utterances"]
    assert later["words"] == together["words"]


def problems(reply: httpx.Response) -> list[str]:
    assert (reply.status_code, reply.json()["message"]) == (400, "invalid request body")
    found: list[str] = reply.json()["metadata"]["errors"]
    return found


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "speech_understanding.request: at least one feature is required"),
    ({"horoscope": {}}, "speech_understanding.request: unknown feature horoscope"),
    ({"translation": {}}, "speech_understanding.request.translation.target_languages: Field required"),
    (
        {"translation": {"target_languages": ["klingon"]}},
        "`target_languages` must be one or more supported language codes",
    ),
    (
        {"speaker_identification": {"speaker_type": "name", "known_values": ["x" * 36]}},
        "`known_values` must be at most 35 characters long",
    ),
    (
        {"speaker_identification": {"speaker_type": "role"}},
        "`known_values` or `speakers` is required if `speaker_type` is role",
    ),
    (
        {"summarization": {"summary_type": "haiku"}},
        "speech_understanding.request.summarization.summary_type: Input should be 'bullets' or 'paragraph'",
    ),
]


@pytest.mark.parametrize(("tasks", "problem"), WRONG)
@pytest.mark.parametrize("path", ["", "/validate"])
def test_wrong_tasks_are_refused(tasks: dict[str, Any], problem: str, path: str, gateway: Gateway) -> None:
    asked = {"transcript_id": "any", "speech_understanding": {"request": tasks}}
    assert problems(gateway.api.http.post(f"/v1/understanding{path}", json=asked)) == [problem]


def test_deep_nesting_is_answered_or_refused(understanding: Understanding) -> None:
    for depth, status in ((200, 200), (300, 400), (1000, 400)):
        nested = "[" * depth + "]" * depth
        body = '{"transcript_id": "%s", "speech_understanding": {"request": {"action_items": {"x": %s}}}}'
        assert (
            understanding.http.post("/v1/understanding", content=body % (understanding.job, nested)).status_code
            == status
        )


def test_names_need_a_transcript_with_speakers(understanding: Understanding) -> None:
    plain = understanding.api.submit(understanding.url)
    task = {"speaker_identification": {"speaker_type": "name"}}
    for path in ("", "/validate"):
        assert problems(understanding.post(plain, path, **task)) == ["speaker_labels or multichannel required"]
        assert understanding.post(None, path, **task).status_code == 200


def test_formatting_needs_what_is_not_redacted(understanding: Understanding) -> None:
    hidden = understanding.api.submit(understanding.url, redact_pii=True, redact_pii_policies=["date"])
    reply = understanding.post(hidden, custom_formatting={"date": "mm/dd"})
    assert problems(reply) == ["redact pii date not compatible with formatting date"]


def test_validation_needs_no_transcript_but_a_key(gateway: Gateway, server: MockServer) -> None:
    asked: dict[str, Any] = {"speech_understanding": {"request": {"action_items": {}}}}
    assert gateway.api.http.post("/v1/understanding/validate", json=asked).status_code == 200
    assert problems(gateway.api.http.post("/v1/understanding", json=asked)) == ["transcript_id is required"]
    for path in ("", "/validate"):
        assert httpx.post(f"{server.url}/v1/understanding{path}", json=asked).status_code == 401


def test_a_transcript_that_is_not_there_gives_404(understanding: Understanding) -> None:
    assert understanding.post("nothing", action_items={}).json()["message"] == "transcript not found"
    understanding.http.delete(f"/v2/transcript/{understanding.job}")
    for path in ("", "/validate"):
        reply = understanding.post(None, path, action_items={})
        assert (reply.status_code, reply.json()["message"]) == (404, "transcript deleted")


def test_an_unfinished_transcript_is_refused(understanding: Understanding) -> None:
    held = understanding.api.submit(understanding.url, progress="held")
    reply = understanding.post(held, action_items={})
    assert problems(reply) == ["transcript is not completed: its status is queued"]
