"""The command line."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command line; a plain ``ready``, the health check of a container, without all that reads options."""
    if sys.argv[1:] == ["ready"]:
        from mockserver.cli.health import check

        sys.exit(check())
    if sys.argv[1:2] == ["serve"]:
        _notice_sigterm()
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that cannot show a character shows its number
        sys.stdout.reconfigure(errors="backslashreplace")
    from mockserver.cli.app import app

    app(prog_name="mockserver")  # also as python -m mockserver: completions are named for it


def _notice_sigterm() -> None:
    """End with 0 at SIGTERM while everything is being imported: the first process of a container would ignore it."""
    import os
    import signal

    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
