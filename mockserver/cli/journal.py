"""``mockserver journal``: what was asked and answered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mockserver.cli.flags import with_flags
from mockserver.cli.output import show_json, show_line, show_table, time_of
from mockserver.cli.remote import NOT_SO, Remote, command, fail, pairs, value_of
from mockserver.client.connection import content_of
from mockserver.client.journal import line_of, missed
from mockserver.client.records import Request, read
from mockserver.client.shapes import Expectation, Filters
from mockserver.client.sink import LONGEST_WAIT, timed_out, waited

app = typer.Typer(add_completion=False, help="List, follow, check and export the requests that were made.")
Id = Annotated[str, typer.Argument(metavar="REQUEST_ID", help="The x-request-id of a reply.")]
_ABOUT = {
    "method": "Only requests with this method.",
    "path": "Only requests whose path fits this pattern.",
    "status": "Only this status: 200, 4xx or 400-499.",
    "job": "Only requests about this job.",
    "fixture": "Only requests that this fixture answered.",
    "fault": "Only requests that met this fault.",
    "request_id": "Only the request with this x-request-id.",
    "since": "Only from this moment of the clock on (ISO 8601).",
    "until": "Only before this moment of the clock.",
    "body": "Only requests whose body contains this.",
    "violations": "Only requests that broke rules.",
}
filtered = with_flags(Filters, _ABOUT)
_EXPECTED = {name: text for name, text in _ABOUT.items() if name in Expectation.__optional_keys__}


@command(app, "list", default=True)
@filtered
def show_all(
    server: Remote,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    before: Annotated[int | None, typer.Option(help="The next page: next_before of the last.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new ones as they come.")] = False,
    **filters: Any,
) -> None:
    """List requests, the newest last."""
    view = server.call("GET", "/journal", limit=limit, before=before, **filters)
    if not follow:
        server.show(view, _list)
        return
    try:
        _follow(server, view["requests"], filters)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


@command(app)
def show(server: Remote, request_id: Id) -> None:
    """Show one request whole."""
    show_json(server.call("GET", f"/journal/{request_id}"))


@command(app)
@filtered
def count(server: Remote, **filters: Any) -> None:
    """Count requests."""
    view = server.call("GET", "/journal/count", **filters)
    server.say(view, str(view["count"]))


@command(app)
@with_flags(Expectation, _EXPECTED)
def verify(
    server: Remote,
    params: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="A member of the JSON body.")
    ] = None,
    headers: Annotated[list[str] | None, typer.Option("--header", metavar="NAME=VALUE", help="A header.")] = None,
    exactly: Annotated[int | None, typer.Option(min=0, help="So many requests.")] = None,
    at_least: Annotated[int | None, typer.Option(min=0, help="So many or more; default: 1.")] = None,
    at_most: Annotated[int | None, typer.Option(min=0, help="So many or fewer.")] = None,
    **expected: Any,
) -> None:
    """Check that as many requests were made as expected; else exit with 1 and show the nearest."""
    bounds = {"exactly": exactly, "at_least": at_least, "at_most": at_most}
    asked = expected | {name: number for name, number in bounds.items() if number is not None}
    if params:
        asked["params"] = {name: value_of(value) for name, value in pairs(params, "--param").items()}
    if headers:
        asked["headers"] = pairs(headers, "--header")
    reply = server.mock.connection.call("POST", "/journal/verify", asked, {"key": server.key})
    found = reply.content if isinstance(reply.content, dict) else {}
    server.conclude(reply, f"as expected: {found.get('count')}", missed(asked, found))


@command(app)
@filtered
def wait(
    server: Remote,
    what: Annotated[Literal["requests", "jobs", "webhooks"], typer.Argument(help="Of what.")] = "requests",
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    timeout: Annotated[float, typer.Option(min=0, help="How many seconds.")] = 5,
    **filters: Any,
) -> None:
    """Wait until there are so many requests, finished jobs or delivered webhook calls; exit with 1 if not.

    Jobs can be chosen by --job and by --status completed, error or cancelled, webhook calls by --job.
    """
    query = {"what": what, "count": count, "key": server.key, **filters}
    reply = waited(server.mock.connection, "/journal/wait", query, timeout)
    lines = [line_of(what, view) for view in reply.content[what]]
    server.conclude(reply, f"{reply.content['count']} {what}", str(timed_out(reply, lines)))


@command(app)
def curl(server: Remote, request_id: Id) -> None:
    """Show the curl command that repeats a request."""
    text = server.call("GET", f"/journal/{request_id}/curl")
    server.say({"curl": text}, text.rstrip("\n"))


@command(app)
@filtered
def har(
    server: Remote,
    file: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
    **filters: Any,
) -> None:
    """Export requests as an HTTP archive."""
    import json

    archive = server.call("GET", "/journal/har", **filters)
    if file is None:
        show_json(archive)
    else:
        try:
            file.write_text(json.dumps(archive, indent=2))
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror}", NOT_SO)
        server.say({"file": str(file)}, f"{len(archive['log']['entries'])} requests in {file}")


@command(app)
def clear(server: Remote) -> None:
    """Forget the requests; everything else stays."""
    server.say(server.call("DELETE", "/journal"), "the journal is empty")


def _follow(server: Remote, requests: list[dict[str, Any]], filters: dict[str, Any]) -> None:
    """Print requests, then new ones as they come; the server says when there are more than before."""
    count = int(server.call("GET", "/journal/count", **filters)["count"])
    last = _print(server, requests, -1)
    while True:
        query = {"count": count + 1, "timeout": LONGEST_WAIT / 2, "limit": 1000, "key": server.key, **filters}
        reply = server.mock.connection.call("GET", "/journal/wait", None, query, LONGEST_WAIT)
        if reply.status != 408:
            content_of(reply)
        count = int(reply.content["count"])
        last = _print(server, reply.content["requests"], last)


def _print(server: Remote, requests: list[dict[str, Any]], last: int) -> int:
    """Print those that are newer than the last one, and return the newest's number."""
    for request in sorted(requests, key=lambda each: int(each["number"])):
        if request["number"] > last:
            last = request["number"]
            if server.as_json:
                show_line(request)
            else:
                typer.echo(f"{time_of(request['at'])[11:]} {read(Request, request)}")
    return last


def _list(view: dict[str, Any]) -> None:
    rows = [
        (time_of(each["at"]), each["request_id"], each["status"], each["method"], each["path"], each["fixture"],
         each.get("fault"), "; ".join([*([each["note"]] if each["note"] else ()), *each.get("violations", ())]))
        for each in reversed(view["requests"])
    ]  # fmt: skip
    show_table(("at", "id", "status", "method", "path", "fixture", "fault", "note"), rows, "no requests")
