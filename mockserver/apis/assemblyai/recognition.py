"""From the parameters of a request to what they ask of the recognition itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine.options import Detect, Options


def options_of(params: Mapping[str, Any]) -> Options:
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


def _detect(params: Mapping[str, Any]) -> Detect:
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
