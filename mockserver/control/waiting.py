"""Waiting until something has happened: requests, finished jobs, delivered webhook calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Query, Request

from mockserver.control import jobs, webhooks
from mockserver.control.exchanges import Inquiry, InquiryNeeded, JsonReply, OfAnyStatus, brief, with_status
from mockserver.engine.clock import SECOND
from mockserver.engine.history import Wanted
from mockserver.engine.moves import FINISHED
from mockserver.web.replies import ApiError
from mockserver.web.sending import client_of

router = APIRouter(prefix="/journal")
_STATUSES: dict[str, Sequence[str | None]] = {"jobs": (None, *FINISHED), "webhooks": (None,)}


class _Kind(Protocol):
    """Something to wait for."""

    async def count(self) -> int:
        """Return how many there are."""

    async def newest(self, limit: int) -> Sequence[dict[str, Any]]:
        """Return the newest of them."""


@router.get("/wait", response_model=None)
async def wait(
    ask: InquiryNeeded,
    wanted: OfAnyStatus,
    request: Request,
    count: Annotated[int, Query(ge=1, le=100_000)] = 1,
    timeout: Annotated[float, Query(ge=0, le=60, description="Real seconds.")] = 5,  # noqa: ASYNC109
    what: Literal["requests", "jobs", "webhooks"] = "requests",
    status: Annotated[str | None, Query(description="Of requests, or of jobs: completed, error or cancelled.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> JsonReply:
    """Wait until there are so many requests, finished jobs or delivered webhook calls; 408 after the timeout."""
    kind = _KINDS[what](ask, _checked(what, wanted, status), status)
    async with client_of(request.receive) as gone:
        found = await _awaited(ask, kind, count, timeout, gone)
    reply: dict[str, Any] = {"count": found, what: await kind.newest(limit)}
    if found >= count:
        return JsonReply(reply)
    return JsonReply({"error": f"only {found} of {count} {what} within {timeout:g} s", **reply}, 408)


async def _awaited(ask: Inquiry, kind: _Kind, count: int, patience: float, gone: asyncio.Future[object]) -> int:
    """Count whenever something has happened, until there is enough, or no time or nobody is left."""
    time, news = ask.engine.clock.parent, ask.courier.news
    end = time.now() + round(patience * SECOND)
    while True:
        rung = news.rung
        found = await kind.count()
        left = time.real_seconds_until(end)
        if found >= count or not left or gone.done() or news.ended:
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


class _Requests:
    """Requests; each is looked at once, unless some are forgotten meanwhile."""

    def __init__(self, ask: Inquiry, wanted: Wanted, _: str | None) -> None:
        self._ask, self._wanted = ask, wanted
        self._count, self._seen = 0, 0
        self._forgotten = ask.engine.journal.forgotten

    async def count(self) -> int:
        """Return how many there are."""
        journal = self._ask.engine.journal
        last = self._ask.written()
        if self._forgotten != journal.forgotten:
            self._count, self._seen, self._forgotten = 0, 0, journal.forgotten
        before = last + 1 if self._wanted.before is None else min(last + 1, self._wanted.before)
        unseen = replace(self._wanted, after=self._seen, before=before)
        self._count += await self._ask.courier.in_thread(self._ask.engine.history.count, unseen)
        self._seen = last
        return self._count

    async def newest(self, limit: int) -> Sequence[dict[str, Any]]:
        """Return the newest of them."""
        return await self._ask.page(self._wanted, limit, lambda found: [brief(one) for one in found])


class _Jobs:
    """Jobs that have finished."""

    def __init__(self, ask: Inquiry, wanted: Wanted, status: str | None) -> None:
        self._ask = ask
        self._find = partial(ask.engine.history.finished_jobs, wanted, status)

    async def count(self) -> int:
        """Return how many there are."""
        self._ask.engine.settle()
        await self._ask.courier.committed()
        count, _ = await self._ask.courier.in_thread(self._find, 0)
        return count

    async def newest(self, limit: int) -> Sequence[dict[str, Any]]:
        """Return the newest of them."""
        _, rows = await self._ask.courier.in_thread(self._find, limit)
        return [jobs.view(row, self._ask.engine.jobs.transitions(row["number"])) for row in rows]


class _Webhooks:
    """Webhook calls that were delivered."""

    def __init__(self, ask: Inquiry, wanted: Wanted, _: str | None) -> None:
        self._ask = ask
        self._find = partial(ask.engine.history.deliveries, wanted)

    async def count(self) -> int:
        """Return how many there are."""
        await self._ask.courier.committed()
        count, _ = await self._ask.courier.in_thread(self._find, 0)
        return count

    async def newest(self, limit: int) -> Sequence[dict[str, Any]]:
        """Return the newest of them."""
        _, numbers = await self._ask.courier.in_thread(self._find, limit)
        rows = (self._ask.engine.webhooks.find(row["number"]) for row in numbers)
        return [webhooks.view(self._ask.engine, row) for row in rows if row is not None]


_KINDS: dict[str, Callable[[Inquiry, Wanted, str | None], _Kind]] = {
    "requests": _Requests,
    "jobs": _Jobs,
    "webhooks": _Webhooks,
}
