"""The language models: read from TOML files, of which one comes along."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Required

import orjson
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mockserver.web.family import Call

_Count = Annotated[int, Field(ge=1, le=2**53)]
_Price = Annotated[float, Field(ge=0, le=1e9)]
_Name = Annotated[str, Field(pattern=r"^[!-~]+$", max_length=200)]
"""A name that may stand in a header."""
_OWN = Path(__file__).with_name("models.toml")
_DEFAULT_KIND = "other"


class CatalogueError(ValueError):
    """A file with models cannot be used; the message names the file and what is wrong."""


class _Provider(TypedDict):
    id: str
    name: str


class _Prices(TypedDict, total=False):
    prompt: Required[_Price]
    completions: Required[_Price]
    input_cache_read: _Price
    input_cache_write: _Price
    input_cache_write_1h: _Price


_Pricing = TypedDict(
    "_Pricing",
    {"global": Required[_Prices], "us": _Prices, "eu": _Prices, "regional_increase_percent": _Price},
    total=False,
)


class _FinishReasons(TypedDict):
    stop: _Name
    length: _Name
    tool_calls: _Name


class _Entry(TypedDict):
    """One model with all its fields, as the files give them or their kind does."""

    id: _Name
    kind: str
    without: list[str]
    name: str
    description: str
    creator: str
    context_length: _Count
    max_completion_tokens: _Count
    supported_parameters: list[str]
    default_parameters: dict[str, _Price]
    pricing: _Pricing
    providers: Annotated[list[_Provider], Field(min_length=1)]
    available_regions: list[str]
    retirement_date: Annotated[int, Field(ge=0, le=2**53)]
    is_moderated: bool
    listed: bool
    free: bool
    finish_reasons: _FinishReasons
    tool_call_prefix: str
    names_in_content: bool


class _File(TypedDict, total=False):
    """A file: what is common to models of some kind, and models."""

    kinds: dict[str, dict[str, Any]]
    models: list[dict[str, Any]]


_ENTRY = TypeAdapter(_Entry)
_FILE = TypeAdapter(_File)


@dataclass(frozen=True)
class Model:
    """A language model; ``view`` is what the list shows of it."""

    id: str
    context_length: int
    supported_parameters: frozenset[str]
    regions: frozenset[str]
    is_listed: bool
    is_free: bool
    finish_reasons: _FinishReasons
    tool_call_prefix: str
    names_in_content: bool
    """The provider takes no names of authors, so they are put before what these say."""
    view: Mapping[str, Any]


class Catalogue:
    """All models, by id; ``parameters`` are those that some model supports."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = models
        self.parameters = frozenset().union(*(model.supported_parameters for model in models.values()))
        self._lists: dict[str, bytes] = {}

    def find(self, model_id: str, region: str) -> Model | None:
        """Return a model if it is there in the region."""
        model = self._models.get(model_id)
        return model if model is not None and region in model.regions else None

    def listing(self, region: str) -> bytes:
        """Return the list of a region's models, as JSON."""
        if region not in self._lists:
            shown = [model.view for model in self._models.values() if model.is_listed and region in model.regions]
            self._lists[region] = orjson.dumps({"data": shown})
        return self._lists[region]


@cache
def catalogue(files: Sequence[Path] = ()) -> Catalogue:
    """Return the models that come along, and those of the files; a later one of the same id wins.

    Raises CatalogueError.
    """
    kinds: dict[str, dict[str, Any]] = {}
    models: dict[str, Model] = {}
    for path in (_OWN, *files):
        content = _read(path)
        for name, kind in content.get("kinds", {}).items():
            kinds[name] = _known(f"{path}: kind {name}", {**kinds.get(name, {}), **kind})
        for entry in content.get("models", []):
            model = _model(path, entry, kinds)
            models[model.id] = model
    return Catalogue(models)


def _read(path: Path) -> _File:
    try:
        return _FILE.validate_python(tomllib.loads(path.read_text(encoding="utf-8")), strict=True)
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path}: {_first_problem(error)}") from None


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        problem = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
    return str(error)


def _model(path: Path, given: Mapping[str, Any], kinds: Mapping[str, Mapping[str, Any]]) -> Model:
    kind = str(given.get("kind", _DEFAULT_KIND))
    name = f"{path}: {given.get('id', 'a model without id')}"
    if kind not in kinds:
        raise CatalogueError(f"{name}: there is no kind {kind!r}; there are: {', '.join(kinds)}")
    fields = {"kind": kind, "without": [], **kinds[_DEFAULT_KIND], **kinds[kind], **given}
    fields.setdefault("name", str(fields.get("id")))
    fields.setdefault("description", f"{fields['name']}, as this server answers for it.")
    try:
        entry = _ENTRY.validate_python(_known(name, fields), strict=True)
    except ValidationError as error:
        raise CatalogueError(f"{name}: {_first_problem(error)}") from None
    entry["supported_parameters"] = [p for p in entry["supported_parameters"] if p not in entry["without"]]
    return _made(entry)


def _known(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields none of which is unknown."""
    if unknown := sorted(fields.keys() - _Entry.__annotations__.keys()):
        raise CatalogueError(f"{name}: unknown field {', '.join(unknown)}")
    return fields


def _made(entry: _Entry) -> Model:
    return Model(
        id=entry["id"],
        context_length=entry["context_length"],
        supported_parameters=frozenset(entry["supported_parameters"]),
        regions=frozenset(entry["available_regions"]),
        is_listed=entry["listed"],
        is_free=entry["free"],
        finish_reasons=entry["finish_reasons"],
        tool_call_prefix=entry["tool_call_prefix"],
        names_in_content=entry["names_in_content"],
        view={
            "id": entry["id"],
            "name": entry["name"],
            "description": entry["description"],
            "default_parameters": entry["default_parameters"],
            "supported_parameters": entry["supported_parameters"],
            "top_provider": {
                "is_moderated": entry["is_moderated"],
                "context_length": entry["context_length"],
                "max_completion_tokens": entry["max_completion_tokens"],
            },
            "context_length": entry["context_length"],
            "pricing": entry["pricing"],
            "creator": entry["creator"],
            "retirement_date": entry["retirement_date"],
            "available_regions": entry["available_regions"],
            "providers": entry["providers"],
            "default_provider": entry["providers"][0],
        },
    )


def models_of(call: Call) -> Catalogue:
    """Return the models that the server knows."""
    return catalogue(call.engine.settings.models)
