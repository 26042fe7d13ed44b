"""Stored transcripts, as the gateway reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mockserver.apis.assemblyai.gateway import errors
from mockserver.apis.assemblyai.lookup import current
from mockserver.engine.chat import Told
from mockserver.engine.store import Row
from mockserver.web.family import Call, Quirks
from mockserver.web.found import elsewhere
from mockserver.web.workshop import LONG

T = TypeVar("T")


async def completed(call: Call, identifier: str) -> Row:
    """Return a completed job of the project. Raises ApiError."""
    job = await current(call, identifier)
    if job is None:
        raise errors.no_such_transcript(identifier, elsewhere(call, identifier))
    call.job = job["id"]
    if job["deleted"] is not None:
        raise errors.no_such_transcript(identifier, deleted=True)
    if job["status"] != "completed":
        raise errors.invalid([f"transcript is not completed: its status is {job['status']}"])
    return job


async def computed(call: Call, make: Callable[..., T], job: Row, *arguments: object) -> T:
    """Return what ``make`` makes of a completed job, its encoded transcript, the quirks, and more arguments."""
    transcript = call.engine.jobs.transcript(job)
    run = call.courier.in_slow_thread if len(transcript) <= LONG else call.courier.workshop.run
    return await run(make, dict(job), transcript, call.quirks, *arguments)


async def told(call: Call, identifier: str) -> Told:
    """Return what a completed transcript tells, as it is given out. Raises ApiError."""
    return await computed(call, _told, await completed(call, identifier))


def _told(job: Row, transcript: bytes, quirks: Quirks) -> Told:
    from mockserver.apis.assemblyai.completed import document_of

    shown = document_of(job, transcript, quirks).shown
    speakers = dict.fromkeys(turn.speaker for turn in shown.turns if turn.speaker is not None)
    return Told(shown.text, shown.language, tuple(speakers))
