"""A server that still has the legacy realtime API, and a plain client of its sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mockserver.embed import MockServer
from tests.conftest import Api
from tests.realtime.client import Client

Opened = Callable[..., Client]


@pytest.fixture(scope="session")
def server() -> Iterator[MockServer]:
    with MockServer(quirks=["realtime_v2"]) as mock:
        yield mock


@pytest.fixture
def opened(api: Api) -> Iterator[Opened]:
    """Opens sessions with the test's own key, unless another or a token is given."""
    clients: list[Client] = []

    def opening(key: str | None = api.key, **query: object) -> Client:
        clients.append(Client(api.url, key, **{"sample_rate": 16_000, **query}))
        return clients[-1]

    yield opening
    for client in clients:
        client.leave()
