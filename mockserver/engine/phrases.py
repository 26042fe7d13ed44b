"""Words as they are compared, and phrases found among them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

PUNCTUATION = " \"'“”‘’«»‹›„`.,;:!?¡¿…。？！।؟、，—–-*_[]{}<>"
_ABBREVIATED = ("a.m.", "p.m.", "inc.", "jr.", "sr.", "ltd.", "co.", "corp.", "u.s.", "u.k.", "d.c.")
_POSSESSIVES = ("'s", "’s")
_LONGEST_KEY = 64
_EDGES = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)


@lru_cache(1 << 16)
def plain(word: str) -> str:
    """Return a word in lower case, without the punctuation around it."""
    return word.strip(PUNCTUATION + "()/").replace("’", "'").lower()


@lru_cache(1 << 16)
def stem(word: str) -> str:
    """Return the singular of a plain word, near enough to compare words by."""
    if len(word) > _LONGEST_KEY:
        return word
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def is_mark(character: str) -> bool:
    """Say whether this is part of a letter, such as an accent or the vowel signs of Hindi: Python counts it as none."""
    return unicodedata.category(character).startswith("M")


def edges(word: str) -> tuple[str, str, str]:
    """Return the punctuation before a word, the word itself, and that after it; all empty if there is no word."""
    found = _EDGES.match(word)
    if found is None or not found[2]:
        return "", "", ""
    before, core, after = found.groups()
    while after and is_mark(after[0]):
        core, after = core + after[0], after[1:]
    return before, core, after


def trimmed(text: str) -> str:
    """Return text without the punctuation around it, its full stop kept where it is part of an abbreviation."""
    bare = text.strip(PUNCTUATION)
    for opening, closing in ("()", "[]"):
        bare = bare.strip(closing) if opening not in bare else bare
        bare = bare.strip(opening) if closing not in bare else bare
    for ending in _POSSESSIVES:
        bare = bare.removesuffix(ending)
    bare = bare.strip(PUNCTUATION)
    return bare + "." if bare and text.endswith(".") and f"{bare}.".lower().endswith(_ABBREVIATED) else bare


def share(*parts: object) -> float:
    """Return a number in 0..1 that looks random and is always the same for the same arguments."""
    digest = blake2b("\0".join(map(str, parts)).encode(errors="replace"), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 0xFFFFFFFF


class Found(NamedTuple):
    """A phrase among words: its label, the place of its first word, and how many words it has."""

    label: str
    first: int
    length: int


class Phrases:
    """Phrases to look for, by label; a phrase that two labels share belongs to the first."""

    def __init__(self, labelled: Mapping[str, Iterable[str]], *, stemmed: bool = False) -> None:
        self._stemmed = stemmed
        self._labels: dict[tuple[str, ...], str] = {}
        for label, phrases in labelled.items():
            for phrase in phrases:
                if keys := self.keys(phrase.split()):
                    self._labels.setdefault(keys, label)
        self._lengths: dict[str, tuple[int, ...]] = {}
        for key in self._labels:
            known = self._lengths.get(key[0], ())
            self._lengths[key[0]] = tuple(sorted({*known, len(key)}, reverse=True))

    def keys(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the words as this collection compares them, without those that are mere punctuation."""
        keys = (plain(word) for word in words)
        return tuple(stem(key) if self._stemmed else key for key in keys if key)

    def find(self, words: Sequence[str]) -> Iterator[Found]:
        """Yield what is found among the words: the longest phrase at each place, none overlapping another."""
        keys = [stem(plain(word)) for word in words] if self._stemmed else [plain(word) for word in words]
        place = 0
        while place < len(keys):
            count = self._longest_at(keys, place)
            if count:
                yield Found(self._labels[tuple(keys[place : place + count])], place, count)
            place += count or 1

    def _longest_at(self, keys: Sequence[str], place: int) -> int:
        lengths = self._lengths.get(keys[place], ())
        return next((n for n in lengths if tuple(keys[place : place + n]) in self._labels), 0)
