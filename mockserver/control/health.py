"""Whether the server is ready, and what it is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

import mockserver
from mockserver.control.context import EngineNeeded

router = APIRouter()


@router.get("/health")
async def health(engine: EngineNeeded) -> dict[str, Any]:
    """Answer 200 when the server is ready to serve: the database is open and the fixtures are loaded."""
    engine.store.one("SELECT 1")
    return {
        "status": "ok",
        "version": mockserver.__version__,
        "fixtures": len(engine.fixtures),
        "fixture_problems": [str(problem) for problem in engine.fixtures.problems],
    }
