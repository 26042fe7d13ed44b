"""The speech models of streams, and the two families whose messages differ."""

from __future__ import annotations

MODELS = (
    "universal-streaming-english",
    "universal-streaming-multilingual",
    "whisper-rt",
    "u3-rt-pro",
    "u3-rt-pro-beta-1",
    "u3-rt-agent",
    "universal-3-5-pro",
    "universal-3-6-pro",
    "universal-3-6",
    "universal-3-7-preview",
    "_universal-3-5-notetaker",
)
"""As the service lists them where it refuses another."""
TODAYS, ENGLISH, WHISPER = "universal-3-5-pro", "universal-streaming-english", "whisper-rt"
"""The model of streams that name none: today's, and the one before; and one that always detects the language."""
WORD_BY_WORD = frozenset({ENGLISH, "universal-streaming-multilingual", WHISPER})
"""Models that tell each word as it comes; the others tell phrases, which they may rewrite."""
