"""Jobs that fail or stay where they are, and webhooks that do not come as they should."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import AUDIO, Api
from tests.faults.conftest import Faults
from tests.receivers import Receiver, receiving

URL = "https://example.com/a.mp3"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def test_a_job_fails_with_a_text(api: Api, faults: Faults) -> None:
    faults.add(fail_job="the tape broke", params={"speaker_labels": True}, times=1)
    assert api.transcribe(URL)["status"] == "completed"
    failed = api.transcribe(URL, speaker_labels=True)
    assert (failed["status"], failed["error"]) == ("error", "the tape broke")
    steps = [step["to"] for step in api.job(failed["id"])["transitions"]]
    assert steps == ["processing", "error"]
    assert api.transcribe(URL, speaker_labels=True)["status"] == "completed"


def test_a_job_whose_audio_has_to_be_looked_at_fails_too(api: Api, faults: Faults) -> None:
    faults.add(fail_job="the tape broke")
    upload = api.upload((AUDIO / "hello.wav").read_bytes())
    failed = api.transcribe(upload)
    assert (failed["status"], failed["error"]) == ("error", "the tape broke")


@pytest.mark.parametrize("status", ["queued", "processing"])
@pytest.mark.parametrize("uploaded", [False, True])
def test_a_job_is_stuck_until_it_is_released(api: Api, faults: Faults, status: str, uploaded: bool) -> None:
    faults.add(hold_job=status)
    url = api.upload((AUDIO / "hello.wav").read_bytes()) if uploaded else URL
    job = api.submit(url)
    api.advance(86_400)
    assert api.get(job)["status"] == status
    assert api.job(job)["held"]
    api.control.post(f"/jobs/{job}/release")
    assert api.get(job)["status"] == "completed"


def test_requests_that_make_no_job_do_not_use_up_a_job_s_fault(api: Api, faults: Faults) -> None:
    faults.add(fail_job="the tape broke", times=1)
    api.http.get("/v2/transcript")
    assert api.transcribe(URL)["status"] == "error"


def test_the_url_of_the_audio_asks_for_a_fault_of_the_job(api: Api) -> None:
    assert api.transcribe(f"{URL}?a=1&mock-fault=job_failed")["status"] == "error"
    assert api.transcribe(f"{URL}?mock-fault=job_stuck#x")["status"] == "processing"
    assert api.transcribe(f"{URL}?mock-faults=job_stuck")["status"] == "completed"
    for wrong in ("server_error", "x", ""):
        reply = api.http.post("/v2/transcript", json={"audio_url": f"{URL}?mock-fault={wrong}"})
        assert reply.status_code == (200 if wrong == "" else 400), wrong
    assert len(api.control.get("/jobs").json()["jobs"]) == 4


def test_a_webhook_is_not_sent(api: Api, faults: Faults, receiver: Receiver) -> None:
    faults.add(webhook="drop", times=1)
    silent = api.submit(URL, webhook_url=receiver.url)
    told = api.submit(URL, webhook_url=receiver.url)
    assert [call.json["transcript_id"] for call in receiver.wait_for(1)] == [told]
    listed = {view["job"]: view for view in api.control.get("/webhooks", params={"wait": 30}).json()["webhooks"]}
    assert (listed[silent]["due"], listed[silent]["attempts"]) == (None, [])
    api.control.post(f"/webhooks/{listed[silent]['number']}/replay")
    assert receiver.wait_for(2)[1].json["transcript_id"] == silent


def test_a_webhook_is_sent_twice(api: Api, faults: Faults, receiver: Receiver) -> None:
    faults.add(webhook="twice")
    job = api.submit(URL, webhook_url=receiver.url)
    first, second = receiver.wait_for(2)
    assert first == second
    assert first.json["transcript_id"] == job


def test_a_webhook_waits_until_another_was_sent(api: Api, faults: Faults, receiver: Receiver) -> None:
    faults.add(webhook="reorder")
    for pair in range(2):
        first, second = (api.submit(URL, webhook_url=receiver.url) for _ in range(2))
        told = [call.json["transcript_id"] for call in receiver.wait_for(2 * pair + 2)]
        assert told[-2:] == [second, first]


def test_a_webhook_that_waits_is_made_by_a_replay(api: Api, receiver: Receiver) -> None:
    job = api.submit(f"{URL}?mock-fault=webhook_reordered", webhook_url=receiver.url)
    (waiting,) = api.control.get("/webhooks", params={"wait": 30}).json()["webhooks"]
    assert (waiting["held"], waiting["due"], receiver.received) == (True, None, [])
    api.control.post(f"/webhooks/{waiting['number']}/replay")
    assert receiver.wait_for(1)[0].json["transcript_id"] == job
