"""LeMUR, with its quirk: what is asked about, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.conftest import Api, api_of

URL = "https://example.com/a.mp3"
DAY = 24 * 3600


@pytest.fixture(scope="module")
def mock() -> Iterator[MockServer]:
    with MockServer(quirks=["lemur"]) as made:
        yield made


@pytest.fixture
def lemur(mock: MockServer) -> Api:
    return api_of(mock.url)


def ask(api: Api, what: str, **body: Any) -> httpx.Response:
    return api.http.post(f"/lemur/v3/generate/{what}", json=body)


def test_a_transcript_can_be_asked_about_at_once(lemur: Api) -> None:
    job = lemur.submit(URL)
    reply = ask(lemur, "summary", transcript_ids=[job])
    assert reply.status_code == 200, reply.text
    text = lemur.get(job)["text"]
    assert all(sentence in text for sentence in reply.json()["response"].split(". ")[:1])
    assert reply.json()["usage"]["input_tokens"] > 0


def test_hidden_words_are_not_said(lemur: Api) -> None:
    job = lemur.submit(URL, redact_pii=True, redact_pii_policies=["person_name"], redact_pii_return_unredacted=True)
    view = lemur.get(job)
    pairs = zip(view["words"], view["unredacted_words"], strict=True)
    hidden = [plain["text"].strip(".,?!") for shown, plain in pairs if shown["text"] != plain["text"]]
    assert hidden
    answer = ask(lemur, "task", transcript_ids=[job], prompt=f"Who is {hidden[0]}?").json()["response"]
    assert not any(f" {name} " in f" {answer} " for name in hidden)


def test_a_transcript_that_is_deleted_or_has_expired_is_no_source(lemur: Api) -> None:
    deleted, expired = lemur.submit(URL), lemur.submit(URL)
    lemur.get(deleted)
    lemur.http.delete(f"/v2/transcript/{deleted}")
    assert ask(lemur, "summary", transcript_ids=[expired]).status_code == 200
    lemur.advance(31 * DAY)
    for job in (deleted, expired, "nonsense"):
        reply = ask(lemur, "summary", transcript_ids=[job])
        assert (reply.status_code, reply.json()) == (400, {"error": "each transcript source id must be valid"})


def test_another_project_is_not_answered(mock: MockServer, lemur: Api) -> None:
    job = lemur.submit(URL)
    made = ask(lemur, "summary", transcript_ids=[job]).json()["request_id"]
    other = api_of(mock.url)
    assert ask(other, "summary", transcript_ids=[job]).status_code == 400
    assert other.http.get(f"/lemur/v3/{made}").status_code == 400
    assert other.http.delete(f"/lemur/v3/{made}").status_code == 400
    assert lemur.http.get(f"/lemur/v3/{made}").status_code == 200


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("summary", {}),
        ("summary", {"transcript_ids": [], "input_text": ""}),
        ("summary", {"transcript_ids": ["x"], "input_text": "y"}),
        ("summary", {"transcript_ids": ["x"] * 101}),
        ("summary", {"transcript_ids": [1] * 100_000}),
        ("summary", {"input_text": "x", "temperature": 2}),
        ("task", {"input_text": "x"}),
        ("question-answer", {"input_text": "x", "questions": []}),
        ("question-answer", {"input_text": "x", "questions": "why?"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_makes_no_sense_is_refused_with_a_hint(lemur: Api, what: str, body: dict[str, Any]) -> None:
    reply = ask(lemur, what, **body)
    assert reply.status_code == 400
    assert reply.headers["x-mock-hint"]


def test_a_text_of_many_megabytes_is_refused(lemur: Api) -> None:
    assert ask(lemur, "summary", input_text="word " * 2_000_000).status_code == 413
