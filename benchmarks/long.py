"""A ten-hour recording with every result switched on: does anybody else notice?"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import process
from benchmarks.load import Result, drive, request
from benchmarks.process import Process

_URL = "https://example.com/ten-hours.mp3"
_FIXTURE = f"match: {{audio_url: {_URL}}}\nduration: 36000\noutcome: {{progress: instant}}\n"
_EVERYTHING = {
    "audio_url": _URL,
    "speaker_labels": True,
    "auto_highlights": True,
    "auto_chapters": True,
    "content_safety": True,
    "entity_detection": True,
    "iab_categories": True,
    "sentiment_analysis": True,
    "redact_pii": True,
    "redact_pii_policies": ["person_name", "phone_number", "email_address", "location"],
    "redact_pii_return_unredacted": True,
}
_CLIENT = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=300)
connection.request(sys.argv[2], sys.argv[3], sys.argv[4] or None, {"Authorization": "bench"})
reply = connection.getresponse()
size = 0
first = b""
while chunk := reply.read(1 << 20):
    first = first or chunk
    size += len(chunk)
assert reply.status == 200, (reply.status, first)
print(size)
if size < 100_000:
    print(first.decode())
"""


def long_audio(seconds: float) -> None:
    """Render it, page through every export, and delete it; meanwhile somebody gets a small transcript."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "long.yaml").write_text(_FIXTURE)
        with process.server("--fixtures", folder, "--rate-limit", "0") as ours:
            small = json.loads(_ask(ours, "POST", "/v2/transcript", '{"audio_url": "https://example.com/a.mp3"}')[1])
            get = request("GET", f"/v2/transcript/{small['id']}")
            drive(ours.port, itertools.repeat(get), connections=1, seconds=seconds / 3)
            idle = drive(ours.port, itertools.repeat(get), connections=1, seconds=seconds)
            before = ours.rss
            job = json.loads(_ask(ours, "POST", "/v2/transcript", json.dumps(_EVERYTHING))[1])["id"]
            whole = Result()
            for name, method, path in _steps(job):
                size, _ = _meanwhile(name, ours, method, path, get, idle, whole)
                if name == "transcript":
                    print(f"{'  its reply':<44} {size / 1e6:.1f} MB")
            p50, p99 = (whole.percentile(share) / idle.percentile(share) for share in (0.5, 0.99))
            print(
                f"{'small GET meanwhile, p99 to the idle one':<44} {p99:5.2f}x (p50 {p50:.2f}x), "
                f"{whole.requests:,} requests; "
                f"RSS {before:.0f} MB before, {ours.rss:.0f} MB after"
            )


def _steps(job: str) -> list[tuple[str, str, str]]:
    base = f"/v2/transcript/{job}"
    return [
        ("transcript", "GET", base),
        ("sentences", "GET", f"{base}/sentences"),
        ("paragraphs", "GET", f"{base}/paragraphs"),
        ("srt", "GET", f"{base}/srt"),
        ("vtt", "GET", f"{base}/vtt?chars_per_caption=40"),
        ("word search", "GET", f"{base}/word-search?words=order,the%20shipment"),
        ("delete", "DELETE", base),
    ]


def _start(ours: Process, method: str, path: str, body: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _CLIENT, str(ours.port), method, path, body]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _ask(ours: Process, method: str, path: str, body: str = "") -> tuple[int, str]:
    return _answer(_start(ours, method, path, body))


def _answer(client: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = client.communicate()
    if client.returncode:
        raise SystemExit("a request for the long transcript failed")
    size, _, body = said.partition("\n")
    return int(size), body


def _meanwhile(
    name: str, ours: Process, method: str, path: str, get: bytes, idle: Result, whole: Result
) -> tuple[int, str]:
    client = _start(ours, method, path)

    def until_answered() -> itertools.takewhile[bytes]:
        return itertools.takewhile(lambda _: client.poll() is None, itertools.repeat(get))

    result = drive(ours.port, until_answered(), connections=1)
    whole.requests += result.requests
    whole.latencies += result.latencies
    ratio = result.percentile(0.99) / idle.percentile(0.99)
    print(f"{f'  {name}':<44} {result.seconds:5.1f} s, p99 of a small GET {ratio:.2f}x")
    return _answer(client)
