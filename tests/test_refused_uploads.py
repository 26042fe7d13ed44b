"""Uploads that are refused before they are whole: the client sees why, and nothing is left of them."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
import urllib3

from mockserver import leftovers, server
from mockserver.embed import MockServer
from tests.waiting import eventually

SIZE = 200 * 2**20
PIECE = bytes(2**20)
LIMIT = 1_000_000
KEY = {"Authorization": "k"}
SIZED = KEY | {"Content-Length": str(SIZE)}
CLOSING = {"Connection": "close"}
CHUNKED = {"Transfer-Encoding": "chunked"}


def pieces() -> Iterator[bytes]:
    for _ in range(SIZE // len(PIECE)):
        yield PIECE


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    data = tmp_path_factory.mktemp("data")
    with MockServer(upload_bytes=LIMIT, data=data) as mock:
        yield f"{mock.url}/v2/upload", data / "uploads"


class Zeros:
    """A file of zeros, which requests asks for its length."""

    def __init__(self) -> None:
        self._left = SIZE

    def __len__(self) -> int:
        return self._left

    def read(self, size: int) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return bytes(size)


def by_requests(url: str, headers: dict[str, str]) -> int:
    body: Any = Zeros() if "Content-Length" in headers else pieces()
    return requests.post(url, data=body, headers=headers, timeout=60).status_code


def by_httpx(url: str, headers: dict[str, str]) -> int:
    return httpx.post(url, content=pieces(), headers=headers, timeout=60).status_code


def by_urllib3(url: str, headers: dict[str, str]) -> int:
    return urllib3.request("POST", url, body=pieces(), headers=headers, timeout=60).status


def by_http_client(url: str, headers: dict[str, str]) -> int:
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=60)) as client:
        chunked = "Content-Length" not in headers
        headers = headers | (CHUNKED if chunked else {})
        client.request("POST", parts.path, pieces(), headers, encode_chunked=chunked)
        return client.getresponse().status


def by_curl(url: str, headers: dict[str, str]) -> int:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    if "Content-Length" not in headers:
        headers = headers | CHUNKED
    given = [word for header in headers.items() for word in ("-H", ": ".join(header))]
    command = ["curl", "-sS", "-X", "POST", "-o", "/dev/null", "-w", "%{http_code}", *given]
    with NamedTemporaryFile() as zeros:
        zeros.truncate(SIZE)  # it takes no room
        return int(subprocess.run([*command, "-T", zeros.name, url], stdout=subprocess.PIPE, check=False).stdout)


AIOHTTP = """
import asyncio, sys, aiohttp

async def body():
    for _ in range(int(sys.argv[2]) >> 20):
        yield bytes(1 << 20)

async def main():
    async with aiohttp.ClientSession() as session:
        async with session.post(sys.argv[1], data=body(), headers={"Authorization": "k"}) as reply:
            await reply.read()
            print(reply.status)

asyncio.run(main())
"""
FETCH = """
const [url, size] = process.argv.slice(1);
let left = +size;
const body = new ReadableStream({pull(to) {
    if (left <= 0) return to.close();
    to.enqueue(new Uint8Array(1 << 20));
    left -= 1 << 20;
}});
fetch(url, {method: "POST", body, duplex: "half", headers: {Authorization: "k"}})
    .then(reply => console.log(reply.status));
"""
SENDERS = [by_requests, by_httpx, by_urllib3, by_http_client, by_curl]


@pytest.mark.parametrize("headers", [KEY, SIZED, SIZED | CLOSING, KEY | CLOSING], ids=str)
@pytest.mark.parametrize("send", SENDERS)
def test_a_client_that_sends_too_much_sees_the_refusal(
    send: Callable[[str, dict[str, str]], int], headers: dict[str, str], uploads: tuple[str, Path]
) -> None:
    url, folder = uploads
    assert send(url, headers) == 413
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("command", [[sys.executable, "-c", AIOHTTP], ["node", "-e", FETCH]], ids=["aiohttp", "fetch"])
def test_a_client_that_reads_while_it_sends_sees_the_refusal(command: list[str], uploads: tuple[str, Path]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    said = subprocess.run([*command, uploads[0], str(SIZE)], stdout=subprocess.PIPE, timeout=60, check=False).stdout
    assert said.strip() == b"413"


def connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port or 80), timeout=60)


def head(*lines: str) -> bytes:
    return "\r\n".join(("POST /v2/upload HTTP/1.1", "Host: x", "Authorization: k", *lines, "", "")).encode()


def said(client: socket.socket) -> bytes:
    """Return everything that the server says until it has no more to say."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def test_a_client_that_asks_before_it_sends_is_told_not_to(uploads: tuple[str, Path]) -> None:
    with connected(uploads[0]) as client:
        client.sendall(head("Expect: 100-continue", f"Content-Length: {SIZE}"))
        reply = said(client)
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in reply


def test_a_client_that_may_send_is_told_so(uploads: tuple[str, Path]) -> None:
    with connected(uploads[0]) as client:
        client.sendall(head("Expect: 100-continue", "Content-Length: 4", "Connection: close"))
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"RIFF")
        assert said(client).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("rest", ["never stops", "stops", "comes slowly"])
def test_a_client_that_goes_on_sending_is_cut_off_in_the_end(
    rest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (server, leftovers):
        monkeypatch.setattr(module, "QUIET", 0.2)
        monkeypatch.setattr(module, "LOOKS", 3)
    with MockServer(upload_bytes=LIMIT, data=tmp_path) as mock, connected(mock.url) as client:
        client.sendall(head(f"Content-Length: {10**15}"))
        assert said(client).startswith(b"HTTP/1.1 413 ")
        if rest == "stops":
            client.sendall(PIECE)
        else:
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                send_for_ever(client, PIECE if rest == "never stops" else b"x")
        eventually(lambda: not open_connections(mock))


def send_for_ever(client: socket.socket, piece: bytes) -> None:
    while True:
        client.sendall(piece)


def test_a_client_that_never_sends_the_rest_of_a_short_body_is_cut_off_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "QUIET", 0.1)
    with MockServer(upload_bytes=100_000, data=tmp_path) as mock, connected(mock.url) as client:
        client.sendall(head("Content-Length: 500000") + bytes(200_000))
        assert said(client).startswith(b"HTTP/1.1 413 ")


def open_connections(mock: MockServer) -> int:
    assert mock._server is not None
    return len(mock._server.server_state.connections)


def test_a_connection_goes_on_after_a_short_body_that_was_refused(uploads: tuple[str, Path]) -> None:
    short = bytes(LIMIT + 1)
    with connected(uploads[0]) as client:
        for _ in range(3):
            client.sendall(head(f"Content-Length: {len(short)}"))
            reply = b""
            while not reply.endswith(b"}"):
                reply += client.recv(65536)
            assert reply.startswith(b"HTTP/1.1 413 ")
            assert b"connection: close" not in reply
            client.sendall(short)
        client.sendall(head("Content-Length: 4", "Connection: close") + b"RIFF")
        assert b"HTTP/1.1 200 " in said(client)


def test_a_session_goes_on_after_a_refusal(uploads: tuple[str, Path]) -> None:
    with requests.Session() as session:
        for _ in range(3):
            assert session.post(uploads[0], data=pieces(), headers=KEY, timeout=60).status_code == 413
            assert session.post(uploads[0], data=bytes(LIMIT + 1), headers=KEY, timeout=60).status_code == 413
            assert session.post(uploads[0], data=b"RIFF", headers=KEY, timeout=60).status_code == 200
