"""``mockserver sinks``: places that receive webhooks, or anything."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from mockserver.cli.output import show_table, time_of
from mockserver.cli.remote import NOT_SO, Remote, command, fail, pairs, value_of
from mockserver.client.sink import waited

app = typer.Typer(add_completion=False, help="Show what sinks received; say what they answer.")
Name = Annotated[str, typer.Argument(help="The sink's name: what follows /_mock/sink/.")]


@command(app, "list", default=True, keyed=False)
def show_all(server: Remote) -> None:
    """List the sinks."""
    server.show(server.call("GET", "/sinks"), _list)


@command(app, keyed=False)
def show(
    server: Remote,
    name: Name,
    count: Annotated[int | None, typer.Option(min=1, help="Wait until so many requests have come.")] = None,
    timeout: Annotated[float, typer.Option(min=0, help="How many seconds.")] = 5,
) -> None:
    """Show what a sink received; exit with 1 if it is not as many as were waited for."""
    path = f"/sinks/{quote(name, safe='')}"
    if count is None:
        server.show(server.call("GET", path), _requests)
        return
    reply = waited(server.mock.connection, path, {"count": count}, timeout)
    server.show(reply.content, _requests)
    if reply.status == 408:
        fail(reply.content.get("error", "not as many as waited for"), NOT_SO)


@command(app)
def answer(
    server: Remote,
    name: Name,
    status: Annotated[int, typer.Option(help="The status.")] = 200,
    delay: Annotated[float, typer.Option(help="Seconds until then.")] = 0,
    body: Annotated[str, typer.Option(help="The body.")] = "",
    headers: Annotated[list[str] | None, typer.Option("--header", metavar="NAME=VALUE", help="A header.")] = None,
) -> None:
    """Say what a sink answers from now on."""
    asked = {"status": status, "delay": delay, "body": body, "headers": pairs(headers, "--header")}
    view = server.call("PUT", f"/sinks/{quote(name, safe='')}", asked)
    server.say(view, f"{name} answers {status}")


@command(app)
def answers(
    server: Remote,
    name: Name,
    in_turn: Annotated[list[str], typer.Argument(metavar="JSON...", help="Such as '{\"status\": 503}'.")],
) -> None:
    """Say what a sink answers to successive requests; the last answer stays."""
    asked = {"answers": [value_of(each) for each in in_turn]}
    view = server.call("PUT", f"/sinks/{quote(name, safe='')}", asked)
    server.say(view, f"{name} answers {', '.join(str(each['status']) for each in view['answers'])}")


@command(app, keyed=False)
def forget(server: Remote, name: Name) -> None:
    """Forget what a sink received, and what it answers."""
    server.say(server.call("DELETE", f"/sinks/{quote(name, safe='')}"), f"forgotten: {name}")


def _list(view: dict[str, Any]) -> None:
    rows = [(each.get("name"), each.get("count"), each.get("url")) for each in view["sinks"]]
    show_table(("name", "requests", "url"), rows, "no sinks")


def _requests(view: dict[str, Any]) -> None:
    rows = [
        (each["number"], time_of(each["at"]), each["method"], each["status"], (each["body"].get("text") or "")[:200])
        for each in view["requests"]
    ]
    show_table(("number", "at", "method", "answered", "body"), rows, "nothing has come")
