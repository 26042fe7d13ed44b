"""Whether a JSON value has a part that is wanted: objects may have more members, lists may not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.engine.masking import MASK

_SHOWN = 100
_ABSENT = object()


def is_part(wanted: Any, value: Any) -> bool:
    """Say whether a value has what is wanted; what is nested too deeply to be compared has not."""
    try:
        return next(differences(wanted, value, value), None) is None
    except RecursionError:
        return False


def differences(wanted: Any, sent: Any, shown: Any, place: str = "") -> Iterator[str]:
    """Say where something lacks what is wanted.

    What is said of it is said of the same place in what may be ``shown``.
    """
    if isinstance(wanted, Mapping) and isinstance(sent, dict):
        for name, value in wanted.items():
            visible = shown.get(name, MASK) if isinstance(shown, dict) else MASK
            yield from differences(value, sent.get(name, _ABSENT), visible, f"{place}.{name}" if place else name)
    elif isinstance(wanted, list) and isinstance(sent, list) and len(wanted) == len(sent):
        seen = shown if isinstance(shown, list) and len(shown) == len(sent) else [MASK] * len(sent)
        for number, (value, item, visible) in enumerate(zip(wanted, sent, seen, strict=True)):
            yield from differences(value, item, visible, f"{place}[{number}]")
    elif sent is _ABSENT:
        yield f"there is no {place}"
    elif not _same(wanted, sent):
        yield f"{place or 'the body'} is {_json(shown)}, not {_json(wanted)}"


def brief(value: Any) -> str:
    """Return the beginning of a value as text that can be shown."""
    text = str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _same(wanted: Any, sent: Any) -> bool:
    """Compare single values: 1 is 1.0, but not true."""
    return isinstance(wanted, bool) == isinstance(sent, bool) and bool(wanted == sent)


def _json(value: Any) -> str:
    return brief(json.dumps(value, ensure_ascii=False))
