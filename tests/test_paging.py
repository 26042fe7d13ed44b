"""The list of transcripts, page by page, while the list changes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.embed import MockServer

URL = "https://example.com/some.mp3"
PROGRESS = {"wait": "held", "timed": "timed"}
STATUSES = ("queued", "processing", "completed", "error")
BROKEN = "https://example.com/errors/unreachable.mp3"
DAY = 86_400
changes = st.lists(st.sampled_from(["add", "add", "delete", "wait", "advance"]), max_size=3)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with MockServer(rate_limit=0, concurrency=1) as mock, httpx.Client(base_url=mock.url, timeout=60) as client:
        yield client


class World:
    """A key's list, and what is known to be in it: ids, oldest first, with the day of each."""

    def __init__(self, client: httpx.Client, jobs: int = 0) -> None:
        self._client = client
        self._key = f"paging-{uuid.uuid4().hex}"
        self.control("POST", "/clock/freeze")
        self.made: list[str] = []
        self.days: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.unfinished: list[str] = []
        for _ in range(jobs):
            self.change("add")

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        headers = {"Authorization": self._key} | how.pop("headers", {})
        return self._client.request(method, path, headers=headers, **how)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        reply = self.send("GET", path, params=query) if query else self.send("GET", path)
        assert reply.status_code == 200, reply.text
        view: dict[str, Any] = reply.json()
        return view

    def control(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        reply = self._client.request(method, f"/_mock{path}", params={"key": self._key}, **how)
        assert reply.status_code == 200, reply.text
        view: dict[str, Any] = reply.json()
        return view

    def advance(self, seconds: float) -> None:
        self.control("POST", "/clock/advance", json={"seconds": seconds})

    def submit(self, url: str, **headers: str) -> str:
        reply = self.send("POST", "/v2/transcript", json={"audio_url": url}, headers=headers)
        assert reply.status_code == 200, reply.text
        job: str = reply.json()["id"]
        return job

    def today(self) -> str:
        now: str = self.control("GET", "/clock")["now"]
        return now[:10]

    def change(self, what: str) -> None:
        if what == "delete":
            finished = [job for job in self.made if job not in self.deleted and job not in self.unfinished]
            if finished:
                job = finished[len(self.made) % len(finished)]
                assert self.send("DELETE", f"/v2/transcript/{job}").status_code == 200
                self.deleted.add(job)
        elif what == "advance":
            self.advance(0.4 * DAY)
        else:
            url = BROKEN if what == "broken" else URL
            job = self.submit(url, **{"X-Mock-Progress": PROGRESS.get(what, "instant")})
            self.made.append(job)
            self.days[job] = self.today()
            if what in ("wait", "timed"):
                self.unfinished.append(job)

    def page(self, **query: Any) -> dict[str, Any]:
        """Get a page by its query, or by the ``url`` of a link."""
        page = self.get(query.pop("url", "/v2/transcript"), **query)
        details, rows = page["page_details"], page["transcripts"]
        assert details["result_count"] == len(rows) <= details["limit"]
        assert list(map(created, rows)) == sorted(map(created, rows), reverse=True)
        assert self.get(details["current_url"])["transcripts"] == rows
        return page


def created(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["created"])


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["transcripts"]]


limits = st.integers(1, 6) | st.integers(1, 200)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), jobs=st.integers(0, 14), limit=limits)
def test_older_pages_show_every_row_once_while_rows_come_and_go(
    client: httpx.Client, data: st.DataObject, jobs: int, limit: int
) -> None:
    world = World(client, jobs)
    for change in data.draw(st.lists(st.sampled_from(["add", "advance", "wait"]), max_size=4)):
        world.change(change)
    there = list(world.made)
    page = world.page(limit=limit)
    seen = ids(page)
    while (url := page["page_details"]["prev_url"]) is not None:
        for change in data.draw(changes):
            world.change(change)
        page = world.page(url=url)
        assert page["transcripts"]
        seen += ids(page)
    assert seen == there[::-1]


@settings(max_examples=40, deadline=None)
@given(data=st.data(), jobs=st.integers(1, 12), limit=limits)
def test_newer_pages_show_every_row_once_those_too_that_come_meanwhile(
    client: httpx.Client, data: st.DataObject, jobs: int, limit: int
) -> None:
    world = World(client, jobs)
    page = world.page(limit=limit, after_id=world.made[0])
    seen = world.made[:1] + ids(page)[::-1]
    while page["transcripts"]:
        assert page["page_details"]["next_url"] is not None
        for change in data.draw(changes) if len(world.made) < 40 else ():
            world.change(change)
        page = world.page(url=page["page_details"]["next_url"])
        seen += ids(page)[::-1]
    assert seen == world.made
    assert page["page_details"]["prev_url"] is None
    world.change("add")
    assert ids(world.page(url=page["page_details"]["next_url"])) == world.made[-1:]


@settings(max_examples=15, deadline=None)
@given(jobs=st.integers(2, 12), limit=st.integers(1, 5))
def test_the_way_back_leads_through_the_same_rows(client: httpx.Client, jobs: int, limit: int) -> None:
    world = World(client, jobs)
    pages = [world.page(limit=limit)]
    while (url := pages[-1]["page_details"]["prev_url"]) is not None:
        pages.append(world.page(url=url))
    back = ids(pages[-1])[::-1]
    page = pages[-1]
    while ids(page := world.page(url=page["page_details"]["next_url"])):
        back += ids(page)[::-1]
    assert back == world.made


@settings(max_examples=40, deadline=None)
@given(data=st.data(), limit=st.integers(1, 4))
def test_pages_of_some_rows_show_all_of_these_and_no_others(
    client: httpx.Client, data: st.DataObject, limit: int
) -> None:
    world = World(client, 0)
    steps = data.draw(st.lists(st.sampled_from(["add", "wait", "timed", "broken", "delete", "advance"]), max_size=14))
    for step in steps:
        world.change(step)
    world.advance(1.5)
    views = {job: world.get(f"/v2/transcript/{job}") for job in world.made}
    statuses = {job: view["status"] for job, view in views.items()}
    days = sorted(set(world.days.values()))
    queries: list[tuple[dict[str, str], list[str]]] = [
        *(({"status": s}, [j for j in world.made if statuses[j] == s]) for s in STATUSES),
        *(({"created_on": day}, [j for j in world.made if world.days[j] == day]) for day in days),
        *(
            ({"created_on": day, "status": s}, [j for j in world.made if world.days[j] == day and statuses[j] == s])
            for day in days[:1]
            for s in ("completed", "queued")
        ),
        ({"throttled_only": "true", "status": "error"}, [j for j in views if views[j]["throttled"]]),
        ({"created_on": "2001-01-01"}, []),
        ({"status": "", "throttled_only": "false", "created_on": ""}, world.made),
    ]
    for query, expected in queries:
        page = world.page(limit=limit, **query)
        seen, rows = ids(page), page["transcripts"]
        while (url := page["page_details"]["prev_url"]) is not None:
            page = world.page(url=url)
            seen, rows = seen + ids(page), rows + page["transcripts"]
        assert seen == expected[::-1], query
        assert [row["status"] for row in rows] == [statuses[job] for job in seen]


@settings(max_examples=10, deadline=None)
@given(jobs=st.lists(st.integers(0, 1), max_size=12), limit=st.integers(1, 4))
def test_a_key_sees_its_own_rows_only(client: httpx.Client, jobs: list[int], limit: int) -> None:
    both = [World(client, 0), World(client, 0)]
    for owner in jobs:
        both[owner].change("add")
    for world, other in (both, both[::-1]):
        page = world.page(limit=limit)
        seen = ids(page)
        while (url := page["page_details"]["prev_url"]) is not None:
            assert other.send("GET", url).status_code == 400
            page = world.page(url=url)
            seen += ids(page)
        assert seen == world.made[::-1]
        for job in other.made[:1]:
            for cursor in ("before_id", "after_id"):
                assert world.send("GET", "/v2/transcript", params={cursor: job}).status_code == 400
            assert world.send("GET", f"/v2/transcript/{job}").status_code in (400, 404)
            assert world.send("DELETE", f"/v2/transcript/{job}").status_code in (400, 404)


def test_a_page_has_1_to_200_rows_and_10_if_not_said(client: httpx.Client) -> None:
    world = World(client, 205)
    assert ids(world.page()) == world.made[:-11:-1]
    assert ids(world.page(limit=1)) == world.made[-1:]
    page = world.page(limit=200)
    assert ids(page) == world.made[:4:-1]
    assert ids(world.page(url=page["page_details"]["prev_url"])) == world.made[4::-1]
    for wrong in ("0", "201", "-1", "ten", "1.5"):
        assert world.send("GET", "/v2/transcript", params={"limit": wrong}).status_code == 400


def test_rows_between_two_rows_can_be_asked_for(client: httpx.Client) -> None:
    world = World(client, 9)
    between = {"after_id": world.made[1], "before_id": world.made[6]}
    assert ids(world.page(**between)) == world.made[5:1:-1]
    assert ids(world.page(limit=2, **between)) == world.made[3:1:-1]
