"""Servers as processes of their own."""

from __future__ import annotations

import os
import re
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.apis import AnyApi

ROOT = Path(__file__).parent.parent
LISTENS = re.compile(r"mockserver listens on (http://\S+),")


class ServerProcess:
    """A server and where it listens."""

    def __init__(self, process: subprocess.Popen[str], patience: float) -> None:
        self.process = process
        self.said = ""
        self.url = self._wait(patience)

    def _wait(self, patience: float) -> str:
        assert self.process.stderr is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stderr, selectors.EVENT_READ)
            while selector.select(patience):
                line = self.process.stderr.readline()
                self.said += line
                if match := LISTENS.search(line):
                    return match[1]
                if not line:
                    break
        self.process.kill()
        raise AssertionError(f"the server did not start:\n{self.said}")


@contextmanager
def running(
    *flags: str, command: list[str] | None = None, patience: float = 60, env: dict[str, str] | None = None
) -> Iterator[ServerProcess]:
    """Run ``mockserver serve`` on a free port."""
    started = subprocess.Popen(
        [*(command or [sys.executable, "-m", "mockserver", "serve"]), "--port", "0", *flags],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | (env or {}),
    )
    try:
        yield ServerProcess(started, patience)
    finally:
        if started.poll() is None:
            started.terminate()
        started.wait()
        if started.stderr is not None:
            started.stderr.close()


@contextmanager
def half_an_upload(api: AnyApi) -> Iterator[None]:
    """Send less than an upload's length; the connection is closed at the end of the block."""
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        head = (
            f"POST {api.uploads_path} HTTP/1.1\r\nhost: x\r\nauthorization: {api.authorization}\r\n"
            f"content-type: {api.upload_type}\r\ncontent-length: 9000000\r\n\r\n"
        )
        client.sendall(head.encode() + api.upload_head + b"x" * 2_000_000)
        yield
