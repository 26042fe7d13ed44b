"""What the part ``config`` of a request says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, NotRequired

import orjson
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mockserver.apis.assemblyai.schemas import Texts
from mockserver.apis.assemblyai.sync import errors
from mockserver.engine.problems import problem_of
from mockserver.web.family import Call

_LONGEST_PROMPT = 6000
_MOST_TERMS = 100
_LONGEST_TERMS = 8000
_MOST_BOOSTED = 1000
_LANGUAGES = frozenset("en es de fr it pt tr nl sv no da fi hi vi ar he ja ur zh".split())
_SHOWN = 100


class SyncConfig(TypedDict, total=False):
    """What is asked for."""

    prompt: Annotated[str, Field(max_length=_LONGEST_PROMPT)] | None
    keyterms_prompt: Texts | None
    conversation_context: str | Texts | None
    language_codes: str | Texts | None
    language_code: str | None
    word_boost: Annotated[Texts, Field(max_length=_MOST_BOOSTED)] | None
    sample_rate: Annotated[int, Field(gt=0, le=2**31)] | None
    channels: Annotated[int, Field(ge=1, le=2)] | None
    timestamps: bool | None


class SyncForm(TypedDict):
    """A form; ``audio`` is a file."""

    config: NotRequired[SyncConfig]
    audio: bytes


class SyncLiveForm(TypedDict):
    """A form whose parts come in this order."""

    config: SyncConfig
    audio: bytes


@cache
def _config() -> TypeAdapter[SyncConfig]:
    return TypeAdapter(SyncConfig)


def form() -> TypeAdapter[SyncForm]:
    """Return the type of a form's fields."""
    return TypeAdapter(SyncForm)


def live_form() -> TypeAdapter[SyncLiveForm]:
    """Return the type of the fields where their order counts."""
    return TypeAdapter(SyncLiveForm)


class Config(NamedTuple):
    """A configuration that is sound; ``said`` is what was sent."""

    said: Mapping[str, Any]

    @property
    def language(self) -> str | None:
        """Return the language that is asked for, the first where there are several; a prompt takes its place."""
        if self.said.get("prompt"):
            return None
        return next(iter(_languages(self.said)), None)

    @property
    def wording(self) -> dict[str, Any]:
        """Return what is asked of the wording, as the pre-recorded API's parameters say it."""
        return {name: _terms(self.said.get(name)) for name in ("keyterms_prompt", "word_boost")}

    @property
    def timestamps(self) -> bool:
        """Say whether words have times."""
        return bool(self.said.get("timestamps"))


def read_config(call: Call, texts: list[str]) -> Config:
    """Read the parts of that name. Raises ApiError 400."""
    if len(texts) > 1:
        raise errors.invalid("request must include only one `config` part")
    said = _parsed(texts[0]) if texts else {}
    try:
        _config().validate_python(said, strict=True)
    except ValidationError as error:
        raise errors.invalid(f"invalid config: {_problem(error)}") from None
    problem = _broken(said)
    if problem is not None:
        raise errors.invalid(f"invalid config: {problem}")
    _meet_unknown(call, sorted(said.keys() - SyncConfig.__annotations__.keys()))
    return Config(said)


def _parsed(text: str) -> dict[str, Any]:
    try:
        said = orjson.loads(text)
        orjson.dumps([[[said]]])  # the journal keeps it, which must not be nested deeper than can be written
    except (ValueError, TypeError) as error:
        raise errors.invalid("`config` part is not valid JSON", f"config: {error}") from None
    if not isinstance(said, dict):
        raise errors.invalid("`config` part must be a JSON object")
    return said


def _problem(error: ValidationError) -> str:
    """Say what is wrong first; where a field may be one of several, what is wrong with the last."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    name = problems[0]["loc"][0]
    last = [problem for problem in problems if problem["loc"][0] == name][-1]
    place = [name, *(part for part in last["loc"][1:] if isinstance(part, int))]
    return problem_of({**last, "loc": place})


def _broken(said: Mapping[str, Any]) -> str | None:
    terms = _terms(said.get("keyterms_prompt"))
    if len(terms) > _MOST_TERMS:
        return f"keyterms_prompt: exceeds {_MOST_TERMS} terms (got {len(terms)})"
    length = sum(map(len, terms))
    if length > _LONGEST_TERMS:
        return f"keyterms_prompt: exceeds {_LONGEST_TERMS} characters (got {length})"
    if said.get("prompt"):
        return None
    unknown = [code for code in _languages(said) if code not in _LANGUAGES]
    return f"language_codes: {unknown[0][:_SHOWN]!r} is not supported" if unknown else None


def _terms(terms: list[str] | None) -> list[str]:
    return [term for term in map(str.strip, terms or ()) if term]


def _languages(said: Mapping[str, Any]) -> list[str]:
    """Return the languages that are asked for, without their regions."""
    codes = said.get("language_codes") or said.get("language_code") or []
    listed = [codes] if isinstance(codes, str) else codes
    return [code.replace("-", "_").partition("_")[0].lower() for code in listed]


def _meet_unknown(call: Call, names: list[str]) -> None:
    if not names:
        return
    if call.engine.settings.unknown_params == "reject":
        raise errors.invalid(f"invalid config: there is no field {', '.join(names)[:_SHOWN]}")
    call.violates(*(f"unknown field {name[:_SHOWN]}" for name in names[:_SHOWN]))
