"""What the parameters of a request say: of the recognition, of the speakers, of what is to be found out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine.options import Detect, Options

Params = Mapping[str, Any]
DEFAULT_MODELS = ("universal-3-5-pro", "universal-2")
RESULTS: Mapping[str, str] = {
    "auto_highlights": "auto_highlights_result",
    "content_safety": "content_safety_labels",
    "iab_categories": "iab_categories_result",
    "auto_chapters": "chapters",
    "entity_detection": "entities",
    "sentiment_analysis": "sentiment_analysis_results",
    "summarization": "summary",
}
"""Parameters that ask for results, and where these are in the reply."""


def diarized(params: Params) -> bool:
    """Say whether the turns of the transcript have labels."""
    return bool(params.get("speaker_labels") or by_channel(params))


def by_channel(params: Params) -> bool:
    """Say whether the channels are transcribed separately."""
    return bool(params.get("multichannel") or params.get("dual_channel"))


def models(params: Params) -> list[str]:
    """Return the models in the order in which they are to be tried."""
    return list(params.get("speech_models") or DEFAULT_MODELS)


def tasks(params: Params) -> dict[str, Any]:
    """Return the speech understanding tasks that are asked for."""
    request = (params.get("speech_understanding") or {}).get("request") or {}
    return {name: task for name, task in request.items() if isinstance(task, dict)}


def options_of(params: Params) -> Options:
    """Return what the parameters ask of the recognition itself."""
    speakers = params.get("speaker_options") or {}
    expected = params.get("speakers_expected")
    fewest, most = expected or speakers.get("min_speakers_expected"), speakers.get("max_speakers_expected")
    return Options(
        start=params.get("audio_start_from"),
        end=params.get("audio_end_at"),
        least_speech=params.get("speech_threshold") or None,
        speakers=(fewest or 1, expected or most) if fewest or most else None,
        detect=_detect(params) if params.get("language_detection") else None,
    )


def _detect(params: Params) -> Detect:
    options = params.get("language_detection_options") or {}
    expected = options.get("expected_languages") or ()
    fallback = options.get("fallback_language")
    return Detect(
        expected=() if "all" in expected else tuple(expected),
        fallback=None if fallback == "auto" else fallback,
        least_confidence=params.get("language_confidence_threshold") or 0.0,
        fails_unsure=options.get("on_low_language_confidence") != "fallback",
        fails_silent=options.get("on_no_speech_detected") != "fallback",
    )
