"""Keywords of a JSON Schema, and what two schemas that hold for the same value ask for together."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

_GREATEST = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"})
_SMALLEST = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"})


class ImpossibleError(Exception):
    """No value satisfies this part of a schema, as far as was tried."""


def both(*schemas: Any) -> Any:
    """Return a schema that asks for all that the given ones ask for."""
    asking = [schema for schema in schemas if schema is not True and schema != {}]
    if any(schema is False for schema in asking):
        return False
    return {"allOf": asking} if len(asking) > 1 else asking[0] if asking else True


def element(schema: dict[str, Any], place: int) -> Any:
    """Return what the element of a list at that place must satisfy."""
    first = schema.get("prefixItems", ())
    return first[place] if place < len(first) else schema.get("items", True)


def types_of(schema: dict[str, Any]) -> list[str] | None:
    """Return the types that are allowed; None if any is."""
    types = schema.get("type")
    return [types] if isinstance(types, str) else types


def canonical(value: Any) -> str:
    """Return text that is the same for values that JSON Schema takes for the same."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def ordinary(schema: dict[str, Any]) -> dict[str, Any]:
    """Write in one way what drafts write in several."""
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items")
        schema["items"] = schema.pop("additionalItems", True)
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    return schema


def merged(key: str, one: Any, other: Any) -> Any:
    """Return the value of a keyword that asks for what two others ask for, where there is one."""
    if key in _GREATEST:
        return max(one, other)
    if key in _SMALLEST:
        return min(one, other)
    if key == "type":
        return _common_types(one, other)
    if key == "enum":
        known = {canonical(value) for value in other}
        return [value for value in one if canonical(value) in known]
    if key == "multipleOf":
        return _common_multiple(one, other)
    if key == "required":
        return list(dict.fromkeys([*one, *other]))
    if key == "excluded":
        return [*one, *other]
    if key == "propertyNames":
        return both(one, other)
    if key == "dependentRequired":
        return {name: [*one.get(name, ()), *other.get(name, ())] for name in {**one, **other}}
    return one or other if key == "uniqueItems" else one


def _common_types(one: Any, other: Any) -> list[str]:
    ours, theirs = ([types] if isinstance(types, str) else types for types in (one, other))
    common = [kind for kind in ours if kind in theirs or (kind == "integer" and "number" in theirs)]
    common += [kind for kind in theirs if kind == "integer" and "number" in ours and kind not in common]
    if not common:
        raise ImpossibleError(f"nothing is both of type {ours} and of type {theirs}")
    return common


def _common_multiple(one: float, other: float) -> float:
    first, second = Fraction(str(one)), Fraction(str(other))
    common = Fraction(math.lcm(first.numerator, second.numerator), math.gcd(first.denominator, second.denominator))
    return int(common) if common.denominator == 1 else float(common)


def merged_elements(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return what the elements of a list must satisfy where two schemas say it."""
    count = max(len(part.get("prefixItems", ())) for part in (one, other))
    return {
        "prefixItems": [both(element(one, place), element(other, place)) for place in range(count)],
        "items": both(one.get("items", True), other.get("items", True)),
    }
