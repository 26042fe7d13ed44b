"""The pytest plugin: what the report of a failing test says about why."""

from __future__ import annotations

import pytest

from tests.python.conftest import ASKING, Run

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            """
    mockserver.transcript("Hello.", name="mine", audio_url="https://example.com/b.mp3")
    ask(mockserver, "/v2/transcript", AUDIO)
""",
            "fixture mine answered nothing: audio_url *b.mp3*a.mp3*",
        ),
        (
            """
    mockserver.chat("It is 1234.", name="mine", user="order number")
""",
            "fixture mine answered nothing",
        ),
        (
            """
    mockserver.fail_next("rate_limited", path="/v2/transcripts")
    ask(mockserver, "/v2/transcript", AUDIO)
""",
            "fault * met no request: path=/v2/transcripts, times=1, error=rate_limited",
        ),
        (
            """
    mockserver.freeze()
    mockserver.change_terms(progress="timed")
    ask(mockserver, "/v2/transcript", AUDIO)
""",
            "job * is queued until *",
        ),
        (
            """
    mockserver.change_terms(progress="held")
    ask(mockserver, "/v2/transcript", AUDIO)
""",
            "job * is queued, and held until it is released",
        ),
        (
            """
    mockserver.freeze()
""",
            "the clock is frozen at *",
        ),
        (
            """
    ask(mockserver, "/v2/transcript", AUDIO, key="somebody")
""",
            "with the key somebody: 200 POST /v2/transcript job=*",
        ),
        (
            """
    ask(mockserver, "/v2/transcript", AUDIO, key="invalid-key")
""",
            "with no accepted key: 401 POST /v2/transcript*",
        ),
    ],
)
def test_the_report_says_what_may_be_why(run: Run, body: str, told: str) -> None:
    result = run(
        f"{ASKING}\ndef test_before(mockserver):\n    ask(mockserver, '/before', key='old')\n"
        f"\ndef test_fails(mockserver):{body}    assert 0\n"
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("*/before*")


def test_what_went_as_it_should_is_not_in_the_report(run: Run) -> None:
    result = run(
        ASKING
        + """
def test_fails(mockserver):
    mockserver.transcript("Hello.")
    mockserver.fail_next()
    mockserver.profile("flaky")
    assert ask(mockserver, "/v2/transcript", AUDIO) == 500
    mockserver.clear_faults()
    job = ask(mockserver, "/v2/transcript", AUDIO)["id"]
    assert ask(mockserver, f"/v2/transcript/{job}")["text"] == "no"
"""
    )
    result.stdout.no_fnmatch_line("fixture * answered nothing*")
    result.stdout.no_fnmatch_line("fault * met no request*")
    result.stdout.no_fnmatch_line("job * is *")


def test_the_report_ends_at_the_line_of_the_test(run: Run) -> None:
    result = run("def test_fails(mockserver):\n    mockserver.verify(method='POST')\n")
    result.stdout.fnmatch_lines(["E *0 requests were as expected, not at least 1", "*test_it.py:2: AssertionError"])
    result.stdout.no_fnmatch_line("*client/journal.py*")


def test_a_marker_that_does_nothing_is_refused(run: Run) -> None:
    result = run(
        """
import pytest

@pytest.mark.mockserver(faults="server_error")
def test_without_the_fixture():
    pass

@pytest.mark.mockserver(rate_limit=3)
class TestSome:
    def test_plain(self):
        pass

@pytest.mark.mockserver(rate_limit=3)
def test_with_the_environment(assemblyai_env):
    pass
"""
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["the mockserver marker does nothing here: *"])
