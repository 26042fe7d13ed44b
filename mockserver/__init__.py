"""A server that stands in for speech-to-text APIs.

``MockServer`` runs it inside a Python program, ``Mock`` speaks to one that runs anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.client import AsyncControl, Mock, MockServerError
    from mockserver.embed import MockServer

__version__ = "0.1.0"
__all__ = ["AsyncControl", "Mock", "MockServer", "MockServerError", "__version__"]


if not TYPE_CHECKING:  # else every name would seem to be there

    def __getattr__(name: str) -> object:
        """Import what is asked for only then: the package itself stays cheap to import."""
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{'embed' if name == 'MockServer' else 'client'}"), name)
