"""Audio that is elsewhere: pretended, fetched, in a file, in the URL itself."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family
from tests.conftest import AUDIO, api_of, each_family
from tests.sounds import wav

HELLO = (AUDIO / "hello.wav").read_bytes()


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        replies: dict[str, tuple[int, bytes]] = {
            "/hello.wav": (200, HELLO),
            "/page.html": (200, b"<html></html>"),
            "/empty.mp3": (200, b""),
            "/forbidden.mp3": (403, b""),
            "/missing.mp3": (404, b""),
            "/broken.mp3": (500, b""),
            "/large.wav": (200, wav(60)),
        }
        if self.path.startswith("/redirect/"):
            left = int(self.path.rsplit("/", 1)[1])
            self.send_response(302)
            self.send_header("Location", f"/redirect/{left - 1}" if left > 1 else "/hello.wav")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/hangs.mp3":
            self.rfile.read(1)
            return
        status, body = replies[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + (self.path == "/cut.mp3")))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def fetching() -> Iterator[MockServer]:
    with MockServer(remote_audio="fetch", fetch_bytes=500_000, fetch_timeout=60, fetch_redirects=3) as mock:
        yield mock


def finished(api: AnyApi, url: str) -> str:
    job = api.submit(url)
    while api.status(job) in ("queued", "processing"):
        pass
    return job


def reason(api: AnyApi, job: str) -> str | None:
    """Return why a job failed, in the server's own word."""
    failure = api.job(job)["failure"]
    assert (api.status(job) == "error") is (failure is not None)
    return failure and str(failure["reason"])


@each_family
@pytest.mark.parametrize("path", ["/hello.wav", "/redirect/3"])
def test_fetched_audio_is_matched_like_uploaded_audio(
    family: Family, path: str, site: str, fetching: MockServer
) -> None:
    api = api_of(fetching.url, family=family)
    job = finished(api, site + path)
    assert str(api.text(job)).startswith("Hello and welcome.")
    assert api.source(job) == site + path


@each_family
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/page.html", "not_audio"),
        ("/empty.mp3", "empty"),
        ("/forbidden.mp3", "download_forbidden"),
        ("/missing.mp3", "download_failed"),
        ("/broken.mp3", "download_forbidden"),
        ("/redirect/9", "download_failed"),
        ("/large.wav", "too_large"),
    ],
)
def test_a_download_that_fails_ends_the_job(
    family: Family, path: str, why: str, site: str, fetching: MockServer
) -> None:
    api = api_of(fetching.url, family=family)
    assert reason(api, finished(api, site + path)) == why


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/page.html", "File does not appear to contain audio. File type is text/html (HTML document, ASCII text)."),
        ("/empty.mp3", "File does not appear to contain audio. File type is inode/x-empty (empty)."),
        ("/forbidden.mp3", "Download error to {url}, 403 Client Error: Forbidden for url: {url}"),
        ("/missing.mp3", "Download error, unable to download {url}. "
         "Please make sure the file exists and is accessible from the internet."),
        ("/broken.mp3", "Download error to {url}, 500 Server Error: Internal Server Error for url: {url}"),
        ("/redirect/9", "Download error, unable to download {url}. "
         "Please make sure the file exists and is accessible from the internet."),
        ("/large.wav", "File size exceeds the maximum allowed size."),
    ],
)  # fmt: skip
def test_a_download_that_fails_ends_the_job_with_the_documented_text(
    path: str, error: str, site: str, fetching: MockServer
) -> None:
    api = api_of(fetching.url)
    job = finished(api, site + path)
    assert (api.status(job), api.failure(job)) == ("error", error.format(url=site + path))


@each_family
def test_a_download_that_takes_too_long_is_given_up(family: Family, site: str) -> None:
    with MockServer(remote_audio="fetch", fetch_timeout=0.3) as mock:
        api = api_of(mock.url, family=family)
        assert reason(api, finished(api, f"{site}/hangs.mp3")) == "download_failed"


@each_family
def test_nothing_is_left_of_a_failed_download(family: Family, site: str, tmp_path: Path) -> None:
    with MockServer(remote_audio="fetch", fetch_bytes=100, data=tmp_path) as mock:
        api = api_of(mock.url, family=family)
        assert api.status(finished(api, f"{site}/hello.wav")) == "error"
        assert list((tmp_path / "uploads").iterdir()) == []


@each_family
def test_pretended_audio_is_never_downloaded(site: str, api: AnyApi) -> None:
    job = api.submit(f"{site}/missing.mp3")
    assert api.status(job) == "completed"
    assert 20 <= (api.duration(job) or 0) <= 180


@each_family
def test_a_data_url_is_read(api: AnyApi) -> None:
    url = "data:audio/wav;base64," + base64.b64encode(HELLO).decode()
    assert str(api.heard(url)).startswith("Hello and welcome.")


@each_family
@pytest.mark.parametrize("url", ["data:audio/wav;base64,%%%", "data:nothing", "data:audio/wav;base64,AAA"])
def test_a_broken_data_url_ends_the_job_as_error(api: AnyApi, url: str) -> None:
    assert api.status(api.submit(url)) == "error"


@each_family
def test_files_are_read_in_allowed_folders_only(family: Family, tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a b.wav").write_bytes(HELLO)
    (inside / "link.wav").symlink_to(outside / "a b.wav")
    with MockServer(file_folders=(inside,)) as mock:
        api = api_of(mock.url, family=family)
        assert str(api.heard((inside / "a b.wav").as_uri())).startswith("Hello and welcome.")
        for path in (outside / "a b.wav", inside / "link.wav", Path(f"{inside}/../out/a b.wav")):
            assert reason(api, api.submit(f"file://{path}")) == "download_denied"
        assert reason(api, api.submit((inside / "missing.wav").as_uri())) == "download_failed"
        assert api.status(api.submit("file:///a%00b.wav")) == "error"


@each_family
def test_no_file_is_read_by_default(api: AnyApi) -> None:
    assert reason(api, api.submit((AUDIO / "hello.wav").as_uri())) == "download_denied"


def test_a_file_that_may_not_be_read_has_the_documented_text(api: Api) -> None:
    assert api.transcribe((AUDIO / "hello.wav").as_uri())["error"].startswith(
        "Download error, unable to access file at"
    )
