"""What is refused, and how."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.embed import MockServer
from tests.conftest import Api, api_of

SCHEMA_ERROR = {"error": "Invalid endpoint schema, please refer to documentation for examples."}
UNAUTHORIZED = {"error": "Authentication error, API token missing/invalid"}
KEYS = (
    "id language_model acoustic_model language_code speech_understanding translated_texts status audio_url text words "
    "utterances confidence audio_duration punctuate format_text dual_channel webhook_url webhook_status_code "
    "webhook_auth webhook_auth_header_name speed_boost auto_highlights_result auto_highlights audio_start_from "
    "audio_end_at word_boost boost_param prompt keyterms_prompt filter_profanity redact_pii redact_pii_audio "
    "redact_pii_audio_quality redact_pii_audio_options redact_pii_policies redact_pii_sub redact_static_entities "
    "speaker_labels speaker_options content_safety iab_categories content_safety_labels iab_categories_result "
    "language_detection language_detection_options language_detection_results language_confidence_threshold "
    "language_confidence custom_spelling throttled auto_chapters summarization summary_type summary_model custom_topics "
    "topics speech_threshold speech_model speech_models speech_model_used temperature remove_audio_tags chapters "
    "disfluencies entity_detection sentiment_analysis sentiment_analysis_results entities speakers_expected summary "
    "custom_topics_results is_deleted multichannel project_id token_id"
).split()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "invalid"},
        {"Authorization": "invalid-1"},
        {"Authorization": "Bearer k"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v2/upload"), ("POST", "/v2/transcript"), ("GET", "/v2/transcript/some-id")]
)
def test_a_missing_and_a_wrong_key_are_refused_alike(api: Api, headers: dict[str, str], method: str, path: str) -> None:
    reply = httpx.request(method, api.url + path, headers=headers)
    assert reply.status_code == 401
    assert reply.json() == UNAUTHORIZED
    assert reply.content == b'{"error":"Authentication error, API token missing/invalid"}'


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b" ", "JSON"),
        (b"{", "JSON"),
        (b"[]", "object"),
        (b'"text"', "object"),
        (b"null", "object"),
        (b"{}", "audio_url"),
        (b'{"audio_url": null}', "audio_url"),
        (b'{"audio_url": 5}', "audio_url"),
        (b'{"audio_url": ""}', "audio_url"),
        (b'{"audio_url": "not a url"}', "audio_url"),
        (b'{"audio_url": "http://"}', "audio_url"),
        (b'{"audio_url": "http://["}', "audio_url"),
        (b'{"audio_url": "ftp://example.com/a.mp3"}', "audio_url"),
        (b'{"audio_url": "https://example.com/a.mp3", "punctuate": "yes"}', "punctuate"),
        (b'{"audio_url": "https://example.com/a.mp3", "speaker_labels": 1}', "speaker_labels"),
        (b'{"audio_url": "https://example.com/a.mp3", "word_boost": "one"}', "word_boost"),
        (b'{"audio_url": "https://example.com/a.mp3", "audio_end_at": -1}', "audio_end_at"),
        (b'{"audio_url": "https://example.com/a.mp3", "speech_threshold": 1.5}', "speech_threshold"),
        (b'\xff\xfe{"audio_url"', "JSON"),
        (b'{"audio_url": "https://example.com/\\ud800"}', "JSON"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_a_body_that_is_not_as_documented_is_refused(api: Api, body: bytes, named: str) -> None:
    reply = api.http.post("/v2/transcript", content=body)
    assert (reply.status_code, reply.json()) == (400, SCHEMA_ERROR)
    assert named in reply.headers["x-mock-hint"]
    assert api.control.get("/jobs").json()["jobs"] == []


@pytest.mark.parametrize("name", ["keyterms_prompt", "word_boost"])
@pytest.mark.parametrize("term", ["", " ", "one two three four five six seven"])
def test_a_term_is_one_to_six_words(api: Api, name: str, term: str) -> None:
    reply = api.http.post("/v2/transcript", json={"audio_url": "https://example.com/a.mp3", name: ["good", term]})
    assert (reply.status_code, reply.json()["error"]) == (
        400,
        f"`{name}` must be terms of 1 to 6 words: {term or '(empty)'}",
    )
    assert api.control.get("/jobs").json()["jobs"] == []


def test_a_body_that_is_too_long_is_refused(api: Api) -> None:
    reply = api.http.post("/v2/transcript", content=b'{"audio_url": "' + b"x" * 17 * 2**20)
    assert reply.status_code == 413
    assert "error" in reply.json()


def test_an_unknown_id_is_refused_with_400(api: Api) -> None:
    for identifier in ("unknown", "%00", "..%5c..", "a" * 5000, "%F0%9F%98%80"):
        reply = api.http.get(f"/v2/transcript/{identifier}")
        assert (reply.status_code, reply.json()) == (400, {"error": "Transcript lookup error, transcript id not found"})


def test_another_projects_transcript_does_not_exist(api: Api, server: MockServer) -> None:
    job = api.submit("https://example.com/a.mp3")
    api.get(job)
    other = api_of(server.url)
    assert other.http.get(f"/v2/transcript/{job}").status_code == 400


@pytest.mark.parametrize("path", ["/", "/v2", "/v2/transcripts", "/v2/upload/x", "/v4/transcript", "//v2/upload"])
def test_an_unknown_path_is_answered_as_by_the_real_service(api: Api, path: str) -> None:
    reply = api.http.get(api.url + path)
    assert (reply.status_code, reply.text) == (404, "404: Not Found")
    assert reply.headers["content-type"].startswith("text/html")


def test_a_wrong_method_names_the_right_ones(api: Api) -> None:
    reply = api.http.put("/v2/transcript", json={})
    assert reply.status_code == 405
    assert reply.headers["allow"] == "GET, POST"
    assert "error" in reply.json()


def test_a_queued_job_has_the_real_services_keys_in_its_order(api: Api) -> None:
    reply = api.http.post("/v2/transcript", json={"audio_url": "https://example.com/a.mp3"})
    view = reply.json()
    assert list(view) == KEYS
    assert view["status"] == "queued"
    assert view["text"] is None
    assert view["content_safety_labels"] == {}
    assert list(api.get(view["id"])) == KEYS


def test_what_is_sent_is_echoed_and_secrets_are_not(api: Api) -> None:
    sent: dict[str, Any] = {
        "language_code": "es",
        "speaker_labels": True,
        "word_boost": ["one", "two"],
        "webhook_url": "https://example.com/hook?a=1",
        "webhook_auth_header_name": "X-Secret",
        "webhook_auth_header_value": "hush",
        "unknown_field": 1,
    }
    view = api.http.post("/v2/transcript", json={"audio_url": "https://example.com/a.mp3", **sent}).json()
    echoed = ("language_code", "speaker_labels", "word_boost", "webhook_url", "webhook_auth_header_name")
    assert {name: view[name] for name in echoed} == {name: sent[name] for name in echoed}
    assert view["webhook_auth"] is True
    assert "hush" not in json.dumps(view)
    assert "unknown_field" not in view


def test_the_request_limit_obeys_the_projects_clock() -> None:
    with MockServer(rate_limit=3, rate_window=300) as mock:
        api = api_of(mock.url)
        api.freeze()
        assert [api.http.get("/v2/transcript/x").status_code for _ in range(4)] == [400, 400, 400, 429]
        refused = api.http.get("/v2/transcript/x")
        assert refused.json() == {"error": "Too Many Requests"}
        assert refused.headers["retry-after"] == "300"
        api.advance(300)
        assert api.http.get("/v2/transcript/x").status_code == 400


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
parameters = st.sampled_from([*KEYS, "domain", "language_codes", "error", "metadata", "speech_model", "audio_url"])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(parameters, anything, max_size=4))
def test_no_parameter_makes_the_server_fail(api: Api, params: dict[str, Any]) -> None:
    body = json.dumps({"audio_url": "https://example.com/errors/server-error.mp3"} | params)
    # Accepted nonsense is echoed, which the vendor's description forbids: only whole replies are held against it.
    with api.http.stream("POST", "/v2/transcript", content=body.encode()) as reply:
        assert reply.status_code in (200, 400), reply.read()
        job = json.loads(reply.read()).get("id")
    if job is not None:
        with api.http.stream("GET", f"/v2/transcript/{job}") as got:
            assert got.status_code == 200


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_body_makes_the_server_fail(api: Api, body: bytes) -> None:
    assert api.http.post("/v2/transcript", content=body).status_code == 400
