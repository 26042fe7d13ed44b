"""What is wrong with something that pydantic has refused, for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def problem_of(error: Mapping[str, Any], known: Iterable[str] = ()) -> str:
    """Say where something is wrong, and what; of a field that nobody knows, which ones are known there."""
    place = ".".join(map(str, error["loc"])) or "body"
    if error["type"] != "extra_forbidden":
        return f"{place}: {error['msg'].removeprefix('Value error, ')}"
    names = ", ".join(known) if len(error["loc"]) == 1 else ""
    return f"{place}: there is no such field{names and f'; there are {names}'}"
