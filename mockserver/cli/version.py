"""``mockserver version``."""

from __future__ import annotations

import sys

import typer

import mockserver
from mockserver.cli.remote import Json

app = typer.Typer(add_completion=False)


@app.command()
def version(as_json: Json = False) -> None:
    """Show the version."""
    python = sys.version.split()[0]
    if as_json:
        from mockserver.cli.output import show_json

        show_json({"version": mockserver.__version__, "python": python})
    else:
        typer.echo(f"mockserver {mockserver.__version__}, Python {python}")
