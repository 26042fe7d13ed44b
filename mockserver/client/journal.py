"""The journal of one API key: what was asked, whether it was as expected, and waiting for it."""

from __future__ import annotations

from typing import Any, Unpack, cast

from mockserver.client.connection import Connection, MockServerError, content_of
from mockserver.client.records import Delivery, Job, Request, Session, read, read_all
from mockserver.client.shapes import Expectation, Filters, SessionFilters
from mockserver.client.sink import timed_out, waited

__tracebackhide__ = True  # pytest then shows the line of the test that called

_NO_SUCH_CALL = {"error": "Not Found"}


class Journal:
    """What was asked of a server with one API key."""

    def __init__(self, connection: Connection, api_key: str | None) -> None:
        self.connection = connection
        self.api_key = api_key
        self._own: dict[str, Any] = {"key": api_key}

    def call(self, method: str, path: str, body: object = None, /, *, patience: float = 0, **query: Any) -> Any:
        """Call the control API as it is: ``call("GET", "/jobs", status="error")``; return what it says.

        Raises MockServerError with the server's text. ``patience``: seconds that the server may take longer than usual.
        """
        reply = self.connection.call(method, path, body, query, patience)
        if reply.status == 404 and reply.content == _NO_SUCH_CALL:
            where = f"{self.connection.url} does not know {method} /_mock{path}"
            raise MockServerError(f"{where}: is its control API switched off, or at another port?", 404)
        return content_of(reply)

    def requests(self, *, limit: int = 100, before: int | None = None, **filters: Unpack[Filters]) -> list[Request]:
        """Return requests with headers and bodies, newest first."""
        page = self.call("GET", "/journal", limit=limit, before=before, bodies=True, **filters, **self._own)
        return list(read_all(Request, page["requests"]))

    def count(self, **filters: Unpack[Filters]) -> int:
        """Return how many requests there are."""
        return int(self.call("GET", "/journal/count", **filters, **self._own)["count"])

    def request(self, request_id: str) -> Request:
        """Return one request, by the ``x-request-id`` of its reply."""
        return read(Request, self.call("GET", f"/journal/{request_id}", **self._own))

    def curl(self, request_id: str) -> str:
        """Return the curl command that repeats a request."""
        return str(self.call("GET", f"/journal/{request_id}/curl", **self._own))

    def har(self, **filters: Unpack[Filters]) -> dict[str, Any]:
        """Return requests as an HTTP archive."""
        return cast("dict[str, Any]", self.call("GET", "/journal/har", **filters, **self._own))

    def clear_journal(self) -> None:
        """Forget the requests; everything else stays."""
        self.call("DELETE", "/journal", **self._own)

    def verify(
        self,
        *,
        exactly: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        **expected: Unpack[Expectation],
    ) -> int:
        """Check that as many requests were made as expected, without a number at least one, and return how many.

        Raises AssertionError with the nearest misses, and what each lacks.
        """
        bounds = {"exactly": exactly, "at_least": at_least, "at_most": at_most}
        asked = dict(expected) | {name: number for name, number in bounds.items() if number is not None}
        reply = self.connection.call("POST", "/journal/verify", asked, self._own)
        if reply.status == 409:
            raise AssertionError(missed(asked, reply.content))
        return int(content_of(reply)["count"])

    def wait_for_requests(self, count: int = 1, timeout: float = 5, **filters: Unpack[Filters]) -> list[Request]:
        """Return requests, newest first, once there are so many. Raises TimeoutError with what was there."""
        self._wait("requests", count, timeout, **filters)
        return self.requests(limit=max(count, 100), **filters)

    def wait_for_jobs(
        self, count: int = 1, timeout: float = 5, *, job: str | None = None, status: str | None = None
    ) -> list[Job]:
        """Return finished jobs, newest first, once there are so many; ``status`` is one that ends a job.

        Raises TimeoutError with what was there.
        """
        return list(read_all(Job, self._wait("jobs", count, timeout, job=job, status=status)))

    def wait_for_webhooks(self, count: int = 1, timeout: float = 5, *, job: str | None = None) -> list[Delivery]:
        """Return delivered webhook calls, newest first, once there are so many.

        Raises TimeoutError with what was there.
        """
        return list(read_all(Delivery, self._wait("webhooks", count, timeout, job=job)))

    def wait_for_sessions(self, count: int = 1, timeout: float = 5, **filters: Unpack[SessionFilters]) -> list[Session]:
        """Return sessions without their messages, newest first, once there are so many.

        Raises TimeoutError with what was there.
        """
        query = {"count": count, "limit": min(max(count, 100), 1000), **filters, **self._own}
        reply = waited(self.connection, "/sessions/wait", query, timeout)
        found = list(read_all(Session, reply.content["sessions"]))
        if reply.status == 408:
            raise timed_out(reply, map(str, found))
        return found

    def wait_for_session(self, timeout: float = 5, **filters: Unpack[SessionFilters]) -> Session:
        """Return a session with its messages, the newest one, once there is one: that is open, that says something, ...

        Raises TimeoutError.
        """
        found = self.wait_for_sessions(1, timeout, **filters)
        return read(Session, self.call("GET", f"/sessions/{found[0].id}"))

    def _wait(self, what: str, count: int, timeout: float, **filters: Any) -> list[dict[str, Any]]:
        query = {"what": what, "count": count, "limit": min(max(count, 100), 1000), **filters, **self._own}
        reply = waited(self.connection, "/journal/wait", query, timeout)
        found: list[dict[str, Any]] = reply.content.get(what) or []
        if reply.status == 408:
            raise timed_out(reply, [line_of(what, view) for view in found])
        return found


def line_of(what: str, view: dict[str, Any]) -> str:
    """Return a request, job or webhook call as one line."""
    if what == "requests":
        return str(read(Request, view))
    if what == "jobs":
        return f"{view.get('id')} {view.get('status')} {view.get('url') or ''}"
    return f"{view.get('event')} {view.get('url')} of {view.get('job')}, {len(view.get('attempts') or ())} attempts"


def missed(asked: dict[str, Any], view: dict[str, Any]) -> str:
    """Return why a verification failed, with the nearest misses, for people."""
    lines = [str(view.get("error")), f"expected: {', '.join(f'{name}={value!r}' for name, value in asked.items())}"]
    if view.get("nearest"):
        lines.append("nearest:")
    for near in view.get("nearest") or ():
        lines.append(f"  {near.get('status')} {near.get('method')} {near.get('path')}  ({near.get('request_id')})")
        lines += [f"    {missed}" for missed in near.get("missed") or ()]
    return "\n".join(lines)
