"""Turns and words as the API writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.engine.transcripts import Turn, Word
from mockserver.engine.views import Spoken


def turns_view(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Render turns."""
    return [turn_view(turn) for turn in turns]


def turn_view(turn: Turn) -> dict[str, Any]:
    """Render a turn with its words; its confidence is that of its words, on average."""
    words = [word_view(word, turn) for word in turn.words]
    view = {
        "speaker": turn.speaker,
        "text": turn.text,
        "confidence": sum(word.confidence for word in turn.words) / len(turn.words),
        "start": turn.words[0].start,
        "end": max(word.end for word in turn.words),
        "words": words,
    }
    return view if turn.channel is None else view | {"channel": str(turn.channel)}


def word_view(word: Word | Spoken, turn: Turn | Spoken) -> dict[str, Any]:
    """Render a word of a turn, or one that knows itself who says it."""
    view = {
        "text": word.text,
        "start": word.start,
        "end": word.end,
        "confidence": word.confidence,
        "speaker": turn.speaker,
    }
    if turn.channel is not None:
        view["channel"] = str(turn.channel)
    return view
