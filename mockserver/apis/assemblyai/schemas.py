"""The request bodies. Unknown fields are accepted, as the live service does with its older ones."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class TranscriptParams(BaseModel):
    """The body of POST /v2/transcript; times are milliseconds."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    audio_url: str
    language_code: str | None = None
    language_codes: list[str] | None = None
    language_detection: bool | None = None
    language_detection_options: dict[str, Any] | None = None
    language_confidence_threshold: float | None = Field(None, ge=0, le=1)
    speech_model: str | None = None
    speech_models: list[str] | None = None
    punctuate: bool | None = None
    format_text: bool | None = None
    disfluencies: bool | None = None
    multichannel: bool | None = None
    dual_channel: bool | None = None
    domain: str | None = None
    audio_start_from: int | None = Field(None, ge=0)
    audio_end_at: int | None = Field(None, ge=0)
    speech_threshold: float | None = Field(None, ge=0, le=1)
    custom_spelling: list[dict[str, Any]] | None = None
    keyterms_prompt: list[str] | None = None
    keyterms_prompt_options: dict[str, Any] | None = None
    prompt: str | None = None
    temperature: float | None = Field(None, ge=0, le=1)
    remove_audio_tags: str | None = None
    word_boost: list[str] | None = None
    boost_param: str | None = None
    filter_profanity: bool | None = None
    redact_pii: bool | None = None
    redact_pii_audio: bool | None = None
    redact_pii_audio_quality: Literal["mp3", "wav"] | None = None
    redact_pii_audio_options: dict[str, Any] | None = None
    redact_pii_policies: list[str] | None = None
    redact_pii_sub: Literal["hash", "entity_name"] | None = None
    redact_pii_return_unredacted: bool | None = None
    redact_static_entities: dict[str, list[str]] | None = None
    speaker_labels: bool | None = None
    speakers_expected: int | None = Field(None, gt=0)
    speaker_options: dict[str, Any] | None = None
    auto_highlights: bool | None = None
    content_safety: bool | None = None
    content_safety_confidence: int | None = Field(None, ge=25, le=100)
    iab_categories: bool | None = None
    sentiment_analysis: bool | None = None
    entity_detection: bool | None = None
    auto_chapters: bool | None = None
    summarization: bool | None = None
    summary_model: str | None = None
    summary_type: str | None = None
    speech_understanding: dict[str, Any] | None = None
    custom_topics: bool | None = None
    topics: list[str] | None = None
    webhook_url: str | None = None
    webhook_auth_header_name: str | None = None
    webhook_auth_header_value: str | None = None
