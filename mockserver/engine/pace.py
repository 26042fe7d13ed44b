"""How a job moves on: as its request asks, or else its fixture, or else its project's terms."""

from __future__ import annotations

from typing import NamedTuple

from mockserver.engine.answers import Plan
from mockserver.engine.clock import SECOND
from mockserver.engine.lanes import Lane
from mockserver.engine.terms import Terms
from mockserver.settings import Progress


class Pace(NamedTuple):
    """How a job is to move on; times in microseconds."""

    progress: Progress
    queue_time: int
    processing_time: int
    hold_at: str | None

    def due(self, created: int) -> int | None:
        """Return when a prepared, queued job is due."""
        stays = self.hold_at == "queued" or self.progress == "polls"
        return None if stays else created + self.queue_time


def pace_of(terms: Terms, lane: Lane, asked: Progress | None, plan: Plan) -> Pace:
    """Return how a job moves on: as its request asks, or else its fixture, or else the project's terms, or its lane."""
    outcome = plan.outcome
    timed_by_fixture = outcome.queue_time is not None or outcome.processing_time is not None
    progress = asked or outcome.progress or ("timed" if timed_by_fixture else terms.progress)
    hold_at = "queued" if progress == "held" else outcome.hold
    if progress != "timed":
        return Pace(progress, 0, 0, hold_at)
    processing_time = outcome.processing_time
    if processing_time is None and terms.processing_seconds is not None:
        processing_time = round(terms.processing_seconds * SECOND)
    if processing_time is None:
        share = lane.processing_share if terms.processing_share is None else terms.processing_share
        processing_time = round((plan.duration or 0) * 1000 * share)
    queue_time = outcome.queue_time
    if queue_time is None:
        queue_time = round(terms.queue_seconds * SECOND) if lane.queues(terms) else 0
    return Pace(progress, queue_time, processing_time, hold_at)
