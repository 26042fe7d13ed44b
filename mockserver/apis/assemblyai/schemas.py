"""The types of request bodies, for strict validation. What fields demand of each other stands in ``rules.py``."""

from __future__ import annotations

from typing import Annotated, Literal, Required

from pydantic import BeforeValidator, Field, TypeAdapter
from pydantic.types import FailFast
from typing_extensions import TypedDict

_Fraction = Annotated[float, Field(ge=0, le=1)]
_Millis = Annotated[int, Field(ge=0, le=2**53)]


class FirstProblem(FailFast):
    """Validation of a list ends with the first item that is wrong: there may be millions."""

    __hash__ = object.__hash__


Texts = Annotated[list[str], FirstProblem()]
_Effort = Literal["low", "medium"]


def _few(value: object) -> object:
    """Refuse a mapping of very many before each of them is looked at."""
    if isinstance(value, dict) and len(value) > 10_000:
        raise ValueError("too many labels")
    return value


_Spelling = TypedDict("_Spelling", {"from": Annotated[list[str], FirstProblem(), Field(min_length=1)], "to": str})


class _SpeakerOptions(TypedDict, total=False):
    min_speakers_expected: Annotated[int, Field(ge=1)] | None
    max_speakers_expected: Annotated[int, Field(ge=1)] | None


class _LanguageDetectionOptions(TypedDict, total=False):
    expected_languages: Texts | None
    fallback_language: str | None
    code_switching: bool | None
    code_switching_confidence_threshold: _Fraction | None
    localization: Annotated[list[Literal["en_au", "en_uk"]], FirstProblem(), Field(max_length=1)] | None
    on_low_language_confidence: Literal["error", "fallback"] | None
    on_no_speech_detected: Literal["error", "fallback"] | None


class _RedactedAudioOptions(TypedDict, total=False):
    return_redacted_no_speech_audio: bool | None
    override_audio_redaction_method: Literal["silence"] | None


class _KeytermsOptions(TypedDict, total=False):
    keyterms_match_strength: Literal["high", "standard"] | None


class _Translation(TypedDict, total=False):
    target_languages: Required[Texts]
    formal: bool | None
    match_original_utterance: bool | None
    effort: _Effort | None


class _Speaker(TypedDict, total=False):
    role: str | None
    name: str | None
    description: str | None


class _SpeakerIdentification(TypedDict, total=False):
    speaker_type: Required[Literal["role", "name"]]
    known_values: Texts | None
    speakers: Annotated[list[_Speaker], FirstProblem(), Field(max_length=1000)] | None
    effort: _Effort | None


class _CustomFormatting(TypedDict, total=False):
    date: str | None
    phone_number: str | None
    email: str | None
    format_utterances: bool | None
    effort: _Effort | None


class _Summarization(TypedDict, total=False):
    summary_type: Required[Literal["bullets", "paragraph"]]
    headline_length: Annotated[int, Field(ge=5, le=15)] | None
    approximate_chapters: Annotated[int, Field(ge=1, le=1000)] | None
    effort: _Effort | None


class _ActionItems(TypedDict, total=False):
    include_decisions: bool | None
    effort: _Effort | None


class Understanding(TypedDict, total=False):
    """The tasks of speech understanding; several may be asked for together."""

    translation: _Translation
    speaker_identification: _SpeakerIdentification
    custom_formatting: _CustomFormatting
    summarization: _Summarization
    action_items: _ActionItems


class _SpeechUnderstanding(TypedDict, total=False):
    request: Required[Understanding]


class TranscriptParams(TypedDict, total=False):
    """The body of POST /v2/transcript; times are milliseconds, thresholds 0 to 1."""

    audio_url: Required[str]
    language_code: str | None
    language_codes: Texts | None
    language_detection: bool | None
    language_detection_options: _LanguageDetectionOptions | None
    language_confidence_threshold: _Fraction | None
    speech_model: str | None
    speech_models: Texts | None
    punctuate: bool | None
    format_text: bool | None
    disfluencies: bool | None
    multichannel: bool | None
    dual_channel: bool | None
    domain: Literal["medical-v1"] | None
    audio_start_from: _Millis | None
    audio_end_at: _Millis | None
    speech_threshold: _Fraction | None
    custom_spelling: Annotated[list[_Spelling], FirstProblem(), Field(max_length=10_000)] | None
    keyterms_prompt: Texts | None
    keyterms_prompt_options: _KeytermsOptions | None
    prompt: str | None
    temperature: _Fraction | None
    remove_audio_tags: Literal["all", "speaker"] | None
    word_boost: Texts | None
    boost_param: Literal["low", "default", "high"] | None
    filter_profanity: bool | None
    redact_pii: bool | None
    redact_pii_audio: bool | None
    redact_pii_audio_quality: Literal["mp3", "wav"] | None
    redact_pii_audio_options: _RedactedAudioOptions | None
    redact_pii_policies: Texts | None
    redact_pii_sub: Literal["hash", "entity_name"] | None
    redact_pii_return_unredacted: bool | None
    redact_static_entities: Annotated[dict[str, Texts], BeforeValidator(_few)] | None
    speaker_labels: bool | None
    speakers_expected: Annotated[int, Field(gt=0)] | None
    speaker_options: _SpeakerOptions | None
    auto_highlights: bool | None
    content_safety: bool | None
    content_safety_confidence: Annotated[int, Field(ge=25, le=100)] | None
    iab_categories: bool | None
    sentiment_analysis: bool | None
    entity_detection: bool | None
    auto_chapters: bool | None
    summarization: bool | None
    summary_model: Literal["informative", "conversational", "catchy"] | None
    summary_type: Literal["bullets", "bullets_verbose", "gist", "headline", "paragraph"] | None
    speech_understanding: _SpeechUnderstanding | None
    custom_topics: bool | None
    topics: Texts | None
    webhook_url: str | None
    webhook_auth_header_name: str | None
    webhook_auth_header_value: str | None
    acoustic_model: str | None
    language_model: str | None
    speed_boost: bool | None


TRANSCRIPT_PARAMS: TypeAdapter[TranscriptParams] = TypeAdapter(TranscriptParams)
KNOWN_PARAMS = frozenset(TranscriptParams.__annotations__)
