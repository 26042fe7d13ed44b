"""``mockserver metrics``."""

from __future__ import annotations

import typer

from mockserver.cli.remote import Remote, command

app = typer.Typer(add_completion=False)


@command(app, keyed=False)
def metrics(server: Remote) -> None:
    """Show the server's metrics as Prometheus reads them."""
    text = server.mock.metrics()
    server.say({"metrics": text}, text.rstrip("\n"))
