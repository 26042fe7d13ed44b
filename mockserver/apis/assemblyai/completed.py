"""What is computed from the transcript of a completed job: the whole object, and every export.

Nothing here is needed before the first transcript is asked for, and what it imports takes long: so it is imported
late. All of it may run in another process.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from mockserver.apis.assemblyai.document import Document
from mockserver.apis.assemblyai.findings import findings
from mockserver.apis.assemblyai.languages import MEDICAL
from mockserver.apis.assemblyai.params import by_channel, diarized, tasks
from mockserver.apis.assemblyai.render import base, params_of, seconds
from mockserver.apis.assemblyai.turns import turns_view, word_view
from mockserver.apis.assemblyai.understanding import respond, translated_texts, translated_turns
from mockserver.engine import views
from mockserver.engine.store import Row
from mockserver.engine.transcripts import Transcript
from mockserver.engine.views import Passage

_BROADER = (
    'For highest accuracy and broadest language coverage: set "speech_models" to ["universal-3-pro", "universal-2"].'
)


def document_of(job: Row, transcript: bytes, quirks: Collection[str]) -> Document:
    """Return the transcript of a completed job as its request asked for it."""
    return Document(params_of(job), Transcript.decode(transcript), quirks)


def finished(job: Row, transcript: bytes, quirks: Collection[str], public_id: int) -> bytes:
    """Render a completed job from its encoded transcript."""
    params = params_of(job)
    view = base(public_id, job, params, quirks)
    document = Document(params, Transcript.decode(transcript), quirks)
    view |= _heard(document) | findings(document) | _understood(document)
    _translate(view, document)
    if by_channel(params):
        view["audio_channels"] = job["channels"]
    return orjson.dumps(view)


def _heard(document: Document) -> dict[str, Any]:
    params, transcript = document.params, document.shown
    turns = turns_view(transcript.turns)
    words = [word for turn in turns for word in turn["words"]]
    confidences = [word["confidence"] for word in words]
    heard: dict[str, Any] = {
        "language_code": document.language_code,
        "text": transcript.text,
        "words": words,
        "utterances": turns if diarized(params) else None,
        "confidence": sum(confidences) / len(confidences) if confidences else 0.0,
        "audio_duration": seconds(transcript.duration),
        "speech_model_used": document.model,
    }
    if params.get("language_detection"):
        heard["language_confidence"] = document.language.confidence
        heard["language_detection_results"] = _switching(document)
    if params.get("redact_pii_return_unredacted"):
        plain = turns_view(document.plain.turns)
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


def understanding_of(job: Row, transcript: bytes, quirks: Collection[str], request: dict[str, Any]) -> dict[str, Any]:
    """Return what tasks of speech understanding find in a transcript that was made without them."""
    params = {**params_of(job), "speech_understanding": {"request": request}}
    document = Document(params, Transcript.decode(transcript), quirks)
    asked = tasks(params)
    view = _understood(document)
    named = "speaker_identification" in asked
    if diarized(params) and (named or (asked.get("translation") or {}).get("match_original_utterance")):
        view["utterances"] = turns_view(document.shown.turns)
    if named:
        view["words"] = [word for turn in view["utterances"] for word in turn["words"]]
    _translate(view, document)
    return view


def _translate(view: dict[str, Any], document: Document) -> None:
    task = tasks(document.params).get("translation")
    if task is None:
        return
    view["translated_texts"] = translated_texts(task, document)
    turns = translated_turns(task, document)
    if turns is not None and view.get("utterances") is not None:
        for utterance, texts in zip(view["utterances"], turns, strict=True):
            utterance["translated_texts"] = texts


def _sentence(passage: Passage) -> dict[str, Any]:
    """Render a sentence."""
    view = _paragraph(passage) | {"speaker": passage.speaker}
    return view if passage.channel is None else view | {"channel": str(passage.channel)}


def _paragraph(passage: Passage) -> dict[str, Any]:
    """Render a paragraph; its confidence is that of its first word, as in all published examples."""
    return {
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "confidence": passage.words[0].confidence,
        "words": [word_view(word, word) for word in passage.words],
    }


def _passages(job: Row, document: Document, name: str, found: Sequence[dict[str, Any]]) -> bytes:
    """Render the reply with all sentences, or all paragraphs."""
    confidences = [word.confidence for word in document.shown.words]
    return orjson.dumps(
        {
            name: found,
            "id": job["id"],
            "confidence": sum(confidences) / len(confidences) if confidences else 0.0,
            "audio_duration": seconds(document.shown.duration),
            "speech_model_used": document.model,
        }
    )


def sentences(job: Row, transcript: bytes, quirks: Collection[str]) -> bytes:
    """Render the reply with all sentences."""
    document = document_of(job, transcript, quirks)
    shown = [_sentence(passage) for passage in document.shown_sentences]
    return _passages(job, document, "sentences", shown)


def paragraphs(job: Row, transcript: bytes, quirks: Collection[str]) -> bytes:
    """Render the reply with all paragraphs."""
    document = document_of(job, transcript, quirks)
    shown = [_paragraph(passage) for passage in views.paragraphs(document.shown_sentences)]
    return _passages(job, document, "paragraphs", shown)


def captions(job: Row, transcript: bytes, quirks: Collection[str], form: str, width: int | None) -> bytes:
    """Render captions."""
    write = {"srt": views.srt, "vtt": views.vtt}[form]
    return write(document_of(job, transcript, quirks).shown, width).encode()


def found(job: Row, transcript: bytes, quirks: Collection[str], wanted: Sequence[str]) -> bytes:
    """Render the places where words and phrases are said."""
    matches = views.search(document_of(job, transcript, quirks).shown, wanted)
    return orjson.dumps(
        {
            "id": job["id"],
            "total_count": sum(len(match.places) for match in matches),
            "matches": [
                {"text": m.text, "count": len(m.places), "timestamps": m.times, "indexes": m.places} for m in matches
            ],
        }
    )
