"""From what a client wants transcribed to a job: find the fixture, decide what is known, and prepare the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

from mockserver.engine.jobs import Submission
from mockserver.engine.keys import IdForm, as_uuid
from mockserver.engine.options import AS_USUAL, Options
from mockserver.engine.store import Row
from mockserver.settings import Progress
from mockserver.web.family import Call
from mockserver.web.injection import job_fault_of
from mockserver.web.preparer import question
from mockserver.web.replies import ApiError
from mockserver.web.sources import Audio

_PROGRESS_HEADER = b"x-mock-progress"


class Order(NamedTuple):
    """What is to be transcribed, and how.

    ``audio`` is None where it has still to be read. ``params`` are the request's, which fixtures look at; ``encoded``
    are the same as JSON, for the job to keep. ``callback`` says whom to tell, as JSON of a list whose first item is
    the URL; the family reads the rest.
    """

    url: str
    audio: Audio | None
    language: str | None
    params: Mapping[str, Any]
    encoded: str
    options: Options = AS_USUAL
    callback: str | None = None
    redacts: bool = False
    priority: int = 0
    id_form: IdForm = as_uuid
    failure_without_fallback: str | None = None
    """What the job fails with if the first engine does; None: another takes over."""
    check: Callable[[], None] = lambda: None
    """Raises ApiError if the job cannot be taken after all; it is called when nothing else has to be waited for."""


async def submit(call: Call, order: Order) -> Row:
    """Store a job, and return it as it was when it was queued.

    Raises ApiError if the request asks for a fault, or for a way to move on, that there is not.
    """
    submission = _submission(call, order)
    await call.courier.fresh_fixtures()
    asked = question(order.url, order.audio, order.language, call.key, order.params, order.options)
    order.check()
    preparer = call.courier.preparer
    choice = preparer.choose(call.project, asked, order.audio)
    known = preparer.known(asked, order.audio, choice)
    plan = None if preparer.has_line(call.project) else known
    number, job = call.engine.jobs.submit(call.project, submission, plan)
    if plan is None:
        preparer.prepare(number, known, choice)
    else:
        preparer.settled(choice)
        call.fixture = plan.fixture
    call.job = job["id"]
    return job


def _submission(call: Call, order: Order) -> Submission:
    fault = job_fault_of(call, order.url)
    if fault.fallback and order.failure_without_fallback is not None:
        fault = fault._replace(fail=fault.fail or order.failure_without_fallback)
    return Submission(
        family=call.family.name,
        url=order.url,
        upload=order.audio.upload if order.audio else None,
        language=order.language,
        key=call.key,
        params=order.encoded,
        progress=_asked_progress(call),
        options=order.options,
        callback=order.callback,
        redacts=order.redacts,
        fault=fault,
        priority=order.priority,
        id_form=order.id_form,
        region=call.region,
    )


def _asked_progress(call: Call) -> Progress | None:
    asked = call.header_map.get(_PROGRESS_HEADER)
    if asked is None:
        return None
    for progress in get_args(Progress):
        if asked == progress.encode():
            chosen: Progress = progress
            return chosen
    raise ApiError(400, f"{_PROGRESS_HEADER.decode()} must be one of {', '.join(get_args(Progress))}")
