"""The key in the Authorization header, with or without ``Bearer``, and the ids of requests."""

from mockserver.engine.keys import uuid_of
from mockserver.web.family import Headers, Quirks


def key_of(headers: Headers, quirks: Quirks) -> str | None:
    """Return the API key, or None."""
    value = headers.get(b"authorization", b"").decode("latin-1").strip()
    scheme, *rest = value.split(" ", 1)
    return ("".join(rest).strip() if scheme.lower() == "bearer" else value) or None


def request_id(own: str, seed: int) -> str:
    """Return the id of a request as a UUID."""
    return uuid_of(f"{seed}/{own}".encode())
