"""The pytest plugin: faults, terms of jobs, and a server with a list of keys."""

from __future__ import annotations

import pytest

from mockserver import MockServer
from tests.python.conftest import ASKING, Run

pytest_plugins = ["pytester"]


def test_the_marker_adds_faults_and_profiles_and_says_how_jobs_go(run: Run) -> None:
    result = run(
        ASKING
        + """
import pytest

@pytest.mark.mockserver(faults="rate_limited")
def test_named(mockserver):
    assert ask(mockserver, "/v2/transcript", AUDIO) == 429

@pytest.mark.mockserver(faults=[{"status": 418, "times": 1}, "server_error"])
def test_rules(mockserver):
    assert [fault.raw.get("error") for fault in mockserver.faults()] == ["server_error", None]

@pytest.mark.mockserver(profile="outage", progress="held")
def test_profile(mockserver):
    assert mockserver.faults()
    assert mockserver.terms()["progress"] == "held"

def test_afterwards(mockserver):
    assert mockserver.faults() == []
    assert mockserver.terms()["progress"] == "instant"

@pytest.mark.mockserver(faults="nope")
def test_wrong(mockserver):
    pass

@pytest.mark.mockserver(faults="server_error")
def test_fails(mockserver):
    assert ask(mockserver, "/v2/transcript", AUDIO) == 200
"""
    )
    result.assert_outcomes(passed=4, errors=1, failed=1)
    result.stdout.fnmatch_lines(["the mockserver marker: error: there is no 'nope'*"])
    result.stdout.fnmatch_lines(["500 POST /v2/transcript fault=server_error*"])


def test_a_server_that_accepts_some_keys_only_is_told_of_the_tests(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with MockServer(keys=("alice",), control_token="secret") as server:
        monkeypatch.setenv("MOCKSERVER_CONTROL_TOKEN", "secret")
        code = ASKING + "def test_it(mockserver):\n    assert ask(mockserver, '/v2/transcript', AUDIO)['id']\n"
        run(code, "--mockserver-url", server.url).assert_outcomes(passed=1)


def test_violations_are_in_the_report(run: Run) -> None:
    result = run(
        ASKING
        + """
def test_fails(mockserver):
    ask(mockserver, "/v2/transcript", AUDIO | {"speaker_lables": True})
    assert 0
"""
    )
    result.stdout.fnmatch_lines(["200 POST /v2/transcript job=*: unknown field speaker_lables"])
