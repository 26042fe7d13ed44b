"""Values that are valid under a JSON Schema which a client sent: made up, seeded, always held against the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.engine.schema.budget import SpentError
from mockserver.engine.schema.demands import Place
from mockserver.engine.schema.document import Document, SchemaError
from mockserver.engine.schema.inventor import Inventor
from mockserver.engine.schema.merging import ImpossibleError
from mockserver.engine.schema.parts import FULL, LEAN, LEAST

__all__ = ["FULL", "LEAN", "LEAST", "SchemaError", "check", "invent"]

_STRATEGIES = ((FULL, 1.0), (LEAN, 0.4), (LEAST, 0.4), (LEAST, 0.2))
"""How much to make up, and the share of the budget that it may take."""


def check(schema: Any) -> None:
    """Refuse what is no JSON Schema."""
    _document(schema)


def invent(
    schema: Any,
    seed: str,
    texts: Sequence[str] = (),
    thrift: int = FULL,
    facts: Mapping[str, Sequence[str]] | None = None,
) -> Any:
    """Make up a value that is valid under the schema; the same arguments give the same value.

    Strings that can say anything are taken from ``texts``; what the name of a property asks for, such as a person or a
    date, from the ``facts`` of that kind, where the schema allows it (``names.py`` has the kinds). ``thrift`` says how
    much to make up at most: all there is (FULL), nothing that leads deeper (LEAN), or what is required (LEAST).
    Raises ``SchemaError`` if no value is found.
    """
    document, faults = _document(schema), []
    known = facts or {}
    waiting = list(enumerate(_STRATEGIES[thrift:]))
    while waiting:
        turn, (much, share) = waiting[0]
        try:
            return _made(document, f"{seed}/{turn}", texts, much, share, known)
        except (ImpossibleError, SpentError) as error:
            faults.append(str(error))
            if known and (len(waiting) == 1 or isinstance(error, ImpossibleError)):
                known = {}
            else:
                waiting.pop(0)
    raise SchemaError(f"no value was found for the schema: {faults[0]}")


def _made(
    document: Document, seed: str, texts: Sequence[str], much: int, share: float, facts: Mapping[str, Sequence[str]]
) -> Any:
    try:
        made = Inventor(document, seed, texts, share, facts).value(document.root, Place(thrift=much))
        fault = document.fault(made)
    except (ImpossibleError, SpentError, SchemaError):
        raise
    except Exception as error:
        raise SchemaError(f"the schema cannot be followed: {error}") from error
    if fault is not None:
        raise ImpossibleError(fault)
    return made


def _document(schema: Any) -> Document:
    try:
        return Document(schema)
    except SchemaError:
        raise
    except Exception as error:
        raise SchemaError(f"the schema cannot be read: {error}") from error
