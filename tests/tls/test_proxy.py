"""The proxy: the vendors' hosts lead to the server, others as the settings say; nothing hangs and nothing stays open."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests
import trustme
import websockets.sync.client
import websockets.sync.server

from mockserver import proxy
from mockserver.embed import MockServer
from tests.conftest import AUDIO
from tests.processes import ServerProcess, running
from tests.test_settings import command
from tests.tls.conftest import Address, address_of, trusting
from tests.waiting import eventually

KEY = {"Authorization": "k"}
HEALTH = "/_mock/health"


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Some other host: it says what was asked of it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = f"elsewhere {self.requestline} {self.headers['Host']} {self.headers.get('Proxy-Authorization')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        size = len(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{size} bytes".encode())
        self.close_connection = True

    def do_CONNECT(self) -> None:
        self.send_error(418)

    def log_message(self, *_: object) -> None:
        pass


def serving(context: ssl.SSLContext | None = None) -> Iterator[Address]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield Address("127.0.0.1", server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Address]:
    yield from serving()


@pytest.fixture(scope="module")
def others_ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def elsewhere_secure(others_ca: trustme.CA) -> Iterator[Address]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    others_ca.issue_cert("127.0.0.1").configure_cert(context)
    yield from serving(context)


@pytest.fixture(scope="module")
def strict() -> Iterator[MockServer]:
    with MockServer(tls=True, proxy_port=0, proxy_others="refuse") as mock:
        yield mock


def client(mock: MockServer, context: ssl.SSLContext | None = None) -> httpx.Client:
    return httpx.Client(proxy=mock.proxy_url, verify=context or trusting(mock.ca()), headers=KEY)


def said(mock: MockServer, *sent: bytes, ends: bool = False) -> bytes:
    """Return what the proxy answers to bytes until it closes the connection."""
    with socket.create_connection(address_of(mock.proxy_url), timeout=20) as connection:
        for each in sent:
            connection.sendall(each)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_the_vendors_hosts_lead_to_the_server(secure: MockServer) -> None:
    with client(secure) as http:
        uploaded = http.post("https://api.assemblyai.com/v2/upload", content=(AUDIO / "hello.wav").read_bytes()).json()
        job = http.post("https://API.assemblyai.com./v2/transcript", json={"audio_url": uploaded["upload_url"]}).json()
        assert http.get(f"https://api.assemblyai.com/v2/transcript/{job['id']}").json()["text"].startswith("Hello and")
        assert len(http.get("https://llm-gateway.assemblyai.com/v1/models").json()["data"]) > 3
        assert http.get(f"http://sync.assemblyai.com{HEALTH}?a=b").json()["status"] == "ok"
        assert http.get(f"https://streaming.eu.assemblyai.com:8443{HEALTH}").status_code == 200


def test_requests_and_plain_http_go_there_too(secure: MockServer, ca_file: Path) -> None:
    proxies = {"http": secure.proxy_url or "", "https": secure.proxy_url or ""}
    with requests.Session() as session:
        for scheme in ("http", "https", "http", "https"):
            reply = session.get(f"{scheme}://api.assemblyai.com{HEALTH}", proxies=proxies, verify=str(ca_file))
            assert reply.json()["status"] == "ok"
        body = b"x" * 900_000
        assert session.post("http://api.assemblyai.com/v2/upload", body, proxies=proxies, headers=KEY).ok
        refused = session.post("http://api.assemblyai.com/v2/upload", body * 2, proxies=proxies, headers=KEY)
        assert refused.status_code == 413


def test_a_request_keeps_its_host_and_not_what_was_for_the_proxy(secure: MockServer) -> None:
    mock = secure.with_key("of-headers")
    head = (
        b"GET http://someone@API.assemblyai.com:80/v2/transcript?limit=3#x HTTP/1.1\r\nHost: wrong.test\r\nAuthorization: of-headers\r\n"
        b"Proxy-Authorization: Basic c2VjcmV0\r\nProxy-Connection: keep-alive\r\nX-Mine: 1\r\n\r\n"
    )
    assert b" 400 " in said(secure, head)  # what follows a number sign is never sent
    reply = said(secure, head.replace(b"#x", b""))
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in reply
    (seen,) = mock.requests()
    assert (seen.path, seen.query) == ("/v2/transcript", "limit=3")
    headers = dict(seen.headers)
    assert headers["host"] == "API.assemblyai.com:80"
    assert headers["x-mine"] == "1"
    assert not any(name.startswith("proxy-") for name in headers)


def test_other_hosts_are_passed_through(
    secure: MockServer, elsewhere: Address, elsewhere_secure: Address, others_ca: trustme.CA
) -> None:
    context = trusting(others_ca.cert_pem.bytes().decode())
    with client(secure, context) as http:
        plain, secret = f"127.0.0.1:{elsewhere.port}", f"127.0.0.1:{elsewhere_secure.port}"
        assert http.get(f"http://{plain}/a?b").text == f"elsewhere GET /a?b HTTP/1.1 {plain} None"
        assert http.get(f"https://{secret}/a?b").text == f"elsewhere GET /a?b HTTP/1.1 {secret} None"
        assert http.post(f"http://{plain}/", content=bytes(5_000_000)).text == "5000000 bytes"
        assert http.post(f"https://{secret}/", content=bytes(5_000_000)).text == "5000000 bytes"
        assert http.get(f"http://localhost:{elsewhere.port}/").text.startswith("elsewhere ")


def test_other_hosts_are_refused_by_name(strict: MockServer, elsewhere: Address) -> None:
    with client(strict) as http:
        reply = http.get(f"http://127.0.0.1:{elsewhere.port}/")
        assert (reply.status_code, "127.0.0.1" in reply.text) == (403, True)
        assert http.post("http://example.com/", content=bytes(5_000_000)).status_code == 403
        with pytest.raises(
            httpx.ProxyError, match=r"403 example\.com is refused: this proxy leads to the mocked hosts"
        ):
            http.get("https://example.com/")
        with pytest.raises(httpx.ProxyError, match=r"403 api\.assemblyai\.com\.evil\.test is refused"):
            http.get("https://api.assemblyai.com.evil.test/")
        assert http.get(f"https://api.assemblyai.com{HEALTH}").status_code == 200


def test_other_hosts_are_passed_on_to_another_proxy(elsewhere: Address) -> None:
    beyond = f"http://user:p%40ss@127.0.0.1:{elsewhere.port}"
    with MockServer(tls=True, proxy_port=0, proxy_beyond=beyond) as mock, client(mock) as http:
        text = http.get("http://example.com/a?b").text
        assert text == "elsewhere GET http://example.com/a?b HTTP/1.1 example.com Basic dXNlcjpwQHNz"
        with pytest.raises(httpx.ProxyError, match="418"):
            http.get("https://example.com/")
        assert http.get(f"http://api.assemblyai.com{HEALTH}").json()["status"] == "ok"


@pytest.mark.parametrize(("host", "said"), [("nowhere.invalid", "502"), ("127.0.0.1:1", "502"), ("169.254.1.1", "403")])
def test_a_host_that_cannot_be_reached_is_named(secure: MockServer, host: str, said: str) -> None:
    with client(secure) as http:
        assert http.get(f"http://{host}/").status_code == int(said)
        with pytest.raises(httpx.ProxyError, match=f"^{said} {host.partition(':')[0]} "):
            http.get(f"https://{host}/")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET https://example.com/ HTTP/1.1\r\n\r\n",
        b"GET http:// HTTP/1.1\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\n\r\n",
        b"CONNECT example.com:0 HTTP/1.1\r\n\r\n",
        b"CONNECT example.com:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT exa\xffmple\x00.com: HTTP/1.1\r\n\r\n",
        b"CONNECT / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n\x00",
    ],
)
def test_what_is_no_request_for_a_proxy_is_refused(secure: MockServer, head: bytes) -> None:
    reply = said(secure, head)
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert reply.count(b"\r\n\r\n") == 1


def test_a_head_that_is_too_long_is_refused(secure: MockServer) -> None:
    line = b"GET http://api.assemblyai.com/ HTTP/1.1\r\nx: "
    assert said(secure, line + bytes(200_000)).startswith(b"HTTP/1.1 431 ")
    assert said(secure, line + b"x" * 70_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")
    assert said(secure, line, b"x" * 60_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 ")


def test_a_client_that_ends_before_its_request_does_is_let_go(secure: MockServer) -> None:
    assert said(secure, ends=True) == b""
    assert said(secure, b"CONNECT api.assembl", ends=True) == b""


def test_a_client_that_is_slow_with_its_request_is_refused(monkeypatch: pytest.MonkeyPatch, secure: MockServer) -> None:
    monkeypatch.setattr(proxy, "HEAD_SECONDS", 0.2)
    assert said(secure).startswith(b"HTTP/1.1 408 ")
    assert said(secure, b"CONNECT api.assemblyai.com:443 HTTP/1.1\r\n").startswith(b"HTTP/1.1 408 ")


def test_a_client_that_has_said_all_still_gets_its_reply(secure: MockServer, elsewhere: Address) -> None:
    for host in ("api.assemblyai.com", f"127.0.0.1:{elsewhere.port}"):
        whole = f"GET http://{host}/v2/none HTTP/1.1\r\n\r\n".encode()
        assert b"HTTP/1.1 " in said(secure, whole, ends=True)
    tunnel = f"CONNECT 127.0.0.1:{elsewhere.port} HTTP/1.1\r\n\r\nGET /x HTTP/1.0\r\n\r\n".encode()
    reply = said(secure, tunnel, ends=True)
    assert reply.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert b"elsewhere GET /x" in reply


def test_a_websocket_goes_through(secure: MockServer) -> None:
    def echo(connection: websockets.sync.server.ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with websockets.sync.server.serve(echo, "127.0.0.1", 0, max_size=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        with websockets.sync.client.connect(url, proxy=secure.proxy_url, max_size=None) as connection:
            for message in ("hello", bytes(3_000_000), "bye"):
                connection.send(message)
                assert connection.recv() == message
        server.shutdown()
        thread.join()


def test_an_upgrade_of_plain_http_is_passed_on(secure: MockServer) -> None:
    head = (
        b"GET http://streaming.assemblyai.com/nowhere HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert said(secure, head).startswith(b"HTTP/1.1 4")


def test_a_tunnel_of_which_one_end_is_silent_ends(monkeypatch: pytest.MonkeyPatch, secure: MockServer) -> None:
    monkeypatch.setattr(proxy, "HALF_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert said(secure, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode(), ends=True).startswith(
            b"HTTP/1.1 200 "
        )


def test_a_host_that_goes_away_ends_the_clients_connection(secure: MockServer) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(address_of(secure.proxy_url)) as end,
    ):
        end.sendall(f"CONNECT 127.0.0.1:{server.getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
        far, _ = server.accept()
        assert end.recv(1000).endswith(b"\r\n\r\n")
        far.sendall(b"bye")
        far.close()
        end.settimeout(10)
        assert (end.recv(10), end.recv(10)) == (b"bye", b"")


@pytest.fixture
def own() -> Iterator[ServerProcess]:
    with running("--tls", "--tls-port", "0", "--proxy-port", "0") as server:
        yield server


def proxy_of(server: ServerProcess) -> Address:
    return address_of(server.said.partition("a proxy on ")[2].partition(",")[0])


def test_nothing_stays_open(own: ServerProcess) -> None:
    def files() -> int:
        return len(list(Path(f"/proc/{own.process.pid}/fd").iterdir()))

    httpx.get(f"{own.url}/_mock/clock")
    before = eventually(files, enough=lambda count: count)
    address = proxy_of(own)
    tunnel = b"CONNECT api.assemblyai.com:443 HTTP/1.1\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as far:
        elsewhere = f"CONNECT 127.0.0.1:{far.getsockname()[1]} HTTP/1.1\r\n\r\n".encode()
        starts = [
            b"",
            b"CONN",
            tunnel,
            tunnel + b"junk",
            elsewhere,
            elsewhere + bytes(500_000),
            b"CONNECT nowhere.invalid:1 HTTP/1.1\r\n\r\n",
        ]
        ends = []
        for number in range(280):
            end = socket.create_connection(address)
            end.setblocking(False)
            end.send(starts[number % len(starts)])
            ends.append(end)
        assert files() > before
        for number, end in enumerate(ends):
            if number % 2:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            end.close()
    eventually(lambda: files() <= before + 5, 20)
    assert httpx.get(f"{own.url}{HEALTH}").status_code == 200


def test_open_tunnels_do_not_keep_the_server_from_stopping(own: ServerProcess) -> None:
    with socket.create_connection(proxy_of(own)) as tunnel, socket.create_connection(proxy_of(own)):
        tunnel.sendall(b"CONNECT api.assemblyai.com:443 HTTP/1.1\r\n\r\n")
        assert tunnel.recv(1000).startswith(b"HTTP/1.1 200 ")
        own.process.terminate()
        assert own.process.wait(10) == 0


def test_a_reader_that_stops_reading_stops_the_writer(own: ServerProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(proxy_of(own), 20) as end:
        server.settimeout(20)
        end.sendall(f"CONNECT 127.0.0.1:{server.getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
        far, _ = server.accept()
        assert end.recv(1000).endswith(b"\r\n\r\n")
        far.settimeout(1)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 500_000_000:
                sent += far.send(bytes(1_000_000))
        assert sent < 100_000_000
        received = len(end.recv(65536))
        while received < sent:
            received += len(end.recv(1_000_000))
        far.close()
        assert end.recv(10) == b""


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"MOCKSERVER_PROXY_PORT": "0"}, "proxy_port: Value error, a proxy needs HTTPS: the setting tls"),
        ({"MOCKSERVER_TLS": "1", "MOCKSERVER_PROXY_OTHERS": "some"}, "proxy_others: "),
        ({"MOCKSERVER_PROXY_BEYOND": "socks5://user:pw@x"}, "proxy_beyond: Value error, must be http://host:port"),
    ],
)
def test_wrong_settings_are_told(env: dict[str, str], said: str) -> None:
    told = command("serve", **env)
    assert told.returncode == 2
    assert said in told.stderr
    assert ":pw@" not in told.stderr


def test_a_connection_serves_one_plain_request_because_the_next_may_be_for_another_host(secure: MockServer) -> None:
    host, port = address_of(secure.proxy_url)
    connection = http.client.HTTPConnection(host, port)
    connection.request("GET", f"http://api.assemblyai.com{HEALTH}")
    reply = connection.getresponse()
    assert reply.read().startswith(b"{")
    assert reply.will_close
    connection.close()
