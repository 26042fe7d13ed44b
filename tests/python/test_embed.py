"""MockServer: the server inside a Python program."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from mockserver import MockServer
from mockserver.settings import SettingsError
from tests.conftest import api_of

URL = "https://example.com/some.mp3"


def test_it_is_a_mock_of_its_default_key() -> None:
    with MockServer(progress="held") as mock:
        job = api_of(mock.url, "test-key").submit(URL)
        assert mock.env["ASSEMBLYAI_API_KEY"] == mock.api_key == "test-key"
        assert [each.id for each in mock.jobs()] == [job]
        assert mock.release(job).status == "completed"
        assert mock.with_key("other").jobs() == []


def test_it_is_started_and_stopped_without_a_block_too() -> None:
    mock = MockServer()
    mock.start()
    url = mock.url
    assert mock.health()["status"] == "ok"
    with pytest.raises(RuntimeError, match="started already"):
        mock.start()
    mock.stop()
    mock.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/_mock/health")
    mock.start()
    assert mock.health()["status"] == "ok"
    mock.stop()


def test_it_serves_an_event_loop_too() -> None:
    async def use() -> None:
        async with MockServer() as mock, httpx.AsyncClient(base_url=mock.url) as client:
            await mock.asynchronous.freeze()
            reply = await client.post(
                "/v2/transcript",
                json={"audio_url": URL},
                headers={"Authorization": "test-key", "X-Mock-Progress": "timed"},
            )
            moved = await mock.asynchronous.advance(3600)
            assert moved.transitions[-1].job == reply.json()["id"]

    asyncio.run(use())


def test_with_a_list_of_keys_the_first_is_its_own() -> None:
    with MockServer(keys=("alice,bob", "carol")) as mock:
        assert mock.api_key == "alice"
        assert mock.jobs() == []


def test_many_servers_run_side_by_side() -> None:
    with MockServer(seed=1) as one, MockServer(seed=2) as two:
        assert one.url != two.url
        one.freeze()
        assert not two.clock().frozen


def test_wrong_settings_and_a_port_that_is_taken_are_told() -> None:
    with pytest.raises(SettingsError, match="progress"):
        MockServer(progress="fast")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeError, match=f"cannot listen on 127.0.0.1:{port}"), MockServer(port=port):
            pass
