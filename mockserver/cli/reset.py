"""``mockserver reset``."""

from __future__ import annotations

import typer

from mockserver.cli.remote import Remote, command

app = typer.Typer(add_completion=False)


@command(app)
def reset(server: Remote) -> None:
    """Remove jobs, uploads, fixtures, faults and journal; clock, terms and ids start over."""
    view = server.call("POST", "/reset")
    server.say(view, f"reset: {view['reset']}")
