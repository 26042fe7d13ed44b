"""``mockserver exec -- CMD``: run a program with a server of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mockserver.cli.remote import NOT_SO, WRONG_USAGE, fail, pairs

if TYPE_CHECKING:
    from mockserver.embed import MockServer

app = typer.Typer(add_completion=False)
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "WSS_PROXY", "wss_proxy", "WS_PROXY", "ws_proxy")
Others = Literal["pass", "refuse"]
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
    others: Annotated[
        Others, typer.Option(help="What the proxy does with hosts that are none of the vendors': pass or refuse.")
    ] = "pass",
    no_proxy: Annotated[
        bool, typer.Option("--no-proxy", help="No HTTPS and no proxy: the SDKs' variables only.")
    ] = False,
) -> None:
    """Start a server on a free port, run a program whose environment leads the official SDKs to it, stop the server.

    A proxy leads programs with the vendors' hosts built in to the server as well.

    The exit code is the program's; 127 if there is no such program, 128 and the signal's number if one ended it.
    """
    unchanged = {} if no_proxy else _for_unchanged_clients(others)
    with _serving(unchanged | pairs(settings, "--set")) as server:
        mock = server if api_key is None else server.with_key(api_key)
        code = _finished(program, mock.env | _proxy_variables(server))
    raise typer.Exit(code)


def _for_unchanged_clients(others: str) -> dict[str, Any]:
    """Return the settings of a server that is also reached by the vendors' own names."""
    known = next(filter(None, map(os.environ.get, _PROXIES)), "")
    beyond = known if known.startswith("http://") else None
    return {"tls": True, "proxy_port": 0, "proxy_others": others, "proxy_beyond": beyond}


def _proxy_variables(server: MockServer) -> dict[str, str]:
    """Return what makes a program use the server's proxy, if it has one, for all but this machine."""
    if server.proxy_url is None:
        return {}
    from mockserver.app import FAMILIES

    hosts = [host for family in FAMILIES for host in family.hosts]
    direct = [each for each in server.env["no_proxy"].split(",") if not _hides(each, hosts)]
    here = ",".join(dict.fromkeys([*direct, "localhost", "127.0.0.1"]))
    return {**dict.fromkeys(_PROXIES, server.proxy_url), "NO_PROXY": here, "no_proxy": here, "NODE_USE_ENV_PROXY": "1"}


def _hides(entry: str, hosts: Iterable[str]) -> bool:
    """Say whether an entry of NO_PROXY would let a program call a vendor."""
    domain = entry.strip().lower().removeprefix("*").removeprefix(".")
    return not domain or any(f".{host}".endswith(f".{domain}") for host in hosts)


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
