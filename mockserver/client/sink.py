"""A place on the server that receives anything, so that webhooks need no receiver of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack
from urllib.parse import quote

from mockserver.client.connection import Connection, MockServerError, Reply, content_of
from mockserver.client.records import SinkRequest, read_all
from mockserver.client.shapes import SinkAnswer

__tracebackhide__ = True  # pytest then shows the line of the test that called

LONGEST_WAIT = 60.0
"""Seconds that the server waits in one call."""


class Sink:
    """A sink: ``url`` is what to give as webhook URL."""

    def __init__(self, connection: Connection, url: str, name: str, api_key: str | None) -> None:
        self._connection = connection
        self._path = f"/sinks/{quote(name, safe='')}"
        self._key = api_key
        self.name = name
        self.url = f"{url}/_mock/sink/{quote(name, safe='')}"

    def answer(self, **answer: Unpack[SinkAnswer]) -> None:
        """Answer every request like this from now on; without anything 200."""
        self._put(dict(answer))

    def answers(self, *answers: SinkAnswer) -> None:
        """Answer successive requests like these; the last one stays."""
        self._put({"answers": [dict(each) for each in answers]})

    def received(self) -> list[SinkRequest]:
        """Return what has come, in order."""
        return _requests(content_of(self._connection.call("GET", self._path)))

    def wait(self, count: int = 1, timeout: float = 5) -> list[SinkRequest]:
        """Return what has come once there are so many. Raises TimeoutError with what was there."""
        found = waited(self._connection, self._path, {"count": count}, timeout)
        requests = _requests(found.content)
        if found.status == 408:
            raise timed_out(found, [f"{each.method} {each.path} {each.text or ''}" for each in requests])
        return requests

    def forget(self) -> None:
        """Forget what has come, and how to answer."""
        content_of(self._connection.call("DELETE", self._path))

    def _put(self, body: Mapping[str, Any]) -> None:
        content_of(self._connection.call("PUT", self._path, body, {"key": self._key}))


def waited(connection: Connection, path: str, query: Mapping[str, Any], timeout: float) -> Reply:
    """Return the reply of a call that waits, which may be 408; a longer wait than the server's takes several calls."""
    while True:
        seconds = min(timeout, LONGEST_WAIT)
        reply = connection.call("GET", path, None, {**query, "timeout": seconds}, seconds)
        timeout -= seconds
        if reply.status != 408:
            content_of(reply)
            return reply
        if timeout <= 0:
            return reply


def timed_out(reply: Reply, lines: Iterable[str]) -> TimeoutError:
    """Return the error of a wait that was in vain, with what was there."""
    told = reply.content.get("error", "it did not happen in time")
    return TimeoutError("\n".join([told, *(f"  {line}" for line in lines)]))


def _requests(view: Any) -> list[SinkRequest]:
    if not isinstance(view, dict):
        raise MockServerError("the server's answer is not what a sink says")
    return list(read_all(SinkRequest, view.get("requests")))
