"""Waiting for what happens in its own time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(check: Callable[[], T], seconds: float = 10, enough: Callable[[T], object] = bool) -> T:
    """Ask again until what ``check`` returns is true, or ``enough``, and return it; fail once the time is over."""
    over = threading.Event()
    timer = threading.Timer(seconds, over.set)
    timer.start()
    try:
        while not enough(seen := check()):
            assert not over.wait(0.01), f"after {seconds} seconds there is still no more than {seen!r}"
    finally:
        timer.cancel()
    return seen
