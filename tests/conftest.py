from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings

from mockserver.embed import MockServer
from tests.contract import Answer, found_contract

# How long an example takes says more about the machine than about the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

AUDIO = Path(__file__).parent.parent / "fixtures" / "audio"


class Api:
    """The API as one key sees it, and the control API for that key's project."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        # Not to verify saves reading the certificate store, 20 ms for each client; there is no TLS here.
        self.http = httpx.Client(base_url=url, headers={"Authorization": key}, timeout=60, verify=False)
        self.control = httpx.Client(base_url=f"{url}/_mock", params={"key": key}, timeout=60, verify=False)

    def upload(self, content: bytes, **headers: str) -> str:
        reply = self.http.post("/v2/upload", content=content, headers=headers)
        assert reply.status_code == 200, reply.text
        url: str = reply.json()["upload_url"]
        return url

    def submit(self, audio_url: str, *, progress: str | None = None, **params: Any) -> str:
        headers = {"X-Mock-Progress": progress} if progress else {}
        reply = self.http.post("/v2/transcript", json={"audio_url": audio_url, **params}, headers=headers)
        assert reply.status_code == 200, reply.text
        assert reply.json()["status"] == "queued"
        job: str = reply.json()["id"]
        return job

    def get(self, job: str) -> dict[str, Any]:
        reply = self.http.get(f"/v2/transcript/{job}")
        assert reply.status_code == 200, reply.text
        view: dict[str, Any] = reply.json()
        return view

    def transcribe(self, audio_url: str, **params: Any) -> dict[str, Any]:
        return self.get(self.submit(audio_url, **params))

    def job(self, job: str) -> dict[str, Any]:
        view: dict[str, Any] = self.control.get(f"/jobs/{job}").json()
        return view

    def advance(self, seconds: float) -> dict[str, Any]:
        reply = self.control.post("/clock/advance", json={"seconds": seconds})
        assert reply.status_code == 200, reply.text
        view: dict[str, Any] = reply.json()
        return view

    def freeze(self) -> None:
        assert self.control.post("/clock/freeze").status_code == 200

    def close(self) -> None:
        self.http.close()
        self.control.close()


@pytest.fixture(scope="session", autouse=True)
def _contract() -> Iterator[None]:
    """Hold every reply that httpx gets, in tests and in the official SDK, against the vendor's own description."""
    contract = found_contract()
    if contract is None:
        yield
        return
    send, send_async = httpx.Client.send, httpx.AsyncClient.send

    def checked(response: httpx.Response) -> httpx.Response:
        # One that is still being read cannot be checked, and one with a fault is wrong on purpose.
        if response.is_closed and "x-mock-fault" not in response.headers:
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


_open: list[Api] = []


def api_of(url: str, key: str | None = None) -> Api:
    """Return the API as a key of its own sees it; it is closed when the test ends."""
    _open.append(Api(url, key or f"test-{uuid.uuid4().hex}"))
    return _open[-1]


@pytest.fixture
def api(server: MockServer) -> Api:
    return api_of(server.url)


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
