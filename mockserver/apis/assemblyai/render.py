"""The transcript object: its keys in the order of the real service's replies, idle values included."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from mockserver.apis.assemblyai.errors import failure
from mockserver.apis.assemblyai.languages import full_code
from mockserver.apis.assemblyai.params import DEFAULT_MODELS, RESULTS
from mockserver.engine.store import Row
from mockserver.engine.webhooks import UNREACHABLE

_IDLE: dict[str, Any] = {
    "id": None,
    "language_model": "assemblyai_default",
    "acoustic_model": "assemblyai_default",
    "language_code": None,
    "speech_understanding": None,
    "translated_texts": None,
    "status": None,
    "audio_url": None,
    "text": None,
    "words": None,
    "utterances": None,
    "confidence": None,
    "audio_duration": None,
    "punctuate": True,
    "format_text": True,
    "dual_channel": None,
    "webhook_url": None,
    "webhook_status_code": None,
    "webhook_auth": False,
    "webhook_auth_header_name": None,
    "speed_boost": False,
    "auto_highlights_result": None,
    "auto_highlights": False,
    "audio_start_from": None,
    "audio_end_at": None,
    "word_boost": [],
    "boost_param": None,
    "prompt": None,
    "keyterms_prompt": [],
    "filter_profanity": False,
    "redact_pii": False,
    "redact_pii_audio": False,
    "redact_pii_audio_quality": None,
    "redact_pii_audio_options": None,
    "redact_pii_policies": None,
    "redact_pii_sub": None,
    "redact_static_entities": None,
    "speaker_labels": False,
    "speaker_options": None,
    "content_safety": False,
    "iab_categories": False,
    "content_safety_labels": {},
    "iab_categories_result": {},
    "language_detection": False,
    "language_detection_options": None,
    "language_detection_results": None,
    "language_confidence_threshold": None,
    "language_confidence": None,
    "custom_spelling": None,
    "throttled": False,
    "auto_chapters": False,
    "summarization": False,
    "summary_type": None,
    "summary_model": None,
    "custom_topics": False,
    "topics": [],
    "speech_threshold": None,
    "speech_model": None,
    "speech_models": list(DEFAULT_MODELS),
    "speech_model_used": None,
    "temperature": None,
    "remove_audio_tags": "all",
    "chapters": None,
    "disfluencies": False,
    "entity_detection": False,
    "sentiment_analysis": False,
    "sentiment_analysis_results": None,
    "entities": None,
    "speakers_expected": None,
    "summary": None,
    "custom_topics_results": None,
    "is_deleted": None,
    "multichannel": None,
    "project_id": None,
    "token_id": None,
}
_COMPUTED = frozenset(RESULTS.values()) | {
    "id", "status", "text", "words", "utterances", "confidence", "audio_duration", "webhook_status_code", "throttled",
    "webhook_auth", "error", "language_detection_results", "language_confidence", "speech_model_used",
    "custom_topics_results", "is_deleted", "project_id", "token_id", "translated_texts",
}  # fmt: skip
_ECHOED_IF_SENT = {"domain", "language_codes", "keyterms_prompt_options", "redact_pii_return_unredacted"}
_UNREACHABLE = 999
_DELETED_URL = "http://deleted_by_user"
_KEPT = ("id", "language_model", "acoustic_model", "status", "audio_duration", "project_id", "token_id")
_DELETED = {
    "audio_url": _DELETED_URL,
    "text": "Deleted by user.",
    "webhook_url": _DELETED_URL,
} | dict.fromkeys(
    (
        "webhook_auth", "auto_highlights", "redact_pii", "auto_chapters", "summarization", "sentiment_analysis",
        "entity_detection", "multichannel",
    ),
    False,
) | dict.fromkeys(("speaker_count", "cluster_id", "error"))  # fmt: skip


def unfinished(public_id: int, job: Row, quirks: Collection[str]) -> bytes:
    """Render a job that is queued or processing."""
    return orjson.dumps(base(public_id, job, params_of(job), quirks))


def submitted(public_id: int, job: Row, quirks: Collection[str]) -> bytes:
    """Render a job that has just come in."""
    view = base(public_id, job, params_of(job), quirks)
    if "processing_first" in quirks:
        view["status"] = "processing"
    return orjson.dumps(view)


def failed(public_id: int, job: Row, quirks: Collection[str]) -> bytes:
    """Render a job that has ended with an error."""
    return orjson.dumps(base(public_id, job, params_of(job), quirks) | {"error": failure(job)})


def deleted(public_id: int, job: Row) -> bytes:
    """Render a job whose transcript was deleted."""
    before = base(public_id, job, {}, ())
    if job["status"] == "completed" and job["duration"] is not None:
        before["audio_duration"] = seconds(job["duration"])
    kept = {name: before[name] for name in _KEPT}
    return orjson.dumps(dict.fromkeys(_IDLE) | kept | _DELETED)


def params_of(job: Row) -> dict[str, Any]:
    """Return the parameters of a job's request."""
    params: dict[str, Any] = orjson.loads(job["params"])
    return params


def base(public_id: int, job: Row, params: Mapping[str, Any], quirks: Collection[str]) -> dict[str, Any]:
    """Return what is the same in every state of a job: identity, echoed parameters, idle results."""
    view = dict(_IDLE)
    view |= {name: value for name, value in params.items() if _is_echoed(name, value)}
    status = job["callback_status"]
    view |= {
        "id": job["id"],
        "status": job["status"],
        "audio_url": job["url"],
        "language_code": full_code(params.get("language_code") or _assumed_language(params, quirks)),
        "webhook_auth": bool(params.get("webhook_auth_header_name")),
        "webhook_status_code": _UNREACHABLE if status == UNREACHABLE else status,
        "throttled": bool(job["waiting"]),
        "project_id": public_id,
        "token_id": public_id,
    }
    if params.get("redact_pii"):
        view["redact_pii_sub"] = view["redact_pii_sub"] or "hash"
    expected = params.get("speakers_expected")
    if expected is not None:
        view["speaker_options"] = {
            "min_speakers_expected": expected,
            "max_speakers_expected": expected,
            "advanced_speaker_segmentation": True,
        }
    return view


def _assumed_language(params: Mapping[str, Any], quirks: Collection[str]) -> str | None:
    return "en_us" if "default_english" in quirks and not params.get("language_detection") else None


def _is_echoed(name: str, value: object) -> bool:
    return value is not None and name not in _COMPUTED and (name in _IDLE or name in _ECHOED_IF_SENT)


def seconds(millis: int) -> int:
    """Return a duration as replies have it: rounded up."""
    return -(-millis // 1000)
