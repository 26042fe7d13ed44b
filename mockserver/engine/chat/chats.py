"""Which fixture answers a chat request, and with which of its answers."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from heapq import nsmallest
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.engine.added import AddedFixtures
from mockserver.engine.chat.fixture import Asked, ChatFixture, Step
from mockserver.engine.fixtures import Fixtures
from mockserver.engine.keys import Project
from mockserver.engine.metrics import Metrics

_NEAREST = 3
_LOOKED_AT = 30
_COMPARED = 200
_AS_USUAL = Step()
Identity = tuple[Path, str, str]


class Chosen(NamedTuple):
    """An answer, and the name of the fixture that gives it, None if there is none."""

    fixture: str | None
    step: Step


class Chats:
    """Choose answers. How often a fixture was asked is remembered for each project until it is reset."""

    def __init__(self, fixtures: Fixtures, added: AddedFixtures, metrics: Metrics) -> None:
        self._fixtures = fixtures
        self._added = added
        self._metrics = metrics
        self._met: dict[int, Counter[Identity]] = {}
        self._given: dict[int, Counter[Identity]] = {}

    def choose(self, project: Project, asked: Asked) -> Chosen:
        """Return the next answer of the most specific fixture whose conditions hold."""
        chosen = None
        said = {talk.user.strip() for talk in (asked.conversation, asked.filled)}
        for fixture in chain(self._added.chats(project.id), self._fixtures.chats):
            if (
                fixture.match.may_be_said(said)
                and fixture.holds(asked)
                and self._is_turn_of(project, fixture)
                and chosen is None
            ):
                chosen = fixture
        if chosen is None:
            return Chosen(None, _AS_USUAL)
        self._added.use_chat(project.id, chosen)
        given = self._given.setdefault(project.id, Counter())
        given[chosen.identity] += 1
        self._metrics.matched(chosen.name)
        return Chosen(chosen.name, chosen.steps[min(given[chosen.identity], len(chosen.steps)) - 1])

    def _is_turn_of(self, project: Project, fixture: ChatFixture) -> bool:
        """Count a request that meets all other conditions, and say whether it is the one that is wanted."""
        if fixture.match.call is None:
            return True
        met = self._met.setdefault(project.id, Counter())
        met[fixture.identity] += 1
        return met[fixture.identity] == fixture.match.call

    def nearest(self, project: Project, asked: Asked) -> list[str]:
        """Say of the fixtures that come nearest what does not hold; those that come along are left out."""
        files = (fixture for fixture in self._fixtures.chats if not self._fixtures.comes_along(fixture.file))
        own = chain(self._added.chats(project.id), files)
        near = nsmallest(_LOOKED_AT, own, key=lambda fixture: _misses(fixture, asked))
        near.sort(key=lambda fixture: (_misses(fixture, asked), -_likeness(fixture, asked)))
        return [f"{fixture.name} ({fixture.file.name}:{fixture.line}): {self._why(fixture, asked)}"
                for fixture in near[:_NEAREST]]  # fmt: skip

    @staticmethod
    def _why(fixture: ChatFixture, asked: Asked) -> str:
        return "; ".join(fixture.misses(asked)) or f"it is for call {fixture.match.call} only"

    def counted(self, project: int) -> list[list[list[Any]]]:
        """Return what is remembered of a project, for ``count_on``."""
        return [
            [[str(file), name, content, count] for (file, name, content), count in counts.get(project, {}).items()]
            for counts in (self._met, self._given)
        ]

    def count_on(self, project: int, counted: list[list[list[Any]]]) -> None:
        """Go on from what was remembered of a project once."""
        for counts, known in zip((self._met, self._given), counted, strict=True):
            counts[project] = Counter({(Path(file), name, content): count for file, name, content, count in known})

    def forget(self, project: int | None) -> None:
        """Start counting anew for a project, or with None for all."""
        for counts in (self._met, self._given):
            if project is None:
                counts.clear()
            else:
                counts.pop(project, None)


def _misses(fixture: ChatFixture, asked: Asked) -> int:
    return sum(1 for _ in fixture.misses(asked))


def _likeness(fixture: ChatFixture, asked: Asked) -> float:
    """Return how much what the user says is like what the fixture wants, from 0 to 1."""
    wanted = fixture.match.user.wanted if fixture.match.user else ""
    return SequenceMatcher(None, wanted[:_COMPARED].lower(), asked.conversation.user[:_COMPARED].lower()).ratio()
