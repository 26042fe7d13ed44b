"""A completed transcript in other forms: sentences, paragraphs, captions, word search."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from mockserver.apis.assemblyai import errors, render
from mockserver.apis.assemblyai.lookup import completed, rendered
from mockserver.engine import views
from mockserver.engine.store import Row
from mockserver.engine.transcripts import Transcript
from mockserver.web.family import Call, Operations, Query, Quirks
from mockserver.web.replies import Reply

page = Operations("Exports")

_TEXT = b"text/plain; charset=utf-8"
_LONGEST_PHRASE = 5
_WIDTH = Query("chars_per_caption", "integer", "Most characters in one caption.")
_WORDS = Query("words", "string", "Words and phrases of up to 5 words, separated by commas.")


@page.add("GET", "/v2/transcript/{transcript_id}/sentences")
async def sentences(call: Call) -> Reply:
    """Get the sentences."""
    return await _exported(call, "sentences", _sentences)


@page.add("GET", "/v2/transcript/{transcript_id}/paragraphs")
async def paragraphs(call: Call) -> Reply:
    """Get the paragraphs."""
    return await _exported(call, "paragraphs", _paragraphs)


@page.add("GET", "/v2/transcript/{transcript_id}/srt", query=(_WIDTH,))
async def srt(call: Call) -> Reply:
    """Get captions as SubRip."""
    return await _captioned(call, "srt", views.srt)


@page.add("GET", "/v2/transcript/{transcript_id}/vtt", query=(_WIDTH,))
async def vtt(call: Call) -> Reply:
    """Get captions as WebVTT."""
    return await _captioned(call, "vtt", views.vtt)


@page.add("GET", "/v2/transcript/{transcript_id}/word-search", query=(_WORDS,))
async def word_search(call: Call) -> Reply:
    """Find words and phrases."""
    wanted = _wanted(call)
    return await _exported(call, f"search/{wanted}", _found, wanted)


async def _captioned(call: Call, name: str, write: Callable[[Transcript, int | None], str]) -> Reply:
    width = _width(call)
    reply = await _exported(call, f"{name}/{width}", _captions, write, width)
    reply.media_type = _TEXT
    return reply


async def _exported(call: Call, name: str, export: Callable[..., bytes], *arguments: object) -> Reply:
    job, transcript = await completed(call)
    return await rendered(call, job, transcript, name, export, *arguments)


def _sentences(job: Row, transcript: bytes, quirks: Quirks) -> bytes:
    document = render.document(job, transcript, quirks)
    found = [render.sentence(passage) for passage in document.shown_sentences]
    return render.passages(job, document, "sentences", found)


def _paragraphs(job: Row, transcript: bytes, quirks: Quirks) -> bytes:
    document = render.document(job, transcript, quirks)
    found = [render.paragraph(passage) for passage in views.paragraphs(document.shown_sentences)]
    return render.passages(job, document, "paragraphs", found)


def _captions(
    job: Row, transcript: bytes, quirks: Quirks, write: Callable[[Transcript, int | None], str], width: int | None
) -> bytes:
    return write(render.document(job, transcript, quirks).shown, width).encode()


def _found(job: Row, transcript: bytes, quirks: Quirks, wanted: Sequence[str]) -> bytes:
    matches = views.search(render.document(job, transcript, quirks).shown, wanted)
    return orjson.dumps(
        {
            "id": job["id"],
            "total_count": sum(len(match.places) for match in matches),
            "matches": [
                {"text": m.text, "count": len(m.places), "timestamps": m.times, "indexes": m.places} for m in matches
            ],
        }
    )


def _width(call: Call) -> int | None:
    text = call.query_params.get("chars_per_caption") or None
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):
        raise errors.invalid("chars_per_caption must be a whole number from 1 on")
    return int(text)


def _wanted(call: Call) -> list[str]:
    wanted = [phrase for text in call.query_params.getlist("words") for phrase in text.split(",") if phrase.strip()]
    if not wanted:
        raise errors.invalid("words must name at least one word")
    long = next((phrase for phrase in wanted if len(phrase.split()) > _LONGEST_PHRASE), None)
    if long is not None:
        raise errors.invalid(f"words: {long!r} has more than {_LONGEST_PHRASE} words")
    return wanted
