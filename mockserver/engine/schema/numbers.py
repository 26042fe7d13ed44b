"""Numbers for a JSON Schema: within its bounds, and such as the name of the property lets one expect."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import Any

from mockserver.engine.schema.merging import ImpossibleError, canonical
from mockserver.engine.schema.names import tails

_USUAL = (Fraction(1), Fraction(100))
_CENT = Fraction(1, 100)
_FINEST = 30
_RANGES: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("score", "confidence", "probability", "likelihood", "ratio", "relevance", "similarity"), (0, 1)),
    **dict.fromkeys(("percent", "percentage", "progress"), (0, 100)),
    **dict.fromkeys(("count", "quantity", "number", "amount_of", "size", "length"), (1, 20)),
    **dict.fromkeys(("price", "cost", "amount", "total", "budget", "fee"), (5, 500)),
    **dict.fromkeys(("rating", "star"), (1, 5)),
    "age": (18, 80), "year": (2020, 2026), "month": (1, 12), "day": (1, 28), "hour": (0, 23), "minute": (0, 59),
    "second": (0, 59), "priority": (1, 5), "salary": (30_000, 150_000), "temperature": (-5, 35), "index": (0, 20),
    "latitude": (-90, 90), "lat": (-90, 90), "longitude": (-180, 180), "lng": (-180, 180), "lon": (-180, 180),
}  # fmt: skip


def number(
    schema: dict[str, Any], name: str, rng: random.Random, taken: Collection[str] = (), *, whole: bool
) -> int | float:
    """Make up a number that is not taken; ``whole`` asks for an integer."""
    low, high = _range(schema, name, 4 * len(taken), whole=whole)
    step = _step(schema, low, high, whole=whole)
    first, last = math.ceil(low / step), math.floor(high / step)
    first += _is_excluded(schema, "exclusiveMinimum", first * step)
    last -= _is_excluded(schema, "exclusiveMaximum", last * step)
    if first > last:
        raise ImpossibleError(
            f"there is no {'integer' if whole else 'number'} between {_shown(low)} and {_shown(high)}"
        )
    made = _json(rng.randint(first, last) * step, whole=whole)
    if canonical(made) not in taken:
        return made
    others = (_json(place * step, whole=whole) for place in range(first, min(last, first + len(taken)) + 1))
    return next((other for other in others if canonical(other) not in taken), made)


def fits(schema: dict[str, Any], value: int) -> bool:
    """Say whether the number is within the bounds of the schema."""
    lows = [_exact(schema[key]) for key in ("minimum", "exclusiveMinimum") if key in schema]
    highs = [_exact(schema[key]) for key in ("maximum", "exclusiveMaximum") if key in schema]
    excluded = any(_is_excluded(schema, key, Fraction(value)) for key in ("exclusiveMinimum", "exclusiveMaximum"))
    step = _exact(schema.get("multipleOf", 1))
    return (
        max([Fraction(value), *lows]) == value == min([Fraction(value), *highs])
        and not excluded
        and Fraction(value) % step == 0
    )


def _json(value: Fraction, *, whole: bool) -> int | float:
    return int(value) if whole or (value.denominator == 1 and abs(value) > 1 << 53) else float(value)


def _range(schema: dict[str, Any], name: str, count: int, *, whole: bool) -> tuple[Fraction, Fraction]:
    lows = [_exact(schema[key]) for key in ("minimum", "exclusiveMinimum") if key in schema]
    highs = [_exact(schema[key]) for key in ("maximum", "exclusiveMaximum") if key in schema]
    if lows and highs and max(lows) > min(highs):
        raise ImpossibleError(f"the minimum {_shown(max(lows))} is more than the maximum {_shown(min(highs))}")
    expected = next((_RANGES[word] for word in tails(name) if word in _RANGES), None)
    low, high = map(Fraction, _USUAL if expected is None or (whole and expected == (0, 1)) else expected)
    high = max(high, low + count) if expected is None else high
    step = _exact(schema.get("multipleOf", 0))
    if step > high - low or not _overlap(low, high, lows, highs):
        width = max(high - low, 100 * step)
        low = max(lows) if lows else min(highs) - width if highs else step
        high = min(highs) if highs else low + width
    return max([low, *lows]), min([high, *highs])


def _overlap(low: Fraction, high: Fraction, lows: Iterable[Fraction], highs: Iterable[Fraction]) -> bool:
    return max([low, *lows]) < min([high, *highs])


def _step(schema: dict[str, Any], low: Fraction, high: Fraction, *, whole: bool) -> Fraction:
    if "multipleOf" in schema:
        step = _exact(schema["multipleOf"])
        return Fraction(step.numerator) if whole else step
    if whole:
        return Fraction(1)
    step = _CENT
    for _ in range(_FINEST):
        if low == high or math.ceil(low / step) + 1 < math.floor(high / step):
            break
        step /= 10
    return low if low == high != 0 else step


def _is_excluded(schema: dict[str, Any], key: str, value: Fraction) -> bool:
    return key in schema and _exact(schema[key]) == value


def _exact(value: float) -> Fraction:
    return Fraction(str(value))


def _shown(value: Fraction) -> str:
    return str(value)[:40]
