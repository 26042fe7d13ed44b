"""Webhooks: what is sent, when it is sent again, and that nothing waits for a slow receiver."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family
from tests.conftest import AUDIO, api_of, each_family
from tests.processes import running
from tests.receivers import Receiver, receiving

URL = "https://example.com/call.mp3"
BROKEN = "https://example.com/errors/download-404.mp3"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def deliveries(api: AnyApi, **query: Any) -> list[dict[str, Any]]:
    reply = api.control.get("/webhooks", params={"wait": 30, **query})
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["webhooks"]
    return found


@each_family
def test_a_finished_transcript_is_told(api: AnyApi, receiver: Receiver) -> None:
    job = api.submit(URL, webhook_url=f"{receiver.url}?customer=7&x=a%2Fb")
    (call,) = receiver.wait_for(1)
    assert call.path == "/hook?customer=7&x=a%2Fb"
    assert api.told(call.json) == (job, "completed")
    assert call.headers["content-type"] == "application/json"
    (delivery,) = deliveries(api)
    assert delivery["delivered"]
    assert [(a["status"], a["reply"], a["error"]) for a in delivery["attempts"]] == [(200, "seen", None)]


@each_family
def test_a_failed_transcript_is_told_too(api: AnyApi, receiver: Receiver) -> None:
    job = api.submit(BROKEN, webhook_url=receiver.url)
    assert api.told(receiver.wait_for(1)[0].json) == (job, "error")


@each_family
def test_nothing_is_told_before_the_end(api: AnyApi, receiver: Receiver) -> None:
    job = api.submit(URL, progress="held", webhook_url=receiver.url)
    assert deliveries(api) == []
    api.control.post(f"/jobs/{job}/release")
    assert api.told(receiver.wait_for(1)[0].json)[0] == job


def test_the_words_of_a_call_and_what_a_transcript_says_of_it(api: Api) -> None:
    with receiving(500, 200) as receiver:
        api.freeze()
        job = api.submit(URL, progress="held", webhook_url=receiver.url)
        assert api.get(job)["webhook_status_code"] is None
        api.control.post(f"/jobs/{job}/release")
        deliveries(api)
        assert api.get(job)["webhook_status_code"] == 500
        api.advance(10)
        deliveries(api)
        assert api.get(job)["webhook_status_code"] == 200
        assert [call.json for call in receiver.received] == [{"transcript_id": job, "status": "completed"}] * 2
        failed = api.submit(BROKEN, webhook_url=receiver.url)
        assert receiver.wait_for(3)[2].json == {"transcript_id": failed, "status": "error"}


def test_the_secret_header_is_sent_and_its_value_never_shown(api: Api, receiver: Receiver) -> None:
    job = api.submit(
        URL, webhook_url=receiver.url, webhook_auth_header_name="X-Secret", webhook_auth_header_value="s3cret"
    )
    assert receiver.wait_for(1)[0].headers["x-secret"] == "s3cret"
    view = api.get(job)
    assert (view["webhook_auth"], view["webhook_auth_header_name"]) == (True, "X-Secret")
    assert "s3cret" not in str(view)


def test_redacted_audio_is_told_after_the_transcript_and_can_be_fetched(api: Api, receiver: Receiver) -> None:
    url = api.upload((AUDIO / "voicemail.m4a").read_bytes())
    job = api.submit(
        url, webhook_url=receiver.url, redact_pii=True, redact_pii_policies=["person_name"], redact_pii_audio=True
    )
    first, second = receiver.wait_for(2)
    assert first.json == {"transcript_id": job, "status": "completed"}
    assert set(second.json) == {"redacted_audio_url", "status"}
    assert second.json["status"] == "redacted_audio_ready"
    audio = httpx.get(second.json["redacted_audio_url"])
    assert audio.status_code == 200
    assert len(audio.content) > 1000


def test_a_receiver_that_fails_is_called_again_every_ten_seconds_ten_times(api: Api) -> None:
    with receiving(500, 503) as receiver:
        api.freeze()
        job = api.submit(URL, webhook_url=receiver.url)
        for made in range(1, 11):
            (delivery,) = deliveries(api)
            assert len(delivery["attempts"]) == made
            api.advance(9.9)
            assert len(deliveries(api)[0]["attempts"]) == made
            api.advance(0.1)
        (delivery,) = deliveries(api)
        assert [attempt["status"] for attempt in delivery["attempts"]] == [500] + [503] * 9
        assert not delivery["delivered"]
        assert delivery["due"] is None
        assert api.get(job)["webhook_status_code"] == 503


@each_family
def test_a_receiver_that_recovers_gets_the_call(api: AnyApi) -> None:
    with receiving(500, 200) as receiver:
        api.freeze()
        job = api.submit(URL, webhook_url=receiver.url)
        assert not deliveries(api)[0]["delivered"]
        api.advance(10)
        assert deliveries(api)[0]["delivered"]
        assert [api.told(call.json)[0] for call in receiver.received] == [job, job]


@pytest.mark.parametrize("status", [400, 404, 410, 499])
def test_any_4xx_ends_it(api: Api, status: int) -> None:
    with receiving(status) as receiver:
        api.freeze()
        job = api.submit(URL, webhook_url=receiver.url)
        assert deliveries(api)[0]["due"] is None
        assert api.get(job)["webhook_status_code"] == status
        api.advance(100)
        assert len(deliveries(api)[0]["attempts"]) == 1


@each_family
def test_a_redirect_is_not_followed_but_tried_again(api: AnyApi, receiver: Receiver) -> None:
    with receiving(302, Location=receiver.url) as redirecting:
        api.freeze()
        api.submit(URL, webhook_url=redirecting.url)
        assert deliveries(api)[0]["due"] is not None
        assert receiver.received == []


def test_a_receiver_that_cannot_be_reached_is_999(api: Api) -> None:
    with receiving() as gone:
        pass
    api.freeze()
    job = api.submit(URL, webhook_url=gone.url)
    (delivery,) = deliveries(api)
    assert delivery["attempts"][0]["status"] is None
    assert delivery["attempts"][0]["error"]
    assert api.get(job)["webhook_status_code"] == 999
    assert delivery["due"] is not None


@each_family
def test_a_receiver_that_does_not_answer_is_given_up(family: Family) -> None:
    with MockServer(webhook_timeout=0.2) as mock, receiving() as receiver:
        api = api_of(mock.url, family=family)
        receiver.may_answer.clear()
        api.freeze()
        api.submit(URL, webhook_url=receiver.url)
        (delivery,) = deliveries(api)
        assert (delivery["attempts"][0]["status"], delivery["due"] is None) == (None, False)
        assert "no reply within 0.2 s" in delivery["attempts"][0]["error"]


@each_family
def test_slow_receivers_hold_up_neither_the_server_nor_each_other(api: AnyApi, receiver: Receiver) -> None:
    with receiving() as slow:
        slow.may_answer.clear()
        for number in range(60):
            api.submit(f"https://example.com/{number}.mp3", webhook_url=slow.url)
        job = api.submit(URL, webhook_url=receiver.url)
        assert api.told(receiver.wait_for(1)[0].json)[0] == job
        assert api.status(job) == "completed"
        slow.may_answer.set()
        slow.wait_for(60)


@each_family
def test_a_delivery_can_be_made_again(api: AnyApi, receiver: Receiver) -> None:
    job = api.submit(URL, webhook_url=receiver.url)
    (delivery,) = deliveries(api)
    assert api.control.post(f"/webhooks/{delivery['number']}/replay").status_code == 200
    assert [api.told(call.json)[0] for call in receiver.wait_for(2)] == [job, job]
    assert len(deliveries(api)[0]["attempts"]) == 2
    assert api.control.post("/webhooks/999999/replay").status_code == 404


def test_a_call_of_audio_that_is_deleted_is_not_made_again_and_stays_listed(api: Api, receiver: Receiver) -> None:
    job = api.submit(
        URL, webhook_url=receiver.url, redact_pii=True, redact_pii_policies=["person_name"], redact_pii_audio=True
    )
    receiver.wait_for(2)
    api.http.delete(f"/v2/transcript/{job}")
    audio = deliveries(api)[0]
    assert audio["event"] == "audio"
    api.control.post(f"/webhooks/{audio['number']}/replay")
    after = deliveries(api)[0]
    assert (after["number"], len(after["attempts"]), after["due"]) == (audio["number"], 1, None)
    assert len(receiver.received) == 2


@each_family
def test_deliveries_are_listed_by_project_and_job(
    family: Family, server: MockServer, api: AnyApi, receiver: Receiver
) -> None:
    jobs = [api.submit(URL, webhook_url=receiver.url) for _ in range(3)]
    assert [delivery["job"] for delivery in deliveries(api)] == jobs[::-1]
    assert [delivery["job"] for delivery in deliveries(api, job=jobs[1])] == [jobs[1]]
    newest = deliveries(api, limit=1)[0]
    assert [delivery["job"] for delivery in deliveries(api, before=newest["number"])] == jobs[1::-1]
    assert deliveries(api_of(server.url, family=family)) == []


@each_family
def test_a_reset_forgets_deliveries(api: AnyApi) -> None:
    with receiving(500) as receiver:
        api.submit(URL, webhook_url=receiver.url)
        assert len(deliveries(api)) == 1
        api.control.post("/reset")
        assert deliveries(api) == []


@each_family
def test_calls_that_were_not_made_survive_a_kill(family: Family, tmp_path: Path) -> None:
    with receiving(500, 200) as receiver:
        with running("--data", str(tmp_path)) as server:
            api = api_of(server.url, "k", family=family)
            api.freeze()
            job = api.submit(URL, webhook_url=receiver.url)
            assert deliveries(api)[0]["attempts"][0]["status"] == 500
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
        with running("--data", str(tmp_path)) as server:
            api = api_of(server.url, "k", family=family)
            assert not deliveries(api)[0]["delivered"]
            api.advance(10)
            (delivery,) = deliveries(api)
            assert delivery["delivered"]
            assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 200]
            assert [api.told(call.json)[0] for call in receiver.received] == [job, job]


@each_family
@pytest.mark.parametrize("url", ["ftp://example.com/x", "not a url", "", "http://", "https://[::1"])
def test_a_webhook_url_must_be_one(api: AnyApi, url: str) -> None:
    reply = api.create(URL, webhook_url=url)
    assert reply.status_code == 400
    assert "webhook_url" in api.message_of(reply) + reply.headers.get("x-mock-hint", "")
