"""What a project's account is like: its limits, its balance, and how it is treated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mockserver.settings import Progress, Settings


@dataclass(frozen=True)
class Terms:
    """The terms of one project; a limit of 0 is none, and times are in seconds.

    ``concurrency`` is how many jobs of each API are processed at a time; None: as many as that API's plan has.
    ``failing`` is the status that every request is answered with, as if the service were broken.
    ``llm_rate_limit`` is for each language model that ``llm_rate_limits`` does not name; None: what the plan says.
    ``processing_seconds`` is for jobs that are timed; None: ``processing_share`` of the audio, and without that as
    big a share as the API is known for.
    ``plan`` is the name of one of an API's plans. ``quota_minutes`` is how much audio may be transcribed in a calendar
    month; None: as much as one likes. ``overage`` says whether more may be bought, ``queueing`` whether jobs beyond
    the slots wait or are refused.
    ``submit_limit`` is the most jobs in a second, ``retry_after`` the pause that replies to polls suggest; None: what
    the API says.
    ``stream_rate_limit`` is the most streams that may begin in a minute, ``stream_concurrency`` the most at a time.
    """

    concurrency: int | None
    rate_limit: int
    rate_window: float
    negative_balance: bool = False
    failing: int | None = None
    llm_plan: str = "paid"
    llm_rate_limit: int | None = None
    llm_rate_limits: Mapping[str, int] = field(default_factory=dict)
    understanding_rate_limit: int | None = None
    llm_first_token: float = 0.0
    llm_tokens_per_second: float = 0.0
    strict: bool = False
    progress: Progress = "instant"
    queue_seconds: float = 1.0
    processing_seconds: float | None = None
    processing_share: float | None = None
    quota_minutes: float | None = None
    overage: bool = True
    queueing: bool = True
    submit_limit: int = 0
    retry_after: int | None = None
    webhook_secret: str = ""
    plan: str = ""
    token_limit: int = 300
    stream_rate_limit: int = 0
    stream_concurrency: int = 0
    sync_rate_limit: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        """Return the terms that the settings give to everybody."""
        return cls(
            settings.concurrency,
            settings.rate_limit,
            settings.rate_window,
            llm_plan=settings.llm_plan,
            llm_rate_limit=settings.llm_rate_limit,
            understanding_rate_limit=settings.understanding_rate_limit,
            llm_first_token=settings.llm_first_token,
            llm_tokens_per_second=settings.llm_tokens_per_second,
            strict=settings.strict,
            progress=settings.progress,
            queue_seconds=settings.queue_seconds,
            processing_seconds=settings.processing_seconds,
            processing_share=settings.processing_share,
            quota_minutes=settings.quota_minutes,
            overage=settings.overage,
            queueing=settings.queueing,
            submit_limit=settings.submit_limit,
            retry_after=settings.retry_after,
            webhook_secret=settings.webhook_secret,
            plan=settings.plan,
            token_limit=settings.token_limit,
            stream_rate_limit=settings.stream_rate_limit,
            stream_concurrency=settings.stream_concurrency,
            sync_rate_limit=settings.sync_rate_limit,
        )

    def changed(self, changes: Mapping[str, Any]) -> Terms:
        """Return the terms with some of them changed."""
        return replace(self, **changes)
