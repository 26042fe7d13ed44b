"""The plans: sizes, slots, submissions in a second, and the minutes of a month."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api
from tests.jobs.conftest import jobs_of, problem
from tests.jobs.submitting import (
    END,
    GONE,
    URL,
    WAV,
    Server,
    accepted,
    add_fixture,
    begun,
    change,
    connected,
    ended,
    look,
    name_url,
    offering,
    part,
    send,
    serving,
    statuses,
    stored,
)
from tests.sounds import wav

MB = 2**20
PIECE = bytes(MB)
HEAD = part("file", b"", "call.wav")[:-2]
FORM = {"Content-Type": "multipart/form-data; boundary=edge"}
INTERVIEW = (AUDIO / "interview.mp3").read_bytes()
"""Two minutes and two seconds."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data")) as server:
        yield server


class Stream:
    """A form whose file costs nothing to make; it counts what is asked of it, and how much of it is on the disk."""

    def __init__(self, place: Server, size: int) -> None:
        self.sent = self.most_kept = 0
        self.health = 0
        self._place, self._size, self._before = place, size, place.kept()

    def __iter__(self) -> Iterator[bytes]:
        yield HEAD
        while self.sent < self._size:
            self.sent += len(PIECE)
            if not self.sent % (32 * MB):
                self._watch()
            yield PIECE
        yield b"\r\n" + END

    def _watch(self) -> None:
        self.most_kept = max(self.most_kept, self._place.kept() - self._before)
        self.health = httpx.get(f"{self._place.url}/_mock/health", timeout=10).status_code


def post(api: Api, stream: Stream, **headers: str) -> httpx.Response:
    return api.http.post("/jobs", content=iter(stream), headers=FORM | headers)


def test_a_file_is_cut_off_at_the_size_of_the_free_plan(place: Server) -> None:
    api, stream = place.account(plan="free"), Stream(place, 512 * MB)
    said = place.refused(api, lambda: post(api, stream), 413, "payload_too_large")
    assert said["limit_bytes"] == 100 * MB
    assert stream.health == 200
    assert stream.most_kept <= 101 * MB


@pytest.mark.parametrize(("plan", "limit"), [("free", 100), ("pro", 2048), ("business", 5120)])
def test_a_file_that_says_how_large_it_is_is_not_asked_for(plan: str, limit: int, place: Server) -> None:
    api = place.account(plan=plan)
    kept = set(place.uploads.iterdir())
    length = f"Content-Length: {(limit + 5) * MB}"
    with connected(api) as client:
        client.sendall(begun(api, "Expect: 100-continue", f"Content-Type: {FORM['Content-Type']}", length))
        reply = b"".join(iter(lambda: client.recv(65_536), b""))
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert b'"limit_bytes":%d}' % (limit * MB) in reply
    assert (
        f"x-mock-hint: the plan {plan} (plan, in the settings or the terms) takes files of up to {limit} MB".encode()
        in reply
    )
    assert set(place.uploads.iterdir()) == kept
    assert stored(api)[0]["jobs"] == []


def test_a_file_may_be_just_as_large_as_the_plan_says(place: Server) -> None:
    sound = wav(590, rate=44_100, channels=2)
    content = sound + bytes(100 * MB - len(sound))
    api = place.account(plan="free")
    assert look(api, accepted(send(api, content)))["duration_seconds"] == 590
    said = place.refused(api, lambda: send(api, content + b"x"), 413, "payload_too_large")
    assert said["limit_bytes"] == 100 * MB


def test_the_server_may_take_less_than_the_plan(tmp_path: Path) -> None:
    with serving(tmp_path, upload_bytes=50_000) as server:
        for plan in ("free", "pro", "business"):
            api = server.account(plan=plan)
            said = server.refused(api, lambda: send(api, bytes(60_000)), 413, "payload_too_large")  # noqa: B023
            assert said["limit_bytes"] == 50_000
            accepted(send(api))


def test_a_download_is_cut_off_at_the_size_of_the_plan(tmp_path: Path) -> None:
    files = {"a.wav": bytes(100 * MB + 1)}
    with serving(tmp_path, remote_audio="fetch") as server, offering(files) as site:
        api = server.account(plan="free")
        failed = ended(api, accepted(name_url(api, source_url=f"{site}/a.wav")))
        assert (failed["status"], failed["error"]["error"]) == ("failed", "payload_too_large")
        assert list(server.uploads.iterdir()) == []


def busy(place: Server, **terms: Any) -> Api:
    """Return the API as a key sees it whose jobs take a minute."""
    api = place.account(progress="timed", processing_seconds=60, queue_seconds=0, **terms)
    api.freeze()
    return api


def submitted(api: Api, count: int) -> list[str]:
    return [accepted(send(api)) for _ in range(count)]


@pytest.mark.parametrize(
    ("terms", "slots"),
    [
        ({}, 20),
        ({"plan": "free"}, 1),
        ({"plan": "pro"}, 20),
        ({"plan": "business"}, 50),
        ({"plan": "free", "concurrency": 3}, 3),
        ({"plan": "business", "concurrency": 2}, 2),
    ],
)
def test_a_job_beyond_the_slots_waits_for_one(terms: dict[str, Any], slots: int, place: Server) -> None:
    api = busy(place, **terms)
    made = submitted(api, slots + 2)
    api.advance(30)
    assert statuses(api, made) == [*["processing"] * slots, "queued", "queued"]
    assert api.http.post(f"/jobs/{made[0]}/cancel").status_code == 200
    assert statuses(api, made) == ["cancelled", *["processing"] * slots, "queued"]
    api.advance(30)
    late = 2 if slots > 1 else 1
    assert statuses(api, made)[1:] == [
        *["completed"] * (slots - 1),
        *["processing"] * late,
        *["queued"] * (2 - late),
    ]
    api.advance(120)
    assert statuses(api, made)[1:] == ["completed"] * (slots + 1)


def test_without_a_queue_a_job_beyond_the_slots_is_refused(place: Server) -> None:
    api = busy(place, queueing=False)
    made = submitted(api, 20)
    place.refused(api, lambda: send(api, webhook_url=GONE), 429, "rate_limited")
    place.refused(api, lambda: name_url(api, source_url=URL), 429, "rate_limited")
    assert int(send(api).headers["retry-after"]) > 0
    assert api.http.post(f"/jobs/{made[7]}/cancel").status_code == 200
    accepted(send(api))
    assert problem(send(api)) == (429, "rate_limited")
    api.advance(60)
    submitted(api, 20)


def test_without_a_queue_a_large_file_is_not_even_read(place: Server) -> None:
    api = busy(place, queueing=False, plan="free")
    submitted(api, 1)
    stream = Stream(place, 64 * MB)
    place.refused(api, lambda: post(api, stream), 429, "rate_limited")
    assert stream.most_kept == 0


@pytest.mark.parametrize("by_url", [False, True])
def test_without_a_queue_only_as_many_as_there_are_slots_get_in_together(by_url: bool, place: Server) -> None:
    api = busy(place, queueing=False)
    kept = set(place.uploads.iterdir())
    with ThreadPoolExecutor(30) as threads:
        replies = list(
            threads.map(lambda _: name_url(api, source_url=URL) if by_url else send(api, INTERVIEW), range(30))
        )
    assert sorted(reply.status_code for reply in replies) == [*[202] * 20, *[429] * 10]
    assert len(stored(api)[0]["jobs"]) == 20
    assert len(set(place.uploads.iterdir()) - kept) == (0 if by_url else 20)


def test_jobs_of_the_other_api_take_no_slots(place: Server) -> None:
    api = busy(place, plan="free", queueing=False)
    other = Api(place.url, api.key)
    others = [other.submit(URL) for _ in range(3)]
    assert [other.get(job)["status"] for job in others] == ["processing"] * 3
    other.close()
    assert statuses(api, submitted(api, 1)) == ["processing"]
    assert problem(send(api)) == (429, "rate_limited")


def test_another_plan_counts_at_once(place: Server) -> None:
    api = busy(place, plan="free")
    made = submitted(api, 3)
    assert statuses(api, made) == ["processing", "queued", "queued"]
    change(api, plan="pro")
    assert statuses(api, made) == ["processing"] * 3
    change(api, plan="free", queueing=False)
    assert problem(send(api)) == (429, "rate_limited")
    assert api.control.delete("/terms").status_code == 200
    accepted(send(api, wav(1801)))
    change(api, plan="free")
    assert send(api, wav(1801)).json()["reason"] == "duration_exceeds_limit"


def test_jobs_of_the_business_plan_spend_no_time_in_the_queue(place: Server) -> None:
    api = place.account(progress="timed", queue_seconds=4, processing_seconds=60)
    api.freeze()
    (usual,) = submitted(api, 1)
    change(api, plan="business")
    (fast,) = submitted(api, 1)
    assert statuses(api, [usual, fast]) == ["queued", "processing"]
    api.advance(4)
    assert statuses(api, [usual, fast]) == ["processing", "processing"]


@pytest.mark.parametrize("how", ["one ends", "there are more slots"])
def test_jobs_of_the_business_plan_go_first(how: str, place: Server) -> None:
    api = busy(place, concurrency=1)
    first, usual = submitted(api, 2)
    change(api, plan="business")
    fast, faster = submitted(api, 2)
    assert statuses(api, [first, usual, fast, faster]) == ["processing", "queued", "queued", "queued"]
    if how == "one ends":
        assert api.http.post(f"/jobs/{first}/cancel").status_code == 200
    else:
        change(api, concurrency=2)
    assert statuses(api, [usual, fast, faster]) == ["queued", "processing", "queued"]


def test_there_may_be_a_limit_to_submissions_in_a_second(place: Server) -> None:
    api = place.account(submit_limit=3)
    api.freeze()
    submitted(api, 2)
    assert problem(send(api, language="xx")) == (400, "invalid_language")
    place.refused(api, lambda: send(api), 429, "rate_limited")
    assert send(api).headers["retry-after"] == "1"
    assert look(api, stored(api)[0]["jobs"][0]["id"])["status"] == "completed"
    api.advance(1)
    submitted(api, 3)
    assert problem(name_url(api, source_url=URL)) == (429, "rate_limited")
    others = jobs_of(place.url)
    submitted(others, 5)


@pytest.mark.parametrize(
    ("terms", "rate"),
    [
        ({}, 0.04),
        ({"plan": "pro"}, 0.04),
        ({"plan": "business"}, 0.02),
        ({"plan": "free"}, None),
        ({"overage": False}, None),
        ({"plan": "business", "overage": False}, None),
    ],
)
def test_a_job_beyond_the_minutes_of_the_month_costs_extra(
    terms: dict[str, Any], rate: float | None, place: Server
) -> None:
    api = place.account(quota_minutes=2, **terms)
    within = accepted(send(api, INTERVIEW))
    extra = {} if rate is None else {"overage_rate": rate}
    for ask in (lambda: send(api, webhook_url=GONE), lambda: name_url(api, source_url=URL)):
        said = place.refused(api, ask, 402, "quota_exceeded")
        assert said == {"error": "quota_exceeded", "message": said["message"]} | {
            "overage_allowed": rate is not None
        } | extra  # fmt: skip
    if rate is None:
        said = place.refused(api, lambda: send(api, query="?accept_overage=true"), 402, "quota_exceeded")
        assert said["overage_allowed"] is False
        return
    beyond = accepted(send(api, query="?accept_overage=true"))
    assert [look(api, job)["overage"] for job in (within, beyond)] == [False, True]
    assert look(api, beyond)["status"] == "completed"
    assert problem(send(api, query="?accept_overage=0")) == (402, "quota_exceeded")


def test_the_minutes_are_those_of_a_calendar_month(place: Server) -> None:
    api = place.account(quota_minutes=2)
    api.freeze()
    accepted(send(api, INTERVIEW))
    assert problem(send(api)) == (402, "quota_exceeded")
    now = api.control.get("/clock").json()["now"]
    days = 31 - int(now[8:10])
    api.advance(86_400 * (days + 1))
    later = jobs_of(place.url, api.key)
    assert later.control.get("/clock").json()["now"][:7] > now[:7]
    accepted(send(later, INTERVIEW))
    assert problem(send(later)) == (402, "quota_exceeded")


def test_the_minutes_can_be_told_until_the_end_of_time(place: Server) -> None:
    api = place.account(quota_minutes=2)
    api.freeze()
    for _ in range(25):
        api.advance(1e10)
    accepted(send(jobs_of(place.url, api.key), INTERVIEW))


def test_no_minute_is_forgotten_however_quickly_jobs_come(place: Server) -> None:
    """What is heard in a pretended file is known only when its job has been prepared."""
    api = place.account(quota_minutes=1)
    add_fixture(api, f"match: {{ audio_url: '{URL}*' }}\nduration: 600\ntext: {'A word. ' * 1000}")
    for number in range(5):
        change(api, quota_minutes=10 * number + 1)
        accepted(name_url(api, source_url=f"{URL}?{number}"))
        assert problem(name_url(api, source_url=URL)) == (402, "quota_exceeded")


def test_a_slot_is_free_again_however_quickly_jobs_come(place: Server) -> None:
    api = place.account(plan="free", queueing=False)
    for number in range(10):
        accepted(send(api, wav(60 + number)))


def test_jobs_that_come_to_nothing_give_their_minutes_back(place: Server) -> None:
    api = busy(place, quota_minutes=2, concurrency=9)
    add_fixture(api, "match: { file_name: torn.mp3 }\noutcome: { reason: unreachable }")
    cancelled = accepted(send(api, INTERVIEW))
    assert problem(send(api)) == (402, "quota_exceeded")
    assert api.http.post(f"/jobs/{cancelled}/cancel").status_code == 200
    failed = accepted(send(api, INTERVIEW, "torn.mp3"))
    api.advance(60)
    assert look(api, failed)["status"] == "failed"
    kept = accepted(send(api, INTERVIEW))
    api.advance(60)
    assert look(api, kept)["status"] == "completed"
    assert problem(send(api)) == (402, "quota_exceeded")
    assert api.http.delete(f"/jobs/{kept}/transcript").status_code == 204
    assert problem(send(api)) == (402, "quota_exceeded")
    assert api.http.delete(f"/jobs/{kept}").status_code == 204
    assert problem(send(api)) == (402, "quota_exceeded")


def test_jobs_of_the_other_api_cost_no_minutes(place: Server) -> None:
    api = place.account(quota_minutes=2)
    other = Api(place.url, api.key)
    other.transcribe(other.upload(INTERVIEW))
    other.close()
    accepted(send(api))


def test_a_quota_of_nothing_is_used_up(place: Server) -> None:
    api = place.account(quota_minutes=0, plan="free")
    place.refused(api, lambda: send(api), 402, "quota_exceeded")
    change(api, quota_minutes=None)
    accepted(send(api))


def test_who_owes_money_gets_nothing(place: Server) -> None:
    api = place.account(negative_balance=True)
    for query in ("", "?accept_overage=true"):
        said = place.refused(api, lambda: send(api, query=query), 402, "quota_exceeded")  # noqa: B023
        assert said["overage_allowed"] is False
        assert "overage_rate" not in said
    change(api, negative_balance=False)
    accepted(send(api))


def test_terms_may_be_settings() -> None:
    with MockServer(plan="free", quota_minutes=1, queueing=False) as mock:
        api = jobs_of(mock.url)
        held = accepted(send(api, WAV, progress="held"))
        assert problem(send(api)) == (429, "rate_limited")
        assert api.http.post(f"/jobs/{held}/cancel").status_code == 200
        accepted(send(api, INTERVIEW))
        assert problem(send(api)) == (402, "quota_exceeded")
