"""What a model says where no fixture tells: an extract of the text that it is asked about, or an echo.

There is no model here: the first rule whose words are in the question decides, and the same conversation always
gets the same answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from mockserver.engine import understanding
from mockserver.engine.chat import Conversation
from mockserver.engine.chat.material import Material, material_of

_ECHOED = 400
_NUMBERS = {word: number for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}
_HOW_MANY = re.compile(
    rf"\b(\d{{1,2}}|{'|'.join(_NUMBERS)})[ -](?:short |main |key |brief )*(?:bullet|sentence|point|item|takeaway|idea)",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"bullet|\blist\b|(?:key|main|important) (?:points?|ideas?|moments?)|takeaways?|highlights?|outline|viñetas|"
    r"puntos clave|stichpunkt",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"\b(?:no|not|never|none|nobody|nothing|cannot)\b|n't\b|n’t\b", re.IGNORECASE)
_QUESTION = re.compile(
    r"\?\s*$|^\W*(?:what|who|whom|whose|when|where|which|why|how|is|are|was|were|do|does|did|can)\b", re.IGNORECASE
)
_LANGUAGES = {
    "arabic": "ar", "chinese": "zh", "dutch": "nl", "english": "en", "french": "fr", "german": "de", "hindi": "hi",
    "italian": "it", "japanese": "ja", "korean": "ko", "polish": "pl", "portuguese": "pt", "russian": "ru",
    "spanish": "es", "swedish": "sv", "turkish": "tr", "ukrainian": "uk", "deutsch": "de", "español": "es",
    "französisch": "fr", "englisch": "en", "inglés": "en", "francés": "fr", "alemán": "de", "anglais": "en",
}  # fmt: skip
_NAMED = ("person_name", "organization")
_CLEAR_KINDS = (
    (r"\b(?:phone|telephone|call (?:back )?at|fax)\b", "phone_number"),
    (r"\be-?mail\b", "email_address"),
    (r"\b(?:order|ticket|case|reference|booking|invoice) (?:number|id)\b|\bwhich order\b", "number_sequence"),
    (r"\b(?:price|cost|how much)\b", "money_amount"),
)
"""Words of a question that leave no doubt about the kind of entity that answers it."""
_KINDS = (
    (r"\b(?:city|place|country|location|town|where)\b", "location"),
    (r"\b(?:company|organi[sz]ation|firm|employer)\b", "organization"),
    (r"\b(?:when|date|what day|which day|deadline)\b", "date"),
    (r"\b(?:who|whom|whose|name)\b", "person_name"),
)
"""The same for words that may mean something else: they count where no sentence fits the question."""


def speech(conversation: Conversation) -> str:
    """Return what the model says."""
    if conversation.tool_result is not None:
        return f"{_caller_of(conversation)} returned: {_shortened(conversation.tool_result)}"
    about = material_of(conversation)
    if not about.said:
        is_silent = about.is_transcript
        return "Nothing is said in the transcript." if is_silent else f"You said: {_shortened(conversation.user)}"
    rule = next((make for pattern, make in _RULES if pattern.search(about.question)), None)
    if rule is None and not _asks(conversation, about):
        return f"You said: {_shortened(conversation.user)}"
    return (rule or _answer)(about)


def _asks(conversation: Conversation, about: Material) -> bool:
    """Say whether a text is asked about: one that the last message brings, or that it puts a question to."""
    return about.asked != conversation.user or _QUESTION.search(about.question) is not None or _is_listed(about)


def _caller_of(conversation: Conversation) -> str:
    """Return the name of the tool whose result came last."""
    answered = conversation.messages[-1].answers
    calls = (call for message in conversation.messages for call in message.calls)
    return next((call.name for call in calls if call.id == answered), "The tool")


def _shortened(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _ECHOED else text[:_ECHOED].rstrip() + "…"


def _is_listed(about: Material) -> bool:
    return _LISTED.search(about.question) is not None


def _answer(about: Material) -> str:
    """Answer a question with the sentence that fits it best; sum up where nothing is asked."""
    named = _naming(about, _CLEAR_KINDS)
    if named is not None:
        return named
    found = understanding.answer(about.said, about.question)
    if found is not None:
        place = about.said.index(found)
        is_question = found.text.endswith("?") and place + 1 < len(about.said)
        return about.said[place + 1].text if is_question else found.text
    if _QUESTION.search(about.question.strip()):
        return _naming(about, _KINDS) or "The text does not say."
    return _summary(about)


def _naming(about: Material, kinds: Sequence[tuple[str, str]]) -> str | None:
    """Return the first sentence that names something of a kind that the question asks for."""
    wanted = {kind for words, kind in kinds if re.search(words, about.question, re.IGNORECASE)}
    if not wanted:
        return None
    found = understanding.entities(about.said, about.language)
    first = next((entity.first for entity in found if entity.kind in wanted), None)
    return None if first is None else _sentence_at(about, first)


def _sentence_at(about: Material, place: int) -> str:
    return next(said.text for said in about.said if place < said.first + len(said.words))


def _summary(about: Material) -> str:
    wanted = _HOW_MANY.search(about.question)
    listed = _is_listed(about)
    if wanted is None:
        return understanding.summary(about.said, "informative", "bullets" if listed else "paragraph")
    count = _NUMBERS.get(wanted[1].lower()) or int(wanted[1])
    told = [sentence.text for sentence in understanding.extract(about.said, count)]
    return _bullets(told) if listed else " ".join(told)


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _to_do(about: Material) -> str:
    return understanding.to_do(about.said)


def _translation(about: Material) -> str:
    words = re.findall(r"\w+", about.question.lower())
    code = next((_LANGUAGES[word] for word in reversed(words) if word in _LANGUAGES), "en")
    return understanding.translated(" ".join(sentence.text for sentence in about.said), code)


def _mood(about: Material) -> str:
    return f"The sentiment is {mood_of(about)}."


def mood_of(about: Material) -> str:
    """Return how a text sounds: what most of its sentences do that are not neutral."""
    moods = Counter(feeling.mood for feeling in understanding.sentiment(about.said))
    positive, negative = moods["positive"], moods["negative"]
    return "neutral" if positive == negative else "positive" if positive > negative else "negative"


def _headline(about: Material) -> str:
    return understanding.summary(about.said, "informative", "headline")


def _chapters(about: Material) -> str:
    return _bullets(chapter.headline for chapter in understanding.chapters(about.said))


def _topics(about: Material) -> str:
    found = [highlight.text for highlight in understanding.highlights(about.said)[:5]]
    return _bullets(found) if _is_listed(about) else ", ".join(found) or "There are no topics."


def _names(about: Material) -> str:
    found = understanding.entities(about.said, about.language)
    names = dict.fromkeys(entity.text for entity in found if entity.kind in _NAMED)
    return ", ".join(names) or "Nobody is named."


def _speakers(about: Material) -> str:
    voices = about.voices
    if not voices:
        return "The text does not say who speaks."
    return f"{len(voices)} speaker{'s' if len(voices) > 1 else ''}: {', '.join(voices)}."


def _yes_or_no(about: Material) -> str:
    found = understanding.answer(about.said, about.question)
    return "Yes." if found is not None and not _NEGATION.search(found.text) else "No."


_TASKS: Sequence[tuple[str, Callable[[Material], str]]] = (
    (r"\btranslat\w*|\bübersetz\w*|\btraduc\w*|\btradui\w*", _translation),
    (r"^\W*yes or no|\banswer (?:with )?(?:only )?(?:yes|no)\b", _yes_or_no),
    (r"\bhow many (?:speakers|people speak|voices)|\bwho(?: is|'s| are) (?:speaking|talking)", _speakers),
    (r"\bsentiment|\bmood\b|\btone\b|\bhow (?:do|does|did) .{1,40}\bfeel", _mood),
    (r"\btitles?\b|\bheadlines?\b|\bsubject line", _headline),
    (r"\bchapters?\b|\bsections?\b", _chapters),
    (
        r"\baction[ _-]?items?|\bto-?dos?\b|\bnext steps?|\bfollow[ -]?ups?\b(?! (?:on\b|e-?mail|question))"
        r"|\btasks?\b|\bwhat (?:should|must|do|does|needs?)\b.{0,80}\bdo\b|\btareas\b|\bpendientes\b|próximos pasos",
        _to_do,
    ),
    (
        r"summar|\brecap|overview|tl;?dr|\bgist\b|\babstract\b|synopsis|nutshell|boil (?:it|this) down|\boutline\b"
        r"|\bminutes\b (?:of|from|for)|\b(?:key|main|important) (?:points?|ideas?|messages?|moments?)|takeaways?"
        r"|highlights?|condense|what (?:is|was) (?:this|it|the \w+) about|\bresum(?:e|en|ir|a)\b|résum"
        r"|zusammenfass|puntos clave|riassum|resumo",
        _summary,
    ),
    (r"\btopics?\b|\bthemes?\b|\bkey ?words?\b", _topics),
    (r"\bnames?\b|\bwho (?:is|are|was|were) (?:mentioned|named)|\bpeople (?:are )?mentioned", _names),
)
_RULES = tuple((re.compile(words, re.IGNORECASE), make) for words, make in _TASKS)
