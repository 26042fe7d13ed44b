"""The jobs API: a vendor whose jobs are asked for with tokens."""

from mockserver.apis.jobs import auth, callbacks, errors, jobs, listing, submission, tokens, transcripts
from mockserver.apis.jobs.plans import has_priority, slots
from mockserver.apis.jobs.quirks import QUIRKS
from mockserver.engine.clock import SECOND
from mockserver.engine.lanes import Lane
from mockserver.engine.limits import Rule
from mockserver.engine.store import Row
from mockserver.engine.terms import Terms
from mockserver.web.family import Family, Redaction, Service

_SPEED = 6
"""How many times as fast as real time jobs are processed."""
_AUDIO_KEPT = 24 * 3600 * SECOND


def _request_limit(terms: Terms) -> Rule:
    return Rule("jobs", terms.rate_limit, round(terms.rate_window * SECOND))


def _same(request_id: str, _: int) -> str:
    return request_id


def _queues(terms: Terms) -> bool:
    return not has_priority(terms)


def _redaction(_: Row, __: bytes) -> Redaction:
    """Hide nothing: no job of this API asks for redacted audio."""
    return Redaction((), "silence", "wav")


def _warm_up() -> None:
    import jwt  # noqa: F401

    from mockserver.apis.jobs import formats  # noqa: F401


JOBS = Service(
    name="jobs",
    title="Jobs API",
    pages=(auth.page, submission.page, listing.page, jobs.page, transcripts.page),
    account_of=auth.account_of,
    unauthorized=auth.unauthorized,
    wording=errors,
    request_limit=_request_limit,
    request_id=_same,
    authorization=auth.authorization,
    scheme={"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
)
FAMILY = Family(
    name="jobs",
    services=(JOBS,),
    quirks=QUIRKS,
    callback=callbacks.callback,
    retries=callbacks.retries,
    redaction=_redaction,
    lane=Lane(slots, _queues, 1 / _SPEED, _AUDIO_KEPT),
    check=tokens.check,
    warm_up=_warm_up,
)
