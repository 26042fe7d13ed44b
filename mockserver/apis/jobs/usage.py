"""How much audio an account has had transcribed this month."""

from __future__ import annotations

from datetime import UTC, datetime

from mockserver.engine.clock import SECOND
from mockserver.web.family import Call

_MINUTE = 60_000


def used_minutes(call: Call) -> float:
    """Return the minutes of this calendar month, by the project's clock and in UTC."""
    now = datetime.fromtimestamp(call.clock.now() // SECOND, UTC)
    month = datetime(now.year, now.month, 1, tzinfo=UTC)
    since = int(month.timestamp()) * SECOND
    return call.engine.jobs.heard_since(call.project, call.family.name, since) / _MINUTE
