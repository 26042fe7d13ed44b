"""A completed transcript in other forms: sentences, paragraphs, captions, word search."""

from __future__ import annotations

from mockserver.apis.assemblyai import errors
from mockserver.apis.assemblyai.lookup import is_quick, look_for_completed
from mockserver.web.family import Call, Operations, Query
from mockserver.web.found import rendered
from mockserver.web.replies import Reply

page = Operations("Exports")

_TEXT = b"text/plain; charset=utf-8"
_LONGEST_PHRASE = 5
_WIDTH = Query("chars_per_caption", "integer", "Most characters in one caption.")
_WORDS = Query("words", "string", "Words and phrases of up to 5 words, separated by commas.")


@page.add("GET", "/v2/transcript/{transcript_id}/sentences")
async def sentences(call: Call) -> Reply:
    """Get the sentences."""
    return await _exported(call, "sentences", "sentences")


@page.add("GET", "/v2/transcript/{transcript_id}/paragraphs")
async def paragraphs(call: Call) -> Reply:
    """Get the paragraphs."""
    return await _exported(call, "paragraphs", "paragraphs")


@page.add("GET", "/v2/transcript/{transcript_id}/srt", query=(_WIDTH,))
async def srt(call: Call) -> Reply:
    """Get captions as SubRip."""
    return await _captioned(call, "srt")


@page.add("GET", "/v2/transcript/{transcript_id}/vtt", query=(_WIDTH,))
async def vtt(call: Call) -> Reply:
    """Get captions as WebVTT."""
    return await _captioned(call, "vtt")


@page.add("GET", "/v2/transcript/{transcript_id}/word-search", query=(_WORDS,))
async def word_search(call: Call) -> Reply:
    """Find words and phrases."""
    wanted = _wanted(call)
    return await _exported(call, f"search/{wanted}", "found", wanted)


async def _captioned(call: Call, form: str) -> Reply:
    width = _width(call)
    reply = await _exported(call, f"{form}/{width}", "captions", form, width)
    reply.media_type = _TEXT
    return reply


async def _exported(call: Call, name: str, export: str, *arguments: object) -> Reply:
    from mockserver.apis.assemblyai import completed

    job = await look_for_completed(call)
    make = getattr(completed, export)
    try:
        return await rendered(call, job, name, make, *arguments, is_quick=is_quick(job))
    except FileNotFoundError:  # it was deleted while its view was made
        raise errors.deleted() from None


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
