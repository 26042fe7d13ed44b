"""What clients send: the parameters of a session and of a token, and the messages that are not audio alone."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any, NamedTuple

import orjson
from pydantic import Field, TypeAdapter
from starlette.datastructures import QueryParams
from typing_extensions import TypedDict

from mockserver.web.family import Query

QUERY = (
    Query("sample_rate", "integer", "samples in a second, needed"),
    Query("word_boost", "string", "a JSON array of terms, 2500 characters at most"),
    Query("encoding", "string", "`pcm_s16le` (default) or `pcm_mulaw`"),
    Query("token", "string", "a temporary token in place of the API key"),
    Query("disable_partial_transcripts", "boolean", "send final transcripts only"),
    Query("enable_extra_session_information", "boolean", "send `SessionInformation` before the end"),
)
_NAMES = frozenset(query.name for query in QUERY)
_ENCODINGS = ("pcm_s16le", "pcm_mulaw")
_FASTEST = 1_000_000
_LONGEST_BOOST = 2500
_LONGEST_SILENCE = 20_000
_LONGEST_MESSAGE = 6_000_000
"""Characters: what two seconds at the highest rate take, and more; to read longer ones others would have to wait."""
_THRESHOLD = "end_utterance_silence_threshold"
_KNOWN = frozenset(("audio_data", "force_end_utterance", "terminate_session", _THRESHOLD))
_SHOWN = 200


class TokenParams(TypedDict):
    """The body of POST /v2/realtime/token: a lifetime in seconds."""

    expires_in: Annotated[int, Field(ge=60, le=100 * 365 * 24 * 3600)]


TOKEN_PARAMS: TypeAdapter[TokenParams] = TypeAdapter(TokenParams)


class WrongError(Exception):
    """Something that a client sent is wrong: ``error`` is the name of what it is told, ``hint`` says more."""

    def __init__(self, error: str, hint: str) -> None:
        super().__init__(hint)
        self.error = error
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of a session. ``given`` are those that were sent, as fixtures are matched on them."""

    sample_rate: int
    encoding: str = _ENCODINGS[0]
    terms: tuple[str, ...] = ()
    has_partials: bool = True
    has_information: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    violations: tuple[str, ...] = ()

    @property
    def bytes_per_sample(self) -> int:
        """Return how many bytes a sample takes."""
        return 1 if self.encoding == "pcm_mulaw" else 2


def read(query: QueryParams) -> Params:
    """Return the parameters of a session. Raises WrongError."""
    given: dict[str, Any] = {"sample_rate": _sample_rate(query.get("sample_rate", ""))}
    violations = [f"unknown query parameter {name[:_SHOWN]}" for name in query if name not in _NAMES]
    if "encoding" in query:
        given["encoding"] = _encoding(query["encoding"])
    if query.get("word_boost"):
        given["word_boost"] = _terms(query["word_boost"])
    for name in ("disable_partial_transcripts", "enable_extra_session_information"):
        if name in query:
            given[name] = query[name].lower() in ("true", "1")
            if query[name].lower() not in ("true", "false", "1", "0"):
                violations.append(f"{name} is neither true nor false")
    return Params(
        sample_rate=given["sample_rate"],
        encoding=given.get("encoding", _ENCODINGS[0]),
        terms=tuple(term for term in given.get("word_boost", ()) if term.strip()),
        has_partials=not given.get("disable_partial_transcripts", False),
        has_information=given.get("enable_extra_session_information", False),
        given=given,
        violations=tuple(violations),
    )


def _sample_rate(text: str) -> int:
    rate = int(text) if text.isascii() and text.isdecimal() and len(text) < len(str(_FASTEST)) + 1 else 0
    if not 0 < rate <= _FASTEST:
        raise WrongError("bad_sample_rate", f"sample_rate: a whole number from 1 to {_FASTEST} is needed")
    return rate


def _encoding(text: str) -> str:
    if text not in _ENCODINGS:
        raise WrongError("invalid_schema", f"encoding: {' or '.join(_ENCODINGS)}")
    return text


def _terms(text: str) -> list[str]:
    if len(text) > _LONGEST_BOOST:
        raise WrongError("bad_word_boost", f"word_boost: it is longer than {_LONGEST_BOOST} characters")
    try:
        terms = orjson.loads(text)
    except ValueError:
        terms = None
    if not isinstance(terms, list) or not all(isinstance(term, str) for term in terms):
        raise WrongError("bad_word_boost", "word_boost: a JSON array of strings is needed")
    return terms


class Asked(NamedTuple):
    """What a message asks for."""

    audio: bytes | None
    silence: int | None
    forces: bool
    terminates: bool
    unknown: tuple[str, ...]


def understand(text: str) -> Asked:
    """Return what a message asks for. Raises WrongError."""
    if len(text) > _LONGEST_MESSAGE:
        raise WrongError("invalid_schema", f"a message has at most {_LONGEST_MESSAGE} characters")
    try:
        message = orjson.loads(text)
    except ValueError as error:
        raise WrongError("invalid_json", f"{error}") from None
    if not isinstance(message, dict) or not _KNOWN & message.keys():
        raise WrongError("invalid_schema", f"a message is an object with one of {', '.join(sorted(_KNOWN))}")
    return Asked(
        audio=_audio(message["audio_data"]) if "audio_data" in message else None,
        silence=_silence(message[_THRESHOLD]) if _THRESHOLD in message else None,
        forces=_flag(message, "force_end_utterance"),
        terminates=_flag(message, "terminate_session"),
        unknown=tuple(str(name)[:_SHOWN] for name in islice(message.keys() - _KNOWN, 10)),
    )


def _audio(value: object) -> bytes:
    if not isinstance(value, str):
        raise WrongError("invalid_schema", "audio_data: Base64 is needed")
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError as error:
        raise WrongError("invalid_schema", f"audio_data: {error}") from None


def _silence(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _LONGEST_SILENCE:
        raise WrongError("invalid_schema", f"{_THRESHOLD}: a whole number from 0 to {_LONGEST_SILENCE} is needed")
    return value


def _flag(message: Mapping[str, Any], name: str) -> bool:
    value = message.get(name, False)
    if not isinstance(value, bool):
        raise WrongError("invalid_schema", f"{name}: true or false is needed")
    return value
