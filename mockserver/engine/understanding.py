"""What is derived from the text of a transcript; see each module for how.

Everything here takes the sentences of the whole transcript, in order, and always says the same about the same text.
"""

from __future__ import annotations

from mockserver.engine.digests import (
    Chapter,
    Highlight,
    action_items,
    answer,
    chapters,
    highlights,
    summary,
)
from mockserver.engine.entities import Entity, entities, static_entities
from mockserver.engine.moods import Feeling, sentiment
from mockserver.engine.subjects import Hazard, HazardLabel, Label, Safety, Topic, Topics, safety, topics

__all__ = [
    "Chapter", "Entity", "Feeling", "Hazard", "HazardLabel", "Highlight", "Label", "Safety", "Topic", "Topics",
    "action_items", "answer", "chapters", "entities", "highlights", "safety", "sentiment",
    "static_entities", "summary", "topics", "translated",
]  # fmt: skip


def translated(text: str, language: str) -> str:
    """Return the text marked with the language: there is no model here that translates."""
    return f"[{language}] {text}"
