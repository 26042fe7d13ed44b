"""The jobs API: a vendor whose jobs are asked for with tokens."""

from mockserver.apis.jobs import auth, errors, listing
from mockserver.engine.limits import Rule
from mockserver.engine.store import Row
from mockserver.engine.terms import Terms
from mockserver.engine.webhooks import Retries
from mockserver.settings import Settings
from mockserver.web.family import Callback, Event, Family, Redaction, Service


def _request_limit(_: Terms) -> Rule | None:
    """Return none: only tokens, and new jobs, are limited."""
    return None


def _same(request_id: str, _: int) -> str:
    return request_id


def _callback(_: Event) -> Callback | None:
    return None


def _retries(_: Settings) -> Retries:
    return Retries(1, lambda _: 0)


def _redaction(_: Row, __: bytes) -> Redaction:
    return Redaction((), "silence", "wav")


def _check(_: Settings) -> None:
    """Accept all settings."""


def _warm_up() -> None:
    import jwt  # noqa: F401


JOBS = Service(
    name="jobs",
    title="Jobs API",
    pages=(auth.page, listing.page),
    account_of=auth.account_of,
    unauthorized=auth.unauthorized,
    rate_limited=errors.rate_limited,
    failing=errors.failing,
    server_error=errors.server_error,
    method_not_allowed=errors.method_not_allowed,
    not_found=errors.not_found,
    error_reply=errors.reply,
    errors=errors.ERRORS,
    request_limit=_request_limit,
    request_id=_same,
)
FAMILY = Family(
    name="jobs",
    services=(JOBS,),
    quirks={},
    callback=_callback,
    retries=_retries,
    redaction=_redaction,
    check=_check,
    warm_up=_warm_up,
)
