"""Streaming: how many real-time sessions one process holds, next to a bare echo of the same frames.

A session is held if, of all words that come, 99 % come within 50 ms of the frame that has the last of their sound. The
echo is held if 99 % of its frames are back within the same time.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import orjson
import uvloop

from benchmarks import process
from benchmarks.process import Process
from mockserver.engine.sound import mono

_RATE = 16_000
_FRAME_MS = 50
_FRAME = 2 * _RATE * _FRAME_MS // 1000
_SLOTS = 25
"""Sessions send at so many different moments of each 50 ms."""
_SPREAD, _STEP = 80, 37
_BOUND = 0.050
_SAMPLE = 8
"""Of so many sessions, one is looked at closely."""
_UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: bench\r\n\r\n"
)


@dataclass
class Run:
    """What a run measured; delays in seconds, CPU as a share of one processor."""

    sessions: int
    delays: list[float] = field(default_factory=list)
    lost: int = 0
    cpu: float = 0.0

    @property
    def p99(self) -> float:
        """Return the delay that 99 % stay below."""
        ordered = sorted(self.delays)
        return ordered[int(0.99 * len(ordered))] if ordered else float("inf")

    @property
    def is_held(self) -> bool:
        """Say whether every session was there to the end, and in time."""
        return not self.lost and self.p99 < _BOUND


def _frames() -> list[bytes]:
    """Return a recording as masked frames; the mask is zero, so that all sessions may send the same bytes."""
    audio = b"".join(mono(Path("fixtures/audio/support-call.mp3"), _RATE))
    head = b"\x82\xfe" + _FRAME.to_bytes(2, "big") + bytes(4)
    return [head + audio[at : at + _FRAME] for at in range(0, len(audio) - _FRAME, _FRAME)]


class _Session(asyncio.Protocol):
    def __init__(self, path: str, run: Run, opened: Callable[[], None], *, is_sampled: bool) -> None:
        self._path, self._run, self._opened, self._is_sampled = path, run, opened, is_sampled
        self._buffer = b""
        self._is_open = False
        self.sent: list[float] = []
        self._echoed = 0
        self.transport: asyncio.Transport | None = None
        self.is_closing = False
        self.waits = 0
        """Frames after which it begins: nobody starts all sessions at one moment."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(_UPGRADE.format(path=self._path).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.is_closing:
            self._run.lost += 1
            self._opened()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._is_open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._is_open, self._buffer = True, self._buffer[end + 4 :]
            self._opened()
        at = 0
        while (found := _message(self._buffer, at)) is not None:
            start, stop = found
            if self._is_sampled:
                self._look(self._buffer[at], self._buffer[start:stop])
            at = stop
        self._buffer = self._buffer[at:]

    def _look(self, opcode: int, message: bytes) -> None:
        now = time.perf_counter()
        if opcode == 0x82:
            self._run.delays.append(now - self.sent[self._echoed])
            self._echoed += 1
        elif b'"words":[{' in message and b'"end_of_turn":false' in message:
            last = orjson.loads(message)["words"][-1]
            if not last["word_is_final"]:
                self._run.delays.append(now - self.sent[-(-last["end"] // _FRAME_MS) - 1])

    def send(self, frame: bytes) -> None:
        assert self.transport is not None
        self.sent.append(time.perf_counter())
        self.transport.write(frame)


def _message(data: bytes, at: int) -> tuple[int, int] | None:
    """Return where the next message of a server begins and ends, None if it is not whole."""
    if len(data) < at + 4:
        return None
    size, start = data[at + 1] & 0x7F, at + 2
    if size == 126:
        size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
    elif size == 127:
        size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
    return (start, start + size) if len(data) >= start + size else None


async def _drive(server: Process, path: str, sessions: int, frames: list[bytes], seconds: float) -> Run:
    run = Run(sessions)
    loop = asyncio.get_running_loop()
    left, all_open = sessions, loop.create_future()

    def opened() -> None:
        nonlocal left
        left -= 1
        if left == 0 and not all_open.done():
            all_open.set_result(None)

    made = []
    for number in range(sessions):
        _, session = await loop.create_connection(
            lambda number=number: _Session(path, run, opened, is_sampled=number % _SAMPLE == 0),  # type: ignore[misc]
            "127.0.0.1",
            server.port,
        )
        session.waits = number * _STEP % _SPREAD
        made.append(session)
    await asyncio.wait_for(all_open, 60)
    slots = [made[number::_SLOTS] for number in range(_SLOTS)]
    gc.disable()
    began, cpu = time.perf_counter(), server.cpu
    for number in range(round(seconds * 1000 / _FRAME_MS)):
        for place, slot in enumerate(slots):
            due = began + (number + place / _SLOTS) * _FRAME_MS / 1000
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            for session in slot:
                if number >= session.waits:
                    session.send(frames[number - session.waits])
    run.cpu = (server.cpu - cpu) / (time.perf_counter() - began)
    await asyncio.sleep(0.2)
    gc.enable()
    for session in made:
        session.is_closing = True
        assert session.transport is not None
        session.transport.abort()
    await asyncio.sleep(3)  # the journal writes what so many sessions have left
    return run


def _run(server: Process, path: str, sessions: int, frames: list[bytes], seconds: float) -> Run:
    return uvloop.run(_drive(server, path, sessions, frames, seconds))


def _most(server: Process, path: str, frames: list[bytes], seconds: float, start: int) -> Run:
    """Return the run with the most sessions that are held: double them, and then halve the step."""
    best, failed, sessions = Run(0), 0, start
    while not failed or failed - best.sessions > max(best.sessions // 8, 5):
        run = _run(server, path, sessions, frames, seconds)
        if run.is_held:
            best = run
        else:
            failed = sessions
        sessions = (best.sessions + failed) // 2 if failed else 2 * sessions
        if sessions < 2:
            break
    return best


def streams(rounds: int, seconds: float) -> None:
    """Count sessions, and what one costs."""
    frames = _frames()
    quick = rounds == 1
    rounds = min(rounds, 2)
    seconds, start = (6.0, 10) if quick else (9.0, 200)
    path = "/v3/ws?sample_rate=16000&speech_model=universal-streaming-english"
    with process.server() as ours, process.reference({}) as theirs:
        _run(ours, path, 4, frames, 2.0)
        _run(theirs, "/echo", 4, frames, 2.0)
        counts: list[tuple[int, int]] = []
        for _ in range(rounds):
            held = _most(ours, path, frames, seconds, start)
            echoed = _most(theirs, "/echo", frames, seconds, start)
            counts.append((held.sessions, echoed.sessions))
        middle = sorted(counts, key=lambda each: each[0] / max(each[1], 1))[len(counts) // 2]
        print(
            f"{'real-time sessions, p99 below 50 ms':<44} {middle[0] / max(middle[1], 1):5.2f}x the echo's: "
            f"{middle[0]} and {middle[1]} ({', '.join(f'{a / max(b, 1):.2f}' for a, b in counts)})"
        )
        few = 20 if quick else 100
        mine, other = (_run(server, where, few, frames, seconds) for server, where in ((ours, path), (theirs, "/echo")))
        print(
            f"{'CPU of a session':<44} {mine.cpu / other.cpu:5.2f}x the echo's: {mine.cpu / few * 100:.2f} % "
            f"and {other.cpu / few * 100:.2f} % of one processor"
        )
    with process.server() as ours, process.reference({}) as theirs:
        sizes = [_memory(server, where, frames, few) for server, where in ((ours, path), (theirs, "/echo"))]
        print(f"{'memory of a session':<44} {sizes[0]:5.0f} KB, the echo's {sizes[1]:.0f} KB")


def _memory(server: Process, path: str, frames: list[bytes], sessions: int) -> float:
    """Return the KB that each of many sessions adds while it is open."""
    uvloop.run(_drive(server, path, 10, frames, 1.0))

    async def grown() -> float:
        before = server.rss
        task = asyncio.create_task(_drive(server, path, sessions, frames, 3.0))
        await asyncio.sleep(2.5)
        size = server.rss
        await task
        return (size - before) * 1024 / sessions

    return uvloop.run(grown())
