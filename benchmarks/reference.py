"""The reference: a bare FastAPI application that returns the same bytes and does nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response

app = FastAPI()
_folder = Path(os.environ.get("REFERENCE_BYTES", "."))
_bodies = {path.stem: path.read_bytes() for path in _folder.glob("*.reply")}


@app.get("/v2/transcript/{transcript_id}")
async def get(transcript_id: str) -> Response:
    """Return a finished transcript."""
    return Response(_bodies["get"], media_type="application/json")


@app.post("/v2/transcript")
async def post(params: dict[str, Any]) -> Response:
    """Return a queued job."""
    return Response(_bodies["post"], media_type="application/json")


@app.get("/_mock/health")
async def health() -> Response:
    """Answer."""
    return Response(b"{}", media_type="application/json")
