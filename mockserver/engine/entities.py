"""Names, dates, numbers and the like that are said in a transcript."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from mockserver.engine.entity_rules import DIGIT, MARKS, Rule, hints, rules
from mockserver.engine.gazetteer import (
    CAPITALISED_TERMS,
    CITY_ENDINGS,
    CITY_PREFIXES,
    ORGANIZATION_ENDINGS,
    TERMS,
    TITLES,
    WORDS_AND_NAMES,
    Names,
    names,
    occupations,
)
from mockserver.engine.lexicon import STOP_WORDS, WEAK_WORDS
from mockserver.engine.phrases import Found, Phrases, plain, trimmed
from mockserver.engine.views import Passage

_HAS_DIGIT = re.compile(r"\d")
_CAPITALISED = re.compile(r"[^\w]*(?:[A-ZÀ-ÖØ-Þ][\w'’&-]*|[A-Z]\.)")
_ENDS_RUN = (",", ".", ";", ":", "!", "?", ")", "…", "—", '"', "”")
_TITLES = frozenset(title.lower() for title in TITLES.split())
_SPOKEN_FOR = frozenset("i i'm i'll i'd i've".split()) | frozenset(
    "may april june august monday tuesday wednesday thursday friday saturday sunday".split()
)


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that is named; ``first`` is the place of its first word among all words of the transcript."""

    kind: str
    text: str
    start: int
    end: int
    first: int
    count: int
    speaker: str | None


def entities(sentences: Sequence[Passage], language: str = "en") -> list[Entity]:
    """Return what is named, in order; no two overlap."""
    grammar = _grammar(language.replace("-", "_").partition("_")[0])
    return [entity for sentence in sentences for entity in _chosen(sentence, grammar.candidates(sentence))]


def static_entities(sentences: Sequence[Passage], terms: Mapping[str, Sequence[str]]) -> list[Entity]:
    """Return every place where one of the terms is said, whatever its case; the longest wins where they overlap."""
    phrases = Phrases(terms)
    return [
        entity
        for sentence in sentences
        for entity in _chosen(sentence, phrases.find([word.text for word in sentence.words]))
    ]


def _chosen(sentence: Passage, candidates: Iterator[Found]) -> list[Entity]:
    """Make entities of the candidates, of those that overlap only the first."""
    taken: set[int] = set()
    made: list[Entity] = []
    for kind, first, count in candidates:
        places = range(first, first + count)
        words = sentence.words[first : first + count]
        text = trimmed(" ".join(word.text for word in words))
        if text and taken.isdisjoint(places):
            taken.update(places)
            end = max(word.end for word in words)
            made.append(Entity(kind, text, words[0].start, end, sentence.first + first, count, words[0].speaker))
    return sorted(made, key=lambda entity: entity.first)


class _Line:
    """A sentence as the rules read it: its text, its words, and which words are capitalised in a row."""

    def __init__(self, sentence: Passage) -> None:
        self.words = [word.text for word in sentence.words]
        self.text = " ".join(self.words)
        self.keys = [plain(word) for word in self.words]
        self.triggers = {*self.keys, *(mark for mark in MARKS if mark in self.text)}
        if _HAS_DIGIT.search(self.text):
            self.triggers.add(DIGIT)
        self._starts = list(accumulate((len(word) + 1 for word in self.words), initial=0))

    def place(self, kind: str, start: int, end: int) -> Found:
        """Return the words that the characters from ``start`` to ``end`` belong to."""
        first = bisect_right(self._starts, start) - 1
        return Found(kind, first, bisect_right(self._starts, end - 1) - first)

    def runs(self) -> Iterator[tuple[int, int]]:
        """Yield where words with a capital letter follow one another: the first place, and that after the last."""
        first = 0
        while first < len(self.words):
            end = first
            while end < len(self.words) and self._is_capitalised(end):
                end += 1
                if self.words[end - 1].endswith(_ENDS_RUN) and not self._is_abbreviated(end - 1):
                    break
            if end > first:
                yield first, end
            first = max(end, first + 1)

    def _is_capitalised(self, place: int) -> bool:
        return bool(_CAPITALISED.match(self.words[place]))

    def _is_abbreviated(self, place: int) -> bool:
        word, key = self.words[place], self.keys[place]
        return word.endswith(".") and (key in _TITLES or len(key) == 1 or key == "st")


@cache
def _grammar(language: str) -> _Grammar:
    return _Grammar(language)


class _Grammar:
    """All that is known about entities in a language."""

    def __init__(self, language: str) -> None:
        self._rules = _by_trigger(rules(language))
        self._hints = _by_trigger(hints(language))
        self._names: Names = names(language)
        self._nouns_are_capitalised = language == "de"
        self._capitalised = Phrases(CAPITALISED_TERMS)
        self._terms = Phrases({**TERMS, "occupation": occupations()})

    def candidates(self, sentence: Passage) -> Iterator[Found]:
        """Yield what may be an entity, the surest first."""
        line = _Line(sentence)
        runs = list(line.runs())
        yield from _matches(line, self._rules)
        for first, end in runs:
            yield from self._organizations(line, first, end)
        for first, end in runs:
            yield from self._full_names(line, first, end)
        for found in self._capitalised.find(line.words):
            if _CAPITALISED.match(line.words[found.first]):
                yield found
        for first, end in runs:
            yield from self._cities(line, first, end)
        for first, end in runs:
            yield from self._first_names(line, first, end)
        yield from _matches(line, self._hints)
        yield from self._terms.find(line.words)

    def _organizations(self, line: _Line, first: int, end: int) -> Iterator[Found]:
        while first < end and (line.keys[first] in STOP_WORDS or line.keys[first] in WEAK_WORDS):
            first += 1
        last = next(
            (place for place in reversed(range(first, end)) if _bare(line, place) in ORGANIZATION_ENDINGS), first
        )
        if last > first:
            yield Found("organization", first, last + 1 - first)

    def _full_names(self, line: _Line, first: int, end: int) -> Iterator[Found]:
        """Yield titles and first names with the names that follow."""
        place = first
        while place + 1 < end:
            titled = line.keys[place] in _TITLES
            after = place + 1
            while after < min(end, place + 4) and self._is_name_part(line, after, titled):
                after += 1
            if after > place + 1 and (titled or _bare(line, place) in self._names.first):
                yield Found("person_name", place, after - place)
                place = after
            else:
                place += 1

    def _is_name_part(self, line: _Line, place: int, titled: bool) -> bool:
        key, bare = line.keys[place], _bare(line, place)
        if key in _SPOKEN_FOR or key in STOP_WORDS or key in _TITLES or any(self._capitalised.find([bare])):
            return False
        return titled or not self._nouns_are_capitalised or bare in self._names.last or bare in self._names.first

    def _first_names(self, line: _Line, first: int, end: int) -> Iterator[Found]:
        for place in range(first, end):
            if _bare(line, place) in self._names.first and not self._may_be_a_word(line.keys[place], place):
                yield Found("person_name", place, 1)

    def _may_be_a_word(self, key: str, place: int) -> bool:
        if key in _SPOKEN_FOR:
            return True
        ordinary = key in WORDS_AND_NAMES or key in STOP_WORDS or key in WEAK_WORDS
        return ordinary and (place == 0 or self._nouns_are_capitalised)

    def _cities(self, line: _Line, first: int, end: int) -> Iterator[Found]:
        """Yield places whose name is made of a person's: Jasonmouth, Lake Maria, East Smithview."""
        for place in range(first, end):
            prefixed = place > first and _bare(line, place - 1) in CITY_PREFIXES
            bare = _bare(line, place)
            if self._is_made_of_a_name(bare) or (prefixed and bare in self._names.first):
                yield Found("location", place - prefixed, 1 + prefixed)

    def _is_made_of_a_name(self, word: str) -> bool:
        if word in self._names.first or word in self._names.last:
            return False
        roots = (word.removesuffix(ending) for ending in CITY_ENDINGS if word.endswith(ending))
        return any(root in self._names.first or root in self._names.last for root in roots)


def _bare(line: _Line, place: int) -> str:
    return trimmed(line.words[place])


def _by_trigger(known: Sequence[Rule]) -> dict[str, list[tuple[int, Rule]]]:
    index: dict[str, list[tuple[int, Rule]]] = {}
    for rank, rule in enumerate(known):
        for trigger in rule.triggers:
            index.setdefault(trigger, []).append((rank, rule))
    return index


def _matches(line: _Line, index: Mapping[str, Sequence[tuple[int, Rule]]]) -> Iterator[Found]:
    called = dict(ranked for trigger in line.triggers for ranked in index.get(trigger, ()))
    for _, rule in sorted(called.items()):
        group = "v" if "v" in rule.pattern.groupindex else 0
        for match in rule.pattern.finditer(line.text):
            if match.end(group) > match.start(group):
                yield line.place(rule.kind, *match.span(group))
