"""Temporary tokens: 64 hex digits that say whose a session is, and until when; the server keeps no list of them.

They carry the fingerprint of the API key, the second in which they end, a number, and the fault that the key asked
for; sealed and masked, so that they look like nothing at all and none can be made up.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from mockserver.engine.clock import SECOND, Clock
from mockserver.engine.keys import Account, fingerprint
from mockserver.settings import Settings

_FORM = re.compile(r"[0-9a-f]{64}")
_SEAL, _MARK, _EXPIRY, _NUMBER, _FAULT = 8, 16, 5, 1, 2


class Pass(NamedTuple):
    """What a token says: ``mark`` is the fingerprint of the API key, ``expires`` counts seconds since 1970."""

    mark: str
    expires: int
    fault: bytes

    def is_good(self, clock: Clock) -> bool:
        """Say whether the token has not ended yet."""
        return clock.now() < self.expires * SECOND

    def fault_of(self, names: Iterable[str]) -> str | None:
        """Return which of the faults with these names the key asked for; None: no fault."""
        return next((name for name in names if _brief(name) == self.fault), None)


def issue(account: Account, settings: Settings, seconds: int, fault: str | None) -> str:
    """Return a new token that is good for so many seconds, the same in every run with the same clock."""
    project = account.project
    project.tokens += 1
    expires = project.clock.now() // SECOND + seconds
    said = (
        bytes.fromhex(fingerprint(account.key))
        + expires.to_bytes(_EXPIRY)
        + (project.tokens % 256**_NUMBER).to_bytes(_NUMBER)
        + _brief(fault)
    )
    key = _key(settings)
    seal = blake2b(said, digest_size=_SEAL, key=key).digest()
    return (seal + _masked(said, seal, key)).hex()


def read(text: str, settings: Settings) -> Pass | None:
    """Return what a token of this server says, or None; it may have ended."""
    if not _FORM.fullmatch(text):
        return None
    key, whole = _key(settings), bytes.fromhex(text)
    seal, said = whole[:_SEAL], _masked(whole[_SEAL:], whole[:_SEAL], key)
    if not hmac.compare_digest(seal, blake2b(said, digest_size=_SEAL, key=key).digest()):
        return None
    return Pass(said[:_MARK].hex(), int.from_bytes(said[_MARK : _MARK + _EXPIRY]), said[-_FAULT:])


def _brief(fault: str | None) -> bytes:
    """Return what stands for a fault in a token, which has no room for its name."""
    return bytes(_FAULT) if fault is None else blake2b(fault.encode(), digest_size=_FAULT).digest()


def _masked(data: bytes, seal: bytes, key: bytes) -> bytes:
    """Return the data under a mask that follows from the seal; it comes off the same way."""
    mask = blake2b(b"mask" + seal, digest_size=len(data), key=key).digest()
    return bytes(a ^ b for a, b in zip(data, mask, strict=True))


def _key(settings: Settings) -> bytes:
    return blake2b(f"{settings.seed}\0realtime\0{settings.token_secret or ''}".encode(), digest_size=32).digest()
