"""Results that a fixture gives itself win over those that are derived from its text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.conftest import api_of

URL = "https://example.com/review.mp3"
TEXT = "The room was small. The breakfast was wonderful. Call Maria on Friday."


def transcribed(folder: Path, results: str, **params: Any) -> dict[str, Any]:
    (folder / "review.yaml").write_text(f"match: {{audio_url: {URL}}}\ntext: {TEXT}\nduration: 12\nresults:\n{results}")
    with MockServer(fixtures=[folder]) as mock:
        return api_of(mock.url).transcribe(URL, **params)


def test_a_summary(tmp_path: Path) -> None:
    view = transcribed(tmp_path, "  summary: A mixed review.", summarization=True)
    assert view["summary"] == "A mixed review."


def test_entities_stand_where_their_text_is_said(tmp_path: Path) -> None:
    view = transcribed(tmp_path, "  entities: [{kind: event, text: the breakfast}]", entity_detection=True)
    (entity,) = view["entities"]
    words = [word for word in view["words"] if entity["start"] <= word["start"] < entity["end"]]
    assert [word["text"] for word in words] == ["The", "breakfast"]
    assert (entity["entity_type"], entity["text"]) == ("event", "The breakfast")


def test_given_entities_are_what_is_redacted(tmp_path: Path) -> None:
    view = transcribed(
        tmp_path,
        "  entities: [{kind: person_name, text: room}]",
        redact_pii=True,
        redact_pii_policies=["person_name"],
    )
    assert view["text"] == TEXT.replace("room", "####")


def test_highlights_are_counted(tmp_path: Path) -> None:
    view = transcribed(
        tmp_path, "  highlights: [{text: was, rank: 0.9}, {text: Friday}]", auto_highlights=True
    )  # fmt: skip
    found = view["auto_highlights_result"]["results"]
    assert [(h["text"], h["count"], h["rank"]) for h in found] == [("was", 2, 0.9), ("Friday", 1, 0.5)]


def test_moods_of_single_sentences(tmp_path: Path) -> None:
    results = "  sentiment: [{text: The room was small., mood: negative, confidence: 0.9}]"
    view = transcribed(tmp_path, results, sentiment_analysis=True)
    moods = [(item["text"], item["sentiment"]) for item in view["sentiment_analysis_results"]]
    assert moods[0] == ("The room was small.", "NEGATIVE")
    assert moods[1] == ("The breakfast was wonderful.", "POSITIVE")
    assert view["sentiment_analysis_results"][0]["confidence"] == 0.9
    assert len(moods) == 3


def test_chapters(tmp_path: Path) -> None:
    results = "  chapters: [{headline: All of it, start: 0, end: 12, gist: it, summary: Everything.}]"
    view = transcribed(tmp_path, results, auto_chapters=True)
    assert view["chapters"] == [
        {"summary": "Everything.", "headline": "All of it", "gist": "it", "start": 0, "end": 12_000}
    ]


def test_topics(tmp_path: Path) -> None:
    results = '  topics: [{text: breakfast, labels: {"Food>Breakfast": 0.4, "Travel>Hotels": 0.8}}]'
    view = transcribed(tmp_path, results, iab_categories=True)["iab_categories_result"]
    assert view["results"][0]["text"] == "The breakfast was wonderful."
    assert [label["label"] for label in view["results"][0]["labels"]] == ["Travel>Hotels", "Food>Breakfast"]
    assert view["summary"] == {"Travel>Hotels": 1.0, "Food>Breakfast": 0.5}


def test_content_safety_keeps_to_the_threshold(tmp_path: Path) -> None:
    results = "  content_safety: [{labels: {gambling: {confidence: 0.7, severity: 0.2}, weapons: 0.4}}]"
    view = transcribed(tmp_path, results, content_safety=True)["content_safety_labels"]
    assert view["results"][0]["labels"] == [{"label": "gambling", "confidence": 0.7, "severity": 0.2}]
    assert view["summary"] == {"gambling": 0.7}
    assert sum(view["severity_score_summary"]["gambling"].values()) == pytest.approx(1)
    low = transcribed(tmp_path, results, content_safety=True, content_safety_confidence=30)["content_safety_labels"]
    assert set(low["summary"]) == {"gambling", "weapons"}


def test_speech_understanding(tmp_path: Path) -> None:
    results = "  translations: {de: Das Zimmer war klein.}\n  speakers: {A: Maria}\n  action_items: [Call Maria]"
    tasks = {
        "translation": {"target_languages": ["de", "fr"]},
        "speaker_identification": {"speaker_type": "name", "known_values": ["Somebody"]},
        "action_items": {},
    }
    view = transcribed(tmp_path, results, speaker_labels=True, speech_understanding={"request": tasks})
    assert view["translated_texts"] == {"de": "Das Zimmer war klein.", "fr": f"[fr] {TEXT}"}
    assert {utterance["speaker"] for utterance in view["utterances"]} == {"Maria"}
    assert view["speech_understanding"]["response"]["speaker_identification"]["mapping"] == {"A": "Maria"}
    assert view["speech_understanding"]["response"]["action_items"]["items"] == [{"text": "Call Maria"}]


def test_the_certainty_of_the_language(tmp_path: Path) -> None:
    view = transcribed(tmp_path, "  language_confidence: 0.42", language_detection=True)
    assert (view["language_code"], view["language_confidence"]) == ("en_us", 0.42)
    failed = transcribed(
        tmp_path, "  language_confidence: 0.42", language_detection=True, language_confidence_threshold=0.5
    )
    assert failed["error"] == (
        "detected language 'en', confidence 0.42, is below the requested confidence threshold value of '0.5'"
    )


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ("  typo: 1", "unknown field 'typo'"),
        ("  entities: [{text: room}]", "kind must be given"),
        ("  entities: [{kind: event, text: lunch}]", "entities: 'lunch' is not said in the text"),
        ("  sentiment: [{text: The room was small., mood: bad}]", "expected one of positive, neutral, negative"),
        ("  language_confidence: 2", "expected a number from 0 to 1"),
        ("  topics: [{labels: [x]}]", "expected a field for each name"),
        ("  action_items: x", "expected a list"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, results: str, reason: str) -> None:
    path = tmp_path / "review.yaml"
    path.write_text(f"match: {{audio_url: {URL}}}\ntext: {TEXT}\nresults:\n{results}")
    with MockServer(fixtures=[tmp_path]) as mock:
        health = api_of(mock.url).control.get("/health").json()
    (problem,) = health["fixture_problems"]
    assert problem.startswith(f"{path}:")
    assert reason in problem
