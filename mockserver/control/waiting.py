"""Waiting until something has happened: requests, finished jobs, delivered webhook calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from mockserver.control import jobs, webhooks
from mockserver.control.exchanges import Inquiry, InquiryNeeded, JsonReply, OfAnyStatus, brief, with_status
from mockserver.engine.clock import SECOND
from mockserver.engine.history import Wanted
from mockserver.web.replies import ApiError
from mockserver.web.sending import client_of

router = APIRouter(prefix="/journal")
_STATUSES: dict[str, Sequence[str | None]] = {"jobs": (None, "completed", "error"), "webhooks": (None,)}


@dataclass(frozen=True)
class Found:
    """How many there are, and the newest of them."""

    count: int
    shown: Sequence[dict[str, Any]]


_Look = Callable[[], Awaitable[Found]]


@router.get("/wait", response_model=None)
async def wait(
    ask: InquiryNeeded,
    wanted: OfAnyStatus,
    request: Request,
    count: Annotated[int, Query(ge=1, le=100_000)] = 1,
    timeout: Annotated[float, Query(ge=0, le=60, description="Real seconds.")] = 5,  # noqa: ASYNC109
    what: Literal["requests", "jobs", "webhooks"] = "requests",
    status: Annotated[str | None, Query(description="Of requests, or of jobs: completed or error.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> JsonReply:
    """Wait until there are so many requests, finished jobs or delivered webhook calls; 408 after the timeout."""
    look = _LOOKS[what](ask, _checked(what, wanted, status), status, limit)
    async with client_of(request.receive) as gone:
        found = await _awaited(ask, look, count, timeout, gone)
    reply: dict[str, Any] = {"count": found.count, what: found.shown}
    if found.count >= count:
        return JsonReply(reply)
    return JsonReply({"error": f"only {found.count} of {count} {what} within {timeout:g} s", **reply}, 408)


async def _awaited(ask: Inquiry, look: _Look, count: int, patience: float, gone: asyncio.Future[object]) -> Found:
    """Look whenever something has happened, until there is enough, or no time or nobody is left."""
    time, news = ask.engine.clock.parent, ask.courier.news
    end = time.now() + round(patience * SECOND)
    while True:
        rung = news.rung
        found = await look()
        left = time.real_seconds_until(end)
        if found.count >= count or not left or gone.done() or news.ended:
            return found
        await news.heard(left, gone, rung)


def _checked(what: str, wanted: Wanted, status: str | None) -> Wanted:
    """Return the filters, if that is what they can be asked of. Raises ApiError 422."""
    if what == "requests":
        return with_status(wanted, status)
    others = sorted(wanted.given.keys() - {"project", "job"})
    if others:
        raise ApiError(422, f"{others[0]}: {what} are not known by that")
    if status not in _STATUSES[what]:
        raise ApiError(422, f"status: {what} can have {_named(_STATUSES[what])}")
    return wanted


def _named(statuses: Sequence[str | None]) -> str:
    return " or ".join(filter(None, statuses)) or "none"


def _requests(ask: Inquiry, wanted: Wanted, _: str | None, limit: int) -> _Look:
    async def look() -> Found:
        count = await ask.count(wanted)
        return Found(count, [brief(row) for row in await ask.page(wanted, limit, whole=False)])

    return look


def _jobs(ask: Inquiry, wanted: Wanted, status: str | None, limit: int) -> _Look:
    async def look() -> Found:
        ask.engine.settle()
        await ask.courier.committed()
        count, rows = await ask.courier.in_thread(ask.engine.history.finished_jobs, wanted, status, limit)
        return Found(count, [jobs.view(row, ask.engine.jobs.transitions(row["number"])) for row in rows])

    return look


def _webhooks(ask: Inquiry, wanted: Wanted, _: str | None, limit: int) -> _Look:
    async def look() -> Found:
        await ask.courier.committed()
        count, numbers = await ask.courier.in_thread(ask.engine.history.deliveries, wanted, limit)
        rows = (ask.engine.webhooks.find(row["number"]) for row in numbers)
        return Found(count, [webhooks.view(ask.engine, row) for row in rows if row is not None])

    return look


_LOOKS = {"requests": _requests, "jobs": _jobs, "webhooks": _webhooks}
