"""Flags that are made from the client's dictionaries, so that commands and Python know the same names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from mockserver.cli.remote import WRONG_USAGE, fail, value_of

Command = Callable[..., None]
_SIMPLE = (int, float, bool, str)


def with_flags(shape: type, about: Mapping[str, str]) -> Callable[[Command], Command]:
    """Give a command a flag for each field that is told ``about``, in place of its ``**``.

    Only what was given reaches the command: as JSON where the field is more than a number, a text or a choice.
    """
    hints = {name: get_type_hints(shape)[name] for name in about}

    def add(function: Command) -> Command:
        named = get_type_hints(function, include_extras=True)
        own = [
            each.replace(annotation=named[each.name])
            for each in inspect.signature(function).parameters.values()
            if each.kind is not each.VAR_KEYWORD
        ]

        @wraps(function)
        def run(server: Any, **values: Any) -> None:
            flags = {name: _read(name, hints[name], values.pop(name)) for name in about}
            given = {name: value for name, value in flags.items() if value is not None and value is not False}
            function(server, **values, **given)

        parameters = [*own, *(_flag(name, hints[name], text) for name, text in about.items())]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return add


def _flag(name: str, hint: Any, about: str) -> inspect.Parameter:
    kind = hint if hint in _SIMPLE or _is_choice(hint) else str
    option = typer.Option(f"--{name.replace('_', '-')}", help=about)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=False if kind is bool else None,
        annotation=Annotated[kind if kind is bool else kind | None, option],
    )


def _is_choice(hint: Any) -> bool:
    return str(hint).startswith("typing.Literal")


def _read(name: str, hint: Any, value: Any) -> Any:
    if not isinstance(value, str) or hint is str or _is_choice(hint):
        return value
    read = value_of(value)
    if read is value and hint is not Any and value.lstrip().startswith(("{", "[")):
        fail(f"--{name.replace('_', '-')}: this is not JSON: {value}", WRONG_USAGE)
    return read
