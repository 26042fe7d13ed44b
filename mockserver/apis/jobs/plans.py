"""The plans, and what an account on one of them may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mockserver.engine.acceptance import Accepted
from mockserver.engine.terms import Terms

_MB = 2**20
_MINUTE = 60 * 1000
_CONTAINERS = ("mp3", "wav", "mov", "mp4", "m4a", "aac", "ogg", "flac", "matroska", "webm", "avi", "asf")


class Plan(NamedTuple):
    """A plan: ``size`` in bytes, ``duration`` in milliseconds, ``overage`` in USD for a minute, None: not for sale."""

    size: int
    duration: int
    slots: int
    overage: float | None


PLANS: Mapping[str, Plan] = {
    "free": Plan(100 * _MB, 30 * _MINUTE, 1, None),
    "pro": Plan(2048 * _MB, 600 * _MINUTE, 20, 0.04),
    "business": Plan(5120 * _MB, 600 * _MINUTE, 50, 0.02),
}


def plan_of(terms: Terms) -> Plan:
    """Return the plan of an account."""
    return PLANS[terms.plan]


def slots(terms: Terms) -> int:
    """Return how many jobs are processed at a time."""
    return plan_of(terms).slots if terms.concurrency is None else terms.concurrency


def has_priority(terms: Terms) -> bool:
    """Say whether jobs go before those of other plans, and spend no time in the queue."""
    return terms.plan == "business"


def overage_rate(terms: Terms) -> float | None:
    """Return what a minute beyond the quota costs in USD, None where none can be bought."""
    return plan_of(terms).overage if terms.overage else None


def accepted(terms: Terms, *, silence: bool) -> Accepted:
    """Return which audio an account's jobs take."""
    plan = plan_of(terms)
    return Accepted(plan.duration, _CONTAINERS, silence, plan.size)
