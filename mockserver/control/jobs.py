"""Jobs, with every transition; hold, release and fail them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed
from mockserver.engine import Engine
from mockserver.engine.clock import iso
from mockserver.engine.jobs import IllegalMoveError
from mockserver.engine.keys import mask
from mockserver.engine.problems import WholeText
from mockserver.engine.store import Row
from mockserver.web.courier import Courier
from mockserver.web.replies import ApiError

router = APIRouter(prefix="/jobs")
Status = Literal["queued", "processing", "completed", "error", "cancelled"]
_ORDER = {"queued": 0, "processing": 1}


class Failure(BaseModel):
    """How a job is to fail."""

    model_config = ConfigDict(extra="forbid")
    error: WholeText = "Server error, developers have been alerted"


@router.get("")
async def show_all(
    engine: EngineNeeded,
    courier: CourierNeeded,
    project: ProjectNamed,
    status: Annotated[Status | None, Query(description="Only jobs with this status.")] = None,
    before: Annotated[
        int | None, Query(ge=0, lt=2**63, description="Only jobs with a smaller number: the next page.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """List jobs, newest first."""
    await courier.preparer.all_prepared(project)
    engine.settle()
    await courier.committed()
    project_id = project.id if project else None
    query = partial(engine.records.jobs, project=project_id, status=status, before=before, limit=limit)
    found = await courier.in_thread(query)
    views = [view(job.model_dump(), [step.model_dump() for step in steps]) for job, steps in found]
    return {"jobs": views, "next_before": found[-1][0].number if len(found) == limit else None}


@router.get("/{job_id}")
async def show(job_id: str, engine: EngineNeeded, courier: CourierNeeded) -> dict[str, Any]:
    """Show one job with its transitions."""
    return _shown(engine, await _settled(engine, courier, job_id))


@router.post("/{job_id}/hold")
async def hold(job_id: str, engine: EngineNeeded, courier: CourierNeeded) -> dict[str, Any]:
    """Keep a job in the status that it has until it is released."""
    return _moved(engine, await _settled(engine, courier, job_id), engine.jobs.hold)


@router.post("/{job_id}/release")
async def release(job_id: str, engine: EngineNeeded, courier: CourierNeeded) -> dict[str, Any]:
    """Let a held job go on."""
    return _moved(engine, await _settled(engine, courier, job_id), engine.jobs.release)


@router.post("/{job_id}/fail")
async def fail(
    job_id: str, engine: EngineNeeded, courier: CourierNeeded, asked: Failure | None = None
) -> dict[str, Any]:
    """End a job as error, with a text."""
    text = (asked or Failure()).error
    job = await _settled(engine, courier, job_id)
    failed = _moved(engine, job, lambda job: engine.jobs.fail(job, text))
    courier.preparer.drop(job)
    return failed


async def _settled(engine: Engine, courier: Courier, job_id: str) -> Row:
    """Return a job after everything that is due by now has happened to it."""
    job = engine.jobs.find(job_id)
    if job is not None:
        await courier.preparer.prepared(job)
        engine.settle()
        job = engine.jobs.find(job_id)
    if job is None:
        raise ApiError(404, f"there is no job {job_id}")
    return job


def _moved(engine: Engine, job: Row, move: Callable[[Row], object]) -> dict[str, Any]:
    try:
        move(job)
    except IllegalMoveError as error:
        raise ApiError(409, str(error)) from None
    return _shown(engine, job)


def _shown(engine: Engine, job: Row) -> dict[str, Any]:
    current = engine.jobs.by_number(job["number"]) or job
    return view(current, engine.jobs.transitions(job["number"]))


def view(job: Row, steps: Iterable[Row]) -> dict[str, Any]:
    """Return a job as it is shown."""
    shown = ("id", "number", "family", "status", "progress", "fixture", "url", "upload", "duration")
    times = {
        name: iso(job[name]) if job[name] is not None else None
        for name in ("created", "started", "finished", "due", "deleted")
    }
    shown_job = {name: job[name] for name in shown} | times
    shown_job["region"] = job["region"] or None
    shown_job["key"] = mask(job["key"])
    shown_job["held"] = job["hold_at"] is not None and job["hold_at"] == job["status"]
    shown_job["waiting"] = bool(job["waiting"])
    shown_job["failure"] = job["failure"] and {"reason": job["failure"], "detail": job["detail"]}
    ordered = sorted(steps, key=lambda step: _ORDER.get(step["to_status"], 2))
    shown_job["transitions"] = [
        {"from": s["from_status"], "to": s["to_status"], "at": iso(s["at"]), "why": s["why"]} for s in ordered
    ]
    return shown_job
