"""From the id in a path to its job."""

from __future__ import annotations

from mockserver.apis.jobs import errors
from mockserver.engine.store import Row
from mockserver.web import found
from mockserver.web.family import Call


async def look(call: Call, *, polls: bool = False) -> Row:
    """Return the job that the path names, after all that is due by now; ``polls`` says that this is a poll.

    Raises ApiError if there is none, or none any more.
    """
    call.job = call.path_params["job_id"]
    job = await found.current(call, call.job, polls=polls)
    if job is None or job["removed"]:
        raise errors.no_such_job()
    call.fixture = job["fixture"]
    return job
