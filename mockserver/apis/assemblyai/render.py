"""The transcript object: its keys in the order of the real service's replies, idle values included."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from mockserver.apis.assemblyai.document import Document
from mockserver.apis.assemblyai.errors import failure
from mockserver.apis.assemblyai.findings import SWITCHES, findings
from mockserver.apis.assemblyai.languages import MEDICAL, full_code
from mockserver.apis.assemblyai.rules import DEFAULT_MODELS, by_channel, diarized, tasks
from mockserver.apis.assemblyai.understanding import respond, translated_texts, translated_turns
from mockserver.engine.store import Row
from mockserver.engine.transcripts import Transcript, Turn, Word
from mockserver.engine.views import Passage, Spoken
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
_COMPUTED = frozenset(SWITCHES.values()) | {
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
_BROADER = (
    'For highest accuracy and broadest language coverage: set "speech_models" to ["universal-3-pro", "universal-2"].'
)


def unfinished(public_id: int, job: Row, quirks: Collection[str]) -> bytes:
    """Render a job that is queued or processing."""
    return orjson.dumps(_base(public_id, job, _params(job), quirks))


def submitted(public_id: int, job: Row, quirks: Collection[str]) -> bytes:
    """Render a job that has just come in."""
    view = _base(public_id, job, _params(job), quirks)
    if "processing_first" in quirks:
        view["status"] = "processing"
    return orjson.dumps(view)


def failed(public_id: int, job: Row, quirks: Collection[str]) -> bytes:
    """Render a job that has ended with an error."""
    return orjson.dumps(_base(public_id, job, _params(job), quirks) | {"error": failure(job)})


def finished(job: Row, transcript: bytes, quirks: Collection[str], public_id: int) -> bytes:
    """Render a completed job from its encoded transcript."""
    params = _params(job)
    view = _base(public_id, job, params, quirks)
    document = Document(params, Transcript.decode(transcript), quirks)
    view |= _heard(document) | findings(document) | _understood(document)
    _translate(view, document)
    if by_channel(params):
        view["audio_channels"] = job["channels"]
    return orjson.dumps(view)


def deleted(public_id: int, job: Row) -> bytes:
    """Render a job whose transcript was deleted."""
    before = _base(public_id, job, {}, ())
    if job["status"] == "completed" and job["duration"] is not None:
        before["audio_duration"] = _seconds(job["duration"])
    kept = {name: before[name] for name in _KEPT}
    return orjson.dumps(
        dict.fromkeys(_IDLE) | kept | _DELETED | {"speaker_count": None, "cluster_id": None, "error": None}
    )


def document(job: Row, transcript: bytes, quirks: Collection[str]) -> Document:
    """Return the transcript of a completed job as its request asked for it."""
    return Document(_params(job), Transcript.decode(transcript), quirks)


def _params(job: Row) -> dict[str, Any]:
    params: dict[str, Any] = orjson.loads(job["params"])
    return params


def _base(public_id: int, job: Row, params: Mapping[str, Any], quirks: Collection[str]) -> dict[str, Any]:
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


def _seconds(millis: int) -> int:
    """Return a duration as replies have it: rounded up."""
    return -(-millis // 1000)


def _heard(document: Document) -> dict[str, Any]:
    params, transcript = document.params, document.shown
    turns = _turns(transcript.turns)
    words = [word for turn in turns for word in turn["words"]]
    confidences = [word["confidence"] for word in words]
    heard: dict[str, Any] = {
        "language_code": document.language_code,
        "text": transcript.text,
        "words": words,
        "utterances": turns if diarized(params) else None,
        "confidence": sum(confidences) / len(confidences) if confidences else 0.0,
        "audio_duration": _seconds(transcript.duration),
        "speech_model_used": document.model,
    }
    if params.get("language_detection"):
        heard["language_confidence"] = document.language.confidence
        heard["language_detection_results"] = _switching(document)
    if params.get("redact_pii_return_unredacted"):
        plain = _turns(document.plain.turns)
        heard["unredacted_text"] = document.plain.text
        heard["unredacted_words"] = [word for turn in plain for word in turn["words"]]
        heard["unredacted_utterances"] = plain if diarized(params) else None
    return heard | _metadata(document)


def _switching(document: Document) -> dict[str, Any] | None:
    if not (document.params.get("language_detection_options") or {}).get("code_switching"):
        return None
    found = {"language_code": document.language.code, "confidence": document.language.confidence}
    return {"code_switching_languages": [found]}


def _metadata(document: Document) -> dict[str, Any]:
    warnings = list(_warnings(document))
    domain = document.params.get("domain")
    if not warnings and domain is None:
        return {}
    return {
        "metadata": {
            "domain_used": domain if document.language.code in MEDICAL else None,
            "warning": warnings[0] if warnings else None,
            "warnings": [{"message": warning} for warning in warnings],
        }
    }


def _warnings(document: Document) -> Sequence[str]:
    params, language = document.params, document.language
    warnings = []
    if params.get("speech_models") == ["universal-2"]:
        warnings.append(_BROADER)
    if params.get("domain") is not None and language.code not in MEDICAL:
        warnings.append(f"The domain {params['domain']} is not available in this language and was ignored.")
    if language.is_fallback:
        warnings.append(f"The language could not be detected; {language.code} was used.")
    return warnings


def _understood(document: Document) -> dict[str, Any]:
    asked = tasks(document.params)
    if not asked:
        return {}
    request = document.params["speech_understanding"]["request"]
    understood: dict[str, Any] = {"speech_understanding": {"request": request, "response": respond(asked, document)}}
    return understood


def _translate(view: dict[str, Any], document: Document) -> None:
    task = tasks(document.params).get("translation")
    if task is None:
        return
    view["translated_texts"] = translated_texts(task, document)
    turns = translated_turns(task, document)
    if turns is not None and view["utterances"] is not None:
        for utterance, texts in zip(view["utterances"], turns, strict=True):
            utterance["translated_texts"] = texts


def _turns(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    return [_turn(turn) for turn in turns]


def _turn(turn: Turn) -> dict[str, Any]:
    words = [_word(word, turn) for word in turn.words]
    view = {
        "speaker": turn.speaker,
        "text": turn.text,
        "confidence": sum(word.confidence for word in turn.words) / len(turn.words),
        "start": turn.words[0].start,
        "end": max(word.end for word in turn.words),
        "words": words,
    }
    return view if turn.channel is None else view | {"channel": str(turn.channel)}


def _word(word: Word | Spoken, turn: Turn | Spoken) -> dict[str, Any]:
    view = {
        "text": word.text,
        "start": word.start,
        "end": word.end,
        "confidence": word.confidence,
        "speaker": turn.speaker,
    }
    if turn.channel is not None:
        view["channel"] = str(turn.channel)
    return view


def sentence(passage: Passage) -> dict[str, Any]:
    """Render a sentence."""
    view = paragraph(passage) | {"speaker": passage.speaker}
    return view if passage.channel is None else view | {"channel": str(passage.channel)}


def paragraph(passage: Passage) -> dict[str, Any]:
    """Render a paragraph; its confidence is that of its first word, as in all published examples."""
    return {
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "confidence": passage.words[0].confidence,
        "words": [_word(word, word) for word in passage.words],
    }


def passages(job: Row, document: Document, name: str, found: Sequence[dict[str, Any]]) -> bytes:
    """Render the reply with all sentences, or all paragraphs."""
    confidences = [word.confidence for word in document.shown.words]
    return orjson.dumps(
        {
            name: found,
            "id": job["id"],
            "confidence": sum(confidences) / len(confidences) if confidences else 0.0,
            "audio_duration": _seconds(document.shown.duration),
            "speech_model_used": document.model,
        }
    )
