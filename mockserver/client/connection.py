"""Calls of the control API over connections that are kept open; several threads may call at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

if TYPE_CHECKING:
    from http.client import HTTPConnection

__tracebackhide__ = True  # pytest then shows the line of the test that called

CONTROL = "/_mock"
_IN_PATHS = "/%:@!$&'()*+,;=~"


class MockServerError(Exception):
    """The server refused a call; ``status`` is what it answered with."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class UnreachableError(MockServerError):
    """Nothing answers at the address; the message names it."""


class Reply(NamedTuple):
    """What the server answered: ``content`` is JSON where it is JSON, else text."""

    status: int
    content: Any


class Connection:
    """A way to one server; a connection that is idle serves the next call of any thread."""

    def __init__(self, url: str, token: str | None = None, timeout: float = 30) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a server; it begins with http:// or https://")
        self.url = url.rstrip("/")
        self.token = token
        self.timeout = timeout
        self._prefix = parts.path.rstrip("/")
        self._parts = parts
        self._idle: list[HTTPConnection] = []

    def call(
        self, method: str, path: str, body: object = None, query: Mapping[str, Any] | None = None, patience: float = 0
    ) -> Reply:
        """Send a request to a path under /_mock and return the reply, whatever its status is.

        ``patience`` is how many seconds longer than usual the server may take. Raises UnreachableError.
        """
        target = f"{self._prefix}{CONTROL}{quote(path, safe=_IN_PATHS)}{_query(query or {})}"
        headers = {"accept": "application/json, text/plain"}
        if self.token is not None:
            headers["x-mock-token"] = self.token
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = body if isinstance(body, bytes) else json.dumps(body, default=_written).encode()
        return self._sent(method, target, content, headers, self.timeout + patience)

    def elsewhere(self, url: str) -> Connection:
        """Return a way to another address, with the same token and patience."""
        return Connection(url, self.token, self.timeout)

    def close(self) -> None:
        """Close the connections that are idle."""
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        if hasattr(self, "_idle"):  # not where the address was wrong
            self.close()

    def _sent(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> Reply:
        from http.client import HTTPException

        while True:
            fresh = not self._idle
            connection = self._taken(timeout)
            try:
                connection.request(method, target, content, dict(headers))
                reply = connection.getresponse()
                text = reply.read().decode()
            except (OSError, HTTPException) as error:
                connection.close()
                if fresh or isinstance(error, TimeoutError):
                    raise UnreachableError(f"{self.url} does not answer: {error or type(error).__name__}") from None
                continue  # the server had closed a connection that was idle: take another
            except BaseException:
                connection.close()
                raise
            self._idle.append(connection)
            is_json = (reply.getheader("content-type") or "").startswith("application/json")
            return Reply(reply.status, json.loads(text) if is_json else text)

    def _taken(self, timeout: float) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        try:
            connection = self._idle.pop()
        except IndexError:
            kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
            return kind(self._parts.hostname or "", self._parts.port, timeout=timeout)
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection


def content_of(reply: Reply) -> Any:
    """Return what a reply says. Raises MockServerError with the server's text if it is a refusal."""
    if reply.status < 400:
        return reply.content
    told = reply.content.get("error") if isinstance(reply.content, dict) else None
    raise MockServerError(told or f"the server answered {reply.status}: {str(reply.content)[:500]}", reply.status)


def _query(values: Mapping[str, Any]) -> str:
    given = {name: _written(value) for name, value in values.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
