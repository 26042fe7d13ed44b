"""Sync STT: audio in, transcript out, in one request."""

from mockserver.apis.assemblyai.auth import key_of
from mockserver.apis.assemblyai.gateway.auth import request_id
from mockserver.apis.assemblyai.hosts import SYNC
from mockserver.apis.assemblyai.sync import errors, transcribe
from mockserver.engine.limits import Rule
from mockserver.engine.terms import Terms
from mockserver.web.accounts import account_by
from mockserver.web.family import Service


def _request_limit(_: Terms) -> Rule | None:
    """Return none: a request counts once its model is known."""
    return None


SERVICE = Service(
    name="sync",
    title="Sync",
    pages=(transcribe.page,),
    account_of=account_by(key_of),
    unauthorized=errors.unauthorized,
    wording=errors,
    request_limit=_request_limit,
    request_id=request_id,
    hosts=SYNC,
)
