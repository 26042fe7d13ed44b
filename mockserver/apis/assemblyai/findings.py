"""The results in a transcript object: what was found in the text, in the shapes of the vendor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockserver.apis.assemblyai.document import Document
from mockserver.apis.assemblyai.params import RESULTS
from mockserver.engine import results
from mockserver.engine.understanding import Entity, Label

Shape = dict[str, Any]
UNAVAILABLE: Shape = {"status": "unavailable", "results": [], "summary": {}}


def findings(document: Document) -> Shape:
    """Return the keys of every result that was asked for; those of safety and topics also where they were not."""
    found: Shape = {"content_safety_labels": UNAVAILABLE, "iab_categories_result": UNAVAILABLE}
    for switch, key in RESULTS.items():
        if document.params.get(switch):
            found[key] = _FIND[switch](document)
    return found


def _times(start: int, end: int) -> Shape:
    return {"start": start, "end": end}


def _highlights(document: Document) -> Shape:
    found = results.highlights(document.heard.results, document.analysed, document.named)
    return {
        "status": "success",
        "results": [
            {"count": h.count, "rank": h.rank, "text": h.text, "timestamps": [_times(*time) for time in h.times]}
            for h in found
        ],
    }


def _safety(document: Document) -> Shape:
    threshold = (document.params.get("content_safety_confidence") or 50) / 100
    found = results.safety(document.heard.results, document.analysed, threshold)
    return {
        "status": "success",
        "results": [
            {
                "text": hazard.text,
                "labels": [
                    {"label": label.name, "confidence": label.confidence, "severity": label.severity}
                    for label in hazard.labels
                ],
                "sentences_idx_start": hazard.first_sentence,
                "sentences_idx_end": hazard.last_sentence,
                "timestamp": _times(hazard.start, hazard.end),
            }
            for hazard in found.results
        ],
        "summary": _scores(found.summary),
        "severity_score_summary": {
            name: {"low": low, "medium": medium, "high": high} for name, (low, medium, high) in found.severities
        },
    }


def _topics(document: Document) -> Shape:
    found = results.topics(document.heard.results, document.analysed)
    return {
        "status": "success",
        "results": [
            {
                "text": topic.text,
                "labels": [{"relevance": label.score, "label": label.name} for label in topic.labels],
                "timestamp": _times(topic.start, topic.end),
            }
            for topic in found.results
        ],
        "summary": _scores(found.summary),
    }


def _scores(labels: Iterable[Label]) -> dict[str, float]:
    return {label.name: label.score for label in labels}


def _sentiment(document: Document) -> list[Shape]:
    found = results.sentiment(document.heard.results, document.analysed)
    return [
        {
            "text": feeling.sentence.text,
            "start": feeling.sentence.start,
            "end": feeling.sentence.end,
            "sentiment": feeling.mood.upper(),
            "confidence": feeling.confidence,
            "speaker": feeling.sentence.speaker,
        }
        | ({} if feeling.sentence.channel is None else {"channel": str(feeling.sentence.channel)})
        for feeling in found
    ]


def _entities(document: Document) -> list[Shape]:
    words = [word for sentence in document.analysed for word in sentence.words]

    def text(entity: Entity) -> str:
        if "redacted_results" in document.quirks and document.hides(entity):
            return " ".join(word.text for word in words[entity.first : entity.first + entity.count])
        return entity.text

    return [
        {
            "entity_type": entity.kind,
            "text": text(entity),
            "start": entity.start,
            "end": entity.end,
            "speaker": entity.speaker,
        }
        for entity in document.entities
    ]


def _chapters(document: Document) -> list[Shape]:
    return [
        {"summary": c.summary, "headline": c.headline, "gist": c.gist, "start": c.start, "end": c.end}
        for c in results.chapters(document.heard.results, document.analysed)
    ]


def _summary(document: Document) -> str:
    params = document.params
    style, form = params.get("summary_model") or "informative", params.get("summary_type") or "bullets"
    return results.summary(document.heard.results, document.analysed, style, form)


_FIND: Mapping[str, Callable[[Document], Any]] = {
    "auto_highlights": _highlights,
    "content_safety": _safety,
    "iab_categories": _topics,
    "auto_chapters": _chapters,
    "entity_detection": _entities,
    "sentiment_analysis": _sentiment,
    "summarization": _summary,
}
