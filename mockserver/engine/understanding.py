"""What is derived from the text of a transcript; see each module for how.

Everything here takes the sentences of the whole transcript, in order, and always says the same about the same text.
"""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.engine.digests import (
    Chapter,
    Highlight,
    action_items,
    answer,
    chapters,
    extract,
    highlights,
    summary,
)
from mockserver.engine.entities import Entity, entities, static_entities
from mockserver.engine.moods import Feeling, sentiment
from mockserver.engine.subjects import Hazard, HazardLabel, Label, Safety, Topic, Topics, safety, topics
from mockserver.engine.transcripts import UntimedTurn, UntimedWord, transcribe
from mockserver.engine.views import Passage, sentences

__all__ = [
    "Chapter", "Entity", "Feeling", "Hazard", "HazardLabel", "Highlight", "Label", "Safety", "Topic", "Topics",
    "about", "action_items", "answer", "chapters", "entities", "extract", "highlights", "safety", "sentences_of",
    "sentiment", "static_entities", "summary", "to_do", "topics", "translated",
]  # fmt: skip


def sentences_of(text: str, language: str = "en") -> list[Passage]:
    """Return the sentences of a text that nobody has timed."""
    words = tuple(UntimedWord(word) for word in text.split())
    turns = [UntimedTurn(words)] if words else []
    return sentences(transcribe(turns, language=language, duration=60_000, seed=""))


def about(said: Sequence[Passage], asked: str) -> str:
    """Answer from a text: with the sentence that fits what is asked best, or else a summary."""
    found = answer(said, asked)
    return found.text if found is not None else summary(said, "informative", "paragraph")


def to_do(said: Sequence[Passage]) -> str:
    """List what a text says is to be done."""
    return "\n".join(f"- {item.text}" for item in action_items(said)) or "There are no action items."


def translated(text: str, language: str) -> str:
    """Return the text marked with the language: there is no model here that translates."""
    return f"[{language}] {text}"
