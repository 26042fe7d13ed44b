"""Tokens for API keys, and whom a token is from."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from mockserver.apis.jobs import errors, hints, tokens
from mockserver.engine import Engine
from mockserver.engine.clock import SECOND
from mockserver.engine.keys import Account, fingerprint
from mockserver.engine.limits import Rule
from mockserver.web.family import Call, Headers, Operations
from mockserver.web.replies import ApiError, Reply, json_reply

page = Operations("Authentication")

_WINDOW = 60 * SECOND


class KeyGiven(TypedDict):
    """The body of a request for tokens."""

    api_key: str


class TokenGiven(TypedDict):
    """The body of a request for another access token."""

    refresh_token: str


def account_of(call: Call) -> Account | None:
    """Return whom the access token is from, and note whether it has expired, and the fault that its key asked for."""
    text = _bearer(call.header_map)
    claims = tokens.read(text, call.engine.settings, "access") if text else None
    account = call.engine.keys.marked(claims.mark) if claims else None
    if claims is not None and account is not None:
        call.is_stale = claims.seconds_left(account.project.clock) <= 0
        call.key_fault = claims.fault
    return account


def unauthorized(call: Call) -> ApiError:
    """Return the refusal of a request without a token that is good."""
    text = _bearer(call.header_map)
    if not text:
        return errors.no_token()
    return errors.token_expired() if call.is_stale else errors.invalid_token(hints.token(text))


def authorization(engine: Engine, key: str) -> str:
    """Return the header of a request with an API key: a token for it, or the key itself if it is not accepted."""
    key, fault = engine.faults.split(key)
    account = engine.keys.account(key)
    if account is None:
        return key
    return f"Bearer {tokens.issue(account.project, engine.settings, fingerprint(key), 'access', fault)}"


def _bearer(headers: Headers) -> str:
    scheme, _, rest = headers.get(b"authorization", b"").decode("latin-1").strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else ""


async def _owner_of_key(call: Call) -> Account | None:
    await call.peek(call.engine.settings.body_bytes)
    try:
        key, _ = await _key_given(call)
    except ApiError:
        return None
    return call.engine.keys.account(key)


async def _owner_of_token(call: Call) -> Account | None:
    await call.peek(call.engine.settings.body_bytes)
    try:
        return call.engine.keys.marked((await _token_given(call)).mark)
    except ApiError:
        return None


@page.add("POST", "/auth/token", public=True, reads=lambda: TypeAdapter(KeyGiven), caller=_owner_of_key)
async def exchange(call: Call) -> Reply:
    """Exchange an API key for an access token and a refresh token."""
    key, fault = await _key_given(call)
    if call.account is None:
        raise errors.invalid_api_key()
    mark = fingerprint(key)
    if call.project.terms.failing is not None:
        return errors.failing(call, call.project.terms.failing)
    _count(call, mark)
    access = tokens.issue(call.project, call.engine.settings, mark, "access", fault)
    refresh = tokens.issue(call.project, call.engine.settings, mark, "refresh", fault)
    return _issued(access, refresh, tokens.LIFETIMES["refresh"])


@page.add("POST", "/auth/refresh", public=True, reads=lambda: TypeAdapter(TokenGiven), caller=_owner_of_token)
async def refresh(call: Call) -> Reply:
    """Get another access token for a refresh token."""
    claims = await _token_given(call)
    if call.account is None:
        raise errors.invalid_refresh_token("its API key is not accepted any more")
    left = claims.seconds_left(call.clock)
    if left <= 0:
        raise errors.invalid_refresh_token("it expired by the clock of its key; POST /auth/token gives another")
    if call.project.terms.failing is not None:
        return errors.failing(call, call.project.terms.failing)
    access = tokens.issue(call.project, call.engine.settings, claims.mark, "access", claims.fault)
    return _issued(access, await _member(call, "refresh_token"), left)


def _issued(access: str, refresh: str, left: int) -> Reply:
    return json_reply(
        {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": tokens.LIFETIMES["access"],
            "refresh_expires_in": left,
        }
    )


def _count(call: Call, mark: str) -> None:
    """Refuse one token too many."""
    rule = Rule(f"token/{mark}", call.project.terms.token_limit, _WINDOW)
    decision = call.engine.limits.hit(call.project.id, rule, call.clock.now())
    if not decision.allowed:
        hint = f"the limit is {rule.limit} tokens in 60 s; token_limit 0, in the settings or the terms, takes it away"
        raise errors.rate_limited(decision.reset, hint=hint)


async def _key_given(call: Call) -> tuple[str, str | None]:
    """Return the API key, and the fault that it asks for. Raises ApiError."""
    return call.engine.faults.split(await _member(call, "api_key"))


async def _token_given(call: Call) -> tokens.Claims:
    """Return what the refresh token says. Raises ApiError."""
    claims = tokens.read(await _member(call, "refresh_token"), call.engine.settings, "refresh")
    if claims is None:
        raise errors.invalid_refresh_token("it is no refresh token of this server")
    return claims


async def _member(call: Call, name: str) -> str:
    """Return a member of the body, which is read once. Raises ApiError."""
    try:
        body: Any = orjson.loads(await call.peek(call.engine.settings.body_bytes))
    except orjson.JSONDecodeError as error:
        raise errors.invalid("The body is not valid JSON.", f"the body is not JSON: {error}") from None
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str):
        raise errors.invalid(f"The body must be a JSON object with the text {name}.")
    return value
