"""What is wanted at one place of a value, as one schema without references says it."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from mockserver.engine.schema.merging import ImpossibleError, both, canonical, element, types_of
from mockserver.engine.schema.parts import FULL, LEAN, TYPES

_DEEP = 8
_LOOPS = 2
_INFERRED = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties",
               "maxProperties", "dependentRequired"),
    "array": ("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}  # fmt: skip


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


def is_taken(plain: dict[str, Any], value: Any, taken: Collection[str]) -> bool:
    """Say whether the value is one of those that it must not be."""
    excluded = plain.get("excluded", ())
    if not taken and not excluded:
        return False
    return canonical(value) in taken or any(canonical(value) == canonical(each) for each in excluded)


def sought(plain: dict[str, Any]) -> int:
    """Return how many elements of a list it must contain."""
    return int(plain.get("minContains", 1)) if "contains" in plain else 0


def element_of(plain: dict[str, Any], turn: int, count: int) -> Any:
    """Return what the element must satisfy: the last ones are those that the list is to contain."""
    asked = [element(plain, turn)]
    if turn >= count - sought(plain):
        asked.append(plain["contains"])
    elif "maxContains" in plain and "contains" in plain:
        asked.append({"not": plain["contains"]})
    return both(*asked)


def closed(required: Sequence[str], dependent: dict[str, list[str]]) -> list[str]:
    """Return the required names, and those that they require."""
    names = dict.fromkeys(required)
    waiting = list(names)
    while waiting:
        new = [other for other in dependent.get(waiting.pop(), ()) if other not in names]
        names.update(dict.fromkeys(new))
        waiting += new
    return list(names)


def possible_types(plain: dict[str, Any]) -> list[str]:
    """Return the types that the value may have, or those that its keywords are about."""
    types = types_of(plain)
    return (_inferred(plain) or list(TYPES)) if types is None else types


def _inferred(plain: dict[str, Any]) -> list[str]:
    return [kind for kind, keywords in _INFERRED.items() if any(keyword in plain for keyword in keywords)]


def ordered_types(plain: dict[str, Any], place: Place, rng: random.Random) -> list[str]:
    """Return the types that the value may have, the one to try first in front."""
    types = types_of(plain)
    if types is None:
        inferred = _inferred(plain)
        return [*inferred, *(kind for kind in TYPES if kind not in inferred)]
    if not types:
        raise ImpossibleError("no type is allowed")
    flat = [kind for kind in rng.sample(types, len(types)) if kind not in ("null", "object", "array")]
    deep = [kind for kind in rng.sample(types, len(types)) if kind in ("object", "array")]
    null = ["null"] if "null" in types else []
    return [*null, *flat, *deep] if place.thrift and deep else [*deep, *flat, *null]


def offered(plain: dict[str, Any], rng: random.Random) -> Iterator[Any]:
    """Yield the values that the schema itself names: its examples, then its default."""
    examples = plain.get("examples")
    if isinstance(examples, list) and examples:
        yield from rng.sample(examples, len(examples))
    if plain.get("default") not in (None, "", [], {}):
        yield plain["default"]
