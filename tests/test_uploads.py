"""Audio in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family
from tests.conftest import AUDIO, api_of, each_family
from tests.processes import half_an_upload, running
from tests.sounds import wav


def test_an_upload_url_points_at_this_server_and_is_not_given_back(api: Api) -> None:
    url = api.upload(wav(1))
    assert url.startswith(f"{api.url}/upload/")
    refused = httpx.get(url)
    assert refused.status_code == 403
    assert "AccessDenied" in refused.text


def test_a_public_url_is_used_where_one_is_set() -> None:
    with MockServer(public_url="https://mock.example.com/") as mock:
        api = api_of(mock.url)
        url = api.upload((AUDIO / "hello.wav").read_bytes())
        assert url.startswith("https://mock.example.com/upload/")
        assert api.transcribe(url)["text"].startswith("Hello and welcome.")


def test_an_empty_upload_is_refused_in_plain_text(api: Api) -> None:
    reply = api.http.post("/v2/upload", content=b"")
    assert reply.status_code == 422
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.text.startswith("Upload failed, please try again.")


@each_family
def test_a_chunked_upload_without_length_is_accepted(api: AnyApi) -> None:
    whole = (AUDIO / "stereo-call.wav").read_bytes()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(whole), 1000):
            yield whole[start : start + 1000]

    assert str(api.text(api.stream(pieces()))).startswith("Good afternoon,")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            b"<html><body>hi</body></html>",
            "File does not appear to contain audio. File type is text/html (HTML document, ASCII text).",
        ),
        (b"\x00\x01\x02" * 500, "File does not appear to contain audio. File type is application/octet-stream (data)."),
        (wav(0.1), "Audio duration is too short."),
        (wav(2)[:20], "File does not appear to contain audio. File type is audio/x-wav (RIFF (little-endian) data)."),
    ],
)
def test_what_is_not_audio_ends_the_job_with_the_documented_text(api: Api, content: bytes, error: str) -> None:
    view = api.transcribe(api.upload(content))
    assert (view["status"], view["error"], view["text"]) == ("error", error, None)


@each_family
def test_the_duration_is_that_of_the_audio_in_seconds_rounded_up(api: AnyApi) -> None:
    for length, seconds in ((2.1, 3), (2.0, 2)):
        job = api.send(wav(length))
        assert (api.status(job), api.duration(job)) == ("completed", seconds)


def test_another_projects_upload_is_refused(api: Api, server: MockServer) -> None:
    url = api.upload(wav(1))
    other = api_of(server.url)
    reply = other.http.post("/v2/transcript", json={"audio_url": url})
    assert (reply.status_code, reply.json()) == (403, {"error": "Cannot access uploaded file"})


@each_family
@pytest.mark.parametrize("name", ["call 17.wav", "../../call 17.wav"])
def test_a_fixture_can_match_the_name_of_a_file(family: Family, name: str, tmp_path: Path) -> None:
    (tmp_path / "named.yaml").write_text('match: {file_name: "call 17.*"}\ntext: named 17\n')
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url, family=family)
        assert api.text(api.send(wav(2), name)) == "named 17"
        assert api.text(api.send(wav(2), "call 18.wav")) != "named 17"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ('attachment; filename="call 17.wav"', "named 17"),
        ("attachment; filename=call%2017.wav", "named 17"),
        ('attachment; filename="../../call 17.wav"', "named 17"),
    ],
)
def test_a_fixture_can_match_the_name_of_an_uploaded_file(name: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "named.yaml").write_text('match: {file_name: "call 17.*"}\ntext: named 17\n')
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url)
        assert api.transcribe(api.upload(wav(2), **{"Content-Disposition": name}))["text"] == expected


@each_family
def test_a_client_that_leaves_half_way_leaves_nothing_behind(family: Family, tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as server:
        api = api_of(server.url, "k", family=family)
        with half_an_upload(api):
            pass
        uploads = tmp_path / "uploads"
        while list(uploads.iterdir()) or not _seen(api):
            assert server.process.poll() is None


def _seen(api: AnyApi) -> bool:
    entries = api.control.get("/journal").json()["requests"]
    return any(entry["path"] == api.uploads_path and entry["status"] == 499 for entry in entries)


def test_an_upload_that_is_too_large_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with MockServer(upload_bytes=1_000_000, data=tmp_path) as mock:
        api = api_of(mock.url)
        reply = api.http.post("/v2/upload", content=bytes(1_000_001))
        assert reply.status_code == 413
        assert list((tmp_path / "uploads").iterdir()) == []
        assert api.upload(bytes(1_000_000))


@each_family
def test_what_is_too_large_is_refused_and_leaves_nothing(family: Family, tmp_path: Path) -> None:
    with MockServer(upload_bytes=100_000, data=tmp_path) as mock:
        api = api_of(mock.url, family=family)
        assert api.offer(wav(20)).status_code == 413
        assert list((tmp_path / "uploads").iterdir()) == []
        assert api.control.get("/jobs").json()["jobs"] == []
        assert api.status(api.send(wav(1))) == "completed"


def test_a_large_upload_takes_no_more_memory(tmp_path: Path) -> None:
    size = 300 * 2**20
    with running("--data", str(tmp_path)) as server:
        api = api_of(server.url)
        api.upload(wav(1))
        before = _peak_memory(server.process.pid)

        def pieces() -> Iterator[bytes]:
            for _ in range(size // 2**20):
                yield bytes(2**20)

        api.http.post("/v2/upload", content=pieces()).raise_for_status()
        assert max(path.stat().st_size for path in (tmp_path / "uploads").iterdir()) == size
        assert _peak_memory(server.process.pid) - before < 40 * 2**20


def _peak_memory(process: int) -> int:
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        pytest.skip("peak memory is read from /proc, which only Linux has")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
