"""Server processes, and what they cost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Process:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    cold_start: float

    @property
    def cpu(self) -> float:
        """Return the CPU seconds used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def rss(self) -> float:
        """Return the resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], port: int, env: dict[str, str]) -> Iterator[Process]:
    began = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | env)
    try:
        _wait(port, process)
        yield Process(process, port, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_mock/health").read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.002)
        else:
            return
    raise RuntimeError("the server did not start")


@contextmanager
def server(*flags: str) -> Iterator[Process]:
    """Run the mock server on a data directory that is kept while it runs, with a limit that is never reached."""
    port = free_port()
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "mockserver", "serve", "--port", str(port), "--rate-limit", "1000000000"]
        with _running([*command, "--data", data, *flags], port, {}) as process:
            yield process


@contextmanager
def reference(bodies: dict[str, bytes]) -> Iterator[Process]:
    """Run the bare FastAPI application with these replies."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        for name, body in bodies.items():
            Path(folder, f"{name}.reply").write_bytes(body)
        command = [sys.executable, "-m", "uvicorn", "benchmarks.reference:app", "--port", str(port), "--no-access-log"]
        command += ["--log-level", "warning", "--ws", "websockets-sansio", "--ws-per-message-deflate", "false"]
        with _running(command, port, {"REFERENCE_BYTES": folder}) as process:
            yield process
