"""``mockserver terms``: what an account is like."""

from __future__ import annotations

from typing import Annotated

import typer

from mockserver.cli.output import show_facts
from mockserver.cli.remote import Remote, command, pairs, value_of

app = typer.Typer(add_completion=False, help="Show and change what an account is like.")


@command(app, default=True)
def show(server: Remote) -> None:
    """Show the terms."""
    server.show(server.call("GET", "/terms"), show_facts)


@command(app)
def change(
    server: Remote, terms: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="What is to change.")]
) -> None:
    """Change some of the terms."""
    changes = {name: value_of(value) for name, value in pairs(terms, "terms").items()}
    server.show(server.call("PATCH", "/terms", changes), show_facts)


@command(app)
def restore(server: Remote) -> None:
    """Take back every change."""
    server.show(server.call("DELETE", "/terms"), show_facts)
