"""Jobs as the API shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from mockserver.apis.jobs.engines import engine_name
from mockserver.apis.jobs.errors import failure
from mockserver.engine.clock import iso
from mockserver.engine.store import Row

STATUSES: Mapping[str, str] = {
    "queued": "queued",
    "processing": "processing",
    "completed": "completed",
    "error": "failed",
    "cancelled": "cancelled",
}
"""The statuses, by the engine's words for them."""


def submitted(job: Row) -> dict[str, Any]:
    """Render a job that has just come in."""
    return {"job_id": job["id"], "status": "queued", "created_at": iso(job["created"])}


def shown(job: Row, quirks: Collection[str]) -> dict[str, Any]:
    """Render a job."""
    params = orjson.loads(job["params"])
    completed = job["status"] == "completed"
    asked = None if params["language"] == "auto" else params["language"]
    return {
        "job_id": job["id"],
        "status": STATUSES[job["status"]],
        "created_at": iso(job["created"]),
        "started_at": _time(job["started"]),
        "completed_at": _time(job["finished"]),
        "duration_seconds": -(-job["duration"] // 1000) if completed else None,
        "language": asked or (job["spoken"].split("_")[0] if completed else None),
        "diarize": params["diarize"],
        "source": _source(params),
        "engine": engine_name(job, quirks) if completed else None,
        "error": failure(job),
        "overage": params["overage"],
    }


def _source(params: Mapping[str, Any]) -> dict[str, Any]:
    if params["source_url"] is None:
        return {"type": "upload", "filename": params["filename"]}
    return {"type": "url", "url": params["source_url"]}


def _time(moment: int | None) -> str | None:
    return None if moment is None else iso(moment)
