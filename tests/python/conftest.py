"""Runs of pytest with the plugin; a module that makes them enables pytester."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import mockserver.engine.tables  # noqa: F401  # pytester forgets what the server imports during a test, and half of it stays
from tests.processes import ROOT

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest in a process of its own, with the plugin and no others but those that are named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MOCKSERVER_URL", raising=False)

    def start(code: str, *arguments: str, ini: str = "", plugins: tuple[str, ...] = ()) -> pytest.RunResult:
        pytester.makeini(f"[pytest]\naddopts = --strict-markers\n{ini}")
        pytester.makepyfile(test_it=code)
        named = [argument for plugin in ("mockserver.pytest_plugin", *plugins) for argument in ("-p", plugin)]
        return pytester.runpytest_subprocess(*named, *arguments)

    return start


ASKING = """
import json, urllib.request

def ask(mockserver, path, body=None, key=None):
    headers = {"Authorization": key or mockserver.api_key, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(mockserver.url + path, data, headers)) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code

AUDIO = {"audio_url": "https://example.com/a.mp3"}
"""
