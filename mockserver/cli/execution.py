"""``mockserver exec -- CMD``: run a program with a server of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mockserver.cli.remote import NOT_SO, WRONG_USAGE, fail, pairs

if TYPE_CHECKING:
    from mockserver.embed import MockServer

app = typer.Typer(add_completion=False)
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)


@app.command(context_settings={"allow_interspersed_args": False})
def run(
    program: Annotated[list[str], typer.Argument(metavar="-- CMD...", help="The program with its arguments.")],
    api_key: Annotated[
        str | None, typer.Option("--key", help="The API key for the program; default: test-key.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of the server.")
    ] = None,
) -> None:
    """Start a server on a free port, run a program whose environment leads the official SDKs to it, stop the server.

    The exit code is the program's; 127 if there is no such program, 128 and the signal's number if one ended it.
    """
    with _serving(pairs(settings, "--set")) as server:
        mock = server if api_key is None else server.with_key(api_key)
        code = _finished(program, mock.env)
    raise typer.Exit(code)


@contextlib.contextmanager
def _serving(settings: Mapping[str, Any]) -> Iterator[MockServer]:
    from mockserver.embed import MockServer
    from mockserver.engine.store import StoreError
    from mockserver.settings import SettingsError

    try:
        server = MockServer(**settings)
        server.start()
    except SettingsError as error:
        fail(f"wrong settings:\n{error}", WRONG_USAGE)
    except (StoreError, RuntimeError) as error:
        fail(str(error), NOT_SO)
    try:
        yield server
    finally:
        server.stop()


def _finished(program: list[str], env: Mapping[str, str]) -> int:
    try:
        started = subprocess.Popen(program, env=os.environ | env)  # noqa: S603
    except FileNotFoundError:
        fail(f"there is no program {program[0]}", _NOT_FOUND)
    except OSError as error:
        fail(f"{program[0]} cannot be run: {error}", _NOT_EXECUTABLE)
    with _signals_passed_on(started):
        code = started.wait()
    return code if code >= 0 else 128 - code


@contextlib.contextmanager
def _signals_passed_on(program: subprocess.Popen[bytes]) -> Iterator[None]:
    def pass_on(number: int, _: object) -> None:
        # A terminal sends these to the program itself, too: it must not get them twice.
        if number not in _FROM_TERMINAL or not _in_foreground():
            program.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Say whether we belong to the group of processes that a terminal's keys speak to."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
