"""What matters in a transcript: key phrases, the sentences that tell most, chapters and summaries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import fsum

from mockserver.engine.lexicon import FILLERS, MOODS, STOP_WORDS, WEAK_WORDS
from mockserver.engine.phrases import PUNCTUATION, plain, stem, trimmed
from mockserver.engine.views import Passage

_MOST_HIGHLIGHTS = 15
_LONGEST_PHRASE = 4
_PHRASE_WEIGHTS = (0.0, 1.0, 1.9, 2.1, 1.7)
_BREAKS = tuple(',.;:!?…—)"”»')
_EMPTY = STOP_WORDS | WEAK_WORDS | FILLERS
_SHORTEST_CHAPTER = 150
_LONGEST_CHAPTER = 300
_COMPARED = 60
_REPEATED = 0.6
_PLEASANTRIES = frozenset(
    "thank thanks welcome hello hi bye goodbye sorry okay yes gracias merci danke grazie obrigado obrigada".split()
)
_SMALL_TALK = "help|hear|tell|believe|imagine|suggest|say|recommend"
_PROMISE = re.compile(
    r"\b(?:(?:I|we)(?:'ll| will| shall| am going to|'m going to| are going to|'re going to)(?! (?:never|not)\b)"
    rf"|(?:could|can|would|will) you(?: please)? (?!(?:{_SMALL_TALK})\b)\w+|please (?!help\b)\w+"
    r"|(?:we|you|I|they|he|she) (?:should|must|need to|needs to|have to|has to|ought to)(?! (?:have|be)\b) \w+"
    r"|let us (?!go through|say\b)|let's (?!say\b|see\b)|let me|make sure|remember to|don't forget|action item"
    r"|vamos a|tenemos que|hay que|wir müssen|ich werde|nous devons|il faut|dobbiamo|vou|precisamos)",
    re.IGNORECASE,
)
_DECISION = re.compile(
    r"\b(?:(?:we|they|I|everyone|everybody|the team)(?: have|'ve| has| all)? "
    r"(?:agreed|decided|settled|concluded|chose|opted)"
    r"|(?:we are|we're) going with|the decision (?:is|was)|it was (?:agreed|decided)|it is decided|final decision)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Highlight:
    """A key phrase, the times at which it is said, and its weight in (0, 1]."""

    text: str
    count: int
    rank: float
    times: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Sentences in a row about one subject: ``first`` is the place of the first of them."""

    gist: str
    headline: str
    summary: str
    start: int
    end: int
    first: int
    count: int


def highlights(sentences: Sequence[Passage]) -> list[Highlight]:
    """Return up to fifteen key phrases, the weightiest first; none is part of another."""
    chosen = _key_phrases(sentences, _MOST_HIGHLIGHTS)
    said = _occurrences(sentences, {keys for keys, _ in chosen})
    total = sum(weight for _, weight in chosen)
    return [
        Highlight(said[keys][0], len(said[keys][1]), max(0.01, round(weight / total, 4)), tuple(said[keys][1]))
        for keys, weight in chosen
    ]


def _key_phrases(sentences: Sequence[Passage], most: int) -> list[tuple[tuple[str, ...], float]]:
    counts = Counter(phrase for sentence in sentences for phrase in _phrases(sentence))
    words = {phrase[0]: count for phrase, count in counts.items() if len(phrase) == 1}
    weights = {phrase: _weight(phrase, count, words) for phrase, count in counts.items()}
    chosen: list[tuple[tuple[str, ...], float]] = []
    used: set[str] = set()
    for phrase in sorted(weights, key=lambda phrase: (-weights[phrase], phrase)):
        stems = {stem(key) for key in phrase}
        if used.isdisjoint(stems):
            chosen.append((phrase, weights[phrase]))
            used |= stems
            if len(chosen) == most:
                break
    return chosen


def _phrases(sentence: Passage) -> Iterator[tuple[str, ...]]:
    """Yield every phrase of up to four telling words in a row."""
    for run in _runs(sentence):
        for first in range(len(run)):
            for end in range(first + 1, min(len(run), first + _LONGEST_PHRASE) + 1):
                yield tuple(run[first:end])


def _runs(sentence: Passage) -> Iterator[list[str]]:
    """Yield the telling words that follow one another without punctuation between them."""
    run: list[str] = []
    for word in sentence.words:
        key = plain(word.text)
        if _tells(key):
            run.append(key)
        if run and (not _tells(key) or word.text.endswith(_BREAKS)):
            yield run
            run = []
    if run:
        yield run


def _tells(key: str) -> bool:
    return (
        len(key) > 2 and key not in _EMPTY and not key.endswith("ly") and any(map(str.isalpha, key)) and "@" not in key
    )


def _weight(phrase: tuple[str, ...], count: int, words: Mapping[str, int]) -> float:
    known = sum(words[key] for key in phrase) / len(phrase)
    vague = sum(key in MOODS or key.endswith(("ing", "ed")) for key in phrase) / len(phrase)
    return float(count * known**0.3 * _PHRASE_WEIGHTS[len(phrase)] * (1 - 0.8 * vague))


_Occurrences = dict[tuple[str, ...], tuple[str, list[tuple[int, int]]]]


def _occurrences(sentences: Sequence[Passage], phrases: set[tuple[str, ...]]) -> _Occurrences:
    """Return how each phrase is written, and when it is said."""
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        by_first.setdefault(phrase[0], []).append(phrase)
    said: _Occurrences = {}
    for sentence in sentences:
        keys = [plain(word.text) for word in sentence.words]
        for place, key in enumerate(keys):
            for phrase in by_first.get(key, ()):
                if tuple(keys[place : place + len(phrase)]) == phrase:
                    _note(said, phrase, sentence, place)
    return said


def _note(said: _Occurrences, phrase: tuple[str, ...], sentence: Passage, place: int) -> None:
    words = sentence.words[place : place + len(phrase)]
    text, times = said.setdefault(phrase, (" ".join(phrase), []))
    times.append((words[0].start, max(word.end for word in words)))
    written = " ".join(trimmed(word.text) for word in words)
    capitals = sum(word.text.strip(PUNCTUATION)[:1].isupper() for word in words)
    if written.lower() == text and (place > 0 or capitals > 1):
        said[phrase] = (written, times)


def extract(sentences: Sequence[Passage], count: int) -> list[Passage]:
    """Return the sentences that tell most, in their order; what repeats the others comes last."""
    contents = [_content(sentence) for sentence in sentences]
    scores = _scores(sentences, contents)
    told: set[str] = set()
    repeated: dict[int, bool] = {}
    ranked = sorted(range(len(sentences)), key=lambda place: (-scores[place], place))
    for place in ranked:
        repeated[place] = len(contents[place] & told) > _REPEATED * len(contents[place])
        told |= contents[place]
    best = sorted(ranked, key=repeated.__getitem__)[: max(count, 0)]
    return [sentences[place] for place in sorted(best)]


def _scores(sentences: Sequence[Passage], contents: Sequence[frozenset[str]]) -> list[float]:
    frequencies = Counter(key for content in contents for key in content)
    return [
        _score(sentence, content, frequencies) * (1.1 if place == 0 else 1)
        for place, (sentence, content) in enumerate(zip(sentences, contents, strict=True))
    ]


def _content(sentence: Passage) -> frozenset[str]:
    keys = (plain(word.text) for word in sentence.words)
    return frozenset(stem(key) for key in keys if len(key) > 1 and key not in STOP_WORDS and key not in FILLERS)


def _score(sentence: Passage, content: frozenset[str], frequencies: Counter[str]) -> float:
    score = fsum((frequencies[key] * (0.3 if key in WEAK_WORDS else 1)) ** 0.7 for key in content) / (len(content) + 4)
    if sentence.words[-1].text.endswith("?"):
        score *= 0.5
    if len(sentence.words) < 5 or any(plain(word.text) in _PLEASANTRIES for word in sentence.words):
        score *= 0.4
    return score


def answer(sentences: Sequence[Passage], question: str) -> Passage | None:
    """Return the sentence that shares most with the question; None where nothing is shared."""
    asked = {stem(key) for word in question.split() if (key := plain(word)) and key not in STOP_WORDS}
    contents = [_content(sentence) for sentence in sentences]
    frequencies = Counter(key for content in contents for key in content & asked)
    if not frequencies:
        return None

    def fitness(place: int) -> float:
        fit = fsum(1 / frequencies[key] for key in contents[place] & asked)
        return fit * (0.6 if sentences[place].words[-1].text.endswith("?") else 1)

    return sentences[max(range(len(sentences)), key=fitness)]


def action_items(sentences: Sequence[Passage], decisions: bool = False) -> list[Passage]:
    """Return the sentences that promise or demand something, and those that tell what was decided if wanted."""
    return [
        sentence
        for sentence in sentences
        if _PROMISE.search(sentence.text) or (decisions and _DECISION.search(sentence.text))
    ]


def chapters(sentences: Sequence[Passage]) -> list[Chapter]:
    """Return the chapters: every sentence is in one of them, and each begins where the subject changes most."""
    beginnings = _beginnings(sentences)
    return [_chapter(sentences[first:end], first) for first, end in pairwise([*beginnings, len(sentences)])]


def _chapter(sentences: Sequence[Passage], first: int) -> Chapter:
    return Chapter(
        _gist(sentences),
        extract(sentences, 1)[0].text,
        " ".join(sentence.text for sentence in extract(sentences, 3)),
        min(sentence.start for sentence in sentences),
        max(sentence.end for sentence in sentences),
        first,
        len(sentences),
    )


def _beginnings(sentences: Sequence[Passage]) -> list[int]:
    """Return the places of the sentences that chapters begin with."""
    said = list(accumulate((len(sentence.words) for sentence in sentences), initial=0))
    cohesion = _cohesion(sentences)
    beginnings = [0] if sentences else []
    while beginnings and said[-1] - said[beginnings[-1]] > _LONGEST_CHAPTER:
        begun = said[beginnings[-1]]
        far = [place for place in _gaps(said, beginnings[-1]) if said[place] - begun >= _SHORTEST_CHAPTER]
        fitting = [place for place in far if said[-1] - said[place] >= _SHORTEST_CHAPTER // 2]
        if not fitting:
            break
        beginnings.append(min(fitting, key=lambda place: (cohesion[place], place)))
    return beginnings


def _gaps(said: Sequence[int], first: int) -> Iterator[int]:
    """Yield the places where a chapter can end: until it is long enough, and at least one where it is."""
    for place in range(first + 1, len(said) - 1):
        yield place
        if said[place] - said[first] >= _LONGEST_CHAPTER:
            return


def _cohesion(sentences: Sequence[Passage]) -> list[float]:
    """Return for each sentence how much it and those after it share with those before."""
    contents = [_content(sentence) for sentence in sentences]
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    width = max(1, round(_COMPARED * len(sentences) / max(1, sum(map(len, contents)))))
    for content in contents[:width]:
        after.update(content)
    cohesion = []
    for place in range(len(sentences)):
        cohesion.append(_likeness(before, after))
        _slide(before, contents, place, place - width)
        _slide(after, contents, place + width, place)
    return cohesion


def _slide(window: Counter[str], contents: Sequence[frozenset[str]], entering: int, leaving: int) -> None:
    if entering < len(contents):
        window.update(contents[entering])
    for key in contents[leaving] if leaving >= 0 else ():
        window[key] -= 1
        if not window[key]:
            del window[key]


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    shared = len(one.keys() & other.keys())
    return shared / max(1, min(len(one), len(other)))


def _gist(sentences: Sequence[Passage]) -> str:
    """Return one or two key phrases, or the first words where there is none."""
    phrases = [highlight.text for highlight in highlights(sentences)[:2]]
    if not phrases:
        return " ".join(word.text for word in sentences[0].words[:4])
    gist = ", ".join(phrases)
    return gist[0].upper() + gist[1:]


def summary(sentences: Sequence[Passage], style: str = "informative", form: str = "bullets") -> str:
    """Return what is said, in short.

    ``style`` is informative, conversational (which tells who says it) or catchy; ``form`` is bullets,
    bullets_verbose, gist, headline or paragraph. Without sentences the summary is empty.
    """
    return _FORMS[form](sentences, style) if sentences else ""


def _bullets(sentences: Sequence[Passage], style: str) -> str:
    return _listed(extract(sentences, min(5, 2 + len(sentences) // 12)), style)


def _verbose_bullets(sentences: Sequence[Passage], style: str) -> str:
    return _listed(extract(sentences, min(12, 4 + len(sentences) // 8)), style)


def _listed(sentences: Sequence[Passage], style: str) -> str:
    return "\n".join(f"- {_told(sentence, style)}" for sentence in sentences)


def _headline(sentences: Sequence[Passage], style: str) -> str:
    told = _told(extract(sentences, 1)[0], style)
    return f"{_gist_form(sentences, style)}: {told}" if style == "catchy" else told


def _paragraph(sentences: Sequence[Passage], style: str) -> str:
    return " ".join(_told(sentence, style) for sentence in extract(sentences, min(5, 2 + len(sentences) // 20)))


def _gist_form(sentences: Sequence[Passage], style: str) -> str:
    gist = _gist(sentences)
    return " ".join(word[:1].upper() + word[1:] for word in gist.split()) if style == "catchy" else gist


def _told(sentence: Passage, style: str) -> str:
    if style != "conversational" or sentence.speaker is None:
        return sentence.text
    who = sentence.speaker if len(sentence.speaker) > 2 else f"Speaker {sentence.speaker}"
    return f"{who} {'asks' if sentence.text.endswith('?') else 'says'}: {sentence.text}"


_FORMS: dict[str, Callable[[Sequence[Passage], str], str]] = {
    "bullets": _bullets,
    "bullets_verbose": _verbose_bullets,
    "gist": _gist_form,
    "headline": _headline,
    "paragraph": _paragraph,
}
