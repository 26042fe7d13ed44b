from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, overload

import httpx
import pytest
from hypothesis import HealthCheck, settings

from mockserver.apis.assemblyai import hosts
from mockserver.embed import MockServer
from tests.apis import FAMILIES, AnyApi, Family
from tests.apis import Api as Api
from tests.contract import Answer, found_contract

# How long an example takes says more about the machine than about the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

_ELSEWHERE = hosts.PRODUCTS.keys() - hosts.PRERECORDED.keys()
AUDIO = Path(__file__).parent.parent / "fixtures" / "audio"


@pytest.fixture(scope="session", autouse=True)
def _contract() -> Iterator[None]:
    """Hold every reply that httpx gets, in tests and in the official SDK, against the vendor's own description."""
    contract = found_contract()
    if contract is None:
        yield
        return
    send, send_async = httpx.Client.send, httpx.AsyncClient.send

    def checked(response: httpx.Response) -> httpx.Response:
        # One that is still being read cannot be checked, one with a fault is wrong on purpose, and at the host of another
        # service the paths are not those of the description.
        is_elsewhere = response.request.headers["host"] in _ELSEWHERE
        if response.is_closed and "x-mock-fault" not in response.headers and not is_elsewhere:
            contract.check(Answer.of(response))
        return response

    def send_checked(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        return checked(send(client, request, **options))

    async def send_async_checked(client: httpx.AsyncClient, request: httpx.Request, **options: Any) -> httpx.Response:
        return checked(await send_async(client, request, **options))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.Client, "send", send_checked)
        patch.setattr(httpx.AsyncClient, "send", send_async_checked)
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


_open: list[AnyApi] = []
_Seen = TypeVar("_Seen", bound=AnyApi)


@overload
def api_of(url: str, key: str | None = None) -> Api: ...
@overload
def api_of(url: str, key: str | None = None, *, family: type[_Seen]) -> _Seen: ...
def api_of(url: str, key: str | None = None, *, family: Family = Api) -> AnyApi:
    """Return the API as a key of its own sees it; it is closed when the test ends."""
    _open.append(family(url, key or f"test-{uuid.uuid4().hex}"))
    return _open[-1]


each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.family, indirect=True)
"""Marks a test of the tool, and of no vendor's words: it is run with each family's API as ``api``."""


@pytest.fixture
def family(request: pytest.FixtureRequest) -> Family:
    """Return AssemblyAI; where a test is marked with ``each_family``, each in turn."""
    found: Family = getattr(request, "param", Api)
    return found


@pytest.fixture
def api(server: MockServer, family: Family) -> AnyApi:
    return api_of(server.url, family=family)


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while _open:
        _open.pop().close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI a test that is skipped has failed: CI installs what the tests need."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
