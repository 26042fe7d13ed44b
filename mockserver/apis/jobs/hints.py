"""What a developer should know about a refusal, besides what the API says."""

from __future__ import annotations

from mockserver.apis.jobs.plans import overage_rate, plan_of
from mockserver.engine.media import Unusable
from mockserver.engine.terms import Terms

_MB = 2**20
_MINUTE = 60 * 1000
_AUDIO = {
    "empty": "the file has no bytes",
    "too_short": "it is shorter than 160 ms",
    "silent": "it is only silence; the quirk silence_completes takes it, and so does a fixture that says what is heard",
    "no_audio_stream": "there is no sound in it",
    "not_audio": "it is no recording that can be read",
    "unsupported_format": "it is a recording, but of no format that is accepted",
    "transcoding_failed": "it is broken",
}
_TELLING = ("no_audio_stream", "not_audio", "unsupported_format", "transcoding_failed")


def bad_audio(found: Unusable, terms: Terms) -> str:
    """Say what is wrong with audio."""
    if found.reason == "too_long":
        return f"{_plan(terms)} takes up to {plan_of(terms).duration // _MINUTE} minutes"
    text = _AUDIO.get(found.reason, found.reason)
    return f"{text}: {found.detail}" if found.detail and found.reason in _TELLING else text


def too_large(terms: Terms, limit: int) -> str:
    """Say whose limit it is that a file is over."""
    if limit < plan_of(terms).size:
        return "the setting upload_bytes is less than what the plan takes"
    return f"{_plan(terms)} takes files of up to {plan_of(terms).size // _MB} MB"


def quota(terms: Terms, used: float) -> str:
    """Say how much of the quota is used up, and why no more can be bought where it cannot."""
    if terms.negative_balance:
        return "negative_balance, in the terms, is on"
    text = f"{used:.4g} of {terms.quota_minutes:g} minutes are used (quota_minutes); they come back with the next month"
    if overage_rate(terms) is not None:
        return text
    return f"{text}; {'overage is off' if not terms.overage else f'{_plan(terms)} sells no more'}"


def _plan(terms: Terms) -> str:
    return f"the plan {terms.plan} (plan, in the settings or the terms)"


def token(text: str) -> str:
    """Say what is wrong with a token that is not good for access."""
    if text.count(".") != 2:
        return "it is no token; POST /auth/token gives one for an API key"
    return (
        "it is no access token of this server (a refresh token is none), its signature is wrong, "
        "or its API key is not accepted any more"
    )
