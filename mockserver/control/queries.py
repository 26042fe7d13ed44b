"""Names in requests to the control API that nobody knows: a filter that is mistyped must not filter nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from mockserver.web.replies import ApiError


async def refuse_unknown_query(request: Request) -> None:
    """Refuse a query parameter that the call does not know; ``key`` may stand in every query."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    if dependant is None or not request.query_params:
        return
    known = {"key", *_names(dependant)}
    for name in request.query_params:
        if name not in known:
            raise ApiError(422, f"{name[:100]}: there is no such parameter; there are {', '.join(sorted(known))}")


def body_fields(request: Request) -> tuple[str, ...]:
    """Return the fields of the body that a call reads."""
    field: Any = getattr(request.scope.get("route"), "body_field", None)
    annotation = field.field_info.annotation if field is not None else None
    for model in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(model, type) and issubclass(model, BaseModel):
            return tuple(model.model_fields)
    return ()


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for other in dependant.dependencies:
        yield from _names(other)
