"""Run the server inside a Python program, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

from mockserver.server import Server
from mockserver.settings import Settings


class MockServer:
    """A server on a free port for the length of a ``with`` block; keyword arguments are settings.

    >>> with MockServer(seed=7) as mock:
    ...     print(mock.url)  # doctest: +ELLIPSIS
    http://127.0.0.1:...
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings.load(**{"port": 0, "log_requests": False} | settings)
        self.url = ""
        self._started = threading.Event()
        self._failure: Exception | None = None
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._run, name="mockserver", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        try:
            self._server = Server(self.settings, self._listening)
            asyncio.run(self._server.serve())
        except SystemExit:
            self._failure = RuntimeError(f"the server cannot listen on {self.settings.host}:{self.settings.port}")
        except Exception as error:
            self._failure = error
        finally:
            self._started.set()

    def _listening(self, url: str) -> None:
        self.url = url
        self._started.set()
