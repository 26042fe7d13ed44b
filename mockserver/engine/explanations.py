"""Why a fixture answers a request for a transcript, or does not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nsmallest
from itertools import chain
from typing import NamedTuple

from mockserver.engine.added import AddedFixtures
from mockserver.engine.fixture import Fixture, Question
from mockserver.engine.fixtures import Fixtures

_NEAREST = 3
_LOOKED_AT = 30
_COMPARED = 200


class Near(NamedTuple):
    """A fixture that does not answer, and why."""

    fixture: Fixture
    misses: list[str]


class Explanation(NamedTuple):
    """The fixture that would answer, and those that come nearest."""

    fixture: Fixture | None
    nearest: list[Near]


def explain(question: Question, project: int, added: AddedFixtures, files: Fixtures) -> Explanation:
    """Find the fixture that would answer, and what does not hold of others; no use is taken. This reads files."""
    files.identify(question.size)
    own = [list(scope) for scope in added.candidates(project)]
    chosen = _first(chain.from_iterable(own), question) or files.match(question)
    others = (fixture for fixture in files if not files.comes_along(fixture.file))
    return Explanation(chosen, _nearest(question, [f for f in chain(*own, others) if f is not chosen]))


def _first(ranked: Iterable[Fixture], question: Question) -> Fixture | None:
    return next((fixture for fixture in ranked if fixture.match.holds(question)), None)


def _nearest(question: Question, fixtures: Iterable[Fixture]) -> list[Near]:
    near = nsmallest(_LOOKED_AT, (Near(f, [*f.match.misses(question)]) for f in fixtures), key=lambda n: len(n.misses))
    near.sort(key=lambda n: (len(n.misses), -_likeness(n.fixture, question)))
    return [each._replace(misses=each.misses or ["another one comes first"]) for each in near[:_NEAREST]]


def _likeness(fixture: Fixture, question: Question) -> float:
    """Return how much the URL or the file name is like what the fixture wants, from 0 to 1."""
    match = fixture.match
    pairs = ((match.audio_url, question.url), (match.file_name, question.file_name))
    return max((SequenceMatcher(None, a[:_COMPARED], b[:_COMPARED]).ratio() for a, b in pairs if a and b), default=0.0)
