"""Which engine a transcript is said to come from."""

from __future__ import annotations

from collections.abc import Collection

from mockserver.engine.store import Row

PRIMARY = "assemblyai_universal_3"
FALLBACK = "whisper_large_v3"


def engine_name(job: Row, quirks: Collection[str]) -> str:
    """Return the engine that has made a job's transcript, as replies name it."""
    if "whisper_only" in quirks:
        return FALLBACK
    if not job["fallback"]:
        return PRIMARY
    return "whisper_fallback" if "whisper_fallback_label" in quirks else FALLBACK
