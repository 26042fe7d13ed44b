"""The operations of streaming: sessions, and tokens for them. What they need is imported late: it takes long."""

from __future__ import annotations

from mockserver.apis.assemblyai.streaming import errors, tokens
from mockserver.apis.assemblyai.streaming.auth import admit, refused
from mockserver.engine.keys import fingerprint
from mockserver.web.family import Call, Operations, Query
from mockserver.web.replies import Reply, json_reply
from mockserver.web.sockets import Dialect, NoUpgradeError, Opening

page = Operations("Streaming")
_TOKEN_QUERY = (
    Query("expires_in_seconds", "integer", "How long a session may begin with the token, 1 to 600 seconds."),
    Query("max_session_duration_seconds", "integer", "How long that session may last, 60 to 10800 seconds."),
)


@page.add("GET", "/v3/token", query=_TOKEN_QUERY)
async def token(call: Call) -> Reply:
    """Make a temporary token for a session."""
    from mockserver.apis.assemblyai.streaming.asked import TokenAsked, problems_of

    problems = problems_of(call.query_params)
    if problems:
        raise errors.unprocessable(problems, "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in problems))
    asked = TokenAsked.model_validate(dict(call.query_params))
    made = tokens.issue(
        call.project,
        call.engine.settings,
        fingerprint(call.key),
        lifetime=asked.expires_in_seconds,
        session=asked.max_session_duration_seconds,
        fault=call.key_fault,
    )
    return json_reply({"token": made, "expires_in_seconds": asked.expires_in_seconds})


@page.socket("/v3/ws", errors=errors.NAMES)
async def session(opening: Opening) -> Dialect:
    """Transcribe audio while it is spoken."""
    return await _opened(opening)


@page.socket("/", errors=errors.NAMES)
async def self_hosted(opening: Opening) -> Dialect:
    """Transcribe audio while it is spoken, as the product that one hosts oneself does at its root."""
    return await _opened(opening)


async def _opened(opening: Opening) -> Dialect:
    admission = admit(opening)
    if opening.project.terms.failing is not None:
        opening.hint = "the terms of this key say so; see /_mock/terms"
        status = opening.project.terms.failing
        raise NoUpgradeError(json_reply({"detail": errors.phrase(status)}, status))
    await opening.courier.warmed()
    from mockserver.apis.assemblyai.streaming.dialect import Streaming
    from mockserver.apis.assemblyai.streaming.params import InvalidParameterError

    try:
        return Streaming(opening, admission.longest)
    except InvalidParameterError as error:
        raise refused(errors.invalid(str(error)), opening, str(error)) from None
