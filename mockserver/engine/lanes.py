"""How the jobs of one API move on where nobody says otherwise: its lane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from mockserver.engine.terms import Terms

_SLOTS = 200
_SHARE = 0.2


def _usual_slots(terms: Terms) -> int:
    return _SLOTS if terms.concurrency is None else terms.concurrency


def _queues(_: Terms) -> bool:
    return True


class Lane(NamedTuple):
    """What an account's terms mean for the jobs of one API; each API has slots of its own.

    ``queues`` says whether a timed job spends time in the queue. ``processing_share`` is the usual processing time as
    a share of the audio. ``audio_kept`` is for how many microseconds audio outlives its job's end; None: as long as
    the job.
    """

    slots: Callable[[Terms], int] = _usual_slots
    queues: Callable[[Terms], bool] = _queues
    processing_share: float = _SHARE
    audio_kept: int | None = None


_USUAL = Lane()


class Lanes:
    """The lane of every API."""

    def __init__(self, lanes: Mapping[str, Lane]) -> None:
        self._lanes = lanes

    def of(self, family: str) -> Lane:
        """Return the lane of an API's jobs."""
        return self._lanes.get(family, _USUAL)
