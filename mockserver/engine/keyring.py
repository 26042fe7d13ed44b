"""The keys that were minted, and those that were revoked. Of a key that a user brought only a fingerprint is kept."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from mockserver.engine.store import Row, Store

_KEEP = (
    "INSERT INTO keys (fingerprint, label, key, name, world, created, revoked) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (fingerprint) DO UPDATE SET name = excluded.name, world = excluded.world, revoked = excluded.revoked"
)


class TakenError(Exception):
    """A key cannot be minted as asked, because of another; the message says why."""


class UnknownKeyError(Exception):
    """A key is not accepted."""


def fingerprint(key: str) -> str:
    """Return what stands for a key in the database, which holds no key itself."""
    return blake2b(key.encode(), digest_size=16).hexdigest()


def mask(key: str) -> str:
    """Return enough of a key to recognise it by."""
    return key if len(key) <= 8 else f"{key[:5]}…{key[-2:]}"


class Held(NamedTuple):
    """A key on the ring: ``key`` itself if the server made it, and the fingerprint that its project is named by."""

    fingerprint: str
    label: str
    key: str | None
    name: str | None
    world: str
    created: int
    revoked: bool


class KeyRing:
    """The keys that are not simply accepted or refused by the settings, in memory and in the database."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._seed = seed
        self.reload()

    def reload(self) -> None:
        """Read what is stored."""
        rows = self._store.all(f"SELECT {', '.join(Held._fields)} FROM keys ORDER BY number")
        self._held = {row["fingerprint"]: Held(*row) for row in rows}
        self._named = {held.name: held for held in self._held.values() if held.name is not None}

    def find(self, mark: str) -> Held | None:
        """Return the key with this fingerprint."""
        return self._held.get(mark)

    def named(self, name: str | None) -> Held | None:
        """Return the key with this name."""
        return None if name is None else self._named.get(name)

    def _make(self, name: str | None) -> str:
        """Return a new key: the same in every run for the same name, or else for the same number of keys before."""
        row: Row | None = self._store.one("SELECT coalesce(max(number), 0) + 1 AS next FROM keys")
        assert row is not None
        source = f"{self._seed}\0number\0{row['next']}" if name is None else f"{self._seed}\0name\0{name}"
        return f"mock-{blake2b(source.encode(), digest_size=16).hexdigest()}"

    def name_of(self, key: str) -> str | None:
        """Return the name that a key was minted with."""
        held = self.find(fingerprint(key))
        return held and held.name

    def key_to_mint(self, key: str | None, name: str | None) -> tuple[str, bool]:
        """Return the key that is meant, and whether it is one that the server made. Raises TakenError."""
        held = self.named(name)
        if held is None:
            return (self._make(name), True) if key is None else (key, False)
        if key is None and held.key is None:
            raise TakenError(f"name: {name!r} is the name of a key that you brought; give it as key")
        if key is not None and fingerprint(key) != held.fingerprint:
            raise TakenError(f"name: {name!r} is the name of another key")
        return (held.key, True) if held.key is not None else (key or "", False)

    def keep(self, held: Held) -> None:
        """Put a key on the ring, in the place of what was known of it."""
        self._store.write(_KEEP, held)
        self._held[held.fingerprint] = held
        if held.name is not None:
            self._named[held.name] = held

    def page(self, before: int | None, limit: int) -> Sequence[Row]:
        """Return keys with their numbers, newest first."""
        return self._store.all(
            "SELECT * FROM keys WHERE :before IS NULL OR number < :before ORDER BY number DESC LIMIT :limit",
            {"before": before, "limit": limit},
        )

    def clear(self) -> None:
        """Forget every key."""
        self._store.write("DELETE FROM keys")
        self._held.clear()
        self._named.clear()
