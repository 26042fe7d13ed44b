"""Run the server inside a Python program, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mockserver.client.mock import DEFAULT_KEY, Mock
from mockserver.server import Server
from mockserver.settings import Settings

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory


class MockServer(Mock):
    """A server on a free port for the length of a ``with`` or ``async with`` block; keyword arguments are settings.

    It is a Mock too, of the key ``test-key``; ``key()`` makes others, ``asynchronous`` has methods that are awaited.

    >>> with MockServer(seed=7) as mock:
    ...     print(mock.url)  # doctest: +ELLIPSIS
    http://127.0.0.1:...
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings.load(**{"port": 0, "tls_port": 0, "log_requests": False} | settings)
        keys = self.settings.keys
        first = keys[0].split(",")[0].strip() if keys else DEFAULT_KEY
        super().__init__("http://127.0.0.1", first, token=getattr(self.settings, "control_token", None))
        self.url = ""
        self.proxy_url: str | None = None
        """Where the proxy is, if there is one, once the server listens."""
        self._files: TemporaryDirectory[str] | None = None
        self._started = threading.Event()
        self._failure: Exception | None = None
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to serve; ``url`` says where."""
        if self._thread is not None:
            raise RuntimeError(f"the server has been started already, on {self.url}")
        self._started.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._run, name="mockserver", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread = None
            raise self._failure
        if self._server is not None and self._server.ca is not None:
            self._trust_ourselves(self._server.ca.decode())

    def stop(self) -> None:
        """Stop to serve; nothing happens if it has not been started."""
        self.close()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._thread = self._server = None
        if self._files is not None:
            self._files.cleanup()
            self._files = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

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

    def _trust_ourselves(self, ca: str) -> None:
        from tempfile import TemporaryDirectory

        from mockserver.client.trust import variables

        self._files = TemporaryDirectory(prefix="mockserver-ca-")
        self._trust = {"MOCKSERVER_HTTPS_URL": self.https_url or "", **variables(ca, Path(self._files.name))}

    def _listening(self, url: str) -> None:
        self.url = url
        if self._server is not None:
            self.https_url, self.proxy_url = self._server.https_url, self._server.proxy_url
        self.connection = self.connection.elsewhere(getattr(self._server, "control_url", None) or url)
        self._started.set()
