"""A simple tokenizer, in which no text is lost: the tokens of a text, joined, are the text.

A token is up to eight Latin letters, two letters of another script, three digits or three signs, each with the space
before it, or else a single character. English has about four characters to a token, as with real tokenizers.
"""

from __future__ import annotations

import re

LONGEST = 9
"""The most characters that a token has."""
_LATIN = r"A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_TOKEN = re.compile(rf" ?[{_LATIN}]{{1,8}}| ?[^\W\d_]{{1,2}}| ?\d{{1,3}}| ?[^\w\s]{{1,3}}|.", re.DOTALL)


def tokens(text: str) -> list[str]:
    """Return the tokens of a text."""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """Return how many tokens a text has."""
    return len(_TOKEN.findall(text))
