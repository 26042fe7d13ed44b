"""How words are written: fillers, spellings, profanity, punctuation, redaction.

Everything here takes a transcript and returns one: all views of it then agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Generic, TypeVar

from mockserver.engine.lexicon import FILLERS, is_profane
from mockserver.engine.phrases import edges, is_mark
from mockserver.engine.transcripts import Transcript, Turn, Word

T = TypeVar("T")
_LONGEST_TAG = 6
_PUNCTUATION = re.compile(r"(?<!\w)[^\w\s$€£%#@+-]+|[^\w\s%]+(?!\w)")
_DIALLED = re.compile(r"\d+(?:[-/]\d+)+", re.ASCII)
_POINT = re.compile(r"(?<=\d)\.(?=\d)", re.ASCII)
_BETWEEN = re.compile(r"(?<=[a-z]):(?=[a-z])")
_NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)((?:st|nd|rd|th)\b)?")
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_SCALES = ((1_000_000_000, "billion"), (1_000_000, "million"), (1000, "thousand"), (100, "hundred"))


@dataclass(frozen=True)
class Wording:
    """How words are to be written."""

    fillers: bool = False
    """Keep what is said while thinking, such as ``um``."""
    other_tags: bool = False
    """Keep tags in brackets that do not name a speaker."""
    spellings: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Words in a row, and the word that they are written as."""
    terms: tuple[tuple[str, ...], ...] = ()
    """Words in a row that are written as they stand here, capitals and all."""
    profanity: bool = True
    punctuated: bool = True
    formatted: bool = True
    """Write capitals, and numbers as digits."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where words are to be redacted: the first of them among all words, how many, and what they are."""

    first: int
    count: int
    label: str


def written(transcript: Transcript, wording: Wording) -> Transcript:
    """Return the transcript as it is to be written."""
    steps = tuple(_steps(transcript, wording))
    if not steps:
        return transcript
    turns = []
    for turn in transcript.turns:
        words: Sequence[Word] = turn.words
        for step in steps:
            words = step(words)
        if words:
            turns.append(Turn(turn.speaker, turn.channel, tuple(words)))
    return transcript.with_turns(turns)


_Step = Callable[[Sequence[Word]], Sequence[Word]]


def _steps(transcript: Transcript, wording: Wording) -> Iterator[_Step]:
    english = transcript.language.startswith("en")
    if any(word.text.startswith("[") for word in transcript.words):
        yield _Tags(keep_others=wording.other_tags)
    if english and not wording.fillers:
        yield _without_fillers
    if wording.spellings:
        yield _Speller(wording.spellings)
    if wording.terms:
        yield _Terms(wording.terms)
    if not wording.profanity:
        yield _respelled(_starred)
    if not wording.formatted:
        yield _respelled(_plain_english if english else str.lower)
    if not wording.punctuated:
        yield _unpunctuated


def _respelled(spell: Callable[[str], str]) -> _Step:
    return lambda words: [word._replace(text=spell(word.text)) for word in words]


@lru_cache(4096)
def bare(word: str) -> str:
    """Return a word without the punctuation around it, in lower case."""
    return edges(word)[1].lower()


def _key(word: str) -> str:
    """Return what a word is recognised by: what is not a word, such as ``&``, by itself."""
    return bare(word) or word.lower()


def _without_fillers(words: Sequence[Word]) -> Sequence[Word]:
    if not any(bare(word.text) in FILLERS for word in words):
        return words
    kept: list[Word] = []
    capital = False
    for word in words:
        if bare(word.text) in FILLERS:
            capital = capital or (word.text[:1].isupper() and (not kept or kept[-1].text[-1:] in ".!?]"))
            if kept and word.text[-1:] in ".!?" and kept[-1].text[-1:] not in ".!?":
                kept[-1] = kept[-1]._replace(text=kept[-1].text.rstrip(",;:") + word.text[-1])
            continue
        kept.append(word._replace(text=word.text[:1].upper() + word.text[1:]) if capital else word)
        capital = False
    return kept


class _Tags:
    """Removes what stands in square brackets, such as ``[MUSIC]`` or ``[Speaker: A]``."""

    def __init__(self, *, keep_others: bool) -> None:
        self._keep_others = keep_others

    def __call__(self, words: Sequence[Word]) -> Sequence[Word]:
        kept: list[Word] = []
        place = 0
        while place < len(words):
            length = self._tag_at(words, place)
            if not length:
                kept.append(words[place])
            place += length or 1
        return kept

    def _tag_at(self, words: Sequence[Word], place: int) -> int:
        """Return of how many words the tag is that begins here; 0 if none does."""
        if not words[place].text.startswith("["):
            return 0
        for length, word in enumerate(words[place : place + _LONGEST_TAG], 1):
            if word.text.rstrip(".,;:!?").endswith("]"):
                is_speaker = words[place].text[1:].lower().startswith("speaker")
                return length if is_speaker or not self._keep_others else 0
        return 0


class _Phrases(Generic[T]):
    """Finds phrases, whatever their case and punctuation; the longest that begins at a word wins."""

    def __init__(self, phrases: Iterable[tuple[Sequence[str], T]]) -> None:
        self._by_first: dict[str, list[tuple[list[str], T]]] = {}
        for phrase, meaning in phrases:
            wanted = [_key(word) for word in phrase]
            self._by_first.setdefault(wanted[0], []).append((wanted, meaning))
        for known in self._by_first.values():
            known.sort(key=lambda entry: len(entry[0]), reverse=True)

    def parts(self, words: Sequence[Word]) -> Iterator[tuple[Sequence[Word], T | None]]:
        """Yield the words in parts: phrases with what they mean, and words that belong to none."""
        keys = [_key(word.text) for word in words]
        place = 0
        while place < len(words):
            length, meaning = self._at(keys, place)
            yield words[place : place + length], meaning
            place += length

    def _at(self, keys: Sequence[str], place: int) -> tuple[int, T | None]:
        for phrase, meaning in self._by_first.get(keys[place], ()):
            if keys[place : place + len(phrase)] == phrase:
                return len(phrase), meaning
        return 1, None


class _Speller:
    """Writes words in a row as one word."""

    def __init__(self, spellings: Iterable[tuple[tuple[str, ...], str]]) -> None:
        self._phrases = _Phrases(spellings)

    def __call__(self, words: Sequence[Word]) -> Sequence[Word]:
        result: list[Word] = []
        for part, spelling in self._phrases.parts(words):
            result += part if spelling is None else [_joined(part, spelling)]
        return result


class _Terms:
    """Writes terms as they were given, each word for itself."""

    def __init__(self, terms: Iterable[tuple[str, ...]]) -> None:
        self._phrases = _Phrases((term, term) for term in terms)

    def __call__(self, words: Sequence[Word]) -> Sequence[Word]:
        result: list[Word] = []
        for part, term in self._phrases.parts(words):
            result += part if term is None else [_joined([w], t) for w, t in zip(part, term, strict=True)]
        return result


def _joined(words: Sequence[Word], text: str) -> Word:
    own_before, _, own_after = edges(text)
    before = edges(words[0].text)[0].removesuffix(own_before)
    after = edges(words[-1].text)[2].removeprefix(own_after)
    confidence = sum(word.confidence for word in words) / len(words)
    return Word(before + text + after, words[0].start, max(word.end for word in words), confidence)


def _starred(word: str) -> str:
    if not is_profane(word):
        return word
    before, core, after = edges(word)
    return f"{before}{core[:1]}{'*' * (len(core) - 1)}{after}"


def _unpunctuated(words: Sequence[Word]) -> Sequence[Word]:
    stripped = (word._replace(text=_PUNCTUATION.sub(_marks_first, word.text)) for word in words)
    return [word for word in stripped if word.text]


def _marks_first(found: re.Match[str]) -> str:
    """Return the marks that the punctuation begins with, if they belong to a letter before it."""
    previous = found.string[found.start() - 1 : found.start()]
    return "".join(takewhile(is_mark, found[0])) if previous and (previous.isalnum() or is_mark(previous)) else ""


@lru_cache(4096)
def plain(word: str, *, english: bool) -> str:
    """Return a word in lower case, with numbers in words if they are English, and without punctuation."""
    return _PUNCTUATION.sub(_marks_first, _plain_english(word) if english else word.lower())


def _plain_english(word: str) -> str:
    plain = _DIALLED.sub(lambda found: "-".join(_ONES[int(d)] for d in found[0] if d.isdigit()), word.lower())
    plain = _NUMBER.sub(_number, _POINT.sub("-point-", plain))
    return _BETWEEN.sub("-", plain)


def _number(found: re.Match[str]) -> str:
    words = _spelled_out(found[1].replace(",", ""))
    return _ordinal(words) if found[2] else words


def _ordinal(words: str) -> str:
    before, hyphen, last = words.rpartition("-")
    usual = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return before + hyphen + _ORDINALS.get(last, usual)


def _spelled_out(digits: str) -> str:
    """Return a number in words, joined by hyphens; long ones, and those that begin with 0, digit by digit."""
    if len(digits) > 12 or (digits[0] == "0" and len(digits) > 1):
        return "-".join(_ONES[int(digit)] for digit in digits)
    return "-".join(_in_words(int(digits)))


def _in_words(number: int) -> Iterator[str]:
    for size, name in _SCALES:
        if number >= size:
            yield from _in_words(number // size)
            yield name
            number %= size
            if not number:
                return
    if number >= 20:
        yield _TENS[number // 10 - 2]
        if number % 10:
            yield _ONES[number % 10]
    else:
        yield _ONES[number]


def redacted(transcript: Transcript, places: Iterable[Place], *, by_name: bool) -> Transcript:
    """Return the transcript with words hidden: every letter and digit a ``#``, or each word the name of what it is.

    It has as many words as before, with the punctuation around them.
    """
    labels = {number: place.label for place in places for number in range(place.first, place.first + place.count)}
    if not labels:
        return transcript
    turns = []
    first = 0
    for turn in transcript.turns:
        words = tuple(_hidden(word, labels.get(first + at), by_name) for at, word in enumerate(turn.words))
        first += len(words)
        turns.append(Turn(turn.speaker, turn.channel, words))
    return transcript.with_turns(turns)


def _hidden(word: Word, label: str | None, by_name: bool) -> Word:
    if label is None:
        return word
    before, core, after = edges(word.text)
    if by_name:
        return word._replace(text=f"{before}[{label.upper().replace(' ', '_')}]{after}")
    hashed = "".join("#" if character.isalnum() or is_mark(character) else character for character in core)
    return word._replace(text=f"{before}{hashed}{after}" if core else word.text)


def renamed(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """Return the transcript with other speakers' names."""
    turns = (Turn(names.get(turn.speaker or "", turn.speaker), turn.channel, turn.words) for turn in transcript.turns)
    return transcript.with_turns(turns)
