"""Whose a session is, by the key or a token, and whether the account may have another one."""

from __future__ import annotations

from mockserver.apis.assemblyai.auth import key_of
from mockserver.apis.assemblyai.realtime import tokens
from mockserver.apis.assemblyai.realtime.params import WrongError
from mockserver.engine.clock import SECOND
from mockserver.engine.keys import Account
from mockserver.engine.limits import Rule
from mockserver.web.replies import Reply
from mockserver.web.sockets import NoUpgradeError, Opening

_MINUTE = 60 * SECOND


def admit(opening: Opening) -> Account:
    """Return whose the session is. Raises WrongError and NoUpgradeError."""
    account = opening.account = _by_token(opening) if opening.query_params.get("token") else _by_key(opening)
    terms = account.project.terms
    if terms.failing is not None:
        opening.hint = "failing, in the terms, is on"
        raise NoUpgradeError(Reply(b"", terms.failing, b"text/html; charset=utf-8"))
    if terms.negative_balance:
        raise WrongError("insufficient_funds", "negative_balance, in the terms, is on")
    if terms.stream_concurrency and _open_now(opening) >= terms.stream_concurrency:
        raise WrongError("too_many_streams", f"stream_concurrency, in the terms, is {terms.stream_concurrency}")
    rule = Rule("streaming", terms.stream_rate_limit, _MINUTE)
    if not opening.engine.limits.hit(account.project.id, rule, opening.clock.now()).allowed:
        raise WrongError("blocked", f"stream_rate_limit, in the terms, is {rule.limit} new sessions in 60 s")
    return account


def _by_token(opening: Opening) -> Account:
    said = tokens.read(opening.query_params["token"], opening.engine.settings)
    account = opening.engine.keys.marked(said.mark) if said is not None else None
    if said is None or account is None:
        raise WrongError("unauthorized", "this is no token of this server, or its key is not accepted any more")
    opening.key_fault = said.fault_of(opening.engine.faults.names)
    if not said.is_good(account.project.clock):
        opening.account = account  # so that its journal tells
        raise WrongError("unauthorized", "the token has expired by the clock of its key")
    return account


def _by_key(opening: Opening) -> Account:
    key = key_of(opening.header_map, opening.quirks)
    if key is not None and "+" in key:
        key, opening.key_fault = opening.engine.faults.split(key)
    account = opening.engine.keys.account(key) if key is not None else None
    if account is None:
        hint = "send an accepted API key, alone, as the Authorization header, or a token in the query"
        raise WrongError("unauthorized", hint)
    return account


def _open_now(opening: Opening) -> int:
    """Return how many sessions the project has open, in any API."""
    sessions = opening.courier.sessions.open.values()
    return sum(each.opening.account is not None and each.opening.project is opening.project for each in sessions)
