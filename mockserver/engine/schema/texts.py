"""Strings for a JSON Schema: by format, by regular expression, by the name of the property, or from what was said."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from mockserver.engine.schema.budget import Budget
from mockserver.engine.schema.merging import ImpossibleError
from mockserver.engine.schema.names import of_format, of_name
from mockserver.engine.schema.patterns import Patterns, fitted

_TRIES = 12


class Texts:
    """Strings, made up one after the other; texts of the conversation are used in their order."""

    def __init__(self, texts: Sequence[str], budget: Budget, matches: Callable[[str, str], bool]) -> None:
        from faker import Faker

        self._texts = [text for text in texts if text.strip()]
        self._used = 0
        self._budget, self._matches = budget, matches
        self._fake = Faker("en_US")
        self._patterns = Patterns(budget, matches)

    def string(self, schema: dict[str, Any], name: str, rng: random.Random, *, fresh: bool = False) -> str:
        """Make up a string; a fresh one is none of the texts."""
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 1 << 62))
        self._refuse(least, most)
        self._fake.seed_instance(rng.getrandbits(64))
        made = self._special(schema, rng, least, most)
        if made is None:
            made = fitted(self._plain(name, rng, fresh=fresh), least, most)
        self._budget.spend(characters=len(made))
        return made

    def word(self, rng: random.Random) -> str:
        """Make up a name for something."""
        self._fake.seed_instance(rng.getrandbits(64))
        return str(self._fake.word())

    def _refuse(self, least: int, most: int) -> None:
        if least > most:
            raise ImpossibleError(f"minLength {least} is more than maxLength {most}")
        if least > self._budget.characters:
            raise ImpossibleError(f"minLength {least} is too much")

    def _special(self, schema: dict[str, Any], rng: random.Random, least: int, most: int) -> str | None:
        pattern, make = schema.get("pattern"), of_format(str(schema.get("format")))
        for _ in range(_TRIES if make else 0):
            made = str(make(self._fake, rng)) if make else ""
            if least <= len(made) <= most and (pattern is None or self._matches(pattern, made)):
                return made
        return None if pattern is None else self._patterns.string(pattern, rng, least, most)

    def _plain(self, name: str, rng: random.Random, *, fresh: bool) -> str:
        make = of_name(name)
        return str(make(self._fake, rng)) if make else self._said(fresh=fresh)

    def _said(self, *, fresh: bool) -> str:
        if fresh or not self._texts:
            return str(self._fake.sentence(nb_words=6))
        self._used += 1
        return self._texts[(self._used - 1) % len(self._texts)]
