"""Whose a session is: by a key or a token, in the header or the URL; and whether the account may have another one."""

from __future__ import annotations

from typing import NamedTuple

from mockserver.apis.assemblyai.gateway.auth import key_of
from mockserver.apis.assemblyai.streaming import errors, tokens
from mockserver.apis.assemblyai.streaming.errors import Problem
from mockserver.engine.clock import SECOND
from mockserver.engine.keys import Account
from mockserver.engine.limits import Rule
from mockserver.web.accounts import account_by
from mockserver.web.sockets import Opening, RefusedError

_MINUTE = 60 * SECOND
_LONGEST_LIFE = 600 * SECOND

account_of = account_by(key_of)
"""Return whose a request for a token is: the key with or without ``Bearer``."""


class Admission(NamedTuple):
    """Whose a session is, and how many seconds it may last."""

    account: Account
    longest: int = tokens.LONGEST_SESSION


def admit(opening: Opening) -> Admission:
    """Return whose a session is. Raises RefusedError."""
    text = _shown(opening)
    admission = _of_token(opening, text) if tokens.looks_like_token(text) else _of_key(opening, text)
    opening.account = admission.account
    _count(opening)
    return admission


def refused(problem: Problem, opening: Opening, hint: str) -> RefusedError:
    """Return the refusal of a session, after the upgrade."""
    opening.hint = hint
    return RefusedError(problem.messages)


def _shown(opening: Opening) -> str:
    """Return the key or token that a client shows: the one in the URL before the one in the header."""
    given = opening.query_params.get("token", "").strip()
    if given:
        return given
    value = opening.header_map.get(b"authorization", b"").decode("latin-1").strip()
    if not value:
        raise refused(errors.MISSING_KEY, opening, "send a key or a token as Authorization, or as token= in the URL")
    if value[:7].lower() != "bearer ":
        return value
    if "bearer_accepted" not in opening.quirks:
        raise refused(errors.INVALID_KEY, opening, "streams take the key alone, without Bearer")
    return value[7:].strip()


def _of_key(opening: Opening, key: str) -> Admission:
    if "+" in key:
        key, opening.key_fault = opening.engine.faults.split(key)
    account = opening.engine.keys.account(key)
    if account is None:
        raise refused(errors.INVALID_KEY, opening, "this API key is not accepted")
    return Admission(account)


def _of_token(opening: Opening, text: str) -> Admission:
    claims = tokens.read(text, opening.engine.settings)
    account = opening.engine.keys.marked(claims.mark) if claims else None
    if claims is None or account is None:
        raise refused(errors.INVALID_KEY, opening, "no token of this server, or its key is not accepted any more")
    opening.account, opening.key_fault = account, claims.fault
    if claims.has_expired(account.project.clock):
        raise refused(errors.EXPIRED_TOKEN, opening, "the token has expired by the clock of its key")
    if "stream_token_once" in opening.quirks and not _is_first(opening, claims.id):
        raise refused(errors.INVALID_KEY, opening, "the token was used before, and quirk stream_token_once is on")
    return Admission(account, claims.session)


def _is_first(opening: Opening, token: str) -> bool:
    rule = Rule(f"streaming token {token}", 1, _LONGEST_LIFE)
    return opening.engine.limits.hit(opening.project.id, rule, opening.clock.now()).allowed


def _count(opening: Opening) -> None:
    """Refuse one session too many: at a time, or in a minute."""
    terms, project = opening.project.terms, opening.project
    if terms.stream_concurrency and _open_now(opening) >= terms.stream_concurrency:
        hint = f"stream_concurrency is {terms.stream_concurrency}; 0, in the settings or the terms, takes it away"
        raise refused(errors.too_many(opening.quirks), opening, hint)
    rule = Rule("streaming", terms.stream_rate_limit, _MINUTE)
    if not opening.engine.limits.hit(project.id, rule, opening.clock.now()).allowed:
        hint = f"stream_rate_limit is {rule.limit} new sessions in 60 s; 0, in the settings or the terms, takes it away"
        raise refused(errors.too_many(opening.quirks), opening, hint)


def _open_now(opening: Opening) -> int:
    """Return how many sessions of the account are open."""
    return sum(
        session.opening.service is opening.service and session.opening.account is not None
        and session.opening.project is opening.project
        for session in opening.courier.sessions.open.values()
    )  # fmt: skip
