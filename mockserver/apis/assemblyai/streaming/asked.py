"""What a request for a token asks for; what is wrong is told in FastAPI's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from mockserver.apis.assemblyai.streaming.tokens import LONGEST_SESSION

Problem = dict[str, Any]
_SHOWN = 500


class TokenAsked(BaseModel):
    """How long a token is to be good for, and how long its session may last; in seconds."""

    expires_in_seconds: Annotated[int, Field(ge=1, le=600)]
    max_session_duration_seconds: Annotated[int, Field(ge=60, le=LONGEST_SESSION)] = LONGEST_SESSION


def problems_of(query: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with a query."""
    try:
        TokenAsked.model_validate(dict(query))
    except ValidationError as error:
        return [_shown(dict(problem)) for problem in error.errors(include_url=False)]
    return []


def missing_key() -> Problem:
    """Return what is wrong with a request without an Authorization header."""
    return {"type": "missing", "loc": ["header", "authorization"], "msg": "Field required", "input": None}


def _shown(problem: Problem) -> Problem:
    given = problem["input"]
    said = {
        "type": problem["type"],
        "loc": ["query", *problem["loc"]],
        "msg": problem["msg"],
        "input": given[:_SHOWN] if isinstance(given, str) else None,
    }
    return said | ({"ctx": problem["ctx"]} if "ctx" in problem else {})
