"""``mockserver keys``: API keys with a world and terms of their own."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mockserver.cli.output import show_table
from mockserver.cli.remote import Remote, command, pairs, value_of

app = typer.Typer(add_completion=False, help="List, make and revoke API keys.")


@command(app, "list", default=True, keyed=False)
def show_all(
    server: Remote,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    before: Annotated[int | None, typer.Option(help="The next page: next_before of the last.")] = None,
) -> None:
    """List the keys that were made or revoked, newest first."""
    server.show(server.call("GET", "/keys", limit=limit, before=before), _list)


@command(app, keyed=False)
def new(
    server: Remote,
    name: Annotated[str | None, typer.Argument(help="The same name gives the same key.")] = None,
    as_key: Annotated[str | None, typer.Option("--as", help="The key itself; default: the server makes one.")] = None,
    shares: Annotated[str | None, typer.Option(help="It has the world of this other key.")] = None,
    terms: Annotated[
        list[str] | None, typer.Option("--term", metavar="NAME=VALUE", help="One of its terms; may be repeated.")
    ] = None,
) -> None:
    """Make a key, and print it."""
    given = {term: value_of(value) for term, value in pairs(terms, "--term").items()}
    asked = {"name": name, "key": as_key, "shares": shares, "terms": given or None}
    view = server.call("POST", "/keys", {field: value for field, value in asked.items() if value is not None})
    server.say(view, view["key"])


@command(app, keyed=False)
def revoke(server: Remote, revoked: Annotated[str, typer.Argument(metavar="KEY", help="The key.")]) -> None:
    """Refuse a key from now on."""
    from urllib.parse import quote

    server.say(server.call("DELETE", f"/keys/{quote(revoked, safe='')}"), f"revoked: {revoked}")


def _list(view: dict[str, Any]) -> None:
    rows = [(each["key"], each["name"], each["project"], bool(each.get("revoked"))) for each in view["keys"]]
    show_table(("key", "name", "project", "revoked"), rows, "no keys were made")
