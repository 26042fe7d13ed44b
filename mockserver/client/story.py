"""What happened to one key's world, in short lines, for the report of a test that failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from mockserver.client.connection import MockServerError
from mockserver.client.mock import Mock
from mockserver.client.records import Delivery, Fault, Job, Request

_REQUESTS = 50
_OTHERS = 10
_STRANGERS = 3
_LONGEST = 200
_APART = ("id", "fired", "key", "profile", "label")


def story(mock: Mock, began: datetime) -> str:
    """Return the newest requests, the oldest first, and what else a test that ``began`` then may not have expected."""
    try:
        return "\n".join(map(_clipped, _lines(mock, began)))
    except MockServerError as error:
        return str(error)


def _lines(mock: Mock, began: datetime) -> Iterator[str]:
    requests = mock.requests(limit=_REQUESTS + 1)
    jobs = mock.jobs(limit=100)
    yield f"API key {mock.api_key} at {mock.url}"
    yield from _time(mock)
    if len(requests) > _REQUESTS:
        yield f"... only the newest {_REQUESTS} requests"
    yield from map(str, reversed(requests[:_REQUESTS]))
    if not requests:
        yield from _strangers(mock, began)
    yield from map(str, reversed(mock.sessions(state="open", limit=_OTHERS)))
    yield from (_unfinished(job) for job in reversed([j for j in jobs if j.status != "completed"][:_OTHERS]))
    yield from _unused(mock, requests, jobs)
    yield from (_idle(fault) for fault in mock.faults() if not fault.fired and _is_certain(fault))
    yield from map(_call, reversed(mock.webhooks(limit=_OTHERS)))


def _time(mock: Mock) -> Iterator[str]:
    clock = mock.clock()
    if clock.frozen:
        yield f"the clock is frozen at {clock.now}"
    elif clock.scale != 1:
        yield f"the clock runs {clock.scale:g} times as fast as real time"


def _strangers(mock: Mock, began: datetime) -> Iterator[str]:
    """Say what was asked with other keys meanwhile, which may be why there is nothing with this one."""
    yield "no request was made with this key"
    for request in reversed(mock.with_key(None).requests(limit=_STRANGERS, since=began)):
        key = request.raw.get("project")
        yield f"with {f'the key {key}' if key else 'no accepted key'}: {request}"


def _unfinished(job: Job) -> str:
    if job.status == "error":
        return (
            f"job {job.id} failed: {(job.failure and (job.failure.detail or job.failure.reason)) or 'no reason known'}"
        )
    if job.held:
        return f"job {job.id} is {job.status}, and held until it is released"
    if job.waiting:
        return f"job {job.id} is {job.status}, and waits until another is done"
    return f"job {job.id} is {job.status}" + (f" until {job.due}" if job.due else "")


def _unused(mock: Mock, requests: Sequence[Request], jobs: Sequence[Job]) -> Iterator[str]:
    """Name the fixtures that the test has added for nothing, and what the newest unanswered job lacked."""
    used = {request.fixture for request in requests} | {job.fixture for job in jobs}
    unused = [each["name"] for each in mock.fixtures() if each["name"] not in used]
    job = next((job for job in jobs if job.fixture is None and job.url), None) if unused else None
    misses: dict[str, str] = {}
    if job is not None and job.url:
        sent = next((each.json for each in requests if each.job == job.id and each.method == "POST"), None)
        why = mock.explain(job.url, params=sent if isinstance(sent, dict) else {})
        misses = {near["name"]: "; ".join(near["misses"]) for near in why["nearest"]}
    for name in unused:
        yield f"fixture {name} answered nothing" + (f": {misses[name]}" if name in misses else "")


def _is_certain(fault: Fault) -> bool:
    return fault.raw.get("profile") is None and fault.raw.get("probability", 1) == 1


def _idle(fault: Fault) -> str:
    said = ", ".join(f"{name}={value}" for name, value in fault.raw.items() if name not in _APART)
    return f"fault {fault.id} met no request: {said}"


def _call(call: Delivery) -> str:
    attempts = ", ".join(str(each.status or each.error) for each in call.attempts) or "none yet"
    return f"webhook to {call.url}: {'delivered' if call.delivered else 'not delivered'} ({attempts})"


def _clipped(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
