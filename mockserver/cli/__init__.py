"""The command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; a plain ``ready``, the health check of a container, without all that reads options."""
    if sys.argv[1:] == ["ready"]:
        from mockserver.cli.health import check

        sys.exit(check())
    from mockserver.cli.app import app

    app()
