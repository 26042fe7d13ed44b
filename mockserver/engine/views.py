"""What is computed from a transcript's words: sentences, paragraphs, captions, word search.

Times are ints of milliseconds. Every view holds every word once, in the transcript's order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mockserver.engine.phrases import is_mark
from mockserver.engine.transcripts import Transcript

_ENDS = ".!?…。？！।؟"
_CLOSING = "\"'”’»)]}"
_ABBREVIATIONS = frozenset(
    "mr. mrs. ms. dr. prof. st. vs. etc. e.g. i.e. a.m. p.m. jr. sr. no. inc. ltd. co. u.s. dept. approx. "
    "sra. sr. srta. ud. bzw. z.b. usw. m. mme.".split()
)
_LONG_PAUSE = 2000
_SENTENCES_IN_PARAGRAPH = 5
_CAPTION_WIDTH = 80
_SEARCHED = re.compile(r"[\W_]+")
_ARROW = re.compile("-{2,}>")


class Spoken(NamedTuple):
    """A word in its place; ``speaker`` and ``channel`` are those of its turn."""

    text: str
    start: int
    end: int
    confidence: float
    speaker: str | None
    channel: int | None


@dataclass(frozen=True, slots=True)
class Passage:
    """Some words in a row, at least one: a sentence, a paragraph or a caption."""

    words: tuple[Spoken, ...]
    first: int
    """The place of the first of them among all words of the transcript, from 0."""

    @property
    def text(self) -> str:
        """Return the words, joined by spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def start(self) -> int:
        """Return when the first word begins."""
        return self.words[0].start

    @property
    def end(self) -> int:
        """Return when the last of the words has ended."""
        return max(word.end for word in self.words)

    @property
    def confidence(self) -> float:
        """Return the mean of the words' confidences."""
        return sum(word.confidence for word in self.words) / len(self.words)

    @property
    def speaker(self) -> str | None:
        """Return who says the first word."""
        return self.words[0].speaker

    @property
    def channel(self) -> int | None:
        """Return the channel of the first word."""
        return self.words[0].channel


@dataclass(frozen=True, slots=True)
class Match:
    """Where some words were found: times of each occurrence, and the place of its first word."""

    text: str
    times: list[tuple[int, int]]
    places: list[int]


def spoken(transcript: Transcript) -> Iterator[Spoken]:
    """Yield every word in its place."""
    for turn in transcript.turns:
        speaker, channel = turn.speaker, turn.channel
        for word in turn.words:
            yield Spoken(*word, speaker, channel)


def sentences(transcript: Transcript) -> list[Passage]:
    """Return the sentences; none spans two turns."""
    found: list[Passage] = []
    first = 0
    for turn in transcript.turns:
        words: list[Spoken] = []
        for word in turn.words:
            words.append(Spoken(*word, turn.speaker, turn.channel))
            if ends_sentence(word.text):
                found.append(Passage(tuple(words), first))
                first += len(words)
                words = []
        if words:
            found.append(Passage(tuple(words), first))
            first += len(words)
    return found


def ends_sentence(word: str) -> bool:
    """Say whether a sentence ends with this word."""
    bare = word.rstrip(_CLOSING)
    return bare[-1:] in _ENDS and bool(bare) and not _is_abbreviation(bare)


def _is_abbreviation(word: str) -> bool:
    return word.lower() in _ABBREVIATIONS or (len(word) == 2 and word[0].isalpha() and word[0].isupper())


def paragraphs(found: Sequence[Passage]) -> list[Passage]:
    """Return sentences put together, up to five, and never across a long pause; speakers may change within."""
    groups: list[list[Passage]] = []
    for sentence in found:
        fits = groups and len(groups[-1]) < _SENTENCES_IN_PARAGRAPH
        if fits and sentence.start - groups[-1][-1].end < _LONG_PAUSE:
            groups[-1].append(sentence)
        else:
            groups.append([sentence])
    return [Passage(tuple(word for part in group for word in part.words), group[0].first) for group in groups]


def captions(transcript: Transcript, width: int | None = None) -> Iterator[Passage]:
    """Yield captions of at most ``width`` characters (a longer word stands alone).

    None spans two turns or a long pause.
    """
    width = width or _CAPTION_WIDTH
    first = 0
    for turn in transcript.turns:
        line: list[Spoken] = []
        length = 0
        for word in turn.words:
            if line and (length + 1 + len(word.text) > width or word.start - line[-1].end >= _LONG_PAUSE):
                yield Passage(tuple(line), first)
                first += len(line)
                line, length = [], 0
            length += len(word.text) + bool(line)
            line.append(Spoken(*word, turn.speaker, turn.channel))
        if line:
            yield Passage(tuple(line), first)
            first += len(line)


def srt(transcript: Transcript, width: int | None = None) -> str:
    """Return the captions as SubRip."""
    blocks = (
        f"{number}\n{_time(caption.start, ',')} --> {_time(caption.end, ',')}\n{_line(caption.text)}\n"
        for number, caption in enumerate(captions(transcript, width), 1)
    )
    return "\n".join(blocks)


def vtt(transcript: Transcript, width: int | None = None) -> str:
    """Return the captions as WebVTT; hours are written only where there are any."""
    blocks = (
        f"{_short_time(caption.start)} --> {_short_time(caption.end)}\n{_escaped(caption.text)}\n"
        for caption in captions(transcript, width)
    )
    return "\n".join(("WEBVTT\n", *blocks))


def _time(moment: int, mark: str) -> str:
    seconds, millis = divmod(moment, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{millis:03}"


def _short_time(moment: int) -> str:
    text = _time(moment, ".")
    return text.removeprefix("00:")


def _line(text: str) -> str:
    """Return text that cannot be taken for the times of a caption."""
    return _ARROW.sub("->", text)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def search(transcript: Transcript, wanted: Sequence[str]) -> list[Match]:
    """Find words and phrases, whatever their case and punctuation; what is not there is left out."""
    phrases = {text: bare for text in wanted if (bare := _bare_words(text))}
    by_first: dict[str, list[tuple[str, list[str]]]] = {}
    for text, bare in phrases.items():
        by_first.setdefault(bare[0], []).append((text, bare))
    words = list(spoken(transcript))
    all_keys = [_bare(word.text) for word in words]
    places = [place for place, key in enumerate(all_keys) if key]
    keys = [all_keys[place] for place in places]
    found: dict[str, Match] = {}
    for at, key in enumerate(keys):
        for text, bare in by_first.get(key, ()):
            if keys[at : at + len(bare)] == bare:
                first, last = places[at], places[at + len(bare) - 1]
                match = found.setdefault(text, Match(" ".join(text.lower().split()), [], []))
                match.times.append((words[first].start, max(w.end for w in words[first : last + 1])))
                match.places.append(first)
    return [found[text] for text in phrases if text in found]


def _bare(word: str) -> str:
    """Return the letters and digits, with the marks that are part of letters; nothing of a word without any."""
    bare = _SEARCHED.sub("", word)
    if bare and not word.isascii():
        bare = "".join(character for character in word if character.isalnum() or is_mark(character))
    return bare.casefold()


def _bare_words(text: str) -> list[str]:
    return [bare for word in text.split() if (bare := _bare(word))]
