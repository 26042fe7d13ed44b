"""The list of transcripts, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from mockserver.apis.assemblyai import errors
from mockserver.apis.assemblyai.lookup import has_expired
from mockserver.engine.clock import SECOND, iso
from mockserver.engine.pages import Wanted
from mockserver.engine.store import Row
from mockserver.web.family import Call, Operations, Query, Quirks
from mockserver.web.found import elsewhere
from mockserver.web.replies import Reply, json_reply

page = Operations("Transcripts")

_PATIENCE = 2.0
_DAY = 24 * 3600 * SECOND
_OLDEST = 90 * _DAY
_MOST = 200
_QUERY = (
    Query("limit", "integer", "How many, 1 to 200; 10 if not given."),
    Query("status", "string", "Only those with this status."),
    Query("created_on", "string", "Only those of this day, YYYY-MM-DD, UTC."),
    Query("before_id", "string", "Only those that are older than this one."),
    Query("after_id", "string", "Only those that are newer than this one."),
    Query("throttled_only", "boolean", "Only those that wait for a slot; overrides status."),
)


@page.add("GET", "/v2/transcript", query=_QUERY)
async def show(call: Call) -> Reply:
    """List transcripts, newest first."""
    asked = {name: value for name, value in call.query_params.items() if value}
    wanted = _wanted(asked, call)
    await call.courier.preparer.all_prepared(call.project, _PATIENCE)
    call.engine.jobs.settle(call.project)
    try:
        rows, has_older = call.engine.pages.page(call.project, wanted)
    except LookupError as error:
        raise errors.invalid(elsewhere(call, str(error)) or f"there is no transcript {error}") from None
    base = f"{call.public_base}/v2/transcript"
    return json_reply(
        {
            "page_details": _page_details(base, asked, wanted.limit, rows, has_older=has_older),
            "transcripts": [
                _item(base, row, call.quirks, deleted=row["deleted"] is not None or has_expired(row, call))
                for row in rows
            ],
        }
    )


def _wanted(asked: Mapping[str, str], call: Call) -> Wanted:
    throttled = _flag(asked)
    since, until = _day(asked)
    if "keep_forever" not in call.quirks:
        oldest = call.project.clock.now() - _OLDEST
        since = oldest if since is None else max(since, oldest)
    return Wanted(
        family=call.family.name,
        limit=_limit(asked),
        status="queued" if throttled else _status(asked),
        before=asked.get("before_id"),
        after=asked.get("after_id"),
        since=since,
        until=until,
        waiting=throttled or None,
        region=call.region,
    )


def _limit(asked: Mapping[str, str]) -> int:
    text = asked.get("limit", "10")
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= _MOST):
        raise errors.invalid(f"limit must be a whole number from 1 to {_MOST}")
    return int(text)


def _status(asked: Mapping[str, str]) -> str | None:
    status = asked.get("status")
    if status not in (None, "queued", "processing", "completed", "error"):
        raise errors.invalid("status must be queued, processing, completed or error")
    return status


def _flag(asked: Mapping[str, str]) -> bool:
    text = asked.get("throttled_only", "false").lower()
    if text not in ("true", "false"):
        raise errors.invalid("throttled_only must be true or false")
    return text == "true"


def _day(asked: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return the first moment of the day that is asked for, and that of the next."""
    text = asked.get("created_on")
    if text is None:
        return None, None
    try:
        if len(text) != len("2026-01-31"):
            raise ValueError
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise errors.invalid("created_on must be a day, YYYY-MM-DD") from None
    first = round(day.timestamp()) * SECOND
    return first, first + _DAY


def _page_details(
    base: str, asked: Mapping[str, str], limit: int, rows: Sequence[Row], *, has_older: bool
) -> dict[str, Any]:
    filters = {name: asked[name] for name in ("status", "created_on", "throttled_only") if name in asked}

    def url(**cursor: str) -> str:
        return f"{base}?{urlencode({'limit': limit} | filters | cursor)}"

    here = {name: asked[name] for name in ("before_id", "after_id") if name in asked}
    newer = rows[0]["id"] if rows else asked.get("after_id")
    return {
        "limit": limit,
        "result_count": len(rows),
        "current_url": url(**here),
        "prev_url": url(before_id=rows[-1]["id"]) if has_older else None,
        "next_url": url(after_id=newer) if newer else None,
    }


def _item(base: str, job: Row, quirks: Quirks, *, deleted: bool) -> dict[str, Any]:
    naive = "naive_times" in quirks
    url, error = job["url"], errors.failure(job)
    if deleted:
        url = "http://deleted_by_user" if "deleted_url_with_scheme" in quirks else "deleted_by_user"
    return {
        "id": job["id"],
        "resource_url": f"{base}/{job['id']}",
        "status": job["status"],
        "created": _time(job["created"], naive=naive),
        "completed": _time(job["finished"], naive=naive) if job["status"] == "completed" else None,
        "audio_url": url,
        "error": error if error is not None or naive else "",
    }


def _time(moment: int, *, naive: bool) -> str:
    return iso(moment).removesuffix("Z") if naive else iso(moment)
