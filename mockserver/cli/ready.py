"""``mockserver ready``."""

from __future__ import annotations

from typing import Annotated

import typer

from mockserver.cli.health import check, health
from mockserver.cli.output import show_json
from mockserver.cli.remote import Json, Url

app = typer.Typer(add_completion=False)


@app.command()
def ready(
    url: Url = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until it is.")] = 0,
    as_json: Json = False,
) -> None:
    """Exit with 0 if the server answers, with 1 if it does not."""
    code = check(url, wait)
    if as_json and code == 0:
        show_json(health(url, 0))
    raise typer.Exit(code)
