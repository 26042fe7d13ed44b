"""Read .srt and .vtt files as turns."""

from __future__ import annotations

import re

from mockserver.engine.transcripts import UntimedTurn, UntimedWord

_TIMES = re.compile(
    r"^\s*(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})\s*-->\s*(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})(?:\s.*)?$"
)
_VOICE = re.compile(r"^<v(?:\.[^\s>]+)*\s+([^>]+)>")
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")


class CaptionError(ValueError):
    """The text is not captions; ``line`` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_captions(text: str) -> list[UntimedTurn]:
    """Return a turn for every cue, with its times; a WebVTT voice tag names the speaker.

    Raises CaptionError for text without cues, and for a cue that ends before it starts.
    """
    turns: list[UntimedTurn] = []
    lines = text.removeprefix("\ufeff").splitlines()
    index = 0
    while index < len(lines):
        match = _TIMES.match(lines[index])
        index += 1
        if match is None:
            if "-->" in lines[index - 1]:
                raise CaptionError(index, f"these are not the times of a cue: {lines[index - 1].strip()!r}")
            continue
        start, end = _moment(match.groups()[:4]), _moment(match.groups()[4:])
        if end < start:
            raise CaptionError(index, "the cue ends before it starts")
        said = []
        while index < len(lines) and lines[index].strip():
            said.append(lines[index].strip())
            index += 1
        turns.append(_turn(" ".join(said), start, end))
    if not turns:
        raise CaptionError(1, "there is no cue in this file")
    return [turn for turn in turns if turn.words]


def _moment(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, millis = (int(part or 0) for part in parts)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis


def _turn(text: str, start: int, end: int) -> UntimedTurn:
    voice = _VOICE.match(text)
    words = tuple(UntimedWord(word) for word in _TAG.sub("", text).split())
    return UntimedTurn(words, speaker=voice[1].strip() if voice else None, start=start, end=end)
