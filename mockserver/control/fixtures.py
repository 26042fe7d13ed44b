"""Fixtures that are added while the server runs: for one key's project, or for all."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed
from mockserver.engine.added import FOR_ALL, MOST, Added, read_posted
from mockserver.engine.chat.fixture import ChatFixture
from mockserver.engine.explanations import explain
from mockserver.engine.fixture import Fixture, Problem, Question
from mockserver.engine.keys import Project
from mockserver.web.replies import ApiError
from mockserver.web.sources import Audio, upload_id

router = APIRouter(prefix="/fixtures")


@router.get("")
async def show_all(engine: EngineNeeded, project: ProjectNamed) -> dict[str, Any]:
    """List the fixtures that were added for a key, or without a key those that were added for all."""
    return {"fixtures": [_view(added) for added in engine.added.listed(_scope(project))]}


_DOCUMENTS: dict[str, Any] = {"type": "object", "description": "One fixture; or a list of them."}
_BODY = {kind: {"schema": _DOCUMENTS} for kind in ("application/yaml", "application/json")}


@router.post("", status_code=201, openapi_extra={"requestBody": {"required": True, "content": _BODY}})
async def add(
    request: Request,
    engine: EngineNeeded,
    courier: CourierNeeded,
    project: ProjectNamed,
    uses: Annotated[int | None, Query(ge=1, le=10**9, description="How often each answers; default: always.")] = None,
) -> Any:
    """Add fixtures: YAML or JSON, as in a fixture file, one document or several; same names are replaced."""
    text = await _text(request, engine.settings.body_bytes)
    scope, path = _scope(project), None
    while path != engine.added.next_path(scope):  # others may be added while these are read
        path = engine.added.next_path(scope)
        kept, fixtures, problems = await courier.in_slow_thread(read_posted, text, path)
    if problems:
        return _refusal(problems)
    if not engine.added.has_room(scope, len(fixtures)):
        raise ApiError(422, f"body: there would be more than {MOST} fixtures")
    engine.added.add(scope, kept, fixtures, uses)
    return {"fixtures": [fixture.name for fixture in fixtures]}


class Asked(BaseModel):
    """A request for a transcript, as far as fixtures look at it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    audio_url: Annotated[str, Field(max_length=2**16)]
    language: Annotated[str, Field(max_length=100)] | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    file_name: Annotated[str, Field(max_length=1000)] | None = None
    audio_sha256: Annotated[str, Field(max_length=64)] | None = None


@router.post("/explain")
async def tell(
    asked: Asked,
    engine: EngineNeeded,
    courier: CourierNeeded,
    project: ProjectNamed,
    key: Annotated[str, Query(include_in_schema=False)] = "",
) -> dict[str, Any]:
    """Say which fixture would answer a request, and what does not hold of those that come nearest; none is used."""
    await courier.fresh_fixtures()
    identifier, code = upload_id(asked.audio_url), asked.params.get("language_code")
    upload = engine.uploads.find(identifier) if identifier else None
    audio = courier.sources.at_once(asked.audio_url, upload) or Audio(None)
    question = Question(
        asked.audio_url,
        asked.file_name or audio.file_name,
        asked.audio_sha256 or audio.sha256,
        audio.size,
        asked.language or (code if isinstance(code, str) else None),
        key,
        asked.params,
    )
    found = await courier.in_slow_thread(explain, question, _scope(project), engine.added, engine.fixtures)
    return {
        "fixture": found.fixture and found.fixture.name,
        "where": found.fixture and _where(found.fixture),
        "nearest": [
            {"name": near.fixture.name, "where": _where(near.fixture), "misses": near.misses} for near in found.nearest
        ],
    }


def _where(fixture: Fixture) -> str:
    return f"{fixture.file.name}:{fixture.line}"


@router.delete("")
async def remove_all(engine: EngineNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Remove the fixtures that were added for a key, or without a key those that were added for all."""
    scope = _scope(project)
    removed = [added.fixture.name for added in engine.added.listed(scope)]
    engine.added.forget(scope)
    return {"removed": removed}


@router.delete("/{name:path}")
async def remove(name: str, engine: EngineNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Remove one of them."""
    if not engine.added.remove(_scope(project), name):
        raise ApiError(404, f"name: no fixture {name!r} was added here")
    return {"removed": [name]}


def _scope(project: Project | None) -> int:
    return FOR_ALL if project is None else project.id


async def _text(request: Request, limit: int) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ApiError(413, f"body: longer than {limit} bytes")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ApiError(422, f"body: this is not UTF-8: {error}") from None


def _refusal(problems: list[Problem]) -> JSONResponse:
    ordered = sorted(problems, key=lambda problem: problem.line)
    told = "; ".join(f"line {problem.line}: {problem.reason}" for problem in ordered)
    listed = [{"line": problem.line, "reason": problem.reason} for problem in ordered]
    return JSONResponse({"error": f"body: {told}", "problems": listed}, 422)


def _view(added: Added) -> dict[str, Any]:
    is_chat = isinstance(added.fixture, ChatFixture)
    return {"name": added.fixture.name, "for": "chats" if is_chat else "transcripts", "uses_left": added.uses_left}
