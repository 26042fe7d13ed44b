"""Commands in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Api
from tests.processes import ROOT

URL = "https://example.com/some.mp3"
Done = subprocess.CompletedProcess[str]
Command = Callable[..., Done]


def call(*arguments: str, **env: str) -> Done:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}
    return subprocess.run(
        [sys.executable, "-m", "mockserver", *arguments],
        capture_output=True, text=True, timeout=60, env=variables | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | env,
    )  # fmt: skip


@pytest.fixture
def command(api: Api) -> Command:
    """Call a command for the server of the tests."""
    return lambda *arguments, **env: call(*arguments, **{"MOCKSERVER_URL": api.url} | env)


def told(done: Done) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
