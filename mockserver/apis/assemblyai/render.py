"""The transcript object: its keys in the order of the real service's replies, idle values included."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from mockserver.apis.assemblyai.errors import failure
from mockserver.engine.keys import Project
from mockserver.engine.store import Row
from mockserver.engine.transcripts import Transcript, Turn, Word

_DEFAULT_MODELS = ["universal-3-5-pro", "universal-2"]
_UNAVAILABLE = {"status": "unavailable", "results": [], "summary": {}}

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
    "speech_models": _DEFAULT_MODELS,
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
_COMPUTED = {
    "id", "status", "text", "words", "utterances", "confidence", "audio_duration", "webhook_status_code", "throttled",
    "webhook_auth", "auto_highlights_result", "content_safety_labels", "iab_categories_result", "error",
    "language_detection_results", "language_confidence", "speech_model", "speech_model_used", "chapters", "summary",
    "sentiment_analysis_results", "entities", "custom_topics_results", "is_deleted", "project_id", "token_id",
    "language_model", "acoustic_model", "speed_boost", "translated_texts", "speech_understanding",
}  # fmt: skip
_ECHOED_IF_SENT = {"domain", "language_codes", "keyterms_prompt_options", "redact_pii_return_unredacted"}


def unfinished(project: Project, job: Row) -> bytes:
    """Render a job that is queued or processing."""
    return orjson.dumps(_base(project, job))


def finished(project: Project, job: Row, transcript: bytes | None) -> bytes:
    """Render a completed job from its encoded transcript, or a failed one."""
    view = _base(project, job)
    if transcript is None:
        view["error"] = failure(job)
    else:
        view |= _results(job, Transcript.decode(transcript), _params(job))
    return orjson.dumps(view)


def _params(job: Row) -> dict[str, Any]:
    params: dict[str, Any] = orjson.loads(job["params"])
    return params


def _base(project: Project, job: Row) -> dict[str, Any]:
    params = _params(job)
    view = dict(_IDLE)
    view |= {name: value for name, value in params.items() if _is_echoed(name, value)}
    view |= {
        "id": job["id"],
        "status": job["status"],
        "audio_url": job["url"],
        "language_code": _full_code(params.get("language_code")),
        "webhook_auth": bool(params.get("webhook_auth_header_name")),
        "throttled": bool(job["waiting"]),
        "project_id": project.public_id,
        "token_id": project.public_id,
    }
    return view


def _is_echoed(name: str, value: object) -> bool:
    return name in _ECHOED_IF_SENT or (name in _IDLE and value is not None and name not in _COMPUTED)


def _full_code(code: str | None) -> str | None:
    return "en_us" if code == "en" else code


def _results(job: Row, transcript: Transcript, params: Mapping[str, Any]) -> dict[str, Any]:
    by_channel = bool(params.get("multichannel") or params.get("dual_channel"))
    labelled = by_channel or bool(params.get("speaker_labels"))
    turns = [_labelled(turn, params, labelled, by_channel) for turn in transcript.turns]
    words = [word for turn in turns for word in turn["words"]]
    confidences = [word["confidence"] for word in words]
    results: dict[str, Any] = {
        "language_code": _full_code(params.get("language_code") or transcript.language),
        "text": transcript.text,
        "words": words,
        "utterances": turns if labelled else None,
        "confidence": sum(confidences) / len(confidences) if confidences else 0.0,
        "audio_duration": -(-transcript.duration // 1000),
        "speech_model_used": (params.get("speech_models") or _DEFAULT_MODELS)[0],
        "content_safety_labels": _UNAVAILABLE,
        "iab_categories_result": _UNAVAILABLE,
    }
    if params.get("language_detection"):
        results["language_confidence"] = _language_confidence(job["transcript"])
    if params.get("multichannel"):
        results["audio_channels"] = job["channels"]
    return results


def _labelled(turn: Turn, params: Mapping[str, Any], labelled: bool, by_channel: bool) -> dict[str, Any]:
    channel = str(turn.channel or 1) if by_channel else None
    speaker = turn.speaker if labelled else None
    if channel is not None:
        speaker = f"{channel}{turn.speaker}" if params.get("speaker_labels") else channel
    words = [_word(word, speaker, channel) for word in turn.words]
    view = {
        "speaker": speaker,
        "text": turn.text,
        "confidence": sum(word.confidence for word in turn.words) / len(turn.words),
        "start": turn.words[0].start,
        "end": turn.words[-1].end,
        "words": words,
    }
    return view | {"channel": channel} if channel is not None else view


def _word(word: Word, speaker: str | None, channel: str | None) -> dict[str, Any]:
    view = {
        "text": word.text,
        "start": word.start,
        "end": word.end,
        "confidence": word.confidence,
        "speaker": speaker,
    }
    return view | {"channel": channel} if channel is not None else view


def _language_confidence(key: str) -> float:
    return round(0.9 + blake2b(key.encode(), digest_size=2).digest()[0] / 2600, 4)
