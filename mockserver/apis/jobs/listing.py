"""The list of jobs, page by page."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mockserver.apis.jobs import errors
from mockserver.apis.jobs.render import STATUSES, shown
from mockserver.engine.clock import SECOND, moment
from mockserver.engine.pages import Wanted
from mockserver.web.family import Call, Operations, Query
from mockserver.web.replies import Reply, json_reply

page = Operations("Jobs")

_PATIENCE = 2.0
_USUAL = 20
_MOST = 100
_LATEST = 2**33
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)
_QUERY = (
    Query("status", "string", "Only those with this status."),
    Query("since", "string", "Only those that ended then or later, RFC 3339 or seconds since 1970."),
    Query("limit", "integer", "How many, 1 to 100; 20 if not given."),
    Query("cursor", "string", "The page's next_cursor: the next page."),
)


@page.add("GET", "/jobs", query=_QUERY)
async def show(call: Call) -> Reply:
    """List jobs, newest first."""
    wanted = _wanted(call.family.name, call.query_params)
    await call.courier.preparer.all_prepared(call.project, _PATIENCE)
    call.engine.jobs.settle(call.project)
    try:
        rows, has_older = call.engine.pages.page(call.project, wanted)
    except LookupError:
        raise errors.invalid("The cursor is not one of this list.") from None
    return json_reply(
        {"jobs": [shown(row, call.quirks) for row in rows], "next_cursor": rows[-1]["id"] if has_older else None}
    )


def _wanted(family: str, asked: Mapping[str, str]) -> Wanted:
    return Wanted(
        family,
        _limit(asked.get("limit")),
        _status(asked.get("status")),
        before=asked.get("cursor") or None,
        ended_since=_since(asked.get("since")),
    )


def _limit(text: str | None) -> int:
    if not text:
        return _USUAL
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= _MOST):
        raise errors.invalid(f"limit must be a whole number from 1 to {_MOST}.")
    return int(text)


def _status(text: str | None) -> str | None:
    if not text:
        return None
    for status, name in STATUSES.items():
        if name == text:
            return status
    raise errors.invalid(f"status must be one of {', '.join(STATUSES.values())}.")


def _since(text: str | None) -> int | None:
    if not text:
        return None
    if _NUMBER.fullmatch(text) and float(text) < _LATEST:
        return round(float(text) * SECOND)
    try:
        return moment(text.upper())  # RFC 3339 writes t and z too
    except ValueError:
        raise errors.invalid("since must be a time, as 2026-01-31T12:00:00Z or in seconds since 1970.") from None
