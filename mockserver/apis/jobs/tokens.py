"""Tokens: JWTs that say whose a request is, and until when."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from mockserver.engine.clock import SECOND, Clock
from mockserver.engine.keys import Project
from mockserver.settings import Settings, SettingsError

LIFETIMES = {"access": 3600, "refresh": 30 * 24 * 3600}
"""How long tokens are good for, in seconds."""
Kind = Literal["access", "refresh"]
_ALGORITHM = "HS256"
_SHORTEST_SECRET = 32
_MARK = re.compile(r"[0-9a-f]{1,64}")
_LONGEST = 4096
_REMEMBERED = 4096
_UNCHECKED = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


class Claims(NamedTuple):
    """What a token says: ``mark`` is the fingerprint of the API key, ``fault`` is what the key asked for."""

    mark: str
    kind: Kind
    expires: int
    fault: str | None

    def seconds_left(self, clock: Clock) -> int:
        """Return how long the token is still good for; 0 or less: no longer."""
        return self.expires - clock.now() // SECOND


def check(settings: Settings) -> None:
    """Refuse a secret that no token can be signed with (SettingsError)."""
    if settings.token_secret is None:
        return
    import jwt

    try:
        jwt.encode({}, _secret(settings), _ALGORITHM)
    except jwt.InvalidKeyError:
        raise SettingsError("token_secret: a public key or a certificate is no secret") from None
    except UnicodeEncodeError:
        raise SettingsError("token_secret: it is not UTF-8") from None


def issue(project: Project, settings: Settings, mark: str, kind: Kind, fault: str | None) -> str:
    """Return a new token, the same in every run with the same clock."""
    import jwt

    project.tokens += 1
    now = project.clock.now()
    source = f"{settings.seed}\0{project.name}\0{now}\0{project.tokens}"
    claims: dict[str, Any] = {
        "sub": mark,
        "plan": project.terms.plan,
        "iat": now // SECOND,
        "exp": now // SECOND + LIFETIMES[kind],
        "type": kind,
        "jti": blake2b(source.encode(), digest_size=16).hexdigest(),
    }
    return jwt.encode(claims | ({"fault": fault} if fault else {}), _secret(settings), _ALGORITHM)


def read(text: str, settings: Settings, kind: Kind) -> Claims | None:
    """Return what a token of this server says, or None; it may have expired."""
    try:
        claims = _verified(text, _secret(settings))
    except ValueError:
        return None
    return claims if claims.kind == kind else None


@lru_cache(_REMEMBERED)
def _verified(text: str, secret: bytes) -> Claims:
    """Return what a token says whose signature is right. Raises ValueError, and so remembers sound tokens only."""
    import jwt

    if len(text) > _LONGEST:
        raise ValueError("too long")
    try:
        claims = jwt.decode(text, secret, [_ALGORITHM], _UNCHECKED)  # type: ignore[arg-type]
    except (jwt.PyJWTError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not _is_canonical(text.rpartition(".")[2]):
        raise ValueError("the signature has bits that mean nothing")
    return _claims(claims)


def _is_canonical(signature: str) -> bool:
    """Say whether a signature is written in the one right way: whoever changes the last character expects a refusal."""
    from jwt.utils import base64url_decode, base64url_encode

    return base64url_encode(base64url_decode(signature)).decode() == signature


def _claims(claims: dict[str, Any]) -> Claims:
    mark, kind, expires, fault = (claims.get(name) for name in ("sub", "type", "exp", "fault"))
    if (
        not isinstance(mark, str)
        or not _MARK.fullmatch(mark)
        or kind not in ("access", "refresh")
        or type(expires) is not int
    ):
        raise ValueError("sub, type or exp is missing, or is something else")
    return Claims(mark, kind, expires, fault if isinstance(fault, str) else None)


def _secret(settings: Settings) -> bytes:
    return _padded(settings.token_secret, settings.seed)


@lru_cache(64)
def _padded(given: str | None, seed: int) -> bytes:
    """Return the key of the signatures; to HMAC, NULs at its end make no difference, but PyJWT warns of short ones."""
    secret = given or blake2b(f"{seed}\0tokens".encode(), digest_size=32).hexdigest()
    return secret.encode().ljust(_SHORTEST_SECRET, b"\0")
