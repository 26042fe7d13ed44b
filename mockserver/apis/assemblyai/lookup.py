"""From the id in a path to its job, and to what is computed from its transcript."""

from __future__ import annotations

import os
from collections.abc import Callable

import orjson

from mockserver.apis.assemblyai import errors
from mockserver.apis.assemblyai.params import RESULTS
from mockserver.engine.clock import SECOND
from mockserver.engine.store import Row
from mockserver.web.family import Call
from mockserver.web.replies import FileReply, Reply, opened
from mockserver.web.workshop import LONG

_SHORT = 16 * 1024
"""Bytes of an encoded transcript whose views are made in the event loop."""
_ANALYSES = (*RESULTS, "redact_pii", "speech_understanding")
_RETENTION = 30 * 24 * 3600 * SECOND


async def look(call: Call) -> Row:
    """Return the job that the path names, as ``current`` does."""
    call.job = call.path_params["transcript_id"]
    job = await current(call, call.job)
    if job is None:
        raise errors.no_such_transcript()
    call.fixture = job["fixture"]
    return job


async def current(call: Call, job_id: str) -> Row | None:
    """Return a job of the project after everything that is due by now, this poll included, has happened.

    One that has outlived its time is deleted first.
    """
    jobs = call.engine.jobs
    found = jobs.find(job_id, call.project)
    if found is None:
        return None
    await call.courier.preparer.prepared(found)
    jobs.settle(call.project)
    job = jobs.by_number(found["number"])
    if job is not None and jobs.poll(call.project, job):
        job = jobs.by_number(found["number"])
    if job is not None and has_expired(job, call) and job["deleted"] is None:
        call.engine.delete(call.project, job)
        call.courier.sweep()
        job = jobs.by_number(found["number"])
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


async def look_for_completed(call: Call) -> tuple[Row, bytes]:
    """Return the completed job that the path names, and its encoded transcript."""
    job = await look(call)
    if job["status"] != "completed":
        raise errors.not_completed(job["status"])
    if job["deleted"] is not None:
        raise errors.deleted()
    return job, call.engine.jobs.transcript(job)


def _is_simple(job: Row) -> bool:
    """Say whether a request asks for so little that its views are made quickly."""
    if len(job["params"]) > _SHORT:
        return False
    params = orjson.loads(job["params"])
    return not any(params.get(name) for name in _ANALYSES)


async def rendered(
    call: Call, job: Row, transcript: bytes, name: str, make: Callable[..., bytes], *arguments: object
) -> Reply:
    """Return the reply that ``make`` gives for a completed job; ``name`` is unique among the job's views.

    It is called with the job, its encoded transcript, the quirks, and the other arguments.
    """
    if len(transcript) <= _SHORT and _is_simple(job):
        return Reply(make(job, transcript, call.quirks, *arguments))
    if len(transcript) <= LONG:
        return Reply(await call.courier.in_slow_thread(make, job, transcript, call.quirks, *arguments))
    path = await call.courier.shelf.view(job, name, make, dict(job), transcript, call.quirks, *arguments)
    try:
        file = await call.courier.in_thread(opened, path)
    except FileNotFoundError:  # it was deleted while its view was made
        raise errors.deleted() from None
    return FileReply(file, 0, os.fstat(file.fileno()).st_size)
