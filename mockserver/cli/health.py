"""Whether a server answers; this imports as little as it can."""

from __future__ import annotations

import sys
import threading
from typing import Any

from mockserver.cli import address
from mockserver.client.connection import Connection, MockServerError, content_of

NOT_READY, WRONG_USAGE = 1, 2
_PAUSE = 0.1


def check(url: str | None = None, wait: float = 0) -> int:
    """Return the exit code: 0 if the server answers; else say why not on standard error."""
    try:
        health(url, wait)
    except ValueError as error:
        print(f"wrong settings:\n{error}", file=sys.stderr)
        return WRONG_USAGE
    except MockServerError as error:
        print(error, file=sys.stderr)
        return NOT_READY
    return 0


def health(url: str | None, wait: float) -> Any:
    """Return what the server says of itself, asking again until ``wait`` seconds are over.

    Raises MockServerError if it does not answer, ValueError if the settings are wrong.
    """
    connection = Connection(url or address.own_url(), timeout=5)
    over = threading.Event()
    timer = threading.Timer(wait, over.set)
    timer.daemon = True
    timer.start()
    try:
        while True:
            try:
                return content_of(connection.call("GET", "/health"))
            except MockServerError:
                if not wait or over.wait(_PAUSE):
                    raise
    finally:
        timer.cancel()
