"""What a conversation is about: the text in it that is no question, but what the question is asked of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from mockserver.engine import understanding
from mockserver.engine.chat import Conversation
from mockserver.engine.views import Passage

_LONG = 40
"""Words of a paragraph that may be what is asked about."""
_FEW_WORDS = 3
_KINDS = "transcript|text|context|document|call|conversation|notes|minutes|article|interview|recording|email|message"
# None of these may look at a long text again and again: a search holds up the whole server.
_LABEL = re.compile(
    rf"^[^\w\n]{{0,20}}(?:(?:the|this|my) )?(?:{_KINDS})\b[^.?!:\n]{{0,40}}:[ \t]*", re.IGNORECASE | re.MULTILINE
)
_OPENED = re.compile(r"<([a-z_]{1,40})>", re.IGNORECASE)
_MOST_TAGS = 20
_SPEAKER = re.compile(
    r"^[ \t]{0,20}((?:speaker )?[\w.-]{1,20}(?: [\w.-]{1,20})?):[ \t]+(?=\S)", re.IGNORECASE | re.MULTILINE
)
_MOST_ASKED = 2000


@dataclass(frozen=True)
class Material:
    """What is asked, and the text that it is asked about, which is empty if there is none.

    ``speakers`` are those of a stored transcript, ``language`` the language of the text.
    """

    asked: str
    text: str
    language: str = "en"
    speakers: tuple[str, ...] = ()
    is_transcript: bool = False

    @cached_property
    def question(self) -> str:
        """Return what is asked, or the beginning and the end of it if it is very long."""
        if len(self.asked) <= 2 * _MOST_ASKED:
            return self.asked
        return f"{self.asked[:_MOST_ASKED]} {self.asked[-_MOST_ASKED:]}"

    @cached_property
    def said(self) -> Sequence[Passage]:
        """Return the sentences of the text, without the names of who says them."""
        return understanding.sentences_of(_SPEAKER.sub("", self.text), self.language) if self.text else ()

    @cached_property
    def voices(self) -> Sequence[str]:
        """Return who speaks, in the order in which they begin."""
        return self.speakers or tuple(dict.fromkeys(found[1] for found in _SPEAKER.finditer(self.text)))


def material_of(conversation: Conversation) -> Material:
    """Return what a conversation is about."""
    stored = conversation.transcript
    if stored is not None:
        asked = conversation.user.replace(stored.text, " ") if stored.text else conversation.user
        return Material(asked, stored.text, stored.language, stored.speakers, is_transcript=True)
    asked, text = _parted(conversation.user)
    if not text:
        asked, text = conversation.user, next(_earlier(conversation), "")
    return Material(asked, text)


def _earlier(conversation: Conversation) -> Iterator[str]:
    """Yield the texts of earlier messages, the newest first; instructions are none."""
    for message in reversed(conversation.messages):
        if message.role in ("system", "user") and not _is_short(message.text):
            text = _marked(message.text)[1] or _script(message.text)[1]
            if not text and message.role == "user":
                text = _parted(message.text)[1]
            if text:
                yield text


def _is_short(text: str) -> bool:
    return "\n" not in text and len(text) < 2 * _LONG - 1


def _parted(text: str) -> tuple[str, str]:
    """Part a message into what is asked and what it is asked about."""
    if _is_short(text):
        return text, ""
    for way in (_marked, _script, _paragraphs, _sentences):
        asked, found = way(text)
        if found:
            return asked, found
    return text, ""


def _marked(text: str) -> tuple[str, str]:
    """Find what stands between tags, or follows a label with a colon."""
    tagged = _tagged(text)
    if tagged is not None:
        return tagged
    label = _LABEL.search(text)
    if label is None or len(text[label.end() :].split()) < _FEW_WORDS:
        return text, ""
    found, _, rest = text[label.end() :].strip().partition("\n\n")
    is_question = rest.strip().endswith("?") and len(rest.split()) < _LONG
    return (text[: label.start()] + (rest if is_question else ""), found if is_question else text[label.end() :])


def _tagged(text: str) -> tuple[str, str] | None:
    lowered = text.lower()
    for opened in islice(_OPENED.finditer(text), _MOST_TAGS):
        closing = f"</{opened[1].lower()}>"
        end = lowered.find(closing, opened.end())
        if end > 0 and (found := text[opened.end() : end].strip()):
            return text[: opened.start()] + text[end + len(closing) :], found
    return None


def _script(text: str) -> tuple[str, str]:
    """Find what two or more people say, each after a name."""
    lines = text.splitlines()
    spoken = [line for line in lines if _SPEAKER.match(line)]
    words = sum(len(_SPEAKER.sub("", line).split()) for line in spoken)
    if len(spoken) < 2 or words < _FEW_WORDS * len(spoken):
        return text, ""
    first, last = lines.index(spoken[0]), len(lines) - 1 - lines[::-1].index(spoken[-1])
    return "\n".join(lines[:first] + lines[last + 1 :]), "\n".join(lines[first : last + 1])


def _paragraphs(text: str) -> tuple[str, str]:
    """Tell long paragraphs from short ones."""
    parts = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    long = [part for part in parts if len(part.split()) >= _LONG]
    short = [part for part in parts if len(part.split()) < _LONG]
    return ("\n".join(short), "\n".join(long)) if short and long else (text, "")


def _sentences(text: str) -> tuple[str, str]:
    """Tell a first sentence that asks something from a long rest."""
    first, *rest = re.split(r"(?<=[?:])\s+", text.strip(), maxsplit=1)
    if rest and len(first.split()) < _LONG <= len(rest[0].split()):
        return first, rest[0]
    return text, ""
