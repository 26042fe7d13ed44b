"""The list of jobs."""

from mockserver.web.family import Call, Operations
from mockserver.web.replies import Reply, json_reply

page = Operations("Jobs")


@page.add("GET", "/jobs")
async def show(_: Call) -> Reply:
    """List jobs, newest first."""
    return json_reply({"jobs": [], "next_cursor": None})
