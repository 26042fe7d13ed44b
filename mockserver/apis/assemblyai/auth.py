"""The key in the Authorization header."""

from mockserver.web.family import Headers, Quirks


def key_of(headers: Headers, quirks: Quirks) -> str | None:
    """Return the raw API key, or None.

    The real API takes the key alone; ``Bearer <key>`` is a documented mistake that it answers with 401.
    """
    value = headers.get(b"authorization", b"").decode("latin-1").strip()
    if value[:7].lower() == "bearer ":
        return value[7:].strip() or None if "bearer_accepted" in quirks else None
    return value or None
