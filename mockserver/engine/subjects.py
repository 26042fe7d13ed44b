"""What passages of a transcript are about, and what in them may be unsafe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from mockserver.engine.lexicon import is_profane
from mockserver.engine.phrases import Phrases, share
from mockserver.engine.taxonomy import HAZARDS, SUBJECTS, UNRATED_HAZARDS
from mockserver.engine.views import Passage, paragraphs

_MOST_LABELS = 10


@dataclass(frozen=True, slots=True)
class Label:
    """A subject or a hazard, and how much of it there is, 0..1."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Topic:
    """A passage and its subjects, the closest first."""

    text: str
    start: int
    end: int
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Topics:
    """What each passage is about, and the whole; the first label of a summary scores 1."""

    results: tuple[Topic, ...]
    summary: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class HazardLabel:
    """Something unsafe: how surely it is there, and how bad it is where that is rated, both 0..1."""

    name: str
    confidence: float
    severity: float | None


@dataclass(frozen=True, slots=True)
class Hazard:
    """A passage with something unsafe in it, and the places of its first and last sentence."""

    text: str
    start: int
    end: int
    first_sentence: int
    last_sentence: int
    labels: tuple[HazardLabel, ...]


@dataclass(frozen=True, slots=True)
class Safety:
    """What is unsafe in each passage and in the whole; ``severities`` are shares of low, medium and high."""

    results: tuple[Hazard, ...]
    summary: tuple[Label, ...]
    severities: tuple[tuple[str, tuple[float, float, float]], ...]


def topics(sentences: Sequence[Passage]) -> Topics:
    """Return the subjects of every passage that has any, at most ten each, as paths in the IAB's taxonomy."""
    results = tuple(
        Topic(passage.text, passage.start, passage.end, labels)
        for passage in paragraphs(sentences)
        if (labels := _subjects(passage))
    )
    return Topics(results, _ranked(label for topic in results for label in topic.labels))


def _subjects(passage: Passage) -> tuple[Label, ...]:
    found = Counter(phrase.label for phrase in _phrases("subjects").find([word.text for word in passage.words]))
    scores = {name: _relevance(count, name, passage.text) for name, count in found.items()}
    for name in found:
        for path in _ancestry(name):
            scores.setdefault(path, round(scores[name] * 0.6, 5))
    return _sorted(Label(name, score) for name, score in scores.items())[:_MOST_LABELS]


def _ancestry(name: str) -> Iterator[str]:
    """Yield the path of every subject that this one is part of, the closest first."""
    while ">" in name:
        name = name.rpartition(">")[0]
        yield name


def _relevance(count: int, name: str, text: str) -> float:
    return round(count / (count + 0.8) - 0.15 * share(name, text), 5)


def _ranked(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Return the sum of each label, in proportion to the greatest."""
    total: dict[str, float] = {}
    for label in labels:
        total[label.name] = total.get(label.name, 0.0) + label.score
    top = max(total.values(), default=1.0)
    return _sorted(Label(name, round(score / top, 6)) for name, score in total.items())


def _sorted(labels: Iterable[Label]) -> tuple[Label, ...]:
    return tuple(sorted(labels, key=lambda label: (-label.score, label.name)))


def safety(sentences: Sequence[Passage], threshold: float = 0.5) -> Safety:
    """Return what may be unsafe in passages, where that is at least as sure as the threshold."""
    places = {sentence.first: place for place, sentence in enumerate(sentences)}
    passages = paragraphs(sentences)
    beginnings = [*(places[passage.first] for passage in passages), len(sentences)]
    results = []
    for passage, (first, following) in zip(passages, pairwise(beginnings), strict=True):
        labels = tuple(label for label in _hazards(passage) if label.confidence >= threshold)
        if labels:
            results.append(Hazard(passage.text, passage.start, passage.end, first, following - 1, labels))
    return Safety(tuple(results), _summary(results), tuple(_severities(results)))


def _hazards(passage: Passage) -> list[HazardLabel]:
    words = [word.text for word in passage.words]
    found = Counter(phrase.label for phrase in _phrases("hazards").find(words))
    if swearing := sum(map(is_profane, words)):
        found["profanity"] = swearing
    labels = (_hazard(name, count, passage.text) for name, count in found.items())
    return sorted(labels, key=lambda label: (-label.confidence, label.name))


def _hazard(name: str, count: int, text: str) -> HazardLabel:
    confidence = 1 - 0.5 ** (count + 0.3 + share(name, text))
    severity = None
    if name not in UNRATED_HAZARDS:
        severity = round(min(1.0, 0.1 + 0.12 * count + 0.5 * share("severity", name, text)), 5)
    return HazardLabel(name, round(confidence, 5), severity)


def _summary(results: Sequence[Hazard]) -> tuple[Label, ...]:
    """Return the highest confidence of each label."""
    best: dict[str, float] = {}
    for label in (label for hazard in results for label in hazard.labels):
        best[label.name] = max(label.confidence, best.get(label.name, 0.0))
    return _sorted(Label(name, score) for name, score in best.items())


def _severities(results: Sequence[Hazard]) -> Iterator[tuple[str, tuple[float, float, float]]]:
    rated: dict[str, list[float]] = {}
    for label in (label for hazard in results for label in hazard.labels):
        if label.severity is not None:
            rated.setdefault(label.name, []).append(label.severity)
    for name, severities in rated.items():
        low = sum(severity < 1 / 3 for severity in severities) / len(severities)
        high = sum(severity > 2 / 3 for severity in severities) / len(severities)
        yield name, (low, max(0.0, 1 - low - high), high)


@cache
def _phrases(table: str) -> Phrases:
    listed: Mapping[str, str] = {"subjects": SUBJECTS, "hazards": HAZARDS}[table]
    return Phrases({name: words.split(";") for name, words in listed.items()}, stemmed=True)
