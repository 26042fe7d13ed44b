"""A project: the world of an API key, or of several that share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.engine.clock import Clock
from mockserver.engine.keeping import Keeping
from mockserver.engine.limits import Rule
from mockserver.engine.terms import Terms


@dataclass(slots=True, eq=False)
class Project:
    """One world: its clock, and what is known about its rows so that they need not be asked for."""

    id: int
    name: str
    label: str
    public_id: int
    """Its number as clients see it."""
    clock: Clock
    pending: dict[int, Project] = field(repr=False)
    """The projects that have a job which is due at some time, this one among them or not."""
    calling: dict[int, Project] = field(repr=False)
    """The projects that have a webhook to call at some time."""
    keeping: Keeping = field(repr=False)
    """The projects that have audio to remove at some time."""
    terms: Terms
    rules: dict[str, Rule | None] = field(default_factory=dict, repr=False)
    """The request limits that follow from the terms, by service."""
    jobs: int = 0
    """How many jobs were made, for their ids."""
    uploads: int = 0
    running: Mapping[str, int] = field(default_factory=dict)
    """How many of its jobs are being processed, by family."""
    waiting: Mapping[str, int] = field(default_factory=dict)
    """How many of its jobs wait for a slot, by family."""
    next_due: int | None = None
    """The earliest moment at which a job of this project is due; None: no job is."""
    next_call: int | None = None
    """The earliest moment at which a webhook of this project is to be called; None: none is."""
    next_expiry: int | None = None
    """The earliest moment at which audio of this project is to be removed; None: none is."""
    prompts: int = 0
    sessions: int = 0
    requests: int = 0
    """How many requests were made since the server started, or the project was reset."""
    tokens: int = 0
    """How many tokens it was given since then."""

    def expect(self, due: int | None) -> None:
        """Take note of when the next job is due."""
        self.next_due = due
        if due is None:
            self.pending.pop(self.id, None)
        else:
            self.pending[self.id] = self

    def notice(self, due: int | None) -> None:
        """Take note of one more job that is due then."""
        if due is not None and (self.next_due is None or due < self.next_due):
            self.expect(due)

    def expect_call(self, due: int) -> None:
        """Take note of one more webhook call that is due then."""
        if self.next_call is None or due < self.next_call:
            self.next_call = due
        self.calling[self.id] = self

    def expect_expiry(self, due: int) -> None:
        """Take note of one more moment at which audio is to be removed."""
        if self.next_expiry is None or due < self.next_expiry:
            self.no_expiry_before(due)

    def no_expiry_before(self, due: int | None) -> None:
        """Take note of when audio is to be removed next."""
        self.next_expiry = due
        self.keeping.note(self)

    def no_call_before(self, due: int | None) -> None:
        """Take note of when the next webhook call is due."""
        self.next_call = due
        if due is None:
            self.calling.pop(self.id, None)
        else:
            self.calling[self.id] = self


@dataclass(frozen=True, slots=True)
class Account:
    """An accepted API key and its project."""

    project: Project
    key: str
