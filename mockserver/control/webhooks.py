"""Webhook deliveries, with every attempt; make one again."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed
from mockserver.engine import Engine
from mockserver.engine.clock import iso
from mockserver.engine.store import Row
from mockserver.web.replies import ApiError

router = APIRouter(prefix="/webhooks")


@router.get("")
async def show_all(
    engine: EngineNeeded,
    courier: CourierNeeded,
    project: ProjectNamed,
    job: Annotated[str | None, Query(description="Only those of this job.")] = None,
    before: Annotated[
        int | None, Query(ge=0, lt=2**63, description="Only those with a smaller number: the next page.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    wait: Annotated[float, Query(ge=0, le=60, description="Seconds to wait for calls that are being made.")] = 0,
) -> dict[str, Any]:
    """List deliveries, newest first, each with its attempts."""
    await courier.preparer.all_prepared(project)
    engine.settle()
    await courier.committed()
    if wait:
        with contextlib.suppress(TimeoutError):
            await courier.messenger.quiet(project, wait)
    found = engine.webhooks.page(project, job, before, limit)
    return {
        "webhooks": [view(engine, delivery) for delivery in found],
        "next_before": found[-1]["number"] if len(found) == limit else None,
    }


@router.post("/{number}/replay")
async def replay(number: int, engine: EngineNeeded, courier: CourierNeeded) -> dict[str, Any]:
    """Make a delivery again now."""
    delivery = engine.webhooks.find(number) if number < 2**63 else None
    if delivery is None:
        raise ApiError(404, f"there is no delivery {number}")
    engine.webhooks.replay(engine.keys.project(delivery["project"]), number)
    courier.wake()
    return view(engine, engine.webhooks.find(number) or delivery)


def view(engine: Engine, delivery: Row) -> dict[str, Any]:
    """Return a delivery as it is shown."""
    url, *_ = orjson.loads(delivery["callback"])
    return {
        "number": delivery["number"],
        "job": delivery["job_id"],
        "event": delivery["event"],
        "url": url,
        "created": iso(delivery["created"]),
        "due": iso(delivery["due"]) if delivery["due"] is not None else None,
        "held": bool(delivery["held"]),
        "delivered": bool(delivery["delivered"]),
        "attempts": [_attempt(attempt) for attempt in engine.webhooks.attempts(delivery["number"])],
    }


def _attempt(attempt: Row) -> dict[str, Any]:
    return {
        "at": iso(attempt["at"]),
        "seconds": attempt["microseconds"] / 1e6,
        "url": attempt["url"],
        "body": attempt["body"],
        "status": attempt["status"],
        "reply": attempt["reply"],
        "error": attempt["error"],
    }
