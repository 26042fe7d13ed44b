"""What control endpoints are given: the engine, the courier, and the project that a key names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from mockserver.engine import Engine
from mockserver.engine.keys import Project
from mockserver.web.courier import Courier
from mockserver.web.replies import ApiError


async def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


async def _courier(request: Request) -> Courier:
    courier: Courier = request.app.state.courier
    return courier


EngineNeeded = Annotated[Engine, Depends(_engine)]
CourierNeeded = Annotated[Courier, Depends(_courier)]


async def _project(
    engine: EngineNeeded,
    key: Annotated[str | None, Query(description="An API key: only its project; default: the whole server.")] = None,
) -> Project | None:
    if key is None:
        return None
    account = engine.keys.account(key)
    if account is None:
        raise ApiError(404, f"key: {key!r} is not an accepted API key")
    return account.project


ProjectNamed = Annotated[Project | None, Depends(_project)]


def base_of(request: Request) -> str:
    """Return the base of URLs that lead back to this server."""
    engine: Engine = request.app.state.engine
    return engine.settings.public_url or str(request.base_url).rstrip("/")


def printable(name: str) -> str:
    """Refuse a name that could not be shown. Raises ValueError."""
    if not name.isprintable():
        raise ValueError("a name has only characters that can be shown")
    return name
