"""How fast audio may come in sessions of the service, with the quirk ``stream_pace``."""

from __future__ import annotations

from mockserver.engine.clock import SECOND

_FASTEST = 1.25
_SUSTAINED, _BACKLOG = 30_000, 300_000
"""Milliseconds of audio after which its pace counts, and that may never have come early."""


def is_too_fast(heard: int, elapsed: int) -> bool:
    """Say whether so many milliseconds of audio are too much after so many microseconds."""
    spoken = elapsed * 1000 // SECOND
    return heard >= _SUSTAINED and (heard > spoken * _FASTEST or heard - spoken > _BACKLOG)
