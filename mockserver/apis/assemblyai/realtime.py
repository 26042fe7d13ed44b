"""The legacy token route; the socket that it was for is gone."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mockserver.apis.assemblyai import errors
from mockserver.web.family import Call, Operations
from mockserver.web.replies import Reply, json_reply

page = Operations("Realtime (legacy)")


class TokenParams(TypedDict):
    """The body of POST /v2/realtime/token: a lifetime in seconds."""

    expires_in: Annotated[int, Field(ge=60, le=100 * 365 * 24 * 3600)]


_PARAMS: TypeAdapter[TokenParams] = TypeAdapter(TokenParams)


@page.add("POST", "/v2/realtime/token", reads=lambda: _PARAMS)
async def token(call: Call) -> Reply:
    """Make a temporary token."""
    try:
        asked = _PARAMS.validate_json(await call.read(call.engine.settings.body_bytes), strict=True)
    except ValidationError as error:
        raise errors.invalid(errors.first_problem(error)) from None
    made = f"{call.project.name}/{call.project.clock.now()}/{asked['expires_in']}"
    return json_reply({"token": blake2b(made.encode(), digest_size=32).hexdigest()})
