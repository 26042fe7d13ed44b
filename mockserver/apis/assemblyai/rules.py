"""What the fields of a request demand of each other, as data: the first rule that is broken gives the answer.

``known`` texts are those of the real service; the others are worded like them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from mockserver.apis.assemblyai.languages import LANGUAGES, unavailable
from mockserver.apis.assemblyai.params import Params, diarized, models, tasks

MODELS = ("universal-3-pro", "universal-2", "universal-3-5-pro")
_MODELS_TEXT = (
    '"speech_models" must be a non-empty list containing one or more of: '
    '"universal-3-pro", "universal-2", "universal-3-5-pro"'
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]{1,1000}")
_ENTITY_LABEL = re.compile(r"[A-Za-z0-9 _-]{1,80}")
_BOOSTABLE = re.compile(r"[\w\s'’.&/-]*")
_SUMMARIES = {
    "informative": {"bullets", "bullets_verbose", "headline", "paragraph"},
    "conversational": {"bullets", "bullets_verbose", "headline", "paragraph"},
    "catchy": {"headline", "gist"},
}
_FORMATTED_KINDS = ("phone_number", "date", "email")
_REDACTED_KINDS = {"email": "email_address"}


class Rule(NamedTuple):
    """A demand on a request that has ``field``.

    ``breach`` says whether it is broken, or what by: that takes the place of ``{}`` in the text.
    """

    field: str
    text: str
    breach: Callable[[Params], bool | str | None]
    known: bool = False
    quirk: str | None = None
    """The rule is there with this quirk only; with ``-`` before its name, only without it."""


def broken(params: Params, quirks: Collection[str], among: Collection[str] | None = None) -> str | None:
    """Return the text of the first rule that is broken, or None; ``among`` are the fields whose rules are looked at."""
    fields = params if among is None else among
    for place in sorted(place for field in fields for place in _PLACES.get(field, ())):
        rule = RULES[place]
        found = rule.breach(params) if _applies(rule, quirks) else None
        if found is True:
            return rule.text
        if isinstance(found, str):
            return rule.text.replace("{}", found)
    return None


def _applies(rule: Rule, quirks: Collection[str]) -> bool:
    if rule.quirk is None:
        return True
    return rule.quirk[1:] not in quirks if rule.quirk.startswith("-") else rule.quirk in quirks


def _needs(field: str, needed: str) -> Rule:
    """``field`` may only be used together with ``needed``."""
    return Rule(
        field,
        f"`{field}` can only be used if `{needed}` is True",
        lambda params: params[field] not in (None, False) and not params.get(needed),
    )


def _needs_default(field: str, needed: str) -> Rule:
    """``field`` may not be used where ``needed``, which is on unless it is sent, is switched off."""
    return Rule(
        field,
        f"`{field}` can only be used if `{needed}` is True",
        lambda params: bool(params[field]) and params.get(needed) is False,
    )


def _goes_with(field: str, other: str) -> Rule:
    """``field`` may only be sent together with ``other``."""
    return Rule(
        field,
        f"`{field}` and `{other}` must be set together",
        lambda params: params[field] is not None and params.get(other) is None,
    )


def _excludes(field: str, other: str, *, known: bool = False) -> Rule:
    return Rule(
        field,
        f"Both {field} and {other} can not be used in the same request.",
        lambda params: params[field] not in (None, False) and params.get(other) not in (None, False),
        known,
    )


def _bad_models(params: Params) -> bool:
    asked = params.get("speech_models")
    return asked is not None and (not asked or any(model not in MODELS for model in asked))


def _languages_wrong(params: Params) -> bool:
    codes = params.get("language_codes")
    if codes is None:
        return False
    return not 1 <= len(codes) <= 2 or not all(c in LANGUAGES for c in codes) or not any(c[:2] == "en" for c in codes)


def _fallback_wrong(params: Params) -> bool:
    options = params.get("language_detection_options") or {}
    fallback, expected = options.get("fallback_language"), options.get("expected_languages") or ["all"]
    if fallback in (None, "auto"):
        return options.get("on_no_speech_detected") == "fallback"
    return fallback not in LANGUAGES or ("all" not in expected and fallback not in expected)


def _not_in_this_language(params: Params) -> str | None:
    return ", ".join(unavailable(params)) or None


def _expected_wrong(params: Params) -> bool:
    expected = (params["language_detection_options"] or {}).get("expected_languages") or ()
    return any(code != "all" and code not in LANGUAGES for code in expected)


def _long_term(terms: Sequence[str] | None) -> str | None:
    return next((term[:100] or "(empty)" for term in terms or () if not 1 <= len(term.split()) <= 6), None)


def _too_many_terms(params: Params) -> str | None:
    most = 200 if set(models(params)) == {"universal-2"} else 1000
    return str(most) if len(params.get("keyterms_prompt") or ()) > most else None


def _unsupported_term(params: Params) -> str | None:
    return next((term[:100] for term in params.get("word_boost") or () if not _BOOSTABLE.fullmatch(term)), None)


def _speakers_out_of_order(params: Params) -> bool:
    options = params.get("speaker_options") or {}
    low, high = options.get("min_speakers_expected"), options.get("max_speakers_expected")
    return low is not None and high is not None and low > high


def _window_empty(params: Params) -> bool:
    end = params.get("audio_end_at")
    return end is not None and end <= (params.get("audio_start_from") or 0)


def _spelling_wrong(params: Params) -> bool:
    spellings = params.get("custom_spelling") or ()
    return any(
        len(spelling["to"].split()) != 1 or not all(1 <= len(phrase.split()) <= 5 for phrase in spelling["from"])
        for spelling in spellings
    )


def _static_wrong(params: Params) -> bool:
    entities = params.get("redact_static_entities") or {}
    return len(entities) > 100 or any(
        not _ENTITY_LABEL.fullmatch(label) or len(terms) > 200 or any(not 0 < len(term) <= 200 for term in terms)
        for label, terms in entities.items()
    )


def _summary_mismatch(params: Params) -> str | None:
    model, form = params.get("summary_model"), params.get("summary_type")
    if model is None or form is None or form in _SUMMARIES[model]:
        return None
    return f"{model} and {form}"


def _redacted_and_formatted(params: Params) -> str | None:
    policies = params.get("redact_pii_policies") or () if params.get("redact_pii") else ()
    formats = tasks(params).get("custom_formatting") or {}
    clashes = [k for k in _FORMATTED_KINDS if formats.get(k) and _REDACTED_KINDS.get(k, k) in policies]
    return "; ".join(f"redact pii {k} not compatible with formatting {k}" for k in clashes) or None


def _long_values(params: Params) -> bool:
    task = tasks(params).get("speaker_identification") or {}
    return any(len(value) > 35 for value in task.get("known_values") or ())


def _nobody_named(params: Params) -> bool:
    task = tasks(params).get("speaker_identification") or {}
    return task.get("speaker_type") == "role" and not task.get("known_values") and not task.get("speakers")


def _targets_wrong(params: Params) -> bool:
    task = tasks(params).get("translation")
    return task is not None and not 0 < len(task["target_languages"]) <= len(LANGUAGES & {*task["target_languages"]})


def _bad_header_value(params: Params) -> bool:
    value = params.get("webhook_auth_header_value")
    return value is not None and (not 1 <= len(value) <= 1000 or any(mark in value for mark in "\r\n\0"))


RULES = (
    Rule(
        "speech_model",
        "The speech_model parameter is deprecated. Use speech_models: "
        '["universal-3-5-pro", "universal-2"] for the best accuracy, performance, and language coverage.',
        lambda params: params["speech_model"] is not None,
        known=True,
        quirk="-speech_model_accepted",
    ),
    Rule("speech_models", _MODELS_TEXT, _bad_models, known=True),
    Rule(
        "audio_url",
        _MODELS_TEXT,
        lambda params: params.get("speech_models") is None,
        known=True,
        quirk="speech_models_required",
    ),
    Rule(
        "language_code",
        "`language_code` must be one of the supported language codes",
        lambda params: params["language_code"] is not None and params["language_code"] not in LANGUAGES,
    ),
    Rule(
        "language_code",
        "The following models are not available in this language: {}",
        _not_in_this_language,
        known=True,
        quirk="-addons_wording",
    ),
    Rule(
        "language_code",
        "The following addons are not available in this language: {}",
        _not_in_this_language,
        known=True,
        quirk="addons_wording",
    ),
    _excludes("language_code", "language_detection"),
    _excludes("language_code", "language_codes"),
    _needs("language_confidence_threshold", "language_detection"),
    Rule(
        "language_codes",
        "`language_codes` must be at most two supported language codes, one of them English",
        _languages_wrong,
    ),
    Rule(
        "language_detection_options",
        "`expected_languages` must be supported language codes",
        _expected_wrong,
    ),
    Rule(
        "language_detection_options",
        "`fallback_language` must be one of `expected_languages`, and cannot be auto where it stands in for speech",
        _fallback_wrong,
    ),
    Rule(
        "speakers_expected",
        "Both speaker_options and speakers_expected can not be used in the same request.",
        lambda params: params["speakers_expected"] is not None and params.get("speaker_options") is not None,
        known=True,
    ),
    _needs("speakers_expected", "speaker_labels"),
    _needs("speaker_options", "speaker_labels"),
    Rule(
        "speaker_options",
        "`min_speakers_expected` must not be greater than `max_speakers_expected`",
        _speakers_out_of_order,
    ),
    Rule("audio_end_at", "`audio_start_from` must be less than `audio_end_at`", _window_empty),
    Rule("custom_spelling", "`custom_spelling` must map at most five words to one word", _spelling_wrong),
    Rule("keyterms_prompt", "`keyterms_prompt` must be at most {} terms", _too_many_terms),
    Rule(
        "keyterms_prompt",
        "`keyterms_prompt` must be terms of 1 to 6 words: {}",
        lambda params: _long_term(params["keyterms_prompt"]),
    ),
    Rule(
        "word_boost", "`word_boost` must be at most 1000 terms", lambda params: len(params["word_boost"] or ()) > 1000
    ),
    Rule(
        "word_boost",
        "`word_boost` must be terms of 1 to 6 words: {}",
        lambda params: _long_term(params["word_boost"]),
    ),
    Rule(
        "word_boost",
        "'{}' was included in the word boost list but contains unsupported characters",
        _unsupported_term,
        known=True,
    ),
    Rule("prompt", "`prompt` must be at most 1500 words", lambda params: len((params["prompt"] or "").split()) > 1500),
    Rule(
        "prompt",
        "Both prompt and keyterms_prompt can not be used in the same request",
        lambda params: (
            bool(params["prompt"] and params.get("keyterms_prompt")) and models(params)[0] == "universal-3-pro"
        ),
    ),
    _needs_default("speaker_labels", "punctuate"),
    _needs_default("sentiment_analysis", "punctuate"),
    _needs_default("auto_chapters", "punctuate"),
    _needs_default("summarization", "punctuate"),
    _needs_default("summarization", "format_text"),
    _needs_default("redact_pii", "format_text"),
    Rule(
        "redact_pii_return_unredacted",
        "`redact_pii_return_unredacted` can only be set to True if `redact_pii` is True",
        lambda params: bool(params["redact_pii_return_unredacted"]) and not params.get("redact_pii"),
        known=True,
    ),
    _needs("redact_pii_audio", "redact_pii"),
    _needs("redact_static_entities", "redact_pii"),
    Rule(
        "redact_pii",
        "`redact_pii_policies` must name at least one policy if `redact_pii` is True",
        lambda params: (
            bool(params["redact_pii"])
            and not (params.get("redact_pii_policies") or params.get("redact_static_entities"))
        ),
    ),
    Rule(
        "redact_static_entities",
        "`redact_static_entities` must be at most 100 labels with at most 200 short terms each",
        _static_wrong,
    ),
    _needs("redact_pii_audio_options", "redact_pii_audio"),
    Rule(
        "auto_chapters",
        "Only one of the following models can be enabled at a time: auto_chapters, summarization.",
        lambda params: bool(params["auto_chapters"] and params.get("summarization")),
        known=True,
    ),
    _needs("summary_model", "summarization"),
    _needs("summary_type", "summarization"),
    _goes_with("summary_model", "summary_type"),
    _goes_with("summary_type", "summary_model"),
    Rule("summary_model", "`summary_model` and `summary_type` do not go together: {}", _summary_mismatch),
    Rule(
        "summary_model",
        "speaker_labels or multichannel required",
        lambda params: params["summary_model"] == "conversational" and not diarized(params),
    ),
    Rule(
        "speech_understanding",
        "speaker_labels or multichannel required",
        lambda params: "speaker_identification" in tasks(params) and not diarized(params),
        known=True,
    ),
    Rule("speech_understanding", "{}", _redacted_and_formatted, known=True),
    Rule("speech_understanding", "`known_values` must be at most 35 characters long", _long_values),
    Rule(
        "speech_understanding",
        "`known_values` or `speakers` is required if `speaker_type` is role",
        _nobody_named,
    ),
    Rule(
        "speech_understanding",
        "`target_languages` must be one or more supported language codes",
        _targets_wrong,
    ),
    _goes_with("webhook_auth_header_name", "webhook_auth_header_value"),
    _goes_with("webhook_auth_header_value", "webhook_auth_header_name"),
    Rule(
        "webhook_auth_header_name",
        "`webhook_auth_header_name` can only be used if `webhook_url` is set",
        lambda params: params["webhook_auth_header_name"] is not None and not params.get("webhook_url"),
    ),
    Rule(
        "webhook_auth_header_name",
        "`webhook_auth_header_name` must be 1 to 1000 letters, digits, - or _",
        lambda params: (
            params["webhook_auth_header_name"] is not None
            and not _HEADER_NAME.fullmatch(params["webhook_auth_header_name"])
        ),
    ),
    Rule(
        "webhook_auth_header_value",
        "`webhook_auth_header_value` must be 1 to 1000 characters without line breaks",
        _bad_header_value,
    ),
)
_PLACES: dict[str, list[int]] = {}
for _place, _rule in enumerate(RULES):
    _PLACES.setdefault(_rule.field, []).append(_place)
