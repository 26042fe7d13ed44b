"""``mockserver jobs``: list them, hold, release and fail them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from mockserver.cli.output import show_facts, show_table, time_of
from mockserver.cli.remote import Remote, command

app = typer.Typer(add_completion=False, help="List jobs; hold, release and fail them.")
Id = Annotated[str, typer.Argument(help="The job's id.")]
Status = Literal["queued", "processing", "completed", "error", "cancelled"]


@command(app, "list", default=True)
def show_all(
    server: Remote,
    status: Annotated[Status | None, typer.Option(help="Only those with this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    before: Annotated[int | None, typer.Option(help="The next page: next_before of the last.")] = None,
) -> None:
    """List jobs, newest first."""
    server.show(server.call("GET", "/jobs", status=status, limit=limit, before=before), _list)


@command(app, keyed=False)
def show(server: Remote, job: Id) -> None:
    """Show a job with its transitions."""
    server.show(server.call("GET", f"/jobs/{job}"), _tell)


@command(app, keyed=False)
def hold(server: Remote, job: Id) -> None:
    """Keep a job in its status until it is released."""
    server.show(server.call("POST", f"/jobs/{job}/hold"), _tell)


@command(app, keyed=False)
def release(server: Remote, job: Id) -> None:
    """Let a held job go on."""
    server.show(server.call("POST", f"/jobs/{job}/release"), _tell)


@command(app, "fail", keyed=False)
def end(
    server: Remote, job: Id, error: Annotated[str | None, typer.Option(help="The text of the error.")] = None
) -> None:
    """End a job as error."""
    server.show(server.call("POST", f"/jobs/{job}/fail", None if error is None else {"error": error}), _tell)


def _list(view: dict[str, Any]) -> None:
    rows = [
        (job["id"], job["status"], "held" if job["held"] else job["progress"], time_of(job["created"]),
         job["fixture"], job["key"], job["url"] or "upload")
        for job in view["jobs"]
    ]  # fmt: skip
    show_table(("id", "status", "progress", "created", "fixture", "key", "audio"), rows, "no jobs")


def _tell(job: dict[str, Any]) -> None:
    shown = (
        "id", "status", "progress", "held", "fixture", "key", "url", "created", "started", "finished", "due", "deleted"
    )  # fmt: skip
    show_facts({name: job[name] for name in shown if job.get(name) is not None})
    if job["failure"]:
        show_facts({"failure": job["failure"]["detail"] or job["failure"]["reason"]})
    rows = [(time_of(step["at"]), f"{step['from']} -> {step['to']}", step["why"]) for step in job["transitions"]]
    if rows:
        show_table(("at", "transition", "why"), rows, "")
