"""The list of jobs: what is in it, in which order, and page by page while jobs come and go."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.conftest import Api
from tests.jobs.calls import URL, again, cancel, delete, listed, seen, submitted
from tests.jobs.conftest import jobs_of, problem

BROKEN = "https://example.com/errors/download-404.mp3"


def page(api: Api, **query: Any) -> dict[str, Any]:
    reply = api.http.get("/jobs", params=query)
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    assert set(body) == {"jobs", "next_cursor"}
    return body


def walk(api: Api, **query: Any) -> list[str]:
    """Return the ids on all pages."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        body = page(api, cursor=cursor, **query)
        found += [job["job_id"] for job in body["jobs"]]
        cursor = body["next_cursor"]
    return found


def test_the_newest_comes_first_and_looks_like_itself(jobs: Api) -> None:
    assert page(jobs) == {"jobs": [], "next_cursor": None}
    made = [submitted(jobs) for _ in range(3)]
    body = page(jobs)
    assert body == {"jobs": [seen(jobs, job) for job in made[::-1]], "next_cursor": None}


def test_jobs_are_told_apart_by_the_words_of_the_api(jobs: Api) -> None:
    jobs.freeze()
    done, failed = submitted(jobs), submitted(jobs, source_url=BROKEN)
    stopped, queued = submitted(jobs, progress="held"), submitted(jobs, progress="held")
    processing = submitted(jobs, progress="polls")
    cancel(jobs, stopped)
    seen(jobs, processing)
    for status, job in {
        "completed": done, "failed": failed, "cancelled": stopped, "queued": queued, "processing": processing
    }.items():  # fmt: skip
        assert listed(jobs, status=status) == [job]
        assert page(jobs, status=status)["jobs"][0]["status"] == status
    assert len(listed(jobs, status="")) == 5
    for status in ("error", "Failed", "done", "queued,processing", "é"):
        assert problem(jobs.http.get("/jobs", params={"status": status})) == (400, "invalid_request")


def test_the_list_settles_what_is_due(jobs: Api) -> None:
    jobs.freeze()
    job = submitted(jobs, progress="timed")
    jobs.advance(1)
    assert listed(jobs, status="processing") == [job]
    jobs.advance(3000)
    assert listed(jobs, status="completed") == [job]


def test_since_is_about_the_end_of_a_job(jobs: Api) -> None:
    jobs.freeze()
    early = submitted(jobs, progress="held")
    jobs.advance(100)
    middle = submitted(jobs)
    open_ = submitted(jobs, progress="held")
    jobs.advance(100)
    jobs.control.post(f"/jobs/{early}/release")
    ended = datetime.fromisoformat(seen(jobs, early)["completed_at"])
    before = datetime.fromisoformat(seen(jobs, middle)["completed_at"])
    assert ended - before == timedelta(seconds=100)
    assert listed(jobs, status="completed", since=ended.isoformat()) == [early]
    assert listed(jobs, status="completed", since=before.isoformat()) == [middle, early]
    assert listed(jobs, since=before.isoformat()) == [open_, middle, early]
    assert listed(jobs, since=(before + timedelta(microseconds=1)).isoformat()) == [early]
    assert listed(jobs, since=(ended + timedelta(microseconds=1)).isoformat()) == []


def spellings(moment: datetime) -> list[str]:
    """Return ways to write a moment that is a whole number of seconds."""
    ahead = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    behind = moment.astimezone(timezone(-timedelta(hours=8)))
    in_utc = f"{moment:%Y-%m-%dT%H:%M:%S}"
    return [
        f"{in_utc}Z", f"{in_utc.lower()}z", f"{in_utc}+00:00", f"{in_utc}.000Z", f"{in_utc}.000000Z",
        f"{in_utc}.000000000Z", ahead.isoformat(), behind.isoformat(), in_utc, in_utc.replace("T", " "),
        str(int(moment.timestamp())), f"{int(moment.timestamp())}.0", f"{int(moment.timestamp())}.000000",
    ]  # fmt: skip


def test_since_may_be_written_in_many_ways(jobs: Api) -> None:
    jobs.freeze()
    job = submitted(jobs)
    ended = datetime.fromisoformat(seen(jobs, job)["completed_at"])
    whole = ended.replace(microsecond=0)
    for text in spellings(whole):
        assert listed(jobs, since=text) == [job], text
    for text in spellings(whole + timedelta(seconds=1)):
        assert listed(jobs, since=text) == [], text
    for text in ("0", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", ""):
        assert listed(jobs, since=text) == [job], text
    assert listed(jobs, since="9999-12-31T23:59:59Z") == []


@pytest.mark.parametrize(
    "since",
    [
        "yesterday", "-1", "1e9", "nan", "inf", "99999999999999999999", "2026-13-01T00:00:00Z", "2026-02-30", "12:00",
        "2026-01-31T25:00:00Z", "2026-01-31T12:00:00+99:00", "2026-01-31T12:00:00Z; DROP", "é", "٣", "\0", "T", "x" * 5000,
        "9999-12-31T23:59:59-23:59x",
    ],
)  # fmt: skip
def test_since_must_be_a_time(jobs: Api, since: str) -> None:
    assert problem(jobs.http.get("/jobs", params={"since": since})) == (400, "invalid_request")


def test_a_page_has_as_many_as_were_asked_for(jobs: Api) -> None:
    made = [submitted(jobs) for _ in range(21)][::-1]
    assert listed(jobs) == made[:20]
    assert page(jobs)["next_cursor"]
    for limit in (1, 7, 20, 21, 100):
        assert listed(jobs, limit=limit) == made[:limit]
        assert walk(jobs, limit=limit) == made
    assert page(jobs, limit=21)["next_cursor"] is None
    assert listed(jobs, limit="") == made[:20]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.0", "x", "1e1", "²", "9" * 50, " 5"])
def test_a_page_has_one_to_a_hundred(jobs: Api, limit: str) -> None:
    assert problem(jobs.http.get("/jobs", params={"limit": limit})) == (400, "invalid_request")


def test_pages_go_on_while_jobs_come_and_go(jobs: Api) -> None:
    made = [submitted(jobs) for _ in range(9)][::-1]
    first = page(jobs, limit=3)
    assert [job["job_id"] for job in first["jobs"]] == made[:3]
    new = submitted(jobs)
    for job in (made[2], made[3], made[5]):  # the cursor's own job is one of them
        assert delete(jobs, job).status_code == 204
    rest = page(jobs, limit=3, cursor=first["next_cursor"])
    assert [job["job_id"] for job in rest["jobs"]] == [made[4], made[6], made[7]]
    last = page(jobs, limit=3, cursor=rest["next_cursor"])
    assert ([job["job_id"] for job in last["jobs"]], last["next_cursor"]) == ([made[8]], None)
    assert listed(jobs, limit=1) == [new]


def test_pages_are_of_one_status_where_that_is_asked(jobs: Api) -> None:
    made = [submitted(jobs, source_url=BROKEN if number % 2 else URL) for number in range(10)][::-1]
    assert walk(jobs, limit=2, status="failed") == made[::2]
    assert walk(jobs, limit=2, status="completed") == made[1::2]


def test_all_jobs_of_one_moment_are_listed_once(jobs: Api) -> None:
    jobs.freeze()
    made = [submitted(jobs) for _ in range(7)][::-1]
    assert walk(jobs, limit=2) == made


@pytest.mark.parametrize("cursor", ["x", "job_00000000000000000000000000", "é", "0", "'; --"])
def test_a_cursor_is_one_that_was_given(jobs: Api, cursor: str) -> None:
    submitted(jobs)
    assert problem(jobs.http.get("/jobs", params={"cursor": cursor})) == (400, "invalid_request")


def test_cursors_of_others_are_none(server: MockServer, jobs: Api) -> None:
    stranger = jobs_of(server.url)
    theirs = [submitted(stranger) for _ in range(2)]
    other = jobs.http.post("/v2/transcript", json={"audio_url": URL}, headers={"Authorization": jobs.key}).json()["id"]
    for cursor in (*theirs, other):
        assert problem(jobs.http.get("/jobs", params={"cursor": cursor})) == (400, "invalid_request")


def test_what_ended_during_an_outage_is_found_as_the_page_says(jobs: Api) -> None:
    jobs.freeze()
    submitted(jobs)
    jobs.advance(86_400)
    again(jobs)
    began = jobs.control.get("/clock").json()["now"]
    missed = [submitted(jobs) for _ in range(3)]
    jobs.advance(86_400)
    again(jobs)
    assert listed(jobs, status="completed", since=began) == missed[::-1]
