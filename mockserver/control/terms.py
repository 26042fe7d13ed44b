"""What accounts are like: limits, balance, and being broken; of one key's project, or of all."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from mockserver.control.context import CourierNeeded, EngineNeeded, ProjectNamed
from mockserver.engine import Engine
from mockserver.engine.keys import Project
from mockserver.engine.problems import WholeText
from mockserver.settings import PLANS, STREAM_PLANS, Progress
from mockserver.web.courier import Courier

router = APIRouter(prefix="/terms")
_MOST = 2**53
_MAY_BE_NONE = (
    "concurrency", "failing", "llm_rate_limit", "understanding_rate_limit", "processing_seconds", "processing_share",
    "quota_minutes", "retry_after",
)  # fmt: skip


class TermsChange(BaseModel):
    """What is to change; the rest stays."""

    model_config = ConfigDict(extra="forbid", strict=True)
    concurrency: Annotated[int, Field(ge=1, le=_MOST)] | Literal["free", "paid"] | None = None
    rate_limit: Annotated[int, Field(ge=0, le=_MOST)] | None = None
    rate_window: Annotated[float, Field(gt=0, le=1e8)] | None = None
    negative_balance: bool | None = None
    failing: Literal[500, 503, 504] | None = None
    llm_plan: Literal["paid", "free", "none"] | None = None
    llm_rate_limit: Annotated[int, Field(ge=0, le=_MOST)] | None = None
    llm_rate_limits: (
        Annotated[dict[WholeText, Annotated[int, Field(ge=0, le=_MOST)]], Field(max_length=1000)] | None
    ) = None
    understanding_rate_limit: Annotated[int, Field(ge=0, le=_MOST)] | None = None
    llm_first_token: Annotated[float, Field(ge=0, le=1e6)] | None = None
    llm_tokens_per_second: Annotated[float, Field(ge=0, le=1e9)] | None = None
    strict: bool | None = None
    progress: Progress | None = None
    queue_seconds: Annotated[float, Field(ge=0, le=1e8)] | None = None
    processing_seconds: Annotated[float, Field(ge=0, le=1e8)] | None = None
    processing_share: Annotated[float, Field(ge=0, le=1e4)] | None = None
    quota_minutes: Annotated[float, Field(ge=0, le=1e9)] | None = None
    overage: bool | None = None
    queueing: bool | None = None
    submit_limit: Annotated[int, Field(ge=0, le=_MOST)] | None = None
    retry_after: Annotated[int, Field(ge=0, le=10**6)] | None = None
    webhook_secret: Annotated[WholeText, Field(min_length=1, max_length=1000)] | None = None
    plan: Literal["free", "pro", "business"] | None = None
    token_limit: Annotated[int, Field(ge=0, le=_MOST)] | None = None
    stream_rate_limit: Annotated[int, Field(ge=0, le=_MOST)] | Literal["free", "paid"] | None = None
    stream_concurrency: Annotated[int, Field(ge=0, le=_MOST)] | None = None
    sync_rate_limit: Annotated[int, Field(ge=0, le=_MOST)] | None = None

    def changes(self) -> dict[str, Any]:
        """Return the terms that change."""
        changes = self.model_dump(exclude_unset=True)
        if isinstance(changes.get("concurrency"), str):
            changes["concurrency"] = PLANS[changes["concurrency"]]
        if isinstance(changes.get("stream_rate_limit"), str):
            changes["stream_rate_limit"] = STREAM_PLANS[changes["stream_rate_limit"]]
        if "llm_rate_limits" in changes:
            changes["llm_rate_limits"] = changes["llm_rate_limits"] or {}
        return {name: value for name, value in changes.items() if value is not None or name in _MAY_BE_NONE}


@router.get("")
async def show(engine: EngineNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Show the terms."""
    return asdict(project.terms if project else engine.keys.terms)


@router.patch("")
async def change(
    asked: TermsChange, engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed
) -> dict[str, Any]:
    """Change some of the terms."""
    return _changed(engine, courier, project, asked.changes())


@router.delete("")
async def restore(engine: EngineNeeded, courier: CourierNeeded, project: ProjectNamed) -> dict[str, Any]:
    """Take back every change."""
    return _changed(engine, courier, project, None)


def _changed(
    engine: Engine, courier: Courier, project: Project | None, changes: dict[str, Any] | None
) -> dict[str, Any]:
    terms = engine.keys.change_terms(project, changes)
    for waiting in [project] if project else engine.keys.at_work():
        engine.jobs.call_waiting(waiting)
    courier.wake()
    return asdict(terms)
