"""The control API."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family
from tests.conftest import AUDIO, api_of, each_family
from tests.sounds import wav

URL = "https://example.com/some.mp3"


def test_health_says_what_is_served(api: AnyApi) -> None:
    reply = httpx.get(f"{api.url}/_mock/health")
    assert reply.status_code == 200
    assert reply.json()["status"] == "ok"
    assert reply.json()["fixtures"] >= 8
    assert reply.json()["fixture_problems"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "named"),
    [
        ("POST", "/clock/advance", {"seconds": -1}, 422, "seconds"),
        ("POST", "/clock/advance", {"seconds": "soon"}, 422, "seconds"),
        ("POST", "/clock/advance", {"seconds": 1e300}, 422, "seconds"),
        ("POST", "/clock/advance", {}, 422, "seconds"),
        ("POST", "/clock/advance", {"seconds": 1, "hours": 2}, 422, "hours"),
        ("POST", "/clock/scale", {"factor": 0}, 422, "factor"),
        ("POST", "/clock/scale", {"factor": float("1e9")}, 422, "factor"),
        ("GET", "/jobs?limit=0", None, 422, "limit"),
        ("GET", "/jobs?status=done", None, 422, "status"),
        ("GET", "/jobs?before=x", None, 422, "before"),
        ("GET", "/jobs/unknown", None, 404, "unknown"),
        ("POST", "/jobs/unknown/release", None, 404, "unknown"),
        ("GET", "/jobs?key=invalid", None, 404, "invalid"),
        ("POST", "/reset?key=", None, 404, "key"),
        ("GET", "/nowhere", None, 404, "Not Found"),
        ("DELETE", "/clock", None, 405, "Method Not Allowed"),
    ],
)
def test_errors_are_json_with_a_reason(
    api: AnyApi, method: str, path: str, body: dict[str, Any] | None, status: int, named: str
) -> None:
    reply = httpx.request(method, f"{api.url}/_mock{path}", json=body)
    assert reply.status_code == status
    assert named in reply.json()["error"]


@each_family
def test_a_clock_that_cannot_go_further_says_so(api: AnyApi) -> None:
    for _ in range(30):
        reply = api.control.post("/clock/advance", json={"seconds": 1e10})
    assert (reply.status_code, reply.json()) == (422, {"error": "seconds: time ends with the year 9999"})
    assert api.status(api.submit(URL)) == "completed"


@each_family
def test_the_clock_of_a_key_moves_alone(family: Family, api: AnyApi, server: MockServer) -> None:
    other = api_of(server.url, family=family)
    api.freeze()
    frozen = api.control.get("/clock").json()
    assert frozen["frozen"] is True
    assert api.control.get("/clock").json() == frozen
    api.advance(3600)
    assert api.control.get("/clock").json()["now"] > other.control.get("/clock").json()["now"]
    assert other.control.get("/clock").json()["frozen"] is False
    assert api.control.post("/clock/resume").json()["frozen"] is False
    assert api.control.post("/clock/scale", json={"factor": 60}).json()["scale"] == 60


@each_family
def test_the_servers_clock_moves_every_key(family: Family) -> None:
    with MockServer(progress="timed") as mock:
        one, two = api_of(mock.url, family=family), api_of(mock.url, family=family)
        assert httpx.post(f"{mock.url}/_mock/clock/freeze").json()["frozen"] is True
        jobs = [one.submit(URL), two.submit(URL)]
        moved = httpx.post(f"{mock.url}/_mock/clock/advance", json={"seconds": 500}).json()["transitions"]
        assert sorted(move["job"] for move in moved) == sorted(jobs * 2)
        assert [one.status(jobs[0]), two.status(jobs[1])] == ["completed"] * 2


@each_family
def test_jobs_are_listed_newest_first_and_by_pages(api: AnyApi) -> None:
    jobs = [api.submit(f"{URL}?{number}") for number in range(7)]
    seen: list[str] = []
    before: int | None = None
    while True:
        page = api.control.get("/jobs", params={"limit": 3} | ({"before": before} if before else {})).json()
        seen += [job["id"] for job in page["jobs"]]
        before = page["next_before"]
        if before is None:
            break
    assert seen == jobs[::-1]
    assert api.control.get("/jobs", params={"status": "error"}).json()["jobs"] == []


@each_family
def test_a_job_is_shown_with_what_decided_it(api: AnyApi) -> None:
    job = api.send((AUDIO / "hello.wav").read_bytes())
    shown = api.job(job)
    assert shown["fixture"] == "hello"
    assert shown["status"] == "completed"
    assert shown["failure"] is None
    assert [(step["from"], step["to"]) for step in shown["transitions"]] == [
        ("queued", "processing"),
        ("processing", "completed"),
    ]
    assert api.key not in str(shown)


@each_family
def test_the_journal_has_every_request_that_was_answered(api: AnyApi) -> None:
    job = api.submit(URL)
    api.get(job)
    api.post(b"{")
    entries = api.control.get("/journal", params={"path": api.job_paths}).json()["requests"]
    assert [(entry["method"], entry["path"], entry["status"]) for entry in entries] == [
        ("POST", api.jobs_path, 400),
        ("GET", api.path_of(job), 200),
        ("POST", api.jobs_path, api.accepted),
    ]
    assert "JSON" in entries[0]["note"]
    assert entries[1]["job"] == job
    assert len({entry["request_id"] for entry in entries}) == 3


@each_family
def test_the_journal_is_bounded(family: Family, tmp_path: Path) -> None:
    with MockServer(journal=20, data=tmp_path) as mock:
        api = api_of(mock.url, family=family)
        answered = [api.ask("x").headers["x-request-id"] for _ in range(300)]
        kept = api.control.get("/journal", params={"limit": 1000}).json()["requests"]
        assert [entry["request_id"] for entry in kept] == answered[:-21:-1]
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    assert connection.execute("SELECT sum(entries) FROM journal").fetchone()[0] <= 20 + 64
    connection.close()


@each_family
def test_a_reply_that_is_made_while_its_job_is_removed_is_not_given_to_the_next(family: Family, tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text("match: {audio_url: '*/long.mp3'}\ntext: " + "word " * 30_000)
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url, family=family)
        for _ in range(4):
            job = api.submit("https://example.com/long.mp3")
            asking = threading.Thread(target=api_of(mock.url, api.key, family=family).ask, args=[job])
            asking.start()
            api.control.post("/reset")
            again = api.submit("https://example.com/short.mp3")
            assert again == job
            asking.join()
            assert api.source(again) == "https://example.com/short.mp3"
            api.control.post("/reset")


@each_family
def test_a_reply_carries_the_id_that_the_journal_knows(api: AnyApi) -> None:
    request_id = api.ask("x").headers["x-request-id"]
    assert api.control.get("/journal").json()["requests"][0]["request_id"] == request_id


@each_family
def test_reset_of_one_key_leaves_the_others_alone(family: Family, api: AnyApi, server: MockServer) -> None:
    other = api_of(server.url, family=family)
    kept = other.send(wav(1))
    gone = api.send(wav(1))
    api.get(gone)
    api.freeze()
    assert api.control.post("/reset").status_code == 200
    assert api.ask(gone).status_code == api.unknown
    assert api.control.get("/jobs").json()["jobs"] == []
    assert len(api.control.get("/journal").json()["requests"]) == 1
    assert api.control.get("/clock").json()["frozen"] is False
    assert other.status(kept) == "completed"


@each_family
def test_after_a_reset_a_key_gets_the_same_ids_again(api: AnyApi) -> None:
    def run() -> list[str]:
        return [api.submit(URL), api.send(wav(1)), api.submit(URL)]

    first = run()
    api.control.post("/reset")
    assert run() == first
    assert len(set(first)) == 3


def test_after_a_reset_the_ids_of_uploads_are_the_same_too_and_all_have_the_form_of_a_uuid(api: Api) -> None:
    def run() -> list[str]:
        return [api.submit(URL), api.upload(wav(1)).rsplit("/", 1)[1], api.submit(URL)]

    first = run()
    api.control.post("/reset")
    assert run() == first
    assert len(set(first)) == 3
    assert all(identifier[14] == "4" and identifier[19] in "89ab" for identifier in first)


@each_family
def test_reset_of_everything_empties_the_server(family: Family) -> None:
    with MockServer() as mock:
        apis = [api_of(mock.url, family=family) for _ in range(3)]
        for api in apis:
            api.send(wav(1))
        httpx.post(f"{mock.url}/_mock/clock/freeze")
        assert httpx.post(f"{mock.url}/_mock/reset").json() == {"reset": "everything"}
        assert httpx.get(f"{mock.url}/_mock/jobs").json()["jobs"] == []
        assert httpx.get(f"{mock.url}/_mock/clock").json()["frozen"] is False


@each_family
def test_reset_while_jobs_are_being_prepared_does_no_harm(api: AnyApi) -> None:
    for number in range(20):
        api.submit(f"https://example.com/{number}.mp3")
    api.control.post("/reset")
    assert api.control.get("/jobs").json()["jobs"] == []
    assert api.status(api.submit(URL)) == "completed"


@each_family
def test_with_a_list_only_its_keys_are_accepted_and_an_entry_shares_a_project(family: Family) -> None:
    with MockServer(keys=("alice,bob", "carol")) as mock:
        alice, bob, carol, dave = (api_of(mock.url, key, family=family) for key in ("alice", "bob", "carol", "dave"))
        job = alice.submit(URL)
        assert bob.id_of(bob.ask(job)) == job
        assert carol.ask(job).status_code == carol.unknown
        assert dave.ask(job).status_code == 401


@each_family
def test_the_documentation_lists_every_operation(api: AnyApi) -> None:
    paths = httpx.get(f"{api.url}/_mock/openapi.json").json()["paths"]
    assert {api.uploads_path, api.jobs_path, api.job_pattern, "/_mock/health"} <= paths.keys()
    assert api.url_field in str(paths[api.jobs_path]["post"]["requestBody"])


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("GET", "/journal?stauts=4xx", None, "stauts: there is no such parameter; there are before, bodies, "),
        ("GET", "/jobs?key=k&state=queued", None, "state: there is no such parameter; there are before, key, limit"),
        ("POST", "/faults", {"eror": "server_error"}, "eror: there is no such field; there are name, family, "),
        ("POST", "/keys", {"nam": "x"}, "nam: there is no such field; there are key, name, shares, terms"),
        ("POST", "/keys", {"terms": {"limit": 1}}, "terms.limit: there is no such field"),
        ("PATCH", "/terms", {"limit": 1}, "limit: there is no such field; there are concurrency, "),
    ],
)
def test_a_name_that_nobody_knows_is_refused_with_those_that_there_are(
    api: AnyApi, method: str, path: str, body: Any, told: str
) -> None:
    reply = httpx.request(method, f"{api.url}/_mock{path}", json=body)
    assert reply.status_code == 422
    assert reply.json()["error"].startswith(told)


def test_a_health_check_may_add_to_its_query(api: AnyApi) -> None:
    assert httpx.get(f"{api.url}/_mock/health?from=balancer").status_code == 200


@each_family
def test_a_request_that_describes_a_fault_wrongly_is_told_what_there_is(api: AnyApi) -> None:
    reply = api.http.get(api.jobs_path, headers={"X-Mock-Fault": '{"eror": "server_error"}'})
    assert api.message_of(reply).startswith("x-mock-fault: eror: there is no such field; there are name, family, ")
