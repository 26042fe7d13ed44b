"""The AssemblyAI API."""

from mockserver.apis.assemblyai import (
    errors,
    exports,
    lemur,
    listing,
    realtime,
    redacted_audio,
    transcript,
    upload,
)
from mockserver.apis.assemblyai.auth import key_of
from mockserver.apis.assemblyai.callbacks import callback, retries
from mockserver.apis.assemblyai.quirks import QUIRKS
from mockserver.engine.clock import SECOND
from mockserver.engine.limits import Rule
from mockserver.engine.terms import Terms
from mockserver.web.family import Family


def _request_limit(terms: Terms) -> Rule:
    return Rule("assemblyai", terms.rate_limit, round(terms.rate_window * SECOND))


def _warm_up() -> None:
    from mockserver.apis.assemblyai import completed  # noqa: F401


FAMILY = Family(
    name="assemblyai",
    title="AssemblyAI",
    pages=(upload.page, transcript.page, listing.page, exports.page, redacted_audio.page, realtime.page, lemur.page),
    quirks=QUIRKS,
    key_of=key_of,
    unauthorized=errors.unauthorized,
    rate_limited=errors.rate_limited,
    failing=errors.failing,
    server_error=errors.server_error,
    method_not_allowed=errors.method_not_allowed,
    not_found=errors.not_found,
    error_reply=errors.reply,
    request_limit=_request_limit,
    callback=callback,
    retries=retries,
    redaction=redacted_audio.redaction,
    warm_up=_warm_up,
)
