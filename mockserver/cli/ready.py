"""``mockserver ready``: the health check of a container, so it imports as little as it can."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from mockserver.cli import address
from mockserver.cli.remote import NOT_SO, WRONG_USAGE, Json, Url, fail
from mockserver.client.connection import Connection, MockServerError, content_of

app = typer.Typer(add_completion=False)
_PAUSE = 0.1


@app.command()
def ready(
    url: Url = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until it is.")] = 0,
    as_json: Json = False,
) -> None:
    """Exit with 0 if the server answers, with 1 if it does not."""
    try:
        connection = Connection(url or address.own_url(), timeout=5)
    except ValueError as error:
        fail(f"wrong settings:\n{error}", WRONG_USAGE)
    try:
        health = _health(connection, wait)
    except MockServerError as error:
        fail(str(error), NOT_SO)
    if as_json:
        from mockserver.cli.output import show_json

        show_json(health)


def _health(connection: Connection, wait: float) -> object:
    """Return what the server says of itself, asking again until ``wait`` seconds are over."""
    over = threading.Event()
    timer = threading.Timer(wait, over.set)
    timer.daemon = True
    timer.start()
    try:
        while True:
            try:
                return content_of(connection.call("GET", "/health"))
            except MockServerError:
                if not wait or over.wait(_PAUSE):
                    raise
    finally:
        timer.cancel()
