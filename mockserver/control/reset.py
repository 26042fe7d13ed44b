"""Back to the beginning: everything, or what one key's project has."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed

router = APIRouter()


@router.post("/reset")
async def reset(engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Remove jobs, uploads and journal, and start clock and ids over: of one key's project, or of all.

    After a reset of all the requests of the seed folder are made again.
    """
    courier.sessions.forget(project)
    if project is None:
        engine.reset()
    else:
        engine.reset_project(project)
    courier.preparer.sweep()
    courier.sweep()
    courier.clocks_moved()
    if project is None and courier.sow is not None:
        await courier.sow()
    return {"reset": project.label if project else "everything"}
