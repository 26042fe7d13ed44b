"""What calls are made with, as dictionaries whose keys editors complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict

Moment = datetime | str


class Match(TypedDict, total=False):
    """Which requests a fault is for; every condition that is given must hold. Moments may be seconds from now."""

    name: str
    family: str
    service: str
    method: str
    path: str
    api_key: str
    params: Mapping[str, Any]
    probability: float
    after: int
    since: Moment | float
    until: Moment | float
    executes: bool


class SessionFault(TypedDict, total=False):
    """What becomes of a session, after so many messages or so much audio; without either, at once."""

    after_messages: int
    after_audio_ms: int
    close: Mapping[str, Any]
    error: str
    hang: bool
    reset: bool
    invalid_frame: bool


class MessageFault(TypedDict, total=False):
    """What becomes of every nth message of a session, or of some kinds; ``seconds`` are for those that are late."""

    fault: Literal["drop", "twice", "late", "swap", "malformed"]
    kinds: Sequence[str]
    every: int
    after: int
    times: int
    seconds: float


class Happening(TypedDict, total=False):
    """What happens to them besides an ``error`` by name."""

    status: int
    body: Any
    headers: Mapping[str, str]
    connection: Literal[
        "EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE", "CONNECTION_RESET_BY_PEER"
    ]
    delay: float | Mapping[str, Any]
    truncate: int
    dribble: Mapping[str, float]
    malformed_json: bool
    content_length: int
    cut_after: int
    fail_job: str
    hold_job: Literal["queued", "processing"]
    fallback_job: bool
    webhook: Literal["drop", "twice", "reorder"]
    session: SessionFault
    messages: MessageFault


class Rule(Match, Happening, total=False):
    """A fault: which requests, and what happens to them."""

    error: str
    times: int


class Filters(TypedDict, total=False):
    """Which requests of the journal; ``path`` is a pattern, ``status`` may be "4xx", ``body`` is a part of it."""

    method: str
    path: str
    status: int | str
    job: str
    fixture: str
    fault: str
    request_id: str
    since: Moment
    until: Moment
    body: str
    violations: bool


class SessionFilters(TypedDict, total=False):
    """Which sessions; ``path`` is a pattern, ``message`` the kind of a message in it, ``text`` a part of one."""

    id: str
    state: Literal["open", "closed"]
    path: str
    message: str
    text: str


class Expectation(TypedDict, total=False):
    """What requests are like: ``params`` is a part of the JSON body, ``headers`` are some of the headers."""

    method: str
    path: str
    status: int | str
    job: str
    fixture: str
    fault: str
    headers: Mapping[str, str]
    params: Mapping[str, Any]
    body: str


class Terms(TypedDict, total=False):
    """What an account is like, and how its jobs move on; times are in seconds."""

    concurrency: int | Literal["free", "paid"] | None
    rate_limit: int
    rate_window: float
    negative_balance: bool
    failing: Literal[500, 503, 504] | None
    llm_plan: Literal["paid", "free", "none"]
    llm_rate_limit: int | None
    llm_rate_limits: Mapping[str, int]
    understanding_rate_limit: int | None
    llm_first_token: float
    llm_tokens_per_second: float
    strict: bool
    progress: Literal["instant", "timed", "polls", "held"]
    queue_seconds: float
    processing_seconds: float | None
    processing_share: float | None
    quota_minutes: float | None
    overage: bool
    queueing: bool
    submit_limit: int
    retry_after: int | None
    webhook_secret: str
    plan: Literal["free", "pro", "business"]
    token_limit: int
    sync_rate_limit: int
    stream_rate_limit: int | Literal["free", "paid"]
    stream_concurrency: int


class Asked(TypedDict, total=False):
    """What a request for a transcript is like, besides its URL, as far as fixtures look at it."""

    language: str
    params: Mapping[str, Any]
    file_name: str
    audio_sha256: str


class Turn(TypedDict, total=False):
    """What one speaker says; ``start`` and ``end`` are in seconds, channels count from 1."""

    speaker: str
    text: str
    channel: int
    start: float
    end: float


class Answer(TypedDict, total=False):
    """What a language model answers."""

    text: str
    json: Any
    tool_calls: Sequence[Mapping[str, Any]]
    error: Mapping[str, Any]
    thinking: str
    first_token: float
    tokens_per_second: float
    cut_after: int


class SinkAnswer(TypedDict, total=False):
    """What a sink answers; ``delay`` is in seconds."""

    status: int
    delay: float
    body: str
    headers: Mapping[str, str]
