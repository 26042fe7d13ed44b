"""What a request for a transcript says: as JSON, or as a form."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, NotRequired

import orjson
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mockserver.apis.jobs import errors
from mockserver.apis.jobs.languages import LANGUAGES
from mockserver.engine.problems import problem_of
from mockserver.web.family import Call
from mockserver.web.sources import is_audio_url, is_http_url

_LONGEST = 2**16
_SHOWN = 200
_MOST_SHOWN = 100
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class JobWanted(TypedDict):
    """The body of a request as JSON."""

    source_url: NotRequired[str | None]
    diarize: NotRequired[bool | None]
    language: NotRequired[str | None]
    webhook_url: NotRequired[str | None]


class JobForm(TypedDict):
    """The body of a request as a form; ``file`` is a file."""

    file: NotRequired[bytes]
    source_url: NotRequired[str]
    diarize: NotRequired[bool]
    language: NotRequired[str]
    webhook_url: NotRequired[str]


@cache
def body() -> TypeAdapter[JobWanted]:
    """Return the type of a body as JSON, made when it is first needed."""
    return TypeAdapter(JobWanted)


def form() -> TypeAdapter[JobForm]:
    """Return the type of a form's fields."""
    return TypeAdapter(JobForm)


_NAMES = frozenset(JobWanted.__annotations__)


class Request(NamedTuple):
    """A request: ``source_url`` is None where a file comes with it."""

    source_url: str | None
    diarize: bool
    language: str
    webhook_url: str | None

    @property
    def spoken(self) -> str | None:
        """Return the language that is asked for, None where it is to be found out."""
        return None if self.language == "auto" else self.language


def from_json(call: Call, content: bytes) -> Request:
    """Read a body that is JSON. Raises ApiError."""
    try:
        members = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise errors.invalid("The body is not valid JSON.", f"the body is not JSON: {error}") from None
    if not isinstance(members, dict):
        raise errors.invalid("The body must be a JSON object.")
    if "file" in members:
        raise errors.invalid("A file must be sent as multipart/form-data.")
    try:
        body().validate_python(members, strict=True)
    except ValidationError as error:
        raise errors.invalid(problem_of(error.errors(include_url=False, include_context=False)[0])) from None
    return request_of(call, {name: value for name, value in members.items() if value is not None}, has_file=False)


def members_of(fields: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the fields of a form, each as what it is; known ones that are empty are left out. Raises ApiError."""
    if repeated := [name for name, values in fields.items() if name in _NAMES and len(values) > 1]:
        raise errors.invalid(f"{repeated[0]} is there more than once.")
    members: dict[str, Any] = {name: values[0] for name, values in fields.items()}
    members = {name: value for name, value in members.items() if value or name not in _NAMES}
    if "diarize" in members:
        members["diarize"] = flag("diarize", members["diarize"])
    return members


def flag(name: str, text: str) -> bool:
    """Return what true, false, 1 or 0 says. Raises ApiError."""
    try:
        return _FLAGS[text.strip().lower()]
    except KeyError:
        raise errors.invalid(f"{name} must be true or false.", f"{name} is {text[:_SHOWN]!r}") from None


def request_of(call: Call, members: Mapping[str, Any], *, has_file: bool) -> Request:
    """Return what the members of a body say; with ``has_file`` a file came, too. Raises ApiError."""
    _meet_unknown(call, sorted(members.keys() - _NAMES))
    url, webhook_url = members.get("source_url"), members.get("webhook_url")
    if has_file == (url is not None):
        raise errors.invalid(f"Send either a file or a source_url, {'not both' if has_file else 'one of them'}.")
    if url is not None and not is_audio_url(url):
        raise errors.invalid("source_url is not a URL of audio.", "it is not an http, https, file or data URL")
    if webhook_url is not None and not (is_http_url(webhook_url) and len(webhook_url) <= _LONGEST):
        raise errors.invalid("webhook_url is not a URL.", "it is not an http or https URL of a usual length")
    language = members.get("language", "auto")
    if language != "auto" and language not in LANGUAGES:
        raise errors.invalid_language(f"The language {language[:_SHOWN]!r} is not supported.")
    return Request(url, members.get("diarize", True), language, webhook_url)


def _meet_unknown(call: Call, names: list[str]) -> None:
    if not names:
        return
    if call.engine.settings.unknown_params == "reject":
        raise errors.invalid(f"There is no field {', '.join(names)[:_SHOWN]}.")
    call.violates(*(f"unknown field {name[:_SHOWN]}" for name in names[:_MOST_SHOWN]))
