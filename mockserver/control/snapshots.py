"""Snapshots of one key's world, and back to them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed, printable
from mockserver.engine.clock import iso
from mockserver.engine.keys import Project
from mockserver.engine.snapshots import MOST, About, TooManyError
from mockserver.web.replies import ApiError

router = APIRouter(prefix="/snapshots")


async def _of_one_key(project: ProjectNamed) -> Project:
    if project is None:
        raise ApiError(422, "key: a snapshot is of one key's world; say which")
    return project


OneKey = Annotated[Project, Depends(_of_one_key)]


class Taking(BaseModel):
    """What to call the snapshot."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(printable)] | None = None


@router.get("")
async def show_all(engine: EngineNeeded, project: OneKey) -> dict[str, Any]:
    """List the snapshots of a key's world, oldest first."""
    return {"snapshots": [_view(about) for about in engine.snapshots.list(project)]}


@router.post("", status_code=201)
async def take(
    engine: EngineNeeded, courier: CourierNeeded, project: OneKey, asked: Taking | None = None
) -> dict[str, Any]:
    """Keep a key's world as it is now, all but the journal; one of the same name is replaced."""
    await courier.preparer.all_prepared(project)
    engine.jobs.settle(project)
    await courier.committed()
    name = (asked or Taking()).name or engine.snapshots.free_name(project)
    try:
        return _view(engine.snapshots.take(project, name))
    except TooManyError:
        raise ApiError(409, f"name: there are {MOST} snapshots of this key already; delete one") from None


@router.post("/{name:path}/restore")
async def restore(name: str, engine: EngineNeeded, courier: CourierNeeded, project: OneKey) -> dict[str, Any]:
    """Make a key's world what it was: later things are gone, deleted ones are back, ids and time go on from there."""
    await courier.preparer.all_prepared(project)
    about = engine.snapshots.find(project, name)
    if about is None:
        raise _unknown(name)
    courier.sessions.forget(project, "a snapshot was restored")
    engine.snapshots.restore(project, about, courier.sweep)
    engine.jobs.call_waiting(project)
    courier.preparer.sweep()
    courier.preparer.resume()
    courier.clocks_moved()
    return _view(about)


@router.delete("/{name:path}")
async def remove(name: str, engine: EngineNeeded, project: OneKey) -> dict[str, Any]:
    """Delete a snapshot."""
    if not engine.snapshots.remove(project, name):
        raise _unknown(name)
    return {"removed": name}


def _unknown(name: str) -> ApiError:
    return ApiError(404, f"name: there is no snapshot {name!r} of this key")


def _view(about: About) -> dict[str, Any]:
    return {"name": about.name, "at": iso(about.created), "jobs": about.jobs, "uploads": about.uploads}
