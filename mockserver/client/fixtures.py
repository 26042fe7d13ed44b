"""Fixtures as their files say them, written from what a call names."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any, Literal, TypedDict

from mockserver.client.shapes import Answer, Turn

__tracebackhide__ = True  # pytest then shows the line of the test that called


class Heard(TypedDict, total=False):
    """What a transcript is for, and what else it says; ``audio`` is a file or the bytes themselves."""

    audio: str | os.PathLike[str] | bytes
    audio_url: str
    file_name: str
    match_language: str
    params: Mapping[str, Any]
    words: Sequence[Mapping[str, Any]]
    language: str
    duration: float
    cue: Literal["time", "sound"]
    results: Mapping[str, Any]
    error: str
    reason: str
    progress: Literal["instant", "timed", "polls", "held"]
    queue_seconds: float
    processing_seconds: float
    hold: Literal["queued", "processing"]


class Said(TypedDict, total=False):
    """Which chat requests an answer is for; texts are contained in what is said, in any case."""

    model: str
    user: str | Mapping[str, str]
    system: str | Mapping[str, str]
    tool_result: str | Mapping[str, str]
    turn: int
    tools: Sequence[str]
    transcript_id: str
    call: int


_SAID = ("words", "language", "duration", "cue", "results")
_OUTCOME = ("error", "reason", "progress", "queue_seconds", "processing_seconds", "hold")


def transcript(text: str | None, turns: Sequence[Turn] | None, name: str | None, more: Heard) -> dict[str, Any]:
    """Return the fixture of what is heard. Raises TypeError: what is left out would make it match everything."""
    known = {"turns", "uses", "name", *Heard.__optional_keys__}
    if unknown := sorted(more.keys() - known):
        raise TypeError(f"transcript() knows no {unknown[0]!r}; it knows text, {', '.join(sorted(known))}")
    given: dict[str, Any] = {**more, "text": text, "turns": turns}
    match = _some(given, ("audio_url", "file_name", "params"))
    if "match_language" in more:
        match["language"] = more["match_language"]
    if "audio" in more:
        match["audio_sha256"] = _digest(more["audio"])
    outcome = _some(given, _OUTCOME)
    document = {"match": match, "outcome": outcome} | _some(given, ("text", "turns", *_SAID))
    return _named("transcript", name, match, document)


def chat(answer: str | Answer | Sequence[str | Answer], name: str | None, match: Said) -> dict[str, Any]:
    """Return the fixture of what is answered."""
    one = isinstance(answer, (str, Mapping))
    return _named("chat", name, match, {"match": dict(match), "answer" if one else "answers": answer})


def _some(given: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: given[name] for name in names if given.get(name) is not None}


def _digest(audio: str | os.PathLike[str] | bytes) -> str:
    return sha256(audio if isinstance(audio, bytes) else Path(audio).read_bytes()).hexdigest()


def _named(kind: str, name: str | None, match: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Give a fixture a name, by default one that others for the same requests have too."""
    if name is None:
        digest = blake2b(json.dumps(match, sort_keys=True).encode(), digest_size=4).hexdigest()
        name = f"{kind}-{digest}"
    return {"name": name} | {field: value for field, value in document.items() if value}
