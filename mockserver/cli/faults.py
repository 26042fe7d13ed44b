"""``mockserver faults``: what goes wrong, and for which requests."""

from __future__ import annotations

from typing import Annotated, Any, get_type_hints

import typer

from mockserver.cli.flags import with_flags
from mockserver.cli.output import show_table
from mockserver.cli.remote import WRONG_USAGE, Remote, command, fail
from mockserver.client.shapes import Match, Rule

app = typer.Typer(add_completion=False, help="List, add and remove fault rules; choose a profile.")
_HELP = {
    "name": "What the journal calls it.",
    "family": "Only requests to this family of APIs.",
    "service": "Only requests to this service.",
    "method": "Only requests with this method.",
    "path": "Only requests whose path fits this pattern.",
    "api_key": "Only requests whose API key fits this pattern.",
    "params": "Only requests whose JSON body has these members (JSON).",
    "probability": "How probable it is, from 0 to 1.",
    "after": "So many requests are let through before.",
    "since": "Only from this moment of the clock on, or so many seconds from now.",
    "until": "Only before this moment of the clock, or so many seconds from now.",
    "times": "How often it happens at most.",
    "error": "A documented error by its name; see `faults names`.",
    "status": "Answer with this status.",
    "body": "With this body (JSON, or a text).",
    "headers": "With these headers (JSON).",
    "executes": "What is asked for is done all the same; only the reply is replaced.",
    "connection": "What becomes of the connection.",
    "delay": "Seconds until the reply, or a distribution (JSON).",
    "truncate": "Break the body off after so many bytes.",
    "dribble": "Send the body slowly: chunks and seconds (JSON).",
    "malformed_json": "Make the body something that is no JSON.",
    "content_length": "Tell a length that differs by so many bytes.",
    "cut_after": "Break a stream off after so many tokens.",
    "fail_job": "Let the job fail with this text.",
    "hold_job": "Let the job stay in this status.",
    "fallback_job": "Let the first engine fail, and the job go on with another, where the API has one.",
    "webhook": "What becomes of the job's webhook.",
    "session": "How a session ends, and when (JSON).",
    "messages": "What becomes of a session's messages (JSON).",
}


@command(app, "list", default=True)
def show_all(server: Remote) -> None:
    """List the rules, with how often each has fired."""
    server.show(server.call("GET", "/faults"), _list)


@command(app)
@with_flags(Rule, _HELP)
def add(server: Remote, **rule: Any) -> None:
    """Add a rule: which requests, and what happens to them."""
    if not rule:
        fail("a rule says what is to happen: --error, --status, --delay ...", WRONG_USAGE)
    view = server.call("POST", "/faults", rule)
    server.say(view, f"fault {view['id']}")


@command(app)
@with_flags(Match, {name: _HELP[name] for name in get_type_hints(Match)})
def fail_next(
    server: Remote,
    error: Annotated[str, typer.Argument(help="The error's name; see `faults names`.")] = "server_error",
    times: Annotated[int, typer.Option(min=1, help="How many requests.")] = 1,
    **match: Any,
) -> None:
    """Answer the next requests with an error."""
    view = server.call("POST", "/faults", {"error": error, "times": times, **match})
    server.say(view, f"fault {view['id']}")


@command(app)
def remove(server: Remote, number: Annotated[int, typer.Argument(help="The rule's id.")]) -> None:
    """Remove a rule."""
    server.say(server.call("DELETE", f"/faults/{number}"), f"removed: {number}")


@command(app)
def clear(server: Remote) -> None:
    """Remove every rule, and the profile."""
    server.say(server.call("DELETE", "/faults"), "no faults any more")


@command(app)
def profile(server: Remote, name: Annotated[str, typer.Argument(help="The profile's name, or none.")]) -> None:
    """Behave as a profile says."""
    view = server.call("PUT", "/faults/profile", {"profile": None if name == "none" else name})
    server.say(view, f"profile: {name}")


@command(app, keyed=False)
def names(server: Remote) -> None:
    """List the errors, connections and profiles that can be named."""
    server.show(server.call("GET", "/faults/names"), _names)


def _list(view: dict[str, Any]) -> None:
    rows = [(rule["id"], rule["fired"], rule.get("key"), _said(rule)) for rule in view["faults"]]
    show_table(("id", "fired", "key", "rule"), rows, "no faults")
    if view.get("profile"):
        typer.echo(f"profile: {view['profile']}")


def _said(rule: dict[str, Any]) -> str:
    """Return what a rule says, besides what has a column of its own."""
    apart = ("id", "fired", "key", "label")
    said = {name: value for name, value in rule.items() if name not in apart and value not in (None, {}, [])}
    return ", ".join(f"{name}={value}" for name, value in said.items())


def _names(view: dict[str, Any]) -> None:
    for kind, known in view.items():
        of_services = isinstance(known, dict) and all(isinstance(names, list) for names in known.values())
        for service, names in known.items() if of_services else [("", known)]:
            typer.echo(f"{' of '.join(filter(None, (kind, service)))}: {', '.join(names)}")
