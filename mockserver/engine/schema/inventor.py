"""The making of a value for a JSON Schema, from the outside to the inside; the result may still be wrong."""

from __future__ import annotations

import copy
import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mockserver.engine.schema.budget import Budget
from mockserver.engine.schema.demands import Place, closed, element_of, is_taken, offered, ordered_types, sought
from mockserver.engine.schema.document import Document, pointer
from mockserver.engine.schema.facts import Facts
from mockserver.engine.schema.merging import ImpossibleError, both, canonical
from mockserver.engine.schema.numbers import number
from mockserver.engine.schema.parts import LEAST, Parts, Plan
from mockserver.engine.schema.texts import Texts

MOST_STEPS, MOST_VALUES, MOST_CHARACTERS = 20_000, 5_000, 200_000
DEEPEST = 60
_ATTEMPTS = 24
_RETRIES = 3
_FRAGILE = frozenset(
    {"not", "oneOf", "anyOf", "allOf", "if", "contains", "maxContains", "patternProperties", "propertyNames", "$ref",
     "dependentRequired", "dependentSchemas", "dependencies", "multipleOf", "unevaluatedProperties", "unevaluatedItems"}
)  # fmt: skip


class Inventor:
    """Makes up one value."""

    def __init__(
        self, document: Document, seed: str, texts: Sequence[str], share: float, facts: Mapping[str, Sequence[str]]
    ) -> None:
        self._document, self._seed = document, seed
        self._budget = Budget(*(int(most * share) for most in (MOST_STEPS, MOST_VALUES, MOST_CHARACTERS)))
        self._parts = Parts(document, self._budget)
        self._texts = Texts(texts, self._budget, document.matches)
        self._facts = Facts(facts, document, self._budget)

    def value(self, schema: Any, place: Place, taken: Collection[str] = ()) -> Any:
        """Make up a value that is not taken; raise ``ImpossibleError`` if there is none."""
        if len(place.path) > DEEPEST:
            raise ImpossibleError(f"it is nested more than {DEEPEST} levels deep at {pointer(place.path)[:80]}...")
        fragile = isinstance(schema, dict) and not _FRAGILE.isdisjoint(schema)
        attempt, attempts, problem = 0, 1, ImpossibleError("")
        while attempt < min(attempts, _ATTEMPTS):
            plan = Plan(attempt, self._rng(place, attempt), place.thrift)
            try:
                plain = self._parts.plain(schema, plan)
                made = self._made(plain, place.through(plan.references), plan, attempt, taken)
                if self._is_valid(schema, made, fragile=fragile) and not is_taken(plain, made, taken):
                    return made
                problem = ImpossibleError(f"nothing satisfies {_keywords(schema)} at {pointer(place.path)}")
                attempts = plan.count * _RETRIES
            except ImpossibleError as error:
                problem, attempts = _located(error, place), max(attempts, plan.count)
            attempt += 1
        raise problem

    def _rng(self, place: Place, attempt: int) -> random.Random:
        return random.Random(f"{self._seed}/{pointer(place.path)}/{attempt}")

    def _is_valid(self, schema: Any, made: Any, *, fragile: bool) -> bool:
        return not fragile or self._document.accepts(schema, made)

    def _made(self, plain: dict[str, Any], place: Place, plan: Plan, attempt: int, taken: Collection[str]) -> Any:
        self._budget.spend(values=1)
        if "enum" in plain:
            return self._of_enum(plain, place, plan.rng, taken)
        fact = self._facts.value(plain, place.name, taken) if attempt == 0 else None
        if fact is not None:
            return self._copied(fact)
        for offer in offered(plain, plan.rng) if attempt == 0 else ():
            if self._document.accepts({**plain, "default": None}, offer):
                return self._copied(offer)
        return self._of_type(plain, place, plan, attempt, taken)

    def _of_type(self, plain: dict[str, Any], place: Place, plan: Plan, attempt: int, taken: Collection[str]) -> Any:
        kind = plan.choose(ordered_types(plain, place, plan.rng))
        if kind == "object":
            return self._object(plain, place, plan.rng)
        if kind == "array":
            return self._array(plain, place, plan.rng)
        if kind == "string":
            return self._texts.string(plain, place.name, plan.rng, fresh=attempt > 0)
        if kind in ("integer", "number"):
            excluded = {*taken, *map(canonical, plain.get("excluded", ()))}
            return number(plain, place.name, plan.rng, excluded, whole=kind == "integer")
        return None if kind == "null" else self._boolean(plain, plan.rng, taken)

    def _of_enum(self, plain: dict[str, Any], place: Place, rng: random.Random, taken: Collection[str]) -> Any:
        self._budget.spend(steps=len(plain["enum"]) // 20)
        options = [value for value in plain["enum"] if not is_taken(plain, value, taken)]
        rest = {key: value for key, value in plain.items() if key != "enum"}
        options = [value for value in options if self._document.accepts(rest, value)]
        if not options:
            raise ImpossibleError("nothing of the enum is allowed")
        wanted = [value for value in options if value is not None]
        known = self._facts.member(wanted, place.name)
        return self._copied(rng.choice(wanted or options) if known is None else known)

    def _copied(self, value: Any) -> Any:
        self._budget.spend(characters=len(canonical(value)))
        return copy.deepcopy(value)

    def _boolean(self, plain: dict[str, Any], rng: random.Random, taken: Collection[str]) -> bool:
        options = [value for value in (True, False) if not is_taken(plain, value, taken)]
        if not options:
            raise ImpossibleError("neither true nor false is allowed")
        return rng.choice(options)

    def _object(self, plain: dict[str, Any], place: Place, rng: random.Random) -> dict[str, Any]:
        required = closed(plain.get("required", ()), plain.get("dependentRequired", {}))
        least, most = int(plain.get("minProperties", 0)), int(plain.get("maxProperties", MOST_VALUES))
        count = max(least, len(required))
        if count > min(most, self._budget.values):
            raise ImpossibleError(
                f"{count} properties are more than " + ("maxProperties" if count > most else "is possible")
            )
        wanted = self._wanted(plain, place, required, least, most)
        made: dict[str, Any] = {}
        needed = {*required}
        for name in wanted:
            self._add(made, plain, name, place, needed=name in needed)
        self._add_others(made, plain, place, rng)
        return made

    def _wanted(self, plain: dict[str, Any], place: Place, required: Sequence[str], least: int, most: int) -> list[str]:
        """Return the names of the members to make, in the order in which the schema has them."""
        room = max(most, least) - len(required)
        needed = {*required}
        optional = [name for name in plain.get("properties", {}) if name not in needed]
        if place.thrift == LEAST:
            room = min(room, max(0, least - len(required)))
        chosen = {*[name for name in optional if self._is_wanted(plain, name, place)][:room]}
        declared = [name for name in plain.get("properties", {}) if name in needed or name in chosen]
        return [*declared, *(name for name in required if name not in plain.get("properties", {}))]

    def _is_wanted(self, plain: dict[str, Any], name: str, place: Place) -> bool:
        schema = plain["properties"][name]
        if schema is False or self._budget.is_low:
            return False
        if not self._document.accepts(plain.get("propertyNames", True), name):
            return False
        return self._parts.height(schema) == 0 if place.thrift else True

    def _add(self, made: dict[str, Any], plain: dict[str, Any], name: str, place: Place, *, needed: bool) -> None:
        if self._budget.is_low and not needed:
            return
        try:
            made[name] = self.value(self._parts.member(plain, name), place.below(name))
        except ImpossibleError:
            if needed:
                raise

    def _add_others(self, made: dict[str, Any], plain: dict[str, Any], place: Place, rng: random.Random) -> None:
        """Add members that no property names: where too few are there, and to what is a map of names."""
        least, most = int(plain.get("minProperties", 0)), int(plain.get("maxProperties", MOST_VALUES))
        is_map = isinstance(plain.get("additionalProperties"), dict) or plain.get("patternProperties")
        goal = 2 if is_map and not made and not place.thrift else 0
        for turn in range(4 * max(goal, least)):
            if len(made) >= min(max(goal, least), most):
                return
            name = self._new_name(plain, place, rng, turn)
            if name is not None and name not in made:
                self._add(made, plain, name, place, needed=len(made) < least and turn > 2 * least)
        if len(made) < least:
            raise ImpossibleError(f"minProperties {least} are not to be had")

    def _new_name(self, plain: dict[str, Any], place: Place, rng: random.Random, turn: int) -> str | None:
        patterns = [key for key, part in plain.get("patternProperties", {}).items() if part is not False]
        names = plain.get("propertyNames", True)
        open_to_all = plain.get("additionalProperties", True) is not False
        try:
            if patterns and (not open_to_all or turn % 2 == 0):
                name = self._texts.string({"pattern": patterns[turn // 2 % len(patterns)]}, "", rng)
            elif not open_to_all and plain.get("properties"):
                name = list(plain["properties"])[turn % len(plain["properties"])]
            elif isinstance(names, dict):
                name = self.value(both({"type": "string"}, names), place.below(turn)._replace(name="key"))
            else:
                name = self._texts.word(rng) + ("" if turn < 20 else f"_{turn}")
        except ImpossibleError:
            return None
        return name if self._document.accepts(names, name) else None

    def _array(self, plain: dict[str, Any], place: Place, rng: random.Random) -> list[Any]:
        contained = sought(plain)
        low = max(int(plain.get("minItems", 0)), contained)
        high = int(plain.get("maxItems", MOST_VALUES))
        if low > min(high, self._budget.values):
            raise ImpossibleError(f"minItems {low} is more than " + ("maxItems" if low > high else "is possible"))
        count = self._length(plain, place, rng, low, high)
        made: list[Any] = []
        taken: set[str] = set()
        for turn in range(count):
            try:
                made.append(self.value(element_of(plain, turn, count), place.below(turn), taken))
            except ImpossibleError:
                if turn < low or contained:
                    raise
                break
            if plain.get("uniqueItems"):
                taken.add(canonical(made[-1]))
        return made

    def _length(self, plain: dict[str, Any], place: Place, rng: random.Random, low: int, high: int) -> int:
        first, rest = len(plain.get("prefixItems", ())), plain.get("items", True)
        if place.thrift == LEAST or (place.thrift and not self._parts.is_flat(rest)):
            return low
        count = first or self._facts.length(rest, place.name) or rng.randint(1, 3)
        count = max(count, first + sought(plain)) if "contains" in plain else count
        if rest is False or (plain.get("unevaluatedItems") is False and "items" not in plain):
            count = first
        return max(low, min(count, high))


def _located(error: ImpossibleError, place: Place) -> ImpossibleError:
    message = str(error)
    return error if " at $" in message else ImpossibleError(f"{message} at {pointer(place.path)}")


def _keywords(schema: Any) -> str:
    return ", ".join(map(str, schema))[:80] if isinstance(schema, dict) else repr(schema)
