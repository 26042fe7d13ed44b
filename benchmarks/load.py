"""A closed-loop load generator: some connections, each sending its next request when the reply is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import uvloop

_EVENT = b"data: "
_LAST_CHUNK = b"0\r\n\r\n"
_KEPT = len(_EVENT) - 1
"""Bytes of a stream that may be the beginning of an event, or of the last chunk."""


@dataclass
class Result:
    """What a run measured; latencies in seconds.

    ``arrivals`` has a list for each reply that came as server-sent events: when each arrived, from the request on.
    """

    requests: int = 0
    seconds: float = 0.0
    errors: int = 0
    latencies: list[float] = field(default_factory=list)
    arrivals: list[list[float]] = field(default_factory=list)

    @property
    def events(self) -> int:
        """Return how many server-sent events arrived."""
        return sum(map(len, self.arrivals))

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
        self._arrivals: list[float] | None = None
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
        if self._arrivals is not None:
            self._take_events(self._arrivals, data)
            return
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._buffer.find(b"content-length: ", 0, head)
        if at < 0:
            self._begin_events(head + 4)
            return
        length = int(self._buffer[at + 16 : self._buffer.index(b"\r\n", at)])
        if len(self._buffer) < head + 4 + length:
            return
        self._result.errors += not self._buffer.startswith(b"HTTP/1.1 20")
        self._finish()

    def _begin_events(self, body: int) -> None:
        """Take what follows the head of a chunked reply as server-sent events."""
        self._result.errors += not self._buffer.startswith(b"HTTP/1.1 20")
        data, self._buffer, self._arrivals = self._buffer[body:], b"", []
        if data:
            self._take_events(self._arrivals, data)

    def _take_events(self, arrivals: list[float], data: bytes) -> None:
        """Note when events arrive; one may be spread over several chunks of data."""
        data = self._buffer + data
        arrivals += [time.perf_counter() - self._sent] * data.count(_EVENT)
        self._buffer = data[-_KEPT:]
        if self._buffer == _LAST_CHUNK:
            self._result.arrivals.append(arrivals)
            self._arrivals = None
            self._finish()

    def _finish(self) -> None:
        self._result.requests += 1
        self._result.latencies.append(time.perf_counter() - self._sent)
        self._buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._result.errors += self._arrivals is not None
        self._done()


async def _drive(port: int, requests: Iterator[bytes], connections: int, seconds: float, spread: float) -> Result:
    result = Result()
    loop = asyncio.get_running_loop()
    finished = asyncio.Semaphore(0)
    began = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(
            lambda: _Connection(requests, result, began + seconds, finished.release), "127.0.0.1", port
        )
        if spread:
            await asyncio.sleep(spread / connections)
    for _ in range(connections):
        await finished.acquire()
    result.seconds = time.perf_counter() - began
    return result


def drive(
    port: int, requests: Iterator[bytes], *, connections: int = 32, seconds: float = 1e9, spread: float = 0.0
) -> Result:
    """Send requests for so long, or until there are none left; the connections begin within ``spread`` seconds."""
    return uvloop.run(_drive(port, requests, connections, seconds, spread))


def request(
    method: str, path: str, body: bytes = b"", key: str = "bench", media_type: str = "application/json"
) -> bytes:
    """Return the bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {key}\r\n"
    if body:
        head += f"content-type: {media_type}\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body
