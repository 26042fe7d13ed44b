"""The parts of the documentation that are written from the code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from mockserver.apis.assemblyai import FAMILY as ASSEMBLYAI_FAMILY
from mockserver.apis.assemblyai.quirks import QUIRKS
from mockserver.apis.assemblyai.rules import RULES
from mockserver.apis.assemblyai.streaming.errors import PROBLEMS
from mockserver.apis.jobs import FAMILY as JOBS_FAMILY
from mockserver.app import FAMILIES
from mockserver.cli import app as cli_app
from mockserver.cli.serve import flag_name
from mockserver.settings import Settings
from mockserver.web.family import Quirk

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SETTINGS = ROOT / "docs" / "settings.md"
ASSEMBLYAI = ROOT / "docs" / "assemblyai.md"
JOBS = ROOT / "docs" / "jobs.md"
STREAMING = ROOT / "docs" / "streaming.md"
CLI = ROOT / "docs" / "cli.md"
_COMMON = {"key", "url", "token", "as_json", "help"}


def coverage() -> str:
    """Return the table of every operation."""
    lines = ["| API | method | path | what it does |", "|---|---|---|---|"]
    lines += [
        f"| {service.title} | {operation.method} | `{operation.path}` | {operation.summary} |"
        for family in FAMILIES
        for service, operation in family.operations
    ]
    lines += [
        f"| {service.title} | WS | `{operation.path}` | {operation.summary} |"
        for family in FAMILIES
        for service in family.services
        for page in service.pages
        for operation in page.sockets
    ]
    return "\n".join(lines) + "\n"


def readme() -> str:
    """Return the README with a fresh table."""
    return _between("coverage", coverage(), README.read_text())


def _between(mark: str, table: str, page: str) -> str:
    pattern = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    assert pattern.search(page), mark
    return pattern.sub(lambda found: found[1] + table + found[2], page)


def assemblyai() -> str:
    """Return the page about AssemblyAI with fresh tables of hosts, quirks and refusals."""
    regions = {host: region for service in ASSEMBLYAI_FAMILY.services for host, region in service.hosts.items()}
    hosts = ["| host | what is there | region |", "|---|---|---|"]
    hosts += [
        f"| `{host}` | {product} | {regions.get(host, 'not served')} |"
        for host, product in ASSEMBLYAI_FAMILY.hosts.items()
    ]
    rules = ["| field | text of the 400 | known |", "|---|---|---|"]
    rules += [
        f"| `{rule.field}` | {rule.text.replace('{}', '…').replace('|', chr(92) + '|')} | {'yes' if rule.known else ''} |"
        for rule in RULES
    ]
    page = _between("hosts", "\n".join(hosts) + "\n", ASSEMBLYAI.read_text())
    page = _between("quirks", _quirks("today, and by default", QUIRKS), page)
    return _between("rules", "\n".join(rules) + "\n", page)


def streaming() -> str:
    """Return the page about streaming with a fresh table of errors."""
    lines = ["| name | code | text |", "|---|---|---|"]
    lines += [f"| `{name}` | {problem.code} | `{problem.text}` |" for name, problem in PROBLEMS.items()]
    return _between("errors", "\n".join(lines) + "\n", STREAMING.read_text())


def jobs() -> str:
    """Return the page about the jobs API with fresh tables of operations and quirks."""
    lines = ["| method | path | what it does |", "|---|---|---|"]
    lines += [f"| {each.method} | `{each.path}` | {each.summary} |" for _, each in JOBS_FAMILY.operations]
    page = _between("coverage", "\n".join(lines) + "\n", JOBS.read_text())
    return _between("quirks", _quirks("by default", JOBS_FAMILY.quirks), page)


def _quirks(usual: str, quirks: Mapping[str, Quirk]) -> str:
    lines = [f"| quirk | {usual} | with the quirk |", "|---|---|---|"]
    lines += [f"| `{name}` | {quirk.today} | {quirk.instead} |" for name, quirk in quirks.items()]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Return the page of settings."""
    lines = [
        "# Settings",
        "",
        "Flags of `mockserver serve` win over environment variables, these over the TOML file that `--config` or `MOCKSERVER_CONFIG` names;",
        "its keys are the names below. Lists: repeat the flag; in the environment, API keys are separated by spaces, folders and files by `:`.",
        "A flag that is `true` by default is switched off by `--no-` before its name.",
        "",
        "| name | flag | environment | default | what it is |",
        "|---|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, ()) else f"`{str(field.default).lower()}`"
        lines.append(
            f"| `{name}` | `{flag_name(name)}` | `MOCKSERVER_{name.upper()}` | {default} | {field.description} |"
        )
    return "\n".join(lines) + "\n"


def cli() -> str:
    """Return the page of the command line with fresh commands."""
    root = typer.main.get_command(cli_app.app)
    lines = [line for name in cli_app.MODULES for line in _command(f"mockserver {name}", root.commands[name])]  # type: ignore[attr-defined]
    return _between("commands", "\n".join(lines) + "\n", CLI.read_text())


def _command(name: str, command: Any) -> Iterator[str]:
    """Yield the lines of a command, or of each command of a group."""
    if hasattr(command, "commands"):
        yield from (f"### {name}", "", command.help, "")
        for each in command.commands.values():
            yield from _command(f"{name} {each.name}", each)
        return
    usage = "".join(f" {_argument(each)}" for each in command.params if each.param_type_name == "argument")
    yield from (f"#### `{name}{usage}`", "", " ".join(command.help.split()), "")
    if name == "mockserver serve":
        yield from ("Its flags are [the settings](settings.md).", "")
        return
    rows = [_row(each) for each in command.params if each.name not in _COMMON or each.param_type_name == "argument"]
    if rows:
        yield from ("| option | what it is |", "|---|---|", *rows, "")


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper().replace("_", "-")
    return str(name if parameter.required else f"[{name}]")


def _row(parameter: Any) -> str:
    value = f" {parameter.metavar}" if parameter.metavar else ""
    shown = _argument(parameter) if parameter.param_type_name == "argument" else ", ".join(parameter.opts) + value
    default = parameter.default
    known = "" if default in (None, False, (), "") else f" Default: {default}."
    return f"| `{shown}` | {parameter.help}{known} |"


if __name__ == "__main__":
    README.write_text(readme())
    SETTINGS.write_text(settings())
    ASSEMBLYAI.write_text(assemblyai())
    JOBS.write_text(jobs())
    STREAMING.write_text(streaming())
    CLI.write_text(cli())
