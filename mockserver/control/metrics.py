"""What has happened, counted, for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response

from mockserver.control.context import CourierNeeded, EngineNeeded
from mockserver.web.recording import record_of

router = APIRouter()
_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics")
async def show(engine: EngineNeeded, courier: CourierNeeded) -> Response:
    """Show counts since the start, and how many jobs there are, in Prometheus' text format."""
    engine.settle()
    await courier.committed()
    sessions = [record_of(session) for session in courier.sessions.open.values()]
    jobs = await courier.in_thread(engine.records.jobs_by_status)
    return Response(engine.metrics.text(jobs, sessions), headers={"content-type": _FORMAT})
