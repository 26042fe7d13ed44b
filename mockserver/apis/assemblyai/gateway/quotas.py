"""How often the gateway may be asked: in windows of 60 seconds, for each model, or for speech understanding."""

from __future__ import annotations

from collections.abc import Iterable

from mockserver.apis.assemblyai.gateway import errors
from mockserver.apis.assemblyai.gateway.catalogue import Model
from mockserver.engine.clock import SECOND
from mockserver.engine.limits import Decision, Rule
from mockserver.web.family import Call
from mockserver.web.replies import Headers

_WINDOW = 60 * SECOND
_NO_MODEL = "Your account does not have access to this LLM Gateway model"
_PLANS = {"paid": 30, "free": 2, "none": 0}


def check_access(call: Call) -> None:
    """Refuse accounts that may not use the gateway, or do not pay. Raises ApiError."""
    if call.project.terms.llm_plan == "none":
        raise errors.no_access("the plan of this key is none; see /_mock/terms")
    if call.project.terms.negative_balance:
        raise errors.negative_balance()


def check_plan(call: Call, models: Iterable[Model]) -> None:
    """Refuse models that the plan does not have. Raises ApiError 400."""
    if call.project.terms.llm_plan == "free" and not all(model.is_free for model in models):
        raise errors.invalid([_NO_MODEL])


def count_chat(call: Call, model: Model) -> Headers:
    """Count a chat request, and return the headers of its reply. Raises ApiError 429 if it is one too many."""
    terms = call.project.terms
    limit = terms.llm_rate_limits.get(model.id, terms.llm_rate_limit)
    decision = _hit(call, f"llm/{model.id}", limit)
    return _counted(decision, (b"x-ratelimit-model", model.id.encode()), b"llmgw", "llm_rate_limit")


def count_understanding(call: Call) -> Headers:
    """Count a request for speech understanding, and return the headers of its reply. Raises ApiError 429."""
    decision = _hit(call, "understanding", call.project.terms.understanding_rate_limit)
    subject = (b"x-ratelimit-feature", b"understanding")
    return _counted(decision, subject, b"speech-understanding", "understanding_rate_limit")


def _hit(call: Call, name: str, limit: int | None) -> Decision:
    project = call.project
    rule = Rule(name, _PLANS[project.terms.llm_plan] if limit is None else limit, _WINDOW)
    return call.engine.limits.hit(project.id, rule, project.clock.now())


def _counted(decision: Decision, subject: tuple[bytes, bytes], service: bytes, setting: str) -> Headers:
    if not decision.limit:
        return ()
    headers = (
        (b"x-ratelimit-limit", b"%d" % decision.limit),
        (b"x-ratelimit-remaining", b"%d" % decision.remaining),
        (b"x-ratelimit-reset", b"%d" % decision.reset),
        subject,
        (b"x-ratelimit-service", service),
    )
    if not decision.allowed:
        refusal = errors.one_too_many(decision.limit, decision.reset, subject[1].decode(), setting)
        refusal.add(headers)
        raise refusal
    return headers
