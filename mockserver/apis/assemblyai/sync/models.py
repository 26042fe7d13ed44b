"""The model that a request must name in a header: the way to it is chosen before anything else is looked at."""

from __future__ import annotations

from mockserver.web.family import Call, Header

MODELS = ("universal-3-5-pro", "universal-3-6-pro", "u3-sync-pro")
MODEL = Header("X-AAI-Model", MODELS, "The model.")
_NAME = MODEL.name.lower().encode()
_SHOWN = 100


def model_of(call: Call) -> str | None:
    """Return the model that a request names, None if there is no such model."""
    named = call.header_map.get(_NAME, b"").decode("latin-1").strip()
    return named if named in MODELS else None


def missing_model(call: Call) -> str:
    """Say what is wrong with the header."""
    named = call.header_map.get(_NAME)
    said = "there is no" if named is None else f"there is no model {named[:_SHOWN].decode('latin-1')!r} in the"
    return f"{said} header {MODEL.name}; send one of {', '.join(MODELS)}"
