"""Bad requests for jobs: the documented error each, and nothing of them is stored."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api
from tests.jobs.submitting import (
    END,
    GONE,
    URL,
    WAV,
    Server,
    accepted,
    begun,
    change,
    connected,
    look,
    name_url,
    part,
    raw,
    send,
    serving,
    stored,
    violations,
    words,
)
from tests.waiting import eventually

FILE = part("file", WAV, "call.wav")
TEXT = b'--edge\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    shutil.copy(AUDIO / "hello.wav", folder / "hello.wav")
    (folder / "away").mkdir()
    (folder / "allowed").mkdir()
    shutil.copy(AUDIO / "hello.wav", folder / "allowed" / "hello.wav")
    (folder / "allowed" / "link.wav").symlink_to(folder / "hello.wav")
    with serving(folder, file_folders=str(folder / "allowed")) as server:
        yield server


@pytest.mark.parametrize(
    "body",
    [
        END,
        b"",
        b"--edge",
        FILE,
        FILE[:-1000],
        FILE[:30],
        FILE + part("diarize", b"true"),
        FILE.replace(b"--edge", b"--other") + b"--other--\r\n",
        b"RIFF....WAVEfmt ",
        part("file", WAV) + END,
        part("audio", WAV, "call.wav") + END,
        FILE + FILE + END,
        FILE + part("other", WAV, "call.wav") + END,
        FILE + part("source_url", URL.encode()) + END,
        part("source_url", b"") + END,
        part("diarize", b"true") + END,
        part("source_url", URL.encode(), "url.txt") + END,
        FILE + part("language", b"en") + part("language", b"en") + END,
        FILE + part("diarize", b"yes") + END,
        FILE + part("diarize", b"2") + END,
        FILE + part("diarize", b"\xff") + END,
        FILE + part("language", b"\xed\xa0\x80") + END,
        FILE + TEXT % (b"a\xff", b"") + END,
        FILE + part("webhook_url", b"mailto:someone@example.com") + END,
        FILE + part("webhook_url", b"http://") + END,
        FILE + part("webhook_url", b"http://[::1") + END,
        FILE + part("webhook_url", b"/hook") + END,
        FILE + part("webhook_url", b"http://x/" + b"a" * 70_000) + END,
        FILE + part("note", b"x" * 2_000_000) + END,
        FILE + END + b"x" * 5_000_000,
        b"\r\n" * 3_000_000 + FILE + END,
        b"".join(part(f"f{number}", b"") for number in range(200)) + FILE + END,
        FILE + b"--edge\r\nX: " + b"y" * 100_000 + b"\r\n\r\n" + END,
        FILE + b'--edge\r\nContent-Disposition: form-data; filename="a"\r\n\r\n' + END,
    ],
)
def test_a_form_that_is_not_as_documented_is_refused(body: bytes, place: Server) -> None:
    api = place.account()
    said = place.refused(api, lambda: raw(api, body), 400, "invalid_request")
    assert list(said) == ["error", "message"]
    assert len(said["message"]) < 1000


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=edge", "multipart/; x"],
)
def test_a_form_without_a_boundary_is_refused(content_type: str, place: Server) -> None:
    api = place.account()
    place.refused(api, lambda: raw(api, FILE + END, content_type), 400, "invalid_request")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "audio/wav",
        "application/octet-stream",
        "text/plain",
        "text/plain; charset=json",
        "application/xml",
        "xmultipart/form-data; boundary=edge",
        "x" * 5000,
        ";",
        "",
    ],
)
@pytest.mark.parametrize("body", [WAV, json.dumps({"source_url": URL}).encode(), b"source_url=x"])
def test_another_type_of_content_is_refused(body: bytes, content_type: str, place: Server) -> None:
    api = place.account()
    place.refused(api, lambda: raw(api, body, content_type), 415, "unsupported_media_type")


def test_json_needs_no_content_type(jobs: Api) -> None:
    body = json.dumps({"source_url": URL}).encode()
    for content_type in (None, "application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"):
        accepted(raw(jobs, body, content_type))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"https://example.com/a.mp3"',
        b"{}",
        b'{"diarize": true}',
        b'{"source_url": null}',
        b'{"source_url": ""}',
        b'{"source_url": 1}',
        b'{"source_url": ["https://example.com/a.mp3"]}',
        b'{"source_url": "https://example.com/a.mp3", "file": "a.wav"}',
        b'{"source_url": "https://example.com/a.mp3", "file": null}',
        b'{"source_url": "https://example.com/a.mp3", "diarize": "true"}',
        b'{"source_url": "https://example.com/a.mp3", "diarize": 1}',
        b'{"source_url": "https://example.com/a.mp3", "language": 5}',
        b'{"source_url": "https://example.com/a.mp3", "webhook_url": "javascript:alert(1)"}',
        b'{"source_url": "https://example.com/a.mp3", "webhook_url": ""}',
        b'{"source_url": "https://example.com/a.mp3", "language": "\\ud800"}',
        b'{"source_url": "https://example.com/\\udfff.mp3"}',
        b'{"source_url": "https://example.com/a.mp3\xff"}',
        b'{"source_url": "https://example.com/a.mp3", "a": NaN}',
        b'{"source_url": "https://example.com/a.mp3"} x',
        b'\xef\xbb\xbf{"source_url": "https://example.com/a.mp3"}',
        b'{"source_url": "ftp://example.com/a.mp3"}',
        b'{"source_url": "javascript:alert(1)"}',
        b'{"source_url": "example.com/a.mp3"}',
        b'{"source_url": "//example.com/a.mp3"}',
        b'{"source_url": "http://"}',
        b'{"source_url": "http:///a.mp3"}',
        b'{"source_url": "http://[::1/a.mp3"}',
        b'{"source_url": "file:relative.wav"}',
        b'{"source_url": "upload:call.wav"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"source_url": "https://example.com/a.mp3", "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_json_that_is_not_as_documented_is_refused(body: bytes, place: Server) -> None:
    api = place.account()
    said = place.refused(api, lambda: raw(api, body, "application/json"), 400, "invalid_request")
    assert list(said) == ["error", "message"]
    assert len(said["message"]) < 1000


def test_json_may_be_long_but_not_longer_than_a_body(place: Server) -> None:
    api = place.account()
    body = b'{"source_url": "https://example.com/a.mp3", "a": "%b"}'
    said = place.refused(api, lambda: raw(api, body % (b"x" * 2**24), "application/json"), 413, "payload_too_large")
    assert said["limit_bytes"] == 2**24
    accepted(raw(api, body % (b"x" * (2**24 - 100)), "application/json"))
    assert violations(api) == ["unknown field a"]


@pytest.mark.parametrize("query", ["?accept_overage=maybe", "?accept_overage=2", "?accept_overage=%FF"])
def test_overage_is_accepted_or_not(query: str, place: Server) -> None:
    api = place.account()
    place.refused(api, lambda: send(api, query=query), 400, "invalid_request")
    place.refused(api, lambda: name_url(api, query=query, source_url=URL), 400, "invalid_request")


@pytest.mark.parametrize("query", ["?accept_overage=1", "?accept_overage=TRUE", "?accept_overage=false", "?x=\0&%00"])
def test_overage_may_be_accepted_where_there_is_none(query: str, jobs: Api) -> None:
    accepted(send(jobs, query=quote(query, "?&=%")))


def test_a_header_that_asks_for_an_unknown_progress_leaves_nothing(place: Server) -> None:
    api = place.account()
    place.refused(api, lambda: send(api, progress="sometimes"), 400, "invalid_request")
    place.refused(api, lambda: name_url(api, progress="sometimes", source_url=URL), 400, "invalid_request")


@pytest.mark.parametrize(
    "odd", ["\0", "a\0b", "\u202e", "\ufeff", "\uffff", "\U0010ffff", "é", "e\u0301", "🎧", "\x7f\x1b[31m", "%00%ff"]
)
def test_odd_characters_are_kept_as_they_came(odd: str, jobs: Api) -> None:
    hook, url = f"http://127.0.0.1:9/{odd}", f"https://example.com/{odd}/a.mp3"
    sent = accepted(raw(jobs, FILE + part(odd, odd.encode()) + part("webhook_url", hook.encode()) + END))
    assert violations(jobs) == [f"unknown field {odd}"]
    named = accepted(name_url(jobs, source_url=url, webhook_url=hook))
    assert look(jobs, named)["source"]["url"] == url
    assert [look(jobs, job)["status"] for job in (sent, named)] == ["completed", "completed"]


@pytest.mark.parametrize(
    "odd", [f"\0{URL}", f" {URL}", f"\n{URL}", "http://x:99999/a.mp3", "http://x:0/a.mp3", "http://a b/c.mp3"]
)
def test_where_nobody_can_connect_to_is_no_url(odd: str, place: Server) -> None:
    api = place.account()
    place.refused(api, lambda: name_url(api, source_url=odd), 400, "invalid_request")
    place.refused(api, lambda: name_url(api, source_url=URL, webhook_url=odd), 400, "invalid_request")


def test_a_source_may_have_a_very_long_url(jobs: Api) -> None:
    url = "https://example.com/" + "a" * 70_000 + ".mp3"
    assert look(jobs, accepted(name_url(jobs, source_url=url)))["source"]["url"] == url


@pytest.mark.parametrize("form", [False, True])
def test_a_source_may_be_in_its_url(form: bool, jobs: Api) -> None:
    import base64

    url = "data:audio/wav;base64," + base64.b64encode((AUDIO / "hello.wav").read_bytes()).decode()
    reply = raw(jobs, part("source_url", url.encode()) + END) if form else name_url(jobs, source_url=url)
    job = accepted(reply)
    assert look(jobs, job)["status"] == "completed"
    heard = accepted(send(jobs, (AUDIO / "hello.wav").read_bytes()))
    assert words(jobs, job) == words(jobs, heard)


@pytest.mark.parametrize("url", ["data:", "data:,", "data:audio/wav;base64,????", "data:,not%20audio", "data:;base64,"])
def test_a_source_without_audio_in_its_url_fails(url: str, jobs: Api) -> None:
    job = look(jobs, accepted(name_url(jobs, source_url=url)))
    assert job["status"] == "failed"
    assert job["error"]["error"] in ("invalid_audio", "source_unavailable")


def test_a_source_may_be_a_file_of_an_allowed_folder_only(place: Server) -> None:
    api, folder = place.account(), place.uploads.parent
    heard = accepted(name_url(api, source_url=f"file://{folder}/allowed/hello.wav"))
    assert look(api, heard)["status"] == "completed"
    for path in ("hello.wav", "allowed/../hello.wav", "allowed/%2e%2e/hello.wav", "allowed/link.wav", "allowed/none.wav",
                 "allowed", "away", "allowed/%00"):  # fmt: skip
        job = look(api, accepted(name_url(api, source_url=f"file://{folder}/{path}")))
        assert (job["status"], job["error"]["error"]) == ("failed", "source_unavailable"), path
    unknown = look(api, accepted(name_url(api, source_url="file:///etc/passwd")))
    assert unknown["error"]["error"] == "source_unavailable"


def test_a_refused_job_calls_nobody(place: Server) -> None:
    api = place.account()
    for content in (b"", b"no audio at all"):
        place.refused(api, lambda: send(api, content, webhook_url=GONE), 415, "invalid_audio")  # noqa: B023
    place.refused(api, lambda: send(api, language="xx", webhook_url=GONE), 400, "invalid_language")
    assert stored(api)[1]["webhooks"] == []


def test_who_is_nobody_stores_nothing(place: Server) -> None:
    api = place.account()
    for authorization, code in (("", "unauthorized"), ("Bearer x", "invalid_token"), (api.key, "unauthorized")):
        headers = {"Authorization": authorization}
        place.refused(
            api,
            lambda: httpx.post(f"{place.url}/jobs", files={"file": WAV}, headers=headers),  # noqa: B023
            401,
            code,
        )


@pytest.mark.parametrize("size", [100, 300_000, 2_000_000])
def test_a_client_that_leaves_in_the_middle_leaves_nothing(size: int, place: Server) -> None:
    api = place.account()
    before, kept = stored(api), set(place.uploads.iterdir())
    head = begun(api, "Content-Type: multipart/form-data; boundary=edge", "Content-Length: 9000000")
    with connected(api) as client:
        client.sendall(head + part("file", b"x" * size, "call.wav")[:-2])
        if size > 2**20:
            eventually(lambda: set(place.uploads.iterdir()) > kept)
    eventually(lambda: any(each["note"] == "the client closed the connection" for each in journal(api)))
    assert set(place.uploads.iterdir()) == kept
    assert stored(api) == before


def journal(api: Api) -> Any:
    return api.control.get("/journal").json()["requests"]


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"5\r\nabc", b"-1\r\n", b"ffffffffffffffffff\r\n"])
def test_a_body_in_broken_chunks_stores_nothing(chunks: bytes, place: Server) -> None:
    api = place.account()
    before, kept = stored(api), set(place.uploads.iterdir())
    head = begun(api, "Content-Type: multipart/form-data; boundary=edge", "Transfer-Encoding: chunked")
    with connected(api) as client:
        client.sendall(head + chunks)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass
    assert set(place.uploads.iterdir()) == kept
    assert stored(api) == before
    assert httpx.get(f"{place.url}/_mock/health").status_code == 200


def test_other_methods_are_refused(jobs: Api) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        reply = jobs.http.request(method, "/jobs", content=WAV)
        assert (reply.status_code, reply.json()["error"]) == (405, "method_not_allowed")
        assert {"GET", "POST"} <= set(reply.headers["allow"].split(", "))


def test_a_disk_without_room_is_told(tmp_path: Path) -> None:
    """No more files can be made in a folder that is gone."""
    with MockServer(data=tmp_path) as mock:
        place = Server(mock.url, tmp_path)
        api = place.account()
        (tmp_path / "uploads").rmdir()
        reply = send(api)
        assert (reply.status_code, reply.json()["error"]) == (507, "insufficient_storage")
        assert stored(api)[0]["jobs"] == []
        (tmp_path / "uploads").mkdir()
        change(api, plan="free")
        accepted(send(api))
