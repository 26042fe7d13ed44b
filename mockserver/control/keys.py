"""API keys: mint one, for a test of its own; revoke one."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mockserver.control.context import CourierNeeded, EngineNeeded, printable
from mockserver.control.terms import TermsChange
from mockserver.engine.clock import iso
from mockserver.engine.keyring import TakenError, UnknownKeyError
from mockserver.engine.keys import is_acceptable, public_id
from mockserver.engine.store import Row
from mockserver.web.replies import ApiError

router = APIRouter(prefix="/keys")


def _sendable(key: str) -> str:
    """Refuse a key that no header can carry, or that the server would not accept."""
    if not re.fullmatch("[!-~]+", key):
        raise ValueError("a key has only visible ASCII characters, and no spaces")
    if not is_acceptable(key):
        raise ValueError("a key that begins with 'invalid' is never accepted")
    return key


class Minting(BaseModel):
    """Which key to accept; without ``key`` the server makes one."""

    model_config = ConfigDict(extra="forbid", strict=True)
    key: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_sendable)] | None = None
    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(printable)] | None = None
    shares: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    terms: TermsChange | None = None


@router.post("", status_code=201)
async def mint(
    engine: EngineNeeded, courier: CourierNeeded, response: Response, asked: Minting | None = None
) -> dict[str, Any]:
    """Accept a key from now on, with terms of its own; the same name gives the same key."""
    asked = asked or Minting()
    try:
        account, is_new = engine.keys.mint(asked.key, asked.name, asked.shares)
    except TakenError as error:
        raise ApiError(409, str(error)) from None
    except UnknownKeyError:
        raise ApiError(422, f"shares: {asked.shares!r} is not an accepted API key") from None
    if asked.terms is not None:
        engine.keys.give_terms(account.project, asked.terms.changes())
        engine.jobs.call_waiting(account.project)
        courier.wake()
    response.status_code = 201 if is_new else 200
    return {
        "key": account.key,
        "name": engine.keys.ring.name_of(account.key),
        "project": account.project.public_id,
        "terms": asdict(account.project.terms),
    }


@router.get("")
async def show_all(
    engine: EngineNeeded,
    before: Annotated[int | None, Query(ge=0, lt=2**63, description="The page's next_before: the next page.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """List the keys that were minted or revoked, newest first."""
    found = engine.keys.ring.page(before, limit)
    return {
        "keys": [_view(row) for row in found],
        "next_before": found[-1]["number"] if len(found) == limit else None,
    }


@router.delete("/{key:path}")
async def revoke(key: str, engine: EngineNeeded) -> dict[str, Any]:
    """Refuse a key from now on; what its project has stays until the key is minted again."""
    try:
        engine.keys.revoke(key)
    except UnknownKeyError:
        raise ApiError(404, f"key: {key!r} is not an accepted API key") from None
    return {"key": key, "revoked": True}


def _view(row: Row) -> dict[str, Any]:
    return {
        "key": row["key"] or row["label"],
        "name": row["name"],
        "project": public_id(row["world"]),
        "created": iso(row["created"]),
        "revoked": bool(row["revoked"]),
    }
