"""Transcribe a short recording in one request, and open the connection for one."""

from __future__ import annotations

from typing import Any

from mockserver.apis.assemblyai.sync import errors
from mockserver.apis.assemblyai.sync.audio import examined
from mockserver.apis.assemblyai.sync.config import Config, form, live_form
from mockserver.apis.assemblyai.sync.forms import LIVE, read, sent
from mockserver.apis.assemblyai.sync.hearing import hear
from mockserver.apis.assemblyai.sync.models import MODEL, missing_model, model_of
from mockserver.engine.clock import SECOND
from mockserver.engine.limits import Rule
from mockserver.engine.transcripts import Transcript
from mockserver.web.family import Call, Operations
from mockserver.web.replies import Reply, json_reply

page = Operations("Transcription")

_WINDOW = 60 * SECOND
_MILLISECOND = SECOND // 1000


async def transcribe(call: Call) -> Reply:
    """Transcribe a recording at once."""
    return await _transcribed(call)


async def transcribe_live(call: Call) -> Reply:
    """Transcribe a recording while it is sent; its configuration comes first."""
    return await _transcribed(call)


async def warm(call: Call) -> Reply:
    """Open the connection for a request to come."""
    if model_of(call) is None:
        call.violates(missing_model(call))
    return json_reply({"status": "ok"})


for _path in ("/v1/transcribe", "/transcribe"):
    page.add("POST", _path, form=form, read_form=read, takes_file=True, headers=(MODEL,))(transcribe)
for _path in LIVE:
    page.add("POST", _path, form=live_form, read_form=read, takes_file=True, headers=(MODEL,))(transcribe_live)
for _path in ("/v1/warm", "/warm"):
    page.add("GET", _path, public=True)(warm)


async def _transcribed(call: Call) -> Reply:
    now = call.engine.clock.parent.now
    began = now()
    _admit(call)
    config, file = await sent(call)
    transcript = await hear(call, await examined(call, file, config), config)
    view = _rendered(transcript, config)
    took = (now() - began) / _MILLISECOND
    return json_reply(view | {"session_id": call.request_id, "request_time_ms": took})


def _admit(call: Call) -> None:
    """Refuse requests that name no model, come too often, or are not paid for."""
    if model_of(call) is None:
        raise errors.no_such_model(call)
    project = call.project
    rule = Rule("sync", project.terms.sync_rate_limit, _WINDOW)
    decision = call.engine.limits.hit(project.id, rule, call.clock.now())
    if not decision.allowed:
        raise errors.rate_limited(decision.reset)
    if project.terms.negative_balance:
        raise errors.negative_balance()


def _rendered(transcript: Transcript, config: Config) -> dict[str, Any]:
    words = list(transcript.words)
    return {
        "text": transcript.text,
        "words": [
            {"text": word.text, "confidence": word.confidence}
            | ({"start": word.start, "end": word.end} if config.timestamps else {})
            for word in words
        ],
        "confidence": sum(word.confidence for word in words) / len(words) if words else 0.0,
        "audio_duration_ms": transcript.duration,
    }
