"""``mockserver snapshots``: keep a key's world, and put it back."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from mockserver.cli.output import show_table
from mockserver.cli.remote import Remote, command

app = typer.Typer(add_completion=False, help="Keep a key's world as it is, and put it back; --key names the key.")
Name = Annotated[str, typer.Argument(help="The snapshot's name.")]


@command(app, "list", default=True)
def show_all(server: Remote) -> None:
    """List the key's snapshots."""
    server.show(server.call("GET", "/snapshots"), _list)


@command(app)
def new(server: Remote, name: Annotated[str | None, typer.Argument(help="Its name.")] = None) -> None:
    """Keep the key's world as it is."""
    view = server.call("POST", "/snapshots", {} if name is None else {"name": name})
    server.say(view, view["name"])


@command(app)
def restore(server: Remote, name: Name) -> None:
    """Put the key's world back."""
    server.say(server.call("POST", f"/snapshots/{quote(name, safe='')}/restore"), f"restored: {name}")


@command(app)
def remove(server: Remote, name: Name) -> None:
    """Forget a snapshot."""
    server.say(server.call("DELETE", f"/snapshots/{quote(name, safe='')}"), f"removed: {name}")


def _list(view: dict[str, Any]) -> None:
    rows = [(each.get("name"), each.get("jobs"), each.get("uploads")) for each in view["snapshots"]]
    show_table(("name", "jobs", "uploads"), rows, "no snapshots")
