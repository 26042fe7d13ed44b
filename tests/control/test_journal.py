"""The journal: what it keeps, and how it is found."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family
from tests.conftest import api_of, each_family
from tests.control.entries import KEPT, MASK, URL, connected, entries, newest
from tests.sounds import wav


@each_family
def test_an_entry_has_headers_and_bodies_of_both_sides(api: AnyApi) -> None:
    reply = api.create(URL, headers={"X-Mine": "5"})
    entry = newest(api)
    assert entry["request_headers"]["x-mine"] == "5"
    assert entry["request_body"]["json"] == api.body(URL)
    assert entry["request_size"] == len(reply.request.content)
    assert entry["response_body"]["json"] == reply.json()
    assert entry["response_headers"]["x-request-id"] == entry["request_id"] == reply.headers["x-request-id"]
    assert (entry["request_body"]["cut"], entry["response_body"]["cut"]) == (False, False)


@each_family
def test_the_list_leaves_bodies_out_unless_they_are_wanted(api: AnyApi) -> None:
    api.submit(URL)
    assert "request_body" not in entries(api)[0]
    assert "request_body" in entries(api, bodies=True)[0]
    shown = api.control.get(f"/journal/{entries(api)[0]['request_id']}").json()
    assert shown == newest(api)


@each_family
def test_long_bodies_are_cut_and_their_sizes_are_not(family: Family) -> None:
    with MockServer(journal_body_bytes=80) as mock:
        api = api_of(mock.url, family=family)
        sent = api.create(URL, prompt="é" * 500)
        entry = newest(api)
        assert entry["request_size"] == len(sent.request.content)
        assert entry["size"] == len(sent.content)
        assert entry["request_body"]["cut"] is entry["response_body"]["cut"] is True
        assert sent.request.content.decode().startswith(entry["request_body"]["text"])
        assert len(entry["request_body"]["text"].encode()) in (79, 80)
        assert len(entry["response_body"]["text"]) == 80


@each_family
def test_no_body_is_kept_where_the_settings_say_so(family: Family) -> None:
    with MockServer(journal_body_bytes=0) as mock:
        api = api_of(mock.url, family=family)
        api.submit(URL)
        entry = newest(api)
        assert entry["request_body"] == entry["response_body"] == {"kept": True, "cut": True, "text": ""}
        assert entry["request_size"] > 0


@each_family
def test_of_an_upload_the_sound_is_not_kept(api: AnyApi) -> None:
    sent = api.offer(wav(2))
    entry = newest(api)
    assert entry["request_id"] == sent.headers["x-request-id"]
    assert "RIFF" not in str(entry["request_body"])
    assert not entry["request_body"]["cut"]
    assert entry["request_size"] == int(sent.request.headers["content-length"]) >= len(wav(2))
    assert entry["response_body"]["json"] == sent.json()


def test_of_an_upload_only_the_size_and_the_type_are_kept(api: Api) -> None:
    sound = wav(2)
    api.upload(sound, **{"Content-Type": "audio/wav"})
    entry = newest(api)
    assert entry["request_body"] == {"kept": False, "cut": False}
    assert (entry["request_size"], entry["request_headers"]["content-type"]) == (len(sound), "audio/wav")


def test_of_an_upload_that_is_text_the_beginning_is_kept(api: Api) -> None:
    text = b"no audio at all " * 20_000
    api.upload(text)
    entry = newest(api)
    assert (entry["request_size"], entry["request_body"]["cut"]) == (len(text), True)
    assert entry["request_body"]["text"] == text[:KEPT].decode()


def test_of_redacted_audio_the_first_bytes_are_kept(api: Api) -> None:
    job = api.submit(api.upload(wav(3)), redact_pii=True, redact_pii_audio=True, redact_pii_policies=["person_name"])
    api.get(job)
    link = api.http.get(f"/v2/transcript/{job}/redacted-audio").json()["redacted_audio_url"]
    audio = httpx.get(link).content
    signature = link.split("Signature=")[1].split("&")[0]
    found = httpx.get(f"{api.url}/_mock/journal", params={"path": f"/redacted-audio/{job}*", "bodies": True})
    entry = found.json()["requests"][0]
    assert base64.b64decode(entry["response_body"]["base64"]) == audio[:KEPT]
    assert signature not in found.text + api.control.get("/journal", params={"bodies": True}).text
    assert f"Signature={MASK}" in entry["query"]


def test_of_a_stream_what_was_sent_is_kept(api: Api) -> None:
    asked = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    reply = api.http.post("/v1/chat/completions", json=asked)
    assert reply.status_code == 200, reply.text
    while not (found := entries(api, bodies=True)):
        continue
    assert found[0]["response_body"]["text"] == reply.text[:KEPT]


@each_family
def test_control_calls_are_not_in_the_journal(api: AnyApi) -> None:
    api.control.get("/jobs")
    assert entries(api) == []


@each_family
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "list get broken create"),
        ({"method": "post"}, "broken create"),
        ({"path": "{jobs}/*"}, "get"),
        ({"path": "{jobs}"}, "list broken create"),
        ({"status": "4xx"}, "get broken"),
        ({"status": "2xx"}, "list create"),
        ({"status": "300-499"}, "get broken"),
        ({"body": '"{language}":"de"'}, "create"),
        ({"body": "nobody said that"}, ""),
        ({"job": "nothing"}, "get"),
        ({"violations": True}, "list"),
        ({"violations": False}, "get broken create"),
        ({"since": "2000-01-01"}, "list get broken create"),
        ({"until": "2000-01-01T00:00:00Z"}, ""),
        ({"fixture": "no-such"}, ""),
        ({"limit": 1}, "list"),
    ],
)  # fmt: skip
def test_requests_are_found_by(mixed: AnyApi, filters: dict[str, Any], found: str) -> None:
    filters = {"path": mixed.job_paths, **mixed.worded(filters)}
    assert [named(mixed, entry) for entry in entries(mixed, **filters)] == found.split()
    if "limit" not in filters:
        assert mixed.control.get("/journal/count", params=filters).json() == {"count": len(found.split())}


def named(mixed: AnyApi, entry: dict[str, Any]) -> str:
    if entry["method"] == "GET":
        return {mixed.jobs_path: "list", mixed.path_of("nothing"): "get"}[entry["path"]]
    return {mixed.accepted: "create", 400: "broken"}[entry["status"]]


@each_family
def test_requests_are_found_by_their_very_status(mixed: AnyApi) -> None:
    for status in (200, 400, mixed.accepted, mixed.unknown):
        found = [entry["number"] for entry in entries(mixed, status=str(status))]
        assert found == [entry["number"] for entry in entries(mixed) if entry["status"] == status]
        assert found


@each_family
def test_requests_are_found_by_the_moment_on_the_clock(api: AnyApi) -> None:
    api.submit(URL)
    api.freeze()
    api.advance(1800)
    now = api.control.get("/clock").json()["now"]
    api.ask("later")
    assert [entry["job"] for entry in entries(api, since=now)] == ["later"]
    assert [entry["method"] for entry in entries(api, until="2999-01-01T00:00:00+00:00")] == ["GET", "POST"]
    assert api.control.get("/journal/count", params={"since": now, "until": now}).json() == {"count": 1}


@each_family
def test_requests_come_page_by_page(mixed: AnyApi) -> None:
    first = mixed.control.get("/journal", params={"limit": 3}).json()
    rest = mixed.control.get("/journal", params={"limit": 3, "before": first["next_before"]}).json()
    whole = mixed.control.get("/journal", params={"limit": 1000}).json()["requests"]
    assert len(first["requests"]) == 3
    assert first["requests"] + rest["requests"] == whole
    assert rest["next_before"] is None


@each_family
def test_text_in_any_script_is_found_however_it_was_written(api: AnyApi) -> None:
    for body in (
        f'{{"{api.url_field}": "{URL}", "prompt": "größer"}}',
        f'{{"{api.url_field}": "{URL}", "prompt": "gr\\u00f6\\u00dfer"}}',
    ):
        api.post(body.encode())
    assert len(entries(api, body="größer")) == 2


@each_family
def test_clearing_one_key_leaves_the_others_alone(family: Family, api: AnyApi, server: MockServer) -> None:
    other = api_of(server.url, family=family)
    api.submit(URL)
    other.submit(URL)
    assert api.control.delete("/journal").status_code == 200
    assert (entries(api), len(entries(other))) == ([], 1)
    other.control.post("/reset")
    api.submit(URL)
    assert (len(entries(api)), entries(other)) == (1, [])


@each_family
def test_clearing_all_clears_all(family: Family) -> None:
    with MockServer() as mock:
        api = api_of(mock.url, family=family)
        api.submit(URL)
        assert httpx.delete(f"{mock.url}/_mock/journal").json() == {"cleared": "everything"}
        api.submit(URL)
        assert len(httpx.get(f"{mock.url}/_mock/journal").json()["requests"]) == 1


@each_family
def test_the_journal_is_bounded_in_bytes(family: Family, tmp_path: Path) -> None:
    with MockServer(journal_bytes=100_000, data=tmp_path) as mock:
        api = api_of(mock.url, family=family)
        for number in range(60):
            reply = api.create(URL, nonsense=5, prompt=f"{number} " + "x" * 5000)
            kept = entries(api, limit=1000)
            assert kept[0]["request_id"] == reply.headers["x-request-id"]
        assert 5 < len(kept) < 20
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    assert connection.execute("SELECT sum(kept) FROM journal").fetchone()[0] <= 100_000
    connection.close()


@each_family
def test_the_journal_outlives_the_server(family: Family, tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url, family=family)
        api.submit(URL)
        before = newest(api)
    with MockServer(data=tmp_path) as mock:
        assert newest(api_of(mock.url, api.key, family=family)) == before


def test_an_unknown_request_is_an_error(api: Api) -> None:
    for path in ("/journal/nothing", "/journal/nothing/curl"):
        reply = api.control.get(path)
        assert (reply.status_code, "nothing" in reply.json()["error"]) == (404, True)


@pytest.mark.parametrize("name", ["status", "since", "until", "limit", "before", "violations"])
def test_a_wrong_filter_is_refused(api: Api, name: str) -> None:
    reply = api.control.get("/journal", params={name: "never"})
    assert reply.status_code == 422
    assert name in reply.json()["error"]


def test_what_the_service_lets_pass_is_noted(api: Api) -> None:
    api.create(URL, colour=1, beauty=2)
    assert newest(api)["violations"] == ["unknown field beauty", "unknown field colour"]
    api.post(json.dumps({"audio_url": URL}).encode(), **{"Content-Type": "text/plain"})
    assert newest(api)["violations"] == ["Content-Type is text/plain, not application/json"]
    api.listing(limit=1, page=2)
    assert newest(api)["violations"] == ["unknown query parameter page"]
    asked = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "mood": "good"}
    assert api.http.post("/v1/chat/completions", json=asked).status_code == 200
    assert newest(api)["violations"] == ["unknown field mood"]
    assert len(entries(api, violations=True)) == 4
    api.submit(URL)
    assert newest(api)["violations"] == []


@each_family
@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "", 401), ("POST", "/nowhere/at/all", 404), ("PUT", "", 405)]
)
def test_the_body_of_a_refused_request_is_kept(
    family: Family, server: MockServer, method: str, path: str, status: int
) -> None:
    path = family.jobs_path + path
    sent = f'{{"refused": "{path} {status}"}}'.encode()
    authorization = {"Authorization": family.refused}
    assert httpx.request(method, f"{server.url}{path}", content=sent, headers=authorization).status_code == status
    found = httpx.get(f"{server.url}/_mock/journal", params={"body": f"{path} {status}", "bodies": True}).json()
    (entry,) = found["requests"]
    assert entry["request_body"] == {"kept": True, "cut": False, "text": sent.decode(), "json": json.loads(sent)}
    assert (entry["status"], entry["request_size"]) == (status, len(sent))


@each_family
def test_the_body_of_a_request_that_is_one_too_many_is_kept(api: AnyApi) -> None:
    api.freeze()
    api.control.patch("/terms", json={"rate_limit": 1})
    for expected in (api.accepted, 429):
        assert api.create(URL).status_code == expected
    assert newest(api)["request_body"]["json"] == api.body(URL)
    api.control.patch("/terms", json={"rate_limit": 0, "failing": 503})
    assert api.create(URL, prompt="x").status_code == 503
    assert newest(api)["request_body"]["json"]["prompt"] == "x"


@each_family
def test_of_a_refused_request_a_long_body_stays_unread(family: Family, server: MockServer) -> None:
    with connected(server) as client:
        head = f"POST {family.jobs_path} HTTP/1.1\r\nHost: x\r\nAuthorization: {family.refused}\r\nX-Mine: unread\r\n"
        client.sendall(f"{head}Content-Length: {KEPT + 1}\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 401")
    entry = httpx.get(f"{server.url}/_mock/journal?status=401&bodies=true").json()["requests"][0]
    assert (entry["request_headers"]["x-mine"], entry["request_size"]) == ("unread", 0)


@each_family
def test_a_client_that_leaves_before_its_refused_body_is_whole_is_noted(family: Family, server: MockServer) -> None:
    body = f"{family.family}-left"
    with connected(server) as client:
        head = f"POST {family.jobs_path} HTTP/1.1\r\nHost: x\r\nAuthorization: {family.refused}\r\n"
        client.sendall(f"{head}Content-Length: 40\r\n\r\n{body}".encode())
    asked: dict[str, str | int] = {"body": body, "timeout": 30}
    reply = httpx.get(f"{server.url}/_mock/journal/wait", params=asked, timeout=60)
    (entry,) = reply.json()["requests"]
    assert (entry["status"], entry["note"]) == (499, "the client closed the connection")


@each_family
def test_an_entry_says_whose_it_is(api: AnyApi, server: MockServer) -> None:
    api.submit(URL)
    assert newest(api)["project"] == f"{api.key[:5]}…{api.key[-2:]}"
    assert newest(api)["fault"] is None
    assert entries(api, fault="server_error") == []
    nobody = httpx.post(server.url + api.jobs_path, headers={"Authorization": api.refused}).headers["x-request-id"]
    assert httpx.get(f"{server.url}/_mock/journal/{nobody}").json()["project"] is None
    assert api.control.get(f"/journal/{nobody}").status_code == 404


@each_family
def test_requests_of_many_keys_come_in_their_order(family: Family) -> None:
    with MockServer() as mock:
        first, second = api_of(mock.url, family=family), api_of(mock.url, family=family)
        for number in range(20):
            (first, second)[number % 2].ask(str(number))
        asked = {"path": first.job_paths}
        found = httpx.get(f"{mock.url}/_mock/journal", params=asked).json()["requests"]
    assert [entry["job"] for entry in found] == [str(number) for number in reversed(range(20))]


@each_family
def test_a_journal_that_is_off_keeps_nothing(family: Family, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with MockServer(journal=0, data=tmp_path, log_requests=True) as mock:
        api = api_of(mock.url, family=family)
        api.submit(URL)
        assert entries(api) == []
        assert api.control.get("/journal/count").json() == {"count": 0}
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    assert connection.execute("SELECT count(*) FROM journal").fetchone() == (0,)
    connection.close()
    assert f"POST {family.jobs_path}" in capfd.readouterr().err
