"""Replies, and the errors that become replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = b"application/json"
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(slots=True)
class Reply:
    """A whole reply; ``headers`` are those besides Content-Type and Content-Length."""

    body: bytes
    status: int = 200
    media_type: bytes = JSON
    headers: Headers = ()


def json_reply(value: Any, status: int = 200, headers: Headers = ()) -> Reply:
    """Return a reply with ``value`` as JSON."""
    return Reply(orjson.dumps(value), status, JSON, headers)


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal, in the vendor's words; ``hint`` says to the developer what exactly was wrong."""

    status: int
    message: str
    hint: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def header_pairs(self) -> Headers:
        """Return the headers as ASGI has them."""
        return tuple((name.lower().encode(), value.encode()) for name, value in self.headers.items())


class ClientGoneError(Exception):
    """The client closed the connection before its request was whole."""
