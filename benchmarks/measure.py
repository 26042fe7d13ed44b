"""One server next to another: the same load on both, in turns."""

from __future__ import annotations

import statistics
import urllib.request
from collections.abc import Callable, Iterator

from benchmarks.load import Result, drive
from benchmarks.process import Process

Requests = Callable[[], Iterator[bytes]]


def call(port: int, method: str, path: str, body: bytes | None = None, key: str = "bench") -> bytes:
    """Make one request and return the body of its reply."""
    headers = {"Authorization": key, "Content-Type": "application/json"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers, method=method)
    with urllib.request.urlopen(asked) as reply:
        content: bytes = reply.read()
        return content


def measure(target: Process, requests: Requests, seconds: float) -> tuple[Result, float]:
    """Load a server for so long; return what came of it, and its CPU microseconds a request."""
    before = target.cpu
    result = drive(target.port, requests(), seconds=seconds)
    if result.errors:
        raise SystemExit(f"{result.errors} of {result.requests} requests failed")
    return result, (target.cpu - before) / result.requests * 1e6


def compare(
    title: str,
    ours: Process,
    theirs: Process,
    requests: Requests,
    rounds: int,
    seconds: float,
    *,
    their_requests: Requests | None = None,
    unit: str = "a request",
) -> None:
    """Print how many units a second we do for one of theirs, and for how much CPU; a unit is a request or an event."""
    rates, cpus = [], []
    for number in range(rounds + 1):
        mine, my_cpu = measure(ours, requests, seconds)
        other, other_cpu = measure(theirs, their_requests or requests, seconds)
        if unit == "an event" and mine.events * other.requests != other.events * mine.requests:
            raise SystemExit("the two servers do not send the same events")
        if number:  # the first round warms both up
            rates.append(mine.rate / other.rate)
            cpus.append(my_cpu / other_cpu)
    rate, cpu = statistics.median(rates), statistics.median(cpus)
    print(f"{title:<44} {rate:5.2f}x {unit.split()[1]}s/s ({min(rates):.2f}-{max(rates):.2f}), {cpu:5.2f}x CPU {unit}")
