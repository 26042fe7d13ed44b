"""``mockserver clock``: the time, of the whole server or of one key."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mockserver.cli.output import show_table, time_of
from mockserver.cli.remote import Remote, command

app = typer.Typer(add_completion=False, help="Show, stop and move the clock.")


@command(app, default=True)
def show(server: Remote) -> None:
    """Show the clock."""
    server.show(server.call("GET", "/clock"), _tell)


@command(app)
def freeze(server: Remote) -> None:
    """Stop the clock; advancing still moves it."""
    server.show(server.call("POST", "/clock/freeze"), _tell)


@command(app)
def resume(server: Remote) -> None:
    """Let the clock go on from where it stands."""
    server.show(server.call("POST", "/clock/resume"), _tell)


@command(app)
def scale(server: Remote, factor: Annotated[float, typer.Argument(help="1 is real time.")]) -> None:
    """Let the clock run faster or slower than real time."""
    server.show(server.call("POST", "/clock/scale", {"factor": factor}), _tell)


@command(app)
def advance(
    server: Remote,
    seconds: Annotated[float, typer.Argument(help="How far.")],
    wait: Annotated[float, typer.Option(help="Real seconds to wait for webhook calls that came due.")] = 0,
) -> None:
    """Move the clock forward, and show what happened because of it."""
    asked = {"seconds": seconds} | ({"wait": wait} if wait else {})
    server.show(server.call("POST", "/clock/advance", asked, patience=wait), _tell)


def _tell(view: dict[str, Any]) -> None:
    state = "frozen" if view["frozen"] else f"runs {view['scale']:g} times as fast as real time"
    typer.echo(f"{time_of(view['now'])}, {'runs' if state.startswith('runs 1 ') else state}")
    if view.get("transitions"):
        rows = [(time_of(m["at"]), m["job"], f"{m['from']} -> {m['to']}", m["why"]) for m in view["transitions"]]
        show_table(("at", "job", "transition", "why"), rows, "")
    for call in view.get("webhooks") or ():
        typer.echo(f"webhook: {call.get('event')} to {call.get('url')}")
    for window in view.get("windows") or ():
        typer.echo(f"window ended: {window.get('name') if isinstance(window, dict) else window}")
