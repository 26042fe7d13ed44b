"""What pydantic refuses, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator


def _whole(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("half a character (a lone surrogate) is no text")
    return text


WholeText = Annotated[str, AfterValidator(_whole)]


def problem_of(error: Mapping[str, Any], known: Iterable[str] = ()) -> str:
    """Say where something is wrong, and what; of a field that nobody knows, which ones are known there."""
    place = ".".join(map(str, error["loc"])) or "body"
    if error["type"] != "extra_forbidden":
        return f"{place}: {error['msg'].removeprefix('Value error, ')}"
    names = ", ".join(known) if len(error["loc"]) == 1 else ""
    return f"{place}: there is no such field{names and f'; there are {names}'}"
