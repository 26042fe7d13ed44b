"""From API keys in headers to accounts."""

from __future__ import annotations

from collections.abc import Callable

from mockserver.engine.keys import Account
from mockserver.web.family import Call, Headers, Quirks


def account_by(key_of: Callable[[Headers, Quirks], str | None]) -> Callable[[Call], Account | None]:
    """Return what finds the account of a call; ``key_of`` reads the API key, which may ask for a fault at its end."""

    def account_of(call: Call) -> Account | None:
        key = key_of(call.header_map, call.quirks)
        if key is not None and "+" in key:
            key, call.key_fault = call.engine.faults.split(key)
        return call.engine.keys.account(key) if key is not None else None

    return account_of
