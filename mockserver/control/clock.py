"""The clock: of the whole server, or of one key's project."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed
from mockserver.engine import Engine
from mockserver.engine.clock import FASTEST, MAX_MOMENT, SECOND, SLOWEST, Clock, iso
from mockserver.engine.keys import Project
from mockserver.engine.moves import Move
from mockserver.engine.store import Row
from mockserver.web.courier import Courier
from mockserver.web.replies import ApiError

router = APIRouter(prefix="/clock")


class Advance(BaseModel):
    """How far to move the clock, and how many real seconds to wait for the webhook calls that come due by it."""

    model_config = ConfigDict(extra="forbid")
    seconds: Annotated[float, Field(ge=0, le=1e10)]
    wait: Annotated[float, Field(ge=0, le=60)] = 0


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
    before = _before(engine, project)
    _clock(engine, project).freeze()
    return await _changed(engine, courier, project, before)


@router.post("/resume")
async def resume(engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Let the clock go on from where it stands."""
    before = _before(engine, project)
    _clock(engine, project).resume()
    return await _changed(engine, courier, project, before)


@router.post("/advance")
async def advance(
    asked: Advance, engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed
) -> dict[str, Any]:
    """Move the clock forward, and show what came due by it: transitions, webhook calls, ends of request windows."""
    await courier.preparer.all_prepared(project)
    before = _before(engine, project)
    try:
        _clock(engine, project).advance(round(asked.seconds * SECOND))
    except ValueError as error:
        raise ApiError(422, f"seconds: {error}") from None
    return await _changed(engine, courier, project, before, asked.wait)


@router.post("/scale")
async def scale(asked: Scale, engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Let the clock run faster or slower than real time."""
    before = _before(engine, project)
    _clock(engine, project).scale(asked.factor)
    return await _changed(engine, courier, project, before)


def _clock(engine: Engine, project: Project | None) -> Clock:
    return project.clock if project else engine.clock


class _Before(NamedTuple):
    """How things stood before a clock was changed: what each project's clock showed, and the newest webhook call."""

    moments: Mapping[Project, int]
    newest: int


def _before(engine: Engine, project: Project | None) -> _Before:
    keys = engine.keys
    projects = [project] if project else {*keys.calling.values(), *map(keys.project, engine.limits.counting())}
    return _Before({each: each.clock.now() for each in projects}, engine.webhooks.newest())


async def _changed(
    engine: Engine, courier: Courier, project: Project | None, before: _Before, wait: float = 0
) -> dict[str, Any]:
    """Let happen what is due by now, and return the clock with what that was."""
    if project is None:
        engine.save_clock()
        moves = engine.settle()
    else:
        engine.keys.save_clock(project)
        moves = engine.jobs.settle(project)
    due = [(call, len(engine.webhooks.attempts(call["number"]))) for call in _due(engine, project, before)]
    ended = _ended(engine, before)
    courier.clocks_moved()
    if wait and due:
        await courier.committed()
        with contextlib.suppress(TimeoutError):
            await courier.messenger.quiet(project, wait)
    return _view(_clock(engine, project)) | {
        "transitions": [_move(move) for move in moves],
        "webhooks": [_call(engine, delivery, made) for delivery, made in due],
        "windows": ended,
    }


def _due(engine: Engine, project: Project | None, before: _Before) -> list[Row]:
    """Return the webhook calls that are due now and were not before."""
    calling = [project] if project else list(engine.keys.calling.values())
    moments = ((each, before.moments.get(each, MAX_MOMENT)) for each in calling)
    return [call for each, since in moments for call in engine.webhooks.came_due(each, since, before.newest)]


def _ended(engine: Engine, before: _Before) -> list[dict[str, Any]]:
    """Return the request windows that have ended since."""
    return [
        {"name": name, "key": project.label}
        for project, since in before.moments.items()
        for name in engine.limits.ended(project.id, since, project.clock.now())
    ]


def _call(engine: Engine, delivery: Row, made: int) -> dict[str, Any]:
    """Return a call with what came of it; ``made`` attempts at it were made before it came due."""
    url, *_ = orjson.loads(delivery["callback"])
    attempts = engine.webhooks.attempts(delivery["number"])[made:]
    return {
        "number": delivery["number"],
        "job": delivery["job_id"],
        "event": delivery["event"],
        "url": url,
        "status": attempts[-1]["status"] if attempts else None,
        "error": attempts[-1]["error"] if attempts else None,
    }


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
