"""What commands print: tables for people, the API's JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

Cell = object
_WHOLE = ("id", "job", "status", "number")
"""The columns that are not broken into lines, so that they can be copied."""


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=_is_limited()))


def show_line(value: Any) -> None:
    """Print a value as JSON in one line."""
    typer.echo(json.dumps(value, ensure_ascii=_is_limited()))


def show_table(names: Sequence[str], rows: Sequence[Sequence[Cell]], nothing: str) -> None:
    """Print a table: coloured on a terminal, else in plain columns."""
    if not rows:
        typer.echo(nothing)
    elif _is_plain():
        _plain([names, *([_text(cell) for cell in row] for row in rows)])
    else:
        _rich(names, rows)


def show_facts(facts: dict[str, Cell]) -> None:
    """Print names with what they are."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        typer.echo(f"{name.ljust(width)}  {_text(value)}")


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something takes its time."""
    if _is_plain() or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def time_of(moment: object) -> str:
    """Return a moment of the API without the date's separator and what is below milliseconds."""
    return str(moment or "")[:23].replace("T", " ")


def _is_limited() -> bool:
    """Say whether there are characters that cannot be printed."""
    return not (sys.stdout.encoding or "").lower().startswith("utf")


def _is_plain() -> bool:
    return not sys.stdout.isatty() or bool(os.environ.get("NO_COLOR"))


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell) if not isinstance(cell, (dict, list)) else json.dumps(cell, ensure_ascii=False)


def _plain(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _rich(names: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold", no_wrap=name in _WHOLE)
    for row in rows:
        table.add_row(*(Text(_text(cell), style=_style(cell)) for cell in row))
    Console().print(table)


def _style(cell: Cell) -> str:
    if cell in ("completed", "delivered") or (isinstance(cell, int) and 200 <= cell < 300 and cell is not True):
        return "green"
    if cell == "error" or (isinstance(cell, int) and 400 <= cell < 600):
        return "red"
    return ""
