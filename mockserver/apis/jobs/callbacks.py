"""Webhooks: signed, and attempted for a day."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson

from mockserver.apis.jobs.errors import failure
from mockserver.apis.jobs.render import STATUSES
from mockserver.engine.clock import SECOND, iso
from mockserver.engine.webhooks import Retries, is_success
from mockserver.settings import Settings
from mockserver.web.family import Callback, Event

_FIRST_PAUSE = 10 * SECOND
_LONGEST_PAUSE = 3600 * SECOND
_PATIENCE = 24 * 3600 * SECOND


def callback(event: Event) -> Callback | None:
    """Word a webhook call, signed with the account's secret; there is none of a job that was deleted."""
    job = event.job
    if job["removed"]:
        return None
    status = STATUSES[job["status"]]
    error = failure(job)
    told: dict[str, Any] = {
        "event": f"job.{status}",
        "job_id": job["id"],
        "status": status,
        "created_at": iso(job["created"]),
        "completed_at": iso(job["finished"]),
    } | ({"error": error} if error else {})
    body = orjson.dumps(told)
    url, *_ = orjson.loads(job["callback"])
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "transcription-webhooks/1.0",
        "X-Transcription-Signature": signature(event.project.terms.webhook_secret, body),
    }
    return Callback(url, body, headers)


def signature(secret: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of a body in hex."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def retries(_: Settings) -> Retries:
    """Say how often a call is attempted: for a day, after pauses that double up to an hour; only a 2xx ends that."""
    return Retries(pause, is_success, patience=_PATIENCE)


def pause(made: int) -> int:
    """Return the microseconds until the next attempt after so many."""
    return min(_FIRST_PAUSE << min(made - 1, 20), _LONGEST_PAUSE)
