"""Webhooks: signed, one for each job that ends, and attempted for a day."""

from __future__ import annotations

import hashlib
import hmac
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.conftest import Api, api_of
from tests.jobs.calls import URL, again, cancel, delete, deliveries, seen, serving, statuses, submitted, terms
from tests.jobs.conftest import jobs_of
from tests.processes import running
from tests.receivers import Receiver, receiving

BROKEN = "https://example.com/errors/download-404.mp3"
DAY = 24 * 3600


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def is_verified(secret: str, raw_body: bytes, headers: dict[str, str]) -> bool:
    """Say whether a call is genuine, just as the vendor's page tells its readers to."""
    expected = hmac.new(secret.encode(), raw_body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, headers["X-Transcription-Signature".lower()])


def secret_of(api: Api) -> str:
    secret: str = api.control.get("/terms").json()["webhook_secret"]
    return secret


def ended(api: Api, end: str, **params: Any) -> str:
    """Return a job that has ended so."""
    job = submitted(api, source_url=BROKEN if end == "failed" else URL, progress="held", **params)
    cancel(api, job) if end == "cancelled" else api.control.post(f"/jobs/{job}/release")
    assert statuses(api, job) == [end]
    return job


def offsets(delivery: dict[str, Any]) -> list[float]:
    """Return when the attempts were made, in seconds after the first was due."""
    moments = [datetime.fromisoformat(attempt["at"]) for attempt in delivery["attempts"]]
    return [(moment - moments[0]).total_seconds() for moment in moments]


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_each_end_is_told_once_and_signed(jobs: Api, receiver: Receiver, end: str) -> None:
    job = ended(jobs, end, webhook_url=f"{receiver.url}?customer=7&x=a%2Fb")
    (call,) = receiver.wait_for(1)
    view = seen(jobs, job)
    told = {"event": f"job.{end}"} | {name: view[name] for name in ("job_id", "status", "created_at", "completed_at")}
    assert call.json == told | ({"error": view["error"]} if end == "failed" else {})
    assert call.path == "/hook?customer=7&x=a%2Fb"
    assert call.headers["content-type"] == "application/json"
    assert is_verified(secret_of(jobs), call.body, call.headers)
    assert not is_verified(secret_of(jobs), call.body + b" ", call.headers)
    assert not is_verified(secret_of(jobs) + "x", call.body, call.headers)
    jobs.advance(3 * DAY)
    (delivery,) = deliveries(jobs)
    assert (delivery["delivered"], delivery["due"], len(delivery["attempts"])) == (True, None, 1)
    assert len(receiver.received) == 1


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_a_sink_sees_that_it_is_genuine(jobs: Api, end: str) -> None:
    job = ended(jobs, end, webhook_url=f"{jobs.url}/_mock/sink/{jobs.key}")
    (call,) = jobs.control.get(f"/sinks/{jobs.key}", params={"count": 1, "timeout": 30}).json()["requests"]
    headers = {name.lower(): value for name, value in call["headers"].items()}
    assert is_verified(secret_of(jobs), call["body"]["text"].encode(), headers)
    assert (call["body"]["json"]["job_id"], call["body"]["json"]["status"]) == (job, end)
    assert deliveries(jobs)[0]["delivered"]


def test_each_key_has_a_secret_of_its_own_if_it_likes(server: MockServer, jobs: Api, receiver: Receiver) -> None:
    other = jobs_of(server.url)
    terms(jobs, webhook_secret="s3cret ü")
    first = submitted(jobs, webhook_url=receiver.url)
    second = submitted(other, webhook_url=receiver.url)
    calls = {call.json["job_id"]: call for call in receiver.wait_for(2)}
    assert secret_of(other) != "s3cret ü"
    assert is_verified("s3cret ü", calls[first].body, calls[first].headers)
    assert is_verified(secret_of(other), calls[second].body, calls[second].headers)
    assert "s3cret" not in calls[first].body.decode()


def test_the_secret_is_a_setting_too(receiver: Receiver) -> None:
    with serving(webhook_secret="whsec_ours") as api:
        submitted(api, webhook_url=receiver.url)
        (call,) = receiver.wait_for(1)
        assert is_verified("whsec_ours", call.body, call.headers)


def test_nothing_is_told_before_the_end_or_of_jobs_without_a_receiver(jobs: Api, receiver: Receiver) -> None:
    job = submitted(jobs, progress="polls", webhook_url=receiver.url)
    submitted(jobs)
    assert statuses(jobs, job) == ["processing"]
    assert deliveries(jobs) == []
    assert statuses(jobs, job) == ["completed"]
    assert len(receiver.wait_for(1)) == 1
    assert len(deliveries(jobs)) == 1


PAUSES = [10, 20, 40, 80, 160, 320, 640, 1280, 2560, *[3600] * 22]


def test_attempts_become_rarer_up_to_one_an_hour_and_end_after_a_day(jobs: Api) -> None:
    with receiving(500, 404, 400, 302, 503) as receiver:
        jobs.freeze()
        job = submitted(jobs, webhook_url=receiver.url)
        for made, pause in enumerate(PAUSES, 1):
            assert len(deliveries(jobs)[0]["attempts"]) == made
            jobs.advance(pause - 0.001)
            assert len(deliveries(jobs)[0]["attempts"]) == made
            jobs.advance(0.001)
        (delivery,) = deliveries(jobs)
        expected = [float(sum(PAUSES[:made])) for made in range(len(PAUSES) + 1)]
        assert offsets(delivery) == expected
        assert expected[-1] <= DAY < expected[-1] + 3600
        assert (delivery["due"], delivery["delivered"]) == (None, False)
        assert [attempt["status"] for attempt in delivery["attempts"]][:5] == [500, 404, 400, 302, 503]
        jobs.advance(10 * DAY)
        assert len(deliveries(jobs)[0]["attempts"]) == len(expected)
        again(jobs)
        assert statuses(jobs, job) == ["completed"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_ends_it(jobs: Api, status: int) -> None:
    with receiving(410, status) as receiver:
        jobs.freeze()
        submitted(jobs, webhook_url=receiver.url)
        assert deliveries(jobs)[0]["due"] is not None
        jobs.advance(10)
        (delivery,) = deliveries(jobs)
        assert (delivery["delivered"], delivery["due"]) == (True, None)
        assert [attempt["status"] for attempt in delivery["attempts"]] == [410, status]


@pytest.mark.parametrize("status", [300, 304, 308, 400, 401, 404, 410, 429, 500, 503, 599])
def test_anything_else_is_tried_again(jobs: Api, receiver: Receiver, status: int) -> None:
    with receiving(status, Location=receiver.url) as refusing:
        jobs.freeze()
        submitted(jobs, webhook_url=refusing.url)
        (delivery,) = deliveries(jobs)
        assert (delivery["delivered"], delivery["due"] is not None) == (False, True)
        jobs.advance(10)
        assert [attempt["status"] for attempt in deliveries(jobs)[0]["attempts"]] == [status, status]
        assert receiver.received == []


def test_a_receiver_that_is_not_there_is_tried_again(jobs: Api) -> None:
    with receiving() as gone:
        pass
    jobs.freeze()
    job = submitted(jobs, webhook_url=gone.url)
    jobs.advance(10)
    (delivery,) = deliveries(jobs, job=job)
    assert [attempt["status"] for attempt in delivery["attempts"]] in ([None], [None, None])
    assert statuses(jobs, job) == ["completed"]


def test_a_receiver_that_says_nothing_is_tried_again(receiver: Receiver) -> None:
    receiver.may_answer.clear()
    with serving(webhook_timeout=0.2) as api:
        api.freeze()
        job = submitted(api, webhook_url=receiver.url)
        assert [attempt["status"] for attempt in deliveries(api)[0]["attempts"]] == [None]
        receiver.may_answer.set()
        api.advance(10)
        assert deliveries(api)[0]["delivered"]
        assert [call.json["job_id"] for call in receiver.received] == [job, job]


def test_a_whole_day_in_one_step_is_one_attempt_more_and_the_last(jobs: Api) -> None:
    with receiving(500) as receiver:
        jobs.freeze()
        submitted(jobs, webhook_url=receiver.url)
        assert len(deliveries(jobs)[0]["attempts"]) == 1
        jobs.advance(DAY)
        (delivery,) = deliveries(jobs)
        assert (offsets(delivery), delivery["due"]) == ([0, DAY], None)


def test_no_attempt_is_made_when_the_day_is_over(jobs: Api) -> None:
    with receiving(500, 200) as receiver:
        jobs.freeze()
        job = submitted(jobs, webhook_url=receiver.url)
        assert len(deliveries(jobs)[0]["attempts"]) == 1
        jobs.advance(DAY + 1)
        (delivery,) = deliveries(jobs)
        assert (offsets(delivery), delivery["due"], delivery["delivered"]) == ([0], None, False)
        assert len(receiver.received) == 1
        again(jobs)
        assert statuses(jobs, job) == ["completed"]


def test_a_job_that_ended_long_ago_in_one_step_is_told_all_the_same(jobs: Api, receiver: Receiver) -> None:
    jobs.freeze()
    submitted(jobs, progress="timed", webhook_url=receiver.url)
    jobs.advance(5 * DAY)
    assert [attempt["status"] for attempt in deliveries(jobs)[0]["attempts"]] == [200]


def test_a_replay_begins_a_day_of_its_own(jobs: Api) -> None:
    with receiving(500) as receiver:
        jobs.freeze()
        submitted(jobs, webhook_url=receiver.url)
        (delivery,) = deliveries(jobs)
        jobs.advance(2 * DAY)
        assert deliveries(jobs)[0]["due"] is None
        made = len(deliveries(jobs)[0]["attempts"])
        assert jobs.control.post(f"/webhooks/{delivery['number']}/replay").status_code == 200
        assert len(deliveries(jobs)[0]["attempts"]) == made + 1
        for pause in (10, 20, 40):
            jobs.advance(pause)
            made += 1
            assert len(deliveries(jobs)[0]["attempts"]) == made + 1
        jobs.advance(DAY)
        assert deliveries(jobs)[0]["due"] is None


def test_of_a_deleted_job_nothing_more_is_told(jobs: Api) -> None:
    with receiving(500) as receiver:
        jobs.freeze()
        job = submitted(jobs, webhook_url=receiver.url)
        assert len(deliveries(jobs)[0]["attempts"]) == 1
        assert delete(jobs, job).status_code == 204
        for _ in range(3):
            jobs.advance(600)
            deliveries(jobs)
        assert len(receiver.received) == 1
        assert [delivery["due"] for delivery in deliveries(jobs)] == [None]


def test_a_deleted_transcript_takes_nothing_from_the_webhook(jobs: Api) -> None:
    with receiving(500, 200) as receiver:
        jobs.freeze()
        job = submitted(jobs, webhook_url=receiver.url)
        assert len(deliveries(jobs)[0]["attempts"]) == 1
        jobs.http.delete(f"/jobs/{job}/transcript")
        jobs.advance(10)
        assert deliveries(jobs)[0]["delivered"]
        assert receiver.received[0].body == receiver.received[1].body


def test_the_other_api_keeps_to_its_own_rules(jobs: Api) -> None:
    with receiving(404) as receiver:
        jobs.freeze()
        body = {"audio_url": URL, "webhook_url": receiver.url}
        theirs = jobs.http.post("/v2/transcript", json=body, headers={"Authorization": jobs.key}).json()["id"]
        ours = submitted(jobs, webhook_url=receiver.url)
        assert [call["due"] is None for call in deliveries(jobs)] == [False, True]
        jobs.advance(10)
        assert [len(call["attempts"]) for call in deliveries(jobs)] == [2, 1]
        signed = {"x-transcription-signature" in call.headers for call in receiver.received if "job_id" in call.json}
        unsigned = {
            "x-transcription-signature" in call.headers for call in receiver.received if "job_id" not in call.json
        }
        assert (signed, unsigned) == ({True}, {False})
        assert [call["job"] for call in deliveries(jobs)] == [ours, theirs]


@pytest.mark.parametrize(("fault", "calls"), [("webhook_twice", 2), ("webhook_dropped", 0)])
def test_webhooks_may_go_wrong_here_too(jobs: Api, receiver: Receiver, fault: str, calls: int) -> None:
    submitted(jobs, headers={"X-Mock-Fault": fault}, webhook_url=receiver.url)
    assert len([call for call in deliveries(jobs) if call["delivered"]]) == calls
    assert len(receiver.received) == calls


def test_calls_that_were_not_made_survive_a_kill(tmp_path: Path) -> None:
    with receiving(500, 200) as receiver:
        with running("--data", str(tmp_path)) as server:
            api = jobs_of(server.url, "k")
            api.freeze()
            job = submitted(api, webhook_url=receiver.url)
            assert deliveries(api)[0]["attempts"][0]["status"] == 500
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
        with running("--data", str(tmp_path)) as server:
            api = api_of(server.url, "k")
            api.advance(10)
            (delivery,) = deliveries(api)
            assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 200]
            assert [call.json["job_id"] for call in receiver.received] == [job, job]
            assert receiver.received[0].body == receiver.received[1].body


def test_clocks_that_are_moved_tell_what_became_of_calls(jobs: Api) -> None:
    with receiving(500, 200) as receiver:
        jobs.freeze()
        job = submitted(jobs, webhook_url=receiver.url)
        assert len(deliveries(jobs)[0]["attempts"]) == 1
        moved = jobs.control.post("/clock/advance", json={"seconds": 10, "wait": 30}).json()
        assert [(call["job"], call["event"], call["status"]) for call in moved["webhooks"]] == [(job, "done", 200)]


@pytest.mark.parametrize("family", ["jobs", "assemblyai"])
def test_a_call_of_a_job_that_a_restore_has_made_unfinished_is_not_made(jobs: Api, family: str) -> None:
    with receiving() as receiver:
        fault = {"X-Mock-Fault": "webhook_twice"}
        if family == "jobs":
            job = submitted(jobs, progress="held", headers=fault, webhook_url=receiver.url)
        else:
            body = {"audio_url": URL, "webhook_url": receiver.url}
            headers = fault | {"Authorization": jobs.key, "X-Mock-Progress": "held"}
            job = jobs.http.post("/v2/transcript", json=body, headers=headers).json()["id"]
        jobs.control.post("/snapshots", json={"name": "held"})
        receiver.may_answer.clear()
        jobs.control.post(f"/jobs/{job}/release")
        receiver.wait_for(1)
        assert jobs.control.post("/snapshots/held/restore").status_code == 200
        receiver.may_answer.set()
        jobs.control.post(f"/jobs/{job}/fail")
        assert [call["delivered"] for call in deliveries(jobs)] == [True, True]
        assert [call.json["status"] for call in receiver.received][1:] == [
            {"jobs": "failed", "assemblyai": "error"}[family]
        ] * 2
