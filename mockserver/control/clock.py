"""The clock: of the whole server, or of one key's project."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed
from mockserver.engine import Engine
from mockserver.engine.clock import FASTEST, SECOND, SLOWEST, Clock, iso
from mockserver.engine.keys import Project
from mockserver.engine.moves import Move
from mockserver.web.courier import Courier
from mockserver.web.replies import ApiError

router = APIRouter(prefix="/clock")


class Advance(BaseModel):
    """How far to move the clock."""

    model_config = ConfigDict(extra="forbid")
    seconds: Annotated[float, Field(ge=0, le=1e10)]


class Scale(BaseModel):
    """How fast the clock is to run."""

    model_config = ConfigDict(extra="forbid")
    factor: Annotated[float, Field(ge=SLOWEST, le=FASTEST)]


@router.get("")
async def show(engine: EngineNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Show the clock."""
    return _view(_clock(engine, project))


@router.post("/freeze")
async def freeze(engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Stop the clock; advancing still moves it."""
    _clock(engine, project).freeze()
    return await _changed(engine, courier, project)


@router.post("/resume")
async def resume(engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Let the clock go on from where it stands."""
    _clock(engine, project).resume()
    return await _changed(engine, courier, project)


@router.post("/advance")
async def advance(
    asked: Advance, engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed
) -> dict[str, Any]:
    """Move the clock forward, and show the transitions that came due by it."""
    await courier.preparer.all_prepared(project)
    try:
        _clock(engine, project).advance(round(asked.seconds * SECOND))
    except ValueError as error:
        raise ApiError(422, f"seconds: {error}") from None
    return await _changed(engine, courier, project)


@router.post("/scale")
async def scale(asked: Scale, engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Let the clock run faster or slower than real time."""
    _clock(engine, project).scale(asked.factor)
    return await _changed(engine, courier, project)


def _clock(engine: Engine, project: Project | None) -> Clock:
    return project.clock if project else engine.clock


async def _changed(engine: Engine, courier: Courier, project: Project | None) -> dict[str, Any]:
    if project is None:
        engine.save_clock()
        moves = engine.settle()
    else:
        engine.keys.save_clock(project)
        moves = engine.jobs.settle(project)
    courier.clocks_moved()
    return _view(_clock(engine, project)) | {"transitions": [_move(move) for move in moves]}


def _view(clock: Clock) -> dict[str, Any]:
    return {"now": iso(clock.now()), "frozen": clock.state.frozen, "scale": clock.state.scale}


def _move(move: Move) -> dict[str, Any]:
    return {
        "job": move.job,
        "from": move.from_status,
        "to": move.to_status,
        "at": iso(move.at),
        "why": move.why,
    }
