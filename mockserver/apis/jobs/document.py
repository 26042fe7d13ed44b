"""The transcript of a completed job as segments of labelled speakers; every format is written from it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from mockserver.apis.jobs.engines import engine_name
from mockserver.engine.store import Row
from mockserver.engine.transcripts import Transcript, Turn, Word
from mockserver.engine.views import Passage, sentences
from mockserver.engine.wording import Wording, written

_STEREO = 2
_DIGITS = 5
"""Of confidences."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence; ``number`` counts speakers from 0 and is None where they are not told apart."""

    number: int | None
    confidence: float
    passage: Passage

    @property
    def speaker(self) -> str | None:
        """Return the label of who speaks."""
        return None if self.number is None else label(self.number)


@dataclass(frozen=True, slots=True)
class Document:
    """What a job has heard; ``duration`` is in milliseconds, segments stand in the order in which they begin."""

    title: str
    language: str
    duration: int
    engine: str
    segments: Sequence[Segment]

    @property
    def speakers(self) -> list[str]:
        """Return the labels of all who speak."""
        return [label(number) for number in sorted({s.number for s in self.segments if s.number is not None})]

    @property
    def turns(self) -> Iterator[list[Segment]]:
        """Yield the segments that one speaker says in a row."""
        return (list(said) for _, said in groupby(self.segments, key=lambda segment: segment.number))

    @property
    def transcript(self) -> Transcript:
        """Return a transcript whose turns are the segments."""
        turns = (Turn(s.speaker, None, tuple(Word(*word[:4]) for word in s.passage.words)) for s in self.segments)
        return Transcript(self.language, self.duration, tuple(turns))


def label(number: int) -> str:
    """Return what a speaker is called."""
    return f"speaker_{number}"


def document_of(job: Row, transcript: bytes, quirks: Collection[str]) -> Document:
    """Return the encoded transcript of a completed job as its request asked for it."""
    params = orjson.loads(job["params"])
    heard = written(Transcript.decode(transcript), Wording())
    return Document(
        title=_title(job, params),
        language=_language(params, heard),
        duration=job["duration"],
        engine=engine_name(job, quirks),
        segments=_segments(heard, stereo=job["channels"] == _STEREO, diarized=params.get("diarize", True)),
    )


def _title(job: Row, params: Mapping[str, Any]) -> str:
    """Return the name of the file that was sent, or that the URL names; without either the job's id."""
    return params.get("filename") or _file_in(job["url"]) or job["id"]


def _file_in(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    name = PurePosixPath(unquote(parts.path)).name
    return name if parts.scheme in ("http", "https", "file") and PurePosixPath(name).suffix else None


def _language(params: Mapping[str, Any], heard: Transcript) -> str:
    asked: str = params.get("language") or "auto"
    return heard.language.split("_")[0] if asked == "auto" else asked


def _segments(heard: Transcript, *, stereo: bool, diarized: bool) -> list[Segment]:
    passages = sorted(sentences(heard), key=lambda passage: passage.start)  # speakers may talk at the same time
    numbers = (_by_channel if stereo else _by_voice)(passages)
    return [
        Segment(number if diarized else None, 1.0 if stereo else round(passage.confidence, _DIGITS), passage)
        for number, passage in zip(numbers, passages, strict=True)
    ]


def _by_voice(passages: Sequence[Passage]) -> list[int]:
    """Return who says each passage: speakers count in the order in which they are first heard."""
    heard: dict[str | None, int] = {}
    return [heard.setdefault(passage.speaker, len(heard)) for passage in passages]


def _by_channel(passages: Sequence[Passage]) -> list[int]:
    """Return the channel of each passage, from 0.

    Where none is named it is the speaker's own, if that is named anywhere; the other speakers get left and right by
    turns.
    """
    named = {passage.speaker: passage.channel for passage in reversed(passages) if passage.channel is not None}
    others = dict.fromkeys(passage.speaker for passage in passages if passage.speaker not in named)
    channels = {speaker: 1 + place % _STEREO for place, speaker in enumerate(others)} | named
    return [(passage.channel or channels[passage.speaker]) - 1 for passage in passages]
