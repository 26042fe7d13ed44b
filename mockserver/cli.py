"""The command line."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

import mockserver
from mockserver.settings import Settings, SettingsError

app = typer.Typer(add_completion=True, no_args_is_help=True, help="A server that stands in for speech-to-text APIs.")
fixtures = typer.Typer(no_args_is_help=True, help="Fixture files.")
app.add_typer(fixtures, name="fixtures")


def main() -> None:
    """Run the command line."""
    app()


def _fail(message: str, code: int = 2) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(code)


def serve(**flags: Any) -> None:
    """Serve until stopped. Flags win over MOCKSERVER_* variables, these over the TOML file."""
    from mockserver import server
    from mockserver.engine.store import StoreError

    try:
        server.serve(
            Settings.load(
                **{name: value or None if isinstance(value, list) else value for name, value in flags.items()}
            )
        )
    except SettingsError as error:
        raise _fail(f"wrong settings:\n{error}") from None
    except StoreError as error:
        raise _fail(str(error), 1) from None


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


_SINGULAR = {"keys": "key", "file_folders": "file-folder"}


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


@app.command()
def ready(
    url: Annotated[str | None, typer.Option(help="The server's address.", show_default="from the settings")] = None,
) -> None:
    """Exit with 0 if the server answers, with 1 if it does not."""
    import http.client
    import urllib.request

    base = url or _own_address()
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{base}/_mock/health", timeout=5) as reply:
            healthy = reply.status == 200
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _fail(f"{base} does not answer: {error}", 1) from None
    if not healthy:
        raise typer.Exit(1)


def _settings() -> Settings:
    try:
        return Settings.load()
    except SettingsError as error:
        raise _fail(f"wrong settings:\n{error}") from None


def _own_address() -> str:
    settings = _settings()
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{host}:{settings.port}"


@fixtures.command("check")
def check(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders to check; default: those of the settings.")
    ] = None,
) -> None:
    """Check fixture files; every mistake is shown with file, line and reason."""
    from mockserver.engine import fixture_folders
    from mockserver.engine.fixtures import Fixtures

    loaded = Fixtures(folders or fixture_folders(_settings()))
    for problem in loaded.problems:
        typer.echo(_relative(str(problem)))
    if loaded.problems:
        raise typer.Exit(1)
    typer.echo(f"{len(loaded)} fixtures, no problems")


def _relative(line: str) -> str:
    return line.removeprefix(f"{Path.cwd()}{os.sep}")


@app.command()
def version() -> None:
    """Show the version."""
    typer.echo(f"mockserver {mockserver.__version__}, Python {sys.version.split()[0]}")
