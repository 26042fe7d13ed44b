"""The formats of a transcript that are text; all of them hold the same words, and may be made in another process."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson

from mockserver.apis.jobs.document import Segment, document_of
from mockserver.engine import views
from mockserver.engine.store import Row
from mockserver.engine.views import Spoken

_WIDTH = 80
"""Characters of a caption."""


def json(job: Row, transcript: bytes, quirks: Collection[str]) -> bytes:
    """Render a completed job's transcript with the times of its words, in seconds."""
    document = document_of(job, transcript, quirks)
    return orjson.dumps(
        {
            "job_id": job["id"],
            "language": document.language,
            "duration_seconds": -(-document.duration // 1000),
            "engine": document.engine,
            "speakers": [{"id": speaker} for speaker in document.speakers],
            "segments": [_segment(segment) for segment in document.segments],
        }
    )


def _segment(segment: Segment) -> dict[str, Any]:
    passage = segment.passage
    return {
        "speaker": segment.speaker,
        "start": passage.start / 1000,
        "end": passage.end / 1000,
        "text": passage.text,
        "confidence": segment.confidence,
        "words": [_word(word) for word in passage.words],
    }


def _word(word: Spoken) -> dict[str, Any]:
    return {
        "text": word.text,
        "start": word.start / 1000,
        "end": word.end / 1000,
        "confidence": word.confidence,
    }


def txt(job: Row, transcript: bytes, quirks: Collection[str]) -> bytes:
    """Render a completed job's transcript as plain text: a paragraph for each turn of a speaker."""
    turns = document_of(job, transcript, quirks).turns
    return "\n\n".join(" ".join(segment.passage.text for segment in turn) for turn in turns).encode()


def srt(job: Row, transcript: bytes, quirks: Collection[str]) -> bytes:
    """Render a completed job's transcript as SubRip; no caption spans two segments."""
    return views.srt(document_of(job, transcript, quirks).transcript, _WIDTH).encode()


def vtt(job: Row, transcript: bytes, quirks: Collection[str]) -> bytes:
    """Render a completed job's transcript as WebVTT; no caption spans two segments."""
    return views.vtt(document_of(job, transcript, quirks).transcript, _WIDTH).encode()
