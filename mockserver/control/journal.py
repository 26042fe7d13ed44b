"""What was asked and answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse

from mockserver.control import curl, har
from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed, base_of
from mockserver.control.exchanges import InquiryNeeded, JsonReply, WantedNeeded, brief, whole
from mockserver.engine.exchange import Exchange

router = APIRouter(prefix="/journal")
Limit = Annotated[int, Query(ge=1, le=10_000)]


@router.get("", response_model=None)
async def show_all(
    ask: InquiryNeeded,
    wanted: WantedNeeded,
    limit: Limit = 100,
    bodies: Annotated[bool, Query(description="With the bodies.")] = False,
) -> JsonReply:
    """List requests, newest first; those without an accepted key belong to no project."""

    def view(found: Sequence[Exchange]) -> bytes:
        shown = b",".join([orjson.dumps(whole(one) if bodies else brief(one)) for one in found])
        before = found[-1].number if len(found) == limit else None
        return b'{"requests":[%b],"next_before":%b}' % (shown, orjson.dumps(before))

    return JsonReply(await ask.page(wanted, limit, view))


@router.delete("")
async def clear(engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Forget the requests of one key's project, or all."""
    if project is None:
        engine.journal.clear()
    else:
        engine.journal.forget(project.id)
    await courier.committed()
    return {"cleared": project.label if project else "everything"}


@router.get("/count")
async def count(ask: InquiryNeeded, wanted: WantedNeeded) -> dict[str, int]:
    """Count requests."""
    return {"count": await ask.count(wanted)}


@router.get("/har", response_model=None)
async def archive(ask: InquiryNeeded, wanted: WantedNeeded, request: Request, limit: Limit = 1000) -> JsonReply:
    """Export requests as an HTTP archive (HAR 1.2), oldest first."""
    base = base_of(request)

    def view(found: Sequence[Exchange]) -> bytes:
        return orjson.dumps(har.archive(reversed(found), base, ask.sessions(found)))

    return JsonReply(await ask.page(wanted, limit, view))


@router.get("/{request_id}", response_model=None)
async def show(request_id: str, ask: InquiryNeeded, project: ProjectNamed) -> JsonReply:
    """Show one request whole."""
    return JsonReply(whole(await ask.one(project, request_id)))


@router.get("/{request_id}/curl")
async def command(request_id: str, ask: InquiryNeeded, project: ProjectNamed, request: Request) -> PlainTextResponse:
    """Show the curl command that repeats a request."""
    return PlainTextResponse(curl.command(await ask.one(project, request_id), base_of(request)))
