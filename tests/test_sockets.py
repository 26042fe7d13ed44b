"""WebSockets whose clients do what they should not: the server stays, says why, and keeps nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.embed import MockServer
from mockserver.web.sessions import Session
from mockserver.websocket import WebSocket
from tests.processes import ServerProcess, running
from tests.raw_sockets import (
    BINARY,
    CLOSE,
    MORE,
    PING,
    PONG,
    TEXT,
    LostError,
    RawSocket,
    connected,
    frame,
    opened,
    request,
)
from tests.sounds import samples
from tests.waiting import eventually

SOUND = samples(0.1, 16_000, 1)
MEGABYTE = 2**20
WAVE, MANY = 500, 2_000
HEAD_END = b"\r\n\r\n"


@pytest.fixture(scope="module")
def impatient() -> Iterator[ServerProcess]:
    """A server that waits for no client that does not read for longer than a second, and sends no pings."""
    with running("--stall-seconds", "1", "--ping-seconds", "0", "--no-log-requests") as process:
        yield process


@pytest.fixture(scope="module")
def pinging() -> Iterator[ServerProcess]:
    """A server that sends a ping every second."""
    with running("--ping-seconds", "1", "--no-log-requests") as process:
        yield process


@pytest.fixture(scope="module")
def url(server: MockServer) -> str:
    return server.url


def sessions(url: str, key: str, state: str = "closed") -> list[dict[str, Any]]:
    reply = httpx.get(f"{url}/_mock/sessions", params={"key": key, "state": state})
    found: list[dict[str, Any]] = reply.json()["sessions"]
    return found


def open_now(url: str) -> int:
    return len(httpx.get(f"{url}/_mock/sessions", params={"state": "open"}).json()["sessions"])


def ended(url: str, key: str) -> dict[str, Any]:
    """Return how the only session of a key ended."""
    (session,) = eventually(lambda: sessions(url, key), 20)
    close: dict[str, Any] = session["close"]
    return close


def resident(process: ServerProcess) -> int:
    """Return how many bytes of memory a server has."""
    pages = Path(f"/proc/{process.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def open_files(process: ServerProcess) -> int:
    return len(list(Path(f"/proc/{process.process.pid}/fd").iterdir()))


def is_alive(url: str) -> bool:
    return httpx.get(f"{url}/_mock/health").status_code == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(Sec_WebSocket_Key=None), 400),
        (request(Sec_WebSocket_Key="abc"), 400),
        (request(Sec_WebSocket_Version=None), 400),
        (request(Sec_WebSocket_Version="8"), 400),
        (request(method="POST", Content_Length="0"), 404),
        (request(version="1.0"), 404),
        (request(Upgrade="h2c"), 404),
        (request(Upgrade=None, Connection=None), 404),
        (request("/v3/nowhere"), 404),
        (request("/v3/ws/"), 404),
    ],
)
def test_what_is_no_request_for_a_session_is_answered_as_such(url: str, sent: bytes, status: int) -> None:
    with connected(url, sent) as raw:
        assert raw.head().startswith(f"HTTP/1.1 {status} ")


def test_a_request_without_an_upgrade_is_told_how_sessions_begin(url: str) -> None:
    reply = httpx.get(f"{url}/v3/ws", headers={"Authorization": "raw"})
    assert (reply.status_code, reply.json()) == (404, {"detail": "Not Found"})
    assert reply.headers["x-mock-hint"].endswith(
        "sessions at this path begin with GET, HTTP/1.1 and Upgrade: websocket"
    )


def test_an_upgrade_of_another_path_is_answered_as_if_it_were_none(url: str) -> None:
    with connected(url, request("/v2/transcript")) as raw:
        head = raw.head()
        assert head.startswith("HTTP/1.1 200 ")
        assert "upgrade" not in head.lower()
        assert raw.rest().endswith(b'"transcripts":[]}')


def test_a_connection_goes_on_after_an_upgrade_to_what_there_is_not(url: str) -> None:
    with connected(url) as raw:
        for upgrade in ("h2c", "h2c", None):
            raw.send(request("/v2/transcript", Upgrade=upgrade, Connection=upgrade and "Upgrade"))
            head = raw.head().lower()
            assert head.startswith("http/1.1 200 ")
            raw.take(int(head.partition("content-length: ")[2].partition("\r\n")[0]))


def test_no_subprotocol_and_no_extension_is_agreed_on(url: str) -> None:
    asked = {"Sec_WebSocket_Protocol": "json, soap", "Sec_WebSocket_Extensions": "permessage-deflate"}
    with connected(url, request(**asked)) as raw:
        head = raw.head().lower()
    assert head.startswith("http/1.1 101 ")
    assert "sec-websocket-protocol" not in head
    assert "sec-websocket-extensions" not in head


VIOLATIONS = {
    "no mask": (frame(TEXT, b"{}", is_masked=False), 1002),
    "reserved bits": (frame(TEXT, b"{}", bits=0x40), 1002),
    "reserved type": (frame(3, b""), 1002),
    "reserved control type": (frame(11, b""), 1002),
    "nothing to go on with": (frame(MORE, b"x"), 1002),
    "a message in a message": (frame(TEXT, b"x", is_last=False) + frame(TEXT, b"y"), 1002),
    "long ping": (frame(PING, b"x" * 126), 1002),
    "ping in parts": (frame(PING, b"x", is_last=False), 1002),
    "no HTTP any more": (request(), 1002),
    "close without a code": (frame(CLOSE, b"\x03"), 1002),
    "close that cannot be sent": (frame(CLOSE, b"\x03\xed"), 1002),
    "close in no UTF-8": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "no UTF-8": (frame(TEXT, b"\xff\xfe"), 1007),
    "no UTF-8 in parts": (frame(TEXT, b"\xc3", is_last=False) + frame(MORE, b"x"), 1007),
    "too large": (frame(BINARY, bytes(17 * MEGABYTE))[:70_000], 1009),
    "too large in parts": (frame(BINARY, bytes(9 * MEGABYTE), is_last=False) + frame(MORE, bytes(8 * MEGABYTE)), 1009),
}


@pytest.mark.parametrize("what", VIOLATIONS)
def test_a_violation_of_the_protocol_ends_the_session_with_its_code(url: str, what: str) -> None:
    sent, code = VIOLATIONS[what]
    key = f"violation {what}".replace(" ", "-")
    with opened(url, key) as raw:
        raw.send(sent)
        close = raw.close()
    assert close is not None
    assert close.code == code
    told = ended(url, key)
    assert (told["code"], told["by"]) == (code, "server")


DOCUMENTED = {
    "10 MB of audio": (frame(BINARY, bytes(10 * MEGABYTE)), 3007),
    "10 MB in parts": (frame(BINARY, bytes(5 * MEGABYTE), is_last=False) + frame(MORE, bytes(5 * MEGABYTE)), 3007),
    "5 MB of JSON": (frame(TEXT, json.dumps({"type": "x" * 5 * MEGABYTE}).encode()), 3006),
    "5 MB of brackets": (frame(TEXT, b"[" * 5 * MEGABYTE), 3006),
    "no text": (frame(TEXT), 3006),
    "frames without audio": (frame(BINARY) * 50, 3007),
    "JSON in parts": (frame(TEXT, b'{"type":', is_last=False) + frame(PING, b"p") + frame(MORE, b"1}"), 3006),
}


@pytest.mark.parametrize("what", DOCUMENTED)
def test_what_the_service_refuses_ends_the_session_as_documented(url: str, what: str) -> None:
    sent, code = DOCUMENTED[what]
    with opened(url) as raw:
        raw.send(sent)
        close = raw.close()
    assert close is not None
    assert close.code == code
    assert is_alive(url)


def test_pings_are_answered_in_the_middle_of_a_message(url: str) -> None:
    with opened(url) as raw:
        raw.send(frame(PONG, b"unasked") + frame(BINARY, SOUND[:1000], is_last=False))
        raw.send(frame(PING, b"are you there") + frame(MORE, is_last=False))
        raw.send(frame(MORE, SOUND[1000:]))
        assert raw.receive() == (PONG, b"are you there")
        raw.send(frame(TEXT, b'{"type":"Terminate"}'))
        close = raw.close()
    assert close is not None
    assert close.code == 1000


@pytest.mark.parametrize("data", [b"\x03\xe8", b"", b"\x0f\xa0bye"])
def test_the_close_of_a_client_is_answered_with_its_code(url: str, data: bytes) -> None:
    key = f"closes-{data.hex()}"
    with opened(url, key) as raw:
        raw.send(frame(CLOSE, data))
        assert raw.receive() == (CLOSE, data)
        assert raw.rest() == b""
    assert ended(url, key)["by"] == "client"


@pytest.mark.parametrize("way", ["half", "reset", "whole"])
def test_a_connection_that_is_closed_ends_its_session(url: str, way: str) -> None:
    key = f"closed-{way}"
    with opened(url, key) as raw:
        raw.send(frame(BINARY, SOUND) + frame(BINARY, SOUND)[:50])
        if way == "half":
            raw.socket.shutdown(1)
            raw.rest()
        elif way == "reset":
            raw.socket.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")
    assert ended(url, key) == {"code": 1006, "reason": "", "by": "client"}


def test_frames_that_come_before_the_upgrade_is_answered_break_nothing(url: str) -> None:
    for early in (frame(TEXT, b"{}"), b"\xff" * 9, frame(CLOSE, b"\x03\xe8"), frame(BINARY, SOUND) * 3):
        with connected(url, request()) as raw:
            raw.send(early)
            raw.socket.shutdown(1)
            raw.rest()
    assert is_alive(url)


def test_a_client_that_has_vanished_is_given_up_when_it_answers_no_ping(pinging: ServerProcess) -> None:
    with opened(pinging.url, "vanished") as raw:
        assert raw.receive().kind == PING
        assert len(sessions(pinging.url, "vanished", "open")) == 1
        close = ended(pinging.url, "vanished")
        assert close == {"code": 1011, "reason": "keepalive ping timeout", "by": "server"}
        assert raw.receive().code == 1011


def test_a_client_that_answers_pings_is_kept(pinging: ServerProcess) -> None:
    with opened(pinging.url, "answers") as raw:
        for _ in range(3):
            ping = raw.receive()
            assert ping.kind == PING
            raw.send(frame(PONG, ping.data))
        assert len(sessions(pinging.url, "answers", "open")) == 1


def flood(raw: RawSocket, data: bytes) -> None:
    """Send without reading anything, until the server ends the connection."""
    try:
        while True:
            raw.send(data)
    except (ConnectionError, TimeoutError):
        pass


def test_a_client_that_never_reads_costs_little_and_is_given_up(impatient: ServerProcess) -> None:
    with opened(impatient.url, "never-reads", small=True) as raw:
        before = resident(impatient)
        flood(raw, frame(PING, b"x" * 125) * 1000)
        assert ended(impatient.url, "never-reads")["code"] == 1006
    assert resident(impatient) - before < 30 * MEGABYTE


def stalled(url: str, key: str, exits: ExitStack) -> None:
    """Open a session whose client never reads, and let much be said in it."""
    exits.enter_context(opened(url, key, small=True))
    (session,) = sessions(url, key, "open")
    control = httpx.Client(base_url=f"{url}/_mock", params={"key": key}, timeout=60)
    exits.callback(control.close)
    say = {"text": "word " * 500, "how": "partial"}
    while control.post(f"/sessions/{session['id']}/say", json=say).status_code == 200:
        pass


def test_a_client_that_never_reads_what_is_said_is_given_up(impatient: ServerProcess) -> None:
    with ExitStack() as exits:
        stalled(impatient.url, "stalled", exits)
        assert ended(impatient.url, "stalled")["code"] == 1006


def test_a_client_that_never_answers_a_close_is_given_up(impatient: ServerProcess) -> None:
    with opened(impatient.url, "no-answer") as raw:
        raw.send(frame(TEXT, b"junk"))
        while raw.receive().kind != CLOSE:
            pass
        assert ended(impatient.url, "no-answer")["code"] == 3006
        assert raw.rest() == b""


def test_a_server_that_stops_ends_its_sessions_at_once() -> None:
    with running("--no-log-requests", "--stall-seconds", "600") as process, ExitStack() as exits:
        raws = [exits.enter_context(opened(process.url, f"stops-{n % 5}")) for n in range(200)]
        for raw in raws[:50]:
            raw.send(frame(BINARY, SOUND))
        for raw in islice(raws, 50, 100):
            raw.send(frame(BINARY, SOUND)[:100])
        process.process.send_signal(signal.SIGTERM)
        closes = [raw.close() for raw in raws]
        assert process.process.wait(10) == 0
        assert {close.code for close in closes if close is not None} == {1012}
        assert sum(close is not None for close in closes) == 200
        assert complaints(process) == ""


def test_a_server_that_stops_waits_for_no_client_that_does_not_read() -> None:
    with running("--no-log-requests", "--stall-seconds", "600") as process, ExitStack() as exits:
        exits.enter_context(opened(process.url, "stuck", small=True))
        (session,) = sessions(process.url, "stuck", "open")
        control = exits.enter_context(httpx.Client(base_url=f"{process.url}/_mock", params={"key": "stuck"}, timeout=3))
        say = {"text": "word " * 500, "how": "partial"}
        with pytest.raises(httpx.TimeoutException):
            all(control.post(f"/sessions/{session['id']}/say", json=say).is_success for _ in range(10_000))
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(10) == 0
        assert complaints(process) == ""


def complaints(process: ServerProcess) -> str:
    """Return what a server that has ended has said besides that it listens."""
    assert process.process.stderr is not None
    return process.process.stderr.read()


async def dropped(url: str, number: int) -> None:
    """Open a connection for a session, and leave it at one point or another."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request(Authorization=f"drops-{number % 3}"))
        if number % 7 == 0:
            return
        head = await reader.readuntil(HEAD_END)
        assert head.startswith(b"HTTP/1.1 101 "), head
        if number % 7 == 1:
            return
        await reader.readexactly(2)
        if number % 7 in (2, 3):
            writer.write(frame(BINARY, SOUND) * 3)
        elif number % 7 == 4:
            writer.write(frame(BINARY, SOUND)[:1000])
        elif number % 7 == 5:
            writer.write(frame(BINARY, SOUND) + frame(CLOSE, b"\x03\xe8"))
            await reader.read()
        else:
            writer.write_eof()
            await reader.read()
    finally:
        writer.transport.abort()


def drop(url: str, count: int) -> None:
    async def wave(first: int) -> None:
        await asyncio.gather(*(dropped(url, number) for number in range(first, first + WAVE)))

    for first in range(0, count, WAVE):
        asyncio.run(wave(first))


def test_thousands_of_sessions_leave_nothing_behind() -> None:
    with running("--no-log-requests", "--journal", "100", env={"PYTHONWARNINGS": "always"}) as process:
        drop(process.url, 3 * WAVE)
        eventually(lambda: open_now(process.url) == 0, 60)
        memory, files = resident(process), open_files(process)
        drop(process.url, MANY)
        eventually(lambda: open_now(process.url) == 0, 60)
        eventually(lambda: open_files(process) <= files + 2, 60)
        assert resident(process) - memory < 40 * MEGABYTE
        assert is_alive(process.url)
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(20) == 0
        assert complaints(process) == ""


def test_a_session_that_is_over_is_forgotten_with_all_its_timers_and_tasks() -> None:
    def left() -> list[object]:
        gc.collect()
        kinds = (Session, WebSocket)
        return [each for each in gc.get_objects() if isinstance(each, kinds)]

    with MockServer() as mock:
        before = len(left())
        with ExitStack() as exits:
            raws = [exits.enter_context(opened(mock.url, "objects")) for _ in range(20)]
            for raw in raws:
                raw.send(frame(BINARY, SOUND) * 5)
            assert len(left()) - before == 40
        drop(mock.url, WAVE)
        eventually(lambda: len(left()) <= before, 20)


def test_no_log_that_anybody_listens_to_has_a_token(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        asked = request("/v3/ws?sample_rate=16000&token=invalid-s3cret", Authorization="invalid-s3cret-too")
        with connected(url, asked) as raw:
            assert raw.head().startswith("HTTP/1.1 101 ")
            close = raw.close()
    assert close is not None
    assert close.code == 1008
    assert "s3cret" not in caplog.text


frames = st.one_of(
    st.binary(max_size=4000).map(lambda data: frame(BINARY, data)),
    st.integers(800, 16_000).map(lambda count: frame(BINARY, bytes(2 * count))),
    st.text(max_size=200).map(lambda text: frame(TEXT, text.encode("utf-8", "replace"))),
    st.dictionaries(st.sampled_from(["type", "x"]), st.sampled_from(["ForceEndpoint", "Terminate", "KeepAlive", 1]))
    .map(lambda message: frame(TEXT, json.dumps(message).encode())),
    st.tuples(st.integers(0, 15), st.binary(max_size=200), st.booleans(), st.booleans(), st.sampled_from([0, 0, 0x40]))
    .map(lambda parts: frame(parts[0], parts[1], is_last=parts[2], is_masked=parts[3], bits=parts[4])),
    st.binary(max_size=50),
)  # fmt: skip
KNOWN = {1000, 1002, 1005, 1006, 1007, 1008, 1009, 3005, 3006, 3007, 3008}


@settings(max_examples=60)
@given(st.lists(frames, max_size=12))
def test_whatever_is_sent_the_session_ends_with_a_documented_close(url: str, sent: list[bytes]) -> None:
    with opened(url, "fuzz") as raw:
        try:
            for data in sent:
                raw.send(data)
            raw.send(frame(TEXT, b'{"type":"Terminate"}'))
            raw.socket.shutdown(1)
        except OSError:
            pass  # the server has ended it before
        close = last_frame(raw)
    assert close is None or int.from_bytes(close[:2], "big") in {*KNOWN, 0} or close in b"".join(sent)
    eventually(lambda: not sessions(url, "fuzz", "open"), 20)
    assert is_alive(url)


def last_frame(raw: RawSocket) -> bytes | None:
    """Return what the close frame says, if there is one."""
    try:
        while (seen := raw.receive()).kind != CLOSE:
            json.loads(seen.data or b"{}") if seen.kind == TEXT else None
    except (LostError, ConnectionError):
        return None
    return seen.data
