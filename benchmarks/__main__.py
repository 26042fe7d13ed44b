"""Print ratios to a bare FastAPI application that is measured in the same run."""

from __future__ import annotations

import argparse
import itertools
import json
import sqlite3
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import process
from benchmarks.gateway import gateway
from benchmarks.jobs import jobs
from benchmarks.load import drive, request
from benchmarks.long import long_audio
from benchmarks.measure import call, compare, measure
from benchmarks.streams import streams

_PARTS = ["hot", "cold", "growth", "long", "gateway", "jobs", "streams"]
_POST = b'{"audio_url":"https://example.com/bench-10.mp3"}'


def _submit(port: int) -> tuple[str, bytes]:
    """Make a job; return its id and the reply."""
    body = call(port, "POST", "/v2/transcript", _POST)
    return json.loads(body)["id"], body


def hot_paths(rounds: int, seconds: float) -> None:
    """GET and POST next to the reference, and the whole cycle."""
    with process.server() as ours:
        job, created = _submit(ours.port)
        finished = call(ours.port, "GET", f"/v2/transcript/{job}")
        print(f"a finished transcript of {len(finished):,} bytes; a queued job of {len(created):,} bytes")
        with process.reference({"get": finished, "post": created}) as theirs:
            get = request("GET", f"/v2/transcript/{job}")
            compare("GET of a finished transcript", ours, theirs, lambda: itertools.repeat(get), rounds, seconds)
            post = request("POST", "/v2/transcript", _POST)
            compare("POST, durable", ours, theirs, lambda: itertools.repeat(post), rounds, seconds)
            print(f"{'RSS after that':<44} {ours.rss:5.0f} MB, the reference {theirs.rss:.0f} MB")
        cycle(seconds)


def cycle(seconds: float) -> None:
    """Upload, create and get, one after the other on one connection: how many a GET of the same takes."""
    audio = Path("fixtures/audio/hello.wav").read_bytes()
    with process.server() as ours:
        steps = []
        for _ in range(200):
            upload = drive(ours.port, iter([request("POST", "/v2/upload", audio)]), connections=1)
            url = json.loads(call(ours.port, "POST", "/v2/upload", audio))["upload_url"]
            body = json.dumps({"audio_url": url}).encode()
            create = drive(ours.port, iter([request("POST", "/v2/transcript", body)]), connections=1)
            job = json.loads(call(ours.port, "POST", "/v2/transcript", body))["id"]
            poll = drive(ours.port, iter([request("GET", f"/v2/transcript/{job}")] * 2), connections=1)
            steps.append((upload.latencies[0], create.latencies[0], poll.latencies[0], poll.latencies[1]))
        upload_time, create_time, first, again = (statistics.median(column) for column in zip(*steps, strict=True))
        whole = upload_time + create_time + first
        print(
            f"{'full cycle (upload, create, first GET)':<44} {whole / again:5.1f}x a GET: "
            f"upload {upload_time / again:.1f}x, create {create_time / again:.1f}x, first GET {first / again:.1f}x"
        )


def cold_start(rounds: int) -> None:
    """From the start of the process to the first 200."""
    ratios = []
    for number in range(rounds + 1):
        with process.server() as ours, process.reference({}) as theirs:
            if number:
                ratios.append(ours.cold_start / theirs.cold_start)
            sizes = ours.rss, theirs.rss
    print(
        f"{'cold start to the first 200':<44} {statistics.median(ratios):5.2f}x "
        f"({min(ratios):.2f}-{max(ratios):.2f}); RSS {sizes[0]:.0f} MB, the reference {sizes[1]:.0f} MB"
    )


def growth(sizes: list[int], seconds: float) -> None:
    """How GET, POST and list cost grow with the number of stored jobs."""
    first: dict[str, float] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as data:
            with process.server("--data", data) as ours:
                job, _ = _submit(ours.port)
                call(ours.port, "GET", f"/v2/transcript/{job}")
            middle = _multiply(Path(data, "mockserver.sqlite"), size)
            with process.server("--data", data) as ours:
                job, _ = _submit(ours.port)
                call(ours.port, "GET", f"/v2/transcript/{job}")
                targets: dict[str, bytes] = {
                    "GET": request("GET", f"/v2/transcript/{job}"),
                    "POST": request("POST", "/v2/transcript", _POST),
                    "list": request("GET", "/v2/transcript?limit=10"),
                    "list of errors": request("GET", "/v2/transcript?limit=10&status=error"),
                    "list from the middle": request("GET", f"/v2/transcript?limit=10&before_id={middle}"),
                }
                costs = {}
                for name, asked in targets.items():
                    measure(ours, lambda asked=asked: itertools.repeat(asked), seconds / 4)  # type: ignore[misc]
                    _, costs[name] = measure(ours, lambda asked=asked: itertools.repeat(asked), seconds)  # type: ignore[misc]
                first = first or costs
                row = ", ".join(f"{name} {cost / first[name]:.2f}x" for name, cost in costs.items())
                print(f"{f'CPU a request with {size:,} stored jobs':<44} {row}; RSS {ours.rss:.0f} MB")


def _multiply(database: Path, size: int) -> str:
    """Copy the finished job until there are as many, and return the id of the one in the middle."""
    connection: Any = sqlite3.connect(database)
    names = [row[1] for row in connection.execute("PRAGMA table_info(jobs)")]
    values = ", ".join(
        {"number": "1000 + value", "id": "lower(hex(randomblob(16)))"}.get(name, f'"{name}"') for name in names
    )
    series = f"WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {size})"
    connection.execute(f"{series} INSERT INTO jobs SELECT {values} FROM jobs, n WHERE number = 1")
    connection.execute(
        "INSERT INTO transitions SELECT j.number, t.to_status, t.from_status, t.at, t.why "
        "FROM jobs j, transitions t WHERE t.job = 1 AND j.number > 1000"
    )
    connection.commit()
    middle: str = connection.execute("SELECT id FROM jobs WHERE number = ?", (1000 + size // 2,)).fetchone()[0]
    connection.close()
    return middle


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds, to see that everything runs")
    parser.add_argument("--only", choices=_PARTS, help="one part")
    arguments = parser.parse_args()
    rounds, seconds = (1, 0.3) if arguments.quick else (5, 3.0)
    if arguments.only in (None, "hot"):
        hot_paths(rounds, seconds)
    if arguments.only in (None, "cold"):
        cold_start(rounds * 3)
    if arguments.only in (None, "growth"):
        growth([10, 1_000, 10_000 if arguments.quick else 1_000_000], seconds)
    if arguments.only in (None, "long"):
        long_audio(seconds)
    if arguments.only in (None, "gateway"):
        gateway(rounds, seconds)
    if arguments.only in (None, "jobs"):
        jobs(rounds, seconds)
    if arguments.only in (None, "streams"):
        streams(rounds, seconds)


main()
