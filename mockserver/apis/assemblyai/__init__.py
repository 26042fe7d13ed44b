"""The AssemblyAI API."""

from mockserver.apis.assemblyai import errors, transcript, upload
from mockserver.apis.assemblyai.auth import key_of
from mockserver.engine.clock import SECOND
from mockserver.engine.limits import Rule
from mockserver.settings import Settings
from mockserver.web.family import Family


def _request_limit(settings: Settings) -> Rule:
    return Rule("assemblyai", settings.rate_limit, round(settings.rate_window * SECOND))


FAMILY = Family(
    name="assemblyai",
    title="AssemblyAI",
    pages=(upload.page, transcript.page),
    key_of=key_of,
    unauthorized=errors.unauthorized,
    rate_limited=errors.rate_limited,
    server_error=errors.server_error,
    method_not_allowed=errors.method_not_allowed,
    not_found=errors.not_found,
    error_reply=errors.reply,
    request_limit=_request_limit,
)
