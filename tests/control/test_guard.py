"""Who may use the control API: it can be off, at a port of its own, or behind a token; other sites' pages may not."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family
from tests.conftest import api_of, each_family
from tests.processes import ServerProcess, running
from tests.test_settings import command

URL = "https://example.com/a.mp3"
TOKEN = "t0ken-of-this-test"
CALLS = [
    ("GET", "/jobs"),
    ("POST", "/reset"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/sinks"),
    ("PUT", "/sinks/x"),
    ("GET", "/metrics"),
    ("GET", "/nowhere"),
    ("GET", "/health/"),
    ("GET", "/sink"),
    ("GET", "s"),
]


@pytest.fixture(scope="module")
def guarded() -> Iterator[MockServer]:
    with MockServer(control_token=TOKEN) as mock:
        yield mock


@pytest.fixture(scope="module")
def apart() -> Iterator[ServerProcess]:
    with running("--control-port", "0") as server:
        yield server


def completes(api: AnyApi) -> bool:
    return api.status(api.submit(URL)) == "completed"


def control_of(server: ServerProcess) -> str:
    found = re.search(r"/_mock on (http://\S+),", server.said)
    assert found
    return found[1]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_the_token_nothing_is_answered(guarded: MockServer, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"X-Mock-Token": f"{TOKEN}x"},
                    {"X-Mock-Token": ""}, {"Authorization": f"Basic {TOKEN}"}, {"X-Mock-Token": "é"}):  # fmt: skip
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        reply = httpx.request(method, f"{guarded.url}/_mock{path}", headers=encoded)
        assert reply.status_code == 401
        assert reply.json()["error"].startswith("the control API needs the token that the server has in MOCKSERVER_")
        assert reply.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {TOKEN}"}, {"Authorization": f"bearer  {TOKEN}"},
                                     {"X-Mock-Token": TOKEN}])  # fmt: skip
def test_with_the_token_everything_is(guarded: MockServer, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/jobs"), ("POST", "/clock/resume"), ("GET", "/docs"), ("GET", "/openapi.json")):
        assert httpx.request(method, f"{guarded.url}/_mock{path}", headers=headers).status_code == 200


@each_family
def test_health_and_sinks_need_no_token(family: Family, guarded: MockServer) -> None:
    assert httpx.get(f"{guarded.url}/_mock/health").status_code == 200
    assert command("ready", "--url", guarded.url).returncode == 0
    api = api_of(guarded.url, family=family)
    api.submit(URL, webhook_url=f"{guarded.url}/_mock/sink/{family.family}")
    query, headers = {"count": "1", "timeout": "30"}, {"X-Mock-Token": TOKEN}
    shown = httpx.get(f"{guarded.url}/_mock/sinks/{family.family}", params=query, headers=headers, timeout=60)
    assert shown.json()["count"] == 1


@each_family
def test_the_api_itself_needs_no_token(family: Family, guarded: MockServer) -> None:
    assert completes(api_of(guarded.url, family=family))


def test_the_token_is_told_to_nobody() -> None:
    with running("--log-format", "json", env={"MOCKSERVER_CONTROL_TOKEN": TOKEN}) as server:
        httpx.get(f"{server.url}/_mock/jobs", headers={"X-Mock-Token": TOKEN})
        server.process.terminate()
        _, log = server.process.communicate()
    assert TOKEN not in server.said + log
    assert TOKEN not in command("serve", "--help", MOCKSERVER_CONTROL_TOKEN=TOKEN).stdout


@pytest.mark.parametrize("token", ["two words", "schlüssel"])
def test_a_token_that_no_header_can_carry_is_refused_without_saying_it(token: str) -> None:
    told = command("serve", MOCKSERVER_CONTROL_TOKEN=token)
    assert told.returncode == 2
    assert "control_token: " in told.stderr
    assert token not in told.stderr


@each_family
def test_the_control_api_can_be_off(family: Family) -> None:
    with MockServer(control="off") as mock:
        assert httpx.get(f"{mock.url}/_mock/health").status_code == 200
        for method, path in [*CALLS, ("POST", "/sink/x")]:
            reply = httpx.request(method, f"{mock.url}/_mock{path}")
            assert (reply.status_code, reply.json()) == (404, {"error": "Not Found"})
        assert completes(api_of(mock.url, family=family))
        assert command("ready", "--url", mock.url).returncode == 0


@each_family
def test_the_control_api_can_have_a_port_of_its_own(family: Family, apart: ServerProcess) -> None:
    control = control_of(apart)
    assert control != apart.url
    job = api_of(apart.url, "k", family=family).submit(URL)
    assert httpx.get(f"{control}/_mock/jobs/{job}").json()["status"] == "completed"
    assert httpx.post(f"{control}/_mock/clock/resume", params={"key": "k"}).status_code == 200
    for method, path in CALLS:
        assert httpx.request(method, f"{apart.url}/_mock{path}").status_code == 404


@each_family
def test_the_port_of_the_control_api_is_for_that_alone(family: Family, apart: ServerProcess) -> None:
    authorization = api_of(apart.url, "k", family=family).authorization
    reply = httpx.get(control_of(apart) + family.jobs_path, headers={"Authorization": authorization})
    assert (reply.status_code, reply.json()) == (404, {"error": "Not Found"})


def test_health_and_sinks_are_at_both_ports(apart: ServerProcess) -> None:
    for url in (apart.url, control_of(apart)):
        assert httpx.get(f"{url}/_mock/health").status_code == 200
        assert httpx.post(f"{url}/_mock/sink/both").status_code == 200
        assert command("ready", "--url", url).returncode == 0
    assert httpx.get(f"{control_of(apart)}/_mock/sinks/both").json()["count"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_ports_are_let_go_of_at_the_end(number: signal.Signals) -> None:
    with running("--control-port", "0") as server:
        control = control_of(server)
        waiting = threading.Thread(target=wait_in_vain, args=[control])
        waiting.start()
        httpx.get(f"{control}/_mock/health")
        server.process.send_signal(number)
        assert server.process.wait(10) == 0
        waiting.join(10)
    for url in (server.url, control):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/_mock/health")


def wait_in_vain(control: str) -> None:
    with contextlib.suppress(httpx.TransportError):
        httpx.get(f"{control}/_mock/sinks/never", params={"count": 1, "timeout": 60}, timeout=60)


def test_a_control_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = command("serve", "--port", "0", "--control-port", port)
        assert told.returncode == 1
        assert "the control API cannot listen" in told.stderr
        assert "Traceback" not in told.stderr
        with pytest.raises(RuntimeError), MockServer(control_port=int(port)):
            pass


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1", "http://localhost:4747", "x"])
def test_pages_of_other_sites_may_change_nothing(api: Api, origin: str) -> None:
    headers = {"Origin": origin}
    for method, path in (("POST", "/reset"), ("PATCH", "/terms"), ("DELETE", "/terms"), ("PUT", "/sinks/x")):
        reply = api.control.request(method, path, headers=headers)
        assert reply.status_code == 403
        assert reply.json()["error"].startswith("origin: ")
    assert api.control.get("/clock", headers=headers).status_code == 200
    assert httpx.post(f"{api.url}/_mock/sink/of-a-page", headers=headers).status_code == 200


def test_pages_of_this_server_may(api: Api) -> None:
    assert api.control.post("/reset", headers={"Origin": api.url}).status_code == 200
    with MockServer(public_url="https://mock.example.com/base") as mock:
        allowed = {"Origin": "https://mock.example.com"}
        assert httpx.post(f"{mock.url}/_mock/reset", headers=allowed).status_code == 200
        assert httpx.post(f"{mock.url}/_mock/reset", headers={"Origin": "http://mock.example.com"}).status_code == 403
