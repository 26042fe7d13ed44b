"""Webhooks: whom a job tells, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from mockserver.apis.assemblyai.redacted_audio import has_audio, link_to
from mockserver.engine.clock import SECOND
from mockserver.engine.moves import AUDIO
from mockserver.engine.webhooks import NOTICE, Retries, is_success
from mockserver.settings import Settings
from mockserver.web.family import Callback, Event


def callback_of(params: Mapping[str, Any], base: str) -> str | None:
    """Return what a job remembers of its webhook; ``base`` is that of URLs that lead to this server."""
    url = params.get("webhook_url")
    if url is None:
        return None
    kept = [url, params.get("webhook_auth_header_name"), params.get("webhook_auth_header_value"), base]
    return orjson.dumps(kept).decode()


def callback(event: Event) -> Callback | None:
    """Word a webhook call; there is none of redacted audio that there is not."""
    if event.kind == NOTICE:
        url, name, value = orjson.loads(event.job["callback"])
        return _call(url, orjson.loads(event.job["notice"])["body"].encode(), name, value)
    if event.kind == AUDIO and (event.job["deleted"] is not None or not has_audio(event.job)):
        return None
    url, name, value, base = orjson.loads(event.job["callback"])
    if event.kind == AUDIO:
        link = link_to(base, event.project, event.job, event.quirks)
        body = {"redacted_audio_url": link, "status": "redacted_audio_ready"}
    else:
        body = {"transcript_id": event.job["id"], "status": event.job["status"]}
    return _call(url, orjson.dumps(body), name, value)


def _call(url: str, body: bytes, name: str | None, value: str | None) -> Callback:
    headers = {"Content-Type": "application/json", "User-Agent": "AssemblyAI-Webhook"}
    return Callback(url, body, headers | ({name: value or ""} if name else {}))


def retries(settings: Settings) -> Retries:
    """Say how often a call is attempted: at equal intervals, and not again after any 4xx."""
    pause = round(settings.webhook_pause * SECOND)
    return Retries(lambda _: pause, _is_final, settings.webhook_attempts)


def _is_final(status: int) -> bool:
    return is_success(status) or 400 <= status < 500
