"""Commands that speak to a running server: the options that all of them have, and how they end.

Exit codes: 0 as asked, 1 what was asked about is not so, 2 wrong usage, 3 the server cannot be reached.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn, TypeVar, get_type_hints

import typer

from mockserver.cli import address, output
from mockserver.client.connection import MockServerError, Reply, UnreachableError, content_of
from mockserver.client.mock import Mock

NOT_SO, WRONG_USAGE, UNREACHABLE = 1, 2, 3
_WRONG = (400, 401, 403, 422)
F = TypeVar("F", bound=Callable[..., None])

Key = Annotated[str | None, typer.Option("--key", help="An API key: only its world; default: the whole server.")]
Url = Annotated[
    str | None,
    typer.Option("--url", help="The server's address; default: $MOCKSERVER_URL, or what the settings say."),
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="MOCKSERVER_CONTROL_TOKEN", help="The server's control token.", show_envvar=True),
]
Json = Annotated[bool, typer.Option("--json", help="Print the API's JSON.")]


class Remote:
    """The server that a command speaks to, and how the command prints."""

    def __init__(self, url: str | None, key: str | None, token: str | None, as_json: bool) -> None:
        self.mock = Mock(url or address.own_url(), key, token=token)
        self.key = key
        self.as_json = as_json

    def call(self, method: str, path: str, body: object = None, /, *, patience: float = 0, **query: Any) -> Any:
        """Call the control API about the key's world, or the whole server."""
        return self.mock.call(method, path, body, patience=patience, key=self.key, **query)

    def show(self, view: Any, tell: Callable[[Any], None]) -> None:
        """Print what the API says as JSON, or let ``tell`` print it for people."""
        if self.as_json:
            output.show_json(view)
        else:
            tell(view)

    def say(self, view: Any, text: str) -> None:
        """Print what the API says as JSON, or a text for people."""
        self.show(view, lambda _: typer.echo(text))

    def conclude(self, reply: Reply, so: str, not_so: str) -> None:
        """Print what the API says, or a text for people; end with 1 if it is not so (408, 409)."""
        is_so = reply.status not in (408, 409)
        if is_so:
            content_of(reply)
        if self.as_json:
            output.show_json(reply.content)
        else:
            typer.echo(so if is_so else not_so, err=not is_so)
        if not is_so:
            raise typer.Exit(NOT_SO)


_COMMON = {"url": Url, "token": Token, "as_json": Json}


def command(
    app: typer.Typer, name: str | None = None, *, keyed: bool = True, default: bool = False
) -> Callable[[F], F]:
    """Make a command of a function whose first parameter is the server; a ``default`` is what its group does, too."""

    def add(function: F) -> F:
        run = _with_common_options(function, keyed)
        app.command(name or function.__name__.replace("_", "-"))(run)
        if default:
            app.callback(invoke_without_command=True)(_unless_named(run))
        return function

    return add


def fail(message: str, code: int) -> NoReturn:
    """End the command with a message."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


@contextmanager
def failures_told() -> Iterator[None]:
    """End the command with the exit code of what went wrong."""
    try:
        yield
    except UnreachableError as error:
        fail(str(error), UNREACHABLE)
    except MockServerError as error:
        fail(str(error), WRONG_USAGE if error.status in _WRONG else NOT_SO)
    except ValueError as error:  # an address that is none, settings that are wrong
        fail(str(error), WRONG_USAGE)


def value_of(text: str) -> Any:
    """Return what a text says as JSON, or else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def pairs(texts: list[str] | None, option: str) -> dict[str, str]:
    """Return what was given as name=value."""
    split = [text.partition("=") for text in texts or ()]
    for name, equals, _ in split:
        if not equals or not name:
            fail(f"{option}: {name!r} is not name=value", WRONG_USAGE)
    return {name: value for name, _, value in split}


def _with_common_options(function: Callable[..., None], keyed: bool) -> Callable[..., None]:
    hints = get_type_hints(function, include_extras=True)
    _, *own = inspect.signature(function).parameters.values()
    common = ({"key": Key} if keyed else {}) | _COMMON
    parameters = [
        *(parameter.replace(annotation=hints[parameter.name]) for parameter in own),
        *_options(common),
    ]

    def run(**values: Any) -> None:
        given = {name: values.pop(name, None) for name in ("url", "key", "token", "as_json")}
        with failures_told():
            function(Remote(**given), **values)

    run.__doc__ = function.__doc__
    return _signed(run, parameters)


def _options(common: Mapping[str, Any]) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if name == "as_json" else None,
            annotation=annotation,
        )
        for name, annotation in common.items()
    ]


def _unless_named(run: Callable[..., None]) -> Callable[..., None]:
    """Return what a group does: the same, unless a command is named."""

    def callback(ctx: typer.Context, **values: Any) -> None:
        if ctx.invoked_subcommand is None:
            run(**values)
            return
        for name in values:
            source = ctx.get_parameter_source(name)
            if source is not None and source.name == "COMMANDLINE":
                fail(f"options come after {ctx.invoked_subcommand!r}", WRONG_USAGE)

    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    return _signed(callback, [context, *inspect.signature(run).parameters.values()])


def _signed(function: Callable[..., None], parameters: list[inspect.Parameter]) -> Callable[..., None]:
    keywords = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) if p.name != "ctx" else p for p in parameters]
    function.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in keywords}
    return function
