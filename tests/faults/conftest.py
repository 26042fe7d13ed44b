from __future__ import annotations

from typing import Any

import pytest

from tests.apis import AnyApi


class Faults:
    """Faults of one key's project."""

    def __init__(self, api: AnyApi) -> None:
        self._control = api.control

    def add(self, **rule: Any) -> dict[str, Any]:
        reply = self._control.post("/faults", json=rule)
        assert reply.status_code == 201, reply.text
        added: dict[str, Any] = reply.json()
        return added

    def refusal(self, **rule: Any) -> str:
        reply = self._control.post("/faults", json=rule)
        assert reply.status_code == 422, reply.text
        error: str = reply.json()["error"]
        return error

    def choose(self, profile: str | None) -> dict[str, Any]:
        reply = self._control.put("/faults/profile", json={"profile": profile})
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def all(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._control.get("/faults").json()["faults"]
        return found

    def clear(self) -> int:
        removed: int = self._control.delete("/faults").json()["removed"]
        return removed


@pytest.fixture
def faults(api: AnyApi) -> Faults:
    return Faults(api)
