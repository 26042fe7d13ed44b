"""The vendor's description is kept, and a reply that breaks it is noticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.apis.assemblyai.schemas import KNOWN_PARAMS
from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api, api_of
from tests.contract import Answer, BreachError, Contract, Deviation, Status, found_contract
from tests.sounds import wav

URL = "https://example.com/contract.mp3"
JSON = "application/json"
SMALL = """
openapi: 3.1.0
paths:
  /v2/transcript/{transcript_id}:
    get:
      responses:
        '200': {content: {application/json: {schema: {$ref: '#/components/schemas/Transcript'}}}}
        '429': {$ref: '#/components/responses/TooManyRequests'}
components:
  schemas:
    Error: {type: object, required: [error], properties: {error: {type: string}}}
    Code: {type: string, enum: [yes, no, en]}
    Transcript:
      type: object
      additionalProperties: false
      required: [id]
      properties:
        id: {type: string, format: uuid}
        audio_url: {type: string, format: url}
        language_code: {$ref: '#/components/schemas/Code'}
        text: {type: [string, 'null']}
  responses:
    TooManyRequests:
      headers: {Retry-After: {schema: {type: integer}}}
      content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}
"""
ID = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def small(tmp_path: Path) -> Contract:
    (tmp_path / "small.yml").write_text(SMALL)
    deviations = (Deviation("Transcript.text", {"const": 5}, "a test"), Deviation("Transcript.extra", {}, "a test"))
    return Contract(tmp_path / "small.yml", deviations, (Status("*", "*", 405, None, "a test"),))


def answered(
    body: bytes, status: int = 200, media_type: str = JSON, path: str = f"/v2/transcript/{ID}", **headers: str
) -> Answer:
    return Answer("GET", path, status, media_type, headers, body)


@pytest.mark.parametrize(
    "answer",
    [
        answered(b'{"id": "%s", "text": null, "language_code": "no"}' % ID.encode()),
        answered(b'{"id": "%s", "text": 5, "extra": []}' % ID.encode()),
        answered(b'{"error": "slow down"}', 429, **{"Retry-After": "5"}),
        answered(b"", 405),
        answered(b"404: Not Found", 404, "text/html", "/v2/nowhere"),
        answered(b"anything", 200, "text/plain", "/_mock/health"),
    ],
)
def test_a_reply_as_described_is_accepted(answer: Answer, small: Contract) -> None:
    small.check(answer)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (answered(b'{"id": "1"}'), 'at /id: "1" is not a "uuid"'),
        (answered(b"{}"), "at /: \"id\" is a required property"),
        (answered(b'{"id": "%s", "new": 1}' % ID.encode()), "'new' was unexpected"),
        (answered(b'{"id": "%s", "text": 6}' % ID.encode()), "at /text: 6 is not of types"),
        (answered(b'{"id": "%s", "audio_url": "here"}' % ID.encode()), "at /audio_url: "),
        (answered(b'{"id": "%s", "language_code": "xx"}' % ID.encode()), "at /language_code: "),
        (answered(b"{"), "it is not JSON"),
        (answered(b"{}", 200, "text/plain"), "Content-Type is 'text/plain'"),
        (answered(b"{}", 418), "does not list status 418"),
        (answered(b'{"error": "slow down"}', 429), "the header Retry-After is missing"),
        (answered(b'{"error": "slow down"}', 429, **{"Retry-After": "soon"}), "Retry-After: it is not JSON"),
        (answered(b"{}", 200, JSON, "/v2/nowhere"), "answered with 404"),
    ],
)  # fmt: skip
def test_a_reply_that_is_not_as_described_is_refused(answer: Answer, told: str, small: Contract) -> None:
    with pytest.raises(BreachError) as breach:
        small.check(answer)
    assert f"GET {answer.path} was answered with {answer.status}, against small.yml:" in str(breach.value)
    assert told in str(breach.value)


def test_the_vendors_own_file_refuses_a_wrong_reply(api: Api) -> None:
    """Where the file is at hand; every way to break a real reply is one line."""
    job = api.submit(URL, speaker_labels=True)
    reply = api.http.get(f"/v2/transcript/{job}")
    wrong: list[dict[str, Any]] = [
        {"status": "done"}, {"words": [{"text": "one"}]}, {"confidence": 1.5}, {"audio_duration": 1.5}, {"unheard_of": 1},
        {"audio_url": None}, {"utterances": [{}]}, {"punctuate": "yes"}, {"content_safety_labels": {"status": "success"}},
    ]  # fmt: skip
    contract = found_contract()
    if contract is None:
        return
    contract.check(Answer.of(reply))
    for change in wrong:
        with pytest.raises(BreachError, match=next(iter(change))):
            contract.check(Answer.of(reply)._replace(body=httpx.Response(200, json=reply.json() | change).content))


DIARIZED: dict[str, Any] = {
    "speaker_labels": True,
    "speaker_options": {"min_speakers_expected": 1, "max_speakers_expected": 3},
    "sentiment_analysis": True,
    "speech_understanding": {
        "request": {
            "translation": {"target_languages": ["es", "de"], "formal": True, "match_original_utterance": True},
            "speaker_identification": {"speaker_type": "role", "known_values": ["Agent", "Customer"]},
            "custom_formatting": {"date": "mm/dd/yyyy", "phone_number": "(xxx)xxx-xxxx", "email": "a@b.c"},
            "summarization": {"summary_type": "bullets", "headline_length": 5},
            "action_items": {"include_decisions": True, "effort": "medium"},
        }
    },
}
FEATURES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "speakers, and everything that may be understood": DIARIZED,
    "as many speakers as expected": {"speaker_labels": True, "speakers_expected": 2},
    "one channel after the other": {"multichannel": True, "sentiment_analysis": True},
    "channels and speakers": {"multichannel": True, "speaker_labels": True},
    "the old name of multichannel": {"dual_channel": True},
    "every result": {
        "auto_highlights": True, "content_safety": True, "content_safety_confidence": 25, "iab_categories": True,
        "sentiment_analysis": True, "entity_detection": True, "auto_chapters": True, "custom_topics": True, "topics": ["x"],
    },
    "a summary": {"summarization": True, "summary_model": "informative", "summary_type": "paragraph"},
    "a summary of a conversation": {
        "summarization": True, "summary_model": "conversational", "summary_type": "bullets", "speaker_labels": True,
    },
    "redaction": {
        "redact_pii": True, "redact_pii_policies": ["person_name", "phone_number", "location_city"], "redact_pii_sub": "entity_name",
        "redact_pii_return_unredacted": True, "redact_static_entities": {"product": ["mock"]}, "redact_pii_audio": True,
        "redact_pii_audio_quality": "wav", "speaker_labels": True, "entity_detection": True,
        "redact_pii_audio_options": {"return_redacted_no_speech_audio": True, "override_audio_redaction_method": "silence"},
    },
    "detection": {
        "language_detection": True, "language_confidence_threshold": 0.1,
        "language_detection_options": {
            "expected_languages": ["en", "es"], "fallback_language": "en", "code_switching": True,
            "code_switching_confidence_threshold": 0.3, "localization": ["en_au"], "on_low_language_confidence": "fallback",
            "on_no_speech_detected": "error",
        },
    },
    "a language": {"language_code": "es"},
    "two languages": {"language_codes": ["en", "es"]},
    "the old model": {"speech_models": ["universal-2"]},
    "the model before the newest": {"speech_models": ["universal-3-pro"]},
    "wording": {
        "punctuate": False, "format_text": False, "disfluencies": True, "filter_profanity": True, "temperature": 0.5,
        "keyterms_prompt": ["one two"], "keyterms_prompt_options": {"keyterms_match_strength": "high"}, "prompt": "Hello.",
        "custom_spelling": [{"from": ["one", "two three"], "to": "One"}], "remove_audio_tags": "speaker",
        "word_boost": ["one"], "boost_param": "high", "domain": "medical-v1", "speech_threshold": 0.01,
        "audio_start_from": 0, "audio_end_at": 20_000, "speed_boost": True, "acoustic_model": "x", "language_model": "y",
    },
    "a webhook": {
        "webhook_url": "http://127.0.0.1:9/hook", "webhook_auth_header_name": "X-Key", "webhook_auth_header_value": "k",
    },
}  # fmt: skip
_WITHOUT = {"audio_url", "speech_model"}


def test_every_parameter_is_sent_by_some_feature() -> None:
    assert {name for params in FEATURES.values() for name in params} == KNOWN_PARAMS - _WITHOUT


@pytest.mark.parametrize("feature", FEATURES)
def test_every_reply_with_a_feature_is_as_described(feature: str, api: Api) -> None:
    params = FEATURES[feature]
    recorded = params.get("multichannel") or params.get("dual_channel") or params.get("redact_pii_audio")
    url = api.upload((AUDIO / "stereo-call.wav").read_bytes()) if recorded else URL
    job = api.submit(url, **params)
    view = api.get(job)
    assert view["status"] == "completed", view.get("error")
    assert set(params) - {"content_safety_confidence", "webhook_auth_header_value"} <= set(view)
    for name in ("sentences", "paragraphs", "srt", "vtt"):
        assert api.http.get(f"/v2/transcript/{job}/{name}").status_code == 200
    spoken = ",".join(word["text"] for word in view["words"][:3])
    assert api.http.get(f"/v2/transcript/{job}/word-search", params={"words": spoken}).json()["total_count"]
    redacted = api.http.get(f"/v2/transcript/{job}/redacted-audio").status_code
    assert redacted == (200 if params.get("redact_pii_audio") else 400)
    assert api.http.get("/v2/transcript").json()["page_details"]["result_count"] == 1
    assert api.http.delete(f"/v2/transcript/{job}").json()["text"] == "Deleted by user."
    assert api.get(job)["text"] == "Deleted by user."
    assert api.http.get("/v2/transcript").json()["transcripts"][0]["audio_url"] == "deleted_by_user"


def test_every_result_that_is_asked_for_is_there(api: Api) -> None:
    """Else the check of its shape would have nothing to look at."""
    view = api.transcribe(api.upload((AUDIO / "support-call.mp3").read_bytes()), **FEATURES["every result"])
    for name in ("sentiment_analysis_results", "entities", "chapters"):
        assert view[name], name
    for name in ("auto_highlights_result", "iab_categories_result"):
        assert view[name]["results"], name
    understood = api.transcribe(URL, **DIARIZED)
    assert set(understood["speech_understanding"]["response"]) == set(understood["speech_understanding"]["request"])
    assert set(understood["utterances"][0]["translated_texts"]) == {"es", "de"}


def test_hazards_are_as_described(api: Api) -> None:
    view = api.transcribe(URL, content_safety=True, content_safety_confidence=25)
    assert view["content_safety_labels"]["status"] == "success"


def test_every_status_of_a_job_is_as_described(api: Api) -> None:
    params = {"redact_pii": True, "redact_pii_audio": True, "redact_pii_policies": ["person_name"]}
    api.freeze()
    job = api.submit(URL, progress="timed", **params)
    for status in ("queued", "processing"):
        assert api.get(job)["status"] == status
        assert api.http.get(f"/v2/transcript/{job}/redacted-audio").status_code == 202
        assert api.http.get(f"/v2/transcript/{job}/srt").status_code == 400
        assert api.http.delete(f"/v2/transcript/{job}").status_code == 400
        assert api.http.get("/v2/transcript").json()["transcripts"][0]["status"] == status
        api.advance(1)
    assert api.control.post(f"/jobs/{job}/fail", json={"error": "no"}).status_code == 200
    assert api.get(job)["error"] == "no"
    assert api.http.get("/v2/transcript").json()["transcripts"][0]["error"] == "no"
    assert api.http.delete(f"/v2/transcript/{job}").status_code == 200
    assert api.get(job)["status"] == "error"


def test_a_quirk_does_not_leave_the_description() -> None:
    quirks = (
        "processing_first",
        "naive_times",
        "deleted_url_with_scheme",
        "redacted_results",
        "default_english",
        "rate_limit_403",
    )
    with MockServer(quirks=quirks) as mock:
        api = api_of(mock.url)
        reply = api.http.post("/v2/transcript", json={"audio_url": URL, "entity_detection": True})
        assert reply.json()["status"] == "processing"
        job = reply.json()["id"]
        api.get(job)
        assert not api.http.get("/v2/transcript").json()["transcripts"][0]["created"].endswith("Z")
        api.http.delete(f"/v2/transcript/{job}")
        assert api.http.get("/v2/transcript").json()["transcripts"][0]["audio_url"] == "http://deleted_by_user"


def test_what_a_broken_service_answers_is_as_described(api: Api) -> None:
    for status in (500, 503, 504):
        assert api.control.patch("/terms", json={"failing": status}).status_code == 200
        assert api.http.get("/v2/transcript").status_code == status


def test_an_empty_upload_is_answered_as_described(api: Api) -> None:
    assert api.http.post("/v2/upload", content=b"").status_code == 422
    assert api.http.post("/v2/upload", content=wav(1)).status_code == 200
