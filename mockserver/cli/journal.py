"""``mockserver journal``: what was asked and answered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mockserver.cli.output import show_json, show_line, show_table, time_of
from mockserver.cli.remote import NOT_SO, Remote, command, fail, pairs, value_of
from mockserver.client.connection import content_of
from mockserver.client.records import Request, read
from mockserver.client.sink import LONGEST_WAIT, waited

app = typer.Typer(add_completion=False, help="List, follow, check and export the requests that were made.")
Id = Annotated[str, typer.Argument(metavar="REQUEST_ID", help="The x-request-id of a reply.")]
Method = Annotated[str | None, typer.Option(help="Only requests with this method.")]
PathPattern = Annotated[str | None, typer.Option("--path", help="Only requests whose path fits this pattern.")]
Status = Annotated[str | None, typer.Option(help="Only this status: 200, 4xx or 400-499.")]
Job = Annotated[str | None, typer.Option(help="Only requests about this job.")]
Fixture = Annotated[str | None, typer.Option(help="Only requests that this fixture answered.")]
Body = Annotated[str | None, typer.Option(help="Only requests whose body contains this.")]


@command(app, "list", default=True)
def show_all(
    server: Remote,
    method: Method = None,
    path: PathPattern = None,
    status: Status = None,
    job: Job = None,
    fixture: Fixture = None,
    body: Body = None,
    violations: Annotated[bool, typer.Option("--violations", help="Only requests that broke rules.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new ones as they come.")] = False,
) -> None:
    """List requests, the newest last."""
    filters = _given(method=method, path=path, status=status, job=job, fixture=fixture, body=body)
    filters |= {"violations": True} if violations else {}
    view = server.call("GET", "/journal", limit=limit, **filters)
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
def count(
    server: Remote, method: Method = None, path: PathPattern = None, status: Status = None, body: Body = None
) -> None:
    """Count requests."""
    view = server.call("GET", "/journal/count", **_given(method=method, path=path, status=status, body=body))
    server.say(view, str(view["count"]))


@command(app)
def verify(
    server: Remote,
    method: Method = None,
    path: PathPattern = None,
    status: Status = None,
    job: Job = None,
    fixture: Fixture = None,
    body: Body = None,
    params: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="A member of the JSON body.")
    ] = None,
    headers: Annotated[list[str] | None, typer.Option("--header", metavar="NAME=VALUE", help="A header.")] = None,
    exactly: Annotated[int | None, typer.Option(min=0, help="So many requests.")] = None,
    at_least: Annotated[int | None, typer.Option(min=0, help="So many or more; default: 1.")] = None,
    at_most: Annotated[int | None, typer.Option(min=0, help="So many or fewer.")] = None,
) -> None:
    """Check that as many requests were made as expected; else exit with 1 and show the nearest."""
    asked = _given(method=method, path=path, status=status, job=job, fixture=fixture, body=body, exactly=exactly,
                   at_least=at_least, at_most=at_most)  # fmt: skip
    wanted = {"params": {name: value_of(value) for name, value in pairs(params, "--param").items()}}
    wanted["headers"] = pairs(headers, "--header")
    try:
        number = server.mock.verify(**asked, **_given(**{name: value or None for name, value in wanted.items()}))
    except AssertionError as error:
        fail(str(error), NOT_SO)
    server.say({"count": number}, f"as expected: {number}")


@command(app)
def wait(
    server: Remote,
    what: Annotated[Literal["requests", "jobs", "webhooks"], typer.Argument(help="Of what.")] = "requests",
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    timeout: Annotated[float, typer.Option(min=0, help="How many seconds.")] = 5,
    method: Method = None,
    path: PathPattern = None,
    status: Status = None,
    job: Job = None,
) -> None:
    """Wait until there are so many requests, finished jobs or delivered webhook calls; exit with 1 if not."""
    filters = _given(method=method, path=path, status=status, job=job)
    query = {"what": what, "count": count, "key": server.key, **filters}
    reply = waited(server.mock.connection, "/journal/wait", query, timeout)
    if reply.status == 408:
        fail(reply.content["error"], NOT_SO)
    server.say(reply.content, f"{reply.content['count']} {what}")


@command(app)
def curl(server: Remote, request_id: Id) -> None:
    """Show the curl command that repeats a request."""
    text = server.call("GET", f"/journal/{request_id}/curl")
    server.say({"curl": text}, text.rstrip("\n"))


@command(app)
def har(
    server: Remote,
    file: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
) -> None:
    """Export requests as an HTTP archive."""
    import json

    archive = server.call("GET", "/journal/har")
    if file is None:
        show_json(archive)
    else:
        file.write_text(json.dumps(archive, indent=2))
        server.say({"file": str(file)}, f"{len(archive['log']['entries'])} requests in {file}")


@command(app)
def clear(server: Remote) -> None:
    """Forget the requests; everything else stays."""
    server.say(server.call("DELETE", "/journal"), "the journal is empty")


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


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
