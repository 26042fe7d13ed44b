"""The socket, and the route for its tokens; without the quirk both are gone, as they are today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from mockserver.apis.assemblyai import errors
from mockserver.apis.assemblyai.realtime import tokens
from mockserver.apis.assemblyai.realtime.messages import ERRORS
from mockserver.apis.assemblyai.realtime.params import QUERY, TOKEN_PARAMS
from mockserver.web.family import Call, Operations
from mockserver.web.replies import Reply, json_reply
from mockserver.web.sockets import NoUpgradeError, Opening

if TYPE_CHECKING:
    from mockserver.web.sockets import Dialect

page = Operations("Realtime (legacy)")
_QUIRK = "realtime_v2"
_GONE = "Deprecated endpoint"


@page.add("POST", "/v2/realtime/token", reads=lambda: TOKEN_PARAMS, quirk=_QUIRK)
async def token(call: Call) -> Reply:
    """Make a temporary token."""
    try:
        asked = TOKEN_PARAMS.validate_json(await call.read(call.engine.settings.body_bytes), strict=True)
    except ValidationError as error:
        raise errors.invalid(errors.first_problem(error)) from None
    assert call.account is not None
    return json_reply({"token": tokens.issue(call.account, call.engine.settings, asked["expires_in"], call.key_fault)})


@page.socket("/v2/realtime/ws", errors=tuple(ERRORS), query=QUERY)
async def transcribe(opening: Opening) -> Dialect:
    """Transcribe audio as it comes."""
    if _QUIRK not in opening.quirks:
        opening.hint = f"the quirk {_QUIRK} brings it back"
        raise NoUpgradeError(json_reply({"error": _GONE}, 410))
    await opening.courier.warmed()
    from mockserver.apis.assemblyai.realtime.dialect import open_session

    return open_session(opening)
