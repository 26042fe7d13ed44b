"""What was asked and answered."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from mockserver.control.context import EngineNeeded, ProjectNamed
from mockserver.engine.clock import iso

router = APIRouter()


@router.get("/journal")
async def journal(
    engine: EngineNeeded, project: ProjectNamed, limit: Annotated[int, Query(ge=1, le=10_000)] = 100
) -> dict[str, Any]:
    """List requests, newest first; those without an accepted key belong to no project."""
    found = engine.journal.entries(project.id if project else None, limit)
    shown = ("request_id", "method", "path", "query", "status", "size", "microseconds", "job", "fixture", "note")
    return {"requests": [{"at": iso(row["at"])} | {name: row[name] for name in shown} for row in found]}
