"""Mock: faults, journal, sinks, keys, fixtures, snapshots."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_type_hints

import httpx
import pytest

from mockserver import Mock, MockServer, MockServerError
from mockserver.client import Asked, Expectation, Filters, Rule, SinkAnswer, Terms
from mockserver.client.shapes import MessageFault, SessionFault
from mockserver.control.fixtures import Asked as AskedOfFixtures
from mockserver.control.terms import TermsChange
from mockserver.control.verification import Verification
from mockserver.engine import fault_rule
from mockserver.engine.fault_rule import FaultRule
from tests.conftest import AUDIO, Api, api_of

URL = "https://example.com/some.mp3"


@pytest.fixture
def mock(api: Api) -> Iterator[Mock]:
    with_key = Mock(api.url, api.key)
    yield with_key
    with_key.close()


def statuses(api: Api, count: int) -> list[int]:
    return [api.http.post("/v2/transcript", json={"audio_url": URL}).status_code for _ in range(count)]


def later(mock: Mock) -> datetime:
    now = mock.clock().now
    assert now is not None
    return now + timedelta(days=1)


def test_the_next_requests_fail(mock: Mock, api: Api) -> None:
    number = mock.fail_next("server_error", times=2, path="/v2/transcript")
    assert statuses(api, 3) == [500, 500, 200]
    (fault,) = mock.faults()
    assert (fault.id, fault.fired, fault.raw["error"]) == (number, 2, "server_error")
    assert [request.fault for request in mock.requests()] == [None, "server_error", "server_error"]
    assert mock.count(fault="server_error") == 2


def test_faults_are_added_and_removed(mock: Mock, api: Api) -> None:
    number = mock.fault(status=418, body={"tea": True}, headers={"x-tea": "green"}, method="POST")
    reply = api.http.post("/v2/transcript", json={"audio_url": URL})
    assert (reply.status_code, reply.json(), reply.headers["x-tea"]) == (418, {"tea": True}, "green")
    mock.remove_fault(number)
    assert statuses(api, 1) == [200]
    mock.fault(error="rate_limited", since=later(mock))
    assert statuses(api, 1) == [200]
    assert "outage" in mock.fault_names()["profiles"]
    mock.profile("outage")
    assert len(mock.faults()) > 1
    mock.clear_faults()
    assert mock.faults() == []
    with pytest.raises(MockServerError, match="error: there is no 'nope'"):
        mock.fail_next("nope")


def test_faults_of_one_key_are_its_own(mock: Mock, api: Api) -> None:
    mock.fail_next(times=100)
    assert statuses(api_of(api.url), 1) == [200]
    assert statuses(api, 1) == [500]


def test_requests_are_filtered_counted_and_shown_whole(mock: Mock, api: Api) -> None:
    api.submit(URL, speaker_labels=True)
    refused = api.http.post("/v2/transcript", json={"audio_url": 5})
    (request,) = mock.requests(status="4xx")
    assert request == mock.request(refused.headers["x-request-id"])
    assert request.json == {"audio_url": 5}
    assert request.headers["content-type"] == "application/json"
    assert request.reply is not None
    assert request.reply.json == refused.json()
    assert mock.count(method="POST", path="/v2/*") == 2
    assert mock.count(since=later(mock)) == 0
    assert "curl" in mock.curl(request.request_id)
    assert len(mock.har()["log"]["entries"]) == 2
    mock.clear_journal()
    assert mock.count() == 0


def test_what_the_real_service_would_let_pass_is_listed(mock: Mock, api: Api) -> None:
    api.submit(URL, speaker_lables=True)
    (request,) = mock.requests(violations=True)
    assert request.violations == ("unknown field speaker_lables",)
    assert "speaker_lables" in str(request)


def test_verification_returns_how_many_or_says_what_the_nearest_lack(mock: Mock, api: Api) -> None:
    api.submit(URL, speaker_labels=True)
    assert mock.verify(method="POST", path="/v2/transcript", params={"speaker_labels": True}, exactly=1) == 1
    assert mock.verify(method="DELETE", exactly=0) == 0
    with pytest.raises(AssertionError) as caught:
        mock.verify(method="POST", params={"speaker_labels": False})
    told = str(caught.value)
    assert "not at least 1" in told
    assert "200 POST /v2/transcript" in told
    assert "speaker_labels is true, not false" in told
    with pytest.raises(MockServerError, match="exactly"):
        mock.verify(exactly=1, at_most=2)


def test_waiting_returns_as_soon_as_it_is_there(mock: Mock, api: Api) -> None:
    asking = threading.Thread(target=api.transcribe, args=[URL])
    asking.start()
    requests = mock.wait_for_requests(2, timeout=30)
    assert [request.method for request in requests] == ["GET", "POST"]
    assert requests[1].json == {"audio_url": URL}
    asking.join()
    (job,) = mock.wait_for_jobs(status="completed")
    assert job.url == URL


def test_waiting_in_vain_says_what_was_there(mock: Mock, api: Api) -> None:
    job = api.submit(URL)
    with pytest.raises(TimeoutError, match=rf"(?s)only 1 of 2 requests.*200 POST /v2/transcript job={job}"):
        mock.wait_for_requests(2, timeout=0.05)
    with pytest.raises(TimeoutError, match=f"(?s)only 1 of 2 jobs.*{job} completed"):
        mock.wait_for_jobs(2, timeout=0.05)
    with pytest.raises(TimeoutError, match="only 0 of 1 webhooks"):
        mock.wait_for_webhooks(timeout=0)


def test_a_sink_receives_webhooks(mock: Mock, api: Api) -> None:
    sink = mock.sink()
    assert sink.received() == []
    job = api.submit(URL, webhook_url=sink.url)
    (call,) = sink.wait()
    assert call.json == {"transcript_id": job, "status": "completed"}
    assert call.method == "POST"
    assert call.text
    (delivery,) = mock.wait_for_webhooks()
    assert delivery.delivered
    with pytest.raises(TimeoutError, match=f"(?s)1 of 2.*{job}"):
        sink.wait(2, timeout=0.05)
    sink.forget()
    assert sink.received() == []


def test_a_sink_answers_as_it_is_told(mock: Mock) -> None:
    sink = mock.sink("orders")
    sink.answers({"status": 503}, {"status": 201, "body": "thanks", "headers": {"x-a": "b"}})
    assert httpx.post(sink.url).status_code == 503
    reply = httpx.post(sink.url)
    assert (reply.status_code, reply.text, reply.headers["x-a"]) == (201, "thanks", "b")
    sink.answer(status=204)
    assert httpx.get(f"{sink.url}/more?a=b").status_code == 204
    assert [(call.method, call.status) for call in sink.received()] == [("POST", 503), ("POST", 201), ("GET", 204)]


def test_two_keys_sinks_of_one_name_are_two_and_reset_with_the_key(mock: Mock, api: Api) -> None:
    one, two = mock.sink("hook"), Mock(api.url, "another").sink("hook")
    httpx.post(one.url)
    assert (len(one.received()), len(two.received())) == (1, 0)
    assert mock.sink("hook").received() != []
    assert {each["name"] for each in mock.sinks()} >= {one.name}
    mock.reset()
    assert one.received() == []
    with pytest.raises(MockServerError, match="name: "):
        mock.sink("ü b")


def test_a_key_has_terms_of_its_own_and_is_the_same_by_name(mock: Mock) -> None:
    slow = mock.key("slow", progress="timed", queue_seconds=100, rate_limit=9)
    assert slow.terms()["rate_limit"] == 9
    assert mock.terms()["rate_limit"] != 9
    assert mock.key("slow").api_key == slow.api_key
    assert mock.key().api_key != mock.key().api_key
    made = mock.keys()
    assert "slow" in [each["name"] for each in made]
    assert mock.key(api_key="my-own").api_key == "my-own"
    assert mock.key(shares=slow.api_key).terms()["rate_limit"] == 9
    mock.revoke("my-own")
    assert api_of(mock.url, "my-own").http.get("/v2/transcript").status_code == 401
    assert slow.api_key is not None
    api = api_of(mock.url, slow.api_key)
    slow.freeze()
    assert api.get(api.submit(URL))["status"] == "queued"


def test_transcripts_are_said_at_run_time(mock: Mock, api: Api) -> None:
    mock.transcript("One.", audio_url=URL)
    mock.transcript("Two.", audio_url=URL)  # takes the place of the first
    mock.transcript(turns=[{"speaker": "A", "text": "Hello."}, {"speaker": "B", "text": "Hi."}], file_name="talk.*")
    mock.transcript("From the file.", audio=AUDIO / "hello.wav")
    mock.transcript(error="the tape broke", params={"punctuate": False})
    assert api.transcribe(URL)["text"] == "Two."
    assert api.transcribe("https://example.com/talk.mp3")["text"] == "Hello. Hi."
    assert api.transcribe(api.upload((AUDIO / "hello.wav").read_bytes()))["text"] == "From the file."
    assert api.transcribe("https://example.com/other.mp3", punctuate=False)["error"] == "the tape broke"
    with pytest.raises(TypeError, match=r"'audi_url'.*audio_url"):
        mock.transcript("For all?", audi_url=URL)  # type: ignore[call-arg]
    assert len(mock.fixtures()) == 4
    mock.clear_fixtures()
    assert mock.fixtures() == []


def test_a_fixture_may_be_for_some_uses_only(mock: Mock, api: Api) -> None:
    name = mock.transcript("Once.", uses=1)
    assert mock.fixtures()[0]["name"] == name
    assert [api.transcribe(URL)["text"] == "Once." for _ in range(2)] == [True, False]
    mock.fixture("name: mine\nmatch: {audio_url: '*'}\ntext: From YAML.")
    assert api.transcribe(URL)["text"] == "From YAML."
    mock.remove_fixture("mine")
    assert api.transcribe(URL)["text"] != "From YAML."
    with pytest.raises(MockServerError, match="txt"):
        mock.fixture({"txt": "wrong"})


def test_why_a_fixture_answers_or_does_not(mock: Mock) -> None:
    name = mock.transcript("Mine.", audio_url=URL, params={"punctuate": False})
    why = mock.explain(URL)
    assert why["fixture"] is None
    assert why["nearest"][0]["name"] == name
    assert "punctuate" in why["nearest"][0]["misses"][0]
    assert mock.explain(URL, params={"punctuate": False})["fixture"] == name


def test_chats_are_answered_at_run_time(mock: Mock, api: Api) -> None:
    def say(text: str) -> str:
        body = {"model": "gpt-5", "messages": [{"role": "user", "content": text}]}
        reply = api.http.post("/v1/chat/completions", json=body)
        assert reply.status_code == 200, reply.text
        said: str = reply.json()["choices"][0]["message"]["content"]
        return said

    mock.chat("It is 1234.", user="order number")
    mock.chat(["first", {"json": {"a": 1}}], user="in turn")
    assert say("What is the order number?") == "It is 1234."
    assert [say("in turn"), say("in turn")] == ["first", '{"a": 1}']


def test_a_world_is_kept_and_restored(mock: Mock, api: Api) -> None:
    job = api.submit(URL)
    name = mock.snapshot()
    mock.reset()
    assert mock.jobs() == []
    mock.restore(name)
    assert [each.id for each in mock.jobs()] == [job]
    assert [each["name"] for each in mock.snapshots()] == [name]
    mock.remove_snapshot(name)
    assert mock.snapshots() == []


def test_advancing_tells_of_webhook_calls_and_waits_for_them(mock: Mock, api: Api) -> None:
    sink = mock.sink()
    mock.freeze()
    job = api.submit(URL, progress="timed", webhook_url=sink.url)
    moved = mock.advance(3600, wait=10)
    assert [call.job for call in moved.webhooks] == [job]
    assert len(sink.received()) == 1
    assert len(moved.windows) == 1


def test_metrics_are_text(mock: Mock) -> None:
    assert "mockserver_" in mock.metrics()


def test_a_token_opens_the_control_api(tmp_path: Path) -> None:
    with MockServer(control_token="secret") as server:
        assert server.terms()["rate_limit"] > 0
        assert server.env["MOCKSERVER_CONTROL_TOKEN"] == "secret"
        with pytest.raises(MockServerError, match="token") as caught:
            Mock(server.url).terms()
        assert caught.value.status == 401
        assert Mock(server.url, token="secret").terms()["rate_limit"] > 0


def test_a_control_api_with_a_port_of_its_own_is_found() -> None:
    with MockServer(control_port=0) as server:
        sink = server.sink()
        assert server.terms()["rate_limit"] > 0
        assert httpx.post(sink.url).status_code == 200
        assert len(server.with_key("other").jobs()) == 0


def test_the_awaitable_twin_waits_and_receives(mock: Mock, api: Api) -> None:
    async def use() -> None:
        control = mock.asynchronous
        sink = await control.sink()
        key = await control.key("other", rate_limit=3)
        assert (await key.terms())["rate_limit"] == 3
        job = await asyncio.to_thread(api.submit, URL, webhook_url=sink.url)
        (call,) = await sink.wait()
        assert call.json["transcript_id"] == job
        await sink.answer(status=500)
        assert len(await control.wait_for_requests(1)) == 1
        with pytest.raises(AssertionError, match="nearest"):
            await control.verify(method="DELETE")

    asyncio.run(use())


def test_what_editors_complete_is_what_the_server_takes() -> None:
    assert set(get_type_hints(Rule)) == set(FaultRule.model_fields)
    assert set(get_type_hints(SessionFault)) == set(fault_rule.SessionFault.model_fields)
    assert set(get_type_hints(MessageFault)) == set(fault_rule.MessageFault.model_fields)
    assert set(get_type_hints(Terms)) == set(TermsChange.model_fields)
    bounds = {"exactly", "at_least", "at_most"}
    assert set(get_type_hints(Expectation)) | bounds == set(Verification.model_fields)
    with MockServer() as server:
        paths = httpx.get(f"{server.url}/_mock/openapi.json").json()["paths"]
    taken = {parameter["name"] for parameter in paths["/_mock/journal"]["get"]["parameters"]}
    assert set(get_type_hints(Filters)) | {"limit", "before", "bodies", "key"} == taken
    assert set(get_type_hints(Asked)) | {"audio_url"} == set(AskedOfFixtures.model_fields)
    assert set(get_type_hints(SinkAnswer)) == {"status", "delay", "body", "headers"}
