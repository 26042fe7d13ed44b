"""What a project's account is like: its limits, its balance, and how it is treated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mockserver.settings import Settings


@dataclass(frozen=True)
class Terms:
    """The terms of one project; a ``rate_limit`` of 0 is none, ``rate_window`` is in seconds.

    ``failing`` is the status that every request is answered with, as if the service were broken.
    """

    concurrency: int
    rate_limit: int
    rate_window: float
    negative_balance: bool = False
    failing: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        """Return the terms that the settings give to everybody."""
        return cls(settings.concurrency, settings.rate_limit, settings.rate_window)

    def changed(self, changes: Mapping[str, Any]) -> Terms:
        """Return the terms with some of them changed."""
        return replace(self, **changes)

    @property
    def slots(self) -> int:
        """Return how many jobs may be processed at a time: one while the balance is negative."""
        return 1 if self.negative_balance else self.concurrency
