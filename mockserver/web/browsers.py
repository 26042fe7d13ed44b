"""What browsers have to be told before a page of another origin may call, and see the reply."""

from __future__ import annotations

from collections.abc import Iterable

from mockserver.web.replies import NO_CONTENT, Reply

FOR_BROWSERS = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"content-disposition, retry-after, www-authenticate, x-request-id, x-mock-hint, x-mock-fault, "
        b"x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, x-ratelimit-model, x-ratelimit-feature, "
        b"x-ratelimit-service",
    ),
)


def preflight(methods: Iterable[str], asked: bytes | None) -> Reply:
    """Answer what a browser asks before it calls another origin: every header is allowed."""
    allowed = ", ".join(sorted({*methods, "OPTIONS"})).encode()
    return Reply(
        b"",
        NO_CONTENT,
        headers=(
            (b"allow", allowed),
            (b"access-control-allow-methods", allowed),
            (b"access-control-allow-headers", asked or b"authorization, content-type"),
            (b"access-control-max-age", b"600"),
        ),
    )
