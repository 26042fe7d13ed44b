"""``mockserver webhooks``: the calls that were made, and making one again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mockserver.cli.output import show_table, time_of
from mockserver.cli.remote import Remote, command

app = typer.Typer(add_completion=False, help="List webhook calls; make one again.")


@command(app, "list", default=True)
def show_all(
    server: Remote,
    job: Annotated[str | None, typer.Option(help="Only those of this job.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    before: Annotated[int | None, typer.Option(help="The next page: next_before of the last.")] = None,
    wait: Annotated[float, typer.Option(min=0, max=60, help="Seconds to wait for calls that are being made.")] = 0,
) -> None:
    """List webhook calls, newest first."""
    asked = {"job": job, "limit": limit, "before": before, "wait": wait or None}
    server.show(server.call("GET", "/webhooks", patience=wait, **asked), _list)


@command(app, keyed=False)
def replay(server: Remote, number: Annotated[int, typer.Argument(help="The call's number.")]) -> None:
    """Make a call again now."""
    view = server.call("POST", f"/webhooks/{number}/replay")
    server.say(view, f"webhook {number} is called again: {view['url']}")


def _list(view: dict[str, Any]) -> None:
    rows = [
        (call["number"], "delivered" if call["delivered"] else "not delivered", time_of(call["created"]),
         ", ".join(str(each["status"] or each["error"]) for each in call["attempts"]), call["event"], call["job"],
         call["url"])
        for call in view["webhooks"]
    ]  # fmt: skip
    show_table(("number", "outcome", "created", "attempts", "event", "job", "url"), rows, "no webhook calls")
