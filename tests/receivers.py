"""A place that webhooks call."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Received(NamedTuple):
    """One call."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Answers each call with the next of some statuses, and with the last of them from then on."""

    def __init__(self, statuses: Sequence[int], headers: dict[str, str]) -> None:
        self.received: list[Received] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._statuses = list(statuses)
        self._headers = headers
        self._arrived = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status = outer._note(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                outer.may_answer.wait(60)
                try:
                    self.send_response(status)
                    for name, value in outer._headers.items():
                        self.send_header(name, value)
                    body = b"" if status in (204, 304) else b"seen"
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the caller has given up

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def _note(self, received: Received) -> int:
        with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
        return self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]

    def wait_for(self, count: int) -> list[Received]:
        """Wait until so many calls have come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.received) >= count, 30), self.received
        return self.received

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def receiving(*statuses: int, **headers: str) -> Iterator[Receiver]:
    receiver = Receiver(statuses or [200], headers)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()
