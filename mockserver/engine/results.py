"""What is found in a transcript: as its fixture says, or else derived from the text.

A fixture gives results in the form that ``fixture_results.py`` reads; times are milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.engine import understanding as derived
from mockserver.engine.transcripts import Transcript
from mockserver.engine.understanding import (
    Chapter,
    Entity,
    Feeling,
    Hazard,
    HazardLabel,
    Highlight,
    Label,
    Safety,
    Topic,
    Topics,
)
from mockserver.engine.views import Passage, search
from mockserver.engine.wording import bare

Given = Mapping[str, Any]


def entities(given: Given, sentences: Sequence[Passage], language: str) -> list[Entity]:
    """Return the entities in the order in which they are said."""
    if "entities" not in given:
        return derived.entities(sentences, language)
    terms: dict[str, list[str]] = {}
    for entity in given["entities"]:
        terms.setdefault(entity["kind"], []).append(entity["text"])
    return derived.static_entities(sentences, terms)


def highlights(given: Given, sentences: Sequence[Passage], transcript: Transcript) -> list[Highlight]:
    """Return the key phrases, the most important first."""
    if "highlights" not in given:
        return derived.highlights(sentences)
    found = []
    for number, highlight in enumerate(given["highlights"]):
        times = tuple(time for match in search(transcript, [highlight["text"]]) for time in match.times)
        rank = highlight.get("rank", round(1 / (number + 1), 2))
        found.append(Highlight(highlight["text"], len(times), rank, times))
    return found


def sentiment(given: Given, sentences: Sequence[Passage]) -> list[Feeling]:
    """Return the mood of every sentence."""
    moods = {_key(feeling["text"]): feeling for feeling in given.get("sentiment") or ()}
    return [_feeling(moods.get(_key(feeling.sentence.text)), feeling) for feeling in derived.sentiment(sentences)]


def _feeling(given: Given | None, feeling: Feeling) -> Feeling:
    if given is None:
        return feeling
    return Feeling(feeling.sentence, given["mood"], given.get("confidence", feeling.confidence))


def _key(text: str) -> str:
    return " ".join(map(bare, text.split()))


def chapters(given: Given, sentences: Sequence[Passage]) -> list[Chapter]:
    """Return the chapters, in order."""
    if "chapters" not in given:
        return derived.chapters(sentences)
    return [_chapter(chapter, sentences) for chapter in given["chapters"]]


def _chapter(given: Given, sentences: Sequence[Passage]) -> Chapter:
    inside = [at for at, sentence in enumerate(sentences) if given["start"] <= sentence.start < given["end"]]
    return Chapter(
        given.get("gist", given["headline"]),
        given["headline"],
        given.get("summary", given["headline"]),
        given["start"],
        given["end"],
        inside[0] if inside else 0,
        len(inside),
    )


def summary(given: Given, sentences: Sequence[Passage], style: str, form: str) -> str:
    """Return a summary; ``style`` and ``form`` are those of ``understanding.summary``."""
    text = given.get("summary")
    return derived.summary(sentences, style, form) if text is None else str(text)


def topics(given: Given, sentences: Sequence[Passage]) -> Topics:
    """Return what the text is about."""
    if "topics" not in given:
        return derived.topics(sentences)
    results = []
    best: dict[str, float] = {}
    for topic in given["topics"]:
        text, start, end, _, _ = _stretch(topic, sentences)
        labels = sorted((Label(name, score) for name, score in topic["labels"].items()), key=lambda label: -label.score)
        results.append(Topic(text, start, end, tuple(labels)))
        for label in labels:
            best[label.name] = max(best.get(label.name, 0.0), label.score)
    highest = max(best.values(), default=1.0) or 1.0
    ranked = sorted(best.items(), key=lambda entry: -entry[1])
    return Topics(tuple(results), tuple(Label(name, score / highest) for name, score in ranked))


def safety(given: Given, sentences: Sequence[Passage], threshold: float) -> Safety:
    """Return what may be unsafe in the text."""
    if "content_safety" not in given:
        return derived.safety(sentences, threshold)
    results = []
    best: dict[str, HazardLabel] = {}
    for hazard in given["content_safety"]:
        text, start, end, first, last = _stretch(hazard, sentences)
        labels = tuple(
            HazardLabel(name, label["confidence"], label.get("severity")) for name, label in hazard["labels"].items()
        )
        kept = tuple(label for label in labels if label.confidence >= threshold)
        if kept:
            results.append(Hazard(text, start, end, first, last, kept))
        for label in kept:
            if label.name not in best or best[label.name].confidence < label.confidence:
                best[label.name] = label
    summary = tuple(Label(label.name, label.confidence) for label in best.values())
    severities = tuple((label.name, _shares(label.severity)) for label in best.values() if label.severity is not None)
    return Safety(tuple(results), summary, severities)


def _shares(severity: float) -> tuple[float, float, float]:
    """Return how low, medium and high one severity is."""
    if severity <= 0.5:
        return 1 - 2 * severity, 2 * severity, 0.0
    return 0.0, 2 - 2 * severity, 2 * severity - 1


def _stretch(given: Given, sentences: Sequence[Passage]) -> tuple[str, int, int, int, int]:
    """Return text, times, and first and last sentence of what a fixture quotes; without a quote it is everything."""
    quoted = _key(given.get("text") or "")
    inside = [at for at, sentence in enumerate(sentences) if not quoted or quoted in _key(sentence.text)]
    if not inside:
        inside = list(range(len(sentences)))
    if not inside:
        return "", 0, 0, 0, 0
    first, last = inside[0], inside[-1] if not quoted else inside[0]
    text = " ".join(sentence.text for sentence in sentences[first : last + 1])
    return text, sentences[first].start, sentences[last].end, first, last


def action_items(given: Given, sentences: Sequence[Passage], *, decisions: bool) -> list[tuple[str, Passage | None]]:
    """Return what is to be done, with the sentences that say it."""
    if "action_items" in given:
        return [(str(text), None) for text in given["action_items"]]
    return [(sentence.text, sentence) for sentence in derived.action_items(sentences, decisions)]


def translation(given: Given, text: str, language: str) -> str:
    """Return text in another language; only a fixture can really translate."""
    known = (given.get("translations") or {}).get(language)
    return derived.translated(text, language) if known is None else str(known)
