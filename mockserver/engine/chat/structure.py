"""JSON that is valid under a schema, and says what the conversation is about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from mockserver.engine import understanding
from mockserver.engine.chat import Conversation, RefusedError
from mockserver.engine.chat.material import Material, material_of
from mockserver.engine.chat.speech import mood_of, speech
from mockserver.engine.chat.tokens import count

_FEW = 4
_LONGEST_TEXT, _LONGEST_FACT = 400, 100
"""Characters: there are texts without any full stop."""
_KINDS = {
    "person_name": "person",
    "organization": "company",
    "email_address": "email",
    "phone_number": "phone",
    "number_sequence": "number",
    "account_number": "number",
    "location": "place",
    "date": "date",
    "url": "url",
}
_LANGUAGES = {"en": "English", "es": "Spanish", "fr": "French", "de": "German", "it": "Italian", "pt": "Portuguese"}
_DIGITS = re.compile(r"(?<![\w.,:/-])\d{1,6}(?![\w:/-]|[.,]\d)")


def seed_of(conversation: Conversation, seed: int) -> str:
    """Return what makes the same choices for the same conversation."""
    talk = (conversation.messages, conversation.tools, conversation.schema, conversation.forced)
    return blake2b(f"{seed}/{talk!r}".encode(), digest_size=16).hexdigest()


def structured(conversation: Conversation, seed: str, most_tokens: int) -> str:
    """Return an answer in the form that a conversation asks for. Raises RefusedError."""
    if conversation.wants_any_object:
        return json.dumps({"answer": speech(conversation)}, ensure_ascii=False)
    return value(conversation, conversation.schema, seed, most_tokens, "response_format")


def value(conversation: Conversation, schema: Any, seed: str, most_tokens: int, subject: str) -> str:
    """Return JSON that is valid under a schema, with facts and sentences of what the conversation is about.

    It is as short as it can be where it would have more than ``most_tokens``. Raises RefusedError, which names the
    ``subject``, for a schema that nothing satisfies.
    """
    from mockserver.engine.schema import FULL, LEAN, LEAST, SchemaError, invent

    about = material_of(conversation)
    texts, facts = _texts(about), _facts(about)
    text = ""
    for thrift in (FULL, LEAN, LEAST):
        try:
            text = json.dumps(invent(schema, seed, texts, thrift, facts), ensure_ascii=False)
        except SchemaError as error:
            raise RefusedError(f"{subject} is invalid: {error}") from None
        if count(text) <= most_tokens:
            break
    return text


def _texts(about: Material) -> Sequence[str]:
    """Return sentences for free texts, those that tell most if there are many."""
    said = about.said or understanding.sentences_of("" if about.is_transcript else about.question)
    told = [sentence.text for sentence in said]
    if len(said) >= _FEW:
        summary = understanding.summary(said, "informative", "bullets").splitlines()
        told = [line.removeprefix("- ") for line in summary]
    return [text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT].rpartition(" ")[0] + "…" for text in told]


def _facts(about: Material) -> Mapping[str, Sequence[str]]:
    """Return what is said of persons, places and the like, by kind."""
    facts: dict[str, list[str]] = {}
    for kind, text in _found(about):
        known = facts.setdefault(kind, [])
        if text not in known and len(text) <= _LONGEST_FACT:
            known.append(text)
    return facts


def _found(about: Material) -> Iterator[tuple[str, str]]:
    asked = understanding.sentences_of(about.question)
    for said in (about.said, asked):
        for entity in understanding.entities(said, about.language):
            if entity.kind in _KINDS:
                yield _KINDS[entity.kind], entity.text
    yield from (("amount", found) for found in _DIGITS.findall(about.question))
    if about.said:
        yield from (("topic", highlight.text) for highlight in understanding.highlights(about.said)[:5])
        yield "sentiment", mood_of(about)
        code = about.language.partition("_")[0]
        yield from (("language", text) for text in (_LANGUAGES.get(code, code), code))
