"""What accounts are like: concurrency, request limits, balance, a broken service; per key, through control."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.embed import MockServer
from mockserver.settings import Settings
from tests.apis import AnyApi, Api, Family
from tests.conftest import api_of, each_family
from tests.sounds import wav

URL = "https://example.com/a.mp3"


def change(api: AnyApi, **terms: Any) -> dict[str, Any]:
    reply = api.control.patch("/terms", json=terms)
    assert reply.status_code == 200, reply.text
    changed: dict[str, Any] = reply.json()
    return changed


def test_the_terms_are_those_of_the_settings_at_first(api: Api) -> None:
    assert api.control.get("/terms").json() == {
        "concurrency": None,
        "rate_limit": 20_000,
        "rate_window": 300.0,
        "negative_balance": False,
        "failing": None,
        "llm_plan": "paid",
        "llm_rate_limit": None,
        "llm_rate_limits": {},
        "understanding_rate_limit": None,
        "llm_first_token": 0.0,
        "llm_tokens_per_second": 0.0,
        "strict": False,
        "progress": "instant",
        "queue_seconds": 1.0,
        "processing_seconds": None,
        "processing_share": None,
        "quota_minutes": None,
        "overage": True,
        "queueing": True,
        "submit_limit": 0,
        "retry_after": None,
        "webhook_secret": "whsec_mock",
        "plan": "pro",
        "token_limit": 300,
        "stream_rate_limit": 0,
        "stream_concurrency": 0,
        "sync_rate_limit": 0,
    }


@pytest.mark.parametrize(("plan", "jobs"), [("free", 5), ("paid", 32), ("7", 7)])
def test_a_plan_is_a_number_of_jobs(plan: str, jobs: int) -> None:
    assert Settings.load(concurrency=plan).concurrency == jobs


def test_jobs_over_the_limit_wait_in_their_order_and_are_throttled(api: Api) -> None:
    change(api, concurrency=2)
    api.freeze()
    jobs = [api.submit(URL, progress="timed") for _ in range(4)]
    api.advance(1)
    views = [api.get(job) for job in jobs]
    assert [view["status"] for view in views] == ["processing", "processing", "queued", "queued"]
    assert [view["throttled"] for view in views] == [False, False, True, True]
    throttled = api.http.get("/v2/transcript", params={"throttled_only": "true", "status": "completed"}).json()
    assert [row["id"] for row in throttled["transcripts"]] == jobs[:1:-1]
    api.advance(1000)
    api.advance(1000)
    assert [api.get(job)["status"] for job in jobs] == ["completed"] * 4


@each_family
def test_more_slots_let_waiting_jobs_go_on(api: AnyApi) -> None:
    change(api, concurrency=1)
    api.freeze()
    jobs = [api.submit(URL, progress="timed") for _ in range(6)]
    api.advance(1)
    assert [api.status(job) for job in jobs] == ["processing"] + ["queued"] * 5
    change(api, concurrency="free")
    assert [api.status(job) for job in jobs] == ["processing"] * 5 + ["queued"]


@each_family
def test_too_many_requests_are_refused_until_the_window_ends(api: AnyApi) -> None:
    change(api, rate_limit=3, rate_window=60)
    api.freeze()
    replies = [api.listing() for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    said = {"assemblyai": "Too Many Requests", "jobs": "rate_limited"}[api.family]
    assert replies[3].json() | {"message": ""} == {"error": said, "message": ""}
    assert replies[3].headers["retry-after"] == "60"
    api.advance(60)
    assert api.listing().status_code == 200


def test_a_quirk_refuses_too_many_requests_with_403() -> None:
    with MockServer(rate_limit=1, quirks=["rate_limit_403"]) as mock:
        api = api_of(mock.url)
        assert api.http.get("/v2/transcript").status_code == 200
        reply = api.http.get("/v2/transcript")
        assert (reply.status_code, reply.json()) == (403, {"error": "Too many requests"})


def test_nobody_transcribes_with_a_negative_balance(api: Api) -> None:
    before = api.submit(URL)
    change(api, negative_balance=True)
    reply = api.http.post("/v2/transcript", json={"audio_url": URL})
    assert reply.status_code == 400
    assert reply.json() == {
        "error": "Your current account balance is negative. Please top up to continue using the API."
    }
    assert api.get(before)["status"] == "completed"
    change(api, negative_balance=False)
    assert api.submit(URL)


@each_family
@pytest.mark.parametrize("status", [500, 503, 504])
def test_the_service_can_be_broken(api: AnyApi, status: int) -> None:
    change(api, failing=status)
    assert api.listing().status_code == status
    assert api.create(URL).status_code == status
    change(api, failing=None)
    assert api.listed(api.listing()) == []


def test_the_text_of_a_broken_service_is_the_documented_one(api: Api) -> None:
    change(api, failing=500)
    assert api.http.get("/v2/transcript").json() == {
        "error": "Internal server error. Please retry your request. If the error persists, please contact "
        "support@assemblyai.com for more information."
    }


@each_family
def test_the_terms_of_one_key_are_not_those_of_another(family: Family, server: MockServer, api: AnyApi) -> None:
    other = api_of(server.url, family=family)
    change(api, failing=503)
    assert other.listing().status_code == 200


@each_family
def test_changes_can_be_taken_back(api: AnyApi) -> None:
    change(api, concurrency=1, negative_balance=True)
    assert api.control.delete("/terms").json()["concurrency"] is None
    assert api.submit(URL)
    change(api, concurrency=1)
    api.control.post("/reset")
    assert api.control.get("/terms").json()["concurrency"] is None


@each_family
def test_terms_of_all_projects_can_be_changed_and_each_may_differ(family: Family) -> None:
    with MockServer() as mock:
        first, second = api_of(mock.url, "one", family=family), api_of(mock.url, "two", family=family)
        everybody = api_of(mock.url, "one", family=family).http
        change(first, rate_window=7)
        assert everybody.patch("/_mock/terms", json={"concurrency": 3}).status_code == 200
        assert first.control.get("/terms").json()["concurrency"] == 3
        assert first.control.get("/terms").json()["rate_window"] == 7
        assert second.control.get("/terms").json()["concurrency"] == 3
        assert api_of(mock.url, "three", family=family).control.get("/terms").json()["concurrency"] == 3


@each_family
def test_a_key_says_how_its_jobs_move_on(family: Family, server: MockServer, api: AnyApi) -> None:
    change(api, progress="timed", queue_seconds=5, processing_seconds=7)
    api.freeze()
    job = api.submit(URL)
    api.advance(4.9)
    assert api.status(job) == "queued"
    api.advance(0.1)
    assert api.status(job) == "processing"
    api.advance(7)
    assert api.status(job) == "completed"
    other = api_of(server.url, family=family)
    assert other.status(other.submit(URL)) == "completed"


@each_family
def test_processing_takes_a_share_of_the_audio_where_no_time_is_said(api: AnyApi) -> None:
    change(api, progress="timed", queue_seconds=0, processing_seconds=7, processing_share=2)
    change(api, processing_seconds=None)
    api.freeze()
    job = api.send(wav(3))
    api.advance(5.9)
    assert api.status(job) == "processing"
    api.advance(0.2)
    assert api.status(job) == "completed"


@each_family
def test_what_a_request_or_a_fixture_asks_for_wins_over_the_terms(api: AnyApi) -> None:
    change(api, progress="held")
    assert api.status(api.submit(URL, progress="instant")) == "completed"
    polled = api.submit("https://example.com/jobs/polls.mp3")
    assert [api.status(polled) for _ in range(2)] == ["processing", "completed"]
    assert api.status(api.submit(URL)) == "queued"


@pytest.mark.parametrize(
    "terms",
    [
        {"concurrency": 0},
        {"failing": 200},
        {"rate_limit": -1},
        {"typo": 1},
        {"progress": "slow"},
        {"queue_seconds": -1},
        {"processing_seconds": "soon"},
        {"processing_share": 1e9},
    ],
    ids=str,
)
def test_terms_that_cannot_be_are_refused(api: Api, terms: dict[str, Any]) -> None:
    reply = api.control.patch("/terms", json=terms)
    assert reply.status_code == 422
    assert next(iter(terms)) in reply.json()["error"]


def test_a_limit_of_a_model_whose_name_is_no_text_is_refused(api: Api) -> None:
    content = '{"llm_rate_limits": {"\\ud800": 1}}'
    reply = api.control.patch("/terms", content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert reply.json()["error"].startswith("llm_rate_limits")
