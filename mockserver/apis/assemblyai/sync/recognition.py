"""Recordings of fixtures that are known by their sound where their bytes are others: parts of them, other rates."""

from __future__ import annotations

from array import array
from dataclasses import replace
from pathlib import Path

from mockserver.engine.options import cut
from mockserver.engine.streaming.recordings import Found, Recogniser
from mockserver.engine.streaming.speech import Speech
from mockserver.engine.transcripts import Transcript, Turn
from mockserver.engine.wave import Wave


def recognised(speech: Speech, path: Path, wave: Wave, digest: str) -> Found | None:
    """Return the recording that samples are of; None if it is none, or if the very file is known. This blocks."""
    speech.load()
    if any(recording.sha256 == digest for recording in speech.recordings.all):
        return None
    recogniser = Recogniser(speech.recordings, wave.rate)
    with path.open("rb") as file:
        file.seek(wave.start)
        for _ in range(0, wave.size, wave.rate * wave.frame):
            found = recogniser.hear(_mono(file.read(wave.rate * wave.frame), wave))
            if not isinstance(found, bool):
                return found
            if not found:
                return None
    return recogniser.conclude()


def _mono(samples: bytes, wave: Wave) -> bytes:
    whole = samples[: len(samples) // wave.frame * wave.frame]
    if wave.channels == 1:
        return whole
    both = array("h", whole)
    return array("h", [(left + right) // 2 for left, right in zip(both[::2], both[1::2], strict=True)]).tobytes()


def part(transcript: Transcript, shift: int, duration: int) -> Transcript:
    """Return what is heard of a recording that begins ``shift`` milliseconds after the beginning, or before it."""
    turns = cut(transcript, -shift, duration - shift).turns
    return replace(transcript, turns=tuple(_moved(turn, shift, duration) for turn in turns), duration=duration)


def _moved(turn: Turn, shift: int, duration: int) -> Turn:
    words = (word._replace(start=word.start + shift, end=min(word.end + shift, duration)) for word in turn.words)
    return Turn(turn.speaker, turn.channel, tuple(words))
