"""Streaming: audio in over a WebSocket, turns out while it is spoken."""

from mockserver.apis.assemblyai.hosts import STREAMING
from mockserver.apis.assemblyai.streaming import errors, pages
from mockserver.apis.assemblyai.streaming.auth import account_of
from mockserver.engine.limits import Rule
from mockserver.engine.terms import Terms
from mockserver.web.family import Service


def _request_limit(_: Terms) -> Rule | None:
    """Return none: new sessions are what is counted."""
    return None


def _same(request_id: str, _: int) -> str:
    return request_id


SERVICE = Service(
    name="streaming",
    title="Streaming",
    pages=(pages.page,),
    account_of=account_of,
    unauthorized=errors.unauthorized,
    wording=errors,
    request_limit=_request_limit,
    request_id=_same,
    hosts=STREAMING,
)
