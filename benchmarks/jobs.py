"""The jobs API: polls, transcripts, jobs from a URL and from a file."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from benchmarks import process
from benchmarks.load import request
from benchmarks.measure import call, compare

_POST = b'{"source_url":"https://example.com/bench-10.mp3"}'
_BOUNDARY = "a-boundary-that-is-in-no-file"
_FORM = f"multipart/form-data; boundary={_BOUNDARY}"


def _form(file: Path) -> bytes:
    head = f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
    return head.encode() + file.read_bytes() + f"\r\n--{_BOUNDARY}--\r\n".encode()


def jobs(rounds: int, seconds: float) -> None:
    """Each next to a route of the reference that returns the same bytes; that one asks for no token."""
    with process.server("--token-limit", "0") as ours:
        given = json.loads(call(ours.port, "POST", "/auth/token", b'{"api_key":"bench"}'))
        key = f"Bearer {given['access_token']}"
        created = call(ours.port, "POST", "/jobs", _POST, key)
        path = f"/jobs/{json.loads(created)['job_id']}"
        status = call(ours.port, "GET", path, None, key)
        transcript = call(ours.port, "GET", f"{path}/transcript", None, key)
        print(f"a job of {len(status):,} bytes; its transcript of {len(transcript):,} bytes")
        bodies = {"job": status, "jobtranscript": transcript, "created": created}
        with process.reference(bodies) as theirs:
            for title, asked in (
                ("jobs API: GET of a finished job", request("GET", path, key=key)),
                ("jobs API: GET of its transcript", request("GET", f"{path}/transcript", key=key)),
                ("jobs API: POST of a URL, durable", request("POST", "/jobs", _POST, key)),
            ):
                compare(title, ours, theirs, lambda asked=asked: itertools.repeat(asked), rounds, seconds)  # type: ignore[misc]
            form = _form(Path("fixtures/audio/hello.wav"))
            mine = request("POST", "/jobs", form, key, _FORM)
            other = request("POST", "/forms", form, key, _FORM)
            compare(
                f"jobs API: POST of a file of {len(form) / 1e6:.2f} MB",
                ours,
                theirs,
                lambda: itertools.repeat(mine),
                rounds,
                seconds,
                their_requests=lambda: itertools.repeat(other),
            )
            print(f"{'RSS after that':<44} {ours.rss:5.0f} MB, the reference {theirs.rss:.0f} MB")
