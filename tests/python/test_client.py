"""Mock: the control API from Python."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

import mockserver
from mockserver import AsyncControl, Mock, MockServer, MockServerError
from mockserver.client import UnreachableError
from tests.conftest import Api, api_of
from tests.receivers import Receiver, receiving

URL = "https://example.com/some.mp3"


@pytest.fixture
def mock(api: Api) -> Iterator[Mock]:
    with_key = Mock(api.url, api.key)
    yield with_key
    with_key.close()


def test_the_clock_is_stopped_moved_and_let_go(mock: Mock) -> None:
    frozen = mock.freeze()
    assert frozen.frozen
    assert isinstance(frozen.now, datetime)
    assert mock.advance(60).now == frozen.now + timedelta(minutes=1)
    assert mock.clock() == mock.clock()
    assert not mock.resume().frozen
    assert mock.scale(60).scale == 60


def test_advancing_tells_what_came_due(mock: Mock, api: Api) -> None:
    mock.freeze()
    job = api.submit(URL, progress="timed")
    moved = mock.advance(3600)
    assert [(each.job, each.from_status, each.to_status) for each in moved.transitions] == [
        (job, "queued", "processing"),
        (job, "processing", "completed"),
    ]


def test_jobs_are_listed_held_released_and_failed(mock: Mock, api: Api) -> None:
    first, second = api.submit(URL), api.submit(URL, progress="held")
    assert [job.id for job in mock.jobs()] == [second, first]
    assert [job.id for job in mock.jobs(status="queued")] == [second]
    assert mock.job(second).held
    assert mock.release(second).held is False
    third = api.submit(URL, progress="timed")
    assert mock.hold(third).held
    failed = mock.fail(third, "the tape broke")
    assert failed.status == "error"
    assert failed.failure is not None
    assert failed.failure.detail == "the tape broke"
    assert failed.transitions[-1].to_status == "error"
    assert mock.job(first).raw["transitions"]


def test_requests_are_records_newest_first(mock: Mock, api: Api) -> None:
    api.submit(URL)
    refused = api.http.post("/v2/transcript", content=b"{")
    newest, oldest = mock.requests()
    assert (newest.method, newest.path, newest.status) == ("POST", "/v2/transcript", 400)
    assert newest.request_id == refused.headers["x-request-id"]
    assert "JSON" in str(newest)
    assert oldest.job is not None
    assert oldest.job in str(oldest)
    assert len(mock.requests(limit=1)) == 1


def test_terms_are_changed_and_restored(mock: Mock, api: Api) -> None:
    before = mock.terms()
    assert mock.change_terms(rate_limit=1, concurrency="free")["concurrency"] == 5
    api.http.get("/v2/transcript/x")
    assert api.http.get("/v2/transcript/x").status_code == 429
    assert mock.restore_terms() == before


def test_webhook_calls_are_records_with_their_attempts(mock: Mock, api: Api) -> None:
    with receiving() as receiver:
        job = api.submit(URL, webhook_url=receiver.url)
        api.get(job)
        (call,) = mock.webhooks(job=job, wait=10)
        assert call.delivered
        assert [attempt.status for attempt in call.attempts] == [200]
        assert mock.replay(call.number).number == call.number
        (call,) = mock.webhooks(job=job, wait=10)
        assert len(call.attempts) == 2


def test_reset_is_of_one_key_or_of_all() -> None:
    with MockServer() as server:
        one, two = api_of(server.url), api_of(server.url)
        kept = two.submit(URL)
        one.submit(URL)
        server.with_key(one.key).reset()
        everything = server.with_key(None)
        assert [job.id for job in everything.jobs()] == [kept]
        everything.reset()
        assert everything.jobs() == []


def test_a_refusal_has_the_servers_text_and_status(mock: Mock) -> None:
    with pytest.raises(MockServerError, match="there is no job x") as caught:
        mock.job("x")
    assert caught.value.status == 404
    with pytest.raises(MockServerError, match="there is no job a b ü"):
        mock.job("a b ü")
    with pytest.raises(MockServerError, match="seconds: ") as caught:
        mock.advance(-1)
    assert caught.value.status == 422


def test_a_call_that_the_server_does_not_know_is_named(mock: Mock) -> None:
    with pytest.raises(MockServerError, match=f"{mock.url} does not know PUT /_mock/nowhere: is its control API"):
        mock.call("PUT", "/nowhere")


def test_a_server_that_is_not_there_is_named() -> None:
    with MockServer() as server:
        url = server.url
    with pytest.raises(UnreachableError, match=f"{url} does not answer: .*refused"):
        Mock(url).health()
    with pytest.raises(ValueError, match="localhost:1"):
        Mock("localhost:1")


def test_a_call_reaches_a_server_that_was_started_anew_at_the_same_place() -> None:
    with MockServer() as server:
        port = server.settings.port or int(server.url.rsplit(":", 1)[1])
        mock = Mock(server.url)
        assert mock.health()["status"] == "ok"
    with MockServer(port=port):
        assert mock.health()["status"] == "ok"
    mock.close()


def test_many_threads_may_use_one_mock(mock: Mock) -> None:
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda number: mock.change_terms(rate_limit=number)["rate_limit"], range(100)))
    assert seen == list(range(100))


def test_any_call_can_be_made_as_it_is(mock: Mock) -> None:
    assert mock.call("GET", "/jobs", status="error", key=mock.api_key) == {"jobs": [], "next_before": None}


def test_the_environment_leads_the_official_clients_to_the_server(mock: Mock) -> None:
    script = (
        "import assemblyai as aai, openai\n"
        f"print(aai.Transcriber().transcribe({URL!r}).status.value)\n"
        "with openai.OpenAI() as client:\n"
        "    client.chat.completions.create(model='gpt-5', messages=[{'role': 'user', 'content': 'Hello'}])\n"
        "from assemblyai.llm_gateway.v1 import LLMGateway\n"
        "print(len(LLMGateway().models.list().data) > 3)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=mock.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "completed\nTrue\n"
    assert {request.path for request in mock.requests()} >= {"/v2/transcript", "/v1/chat/completions"}


def test_the_awaitable_twin_does_the_same(mock: Mock, api: Api) -> None:
    async def use(control: AsyncControl) -> None:
        assert control.api_key == mock.api_key
        assert control.env == mock.env
        frozen, terms = await asyncio.gather(control.freeze(), control.change_terms(rate_limit=7))
        assert frozen.frozen
        assert terms["rate_limit"] == 7
        assert [job.id for job in await control.jobs(limit=1)] == [job]
        with pytest.raises(MockServerError, match="no job x"):
            await control.job("x")

    job = api.submit(URL)
    asyncio.run(use(mock.asynchronous))


def test_the_awaitable_twin_has_every_method() -> None:
    methods = {name for name in dir(Mock) if not name.startswith("_")} - {"asynchronous", "close", "with_key"}
    assert methods <= set(dir(AsyncControl))


def test_an_await_does_not_hold_the_event_loop(mock: Mock, api: Api) -> None:
    async def ask_while_waiting(receiver: Receiver) -> None:
        waiting = [asyncio.create_task(mock.asynchronous.webhooks(wait=30)) for _ in range(40)]
        await mock.asynchronous.health()
        assert not any(each.done() for each in waiting)
        receiver.may_answer.set()
        assert all(calls[0].delivered for calls in await asyncio.gather(*waiting))

    with receiving() as receiver:
        receiver.may_answer.clear()
        api.get(api.submit(URL, webhook_url=receiver.url))
        asyncio.run(ask_while_waiting(receiver))


@pytest.mark.parametrize("module", ["mockserver", "mockserver.client"])
def test_the_client_imports_the_standard_library_only(module: str) -> None:
    script = (
        f"import sys, {module}\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(*sorted(loaded - sys.stdlib_module_names - {'__main__', 'mockserver'}))"
    )
    done = subprocess.run([sys.executable, "-Sc", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_package_says_what_it_has() -> None:
    assert mockserver.MockServer is MockServer
    with pytest.raises(AttributeError, match="nothing"):
        _ = mockserver.nothing  # type: ignore[attr-defined]
