"""How sentences sound: positive, neutral or negative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mockserver.engine.lexicon import INTENSIFIERS, MOODS, NEGATIONS, is_profane
from mockserver.engine.phrases import plain, share
from mockserver.engine.views import Passage

_REACH = 3
"""How many words after a negation it still turns around."""

_TURNS = frozenset("but however although though pero mais aber ma mas".split())
_GREETED = frozenset("morning afternoon evening day night".split())
_CLEAR = 0.7
_ASKED = 0.3


@dataclass(frozen=True, slots=True)
class Feeling:
    """How a sentence sounds; ``mood`` is positive, neutral or negative."""

    sentence: Passage
    mood: str
    confidence: float


def sentiment(sentences: Sequence[Passage]) -> list[Feeling]:
    """Return how each sentence sounds."""
    return [_feeling(sentence) for sentence in sentences]


def _feeling(sentence: Passage) -> Feeling:
    score = _score([word.text for word in sentence.words])
    if sentence.words[-1].text.endswith("?"):
        score *= _ASKED
    jitter = share("mood", sentence.text)
    if abs(score) < _CLEAR:
        return Feeling(sentence, "neutral", round(0.55 + 0.4 * jitter - 0.3 * abs(score), 5))
    mood = "positive" if score > 0 else "negative"
    return Feeling(sentence, mood, round(min(0.55 + 0.12 * abs(score) + 0.15 * jitter, 0.99), 5))


def _score(words: Sequence[str]) -> float:
    """Add up how the words sound; what follows a "but" weighs more than what went before."""
    total, strength, negated = 0.0, 1.0, 0
    for word, following in zip(words, [*words[1:], ""], strict=True):
        key = plain(word)
        if key == "good" and plain(following) in _GREETED:
            continue
        if key in _TURNS:
            total, strength, negated = total / 2, 1.0, 0
        elif key in NEGATIONS:
            negated = _REACH + 1
        elif mood := MOODS.get(key, -1.0 if is_profane(key) else 0.0):
            total += mood * strength * (-0.75 if negated else 1)
            strength = 1.0
        else:
            strength = INTENSIFIERS.get(key, 1.0)
        negated = 0 if word.endswith((",", ";", ":")) else max(0, negated - 1)
    return total
