"""The commands; the module of each is imported when it is called, so that every one starts fast."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

MODULES = {
    "serve": "serve",
    "ready": "ready",
    "exec": "execution",
    "reset": "reset",
    "jobs": "jobs",
    "journal": "journal",
    "sessions": "sessions",
    "clock": "clock",
    "webhooks": "webhooks",
    "sinks": "sinks",
    "faults": "faults",
    "fixtures": "fixtures",
    "keys": "keys",
    "terms": "terms",
    "snapshots": "snapshots",
    "metrics": "metrics",
    "ca": "authority",
    "health": "condition",
    "version": "version",
}
"""The module of each command, in the order of the help."""


class _Commands(MutableMapping[str, Any]):
    """The commands by name, each imported when it is looked up."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            module = import_module(f"mockserver.cli.{MODULES[name]}")
            self._made[name] = typer.main.get_command(module.app)
            self._made[name].name = name
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**MODULES, **self._made})

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]


class _Group(TyperGroup):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands()

    def list_commands(self, ctx: Any) -> list[str]:
        return list(MODULES)


app = typer.Typer(cls=_Group, add_completion=True, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def _root() -> None:
    """A server that stands in for speech-to-text APIs."""
