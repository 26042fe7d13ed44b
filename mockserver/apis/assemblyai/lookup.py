"""From the id in a path to its job, and to what is computed from its transcript."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mockserver.apis.assemblyai import errors
from mockserver.engine.clock import SECOND
from mockserver.engine.store import Row
from mockserver.web.family import Call

_LARGE = 64 * 1024
"""Bytes of an encoded transcript from which on a thread does what is computed from it."""
_RETENTION = 30 * 24 * 3600 * SECOND
T = TypeVar("T")


async def look(call: Call) -> Row:
    """Return the job that the path names, after everything that is due by now, this poll included, has happened.

    One that has outlived its time is deleted first.
    """
    call.job = call.path_params["transcript_id"]
    jobs = call.engine.jobs
    job = jobs.find(call.job, call.project)
    if job is None:
        raise errors.no_such_transcript()
    await call.courier.prepared(job)
    jobs.settle(call.project)
    current = jobs.by_number(job["number"])
    if current is not None and jobs.poll(call.project, current):
        current = jobs.by_number(job["number"])
    if current is None:
        raise errors.no_such_transcript()
    call.fixture = current["fixture"]
    end = end_of(current, call)
    if end is not None and call.project.clock.now() >= end and current["deleted"] is None:
        call.engine.delete(call.project, current)
        current = jobs.by_number(job["number"])
        assert current is not None
    return current


def end_of(job: Row, call: Call) -> int | None:
    """Return the moment at which a finished transcript is deleted, None if it is kept."""
    if "keep_forever" in call.quirks or job["finished"] is None:
        return None
    return int(job["finished"]) + _RETENTION


async def completed(call: Call) -> tuple[Row, bytes]:
    """Return the completed job that the path names, and its encoded transcript."""
    job = await look(call)
    if job["status"] != "completed":
        raise errors.not_completed(job["status"])
    if job["deleted"] is not None:
        raise errors.deleted()
    return job, call.engine.jobs.transcript(job)


async def rendered(call: Call, transcript: bytes | None, function: Callable[..., T], *arguments: object) -> T:
    """Return what a function makes of a transcript: in a thread if that takes long."""
    if transcript is not None and len(transcript) > _LARGE:
        return await call.courier.in_slow_thread(function, *arguments)
    return function(*arguments)
