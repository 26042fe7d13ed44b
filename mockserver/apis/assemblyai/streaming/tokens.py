"""Temporary tokens: JWTs that say whose a session is, until when it may begin, and how long it may last."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from mockserver.engine.clock import SECOND, Clock
from mockserver.engine.keys import Project
from mockserver.settings import Settings

LONGEST_SESSION = 10_800
"""Seconds that a session may last."""
_KIND = "streaming"
_ALGORITHM = "HS256"
_SHORTEST_SECRET = 32
_MARK = re.compile(r"[0-9a-f]{1,64}")
_LONGEST = 4096
_FORM = re.compile(r"eyJ[\w-]*\.[\w-]+\.[\w-]*")
_UNCHECKED = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


class Claims(NamedTuple):
    """What a token says: ``mark`` is the fingerprint of the API key, ``fault`` is what the key asked for."""

    mark: str
    expires: int
    session: int
    id: str
    fault: str | None

    def has_expired(self, clock: Clock) -> bool:
        """Say whether no session may begin with the token any more."""
        return self.expires <= clock.now() // SECOND


def looks_like_token(text: str) -> bool:
    """Say whether a text has the form of a token, of whomever; API keys have another."""
    return _FORM.fullmatch(text) is not None


def issue(project: Project, settings: Settings, mark: str, *, lifetime: int, session: int, fault: str | None) -> str:
    """Return a new token, good for ``lifetime`` seconds; its session may last for ``session`` seconds."""
    import jwt

    project.tokens += 1
    now = project.clock.now()
    source = f"{settings.seed}\0{project.name}\0{now}\0{project.tokens}\0{_KIND}"
    claims: dict[str, Any] = {
        "sub": mark,
        "type": _KIND,
        "iat": now // SECOND,
        "exp": now // SECOND + lifetime,
        "max_session_duration_seconds": session,
        "jti": blake2b(source.encode(), digest_size=16).hexdigest(),
    }
    return jwt.encode(claims | ({"fault": fault} if fault else {}), _secret(settings), _ALGORITHM)


def read(text: str, settings: Settings) -> Claims | None:
    """Return what a token of this server says, or None; it may have expired."""
    try:
        return _verified(text, _secret(settings))
    except ValueError:
        return None


@lru_cache(1024)
def _verified(text: str, secret: bytes) -> Claims:
    """Return what a token says whose signature is right. Raises ValueError, and so remembers sound tokens only."""
    import jwt

    if len(text) > _LONGEST:
        raise ValueError("too long")
    try:
        claims = jwt.decode(text, secret, [_ALGORITHM], _UNCHECKED)  # type: ignore[arg-type]
    except (jwt.PyJWTError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return _claims(claims)


def _claims(claims: dict[str, Any]) -> Claims:
    mark, expires, session = (claims.get(name) for name in ("sub", "exp", "max_session_duration_seconds"))
    identifier, fault = claims.get("jti"), claims.get("fault")
    is_ours = claims.get("type") == _KIND and isinstance(mark, str) and _MARK.fullmatch(mark)
    if not is_ours or type(expires) is not int or type(session) is not int or not isinstance(identifier, str):
        raise ValueError("it is no token for streams")
    return Claims(str(mark), expires, session, identifier, fault if isinstance(fault, str) else None)


def _secret(settings: Settings) -> bytes:
    return _padded(settings.token_secret, settings.seed)


@lru_cache(64)
def _padded(given: str | None, seed: int) -> bytes:
    """Return the key of the signatures; to HMAC, NULs at its end make no difference, but PyJWT warns of short ones."""
    secret = given or blake2b(f"{seed}\0streaming tokens".encode(), digest_size=32).hexdigest()
    return secret.encode().ljust(_SHORTEST_SECRET, b"\0")
