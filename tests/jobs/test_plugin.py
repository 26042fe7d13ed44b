"""The pytest plugin with jobs of this API: a world for each test, and a story of the one that failed."""

from __future__ import annotations

from tests.python.conftest import Run, run

__all__ = ["run"]
pytest_plugins = ["pytester"]
ASKING = """
import json, urllib.request

def ask(mockserver, method, path, body=None, token=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(mockserver.url + path, data, headers, method=method)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)

def token_of(mockserver):
    return ask(mockserver, "POST", "/auth/token", {"api_key": mockserver.api_key})["access_token"]

JOB = {"source_url": "https://example.com/a.mp3"}
"""


def test_each_test_has_jobs_of_its_own(run: Run) -> None:
    code = """
import pytest

@pytest.mark.parametrize("number", range(2))
@pytest.mark.mockserver(progress="held")
def test_one(mockserver, number):
    token = token_of(mockserver)
    mockserver.transcript("Hello there.", audio_url="https://example.com/a.mp3")
    job = ask(mockserver, "POST", "/jobs", JOB, token)["job_id"]
    assert [each.id for each in mockserver.jobs()] == [job]
    mockserver.release(job)
    assert mockserver.wait_for_jobs(job=job)[0].status == "completed"
    words = ask(mockserver, "GET", f"/jobs/{job}/transcript", None, token)
    assert words["segments"][0]["text"] == "Hello there."
"""
    run(ASKING + code).assert_outcomes(passed=2)


def test_the_report_of_a_failed_test_tells_what_became_of_its_jobs(run: Run) -> None:
    code = """
def test_it(mockserver):
    token = token_of(mockserver)
    mockserver.change_terms(progress="held")
    stopped = ask(mockserver, "POST", "/jobs", JOB, token)["job_id"]
    ask(mockserver, "POST", f"/jobs/{stopped}/cancel", {}, token)
    ask(mockserver, "POST", "/jobs", JOB, token)
    broken = ask(mockserver, "POST", "/jobs", JOB, token)["job_id"]
    mockserver.fail(broken, "the tape broke")
    assert False
"""
    result = run(ASKING + code)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*mockserver journal*",
            "*200 POST /auth/token*",
            "*202 POST /jobs job=*",
            "*200 POST /jobs/*/cancel*",
            "job * is cancelled",
            "job * is queued, and held until it is released",
            "job * failed: the tape broke",
        ]
    )
    assert "eyJ" not in result.stdout.str()
