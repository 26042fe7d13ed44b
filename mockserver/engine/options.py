"""What a request asks of the recognition itself, in the engine's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from mockserver.engine.acceptance import Accepted
from mockserver.engine.media import Unusable
from mockserver.engine.transcripts import Transcript, Turn


class Detect(NamedTuple):
    """How the language is found out; ``expected`` is empty where any is."""

    expected: tuple[str, ...] = ()
    fallback: str | None = None
    """The language to assume where the detected one is not expected; None: the first that is."""
    least_confidence: float = 0.0
    fails_unsure: bool = True
    fails_silent: bool = True


class Options(NamedTuple):
    """What to listen to, and when to give up; times in milliseconds."""

    start: int | None = None
    end: int | None = None
    least_speech: float | None = None
    """The share of the audio that must be speech, 0 to 1."""
    speakers: tuple[int, int | None] | None = None
    """The fewest and the most that may be told apart."""
    detect: Detect | None = None
    accepted: Accepted | None = None
    """Which audio the job takes; None: whatever can be heard."""

    def encode(self) -> str | None:
        """Return what ``decode`` reads: None if nothing is asked for."""
        if self == AS_USUAL:
            return None
        detect, accepted = (part and [*part] for part in (self.detect, self.accepted))
        return orjson.dumps([*self[:4], detect, accepted]).decode()

    @staticmethod
    def decode(encoded: str | None) -> Options:
        """Read what ``encode`` wrote."""
        if encoded is None:
            return AS_USUAL
        start, end, least_speech, speakers, detect, accepted = orjson.loads(encoded)
        return Options(
            start,
            end,
            least_speech,
            (speakers[0], speakers[1]) if speakers else None,
            Detect(tuple(detect[0]), *detect[1:]) if detect else None,
            Accepted(accepted[0], tuple(accepted[1]), *accepted[2:]) if accepted else None,
        )


AS_USUAL = Options()


class Language(NamedTuple):
    """The language that was detected; ``is_fallback`` says that it is an assumption."""

    code: str
    confidence: float
    is_fallback: bool = False


def detected(detect: Detect, spoken: str, confidence: float, *, silent: bool) -> Language | Unusable:
    """Find out the language of what is said, or why that fails."""
    assumed = detect.fallback or next(iter(detect.expected), spoken)
    if silent:
        return Unusable("no_speech") if detect.fails_silent else Language(assumed, 0.0, is_fallback=True)
    if confidence < detect.least_confidence:
        if detect.fails_unsure:
            facts = {"language": spoken, "confidence": confidence, "threshold": detect.least_confidence}
            return Unusable("low_language_confidence", orjson.dumps(facts).decode())
        return Language(assumed, confidence, is_fallback=True)
    base = spoken.split("_")[0]
    if detect.expected and not {spoken, base} & {*detect.expected, *(e.split("_")[0] for e in detect.expected)}:
        return Language(assumed, confidence, is_fallback=True)
    return Language(spoken, confidence)


def too_little_speech(share: float, least: float) -> Unusable:
    """Return the failure of audio in which too little is said."""
    return Unusable("low_speech", orjson.dumps({"share": round(share, 4), "threshold": least}).decode())


def cut(transcript: Transcript, start: int | None, end: int | None) -> Transcript:
    """Return what is said from ``start`` to ``end``: the words that begin there."""
    if start is None and end is None:
        return transcript
    first, last = start or 0, transcript.duration + 1 if end is None else end
    turns = (_cut_turn(turn, first, last) for turn in transcript.turns)
    return transcript.with_turns([turn for turn in turns if turn.words])


def _cut_turn(turn: Turn, start: int, end: int) -> Turn:
    words = tuple(word._replace(end=min(word.end, end)) for word in turn.words if start <= word.start < end)
    return Turn(turn.speaker, turn.channel, words)


def merged_speakers(turns: Sequence[Turn], most: int | None) -> list[Turn]:
    """Return turns with at most ``most`` speakers: those that come later are taken for earlier ones."""
    known: dict[str | None, str | None] = {}
    for turn in turns:
        if turn.speaker not in known:
            kept = list(known)
            known[turn.speaker] = turn.speaker if most is None or len(kept) < most else kept[len(kept) % most]
    return [Turn(known[turn.speaker], turn.channel, turn.words) for turn in turns]
