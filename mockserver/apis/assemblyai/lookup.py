"""From the id in a path to its job, and to what is computed from its transcript."""

from __future__ import annotations

import orjson

from mockserver.apis.assemblyai import errors
from mockserver.apis.assemblyai.params import RESULTS
from mockserver.engine.clock import SECOND
from mockserver.engine.store import Row
from mockserver.web import found
from mockserver.web.family import Call

_ANALYSES = (*RESULTS, "redact_pii", "speech_understanding")
_RETENTION = 30 * 24 * 3600 * SECOND


async def look(call: Call) -> Row:
    """Return the job that the path names, as ``current`` does."""
    call.job = call.path_params["transcript_id"]
    job = await current(call, call.job)
    if job is None:
        raise errors.no_such_transcript(found.elsewhere(call, call.job))
    call.fixture = job["fixture"]
    return job


async def current(call: Call, job_id: str) -> Row | None:
    """Return a job as ``found.current`` does; one that has outlived its time is deleted first."""
    job = await found.current(call, job_id)
    if job is not None and has_expired(job, call) and job["deleted"] is None:
        call.engine.delete(call.project, job)
        call.courier.sweep()
        job = call.engine.jobs.by_number(job["number"])
    return job


def end_of(job: Row, call: Call) -> int | None:
    """Return the moment at which a finished transcript is deleted, None if it is kept."""
    if "keep_forever" in call.quirks or job["finished"] is None:
        return None
    return int(job["finished"]) + _RETENTION


def has_expired(job: Row, call: Call) -> bool:
    """Say whether a transcript has outlived its time."""
    end = end_of(job, call)
    return end is not None and call.project.clock.now() >= end


async def look_for_completed(call: Call) -> Row:
    """Return the completed job that the path names."""
    job = await look(call)
    if job["status"] != "completed":
        raise errors.not_completed(job["status"])
    if job["deleted"] is not None:
        raise errors.deleted()
    return job


def is_quick(job: Row) -> bool:
    """Say whether a request asks for so little that its views are made quickly."""
    params = orjson.loads(job["params"])
    return not any(params.get(name) for name in _ANALYSES)
