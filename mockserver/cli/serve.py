"""``mockserver serve``: a flag for every setting."""

from __future__ import annotations

import inspect
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from mockserver.cli.remote import NOT_SO, WRONG_USAGE, fail
from mockserver.settings import Settings, SettingsError

app = typer.Typer(add_completion=False)
_SINGULAR = {"keys": "key", "file_folders": "file-folder", "tls_hosts": "tls-host"}


def serve(**flags: Any) -> None:
    """Serve until stopped. Flags win over MOCKSERVER_* variables, these over the TOML file."""
    from mockserver import server
    from mockserver.engine.store import StoreError

    given = {name: value or None if isinstance(value, list) else value for name, value in flags.items()}
    try:
        server.serve(Settings.load(**given))
    except SettingsError as error:
        fail(f"wrong settings:\n{error}", WRONG_USAGE)
    except StoreError as error:
        fail(str(error), NOT_SO)


def _parameters() -> list[inspect.Parameter]:
    """Return a flag for every setting, so that each is described in one place."""
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                _flag_type(field.annotation),
                typer.Option(
                    *_flag_names(name, field.annotation), help=field.description, show_default=_shown(field.default)
                ),
            ],
        )
        for name, field in Settings.model_fields.items()
    ]


def flag_name(setting: str) -> str:
    """Return the flag of a setting."""
    return "--" + _SINGULAR.get(setting, setting).replace("_", "-")


def _flag_names(setting: str, annotation: Any) -> tuple[str, ...]:
    flag = flag_name(setting)
    return (f"{flag}/--no-{flag[2:]}",) if annotation is bool else (flag,)


def _flag_type(annotation: Any) -> Any:
    if get_origin(annotation) is tuple:
        return list[get_args(annotation)[0]] | None  # type: ignore[misc]
    if isinstance(annotation, UnionType) or get_origin(annotation) is Literal:
        return annotation if type(None) in get_args(annotation) else annotation | None
    return annotation | None


def _shown(default: Any) -> str | bool:
    if default is None or default == ():
        return False
    if isinstance(default, bool):
        return "yes" if default else "no"
    return str(default)


serve.__signature__ = inspect.Signature(_parameters())  # type: ignore[attr-defined]
serve.__annotations__ = {parameter.name: parameter.annotation for parameter in _parameters()}
app.command()(serve)
