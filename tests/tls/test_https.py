"""HTTPS and WSS beside HTTP, for real clients that trust the private CA."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import requests
import websockets.sync.client
from websockets.exceptions import InvalidStatus

from mockserver.apis.assemblyai.hosts import PRODUCTS
from mockserver.embed import MockServer
from tests.conftest import AUDIO, api_of
from tests.processes import ROOT, running
from tests.test_settings import command
from tests.tls.conftest import address_of, trusting

KEY = {"Authorization": "k"}


def with_httpx(url: str, ca: str) -> str:
    return httpx.get(url, verify=ssl.create_default_context(cafile=ca)).text


def with_requests(url: str, ca: str) -> str:
    return requests.get(url, verify=ca).text


def with_urllib(url: str, ca: str) -> str:
    with urllib.request.urlopen(url, context=ssl.create_default_context(cafile=ca)) as reply:
        text: str = reply.read().decode()
        return text


def with_curl(url: str, ca: str) -> str:
    return subprocess.run(["curl", "-sS", "--cacert", ca, url], capture_output=True, text=True, check=True).stdout


def with_node(url: str, ca: str) -> str:
    script = f"console.log(await (await fetch('{url}')).text())"
    return subprocess.run(
        ["node", "--input-type=module", "-e", script], env={"NODE_EXTRA_CA_CERTS": ca, "PATH": "/usr/bin:/usr/local/bin"},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


@pytest.mark.parametrize("ask", [with_httpx, with_requests, with_urllib, with_curl, with_node])
def test_clients_that_trust_the_ca_are_answered(
    ask: Callable[[str, str], str], secure: MockServer, ca_file: Path
) -> None:
    program = ask.__name__.removeprefix("with_")
    if program in ("curl", "node") and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    _, port = address_of(secure.https_url)
    for host in ("127.0.0.1", "localhost"):
        assert '"status":"ok"' in ask(f"https://{host}:{port}/_mock/health", str(ca_file))


def test_clients_that_do_not_trust_it_end_the_connection(secure: MockServer) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{secure.https_url}/_mock/health")


def shown_to(secure: MockServer, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    plain = socket.create_connection(address_of(secure.https_url), timeout=10)
    return context.wrap_socket(plain, server_hostname=name)


@pytest.mark.parametrize(
    "name",
    [*PRODUCTS, "localhost", "LOCALHOST", "127.0.0.1", "::1", socket.gethostname(), "host.docker.internal", "mockserver",
     "mock.test", "192.0.2.7"],
)  # fmt: skip
def test_the_certificate_is_for_every_usual_name(secure: MockServer, context: ssl.SSLContext, name: str) -> None:
    with shown_to(secure, context, name) as connection:
        assert connection.version() == "TLSv1.3"


def test_a_name_that_nobody_has_thought_of_gets_a_certificate_too(secure: MockServer, context: ssl.SSLContext) -> None:
    for name in ("speech", "api.assemblyai.internal", "xn--bcher-kva.example"):
        with shown_to(secure, context, name) as connection:
            certificate = connection.getpeercert()
        assert certificate
        assert certificate["subjectAltName"] == (("DNS", name),)


def test_a_name_that_none_can_be_for_is_for_the_client_to_refuse(secure: MockServer, context: ssl.SSLContext) -> None:
    for name in ("under_score", f"{'x' * 63}.{'y' * 63}.{'z' * 63}.{'w' * 63}"):
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            shown_to(secure, context, name)
    with shown_to(secure, context, "localhost"):
        pass


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_ticket_comes(secure: MockServer, version: ssl.TLSVersion) -> None:
    context = trusting(secure.ca())
    context.minimum_version = context.maximum_version = version
    with shown_to(secure, context, "localhost") as connection:
        connection.sendall(b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"200 OK" in b"".join(iter(lambda: connection.recv(65536), b""))  # tickets come before the reply
        session = connection.session
        assert session is None or not session.has_ticket


def test_a_websocket_is_answered_by_the_application(secure: MockServer, context: ssl.SSLContext) -> None:
    host, port = address_of(secure.https_url)
    with (
        pytest.raises(InvalidStatus) as refused,
        websockets.sync.client.connect(f"wss://{host}:{port}/nowhere", ssl=context, proxy=None),
    ):
        pass
    assert 400 <= refused.value.response.status_code < 500


def test_a_session_is_answered_as_soon_as_something_is_to_be_said(secure: MockServer, context: ssl.SSLContext) -> None:
    host, port = address_of(secure.https_url)
    address = f"wss://{host}:{port}/v3/ws?sample_rate=16000"
    with websockets.sync.client.connect(address, ssl=context, proxy=None, additional_headers=KEY) as session:
        assert '"Begin"' in str(session.recv(10))
        session.send('{"type": "Terminate"}')
        assert '"Termination"' in str(session.recv(10))


def test_urls_in_replies_are_as_secure_as_the_request(secure: MockServer, context: ssl.SSLContext) -> None:
    assert secure.https_url is not None
    api = api_of(secure.url)
    with httpx.Client(base_url=secure.https_url, headers={"Authorization": api.key}, verify=context) as client:
        uploaded = client.post("/v2/upload", content=(AUDIO / "hello.wav").read_bytes()).json()["upload_url"]
        assert uploaded.startswith(f"{secure.https_url}/upload/")
        asked = {
            "audio_url": uploaded,
            "redact_pii": True,
            "redact_pii_audio": True,
            "redact_pii_policies": ["location"],
        }
        job = client.post("/v2/transcript", json=asked).json()["id"]
        assert client.get(f"/v2/transcript/{job}").json()["text"].startswith("Hello and welcome.")
        link = client.get(f"/v2/transcript/{job}/redacted-audio").json()["redacted_audio_url"]
        assert link.startswith(f"{secure.https_url}/redacted-audio/")
        assert client.get(link).status_code == 200


def test_a_client_that_still_sends_sees_why_it_is_refused(secure: MockServer, context: ssl.SSLContext) -> None:
    for content in (bytes(50_000_000), (bytes(1_000_000) for _ in range(50))):
        reply = httpx.post(f"{secure.https_url}/v2/upload", headers=KEY, content=content, verify=context)
        assert reply.status_code == 413


def test_faults_break_connections_here_too(secure: MockServer, context: ssl.SSLContext) -> None:
    mock = secure.with_key("of-faults")
    for connection in ("CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE", "RANDOM_DATA_THEN_CLOSE"):
        mock.fault(connection=connection, times=1)
        with httpx.Client(
            base_url=secure.https_url or "", headers={"Authorization": "of-faults"}, verify=context
        ) as api:
            with pytest.raises(httpx.TransportError):
                api.get("/v2/transcript")
            assert api.get("/v2/transcript").status_code == 200


def test_what_is_no_tls_disturbs_nobody(
    secure: MockServer, context: ssl.SSLContext, capfd: pytest.CaptureFixture[str]
) -> None:
    for junk in (b"GET / HTTP/1.1\r\n\r\n", bytes(1000), b"\x16\x03\x01\x02\x00\x01\x00", b""):
        with socket.create_connection(address_of(secure.https_url), timeout=10) as client:
            client.sendall(junk)
            client.shutdown(socket.SHUT_WR)
            while client.recv(1000):
                pass
    assert httpx.get(f"{secure.https_url}/_mock/health", verify=context).status_code == 200
    assert capfd.readouterr().err == ""


def test_everybody_may_have_the_certificate() -> None:
    with MockServer(tls=True, control_token="secret", control_port=0) as mock:
        for url in (mock.url, mock.connection.url):
            reply = httpx.get(f"{url}/_mock/ca.pem")
            assert (reply.status_code, reply.headers["content-type"]) == (200, "application/x-pem-file")
            assert reply.text == mock.ca()
        assert httpx.get(f"{mock.url}/_mock/clock").status_code == 404
        assert httpx.get(f"{mock.connection.url}/_mock/clock").status_code == 401
    with MockServer(tls=True, control="off") as mock:
        assert httpx.get(f"{mock.url}/_mock/ca.pem").text.startswith("-----BEGIN CERTIFICATE-----")


def test_without_https_it_is_said_that_there_is_none(server: MockServer) -> None:
    reply = httpx.get(f"{server.url}/_mock/ca.pem")
    assert reply.status_code == 404
    assert "--tls" in reply.json()["error"]
    told = command("ca", "--url", server.url)
    assert (told.returncode, told.stdout) == (1, "")
    assert "--tls" in told.stderr
    assert server.https_url is None


def test_the_command_prints_it_and_the_client_has_it(secure: MockServer) -> None:
    told = command("ca", "--url", secure.url)
    assert (told.returncode, told.stdout) == (0, secure.ca())
    assert asyncio.run(secure.asynchronous.ca()) == secure.ca()
    assert secure.asynchronous.https_url == secure.with_key("other").https_url == secure.https_url
    assert command("ca", "--url", secure.https_url or "", **secure.env).stdout == secure.ca()


def test_the_environment_leads_other_programs_there(secure: MockServer) -> None:
    script = (
        "import httpx, os, requests, urllib.request\n"
        "url = os.environ['MOCKSERVER_HTTPS_URL'] + '/_mock/health'\n"
        "print(httpx.get(url).status_code, requests.get(url).status_code, urllib.request.urlopen(url).status)"
    )
    env = {"PATH": "/usr/bin:/bin"} | secure.with_key("other").env
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    assert done.stdout == "200 200 200\n", done.stderr


def test_the_environment_has_those_who_were_trusted_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MockServer(tls=True) as other:
        (tmp_path / "other.pem").write_text(f"some words\n{other.ca()}")
        for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
            monkeypatch.setenv(name, str(tmp_path / "other.pem"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
        with MockServer(tls=True) as mock:
            files = {Path(mock.env[name]) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")}
            for file in files:
                assert other.ca() in file.read_text()
                assert mock.ca() in file.read_text()
                assert "some words" not in file.read_text()
        assert not any(file.exists() for file in files)
        assert "SSL_CERT_FILE" not in MockServer().env


def test_the_log_says_where_https_and_the_proxy_are() -> None:
    with running("--tls", "--tls-port", "0", env={"MOCKSERVER_PROXY_PORT": "0"}) as server:
        assert ", https://127.0.0.1:" in server.said
        assert ", a proxy on http://127.0.0.1:" in server.said


@pytest.mark.parametrize("setting", ["tls_port", "proxy_port"])
def test_a_port_that_is_taken_is_told(setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        flags = {"tls_port": "0", "proxy_port": "0"} | {setting: port}
        told = command(
            "serve", "--port", "0", "--tls", "--tls-port", flags["tls_port"], "--proxy-port", flags["proxy_port"]
        )
        assert told.returncode == 1
        assert (
            f"the {'proxy' if setting == 'proxy_port' else 'HTTPS'} cannot listen".replace("the HTTPS", "HTTPS")
            in told.stderr
        )
        assert "in use" in told.stderr
        assert "Traceback" not in told.stderr
        with pytest.raises(RuntimeError, match="cannot listen"), MockServer(tls=True, **{setting: int(port)}):
            pass


def test_without_https_nothing_of_it_is_imported() -> None:
    script = (
        "import sys, mockserver.cli.serve\nfrom mockserver.server import Server\nfrom mockserver.settings import Settings\n"
        "Server(Settings(port=0), print, alone=True)\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    unwanted = {"trustme", "cryptography", "mockserver.web.authority", "mockserver.proxy", "mockserver.client.trust"}
    assert unwanted & set(done.stdout.split()) == set()
