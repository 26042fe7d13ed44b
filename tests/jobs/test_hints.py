"""What refusals tell a developer besides what the API says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Api
from tests.jobs.conftest import list_jobs, tokens_of
from tests.jobs.submitting import URL, WAV, change, name_url, send
from tests.sounds import wav


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "the file has no bytes"),
        (b"Dear all,\n", "it is no recording that can be read: text/plain (ASCII text)"),
        (wav(0.1), "it is shorter than 160 ms"),
        (wav(1801), "the plan free (plan, in the settings or the terms) takes up to 30 minutes"),
    ],
)
def test_refused_audio_is_explained(content: bytes, hint: str, jobs: Api) -> None:
    change(jobs, plan="free")
    assert send(jobs, content).headers["x-mock-hint"] == hint


def test_a_language_that_is_none_says_what_one_looks_like(jobs: Api) -> None:
    assert "such as en" in name_url(jobs, source_url=URL, language="en-US").headers["x-mock-hint"]


def test_refused_silence_says_how_it_would_be_taken(jobs: Api) -> None:
    silence = Path("fixtures/audio/silence.wav").read_bytes()
    assert "silence_completes" in send(jobs, silence).headers["x-mock-hint"]


def test_a_spent_quota_says_how_much_was_used_and_why_no_more_is_sold(jobs: Api) -> None:
    change(jobs, quota_minutes=0.01)
    assert send(jobs, WAV).status_code == 202

    def hint() -> str:
        return jobs.http.post("/jobs", json={"source_url": URL}).headers["x-mock-hint"]

    assert hint().startswith("0.03333 of 0.01 minutes are used (quota_minutes)")
    change(jobs, overage=False)
    assert hint().endswith("; overage is off")
    change(jobs, overage=True, plan="free")
    assert hint().endswith("; the plan free (plan, in the settings or the terms) sells no more")
    change(jobs, negative_balance=True)
    assert "negative_balance" in hint()


def test_what_is_no_token_and_what_is_the_wrong_one_are_told_apart(jobs: Api) -> None:
    assert "POST /auth/token" in list_jobs(jobs.url, jobs.key).headers["x-mock-hint"]
    refresh_token = tokens_of(jobs.url, jobs.key)["refresh_token"]
    assert "a refresh token is none" in list_jobs(jobs.url, refresh_token).headers["x-mock-hint"]


@pytest.mark.parametrize("path", ["/v1/jobs", "/v2/jobs", "/api/jobs"])
def test_a_path_with_a_prefix_too_many_leads_to_the_list_of_all(path: str, jobs: Api) -> None:
    assert "/_mock/docs" in jobs.http.get(path).headers["x-mock-hint"]
