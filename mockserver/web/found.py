"""Jobs as a request finds them, and what is computed from their transcripts."""

from __future__ import annotations

import os
from collections.abc import Callable

from mockserver.engine.moves import FINISHED
from mockserver.engine.store import Row
from mockserver.web.family import Call
from mockserver.web.replies import FileReply, Reply, opened
from mockserver.web.workshop import LONG

_SHORT = 16 * 1024
"""Bytes of an encoded transcript, or of parameters, whose views are made in the event loop."""


async def current(call: Call, job_id: str, *, polls: bool = True) -> Row | None:
    """Return a job of the project and the region after all that is due by now: this too, where it is a poll."""
    jobs = call.engine.jobs
    found = jobs.find(job_id, call.project)
    if found is None or (found["family"], found["region"]) != (call.family.name, call.region):
        return None
    if found["status"] in FINISHED:
        return found
    await call.courier.preparer.prepared(found)
    jobs.settle(call.project)
    job = jobs.by_number(found["number"])
    if job is not None and polls and jobs.poll(call.project, job):
        job = jobs.by_number(found["number"])
    return job


def elsewhere(call: Call, job_id: str) -> str | None:
    """Return a hint about a job of the project that is in another region."""
    job = call.engine.jobs.find(job_id, call.project)
    if job is None or job["family"] != call.family.name or job["region"] == call.region:
        return None
    return f"{job_id} is in the region {job['region']}, and this host is of {call.region}"


async def rendered(
    call: Call, job: Row, name: str, make: Callable[..., bytes], *arguments: object, is_quick: bool = True
) -> Reply:
    """Return the reply that ``make`` gives for a completed job; ``name`` is unique among the job's views.

    It is called with the job, its encoded transcript, the quirks, and the other arguments; where ``is_quick``, that is
    done in place if the transcript is short. Raises FileNotFoundError if the job is deleted meanwhile.
    """
    transcript = call.engine.jobs.transcript(job)
    if is_quick and len(transcript) <= _SHORT and len(job["params"]) <= _SHORT:
        return Reply(make(job, transcript, call.quirks, *arguments))
    if len(transcript) <= LONG:
        return Reply(await call.courier.in_slow_thread(make, job, transcript, call.quirks, *arguments))
    path = await call.courier.shelf.view(job, name, make, dict(job), transcript, call.quirks, *arguments)
    file = await call.courier.in_thread(opened, path)
    return FileReply(file, 0, os.fstat(file.fileno()).st_size)
