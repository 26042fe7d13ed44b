"""Metrics: valid for Prometheus, and true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

import mockserver
from mockserver.embed import MockServer
from tests.apis import Family
from tests.conftest import api_of, each_family
from tests.receivers import receiving
from tests.waiting import eventually

URL = "https://example.com/a.mp3"
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
_SAMPLE = re.compile(rf"({_NAME})\{{((?:{_LABEL}(?:,(?=[a-zA-Z_]))?)*)\}} (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")


class Sample(NamedTuple):
    name: str
    labels: dict[str, str]
    value: float


def parsed(text: str) -> list[Sample]:
    """Read the text format as strictly as its description has it: every family once, with help and type before it."""
    assert text.endswith("\n")
    samples: list[Sample] = []
    declared: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("#"):
            found = re.fullmatch(rf"# HELP ({_NAME}) [^\\]+", line)
            assert found, line
            kind = re.fullmatch(rf"# TYPE {found[1]} (counter|gauge|summary)", next(lines))
            assert kind, line
            assert found[1] not in declared
            assert (kind[1] == "counter") == found[1].endswith("_total")
            declared.append(found[1])
            continue
        found = _SAMPLE.fullmatch(line)
        assert found, line
        assert re.sub("_(sum|count)$", "", found[1]) == declared[-1]
        labels = {name: _plain(value) for name, value in re.findall(_LABEL, found[2])}
        samples.append(Sample(found[1], labels, float(found[5])))
    assert len({(sample.name, *sorted(sample.labels.items())) for sample in samples}) == len(samples)
    return samples


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value)


class Metrics:
    """What a server counts."""

    def __init__(self, mock: MockServer) -> None:
        self._mock = mock

    def __call__(self, name: str, **labels: str) -> float:
        reply = httpx.get(f"{self._mock.url}/_mock/metrics")
        assert reply.status_code == 200
        assert reply.headers.get_list("content-type") == ["text/plain; version=0.0.4; charset=utf-8"]
        return sum(s.value for s in parsed(reply.text) if s.name == name and labels.items() <= s.labels.items())


@pytest.fixture
def mock() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def metrics(mock: MockServer) -> Metrics:
    return Metrics(mock)


def test_a_server_that_has_done_nothing_says_what_it_is(metrics: Metrics) -> None:
    assert metrics("mockserver_build_info", version=mockserver.__version__) == 1
    assert metrics("mockserver_requests_total") == 0
    assert [metrics("mockserver_jobs", state=s) for s in ("queued", "processing", "completed", "error")] == [0] * 4


@each_family
def test_requests_are_counted_by_operation_method_and_status(
    family: Family, mock: MockServer, metrics: Metrics
) -> None:
    api = api_of(mock.url, family=family)
    jobs = [api.submit(URL) for _ in range(3)]
    for job in jobs:
        api.get(job)
    httpx.get(mock.url + api.path_of("x"))
    api.http.request("HEAD", api.path_of(jobs[0]))
    for path in ("/nowhere", '/no"where\\'):
        api.http.get(path)
    api.http.delete(api.uploads_path)
    counted = "mockserver_requests_total"
    one = {"family": api.family, "operation": api.job_pattern}
    assert metrics(counted, **one, method="GET", status="200") == 3
    assert metrics(counted, **one, method="GET", status="401") == 1
    assert metrics(counted, **one, method="HEAD", status="200") == 1
    assert metrics(counted, operation=api.jobs_path, method="POST", status=str(api.accepted)) == 3
    assert metrics(counted, operation="unknown", status="404") == 2
    assert metrics(counted, operation="unknown", method="DELETE", status="405") == 1
    assert metrics(counted) - metrics(counted, operation="/auth/token") == 11
    assert metrics("mockserver_request_seconds_count", **one) == 5
    assert 0 < metrics("mockserver_request_seconds_sum", **one) < 60


@each_family
def test_jobs_are_counted_by_state_and_transition(family: Family, mock: MockServer, metrics: Metrics) -> None:
    api = api_of(mock.url, family=family)
    held = [api.submit(URL, progress="held") for _ in range(2)]
    api.submit(URL)
    api.get(api.submit("https://example.com/errors/download-404.mp3"))
    assert [metrics("mockserver_jobs", state=s) for s in ("queued", "processing", "completed", "error")] == [2, 0, 1, 1]
    api.control.post(f"/jobs/{held[0]}/release")
    assert metrics("mockserver_jobs", state="completed") == 2
    moves = {"processing": 3, "completed": 2, "error": 1}
    assert {to: metrics("mockserver_transitions_total", to=to) for to in moves} == moves


@each_family
def test_webhooks_that_came_and_that_did_not_are_counted(family: Family, mock: MockServer, metrics: Metrics) -> None:
    api = api_of(mock.url, family=family)
    api.freeze()
    with receiving(200, 500) as receiver:
        for number in range(1, 3):
            api.submit(URL, webhook_url=receiver.url)
            receiver.wait_for(number)
    api.submit(URL, webhook_url=receiver.url)
    api.control.get("/webhooks", params={"wait": 30})
    seen = {o: metrics("mockserver_webhook_attempts_total", outcome=o) for o in ("delivered", "failed", "unreachable")}
    assert seen == {"delivered": 1, "failed": 1, "unreachable": 1}


def test_attempts_at_webhooks_are_counted_by_what_became_of_them(mock: MockServer, metrics: Metrics) -> None:
    api = api_of(mock.url)
    with receiving(200, 410, 500, 204) as receiver:
        for number in range(1, 4):
            api.submit(URL, webhook_url=receiver.url)
            receiver.wait_for(number)
        api.freeze()
    api.submit(URL, webhook_url=receiver.url)
    api.control.get("/webhooks", params={"wait": 30})
    seen = {o: metrics("mockserver_webhook_attempts_total", outcome=o) for o in ("delivered", "refused", "failed")}
    assert seen == {"delivered": 1, "refused": 1, "failed": 1}
    assert metrics("mockserver_webhook_attempts_total", outcome="unreachable") == 1


@each_family
def test_fixtures_are_counted_once_for_each_job_and_chat(family: Family, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "match: {audio_url: '*/a.mp3'}\nname: 'odd \"\\ name'\ntext: Hello.\n---\n"
        "name: greeting\nmatch: {user: hello}\nanswer: ho\n"
    )
    with MockServer(fixtures=(tmp_path,)) as mock:
        api, metrics = api_of(mock.url, family=family), Metrics(mock)
        for _ in range(2):
            job = api.submit(URL)
            api.get(job)
            api.get(job)
        chat = {"model": "gpt-5", "messages": [{"role": "user", "content": "hello"}]}
        httpx.post(f"{mock.url}/v1/chat/completions", json=chat, headers={"Authorization": api.key})
        assert metrics("mockserver_fixture_matches_total", fixture='odd "\\ name') == 2
        assert metrics("mockserver_fixture_matches_total", fixture="greeting") == 1
        assert metrics("mockserver_fixture_matches_total") == 3


def test_many_fixtures_share_a_count(tmp_path: Path) -> None:
    documents = (f"match: {{audio_url: '*/{number}.mp3'}}\nname: f{number}\ntext: Hello.\n" for number in range(510))
    (tmp_path / "many.yaml").write_text("---\n".join(documents))
    with MockServer(fixtures=(tmp_path,)) as mock:
        api, metrics = api_of(mock.url), Metrics(mock)
        for number in range(510):
            api.submit(f"https://example.com/{number}.mp3")
        eventually(lambda: metrics("mockserver_fixture_matches_total") == 510)
        assert metrics("mockserver_fixture_matches_total", fixture="f3") == 1
        assert metrics("mockserver_fixture_matches_total", fixture="other") == 10


@each_family
def test_a_reset_takes_nothing_from_the_counts(family: Family, mock: MockServer, metrics: Metrics) -> None:
    api = api_of(mock.url, family=family)
    api.get(api.submit(URL))
    before = metrics("mockserver_requests_total")
    httpx.post(f"{mock.url}/_mock/reset")
    assert metrics("mockserver_requests_total") == before > 0
    assert metrics("mockserver_jobs") == 0
