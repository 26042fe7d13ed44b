"""From the id in a path to its job, and to what is computed from its transcript."""

from __future__ import annotations

from collections.abc import Callable

from mockserver.apis.assemblyai import errors
from mockserver.apis.assemblyai.findings import SWITCHES
from mockserver.engine.clock import SECOND
from mockserver.engine.store import Row
from mockserver.web.family import Call
from mockserver.web.replies import FileReply, Reply
from mockserver.web.workshop import LONG

_SHORT = 16 * 1024
"""Bytes of an encoded transcript whose views are made in the event loop."""
_ANALYSES = (*SWITCHES, "redact_pii", "speech_understanding")
_RETENTION = 30 * 24 * 3600 * SECOND


async def look(call: Call) -> Row:
    """Return the job that the path names, after everything that is due by now, this poll included, has happened.

    One that has outlived its time is deleted first.
    """
    call.job = call.path_params["transcript_id"]
    jobs = call.engine.jobs
    job = jobs.find(call.job, call.project)
    if job is None:
        raise errors.no_such_transcript()
    await call.courier.preparer.prepared(job)
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


async def rendered(
    call: Call, job: Row, transcript: bytes, name: str, make: Callable[..., bytes], *arguments: object
) -> Reply:
    """Return the reply that ``make`` gives for a completed job; ``name`` is unique among the job's views.

    It is called with the job, its encoded transcript, the quirks, and the other arguments.
    """
    if len(transcript) <= _SHORT and not any(f'"{name}"' in job["params"] for name in _ANALYSES):
        return Reply(make(job, transcript, call.quirks, *arguments))
    if len(transcript) <= LONG:
        return Reply(await call.courier.in_slow_thread(make, job, transcript, call.quirks, *arguments))
    path, size = await call.courier.shelf.view(job, name, make, dict(job), transcript, call.quirks, *arguments)
    return FileReply(path, 0, size)
