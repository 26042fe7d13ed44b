"""Whether the server is ready, and what it is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from mockserver.control.context import EngineNeeded

router = APIRouter()


@router.get("/health")
async def health(engine: EngineNeeded) -> dict[str, Any]:
    """Answer 200 when the server is ready: the database is open and the fixtures are loaded.

    The middleware answers this itself, before FastAPI is there.
    """
    return engine.health()
