"""Values that are valid under a JSON Schema which a client sent: made up, seeded, always held against the schema."""

from __future__ import annotations

from collections.abc import Sequence
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


def invent(schema: Any, seed: str, texts: Sequence[str] = (), thrift: int = FULL) -> Any:
    """Make up a value that is valid under the schema; the same arguments give the same value.

    Strings that can say anything are taken from ``texts``. ``thrift`` says how much to make up at most: all there is
    (FULL), nothing that leads deeper (LEAN), or what is required (LEAST). Raises ``SchemaError`` if no value is found.
    """
    document = _document(schema)
    faults = []
    for turn, (much, share) in enumerate(_STRATEGIES[thrift:]):
        try:
            inventor = Inventor(document, f"{seed}/{turn}", texts, share)
            made = inventor.value(document.root, Place(thrift=much))
            fault = document.fault(made)
        except (ImpossibleError, SpentError) as error:
            fault = str(error)
        except SchemaError:
            raise
        except Exception as error:
            raise SchemaError(f"the schema cannot be followed: {error}") from error
        if fault is None:
            return made
        faults.append(fault)
    raise SchemaError(f"no value was found for the schema: {faults[0]}")


def _document(schema: Any) -> Document:
    try:
        return Document(schema)
    except SchemaError:
        raise
    except Exception as error:
        raise SchemaError(f"the schema cannot be read: {error}") from error
