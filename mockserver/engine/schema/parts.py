"""What a JSON Schema asks of one value: references followed, branches chosen, and all of it merged into one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from mockserver.engine.schema.budget import Budget
from mockserver.engine.schema.document import Document
from mockserver.engine.schema.merging import ImpossibleError, both, merged, merged_elements, ordinary, types_of

T = TypeVar("T")
FULL, LEAN, LEAST = range(3)
"""How much to make up: all there is; nothing that leads deeper; only what is required."""
ENDLESS = 99
TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
_FORKS = frozenset({"$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"})
_OBJECTS = frozenset({"properties", "patternProperties", "additionalProperties"})
_ARRAYS = frozenset({"prefixItems", "items"})
_FAR = 8
_OPPOSITES = {
    "minimum": ("number", "exclusiveMaximum", 0), "maximum": ("number", "exclusiveMinimum", 0),
    "exclusiveMinimum": ("number", "maximum", 0), "exclusiveMaximum": ("number", "minimum", 0),
    "minLength": ("string", "maxLength", -1), "maxLength": ("string", "minLength", 1),
    "minItems": ("array", "maxItems", -1), "maxItems": ("array", "minItems", 1),
    "minProperties": ("object", "maxProperties", -1), "maxProperties": ("object", "minProperties", 1),
}  # fmt: skip


class Plan:
    """Which branch to take at each fork: the digits of a number, so that counting tries them all."""

    def __init__(self, number: int, rng: random.Random, thrift: int) -> None:
        self.rng, self.thrift = rng, thrift
        self.count = 1
        self.references: list[str] = []
        self._rest = number

    def choose(self, options: Sequence[T]) -> T:
        """Return the option that this plan takes."""
        self.count = min(self.count * len(options), 1_000_000)
        self._rest, place = divmod(self._rest, len(options))
        return options[place]


class Parts:
    """The reader of one document."""

    def __init__(self, document: Document, budget: Budget) -> None:
        self._document, self._budget = document, budget
        self._heights: dict[tuple[int, int], tuple[Any, int]] = {}

    def plain(self, schema: Any, plan: Plan) -> dict[str, Any]:
        """Return one schema without references and branches, of what the plan chooses; it may be narrower or wider."""
        whole: dict[str, Any] = {}
        for part in self._parts(schema, plan, ()):
            whole = self._pair(whole, part) if whole else part
        return whole

    def height(self, schema: Any, far: int = _FAR) -> int:
        """Return how many levels the flattest value has, near enough: 0 for a number or an empty list."""
        if not isinstance(schema, dict):
            return 0 if schema is not False else ENDLESS
        if far == 0:
            return ENDLESS
        if (id(schema), far) not in self._heights:
            self._budget.spend(steps=1)
            self._heights[id(schema), far] = (schema, self._height(schema, far - 1))
        return self._heights[id(schema), far][1]

    def member(self, schema: dict[str, Any], name: str) -> Any:
        """Return what an object's member of that name must satisfy."""
        found = [schema["properties"][name]] if name in schema.get("properties", {}) else []
        patterns = schema.get("patternProperties", {})
        found += [part for pattern, part in patterns.items() if self._document.matches(pattern, name)]
        return both(*found) if found else schema.get("additionalProperties", True)

    def _height(self, schema: dict[str, Any], far: int) -> int:
        if "enum" in schema or "const" in schema:
            return 0
        heights = [self.height(each, far) for each in schema.get("allOf", ())]
        if "$ref" in schema:
            heights.append(self.height(self._document.target(schema["$ref"]), far))
        forks = [schema[fork] for fork in ("anyOf", "oneOf") if schema.get(fork)]
        heights += [min(self.height(each, far) for each in fork) for fork in forks]
        return max([*heights, self._own_height(schema, far)])

    def _own_height(self, schema: dict[str, Any], far: int) -> int:
        types = types_of(schema)
        if types is not None and not {"object", "array"} >= {*types}:
            return 0
        if types == ["array"] or (types is None and "items" in schema):
            return 1 + self.height(schema.get("items", True), far) if schema.get("minItems") else 0
        if types is None and "properties" not in schema and "required" not in schema:
            return 0
        properties = schema.get("properties", {})
        below = [self.height(properties.get(name, True), far) for name in schema.get("required", ())]
        return min(ENDLESS, 1 + max(below, default=0))

    def is_flat(self, schema: Any, far: int = 4) -> bool:
        """Say whether all values are plain strings, numbers and the like."""
        if not isinstance(schema, dict) or far == 0:
            return False
        if "enum" in schema or "const" in schema:
            return True
        if "$ref" in schema:
            return self.is_flat(self._document.target(schema["$ref"]), far - 1)
        branches = [branch for key in ("anyOf", "oneOf", "allOf") for branch in schema.get(key, ())]
        types = types_of(schema)
        if types is None:
            return bool(branches) and all(self.is_flat(branch, far - 1) for branch in branches)
        return "object" not in types and "array" not in types

    def _parts(self, schema: Any, plan: Plan, chain: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        self._budget.spend(steps=1)
        if schema is False:
            raise ImpossibleError("nothing is allowed (false)")
        if not isinstance(schema, dict):
            return
        yield ordinary({key: value for key, value in schema.items() if key not in _FORKS})
        if "$ref" in schema:
            reference = schema["$ref"]
            if reference in chain or len(chain) > 40:
                raise ImpossibleError("$ref refers to itself")
            plan.references.append(reference)
            yield from self._parts(self._document.target(reference), plan, (*chain, reference))
        for each in schema.get("allOf", ()):
            yield from self._parts(each, plan, chain)
        for fork in self._forks(schema, plan):
            yield from self._parts(plan.choose(fork), plan, chain)

    def _forks(self, schema: dict[str, Any], plan: Plan) -> Iterator[list[Any]]:
        if schema.get("anyOf"):
            yield self._ordered(schema["anyOf"], plan)
        if schema.get("oneOf"):
            yield self._one_of(self._ordered(schema["oneOf"], plan))
        if "not" in schema:
            yield self._negations(schema["not"])
        if "if" in schema and ("then" in schema or "else" in schema):
            condition = schema["if"]
            yield [
                both(condition, schema.get("then", True)),
                both({"not": condition}, schema.get("else", True)),
            ]
        for key in ("dependentSchemas", "dependencies"):
            for name, part in schema.get(key, {}).items():
                part = {"required": part} if isinstance(part, list) else part
                yield [both({"required": [name]}, part), part, {"properties": {name: False}}]

    def _ordered(self, options: list[Any], plan: Plan) -> list[Any]:
        shuffled = plan.rng.sample(options, len(options))
        if plan.thrift:
            return sorted(shuffled, key=lambda option: (self.height(option), _is_null(option)))
        return sorted(shuffled, key=_is_null)

    def _one_of(self, options: list[Any]) -> list[Any]:
        if len(options) > 8:
            return options
        others = [[other for other in options if other is not option] for option in options]
        return [
            *options,
            *(both(option, *({"not": other} for other in rest)) for option, rest in zip(options, others, strict=True)),
        ]

    def _negations(self, schema: Any) -> list[Any]:
        if not isinstance(schema, dict) or not schema:
            return [schema is False]
        return [option for key in schema for option in self._negated(schema, key)] or [True]

    def _negated(self, schema: dict[str, Any], key: str) -> list[Any]:
        value = schema[key]
        if key == "$ref":
            return [{"not": self._document.target(value)}]
        if key in ("anyOf", "oneOf"):
            return [both(*({"not": each} for each in value))]
        if key == "allOf":
            return [{"not": each} for each in value]
        if key == "properties":
            return [
                {"type": "object", "properties": {name: {"not": part}}, "required": [name]}
                for name, part in value.items()
                if part is not True
            ]
        return _simply_negated(key, value)

    def _pair(self, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        whole = {**other, **one}
        for key in one:
            if key in other:
                whole[key] = merged(key, one[key], other[key])
        if any(key in other for key in _OBJECTS) and any(key in one for key in _OBJECTS):
            whole |= self._members(one, other)
        if any(key in other for key in _ARRAYS) and any(key in one for key in _ARRAYS):
            whole |= merged_elements(one, other)
        return whole

    def _properties(self, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        ours, theirs = one.get("properties", {}), other.get("properties", {})
        self._budget.spend(steps=1 + len(ours) // 50)
        return {**ours, **theirs, **{name: both(ours[name], theirs[name]) for name in theirs if name in ours}}

    def _members(self, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        if not any(key in part for part in (one, other) for key in ("patternProperties", "additionalProperties")):
            return {"properties": self._properties(one, other)}
        names = dict.fromkeys([*one.get("properties", ()), *other.get("properties", ())])
        patterns = dict(one.get("patternProperties", {}))
        self._budget.spend(steps=1 + len(names) * (1 + len(patterns)) // 5)
        for pattern, part in other.get("patternProperties", {}).items():
            patterns[pattern] = both(patterns.get(pattern, True), part)
        return {
            "properties": {name: both(self.member(one, name), self.member(other, name)) for name in names},
            "patternProperties": patterns,
            "additionalProperties": both(*(part.get("additionalProperties", True) for part in (one, other))),
        }


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and (schema.get("type") == "null" or schema.get("const", 0) is None)


def _simply_negated(key: str, value: Any) -> list[Any]:
    if key == "not":
        return [value]
    if key == "type":
        refused = {value} if isinstance(value, str) else {*value}
        refused |= {"integer"} if "number" in refused else {"number"} if "integer" in refused else set()
        return [{"type": [kind for kind in TYPES if kind not in refused]}]
    if key in ("const", "enum"):
        return [{"excluded": value if key == "enum" else [value]}]
    if key == "required":
        return [{"properties": {name: False}} for name in value]
    if key in _OPPOSITES:
        kind, opposite, step = _OPPOSITES[key]
        return [{"type": kind, opposite: value + step}]
    return [True] if key in ("pattern", "format", "multipleOf", "uniqueItems", "contains", "items") else []
