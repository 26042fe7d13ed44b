"""``mockserver fixtures``: check and write fixture files; add fixtures to a running server."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from mockserver.cli import output
from mockserver.cli.flags import with_flags
from mockserver.cli.remote import NOT_SO, WRONG_USAGE, Json, Remote, command, fail
from mockserver.client.connection import MockServerError
from mockserver.client.shapes import Asked

app = typer.Typer(add_completion=False, help="Check and write fixture files; add fixtures to a running server.")
_SKELETON = """\
# What is heard in {what}. All fields: fixtures/README.md; `mockserver fixtures check` finds mistakes.
name: {name}
match:
  {match}
  # language: en            # only if the request asks for this language
  # params: {{speaker_labels: true}}
turns:
  - speaker: A
    text: Write here what is said.
  - speaker: B
    text: And what is answered.
# language: en              # what is spoken
# duration: 12.5            # seconds, where there is no audio to measure
# outcome:
#   error: the job fails with this text
#   queue_seconds: 2        # how long it takes, on the clock
#   processing_seconds: 5
# results:
#   summary: What a summary says, instead of one that is derived from the text.
"""


@command(app, "list", default=True)
def show_all(server: Remote) -> None:
    """List the fixtures that were added to a running server, for a key or for all."""
    server.show(server.call("GET", "/fixtures"), _list)


@app.command("check")
def check(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders to check; default: those of the settings.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check fixture files; the first mistake of each document is shown with file, line and reason."""
    from mockserver.engine import fixture_folders
    from mockserver.engine.fixtures import Fixtures
    from mockserver.settings import Settings, SettingsError

    try:
        looked = folders or fixture_folders(Settings.load())
    except SettingsError as error:
        fail(f"wrong settings:\n{error}", WRONG_USAGE)
    with output.working("Checking fixtures ..."):
        loaded = Fixtures(looked)
    problems = loaded.problems
    if as_json:
        told = [{"file": str(each.file), "line": each.line, "reason": each.reason} for each in problems]
        output.show_json({"fixtures": len(loaded), "problems": told})
    for problem in () if as_json else problems:
        typer.echo(_relative(str(problem)))
    if not as_json:
        found = f"{_number(len(problems), 'problem')}" if problems else "no problems"
        typer.echo(f"{_number(len(loaded), 'fixture')}, {found}")
    if problems:
        raise typer.Exit(NOT_SO)


@app.command("new")
def new(
    audio_or_name: Annotated[str, typer.Argument(help="An audio file, or a name for a fixture of some URL.")],
    folder: Annotated[Path | None, typer.Option(help="Where to write it; default: beside the audio, or here.")] = None,
    as_json: Json = False,
) -> None:
    """Write a fixture file to fill in."""
    given = Path(audio_or_name)
    is_audio = given.is_file()
    name = given.stem if is_audio else given.name
    target = (folder or given.parent) / f"{name}.yaml"
    if target.exists():
        fail(f"{target} is there already", NOT_SO)
    audio = _quoted(os.path.relpath(given, target.parent))
    match = f"audio: {audio}" if is_audio else f"audio_url: {_quoted(f'*/{name}.*')}"
    try:
        target.write_text(_SKELETON.format(what=given.name, name=_quoted(name), match=match))
    except OSError as error:
        fail(f"{target} cannot be written: {error.strerror}", NOT_SO)
    if as_json:
        output.show_json({"file": str(target)})
    else:
        typer.echo(f"{target} is for you to fill in")


@command(app)
def add(
    server: Remote,
    files: Annotated[list[str], typer.Argument(help="Fixture files; - is standard input.")],
    uses: Annotated[int | None, typer.Option(min=1, help="Only for so many requests.")] = None,
) -> None:
    """Add the fixtures of files to a running server, for a key or for all."""
    names: list[str] = []
    for file in files:
        try:
            text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            fail(f"{file}: {error.strerror}", WRONG_USAGE)
        try:
            names += server.call("POST", "/fixtures", text, uses=uses)["fixtures"]
        except MockServerError as error:
            raise type(error)(f"{file}: {str(error).removeprefix('body: ')}", error.status) from None
    server.say({"fixtures": names}, f"added: {', '.join(names)}")


@command(app)
@with_flags(
    Asked,
    {
        "params": "Members of the request's body (JSON).",
        "language": "The language that is asked for.",
        "file_name": "The audio's name.",
        "audio_sha256": "The SHA-256 of the audio.",
    },
)
def explain(
    server: Remote, audio_url: Annotated[str, typer.Argument(help="The URL of the audio.")], **asked: Any
) -> None:
    """Say which fixture would answer a request for a transcript, and what the nearest others miss."""
    server.show(server.call("POST", "/fixtures/explain", {"audio_url": audio_url, **asked}), _explain)


@command(app)
def remove(server: Remote, name: Annotated[str, typer.Argument(help="The fixture's name.")]) -> None:
    """Remove a fixture that was added to a running server."""
    server.say(server.call("DELETE", f"/fixtures/{quote(name, safe='')}"), f"removed: {name}")


@command(app)
def clear(server: Remote) -> None:
    """Remove every fixture that was added to a running server."""
    server.say(server.call("DELETE", "/fixtures"), "no added fixtures any more")


def _list(view: dict[str, Any]) -> None:
    rows = [(each["name"], each["for"], each["uses_left"]) for each in view["fixtures"]]
    output.show_table(("name", "for", "uses left"), rows, "no fixtures were added")


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _explain(view: dict[str, Any]) -> None:
    typer.echo(f"{view['fixture']} ({view['where']}) would answer" if view["fixture"] else "no fixture would answer")
    for near in view["nearest"]:
        typer.echo(f"not {near['name']} ({near['where']}): {'; '.join(near['misses'])}")


def _quoted(text: str) -> str:
    """Return a text as YAML writes it."""
    return text if re.fullmatch(r"[a-z][\w./-]*", text) else json.dumps(text, ensure_ascii=False)


def _relative(line: str) -> str:
    return line.removeprefix(f"{Path.cwd()}{os.sep}")
