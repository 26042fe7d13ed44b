"""Who is said to speak: the labels of turns, and what is known better later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.apis.assemblyai.streaming.params import Params
from mockserver.engine.streaming.hearing import Turn

UNKNOWN = "UNKNOWN"
_TOO_SHORT = 1000
"""Milliseconds of speech that tell nothing about who speaks."""
_MOST_UNKNOWN = 1000


class Speakers:
    """Labels the turns of one stream."""

    def __init__(self, params: Params) -> None:
        self._is_on = params.speaker_labels
        self._most = params.max_speakers
        self._interval = params.revision_interval
        self._known: dict[str, str] = {}
        self._unknown: list[dict[str, Any]] = []
        """The turns of too short speech, as they are revised later."""
        self._revised_at = 0

    def label(self, fields: dict[str, Any], turn: Turn) -> None:
        """Add to a turn's fields, and those of its words, who speaks."""
        if not self._is_on or not fields["words"]:
            return
        label = self._label_of(turn.words[0].speaker or "A")
        certain = round(sum(word["confidence"] for word in fields["words"]) / len(fields["words"]), 6)
        if turn.end - turn.start < _TOO_SHORT:
            self._revise_later(fields, label, certain)
            label, certain = UNKNOWN, 0.0
        fields["words"] = [word | {"speaker": label, "speaker_confidence": certain} for word in fields["words"]]
        fields |= {"speaker_label": label, "speaker_confidence": certain}

    def _label_of(self, speaker: str) -> str:
        """Return a speaker's label; where there are more than there may be, one of an earlier speaker."""
        if speaker not in self._known:
            kept = list(self._known)
            is_full = self._most is not None and len(kept) >= self._most
            self._known[speaker] = self._known[kept[len(kept) % (self._most or 1)]] if is_full else speaker
        return self._known[speaker]

    def _revise_later(self, fields: dict[str, Any], label: str, certain: float) -> None:
        words = [word | {"speaker": label, "speaker_confidence": certain} for word in fields["words"]]
        revision = {"turn_order": fields["turn_order"], "speaker_label": label, "words": words}
        self._unknown = [each for each in self._unknown if each["turn_order"] != fields["turn_order"]]
        if len(self._unknown) < _MOST_UNKNOWN:
            self._unknown.append(revision)

    def revisions(self, now: int | None = None) -> Sequence[dict[str, Any]]:
        """Return the turns whose speakers are known by now, if it is time for that; None: it is."""
        if now is not None and (self._interval is None or now - self._revised_at < self._interval):
            return ()
        self._revised_at = now or 0
        revised, self._unknown = self._unknown, []
        return revised
