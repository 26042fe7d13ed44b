"""The key in the Authorization header."""

from mockserver.web.family import Headers


def key_of(headers: Headers) -> str | None:
    """Return the raw API key, or None.

    The real API takes the key alone; ``Bearer <key>`` is a documented mistake that it answers with 401.
    """
    value = headers.get(b"authorization", b"").decode("latin-1").strip()
    return None if not value or value.lower().startswith("bearer ") else value
