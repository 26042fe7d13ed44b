"""Whether requests were made as a test expects."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from mockserver.control.context import ProjectNamed
from mockserver.control.exchanges import Inquiry, InquiryNeeded, JsonReply
from mockserver.engine.exchange import Exchange
from mockserver.engine.expectation import Expectation
from mockserver.engine.history import History, Wanted, statuses
from mockserver.engine.problems import WholeText

router = APIRouter(prefix="/journal")
_NEAREST = 5
_LOOKED_AT = 1000
_Count = Annotated[int, Field(ge=0, lt=2**53, strict=True)]


def _status(value: int | str) -> str:
    statuses(str(value))
    return str(value)


class Verification(BaseModel):
    """What requests are like, and how many there are; without a number at least one."""

    model_config = ConfigDict(extra="forbid")
    method: WholeText | None = None
    path: WholeText | None = None
    status: Annotated[int | str, AfterValidator(_status)] | None = None
    job: WholeText | None = None
    fixture: WholeText | None = None
    fault: WholeText | None = None
    headers: dict[WholeText, WholeText] = {}
    params: dict[str, Any] = {}
    body: WholeText | None = None
    at_least: _Count | None = None
    exactly: _Count | None = None
    at_most: _Count | None = None

    @model_validator(mode="after")
    def _one_way_to_count(self) -> Self:
        if self.exactly is not None and (self.at_least is not None or self.at_most is not None):
            raise ValueError("exactly leaves nothing for at_least and at_most to say")
        return self

    @property
    def expectation(self) -> Expectation:
        """Return what requests are like."""
        return Expectation(
            self.method.upper() if self.method else None,
            self.path,
            None if self.status is None else str(self.status),
            self.job,
            self.fixture,
            self.fault,
            self.headers,
            self.params,
            self.body,
        )

    @property
    def bounds(self) -> tuple[int, int | None]:
        """Return the smallest and the largest number that will do."""
        if self.exactly is not None:
            return self.exactly, self.exactly
        if self.at_least is None and self.at_most is not None:
            return 0, self.at_most
        return (1 if self.at_least is None else self.at_least), self.at_most


@router.post("/verify", response_model=None)
async def verify(asked: Verification, ask: InquiryNeeded, project: ProjectNamed) -> JsonReply:
    """Check that as many requests were made as are expected; 409 says what the nearest ones lack."""
    ask.written()
    project_id = project.id if project else None
    history, expectation = ask.engine.history, asked.expectation
    count = await ask.courier.in_thread(_count, history, expectation, project_id)
    least, most = asked.bounds
    if count >= least and (most is None or count <= most):
        return JsonReply({"count": count})
    too_many = count >= least
    nearest = await ask.courier.in_thread(_nearest, ask, expectation, project_id, too_many)
    error = f"{_counted(count)} as expected, not {_wished(least, most)}"
    return JsonReply({"error": error, "count": count, "nearest": nearest}, 409)


def _count(history: History, expectation: Expectation, project: int | None) -> int:
    wanted = expectation.wanted(project)
    if not expectation.headers and not expectation.params:
        return history.count(wanted)
    return history.judged(wanted, lambda found: not expectation.missed(found))


def _nearest(ask: Inquiry, expectation: Expectation, project: int | None, too_many: bool) -> Sequence[dict[str, Any]]:
    """Return the requests that lack least, or where there are too many, the newest of them."""
    requests = ask.engine.history.page(Wanted(project), _LOOKED_AT)
    judged = [(found, len(expectation.missed(found))) for found in requests]
    chosen = [(found, missed) for found, missed in judged if bool(missed) is not too_many]
    chosen.sort(key=itemgetter(1))
    return [_view(found, ask.shown(found), expectation) for found, _ in chosen[:_NEAREST]]


def _view(found: Exchange, shown: Exchange, expectation: Expectation) -> dict[str, Any]:
    facts = {name: getattr(shown, name) for name in ("request_id", "method", "path", "status")}
    return facts | {"missed": expectation.missed(found, shown)}


def _counted(count: int) -> str:
    return "1 request was" if count == 1 else f"{count} requests were"


def _wished(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least}"
    if least == most:
        return f"exactly {least}"
    return f"at most {most}" if least == 0 else f"{least} to {most}"
