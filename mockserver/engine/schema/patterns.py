"""Strings that match a regular expression: it is followed with a library, within limits."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from mockserver.engine.schema.budget import Budget, SpentError
from mockserver.engine.schema.merging import ImpossibleError

_TRIES = 12
_REPEATS, _MOST_REPEATS = 4, 1000
_ANY_NUMBER = 100
"""What an open end of repeats is to the library that follows the expression."""
_CANDIDATES, _ALL_CANDIDATES = 200_000, 1_000_000
"""How many characters may be chosen among for one text, and for all, that regular expressions describe."""
_LONGEST_PATTERNED = 10_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_CLASSES = (
    (re.compile(r"\\p\{(?:L|Letter|Alphabetic|Ll|Lowercase_Letter)\}"), "a-z"),
    (re.compile(r"\\p\{(?:Lu|Uppercase_Letter)\}"), "A-Z"),
    (re.compile(r"\\p\{(?:N|Nd|Number|Digit)\}"), "0-9"),
)
_WIDE_RANGE = re.compile(r"(\\u[0-9a-fA-F]{4}|[^\x00-\x7f])-(\\u[0-9a-fA-F]{4}|[^\x00-\x7f])")
_WIDEST = 64
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")
_BACK_REFERENCE = re.compile(r"\\k<(\w+)>")


class Patterns:
    """The follower of regular expressions; all of them together may take so much."""

    def __init__(self, budget: Budget, matches: Callable[[str, str], bool]) -> None:
        self._budget, self._matches = budget, matches
        self._candidates = _ALL_CANDIDATES

    def string(self, pattern: str, rng: random.Random, least: int, most: int) -> str:
        """Make up a string of that length which matches; raise ``ImpossibleError`` if none is found."""
        readable = _readable(pattern)
        for attempt in range(_TRIES):
            spread = (_REPEATS, max(_REPEATS, min(least, _MOST_REPEATS)), 1, 0)[attempt % 4]
            choices = _Orderly(rng.getrandbits(64), spread, min(_CANDIDATES, self._candidates))
            made = self._imagined(readable, choices)
            self._budget.spend(steps=1 + len(made) // 20)
            for text in (made, made + fitted("a", least - len(made), most), made[:most]):
                if least <= len(text) <= min(most, least + _LONGEST_PATTERNED) and self._matches(pattern, text):
                    return text
        raise ImpossibleError(f"no text was found for the pattern {pattern[:80]!r} and its length")

    def _imagined(self, pattern: str, rng: _Orderly) -> str:
        from rstr import Rstr

        word = _LETTERS + _LETTERS.upper() + _DIGITS
        alphabets = {"word": word, "nonwhitespace": word, "printable": word, "nondigits": _LETTERS, "whitespace": " "}
        try:
            return Rstr(rng, **alphabets).xeger(pattern)
        except SpentError:
            return ""
        except Exception as error:
            raise ImpossibleError(f"the pattern {pattern[:80]!r} cannot be followed: {error}") from error
        finally:
            self._candidates -= rng.taken


class _Orderly(random.Random):
    """Choices that do not depend on the order of a set, prefer letters and digits, and come to an end."""

    def __init__(self, seed: int, spread: int, most: int) -> None:
        super().__init__(seed)
        self._spread, self._most, self.taken = spread, most, 0

    def choice(self, options: Any) -> Any:
        """Choose one; characters are looked at in their order."""
        self._take(len(options))
        if isinstance(options, list) and all(isinstance(each, str) for each in options):
            letters = [each for each in options if each.isascii() and each.isalnum()]
            options = sorted(letters or options)
        return super().choice(options)

    def randint(self, least: int, most: int) -> int:
        """Choose how often something is repeated."""
        high = max(least, least + self._spread if most == _ANY_NUMBER else min(most, least + self._spread))
        times = high if self._spread > _REPEATS else super().randint(least, high)
        self._take(20 * times)
        return times

    def _take(self, count: int) -> None:
        self.taken += count + 1
        if self.taken > self._most:
            raise SpentError("a pattern asks for too much")


def fitted(text: str, least: int, most: int) -> str:
    """Return the text, repeated or cut to that length: between words, where that is possible."""
    while len(text) < least:
        text = " ".join([text, text or "."])[: max(least, 1)]
    if len(text) > most:
        words = text[: most + 1].rsplit(" ", 1)[0].rstrip(" ,;:")
        text = words if least <= len(words) <= most else text[:most]
    return text


def _readable(pattern: str) -> str:
    for described, characters in _CLASSES:
        pattern = described.sub(lambda found, these=characters: _listed(found, these), pattern)  # type: ignore[misc]
    pattern = _WIDE_RANGE.sub(_narrowed, pattern)
    return _BACK_REFERENCE.sub(r"(?P=\1)", _NAMED_GROUP.sub("(?P<", pattern))


def _narrowed(found: re.Match[str]) -> str:
    """Return a range of characters of which not so many have to be looked at."""
    first, last = (ord(each) if len(each) == 1 else int(each[2:], 16) for each in found.groups())
    return f"{found[1]}-{chr(min(last, first + _WIDEST))}" if first < 0xD000 else found[0]


def _listed(found: re.Match[str], characters: str) -> str:
    before = found.string[: found.start()]
    inside = before.rfind("[") > before.rfind("]")
    return characters if inside else f"[{characters}]"
