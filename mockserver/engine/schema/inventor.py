"""The making of a value for a JSON Schema, from the outside to the inside; the result may still be wrong."""

from __future__ import annotations

import copy
import random
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from mockserver.engine.schema.document import Document, pointer
from mockserver.engine.schema.merging import ImpossibleError, both, canonical, element, types_of
from mockserver.engine.schema.numbers import number
from mockserver.engine.schema.parts import FULL, LEAN, LEAST, TYPES, Budget, Parts, Plan
from mockserver.engine.schema.texts import Texts

MOST_STEPS, MOST_VALUES, MOST_CHARACTERS = 20_000, 5_000, 200_000
DEEPEST = 60
_ATTEMPTS = 24
_RETRIES = 3
_DEEP = 8
_LOOPS = 2
_INFERRED = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties",
               "maxProperties", "dependentRequired"),
    "array": ("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}  # fmt: skip
_FRAGILE = frozenset(
    {"not", "oneOf", "anyOf", "allOf", "if", "contains", "maxContains", "patternProperties", "propertyNames", "$ref",
     "dependentRequired", "dependentSchemas", "dependencies", "multipleOf", "unevaluatedProperties", "unevaluatedItems"}
)  # fmt: skip


class Place(NamedTuple):
    """Where a value stands, and how much of it is wanted."""

    path: tuple[str | int, ...] = ()
    name: str = ""
    thrift: int = FULL
    references: tuple[str, ...] = ("mock:schema#",)
    loops: int = 0

    def below(self, step: str | int) -> Place:
        """Return the place of a member or an element."""
        name = self.name if isinstance(step, int) else step
        return self._replace(path=(*self.path, step), name=name)

    def through(self, references: Sequence[str]) -> Place:
        """Return this place for what the references lead to: thriftier, if they have led there before."""
        loops = self.loops + sum(reference in self.references for reference in references)
        lean = loops >= _LOOPS or len(self.path) >= _DEEP
        thrift = max(self.thrift, LEAN) if lean else self.thrift
        return self._replace(references=(*self.references, *references), loops=loops, thrift=thrift)


class Inventor:
    """Makes up one value."""

    def __init__(self, document: Document, seed: str, texts: Sequence[str], share: float = 1.0) -> None:
        self._document, self._seed = document, seed
        self._budget = Budget(*(int(most * share) for most in (MOST_STEPS, MOST_VALUES, MOST_CHARACTERS)))
        self._parts = Parts(document, self._budget)
        self._texts = Texts(texts, self._budget, document.matches)

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
                if self._is_valid(schema, made, fragile) and not _is_taken(plain, made, taken):
                    return made
                problem = ImpossibleError(f"nothing satisfies {_keywords(schema)} at {pointer(place.path)}")
                attempts = plan.count * _RETRIES
            except ImpossibleError as error:
                problem, attempts = _located(error, place), max(attempts, plan.count)
            attempt += 1
        raise problem

    def _rng(self, place: Place, attempt: int) -> random.Random:
        return random.Random(f"{self._seed}/{pointer(place.path)}/{attempt}")

    def _is_valid(self, schema: Any, made: Any, fragile: bool) -> bool:
        return not fragile or self._document.accepts(schema, made)

    def _made(self, plain: dict[str, Any], place: Place, plan: Plan, attempt: int, taken: Collection[str]) -> Any:
        self._budget.spend(values=1)
        if "enum" in plain:
            return self._of_enum(plain, plan.rng, taken)
        for offered in _offered(plain, plan.rng) if attempt == 0 else ():
            if self._document.accepts({**plain, "default": None}, offered):
                return self._copied(offered)
        return self._of_type(plain, place, plan, attempt, taken)

    def _of_type(self, plain: dict[str, Any], place: Place, plan: Plan, attempt: int, taken: Collection[str]) -> Any:
        kind = plan.choose(_ordered_types(plain, place, plan.rng))
        if kind == "object":
            return self._object(plain, place, plan.rng)
        if kind == "array":
            return self._array(plain, place, plan.rng)
        if kind == "string":
            return self._texts.string(plain, place.name, plan.rng, fresh=attempt > 0)
        if kind in ("integer", "number"):
            return number(plain, place.name, plan.rng, taken, whole=kind == "integer")
        return None if kind == "null" else self._boolean(plain, plan.rng, taken)

    def _of_enum(self, plain: dict[str, Any], rng: random.Random, taken: Collection[str]) -> Any:
        self._budget.spend(steps=len(plain["enum"]) // 20)
        options = [value for value in plain["enum"] if not _is_taken(plain, value, taken)]
        rest = {key: value for key, value in plain.items() if key != "enum"}
        options = [value for value in options if self._document.accepts(rest, value)]
        if not options:
            raise ImpossibleError("nothing of the enum is allowed")
        wanted = [value for value in options if value is not None]
        return self._copied(rng.choice(wanted or options))

    def _copied(self, value: Any) -> Any:
        self._budget.spend(characters=len(canonical(value)))
        return copy.deepcopy(value)

    def _boolean(self, plain: dict[str, Any], rng: random.Random, taken: Collection[str]) -> bool:
        options = [value for value in (True, False) if not _is_taken(plain, value, taken)]
        if not options:
            raise ImpossibleError("neither true nor false is allowed")
        return rng.choice(options)

    def _object(self, plain: dict[str, Any], place: Place, rng: random.Random) -> dict[str, Any]:
        required = _closed(plain.get("required", ()), plain.get("dependentRequired", {}))
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
            self._add(made, plain, name, place, name in needed)
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

    def _add(self, made: dict[str, Any], plain: dict[str, Any], name: str, place: Place, needed: bool) -> None:
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
                self._add(made, plain, name, place, len(made) < least and turn > 2 * least)
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
        sought = _sought(plain)
        low = max(int(plain.get("minItems", 0)), sought)
        high = int(plain.get("maxItems", MOST_VALUES))
        if low > min(high, self._budget.values):
            raise ImpossibleError(f"minItems {low} is more than " + ("maxItems" if low > high else "is possible"))
        count = self._length(plain, place, rng, low, high)
        made: list[Any] = []
        taken: set[str] = set()
        for turn in range(count):
            try:
                made.append(self.value(_element(plain, turn, count), place.below(turn), taken))
            except ImpossibleError:
                if turn < low or sought:
                    raise
                break
            if plain.get("uniqueItems"):
                taken.add(canonical(made[-1]))
        return made

    def _length(self, plain: dict[str, Any], place: Place, rng: random.Random, low: int, high: int) -> int:
        first, rest = len(plain.get("prefixItems", ())), plain.get("items", True)
        if place.thrift == LEAST or (place.thrift and not self._parts.is_flat(rest)):
            return low
        count = first or rng.randint(1, 3)
        count = max(count, first + _sought(plain)) if "contains" in plain else count
        if rest is False or (plain.get("unevaluatedItems") is False and "items" not in plain):
            count = first
        return max(low, min(count, high))


def _is_taken(plain: dict[str, Any], value: Any, taken: Collection[str]) -> bool:
    excluded = plain.get("excluded", ())
    if not taken and not excluded:
        return False
    return canonical(value) in taken or any(canonical(value) == canonical(each) for each in excluded)


def _sought(plain: dict[str, Any]) -> int:
    return int(plain.get("minContains", 1)) if "contains" in plain else 0


def _element(plain: dict[str, Any], turn: int, count: int) -> Any:
    """Return what the element must satisfy: the last ones are those that the list is to contain."""
    asked = [element(plain, turn)]
    if turn >= count - _sought(plain):
        asked.append(plain["contains"])
    elif "maxContains" in plain and "contains" in plain:
        asked.append({"not": plain["contains"]})
    return both(*asked)


def _closed(required: Sequence[str], dependent: dict[str, list[str]]) -> list[str]:
    """Return the required names, and those that they require."""
    names = dict.fromkeys(required)
    waiting = list(names)
    while waiting:
        new = [other for other in dependent.get(waiting.pop(), ()) if other not in names]
        names.update(dict.fromkeys(new))
        waiting += new
    return list(names)


def _ordered_types(plain: dict[str, Any], place: Place, rng: random.Random) -> list[str]:
    types = types_of(plain)
    if types is None:
        inferred = [kind for kind, keywords in _INFERRED.items() if any(keyword in plain for keyword in keywords)]
        return [*inferred, *(kind for kind in TYPES if kind not in inferred)]
    if not types:
        raise ImpossibleError("no type is allowed")
    flat = [kind for kind in rng.sample(types, len(types)) if kind not in ("null", "object", "array")]
    deep = [kind for kind in rng.sample(types, len(types)) if kind in ("object", "array")]
    null = ["null"] if "null" in types else []
    return [*null, *flat, *deep] if place.thrift and deep else [*deep, *flat, *null]


def _offered(plain: dict[str, Any], rng: random.Random) -> Iterator[Any]:
    examples = plain.get("examples")
    if isinstance(examples, list) and examples:
        yield from rng.sample(examples, len(examples))
    if plain.get("default") not in (None, "", [], {}):
        yield plain["default"]


def _located(error: ImpossibleError, place: Place) -> ImpossibleError:
    message = str(error)
    return error if " at $" in message else ImpossibleError(f"{message} at {pointer(place.path)}")


def _keywords(schema: Any) -> str:
    return ", ".join(map(str, schema))[:80] if isinstance(schema, dict) else repr(schema)
