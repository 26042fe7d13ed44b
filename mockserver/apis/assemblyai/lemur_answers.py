"""What LeMUR answers: sentences of the transcripts. Imported late, as what it needs takes long to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockserver.apis.assemblyai.completed import document_of
from mockserver.apis.assemblyai.lemur import Heard, LemurParams, LemurQuestion
from mockserver.engine import understanding
from mockserver.engine.chat.tokens import count
from mockserver.engine.views import Passage
from mockserver.web.family import Quirks


def respond(kind: str, asked: LemurParams, sources: Sequence[Heard], quirks: Quirks) -> dict[str, Any]:
    """Return the answer to a question of some kind, and what it took; this blocks."""
    said = understanding.sentences_of(asked.get("input_text") or "")
    for job, transcript in sources:
        said += document_of(job, transcript, quirks).shown_sentences
    response = _ANSWERS[kind](asked, said)
    used = {"input_tokens": sum(count(sentence.text) for sentence in said), "output_tokens": count(str(response))}
    return {"response": response, "usage": used}


def _about(asked: LemurParams, said: Sequence[Passage]) -> str:
    return understanding.about(said, asked.get("prompt") or "")


def _summary(_: LemurParams, said: Sequence[Passage]) -> str:
    return understanding.summary(said, "informative", "paragraph")


def _answers(asked: LemurParams, said: Sequence[Passage]) -> list[dict[str, str]]:
    return [_reply_to(question, said) for question in asked.get("questions") or ()]


def _reply_to(question: LemurQuestion, said: Sequence[Passage]) -> dict[str, str]:
    text = question.get("question", "")
    found = understanding.answer(said, text)
    options = question.get("answer_options")
    if options:
        heard = (found.text if found else "").lower()
        return {"question": text, "answer": next((o for o in options if o.lower() in heard), options[0])}
    return {"question": text, "answer": found.text if found else "The transcript does not say."}


def _to_do(_: LemurParams, said: Sequence[Passage]) -> str:
    return understanding.to_do(said)


_ANSWERS: Mapping[str, Callable[[LemurParams, Sequence[Passage]], Any]] = {
    "about": _about,
    "summary": _summary,
    "answers": _answers,
    "to_do": _to_do,
}
