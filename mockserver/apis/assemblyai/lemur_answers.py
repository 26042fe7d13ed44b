"""What LeMUR answers: sentences of the transcripts. Imported late, as what it needs takes long to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockserver.apis.assemblyai.completed import document_of
from mockserver.apis.assemblyai.lemur import Heard, LemurParams, LemurQuestion
from mockserver.engine import results, understanding
from mockserver.engine.transcripts import Transcript, UntimedTurn, UntimedWord, transcribe
from mockserver.engine.views import Passage, sentences
from mockserver.web.family import Quirks


def respond(kind: str, asked: LemurParams, sources: Sequence[Heard], quirks: Quirks) -> dict[str, Any]:
    """Return the answer to a question of some kind, and what it took; this blocks."""
    said = sentences(_as_transcript(asked.get("input_text") or ""))
    for job, transcript in sources:
        said += document_of(job, transcript, quirks).shown_sentences
    response = _ANSWERS[kind](asked, said)
    used = {"input_tokens": sum(_tokens(s.text) for s in said), "output_tokens": _tokens(str(response))}
    return {"response": response, "usage": used}


def _as_transcript(text: str) -> Transcript:
    turn = UntimedTurn(tuple(UntimedWord(word) for word in text.split()))
    return transcribe([turn] if turn.words else [], language="en", duration=60_000, seed="")


def _about(asked: LemurParams, said: Sequence[Passage]) -> str:
    """Answer from the text: with the sentence that fits the prompt best, or else a summary."""
    found = understanding.answer(said, asked.get("prompt") or "")
    return found.text if found is not None else understanding.summary(said, "informative", "paragraph")


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
    found = results.action_items({}, said, decisions=False)
    return "\n".join(f"- {text}" for text, _ in found) or "There are no action items."


def _tokens(text: str) -> int:
    return -(-len(text) // 4)


_ANSWERS: Mapping[str, Callable[[LemurParams, Sequence[Passage]], Any]] = {
    "about": _about,
    "summary": _summary,
    "answers": _answers,
    "to_do": _to_do,
}
