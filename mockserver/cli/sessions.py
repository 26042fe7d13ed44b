"""``mockserver sessions``: list them, show what was said, put words into one, end one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from mockserver.cli.flags import with_flags
from mockserver.cli.output import show_facts, show_table, time_of
from mockserver.cli.remote import Remote, command
from mockserver.client.records import Session, read
from mockserver.client.shapes import SessionFilters
from mockserver.client.sink import timed_out, waited

app = typer.Typer(add_completion=False, help="List sessions over WebSockets; let one say something, end one.")
Id = Annotated[str, typer.Argument(help="The session's id.")]
filtered = with_flags(
    SessionFilters,
    {
        "id": "Only the session with this id.",
        "state": "Only those that are open, or closed.",
        "path": "Only sessions whose path fits this pattern.",
        "message": "Only sessions with a message of this kind.",
        "text": "Only sessions with a message that says this.",
    },
)


@command(app, "list", default=True)
@filtered
def show_all(
    server: Remote,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    before: Annotated[int | None, typer.Option(help="The next page: next_before of the last.")] = None,
    **filters: Any,
) -> None:
    """List sessions, the open ones first, newest first."""
    server.show(server.call("GET", "/sessions", limit=limit, before=before, **filters), _list)


@command(app, keyed=False)
def show(server: Remote, session: Id) -> None:
    """Show a session with its messages."""
    server.show(server.call("GET", f"/sessions/{session}"), _tell)


@command(app, keyed=False)
def say(
    server: Remote,
    session: Id,
    text: Annotated[str, typer.Argument(help="The words.")],
    how: Annotated[
        Literal["partial", "final", "formatted"], typer.Option(help="Whether they end the turn, and formatted.")
    ] = "final",
) -> None:
    """Let an open session hear words now."""
    server.show(server.call("POST", f"/sessions/{session}/say", {"text": text, "how": how}), _facts)


@command(app, keyed=False)
def end(
    server: Remote,
    session: Id,
    code: Annotated[int | None, typer.Option(help="Close with this code.")] = None,
    reason: Annotated[str | None, typer.Option(help="The reason that goes with the code.")] = None,
    error: Annotated[str | None, typer.Option(help="End with this error of the service.")] = None,
) -> None:
    """End an open session: as usual, with a close code, or with an error."""
    asked = {"code": code, "reason": reason, "error": error}
    given = {name: value for name, value in asked.items() if value is not None}
    server.show(server.call("POST", f"/sessions/{session}/end", given or None), _facts)


@command(app)
@filtered
def wait(
    server: Remote,
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    timeout: Annotated[float, typer.Option(min=0, help="How many seconds.")] = 5,
    **filters: Any,
) -> None:
    """Wait until there are so many sessions; exit with 1 if not."""
    query = {"count": count, "key": server.key, **filters}
    reply = waited(server.mock.connection, "/sessions/wait", query, timeout)
    lines = [str(read(Session, view)) for view in reply.content["sessions"]]
    server.conclude(reply, "\n".join(lines), str(timed_out(reply, lines)))


def _list(view: dict[str, Any]) -> None:
    rows = [
        (each["id"], each["state"], time_of(each["began"]), each["audio"]["ms"] / 1000, each["sent"]["messages"],
         _close(each), each["fixture"], each["project"], each["path"])
        for each in view["sessions"]
    ]  # fmt: skip
    show_table(("id", "state", "began", "audio", "sent", "close", "fixture", "key", "path"), rows, "no sessions")


def _close(session: dict[str, Any]) -> str:
    close = session["close"]
    return f"{close['code']} by {close['by']}" if close else ""


def _tell(session: dict[str, Any]) -> None:
    _facts(session)
    rows = [
        (time_of(each["at"])[11:], "->" if each["direction"] == "in" else "<-", each["kind"], each["audio_ms"],
         each["text"] if "text" in each else f"{each['audio']['frames']} frames, {each['audio']['bytes']} bytes")
        for each in session["messages"]
    ]  # fmt: skip
    if rows:
        show_table(("at", "", "kind", "audio ms", "what"), rows, "")


def _facts(session: dict[str, Any]) -> None:
    shown = ("id", "state", "path", "query", "project", "began", "ended", "fixture", "fault", "hint")
    facts = {name: session[name] for name in shown if session.get(name)}
    facts["audio"] = f"{session['audio']['ms'] / 1000:g} s"
    if session["close"]:
        facts["close"] = f"{_close(session)} {session['close']['reason']}"
    if session["violations"]:
        facts["violations"] = "; ".join(session["violations"])
    show_facts(facts)
