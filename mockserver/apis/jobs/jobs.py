"""One job: see it, cancel it, delete it."""

from __future__ import annotations

from mockserver.apis.jobs import errors, render
from mockserver.apis.jobs.lookup import look
from mockserver.engine.clock import SECOND
from mockserver.engine.moves import FINISHED
from mockserver.engine.store import Row
from mockserver.web.family import Call, Operations
from mockserver.web.replies import NO_CONTENT, Reply, json_reply

page = Operations("Jobs")

_PAUSE = (10, 15)
"""The shortest and the longest pause between polls that is suggested, in seconds."""


@page.add("GET", "/jobs/{job_id}")
async def get(call: Call) -> Reply:
    """Get a job's status; Retry-After says when to ask again."""
    job = await look(call, polls=True)
    headers = () if job["status"] in FINISHED else ((b"retry-after", str(_pause(call, job)).encode()),)
    return json_reply(render.shown(job, call.quirks), headers=headers)


@page.add("POST", "/jobs/{job_id}/cancel")
async def cancel(call: Call) -> Reply:
    """Cancel a job that is queued or processing."""
    job = await look(call)
    if job["status"] in FINISHED:
        raise errors.finished(render.STATUSES[job["status"]])
    call.engine.jobs.cancel(job)
    call.courier.preparer.drop(job)
    call.courier.wake()
    return json_reply(render.shown(call.engine.jobs.by_number(job["number"]) or job, call.quirks))


@page.add("DELETE", "/jobs/{job_id}", status=NO_CONTENT)
async def delete(call: Call) -> Reply:
    """Delete a finished job, with its transcript and its audio."""
    job = await look(call)
    if job["status"] not in FINISHED:
        raise errors.not_finished(job["status"])
    call.engine.remove(call.project, job)
    call.courier.sweep()
    return Reply(b"", NO_CONTENT)


def _pause(call: Call, job: Row) -> int:
    """Return how many seconds to wait until the next poll: until the job is due, within bounds."""
    if call.project.terms.retry_after is not None:
        return call.project.terms.retry_after
    shortest, longest = _PAUSE
    if job["due"] is None:
        return longest
    left: int = -((call.clock.now() - job["due"]) // SECOND)
    return min(max(left, shortest), longest)
