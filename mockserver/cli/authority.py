"""``mockserver ca``."""

from __future__ import annotations

import typer

from mockserver.cli.remote import Remote, command

app = typer.Typer(add_completion=False)


@command(app, keyed=False)
def ca(server: Remote) -> None:
    """Print the certificate that clients of HTTPS have to trust, as PEM."""
    pem = server.mock.ca()
    server.say({"ca": pem}, pem.rstrip("\n"))
