"""Speech understanding: translation, speakers' names, formatting, summaries, action items."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mockserver.apis.assemblyai.document import Document
from mockserver.apis.assemblyai.turns import turn_view
from mockserver.engine import results
from mockserver.engine.understanding import Chapter, Entity
from mockserver.engine.views import Passage

Shape = dict[str, Any]
_MONTHS = "january february march april may june july august september october november december".split()
_DATE = re.compile(
    rf"(?P<name>{'|'.join(_MONTHS)})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})"
    r"|(?P<iso_year>\d{4})-(?P<month>\d{1,2})-(?P<iso_day>\d{1,2})",
    re.IGNORECASE,
)


def respond(tasks: Mapping[str, Any], document: Document) -> Shape:
    """Return the response of every task."""
    return {name: _TASKS[name](task, document) for name, task in tasks.items() if name in _TASKS}


def _given(document: Document) -> Mapping[str, Any]:
    """Return the results of the fixture; not where words are hidden, for they might show them."""
    return {} if document.hidden else document.heard.results


def translated_texts(task: Mapping[str, Any], document: Document) -> dict[str, str]:
    """Return the whole text in each language that a translation task asks for."""
    given, text = _given(document), document.shown.text
    return {language: results.translation(given, text, language) for language in task["target_languages"]}


def translated_turns(task: Mapping[str, Any], document: Document) -> list[dict[str, str]] | None:
    """Return every turn's text in each language, where the task asks for that."""
    if not task.get("match_original_utterance"):
        return None
    languages = task["target_languages"]
    return [
        {language: results.translation({}, turn.text, language) for language in languages}
        for turn in document.shown.turns
    ]


def _translation(_: Mapping[str, Any], __: Document) -> Shape:
    return {"status": "success"}


def _identification(task: Mapping[str, Any], document: Document) -> Shape:
    return {"mapping": document.names, "effort": task.get("effort") or "low", "status": "success"}


def _formatting(task: Mapping[str, Any], document: Document) -> Shape:
    """Format what is not redacted; the transcript's own text stays as it is."""
    formats = {"date": _date, "phone_number": _phone, "email_address": _email}
    wanted = {"date": task.get("date"), "phone_number": task.get("phone_number"), "email_address": task.get("email")}
    formatted = {
        entity: formats[entity.kind](entity.text, pattern)
        for entity in document.entities
        if (pattern := wanted.get(entity.kind)) and not document.hides(entity)
    }
    turns = list(_formatted_turns(document, formatted))
    found = {
        "mapping": {entity.text: text for entity, text in formatted.items() if text != entity.text},
        "formatted_text": " ".join(turn["text"] for turn in turns),
        "formatted_utterances": turns,
        "status": "success",
    }
    if task.get("format_utterances") is False:
        del found["formatted_utterances"]
    return found


def _formatted_turns(document: Document, formatted: Mapping[Entity, str]) -> Iterator[Shape]:
    by_place = {entity.first: (entity, text) for entity, text in formatted.items()}
    place = 0
    for turn in document.shown.turns:
        texts: list[str] = []
        end = place + len(turn.words)
        while place < end:
            entity, text = by_place.get(place, (None, ""))
            count = 1 if entity is None else entity.count
            said = " ".join(word.text for word in turn.words[len(turn.words) - end + place :][:count])
            texts.append(said if entity is None else said.replace(entity.text, text))
            place += count
        yield turn_view(turn) | {"text": " ".join(texts)}


def _date(text: str, pattern: str) -> str:
    """Write a date that has a day, a month and a year after a pattern of y, m and d; leave any other."""
    found = _DATE.search(text)
    if found is None:
        return text
    month = _MONTHS.index(found["name"].lower()) + 1 if found["name"] else int(found["month"])
    values = {"y": found["year"] or found["iso_year"], "m": month, "d": found["day"] or found["iso_day"]}
    return re.sub(
        r"y+|m+|d+",
        lambda letters: str(values[letters[0][0].lower()]).zfill(len(letters[0]))[-len(letters[0]) :],
        pattern,
        flags=re.IGNORECASE,
    )


def _phone(text: str, pattern: str) -> str:
    """Put the digits in the places of x; leave a number that has more or fewer."""
    digits = re.sub(r"\D", "", text)
    if len(digits) != pattern.lower().count("x"):
        return text
    rest = iter(digits)
    return re.sub("x", lambda _: next(rest), pattern, flags=re.IGNORECASE)


def _email(text: str, pattern: str) -> str:
    """Put the parts of an address in the places of ``username`` and ``domain.com``."""
    name, _, domain = text.partition("@")
    if "username" not in pattern or "domain.com" not in pattern:
        return text
    return pattern.replace("username", name).replace("domain.com", domain)


def _summarization(task: Mapping[str, Any], document: Document) -> Shape:
    given, form = _given(document), task["summary_type"]
    parts = document.shown_sentences
    return {
        "summary": [
            _section(chapter, parts, task) for chapter in _chapters(given, parts, task.get("approximate_chapters"))
        ],
        "block_summary": results.summary(given, parts, "informative", "paragraph"),
        "summary_type": form,
        "effort": task.get("effort") or "low",
        "status": "success",
    }


def _chapters(given: Mapping[str, Any], parts: Sequence[Passage], wanted: int | None) -> list[Chapter]:
    chapters = results.chapters(given, parts)
    while wanted is not None and len(chapters) > wanted:
        at = min(range(len(chapters) - 1), key=lambda number: chapters[number].count + chapters[number + 1].count)
        chapters[at : at + 2] = [_merged(chapters[at], chapters[at + 1])]
    return chapters


def _merged(one: Chapter, other: Chapter) -> Chapter:
    summary = f"{one.summary} {other.summary}"
    return Chapter(one.gist, one.headline, summary, one.start, other.end, one.first, one.count + other.count)


def _section(chapter: Chapter, parts: Sequence[Passage], task: Mapping[str, Any]) -> Shape:
    headline = " ".join(chapter.headline.split()[: task.get("headline_length") or 10])
    section: Shape = {"start": chapter.start, "end": chapter.end, "headline": headline}
    if task["summary_type"] == "paragraph":
        return section | {"text": chapter.summary}
    own = parts[chapter.first : chapter.first + chapter.count]
    bullets = results.summary({}, own, "informative", "bullets").splitlines()
    return section | {"bullets": [bullet.removeprefix("- ") for bullet in bullets]}


def _action_items(task: Mapping[str, Any], document: Document) -> Shape:
    found = results.action_items(
        _given(document), document.shown_sentences, decisions=bool(task.get("include_decisions"))
    )
    return {
        "items": [
            {"text": text}
            | ({"start": said.start, "end": said.end, "speaker": said.speaker} if said is not None else {})
            for text, said in found
        ],
        "status": "success",
    }


_TASKS: Mapping[str, Callable[[Mapping[str, Any], Document], Shape]] = {
    "translation": _translation,
    "speaker_identification": _identification,
    "custom_formatting": _formatting,
    "summarization": _summarization,
    "action_items": _action_items,
}
