"""What request parameters demand of each other; the texts that are known are the real service's."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.apis.assemblyai.rules import RULES
from mockserver.embed import MockServer
from tests.conftest import Api, api_of

URL = "https://example.com/a.mp3"
PII: dict[str, Any] = {"redact_pii": True, "redact_pii_policies": ["phone_number", "date"]}
DEPRECATED = (
    'The speech_model parameter is deprecated. Use speech_models: ["universal-3-5-pro", "universal-2"] for the best '
    "accuracy, performance, and language coverage."
)
MODELS = (
    '"speech_models" must be a non-empty list containing one or more of: "universal-3-pro", "universal-2", '
    '"universal-3-5-pro"'
)


def understanding(**tasks: Any) -> dict[str, Any]:
    return {"speech_understanding": {"request": tasks}}


CASES: list[tuple[dict[str, Any], str]] = [
    ({"speech_model": "best"}, DEPRECATED),
    ({"speech_models": []}, MODELS),
    ({"speech_models": ["universal-3.5-pro"]}, MODELS),
    ({"speech_models": ["nano"]}, MODELS),
    ({"language_code": "xx"}, "`language_code` must be one of the supported language codes"),
    (
        {"language_code": "fr", "auto_chapters": True, "auto_highlights": True},
        "The following models are not available in this language: auto_chapters, auto_highlights",
    ),
    (
        {"language_code": "en", "language_detection": True},
        "Both language_code and language_detection can not be used in the same request.",
    ),
    (
        {"language_code": "en", "language_codes": ["en", "es"]},
        "Both language_code and language_codes can not be used in the same request.",
    ),
    (
        {"language_codes": ["es", "fr"]},
        "`language_codes` must be at most two supported language codes, one of them English",
    ),
    (
        {"language_detection": True, "language_detection_options": {"expected_languages": ["klingon"]}},
        "`expected_languages` must be supported language codes",
    ),
    (
        {
            "language_detection": True,
            "language_detection_options": {"expected_languages": ["es"], "fallback_language": "fr"},
        },
        "`fallback_language` must be one of `expected_languages`, and cannot be auto where it stands in for speech",
    ),
    (
        {"speaker_labels": True, "speakers_expected": 2, "speaker_options": {"min_speakers_expected": 1}},
        "Both speaker_options and speakers_expected can not be used in the same request.",
    ),
    ({"speakers_expected": 2}, "`speakers_expected` can only be used if `speaker_labels` is True"),
    (
        {"speaker_options": {"min_speakers_expected": 2}},
        "`speaker_options` can only be used if `speaker_labels` is True",
    ),
    (
        {"speaker_labels": True, "speaker_options": {"min_speakers_expected": 3, "max_speakers_expected": 2}},
        "`min_speakers_expected` must not be greater than `max_speakers_expected`",
    ),
    ({"audio_start_from": 20, "audio_end_at": 20}, "`audio_start_from` must be less than `audio_end_at`"),
    (
        {"custom_spelling": [{"from": ["a b c d e f"], "to": "x"}]},
        "`custom_spelling` must map at most five words to one word",
    ),
    ({"keyterms_prompt": ["x"] * 1001}, "`keyterms_prompt` must be at most 1000 terms"),
    (
        {"keyterms_prompt": ["x"] * 201, "speech_models": ["universal-2"]},
        "`keyterms_prompt` must be at most 200 terms",
    ),
    ({"keyterms_prompt": ["a b c d e f g"]}, "`keyterms_prompt` must be terms of 1 to 6 words: a b c d e f g"),
    ({"word_boost": ["x"] * 1001}, "`word_boost` must be at most 1000 terms"),
    ({"word_boost": [""]}, "`word_boost` must be terms of 1 to 6 words: (empty)"),
    (
        {"word_boost": ["fine", "what?!"]},
        "'what?!' was included in the word boost list but contains unsupported characters",
    ),
    ({"prompt": "x " * 1501}, "`prompt` must be at most 1500 words"),
    (
        {"prompt": "x", "keyterms_prompt": ["y"], "speech_models": ["universal-3-pro"]},
        "Both prompt and keyterms_prompt can not be used in the same request",
    ),
    ({"speaker_labels": True, "punctuate": False}, "`speaker_labels` can only be used if `punctuate` is True"),
    ({"sentiment_analysis": True, "punctuate": False}, "`sentiment_analysis` can only be used if `punctuate` is True"),
    ({"auto_chapters": True, "punctuate": False}, "`auto_chapters` can only be used if `punctuate` is True"),
    ({"summarization": True, "punctuate": False}, "`summarization` can only be used if `punctuate` is True"),
    ({"summarization": True, "format_text": False}, "`summarization` can only be used if `format_text` is True"),
    (PII | {"format_text": False}, "`redact_pii` can only be used if `format_text` is True"),
    (
        {"redact_pii_return_unredacted": True},
        "`redact_pii_return_unredacted` can only be set to True if `redact_pii` is True",
    ),
    ({"redact_pii_audio": True}, "`redact_pii_audio` can only be used if `redact_pii` is True"),
    ({"redact_static_entities": {"X": ["y"]}}, "`redact_static_entities` can only be used if `redact_pii` is True"),
    ({"redact_pii": True}, "`redact_pii_policies` must name at least one policy if `redact_pii` is True"),
    (
        {"redact_pii": True, "redact_static_entities": {"X!": ["y"]}},
        "`redact_static_entities` must be at most 100 labels with at most 200 short terms each",
    ),
    (
        PII | {"redact_pii_audio_options": {}},
        "`redact_pii_audio_options` can only be used if `redact_pii_audio` is True",
    ),
    (
        {"auto_chapters": True, "summarization": True},
        "Only one of the following models can be enabled at a time: auto_chapters, summarization.",
    ),
    (
        {"summary_model": "informative", "summary_type": "bullets"},
        "`summary_model` can only be used if `summarization` is True",
    ),
    ({"summary_type": "bullets"}, "`summary_type` can only be used if `summarization` is True"),
    (
        {"summarization": True, "summary_model": "informative"},
        "`summary_model` and `summary_type` must be set together",
    ),
    ({"summarization": True, "summary_type": "bullets"}, "`summary_type` and `summary_model` must be set together"),
    (
        {"summarization": True, "summary_model": "catchy", "summary_type": "bullets"},
        "`summary_model` and `summary_type` do not go together: catchy and bullets",
    ),
    (
        {"summarization": True, "summary_model": "conversational", "summary_type": "bullets"},
        "speaker_labels or multichannel required",
    ),
    (understanding(speaker_identification={"speaker_type": "name"}), "speaker_labels or multichannel required"),
    (
        PII | understanding(custom_formatting={"date": "mm/dd/yyyy", "phone_number": "xxx"}),
        "redact pii phone_number not compatible with formatting phone_number; "
        "redact pii date not compatible with formatting date",
    ),
    (
        {"speaker_labels": True}
        | understanding(speaker_identification={"speaker_type": "name", "known_values": ["x" * 36]}),
        "`known_values` must be at most 35 characters long",
    ),
    (
        {"speaker_labels": True} | understanding(speaker_identification={"speaker_type": "role"}),
        "`known_values` or `speakers` is required if `speaker_type` is role",
    ),
    (
        understanding(translation={"target_languages": ["de", "klingon"]}),
        "`target_languages` must be one or more supported language codes",
    ),
    (
        understanding(translation={"target_languages": []}),
        "`target_languages` must be one or more supported language codes",
    ),
    (
        {"language_confidence_threshold": 0.5},
        "`language_confidence_threshold` can only be used if `language_detection` is True",
    ),
    (
        {"webhook_url": URL, "webhook_auth_header_name": "X"},
        "`webhook_auth_header_name` and `webhook_auth_header_value` must be set together",
    ),
    (
        {"webhook_url": URL, "webhook_auth_header_value": "x"},
        "`webhook_auth_header_value` and `webhook_auth_header_name` must be set together",
    ),
    (
        {"webhook_auth_header_name": "X", "webhook_auth_header_value": "y"},
        "`webhook_auth_header_name` can only be used if `webhook_url` is set",
    ),
    (
        {"webhook_url": URL, "webhook_auth_header_name": "X Y", "webhook_auth_header_value": "y"},
        "`webhook_auth_header_name` must be 1 to 1000 letters, digits, - or _",
    ),
    (
        {"webhook_url": URL, "webhook_auth_header_name": "X", "webhook_auth_header_value": "a\r\nB: c"},
        "`webhook_auth_header_value` must be 1 to 1000 characters without line breaks",
    ),
]


@pytest.mark.parametrize(("params", "text"), CASES, ids=[text[:60] for _, text in CASES])
def test_a_broken_rule_is_told(api: Api, params: dict[str, Any], text: str) -> None:
    reply = api.http.post("/v2/transcript", json={"audio_url": URL, **params})
    assert (reply.status_code, reply.json()) == (400, {"error": text})
    assert api.http.get("/v2/transcript").json()["transcripts"] == []


def test_every_rule_is_broken_above() -> None:
    def fits(rule_text: str, text: str) -> bool:
        before, _, after = rule_text.partition("{}")
        return text.startswith(before) and text.endswith(after)

    unbroken = [r.text for r in RULES if r.quirk in (None, "-speech_model_accepted", "-addons_wording")]
    unbroken = [rule for rule in unbroken if not any(fits(rule, text) for _, text in CASES)]
    assert unbroken == []


@pytest.mark.parametrize(
    ("quirk", "params", "error"),
    [
        ("speech_models_required", {}, MODELS),
        ("speech_model_accepted", {"speech_model": "best"}, None),
        (
            "addons_wording",
            {"language_code": "fr", "auto_chapters": True},
            "The following addons are not available in this language: auto_chapters",
        ),
    ],
)
def test_a_quirk_changes_a_rule(quirk: str, params: dict[str, Any], error: str | None) -> None:
    with MockServer(quirks=[quirk]) as mock:
        reply = api_of(mock.url).http.post("/v2/transcript", json={"audio_url": URL, **params})
        assert reply.json().get("error") == error
        assert reply.status_code == (400 if error else 200)


@pytest.mark.parametrize(
    "params",
    [
        {"punctuate": "yes"},
        {"speaker_labels": 1},
        {"audio_start_from": -1},
        {"audio_end_at": 2**70},
        {"language_confidence_threshold": 1.5},
        {"content_safety_confidence": 24},
        {"redact_pii_audio_quality": "ogg"},
        {"summary_type": "haiku"},
        {"custom_spelling": [{"from": "x", "to": "y"}]},
        {"redact_static_entities": {"X": "y"}},
        {"speaker_options": {"min_speakers_expected": 0}},
        {"speech_understanding": {"request": {"translation": {}}}},
        {"speech_understanding": {}},
        {"language_detection_options": {"localization": ["en_au", "en_uk"]}},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_type_is_a_schema_error_that_names_the_field(api: Api, params: dict[str, Any]) -> None:
    reply = api.http.post("/v2/transcript", json={"audio_url": URL, **params})
    assert reply.status_code == 400
    assert reply.json() == {"error": "Invalid endpoint schema, please refer to documentation for examples."}
    assert next(iter(params)) in reply.headers["x-mock-hint"]


def test_unknown_parameters_are_accepted_or_refused_as_the_setting_says(api: Api) -> None:
    assert api.http.post("/v2/transcript", json={"audio_url": URL, "nonsense": 1}).status_code == 200
    with MockServer(unknown_params="reject") as mock:
        reply = api_of(mock.url).http.post("/v2/transcript", json={"audio_url": URL, "nonsense": 1})
        assert reply.json() == {"error": "Invalid endpoint schema, please refer to documentation for examples."}
        assert "nonsense" in reply.headers["x-mock-hint"]


def test_a_quirk_that_there_is_not_stops_the_server_with_a_list() -> None:
    with pytest.raises(ValueError, match=r"there is no typo; there are: .*lemur"), MockServer(quirks=["typo"]):
        pass
