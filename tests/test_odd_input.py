"""Input that nobody sends on purpose, and some that somebody does."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from mockserver.engine.media import Sound, Unusable, probe
from tests.conftest import Api, api_of
from tests.sounds import wav

URL = "https://example.com/a.mp3"


def nested(depth: int) -> bytes:
    return b'{"audio_url": "%s", "x": %s}' % (URL.encode(), b"[" * depth + b"]" * depth)


@pytest.mark.parametrize(
    "body",
    [nested(200), nested(400), nested(1000), nested(100_000), b'{"audio_url": "data://[/upload/x"}', b'{"audio_url": "data:"}',
     b'{"audio_url": "https://[::1]/a.mp3"}', b'{"audio_url": "https://example.com/\\u0000"}', b'{"audio_url": "file:///%00"}',
     b'{"audio_url": "https://example.com/upload/00000000000000000000000000000000/00000000-0000-4000-8000-000000000000"}',
     b'{"audio_url": "' + URL.encode() + b'", "audio_start_from": 99999999999999999999999999}'],
)  # fmt: skip
def test_no_body_is_answered_with_500(api: Api, body: bytes) -> None:
    reply = api.http.post("/v2/transcript", content=body)
    assert reply.status_code in (200, 400)
    if reply.status_code == 200:
        assert api.http.get(f"/v2/transcript/{reply.json()['id']}").status_code == 200


@pytest.mark.parametrize(
    "name",
    ["attachment; filename*=undefined''x", "attachment; filename*=idna''x", "attachment; filename*=utf-7''%2B2AA-",
     "attachment; filename*=unicode_escape''%5Cud800", "attachment; filename*=utf-8''%ff%fe", 'attachment; filename="', ";;;=",
     "attachment; filename=" + "x" * 5000],
)  # fmt: skip
def test_no_file_name_is_answered_with_500(api: Api, name: str) -> None:
    assert api.transcribe(api.upload(wav(1), **{"Content-Disposition": name}))["status"] == "completed"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/jobs?before=1000000000000000000000000000000", None),
        ("GET", "/jobs?key=%ff%fe", None),
        ("GET", "/jobs/%00", None),
        ("POST", "/jobs/x/fail", b'{"error": "\\ud800"}'),
        ("POST", "/clock/advance", b'{"seconds": NaN}'),
        ("POST", "/clock/scale", b'{"factor": 1e-308}'),
        ("POST", "/clock/advance", b"{" * 5000),
        ("POST", "/clock/advance", b"\xff"),
        ("PATCH", "/terms?key=odd", b'{"concurrency": null, "rate_limit": null}'),
        ("PATCH", "/terms?key=odd", b'{"concurrency": %d}' % 2**70),
        ("PATCH", "/terms?key=odd", b'{"rate_limit": %d}' % 10**400),
    ],
)
def test_no_control_call_is_answered_with_500(api: Api, method: str, path: str, body: bytes | None) -> None:
    headers = {"Content-Type": "application/json"}
    reply = httpx.request(method, f"{api.url}/_mock{path}", content=body, headers=headers)
    assert reply.status_code in (200, 400, 404, 422)
    if reply.status_code != 200:
        assert reply.json()["error"]


def test_a_job_can_only_be_failed_with_text(api: Api) -> None:
    job = api.submit(URL, progress="held")
    reply = api.control.post(
        f"/jobs/{job}/fail", content=b'{"error": "\\ud800"}', headers={"Content-Type": "application/json"}
    )
    assert reply.status_code == 422
    assert "surrogate" in reply.json()["error"]
    assert api.get(job)["status"] == "queued"


def test_an_id_that_is_empty_is_an_unknown_id(api: Api) -> None:
    reply = api.http.get("/v2/transcript/")
    assert (reply.status_code, reply.json()) == (400, {"error": "Transcript lookup error, transcript id not found"})


def test_both_clocks_can_stand_at_the_end_of_time() -> None:
    with MockServer() as mock:
        api = api_of(mock.url)
        api.advance(1e10)
        for _ in range(30):
            httpx.post(f"{mock.url}/_mock/clock/advance", json={"seconds": 1e10})
        assert api.control.get("/clock").json()["now"].startswith("9999-12-31")
        job = api.submit(URL, progress="timed")
        assert api.job(job)["due"].startswith("9999-12-31")
        assert api.control.get("/journal").status_code == 200


def test_an_upload_url_that_leads_nowhere_any_more_invents_nothing(api: Api) -> None:
    url = api.upload(wav(1))
    api.control.post("/reset")
    view = api.transcribe(url)
    assert view["status"] == "error"
    assert view["error"].startswith("Download error, unable to download")


def test_the_log_cannot_be_forged(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with MockServer(log_requests=True) as mock:
        httpx.get(f"{mock.url}/v2/x%0A12:00:00.000%20200%20GET%20/forged%1b[31m")
        httpx.get(f"{mock.url}/_mock/journal")
    log = capfd.readouterr().err
    lines = [line for line in log.splitlines() if "forged" in line]
    assert len(lines) == 1
    assert "\x1b" not in log


def test_requests_are_logged_even_if_the_journal_is_asked_first(capfd: pytest.CaptureFixture[str]) -> None:
    with MockServer(log_requests=True) as mock:
        api = api_of(mock.url)
        request_id = api.http.get("/v2/transcript/asked-first").headers["x-request-id"]
        assert api.control.get("/journal").json()["requests"][0]["request_id"] == request_id
    assert capfd.readouterr().err.count(request_id) == 1


def info_chunk(content: bytes) -> bytes:
    tag = b"INAM" + struct.pack("<I", len(content)) + content
    chunk = b"LIST" + struct.pack("<I", 4 + len(tag)) + b"INFO" + tag
    sound = wav(1)
    return b"RIFF" + struct.pack("<I", len(sound) - 8 + len(chunk)) + sound[8:36] + chunk + sound[36:]


def test_metadata_in_an_unknown_encoding_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(info_chunk("Müller und Söhne".encode("latin-1")))
    assert probe(tmp_path / "a.wav") == Sound(1000, 1)


def test_an_unknown_codec_is_not_audio(tmp_path: Path) -> None:
    content = bytearray(wav(1))
    content[20:22] = b"\x99\x99"
    (tmp_path / "a.wav").write_bytes(content)
    found = probe(tmp_path / "a.wav")
    assert isinstance(found, Unusable)
    assert found.reason == "not_audio"


@pytest.mark.parametrize(
    "playlist",
    ["#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{0}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile '{0}'\n"],
)
def test_a_playlist_cannot_name_other_files(playlist: str, tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(wav(2))
    (tmp_path / "list").write_text(playlist.format(tmp_path / "secret.wav"))
    assert isinstance(probe(tmp_path / "list"), Unusable)


def test_a_port_that_is_taken_is_an_error_that_can_be_caught(server: MockServer) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(RuntimeError, match=f"cannot listen on 127.0.0.1:{port}"), MockServer(port=port):
        pass


def test_keys_may_be_written_with_spaces() -> None:
    settings: Any = ("a, b",)
    with MockServer(keys=settings) as mock:
        assert api_of(mock.url, "b").transcribe(URL)["status"] == "completed"
