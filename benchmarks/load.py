"""A closed-loop load generator: some connections, each sending its next request when the reply is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import uvloop


@dataclass
class Result:
    """What a run measured; latencies in seconds."""

    requests: int = 0
    seconds: float = 0.0
    errors: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return requests a second."""
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        """Return a latency."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], result: Result, deadline: float, done: Callable[[], None]) -> None:
        self._requests, self._result, self._deadline, self._done = requests, result, deadline, done
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        self._sent = time.perf_counter()
        if request is None or self._sent >= self._deadline:
            self._transport.close()
            return
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._buffer.find(b"content-length: ", 0, head)
        length = int(self._buffer[at + 16 : self._buffer.index(b"\r\n", at)])
        if len(self._buffer) < head + 4 + length:
            return
        self._result.requests += 1
        self._result.errors += not self._buffer.startswith(b"HTTP/1.1 200")
        self._result.latencies.append(time.perf_counter() - self._sent)
        self._buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._done()


async def _drive(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Result:
    result = Result()
    loop = asyncio.get_running_loop()
    finished = asyncio.Semaphore(0)
    began = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(
            lambda: _Connection(requests, result, began + seconds, finished.release), "127.0.0.1", port
        )
    for _ in range(connections):
        await finished.acquire()
    result.seconds = time.perf_counter() - began
    return result


def drive(port: int, requests: Iterator[bytes], *, connections: int = 32, seconds: float = 1e9) -> Result:
    """Send requests for so long, or until there are none left."""
    return uvloop.run(_drive(port, requests, connections, seconds))


def request(method: str, path: str, body: bytes = b"", key: str = "bench") -> bytes:
    """Return the bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {key}\r\n"
    if body:
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body
