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
from tests.conftest import Api, api_of
from tests.control.entries import KEPT, MASK, URL, connected, entries, newest
from tests.sounds import wav


def test_an_entry_has_headers_and_bodies_of_both_sides(api: Api) -> None:
    reply = api.http.post("/v2/transcript", json={"audio_url": URL}, headers={"X-Mine": "5"})
    entry = newest(api)
    assert entry["request_headers"]["x-mine"] == "5"
    assert entry["request_body"]["json"] == {"audio_url": URL}
    assert entry["request_size"] == len(reply.request.content)
    assert entry["response_body"]["json"] == reply.json()
    assert entry["response_headers"]["x-request-id"] == entry["request_id"] == reply.headers["x-request-id"]
    assert (entry["request_body"]["cut"], entry["response_body"]["cut"]) == (False, False)


def test_the_list_leaves_bodies_out_unless_they_are_wanted(api: Api) -> None:
    api.submit(URL)
    assert "request_body" not in entries(api)[0]
    assert "request_body" in entries(api, bodies=True)[0]
    shown = api.control.get(f"/journal/{entries(api)[0]['request_id']}").json()
    assert shown == newest(api)


def test_long_bodies_are_cut_and_their_sizes_are_not() -> None:
    with MockServer(journal_body_bytes=100) as mock:
        api = api_of(mock.url)
        sent = api.http.post("/v2/transcript", json={"audio_url": URL, "prompt": "é" * 500})
        entry = newest(api)
        assert entry["request_size"] == len(sent.request.content)
        assert entry["size"] == len(sent.content)
        assert entry["request_body"]["cut"] is entry["response_body"]["cut"] is True
        assert sent.request.content.decode().startswith(entry["request_body"]["text"])
        assert len(entry["request_body"]["text"].encode()) in (99, 100)
        assert len(entry["response_body"]["text"]) == 100


def test_no_body_is_kept_where_the_settings_say_so() -> None:
    with MockServer(journal_body_bytes=0) as mock:
        api = api_of(mock.url)
        api.submit(URL)
        entry = newest(api)
        assert entry["request_body"] == entry["response_body"] == {"kept": True, "cut": True, "text": ""}
        assert entry["request_size"] > 0


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


def test_control_calls_are_not_in_the_journal(api: Api) -> None:
    api.control.get("/jobs")
    assert entries(api) == []


@pytest.mark.parametrize(
    ("filters", "statuses"),
    [
        ({}, [200, 400, 400, 200]),
        ({"method": "post"}, [400, 200]),
        ({"path": "/v2/transcript/*"}, [400]),
        ({"path": "/v2/transcript"}, [200, 400, 200]),
        ({"status": "4xx"}, [400, 400]),
        ({"status": "200"}, [200, 200]),
        ({"status": "300-499"}, [400, 400]),
        ({"body": '"language_code":"de"'}, [200]),
        ({"body": "nobody said that"}, []),
        ({"job": "nothing"}, [400]),
        ({"violations": True}, [200]),
        ({"violations": False}, [400, 400, 200]),
        ({"since": "2000-01-01"}, [200, 400, 400, 200]),
        ({"until": "2000-01-01T00:00:00Z"}, []),
        ({"fixture": "no-such"}, []),
        ({"limit": 1}, [200]),
    ],
)  # fmt: skip
def test_requests_are_found_by(mixed: Api, filters: dict[str, Any], statuses: list[int]) -> None:
    assert [entry["status"] for entry in entries(mixed, **filters)] == statuses
    if "limit" not in filters:
        assert mixed.control.get("/journal/count", params=filters).json() == {"count": len(statuses)}


def test_requests_are_found_by_the_moment_on_the_clock(api: Api) -> None:
    api.submit(URL)
    api.freeze()
    api.advance(3600)
    now = api.control.get("/clock").json()["now"]
    api.http.get("/v2/transcript/later")
    assert [entry["job"] for entry in entries(api, since=now)] == ["later"]
    assert [entry["method"] for entry in entries(api, until="2999-01-01T00:00:00+00:00")] == ["GET", "POST"]
    assert api.control.get("/journal/count", params={"since": now, "until": now}).json() == {"count": 1}


def test_requests_come_page_by_page(mixed: Api) -> None:
    first = mixed.control.get("/journal", params={"limit": 3}).json()
    rest = mixed.control.get("/journal", params={"limit": 3, "before": first["next_before"]}).json()
    assert [entry["number"] for entry in first["requests"] + rest["requests"]] == [e["number"] for e in entries(mixed)]
    assert rest["next_before"] is None


def test_text_in_any_script_is_found_however_it_was_written(api: Api) -> None:
    for body in (
        f'{{"audio_url": "{URL}", "prompt": "größer"}}',
        f'{{"audio_url": "{URL}", "prompt": "gr\\u00f6\\u00dfer"}}',
    ):
        api.http.post("/v2/transcript", content=body.encode())
    assert len(entries(api, body="größer")) == 2


def test_clearing_one_key_leaves_the_others_alone(api: Api, server: MockServer) -> None:
    other = api_of(server.url)
    api.submit(URL)
    other.submit(URL)
    assert api.control.delete("/journal").status_code == 200
    assert (entries(api), len(entries(other))) == ([], 1)
    other.control.post("/reset")
    api.submit(URL)
    assert (len(entries(api)), entries(other)) == (1, [])


def test_clearing_all_clears_all() -> None:
    with MockServer() as mock:
        api = api_of(mock.url)
        api.submit(URL)
        assert httpx.delete(f"{mock.url}/_mock/journal").json() == {"cleared": "everything"}
        api.submit(URL)
        assert len(httpx.get(f"{mock.url}/_mock/journal").json()["requests"]) == 1


def test_the_journal_is_bounded_in_bytes(tmp_path: Path) -> None:
    with MockServer(journal_bytes=100_000, data=tmp_path) as mock:
        api = api_of(mock.url)
        for number in range(60):
            api.http.post("/v2/transcript", json={"audio_url": URL, "nonsense": 5, "prompt": f"{number} " + "x" * 5000})
            kept = entries(api, limit=1000)
            assert kept[0]["number"] == number + 1
        assert 5 < len(kept) < 20
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    assert connection.execute("SELECT sum(kept) FROM journal").fetchone()[0] <= 100_000
    connection.close()


def test_the_journal_outlives_the_server(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url)
        api.submit(URL)
        before = newest(api)
    with MockServer(data=tmp_path) as mock:
        assert newest(api_of(mock.url, api.key)) == before


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
    api.http.post("/v2/transcript", json={"audio_url": URL, "colour": 1, "beauty": 2})
    assert newest(api)["violations"] == ["unknown field beauty", "unknown field colour"]
    api.http.post("/v2/transcript", content=json.dumps({"audio_url": URL}), headers={"Content-Type": "text/plain"})
    assert newest(api)["violations"] == ["Content-Type is text/plain, not application/json"]
    api.http.get("/v2/transcript", params={"limit": 1, "page": 2})
    assert newest(api)["violations"] == ["unknown query parameter page"]
    asked = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "mood": "good"}
    assert api.http.post("/v1/chat/completions", json=asked).status_code == 200
    assert newest(api)["violations"] == ["unknown field mood"]
    assert len(entries(api, violations=True)) == 4
    api.submit(URL)
    assert newest(api)["violations"] == []


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/v2/transcript", {"Authorization": "invalid"}, 401),
        ("POST", "/v2/nowhere", {}, 404),
        ("PUT", "/v2/transcript", {}, 405),
    ],
)
def test_the_body_of_a_refused_request_is_kept(
    server: MockServer, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    sent = f'{{"refused": "{path} {status}"}}'.encode()
    authorization = {"Authorization": "refused"} | headers
    assert httpx.request(method, f"{server.url}{path}", content=sent, headers=authorization).status_code == status
    found = httpx.get(f"{server.url}/_mock/journal", params={"body": f"{path} {status}", "bodies": True}).json()
    (entry,) = found["requests"]
    assert entry["request_body"] == {"kept": True, "cut": False, "text": sent.decode(), "json": json.loads(sent)}
    assert (entry["status"], entry["request_size"]) == (status, len(sent))


def test_the_body_of_a_request_that_is_one_too_many_is_kept(api: Api) -> None:
    api.control.patch("/terms", json={"rate_limit": 1})
    for expected in (200, 429):
        assert api.http.post("/v2/transcript", json={"audio_url": URL}).status_code == expected
    assert newest(api)["request_body"]["json"] == {"audio_url": URL}
    api.control.patch("/terms", json={"rate_limit": 0, "failing": 503})
    assert api.http.post("/v2/transcript", json={"audio_url": URL, "prompt": "x"}).status_code == 503
    assert newest(api)["request_body"]["json"]["prompt"] == "x"


def test_of_a_refused_request_a_long_body_stays_unread(server: MockServer) -> None:
    with connected(server) as client:
        client.sendall(
            b"POST /v2/transcript HTTP/1.1\r\nHost: x\r\nAuthorization: invalid\r\nX-Mine: unread\r\n"
            b"Content-Length: %d\r\n\r\n" % (KEPT + 1)
        )
        assert client.recv(100).startswith(b"HTTP/1.1 401")
    entry = httpx.get(f"{server.url}/_mock/journal?status=401&bodies=true").json()["requests"][0]
    assert (entry["request_headers"]["x-mine"], entry["request_size"]) == ("unread", 0)


def test_a_client_that_leaves_before_its_refused_body_is_whole_is_noted(server: MockServer) -> None:
    with connected(server) as client:
        client.sendall(
            b"POST /v2/transcript HTTP/1.1\r\nHost: x\r\nAuthorization: invalid\r\nContent-Length: 20\r\n\r\nleft-early"
        )
    asked: dict[str, str | int] = {"body": "left-early", "timeout": 30}
    reply = httpx.get(f"{server.url}/_mock/journal/wait", params=asked, timeout=60)
    (entry,) = reply.json()["requests"]
    assert (entry["status"], entry["note"]) == (499, "the client closed the connection")


def test_an_entry_says_whose_it_is(api: Api, server: MockServer) -> None:
    api.submit(URL)
    assert newest(api)["project"] == f"{api.key[:5]}…{api.key[-2:]}"
    assert newest(api)["fault"] is None
    assert entries(api, fault="server_error") == []
    nobody = httpx.post(f"{server.url}/v2/transcript", headers={"Authorization": "invalid"}).headers["x-request-id"]
    assert httpx.get(f"{server.url}/_mock/journal/{nobody}").json()["project"] is None
    assert api.control.get(f"/journal/{nobody}").status_code == 404


def test_requests_of_many_keys_come_in_their_order() -> None:
    with MockServer() as mock:
        first, second = api_of(mock.url), api_of(mock.url)
        for number in range(20):
            (first, second)[number % 2].http.get(f"/v2/transcript/{number}")
        found = httpx.get(f"{mock.url}/_mock/journal").json()["requests"]
    assert [entry["job"] for entry in found] == [str(number) for number in reversed(range(20))]


def test_a_journal_that_is_off_keeps_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with MockServer(journal=0, data=tmp_path, log_requests=True) as mock:
        api = api_of(mock.url)
        api.submit(URL)
        assert entries(api) == []
        assert api.control.get("/journal/count").json() == {"count": 0}
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    assert connection.execute("SELECT count(*) FROM journal").fetchone() == (0,)
    connection.close()
    assert "POST /v2/transcript" in capfd.readouterr().err
