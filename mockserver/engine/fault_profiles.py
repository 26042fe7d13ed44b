"""Ready-made sets of faults, by name: those that come along, and those in files of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mockserver.engine import problems
from mockserver.engine.fault_rule import FaultRule


class ProfileError(ValueError):
    """A file with profiles cannot be read; the message names the file, the profile, and what is wrong."""


@dataclass(frozen=True)
class Profile:
    """A set of faults, and what it is like."""

    about: str
    rules: Sequence[FaultRule]


@lru_cache(4)
def profiles(files: tuple[Path, ...]) -> Mapping[str, Profile]:
    """Return every profile by name; later files win. Raises ProfileError."""
    along = resources.files(__package__).joinpath("fault_profiles.yaml").read_text()
    found = _read("fault_profiles.yaml", along)
    for file in files:
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ProfileError(f"{file}: {error}") from None
        found |= _read(str(file), text)
    return found


def _read(file: str, text: str) -> dict[str, Profile]:
    try:
        document = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ProfileError(f"{file}: this is not YAML: {error}") from None
    if not isinstance(document, dict):
        raise ProfileError(f"{file}: profiles are a mapping of names")
    return {str(name): _profile(f"{file}: {name}", value) for name, value in document.items()}


def _profile(place: str, value: Any) -> Profile:
    if not isinstance(value, dict) or not isinstance(value.get("rules"), list) or set(value) - {"about", "rules"}:
        raise ProfileError(f"{place}: a profile has about and rules")
    rules = []
    for number, rule in enumerate(value["rules"], 1):
        try:
            rules.append(FaultRule.model_validate(rule))
        except ValidationError as error:
            raise ProfileError(f"{place}: rule {number}: {problem_of(error)}") from None
    return Profile(str(value.get("about", "")), rules)


def problem_of(error: ValidationError) -> str:
    """Say what is wrong with a rule first of all."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return problems.problem_of(first, FaultRule.model_fields)
