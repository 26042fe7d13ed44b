"""Sending audio to the jobs API, and looking at what is left of it."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from mockserver.embed import MockServer
from tests.conftest import Api
from tests.jobs.conftest import jobs_of, problem
from tests.sounds import wav
from tests.waiting import eventually

WAV = wav(2)
URL = "https://example.com/talks/monday.mp3"
GONE = "http://127.0.0.1:9/hook"
"""Where a webhook would go that must not be made at all."""


class Server:
    """A server, and the folder that it keeps audio in."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.uploads = folder / "uploads"

    def account(self, **terms: Any) -> Api:
        """Return the API as a new key sees it, which has these terms."""
        api = jobs_of(self.url)
        if terms:
            change(api, **terms)
        return api

    def kept(self) -> int:
        """Return how many bytes of audio are on the disk."""
        return sum(file.stat().st_size for file in self.uploads.iterdir())

    def refused(self, api: Api, ask: Callable[[], httpx.Response], status: int, code: str) -> dict[str, Any]:
        """Assert that a request is refused and leaves nothing behind; return what the refusal says."""
        kept, before = set(self.uploads.iterdir()), stored(api)
        reply = ask()
        assert problem(reply) == (status, code), reply.text
        assert set(self.uploads.iterdir()) == kept
        assert stored(api) == before
        said: dict[str, Any] = reply.json()
        return said


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[Server]:
    with MockServer(data=folder, **settings) as mock:
        yield Server(mock.url, folder)


@contextmanager
def offering(files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve files by their names, and nothing else; give the URL that these are below."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path.lstrip("/"))
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            with suppress(OSError):  # who has had enough of it hangs up
                self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def change(api: Api, **terms: Any) -> None:
    reply = api.control.patch("/terms", json=terms)
    assert reply.status_code == 200, reply.text


def stored(api: Api) -> list[Any]:
    """Return the jobs and the webhooks of a key."""
    return [api.control.get(path).json() for path in ("/jobs", "/webhooks")]


def send(
    api: Api,
    content: Any = WAV,
    name: str = "call.wav",
    *,
    query: str = "",
    progress: str | None = None,
    **fields: str,
) -> httpx.Response:
    """Send a file."""
    headers = {"X-Mock-Progress": progress} if progress else {}
    file = io.BytesIO(content)  # bytes would be sent in one piece, which httpx copies again and again
    return api.http.post(f"/jobs{query}", files={"file": (name, file)}, data=fields, headers=headers)


def name_url(api: Api, *, query: str = "", progress: str | None = None, **members: Any) -> httpx.Response:
    """Name the URL of a file."""
    headers = {"X-Mock-Progress": progress} if progress else {}
    return api.http.post(f"/jobs{query}", json=members, headers=headers)


def raw(api: Api, body: bytes, content_type: str | None = "multipart/form-data; boundary=edge") -> httpx.Response:
    """Send any bytes."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    return api.http.post("/jobs", content=body, headers=headers)


def part(name: str, content: bytes, file_name: str | None = None) -> bytes:
    """Return a part of a form whose boundary is ``edge``."""
    file = "" if file_name is None else f'; filename="{file_name}"'
    return b'--edge\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (
        name.encode(),
        file.encode(),
        content,
    )


END = b"--edge--\r\n"


def begun(api: Api, *headers: str) -> bytes:
    """Return the head of a request, as bytes for a socket."""
    lines = ("POST /jobs HTTP/1.1", "Host: x", f"Authorization: {api.http.headers['Authorization']}", *headers, "", "")
    return "\r\n".join(lines).encode()


def connected(api: Api) -> socket.socket:
    parts = urlsplit(api.url)
    return socket.create_connection((parts.hostname, parts.port or 80), timeout=60)


def accepted(reply: httpx.Response) -> str:
    """Return the id of the job that was made."""
    assert reply.status_code == 202, reply.text
    job: str = reply.json()["job_id"]
    return job


def look(api: Api, job: str) -> dict[str, Any]:
    """Return a job as it is now."""
    reply = api.http.get(f"/jobs/{job}")
    assert reply.status_code == 200, reply.text
    seen: dict[str, Any] = reply.json()
    return seen


def ended(api: Api, job: str) -> dict[str, Any]:
    """Return a job once it has ended."""
    return eventually(lambda: look(api, job), 30, lambda seen: seen["status"] not in ("queued", "processing"))


def statuses(api: Api, jobs: list[str]) -> list[str]:
    return [look(api, job)["status"] for job in jobs]


def words(api: Api, job: str) -> list[str]:
    """Return what was heard for a job."""
    reply = api.http.get(f"/jobs/{job}/transcript")
    assert reply.status_code == 200, reply.text
    return [word["text"] for segment in reply.json()["segments"] for word in segment["words"]]


def add_fixture(api: Api, text: str, uses: int | None = None) -> None:
    """Add a fixture of the key's own."""
    params = {} if uses is None else {"uses": uses}
    reply = api.control.post("/fixtures", content=text, params=params, headers={"Content-Type": "application/yaml"})
    assert reply.status_code in (200, 201), reply.text


def violations(api: Api) -> list[str]:
    """Return what the journal found wrong with the newest request."""
    found: list[str] = api.control.get("/journal").json()["requests"][0]["violations"]
    return found
