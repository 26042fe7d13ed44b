"""The parts of the documentation that are written from the code."""

from __future__ import annotations

import re
from pathlib import Path

from mockserver.apis.assemblyai.quirks import QUIRKS
from mockserver.apis.assemblyai.rules import RULES
from mockserver.app import FAMILIES
from mockserver.cli.serve import flag_name
from mockserver.settings import Settings

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SETTINGS = ROOT / "docs" / "settings.md"
ASSEMBLYAI = ROOT / "docs" / "assemblyai.md"


def coverage() -> str:
    """Return the table of every operation."""
    lines = ["| API | method | path | what it does |", "|---|---|---|---|"]
    lines += [
        f"| {service.title} | {operation.method} | `{operation.path}` | {operation.summary} |"
        for family in FAMILIES
        for service, operation in family.operations
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
    """Return the page about AssemblyAI with fresh tables of quirks and refusals."""
    quirks = ["| quirk | today, and by default | with the quirk |", "|---|---|---|"]
    quirks += [f"| `{name}` | {quirk.today} | {quirk.instead} |" for name, quirk in QUIRKS.items()]
    rules = ["| field | text of the 400 | known |", "|---|---|---|"]
    rules += [
        f"| `{rule.field}` | {rule.text.replace('{}', '…').replace('|', chr(92) + '|')} | {'yes' if rule.known else ''} |"
        for rule in RULES
    ]
    page = _between("quirks", "\n".join(quirks) + "\n", ASSEMBLYAI.read_text())
    return _between("rules", "\n".join(rules) + "\n", page)


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


if __name__ == "__main__":
    README.write_text(readme())
    SETTINGS.write_text(settings())
    ASSEMBLYAI.write_text(assemblyai())
