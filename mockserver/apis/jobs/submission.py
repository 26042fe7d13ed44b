"""POST /jobs: a file, or the URL of one, becomes a job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from mockserver.apis.jobs import errors, hints, render
from mockserver.apis.jobs.forms import read, sent
from mockserver.apis.jobs.ids import job_id
from mockserver.apis.jobs.plans import accepted, has_priority, overage_rate, slots
from mockserver.apis.jobs.requests import Request, body, flag, form, from_json
from mockserver.apis.jobs.usage import used_minutes
from mockserver.engine.acceptance import unacceptable
from mockserver.engine.clock import SECOND
from mockserver.engine.limits import Rule
from mockserver.engine.media import Sound, Unusable
from mockserver.engine.options import AS_USUAL, Options
from mockserver.web.family import Call, Operations, Query
from mockserver.web.forms import File
from mockserver.web.preparer import question
from mockserver.web.replies import JSON, Reply, json_reply
from mockserver.web.sources import Audio
from mockserver.web.submission import Order, submit

page = Operations("Jobs")

_ACCEPTED = 202
_LANE_IS_FULL = 10
"""Seconds after which a slot may be free again."""
_ONE_ENGINE_FAILED = "The engine has a temporary problem."
_OVERAGE = Query("accept_overage", "boolean", "Pay for minutes beyond the quota.")


@page.add(
    "POST",
    "/jobs",
    reads=body,
    form=form,
    read_form=read,
    query=(_OVERAGE,),
    makes_job=True,
    takes_file=True,
    status=_ACCEPTED,
)
async def create(call: Call) -> Reply:
    """Transcribe a file that is sent, or that a URL leads to.

    A form with ``file``, or JSON with ``source_url``. An ``X-Mock-Progress`` header (instant, timed, polls, held) sets
    how this job moves on.
    """
    _count(call)
    await _earlier(call)
    overage = flag("accept_overage", call.query_params.get("accept_overage") or "false")
    admit(call, overage=overage)
    if call.is_upload:
        request, file = await sent(call)
        return await (_from_file(call, request, overage, file) if file else _from_url(call, request, overage))
    if b"json" not in call.header_map.get(b"content-type", JSON).partition(b";")[0].lower():
        raise errors.unsupported_media_type()
    request = from_json(call, await call.read(call.engine.settings.body_bytes))
    return await _from_url(call, request, overage)


def _count(call: Call) -> None:
    """Refuse a job too many in this second."""
    rule = Rule("submissions", call.project.terms.submit_limit, SECOND)
    decision = call.engine.limits.hit(call.project.id, rule, call.clock.now())
    if not decision.allowed:
        raise errors.rate_limited(decision.reset, hint=f"submit_limit allows {rule.limit} jobs in a second")


async def _earlier(call: Call) -> None:
    """Wait until what earlier jobs take up is known, where that decides on whether there is room for another."""
    terms = call.project.terms
    if terms.quota_minutes is not None or not terms.queueing:
        await call.courier.preparer.all_prepared(call.project)


def _is_spent(call: Call) -> bool:
    """Say whether the minutes of this month are used up."""
    quota = call.project.terms.quota_minutes
    return quota is not None and used_minutes(call) >= quota


def admit(call: Call, *, overage: bool) -> None:
    """Refuse a job for which there are no minutes left, or no slot where jobs do not queue."""
    terms, project = call.project.terms, call.project
    rate = overage_rate(terms)
    if terms.negative_balance or (_is_spent(call) and not (overage and rate is not None)):
        used = 0 if terms.quota_minutes is None else used_minutes(call)
        raise errors.quota_exceeded(None if terms.negative_balance else rate, hints.quota(terms, used))
    if not terms.queueing and call.engine.jobs.unfinished(project, call.family.name) >= slots(terms):
        raise errors.rate_limited(_LANE_IS_FULL, hint=f"all {slots(terms)} slots are taken, and queueing is off")


async def _from_file(call: Call, request: Request, overage: bool, file: File) -> Reply:
    wish = _Wish(f"upload:{quote(file.name or '')}", request, file.name, overage)
    audio = await _received(call, wish, file)
    assert audio.upload is not None
    try:
        return await _submitted(call, wish, audio, _options(call, is_checked=True))
    except BaseException:
        call.engine.uploads.remove(audio.upload)
        raise


async def _from_url(call: Call, request: Request, overage: bool) -> Reply:
    url = request.source_url
    assert url is not None
    audio = call.courier.sources.at_once(url, None)
    wish = _Wish(url, request, audio and audio.file_name, overage)
    return await _submitted(call, wish, audio, _options(call, is_checked=False))


class _Wish(NamedTuple):
    """What is asked for; ``url`` is made up where a file comes."""

    url: str
    request: Request
    file_name: str | None
    overage: bool

    @property
    def params(self) -> dict[str, Any]:
        """Return what fixtures look at, and what the job keeps."""
        return {**self.request._asdict(), "filename": self.file_name, "overage": self.overage}


async def _submitted(call: Call, wish: _Wish, audio: Audio | None, options: Options) -> Reply:
    callback, params = wish.request.webhook_url, {**wish.params, "overage": wish.overage and _is_spent(call)}
    order = Order(
        wish.url,
        audio,
        wish.request.spoken,
        params,
        orjson.dumps(params).decode(),
        options,
        callback=callback and orjson.dumps([callback]).decode(),
        priority=int(has_priority(call.project.terms)),
        id_form=job_id,
        failure_without_fallback=_ONE_ENGINE_FAILED if "whisper_only" in call.quirks else None,
        check=lambda: admit(call, overage=wish.overage),
    )
    return json_reply(render.submitted(await submit(call, order)), _ACCEPTED)


def _options(call: Call, *, is_checked: bool) -> Options:
    """Return what is asked of the recognition: which audio to take, unless that was looked at already."""
    if is_checked and "invalid_audio_later" not in call.quirks:
        return AS_USUAL
    return Options(accepted=accepted(call.project.terms, silence="silence_completes" in call.quirks))


async def _received(call: Call, wish: _Wish, file: File) -> Audio:
    """Keep a file that has come. Raises ApiError for audio that cannot be used, of which nothing is kept."""
    sources = call.courier.sources
    with _storing():
        audio = await sources.examine(file.incoming, file.name)
    if "invalid_audio_later" not in call.quirks:
        refused = await _refusal(call, wish, audio, file.incoming.path)
        if refused is not None:
            reason = errors.reason_of(refused.reason, refused.detail)
            assert reason is not None
            raise errors.invalid_audio(reason, hints.bad_audio(refused, call.project.terms))
    with _storing():
        return sources.keep(call.project, file.incoming, audio)


@contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise errors.no_space(str(error)) from None


async def _refusal(call: Call, wish: _Wish, audio: Audio, path: Path) -> Unusable | None:
    """Return why audio cannot be used, unless a fixture says what is heard in it."""
    wanted = accepted(call.project.terms, silence="silence_completes" in call.quirks)
    found: Unusable | None
    if isinstance(audio.found, Sound):
        found = await call.courier.in_slow_thread(unacceptable, wanted, audio.found, path)
    else:
        found = audio.found
    await call.courier.fresh_fixtures()
    asked = question(wish.url, audio, wish.request.spoken, call.key, wish.params, AS_USUAL)
    choice = call.engine.added.choose(call.project.id, asked)
    call.engine.added.give_back(choice)
    return call.engine.answers.refusal(asked, wanted, found, choice.fixture)
