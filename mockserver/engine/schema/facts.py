"""What is known of the text that a value is about: by kind, and used in the order in which it was mentioned."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from mockserver.engine.schema.budget import Budget
from mockserver.engine.schema.demands import is_taken, possible_types
from mockserver.engine.schema.document import Document
from mockserver.engine.schema.names import kind_of, numeric_kind_of
from mockserver.engine.schema.numbers import fits

_MOST = 50
"""How many facts of a kind are looked at."""
_TO_MATCH = 5
"""What it takes, in steps, to hold one of them against a format or a regular expression."""
_LONGEST_LIST = 5
_POLES = frozenset({"positive", "negative"})
_ENUMERATED = ("sentiment", "topic", "language", "language_code", "place", "company", "date", "person")
"""The kinds that an enum may be made of, whatever the name of its property."""
_WHOLE = re.compile("0|[1-9][0-9]{0,14}")


class Facts:
    """The facts for one value; after the last of a kind comes the first again."""

    def __init__(self, facts: Mapping[str, Sequence[str]], document: Document, budget: Budget) -> None:
        told = {kind: [text for text in texts if text.strip()][:_MOST] for kind, texts in facts.items()}
        known = {kind: tuple(dict.fromkeys(texts)) for kind, texts in {**told, **_derived(told)}.items()}
        self._known = {kind: texts for kind, texts in known.items() if texts}
        self._used: Counter[str] = Counter()
        self._document, self._budget = document, budget

    def value(self, plain: dict[str, Any], name: str, taken: Collection[str]) -> str | int | None:
        """Return what is known for a property of that name, if the schema allows it; None if there is nothing."""
        if not self._known or self._budget.is_low:
            return None
        types, fact = possible_types(plain), None
        if "string" in types:
            kind = kind_of(name, plain.get("format"))
            fact = self._next(kind, lambda text: self._is_text(plain, text) and not is_taken(plain, text, taken))
        if fact is not None or {"integer", "number"}.isdisjoint(types):
            return fact
        digits = self._next(numeric_kind_of(name), lambda text: _is_number(plain, text, taken))
        return None if digits is None else int(digits)

    def member(self, values: Sequence[Any], name: str) -> Any:
        """Return the one of the values that is known for a property of that name; None if none is."""
        words = self._words(values)
        for kind in self._kinds(words, name):
            fact = self._next(kind, lambda text: _folded(text) in words)
            if fact is not None:
                return words[_folded(fact)]
        return None

    def length(self, items: Any, name: str) -> int:
        """Return how many elements a list of that name is to have; 0 if nothing is known for it."""
        if not self._known:
            return 0
        part = self._document.target(items["$ref"]) if isinstance(items, dict) and "$ref" in items else items
        if not isinstance(part, dict) or "enum" not in part:
            return min(_LONGEST_LIST, len(self._known.get(kind_of(name) or "", ())))
        words = self._words(part["enum"])
        counts = (sum(_folded(fact) in words for fact in self._known[kind]) for kind in self._kinds(words, name))
        return min(_LONGEST_LIST, next(filter(None, counts), 0))

    def _next(self, kind: str | None, accepts: Callable[[str], bool]) -> str | None:
        known = self._known.get(kind or "", ())
        for step in range(len(known)):
            self._budget.spend(steps=1)
            fact = known[(self._used[kind or ""] + step) % len(known)]
            if accepts(fact):
                self._used[kind or ""] += step + 1
                return fact
        return None

    def _is_text(self, plain: dict[str, Any], text: str) -> bool:
        asked = {keyword: plain[keyword] for keyword in ("format", "pattern") if keyword in plain}
        if not plain.get("minLength", 0) <= len(text) <= plain.get("maxLength", len(text)):
            return False
        self._budget.spend(steps=_TO_MATCH * len(asked))
        return all(self._document.matches(value, text, keyword) for keyword, value in asked.items())

    def _kinds(self, words: Mapping[str, Any], name: str) -> Iterator[str]:
        sentiment = "sentiment" if words.keys() >= _POLES else None
        asked = dict.fromkeys((sentiment, kind_of(name), numeric_kind_of(name), *_ENUMERATED))
        return (kind for kind in asked if kind in self._known)

    def _words(self, values: Sequence[Any]) -> dict[str, Any]:
        if not self._known or self._budget.is_low:
            return {}
        words = {_folded(str(value)): value for value in reversed(values) if type(value) in (str, int)}
        return {word: value for word, value in words.items() if word}


def _derived(told: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return the kinds that are parts of others: the names of a person, and the names of a language."""
    people, language = [text.split() for text in told.get("person", ())], told.get("language", ())
    return {
        "first_name": [words[0] for words in people],
        "last_name": [words[-1] for words in people if len(words) > 1],
        "language": language[:1],
        "language_code": language[1:2],
    }


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def _is_number(plain: dict[str, Any], text: str, taken: Collection[str]) -> bool:
    return bool(_WHOLE.fullmatch(text)) and fits(plain, int(text)) and not is_taken(plain, int(text), taken)
