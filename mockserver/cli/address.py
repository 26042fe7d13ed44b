"""Where the server is that the settings speak of, found without loading them where that is possible.

Loading all settings takes longer than a health check may, so this reads two variables of the environment itself.
"""

from __future__ import annotations

import os

_ANY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104


def own_url() -> str:
    """Return the address of the server that runs with the settings of now. Raises SettingsError."""
    if url := os.environ.get("MOCKSERVER_URL"):
        return url
    host, port = _from_environment() or _from_settings()
    host = _ANY.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else f"http://{host}:{port}"


def _from_environment() -> tuple[str, int] | None:
    """Return host and port if there is no doubt about them."""
    variables = {name: value for name, value in os.environ.items() if value}
    port = variables.get("MOCKSERVER_PORT", "4747")
    unsure = {"MOCKSERVER_CONFIG", "MOCKSERVER_CONTROL_PORT"} & variables.keys()
    if unsure or not (port.isascii() and port.isdigit() and int(port) < 65536):
        return None
    return variables.get("MOCKSERVER_HOST", "127.0.0.1"), int(port)


def _from_settings() -> tuple[str, int]:
    from mockserver.settings import Settings

    settings = Settings.load()
    return settings.host, getattr(settings, "control_port", None) or settings.port
