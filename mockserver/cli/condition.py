"""``mockserver health``: what the server says of itself; whether it answers is what ``ready`` says, fast."""

from __future__ import annotations

import typer

from mockserver.cli.output import show_facts
from mockserver.cli.remote import Remote, command

app = typer.Typer(add_completion=False)


@command(app, keyed=False)
def health(server: Remote) -> None:
    """Show the server's version, how many fixtures it has, and mistakes in their files."""
    server.show(server.mock.health(), show_facts)
