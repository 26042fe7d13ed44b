"""The languages, and which features are available in them (vendor's lists of March 2026)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LANGUAGES = frozenset(
    "en en_au en_uk en_us es fr de de_ch it pt nl hi ja zh fi ko pl ru tr uk vi af sq am ar hy as az ba eu be bn bs br "
    "bg my ca hr cs da et fo gl ka el gu ht ha haw he hu is id jw kn kk km lo la lv ln lt lb mk mg ms ml mt mi mr mn "
    "ne no nn oc pa ps fa ro sa sr sn sd si sk sl so su sw sv tl tg ta tt te th bo tk ur uz cy yi yo".split()
)
_ENGLISH = frozenset("en en_au en_uk en_us".split())
_WEST = _ENGLISH | frozenset("es fr de de_ch it pt".split())
_PROFANITY = _WEST | frozenset("nl hi ja".split())
_PII = _PROFANITY | frozenset(
    "zh fi ko pl ru tr uk vi af ar be bg my ca hr cs da et ka el he hu is id km lv lt lb ms no fa ro sk sl sw sv tl "
    "ta".split()
)
_AVAILABLE: Mapping[str, frozenset[str]] = {
    "auto_chapters": _ENGLISH,
    "auto_highlights": _ENGLISH,
    "content_safety": _WEST,
    "disfluencies": _ENGLISH,
    "entity_detection": _PII,
    "filter_profanity": _PROFANITY,
    "iab_categories": _WEST,
    "redact_pii": _PII,
    "redact_pii_audio": _ENGLISH | {"es"},
    "sentiment_analysis": _ENGLISH,
    "summarization": _ENGLISH,
}
MEDICAL = _ENGLISH | frozenset("es de fr".split())
"""The languages of the domain ``medical-v1``."""


def unavailable(params: Mapping[str, Any]) -> list[str]:
    """Return the parameters that ask for something that their language does not have."""
    language = params.get("language_code")
    if language is None:
        return []
    return [name for name, languages in _AVAILABLE.items() if params.get(name) and language not in languages]


def full_code(code: str | None) -> str | None:
    """Return the language code as replies have it."""
    return "en_us" if code == "en" else code
