"""The request bodies. Unknown fields are accepted, as the live service does with its older ones."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict


class TranscriptParams(TypedDict, total=False):
    """The body of POST /v2/transcript; times are milliseconds."""

    __pydantic_config__ = ConfigDict(strict=True, extra="allow")  # type: ignore[misc]

    audio_url: Required[str]
    language_code: str | None
    language_codes: list[str] | None
    language_detection: bool | None
    language_detection_options: dict[str, Any] | None
    language_confidence_threshold: Annotated[float | None, Field(ge=0, le=1)]
    speech_model: str | None
    speech_models: list[str] | None
    punctuate: bool | None
    format_text: bool | None
    disfluencies: bool | None
    multichannel: bool | None
    dual_channel: bool | None
    domain: str | None
    audio_start_from: Annotated[int | None, Field(ge=0)]
    audio_end_at: Annotated[int | None, Field(ge=0)]
    speech_threshold: Annotated[float | None, Field(ge=0, le=1)]
    custom_spelling: list[dict[str, Any]] | None
    keyterms_prompt: list[str] | None
    keyterms_prompt_options: dict[str, Any] | None
    prompt: str | None
    temperature: Annotated[float | None, Field(ge=0, le=1)]
    remove_audio_tags: str | None
    word_boost: list[str] | None
    boost_param: str | None
    filter_profanity: bool | None
    redact_pii: bool | None
    redact_pii_audio: bool | None
    redact_pii_audio_quality: Literal["mp3", "wav"] | None
    redact_pii_audio_options: dict[str, Any] | None
    redact_pii_policies: list[str] | None
    redact_pii_sub: Literal["hash", "entity_name"] | None
    redact_pii_return_unredacted: bool | None
    redact_static_entities: dict[str, list[str]] | None
    speaker_labels: bool | None
    speakers_expected: Annotated[int | None, Field(gt=0)]
    speaker_options: dict[str, Any] | None
    auto_highlights: bool | None
    content_safety: bool | None
    content_safety_confidence: Annotated[int | None, Field(ge=25, le=100)]
    iab_categories: bool | None
    sentiment_analysis: bool | None
    entity_detection: bool | None
    auto_chapters: bool | None
    summarization: bool | None
    summary_model: str | None
    summary_type: str | None
    speech_understanding: dict[str, Any] | None
    custom_topics: bool | None
    topics: list[str] | None
    webhook_url: str | None
    webhook_auth_header_name: str | None
    webhook_auth_header_value: str | None


TRANSCRIPT_PARAMS: TypeAdapter[TranscriptParams] = TypeAdapter(TranscriptParams)
