"""How a service words what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mockserver.web.family import Call, Quirks
    from mockserver.web.replies import ApiError, Reply


class Wording(Protocol):
    """How a service refuses: what its module of errors has. ``ERRORS`` are by the names that faults have for them."""

    ERRORS: Mapping[str, Callable[[Call], Reply]]

    def rate_limited(self, seconds: int, quirks: Quirks, /) -> ApiError:
        """Return the refusal of one request too many, in a window that ends in so many seconds."""

    def failing(self, call: Call, status: int, /) -> Reply:
        """Return the answer of a service that is broken, with some status."""

    def server_error(self) -> ApiError:
        """Return the answer to a request that the server itself fails on."""

    def method_not_allowed(self, allowed: str, /) -> ApiError:
        """Return the refusal of a method that the path does not have."""

    def not_found(self, call: Call, /) -> Reply:
        """Return the answer to an unknown path."""

    def reply(self, call: Call, error: ApiError, /) -> Reply:
        """Return an error as the vendor words it."""
