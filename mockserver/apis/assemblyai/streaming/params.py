"""What a stream is asked for: the parameters of its URL, and those that may change while it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from mockserver.apis.assemblyai.streaming.models import MODELS, TODAYS, WHISPER, WORD_BY_WORD
from mockserver.engine.streaming.hearing import Endpointing
from mockserver.engine.streaming.intake import ENCODINGS
from mockserver.engine.streaming.levels import threshold_of

LEGACY = {
    "min_end_of_turn_silence_when_confident": "min_turn_silence",
    "noise_suppression_model": "voice_focus",
    "noise_suppression_threshold": "voice_focus_threshold",
    "keyterms": "keyterms_prompt",
    "_customer_support_audio_capture": "customer_support_audio_capture",
}
"""Names of before, and what is called so today."""
LANGUAGES = (
    "en es de fr it pt tr nl sv no da fi hi vi ar he ja ur zh ru ko ca gl ro et fa yue af mr zu xh nn multi".split()
)
_LONGEST_TEXT, _LONGEST_TERM = 1750, 50
_MOST_TERMS, _MOST_LANGUAGES = 100, 10
_SHORTEST_SILENCE, _LONGEST_SILENCE = 50, 10_000
_QUICKEST_REVISION, _SLOWEST_REVISION = 120_000, 300_000
_SENTENCE_ENDS = 0.5
"""How certain it must be that a turn is over for the models that look at the end of a sentence."""
_LONGEST_TURN, _LONGEST_TURN_OF_A_SPEAKER, _LONGEST_TURN_WORD_BY_WORD = 60_000, 10_000, 300_000
_AS_IT_IS = "as_it_is"
_SHOWN = 200


_INTERRUPTION, _ADDED = 500, 256
"""Milliseconds of speech before a turn is first told of, and what the server adds to them."""
_MOST_TOLD = 100
_Model = TypeVar("_Model", bound="Changes")


class InvalidParameterError(Exception):
    """A parameter is refused; the message says it in the service's words."""


def _list(value: Any) -> Any:
    """Read a list, which is JSON where it stands in a URL."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("Invalid JSON array")
    return value


def _terms(value: Any) -> list[str]:
    terms: list[str] = _list(value)
    if len(terms) > _MOST_TERMS:
        raise ValueError(f"Max {_MOST_TERMS} items")
    return terms


def _languages(value: Any) -> list[str]:
    codes: list[str] = _list(value)
    if len(codes) > _MOST_LANGUAGES:
        raise ValueError(f"Max {_MOST_LANGUAGES} items")
    if unknown := [code for code in codes if code not in LANGUAGES]:
        raise ValueError(f"Unsupported language code '{unknown[0][:_SHOWN]}'")
    return codes


def _object(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, dict):
        raise ValueError("Invalid JSON object")
    return value


def _rate(value: int) -> int:
    if value < 8_000:
        raise ValueError("sample_rate must be at least 8,000 Hz")
    if value > 96_000:
        raise ValueError("sample_rate must be at most 96,000 Hz")
    return value


def _encoding(value: Any) -> Any:
    if value not in ENCODINGS:
        raise PydanticCustomError(_AS_IT_IS, "'{given}' is not a valid Encoding", {"given": str(value)[:_SHOWN]})
    return value


def _model(value: Any) -> Any:
    if value not in MODELS:
        *others, last = (repr(name) for name in MODELS)
        raise PydanticCustomError("enum", f"Input should be {', '.join(others)} or {last}")
    return value


def _short(name: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise ValueError(f"{name} exceeds maximum length of {_LONGEST_TEXT} characters (got {len(value)})")
        return value

    return BeforeValidator(check)


def _between(least: int, most: int) -> BeforeValidator:
    """Take what is beyond for the limit."""

    def check(value: Any) -> Any:
        try:
            return min(max(int(value), least), most)
        except (TypeError, ValueError, OverflowError):
            return value  # pydantic has words for that

    return BeforeValidator(check)


_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Terms = Annotated[list[str], BeforeValidator(_terms)]
_Codes = Annotated[list[str], BeforeValidator(_languages)]
_Words = Annotated[list[str], BeforeValidator(_list)]
_Silence = Annotated[int, _between(_SHORTEST_SILENCE, _LONGEST_SILENCE)]
Mode = Literal["max_accuracy", "min_latency", "balanced"]
_Focus = Literal["near-field", "far-field"]


class Changes(BaseModel):
    """What may be changed while a stream goes on."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    end_of_turn_confidence_threshold: _Share | None = None
    min_turn_silence: _Silence | None = None
    max_turn_silence: Annotated[int, Field(ge=0, le=2**31)] | None = None
    vad_threshold: _Share | None = None
    format_turns: bool | None = None
    keyterms_prompt: _Terms | None = None
    filter_profanity: bool | None = None
    prompt: Annotated[str, _short("prompt")] | None = None
    agent_context: Annotated[str, _short("agent_context")] | None = None
    interruption_delay: Annotated[int, Field(ge=0, le=1000)] | None = None
    turn_left_pad_ms: Annotated[int, Field(ge=0, le=2**31)] | None = None
    language_codes: _Codes | None = None
    session_heartbeat: bool | None = None
    acknowledge_silence: bool | None = None
    continuous_partials: bool | None = None
    mode: Mode | None = None


class Params(Changes):
    """All that a stream is asked for; None is what the model makes of it."""

    sample_rate: Annotated[int, AfterValidator(_rate)] = 16_000
    encoding: Annotated[str, BeforeValidator(_encoding)] = "pcm_s16le"
    speech_model: Annotated[str, BeforeValidator(_model)] = TODAYS
    previous_context_n_turns: Annotated[int, Field(ge=0, le=100)] | None = None
    language: str | None = None
    language_code: str | None = None
    language_detection: bool = False
    domain: Literal["medical-v1"] | None = None
    speaker_labels: bool = False
    max_speakers: Annotated[int, Field(ge=1, le=10)] | None = None
    speaker_labels_revision_interval_ms: Annotated[int, Field(ge=0, le=86_400_000)] | None = None
    voice_focus: _Focus | None = None
    voice_focus_threshold: _Share | None = None
    include_partial_turns: bool | None = None
    redact_pii: bool = False
    redact_pii_policies: _Words | None = None
    redact_pii_sub: Literal["hash", "entity_name"] = "hash"
    inactivity_timeout: Annotated[int, Field(ge=5, le=3600)] | None = None
    customer_support_audio_capture: bool | None = None
    webhook_url: str | None = None
    webhook_auth_header_name: str | None = None
    webhook_auth_header_value: str | None = None
    llm_gateway: Annotated[dict[str, Any], BeforeValidator(_object)] | None = None
    formatted_finals: str | None = None
    word_finalization_max_wait_time: str | None = None
    token: str | None = None

    @model_validator(mode="after")
    def _prompted(self) -> Self:
        if self.prompt is not None and self.is_word_by_word:
            raise PydanticCustomError(_AS_IT_IS, "prompt is only supported with the 'u3-rt-pro' speech_model")
        return self

    @property
    def is_word_by_word(self) -> bool:
        """Say whether the model tells each word as it comes."""
        return self.speech_model in WORD_BY_WORD

    @property
    def tells_language(self) -> bool:
        """Say whether turns name their language."""
        return self.language_detection or self.speech_model == WHISPER

    @property
    def spoken(self) -> str | None:
        """Return the language that is said to be spoken, if one is."""
        codes = [self.language_code, self.language, *(self.language_codes or ())]
        named = [code for code in codes if code and code != "multi"]
        return named[0].replace("-", "_").lower() if len(set(named)) == 1 else None

    @property
    def first_partial(self) -> int:
        """Return after how many milliseconds of speech a turn is told of at first."""
        usual = 0 if self.mode == "min_latency" else _INTERRUPTION
        return (usual if self.interruption_delay is None else self.interruption_delay) + _ADDED

    @property
    def shows_partials(self) -> bool:
        """Say whether turns are told of before they are over."""
        return not self.redact_pii if self.include_partial_turns is None else self.include_partial_turns

    @property
    def revision_interval(self) -> int | None:
        """Return after how many milliseconds of audio speakers are looked at again; None: only in the end."""
        asked = self.speaker_labels_revision_interval_ms
        return None if asked is None else min(max(asked, _QUICKEST_REVISION), _SLOWEST_REVISION)

    @property
    def shown_mode(self) -> str | None:
        """Return the mode as the session's beginning has it."""
        return self.mode or (None if self.is_word_by_word else "balanced")

    @property
    def endpointing(self) -> Endpointing:
        """Return when turns are over."""
        least, most, loudness = (400, 1280, 0.4) if self.is_word_by_word else (100, 1000, 0.3)
        shortest = least if self.min_turn_silence is None else self.min_turn_silence
        longest = most if self.max_turn_silence is None else self.max_turn_silence
        return Endpointing(
            min_silence=shortest,
            max_silence=max(longest, shortest),
            threshold=self._threshold,
            loudness=threshold_of(loudness if self.vad_threshold is None else self.vad_threshold),
            longest=self._longest_turn,
        )

    @property
    def _threshold(self) -> float:
        asked = self.end_of_turn_confidence_threshold
        if not self.is_word_by_word:
            return _SENTENCE_ENDS
        return 0.4 if asked is None else asked

    @property
    def _longest_turn(self) -> int:
        if self.is_word_by_word:
            return _LONGEST_TURN_WORD_BY_WORD
        return _LONGEST_TURN_OF_A_SPEAKER if self.speaker_labels else _LONGEST_TURN


def read(given: Mapping[str, str], *, default_model: str) -> Params:
    """Return what the parameters of a URL ask for. Raises InvalidParameterError."""
    return _checked(Params, {"speech_model": default_model} | _renamed(given))


def changed(params: Params, message: Mapping[str, Any]) -> Params:
    """Return the parameters as a message changes them; what it has as null stays. Raises InvalidParameterError."""
    asked = {name: value for name, value in _renamed(message).items() if value is not None}
    changes = _checked(Changes, asked).model_dump(exclude_unset=True)
    if changes.get("prompt") is not None and params.is_word_by_word:
        raise InvalidParameterError("prompt is only supported with the 'u3-rt-pro' speech_model")
    return params.model_copy(update=changes)


def violations(given: Mapping[str, Any], params: Params | None = None) -> Iterator[str]:
    """Yield what the service lets pass although it is wrong: of a URL's parameters, or of a message's fields."""
    known = Changes.model_fields if params is None else Params.model_fields
    what = "field" if params is None else "query parameter"
    for name in list(given)[:_MOST_TOLD]:
        if name not in known and name not in LEGACY and name != "type":
            yield f"unknown {what} {name[:_SHOWN]}"
    terms = (params and params.keyterms_prompt) or ()
    yield from (f"keyterms_prompt: longer than {_LONGEST_TERM} characters" for t in terms if len(t) > _LONGEST_TERM)


def _renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters under the names of today; one that has both names counts under this one."""
    old = {LEGACY[name]: value for name, value in given.items() if name in LEGACY}
    return old | {name: value for name, value in given.items() if name not in LEGACY}


def _checked(model: type[_Model], given: Mapping[str, Any]) -> _Model:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidParameterError(_worded(error.errors(include_url=False)[0])) from None


def _worded(problem: ErrorDetails) -> str:
    if problem["type"] == _AS_IT_IS:
        return problem["msg"]
    return f"Invalid '{problem['loc'][0] if problem['loc'] else 'parameters'}': {problem['msg']}"
