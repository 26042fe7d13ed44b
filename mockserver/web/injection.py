"""Faults on their way into a request: asked for by the request itself, or by the rules in force."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from mockserver.engine import Engine
from mockserver.engine.faults import Fault
from mockserver.engine.jobs import JobFault
from mockserver.web.family import Call, Family, Operation
from mockserver.web.replies import ApiError, ClientGoneError, FileReply, Reply, json_reply
from mockserver.web.sending import client_of
from mockserver.web.sockets import Opening, SocketOperation
from mockserver.web.waits import Stopwatch

if TYPE_CHECKING:  # what a fault is takes time to import, and most servers never have one
    from mockserver.engine.fault_rule import FaultRule

HEADER = b"x-mock-fault"
_URL_PARAMETER = "mock-fault"
_CODE = re.compile(r"(?:^|[,;\s])code\s*=\s*\"?(\d{3})\"?(?=$|[,;\s])")
_LONGEST = 10_000
NAMED: Mapping[str, Mapping[str, Any]] = {
    "EMPTY_RESPONSE": {"connection": "EMPTY_RESPONSE"},
    "MALFORMED_RESPONSE_CHUNK": {"connection": "MALFORMED_RESPONSE_CHUNK"},
    "RANDOM_DATA_THEN_CLOSE": {"connection": "RANDOM_DATA_THEN_CLOSE"},
    "CONNECTION_RESET_BY_PEER": {"connection": "CONNECTION_RESET_BY_PEER"},
    "malformed_json": {"malformed_json": True},
    "truncated": {"truncate": 20},
    "job_failed": {"fail_job": "a fault made this job fail"},
    "job_stuck": {"hold_job": "processing"},
    "transient_error": {"fallback_job": True},
    "webhook_dropped": {"webhook": "drop"},
    "webhook_twice": {"webhook": "twice"},
    "webhook_reordered": {"webhook": "reorder"},
    "session_dropped": {"session": {"close": {"code": 1011}, "after_audio_ms": 1000}},
    "session_hang": {"session": {"hang": True, "after_audio_ms": 1000}},
    "session_reset": {"session": {"reset": True, "after_audio_ms": 1000}},
    "invalid_frame": {"session": {"invalid_frame": True, "after_audio_ms": 1000}},
    "messages_dropped": {"messages": {"fault": "drop", "after": 1, "every": 2}},
    "messages_twice": {"messages": {"fault": "twice", "after": 1}},
    "messages_late": {"messages": {"fault": "late", "after": 1, "seconds": 1.0}},
    "messages_swapped": {"messages": {"fault": "swap", "after": 1, "every": 2}},
    "malformed_message": {"messages": {"fault": "malformed", "after": 1, "every": 2}},
}
"""Faults that are no errors of a vendor's, by the names that a request may ask for them by."""


class Injector:
    """Finds the fault of a request, and carries it out."""

    def __init__(self, engine: Engine, families: Sequence[Family]) -> None:
        self._faults = engine.faults
        self._limit = engine.settings.body_bytes
        services = [service for family in families for service in family.services]
        self._endings = frozenset(name for service in services for name in service.endings)
        engine.faults.names = self._endings.union(NAMED, *(service.wording.ERRORS for service in services))

    def may_interfere(self, call: Call | Opening) -> bool:
        """Say whether something may go wrong with a request; nearly always nothing does."""
        headers = call.header_map
        return (
            HEADER in headers
            or b"prefer" in headers
            or call.key_fault is not None
            or self._faults.has_any(call.account.project if call.account else None)
        )

    async def fault_of(self, call: Call, operation: Operation) -> Fault | None:
        """Return what is to go wrong with a request. Raises ApiError if it asks for what there is not."""
        from mockserver.engine.fault_rule import Asked

        requested = self._requested(call, call.service.wording.ERRORS, call.service.endings)
        project = call.account.project if call.account else None
        params = None
        has_params = operation.reads is not None or operation.read_form is not None
        if has_params and self._faults.wants_params(project):
            params = await self._params(call, operation)
        asked = Asked(
            call.family.name,
            call.service.name,
            call.scope["method"],
            call.scope["path"],
            call.account.key if call.account else None,
            call.service.wording.ERRORS.keys(),
            params,
        )
        fault = self._faults.chosen(project, asked, call.clock.now(), requested, makes_job=operation.makes_job)
        call.fault = fault and fault.label
        return fault

    async def _params(self, call: Call, operation: Operation) -> Any:
        """Return what a request's body says. Raises ApiError where that cannot be read."""
        if not call.is_upload:
            return _parsed(await call.peek(self._limit))
        is_admitted = call.account is not None and not call.is_stale
        return await operation.read_form(call) if operation.read_form is not None and is_admitted else None

    def fault_of_session(self, opening: Opening, operation: SocketOperation) -> Fault | None:
        """Return what is to go wrong with a session. Raises ApiError if it asks for what there is not."""
        from mockserver.engine.fault_rule import Asked

        errors = list(dict.fromkeys((*operation.errors, *opening.service.wording.ERRORS)))
        requested = self._requested(opening, errors, operation.errors)
        account = opening.account
        asked = Asked(
            opening.family.name,
            opening.service.name,
            "GET",
            opening.scope["path"],
            account.key if account else None,
            errors,
            opening.params if opening.params is not None else dict(opening.query_params),
            operation.errors,
        )
        project = account.project if account else None
        return self._faults.chosen(project, asked, opening.clock.now(), requested, makes_job=False)

    def _requested(self, call: Call | Opening, errors: Collection[str], endings: Collection[str]) -> FaultRule | None:
        """Return the fault that a request asks for by a header or its key."""
        asked = call.header_map.get(HEADER)
        if asked is not None:
            return rule_of(asked.decode("latin-1"), errors, endings)
        name = call.key_fault
        if name is not None:  # a request that a session needs is not to suffer from the session's fault
            return None if name in self._endings and name not in errors else rule_of(name, errors)
        preferred = call.header_map.get(b"prefer")
        code = _CODE.search(preferred.decode("latin-1")) if preferred else None
        return _status_rule(int(code[1])) if code and 400 <= int(code[1]) <= 599 else None

    async def inject(self, call: Call, fault: Fault, answer: Callable[[], Awaitable[Reply]]) -> Reply:
        """Answer a request as a fault has it; ``answer`` is how it would be answered without. Raises ApiError."""
        from mockserver.web.damage import broken_off, damaged

        if not call.is_upload:  # a client that is still sending would see another error than the one that is wanted
            await call.peek(call.engine.settings.body_bytes)
        if fault.delay:
            await _wait(call, fault.delay)
        if fault.job is not None:
            call.job_fault = JobFault(fault.job.fail_job, fault.job.hold_job, fallback=fault.job.fallback_job)
        call.job_fault = call.job_fault._replace(webhook=fault.webhook)
        rule = fault.reply
        if rule is None:
            return await answer()
        call.hint = f"a fault: {fault.label}"
        call.cut_after = rule.cut_after
        is_cut = rule.truncate is not None or rule.cut_after is not None
        if rule.error is None and rule.status is None and (rule.connection is None or is_cut):
            return damaged(await _at_hand(call, await _answered(call, answer)), rule)
        if rule.executes:
            await _at_hand(call, await _answered(call, answer))
        elif rule.connection is not None and call.is_upload and call.form_said is None:
            await call.discard()
        if rule.connection is not None:
            return broken_off(rule, fault.label)
        reply = replaced(call, rule)
        call.hint = f"a fault: {fault.label}"  # and not what documented errors say that were looked at
        return damaged(reply, rule)


def job_fault_of(call: Call, url: str) -> JobFault:
    """Return what is to go wrong with a job: what its audio's URL asks for, or else its request. Raises ApiError."""
    asked = _asked_by(url, call)
    if asked is None:
        return call.job_fault
    call.fault = f"{call.fault}, {asked.label}" if call.fault else asked.label
    return JobFault(
        asked.fail_job or call.job_fault.fail,
        asked.hold_job or call.job_fault.hold,
        asked.webhook or call.job_fault.webhook,
        asked.fallback_job or call.job_fault.fallback,
    )


def _asked_by(url: str, call: Call) -> FaultRule | None:
    """Return the fault that a URL asks for, as in ``?mock-fault=job_stuck``."""
    if f"{_URL_PARAMETER}=" not in url[:_LONGEST]:
        return None
    try:
        asked = [value for name, value in parse_qsl(urlsplit(url).query) if name == _URL_PARAMETER]
    except ValueError:
        return None
    if not asked:
        return None
    rule = rule_of(asked[-1], call.service.wording.ERRORS, where=_URL_PARAMETER)
    if not rule.acts_on_jobs_only:
        raise _refusal(f"{_URL_PARAMETER}: a URL can ask for {_listed(_JOB_NAMES)}, not for {asked[-1][:100]!r}")
    return rule


_OF_JOBS = {"fail_job", "hold_job", "fallback_job", "webhook"}
_JOB_NAMES = tuple(name for name, rule in NAMED.items() if _OF_JOBS & rule.keys())


def rule_of(
    text: str, errors: Collection[str], endings: Collection[str] = (), where: str = HEADER.decode()
) -> FaultRule:
    """Return the fault that a request names, or describes as JSON. Raises ApiError.

    The request can get some ``errors``, and the sessions of its service can end with those of ``endings``.
    """
    text = text.strip()
    if text.startswith("{"):
        rule = _described(text, where)
        ending = rule.session.error if rule.session is not None else None
        for name, known in ((rule.error, errors), (ending, endings)):
            if name is not None and name not in known:
                raise _refusal(f"{where}: there is no {name[:100]!r}; there are {_listed(known) or 'none'}")
        return rule
    if text in errors:
        return _error_rule(text)
    if text in NAMED:
        return _named_rule(text)
    raise _refusal(f"{where}: there is no {text[:100]!r}; there are {_listed([*errors, *NAMED])}")


def _refusal(text: str) -> ApiError:
    """Return the answer to a request that asks for what there is not; the journal shall say so too."""
    return ApiError(400, text, text)


@lru_cache(256)
def _described(text: str, where: str) -> FaultRule:
    from pydantic import ValidationError

    from mockserver.engine.fault_profiles import problem_of
    from mockserver.engine.fault_rule import FaultRule

    try:
        return FaultRule.model_validate_json(text)
    except ValidationError as error:
        raise _refusal(f"{where}: {problem_of(error)}") from None


@lru_cache(256)
def _error_rule(name: str) -> FaultRule:
    from mockserver.engine.fault_rule import FaultRule

    return FaultRule(error=name)


@lru_cache(256)
def _status_rule(status: int) -> FaultRule:
    from mockserver.engine.fault_rule import FaultRule

    return FaultRule(status=status)


@lru_cache(64)
def _named_rule(name: str) -> FaultRule:
    from mockserver.engine.fault_rule import FaultRule

    return FaultRule.model_validate({"name": name, **NAMED[name]})


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


async def _answered(call: Call, answer: Callable[[], Awaitable[Reply]]) -> Reply:
    """Return the real reply, which may be a refusal."""
    try:
        return await answer()
    except ApiError as error:
        return call.service.wording.reply(call, error)


async def _at_hand(call: Call, reply: Reply) -> Reply:
    """Return a reply whose body is in memory, or a stream."""
    if not isinstance(reply, FileReply):
        return reply
    try:
        body = b"".join(await call.courier.in_thread(list, reply.chunks()))
        return Reply(body, reply.status, reply.media_type, reply.headers)
    finally:
        reply.close()


def replaced(call: Call, rule: FaultRule) -> Reply:
    """Return the reply that takes the place of the real one."""
    if rule.error is not None:
        return call.service.wording.ERRORS[rule.error](call)
    assert rule.status is not None
    if "body" in rule.model_fields_set:
        if isinstance(rule.body, str):
            return Reply(rule.body.encode("utf-8", "replace"), rule.status, b"text/plain; charset=utf-8")
        return json_reply(rule.body, rule.status)
    return _usual(call, rule.status)


def _usual(call: Call, status: int) -> Reply:
    """Return what the service answers with some status."""
    if status >= 500:
        return call.service.wording.failing(call, status)
    documented = (make(call) for make in call.service.wording.ERRORS.values())
    phrase = HTTPStatus(status).phrase if status in list(HTTPStatus) else "Error"
    return next(
        (reply for reply in documented if reply.status == status),
        call.service.wording.reply(call, ApiError(status, phrase)),
    )


async def _wait(call: Call, time: int) -> None:
    """Wait so many microseconds on the project's clock. Raises ClientGoneError."""
    watch = Stopwatch(call.clock)
    if call.is_upload:  # its body stays unread, and so nobody would notice that the client has gone
        waits = call.courier.waits.until(watch, time, asyncio.get_running_loop().create_future())
        if not await waits:
            raise ClientGoneError
        return
    async with client_of(call.receive) as gone:
        if not await call.courier.waits.until(watch, time, gone):
            raise ClientGoneError
