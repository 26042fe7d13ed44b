"""Jobs that fail or stay where they are, and webhooks that do not come as they should."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.apis import AnyApi
from tests.conftest import AUDIO, each_family
from tests.faults.conftest import Faults
from tests.receivers import Receiver, receiving

URL = "https://example.com/a.mp3"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@each_family
def test_a_job_fails_with_a_text(api: AnyApi, faults: Faults) -> None:
    faults.add(fail_job="the tape broke", params=api.asked(speakers=True), times=1)
    speakers = api.asked(speakers=True)
    assert api.status(api.submit(URL, **api.asked(speakers=False))) == "completed"
    failed = api.submit(URL, **speakers)
    assert (api.status(failed), api.failure(failed)) == ("error", "the tape broke")
    steps = [step["to"] for step in api.job(failed)["transitions"]]
    assert steps == ["processing", "error"]
    assert api.status(api.submit(URL, **speakers)) == "completed"


@each_family
def test_a_job_whose_audio_has_to_be_looked_at_fails_too(api: AnyApi, faults: Faults) -> None:
    faults.add(fail_job="the tape broke")
    failed = api.send((AUDIO / "hello.wav").read_bytes())
    assert (api.status(failed), api.failure(failed)) == ("error", "the tape broke")


@each_family
@pytest.mark.parametrize("status", ["queued", "processing"])
@pytest.mark.parametrize("uploaded", [False, True])
def test_a_job_is_stuck_until_it_is_released(api: AnyApi, faults: Faults, status: str, uploaded: bool) -> None:
    faults.add(hold_job=status)
    job = api.send((AUDIO / "hello.wav").read_bytes()) if uploaded else api.submit(URL)
    api.advance(86_400)
    assert api.status(job) == status
    assert api.job(job)["held"]
    api.control.post(f"/jobs/{job}/release")
    assert api.status(job) == "completed"


@each_family
def test_requests_that_make_no_job_do_not_use_up_a_job_s_fault(api: AnyApi, faults: Faults) -> None:
    faults.add(fail_job="the tape broke", times=1)
    api.listing()
    assert api.status(api.submit(URL)) == "error"


@each_family
def test_the_url_of_the_audio_asks_for_a_fault_of_the_job(api: AnyApi) -> None:
    assert api.status(api.submit(f"{URL}?a=1&mock-fault=job_failed")) == "error"
    assert api.status(api.submit(f"{URL}?mock-fault=job_stuck#x")) == "processing"
    assert api.status(api.submit(f"{URL}?mock-faults=job_stuck")) == "completed"
    for wrong in ("server_error", "x", ""):
        reply = api.create(f"{URL}?mock-fault={wrong}")
        assert reply.status_code == (api.accepted if wrong == "" else 400), wrong
    assert len(api.control.get("/jobs").json()["jobs"]) == 4


@each_family
def test_a_webhook_is_not_sent(api: AnyApi, faults: Faults, receiver: Receiver) -> None:
    faults.add(webhook="drop", times=1)
    silent = api.submit(URL, webhook_url=receiver.url)
    told = api.submit(URL, webhook_url=receiver.url)
    assert [api.told(call.json)[0] for call in receiver.wait_for(1)] == [told]
    listed = {view["job"]: view for view in api.control.get("/webhooks", params={"wait": 30}).json()["webhooks"]}
    assert (listed[silent]["due"], listed[silent]["attempts"]) == (None, [])
    api.control.post(f"/webhooks/{listed[silent]['number']}/replay")
    assert api.told(receiver.wait_for(2)[1].json)[0] == silent


@each_family
def test_a_webhook_is_sent_twice(api: AnyApi, faults: Faults, receiver: Receiver) -> None:
    faults.add(webhook="twice")
    job = api.submit(URL, webhook_url=receiver.url)
    first, second = receiver.wait_for(2)
    assert first == second
    assert api.told(first.json)[0] == job


@each_family
def test_a_webhook_waits_until_another_was_sent(api: AnyApi, faults: Faults, receiver: Receiver) -> None:
    faults.add(webhook="reorder")
    for pair in range(2):
        first, second = (api.submit(URL, webhook_url=receiver.url) for _ in range(2))
        told = [api.told(call.json)[0] for call in receiver.wait_for(2 * pair + 2)]
        assert told[-2:] == [second, first]


@each_family
def test_a_webhook_that_waits_is_made_by_a_replay(api: AnyApi, receiver: Receiver) -> None:
    job = api.submit(f"{URL}?mock-fault=webhook_reordered", webhook_url=receiver.url)
    (waiting,) = api.control.get("/webhooks", params={"wait": 30}).json()["webhooks"]
    assert (waiting["held"], waiting["due"], receiver.received) == (True, None, [])
    api.control.post(f"/webhooks/{waiting['number']}/replay")
    assert api.told(receiver.wait_for(1)[0].json)[0] == job
