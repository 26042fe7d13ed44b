"""The AssemblyAI API."""

from mockserver.apis.assemblyai import (
    errors,
    exports,
    gateway,
    hosts,
    lemur,
    listing,
    realtime,
    redacted_audio,
    streaming,
    sync,
    transcript,
    upload,
)
from mockserver.apis.assemblyai.auth import key_of
from mockserver.apis.assemblyai.callbacks import callback, retries
from mockserver.apis.assemblyai.quirks import QUIRKS
from mockserver.engine.clock import SECOND
from mockserver.engine.lanes import Lane
from mockserver.engine.limits import Rule
from mockserver.engine.terms import Terms
from mockserver.web.accounts import account_by
from mockserver.web.family import Family, Service

_SLOTS = 200


def _request_limit(terms: Terms) -> Rule:
    return Rule("assemblyai", terms.rate_limit, round(terms.rate_window * SECOND))


def _slots(terms: Terms) -> int:
    """Return how many jobs may be processed at a time: one while the balance is negative."""
    if terms.negative_balance:
        return 1
    return _SLOTS if terms.concurrency is None else terms.concurrency


def _same(request_id: str, _: int) -> str:
    return request_id


def _warm_up() -> None:
    from mockserver.apis.assemblyai import completed  # noqa: F401
    from mockserver.apis.assemblyai.gateway import catalogue, chat, understanding  # noqa: F401
    from mockserver.apis.assemblyai.streaming import dialect  # noqa: F401
    from mockserver.engine.chat import structure, tool_choice  # noqa: F401

    catalogue.catalogue()


PRERECORDED = Service(
    name="assemblyai",
    title="AssemblyAI",
    pages=(upload.page, transcript.page, listing.page, exports.page, redacted_audio.page, realtime.page, lemur.page),
    account_of=account_by(key_of),
    unauthorized=errors.unauthorized,
    wording=errors,
    request_limit=_request_limit,
    request_id=_same,
    hosts=hosts.PRERECORDED,
)
FAMILY = Family(
    name="assemblyai",
    services=(PRERECORDED, gateway.SERVICE, streaming.SERVICE, sync.SERVICE),
    quirks=QUIRKS,
    callback=callback,
    retries=retries,
    redaction=redacted_audio.redaction,
    lane=Lane(slots=_slots),
    check=gateway.check,
    warm_up=_warm_up,
    hosts=hosts.PRODUCTS,
)
