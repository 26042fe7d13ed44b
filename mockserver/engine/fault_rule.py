"""What a fault is: which requests it is for, and what becomes of them."""

from __future__ import annotations

import random
from collections.abc import Collection
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import from_json

from mockserver.engine.clock import SECOND, iso, moment
from mockserver.engine.partial import is_part
from mockserver.engine.problems import WholeText

Connection = Literal["EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE", "CONNECTION_RESET_BY_PEER"]
RESET: Connection = "CONNECTION_RESET_BY_PEER"
_LONGEST = 1e6
_MOST = 2**31
_HEADER_NAME = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
_RESERVED = frozenset(("content-length", "transfer-encoding", "connection"))
_JOB = ("fail_job", "hold_job", "fallback_job")
_REPLACES = ("error", "status", "connection")
_DAMAGES = ("malformed_json", "truncate", "content_length", "dribble", "cut_after")
_ENDINGS = ("close", "error", "hang", "reset", "invalid_frame")
_CLOSE_CODES = frozenset((1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)))
_LONGEST_REASON = 123


def _storable(value: Any) -> Any:
    """Refuse JSON that can be received, but neither kept nor sent."""
    try:
        from_json(orjson.dumps([[value]]))
    except (TypeError, ValueError):
        raise ValueError("nested too deeply, or a number too large, or half a character (a lone surrogate)") from None
    return value


Text = Annotated[WholeText, StringConstraints(max_length=10_000)]
Seconds = Annotated[float, Field(ge=0, le=_LONGEST)]
Count = Annotated[int, Field(ge=0, le=_MOST)]
HeaderName = Annotated[str, StringConstraints(pattern=_HEADER_NAME, max_length=200)]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\t\x20-\x7e\x80-\xff]*$", max_length=10_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Lognormal(_Part):
    """Delays with many near ``median`` seconds, and few long ones; none is longer than ``most``."""

    median: Annotated[float, Field(gt=0, le=_LONGEST)]
    sigma: Annotated[float, Field(ge=0, le=5)]
    most: Annotated[float, Field(gt=0, le=_LONGEST)] = 60.0


class Distribution(_Part):
    """Delays that differ: evenly between two bounds in seconds, or lognormal."""

    uniform: Annotated[list[Seconds], Field(min_length=2, max_length=2)] | None = None
    lognormal: Lognormal | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.uniform is None) == (self.lognormal is None):
            raise ValueError("give either uniform or lognormal")
        if self.uniform is not None and self.uniform[0] > self.uniform[1]:
            raise ValueError("uniform: the first bound is above the second")
        return self

    def draw(self, chance: random.Random) -> float:
        """Return a delay in seconds."""
        if self.uniform is not None:
            return chance.uniform(*self.uniform)
        assert self.lognormal is not None
        return min(self.lognormal.most, self.lognormal.median * chance.lognormvariate(0, self.lognormal.sigma))


def _kind_of_delay(value: Any) -> str:
    return "distribution" if isinstance(value, dict | Distribution) else "seconds"


Delay = Annotated[
    Annotated[Seconds, Tag("seconds")] | Annotated[Distribution, Tag("distribution")], Discriminator(_kind_of_delay)
]


class Dribble(_Part):
    """A body that comes in so many chunks, over so many seconds."""

    chunks: Annotated[int, Field(ge=1, le=10_000)]
    seconds: Seconds


class Closing(_Part):
    """A close frame: a code that may be sent, and a reason."""

    code: int
    reason: Text = ""

    @field_validator("code")
    @classmethod
    def _can_be_sent(cls, code: int) -> int:
        if code not in _CLOSE_CODES:
            raise ValueError("it cannot be sent; give 1000 to 1003, 1007 to 1014, or 3000 to 4999")
        return code

    @field_validator("reason")
    @classmethod
    def _fits(cls, reason: str) -> str:
        if len(reason.encode()) > _LONGEST_REASON:
            raise ValueError(f"longer than {_LONGEST_REASON} bytes")
        return reason


class SessionFault(_Part):
    """What becomes of a session: after so many messages of the server, or so much audio; without either, at once."""

    after_messages: Count | None = None
    after_audio_ms: Count | None = None
    close: Closing | None = None
    error: Text | None = None
    """A documented error, by its name."""
    hang: bool = False
    """Nothing is answered any more, and the connection stays."""
    reset: bool = False
    invalid_frame: bool = False
    """A frame is sent that is none."""

    @model_validator(mode="after")
    def _one_thing_at_one_time(self) -> Self:
        if len(self._given) != 1:
            raise ValueError(f"give one of {', '.join(_ENDINGS)}")
        if self.after_messages is not None and self.after_audio_ms is not None:
            raise ValueError("after_messages and after_audio_ms cannot be given together")
        return self

    @property
    def _given(self) -> list[str]:
        return [name for name in _ENDINGS if getattr(self, name) not in (None, False)]

    @property
    def label(self) -> str:
        """Return what the journal calls it."""
        what = self._given[0]
        detail = self.error if self.close is None else self.close.code
        return f"session {what} {detail}" if detail is not None else f"session {what}"


class MessageFault(_Part):
    """What becomes of every nth message of a session, or of some kinds; the first ``after`` of them are spared."""

    fault: Literal["drop", "twice", "late", "swap", "malformed"]
    kinds: Annotated[list[Text], Field(min_length=1, max_length=100)] | None = None
    every: Annotated[int, Field(ge=1, le=_MOST)] = 1
    after: Count = 0
    times: Annotated[int, Field(ge=1, le=_MOST)] | None = None
    seconds: Seconds | None = None

    @model_validator(mode="after")
    def _has_its_seconds(self) -> Self:
        if (self.fault == "late") != (self.seconds is not None):
            raise ValueError("late needs seconds" if self.fault == "late" else f"{self.fault} has no seconds")
        return self


class Asked(NamedTuple):
    """A request as rules see it: ``errors`` are those it can get, ``params`` is its JSON body, None if unread.

    For a session ``params`` is what its query says, and ``endings`` are the errors that it can end with.
    """

    family: str
    service: str
    method: str
    path: str
    key: str | None
    errors: Collection[str]
    params: Any = None
    endings: Collection[str] | None = None


class FaultRule(_Part):
    """A fault. Everything that is given of a request must hold; times are on the clock of its project.

    ``path`` and ``api_key`` are patterns, ``params`` is a part of the JSON body, or of what a session's query says. Of
    the requests that match, the first
    ``after`` are spared, and at most ``times`` get the fault, each with ``probability``. ``since`` and ``until`` are
    moments in ISO 8601, or seconds from when the rule was made.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_ .:/+-]+$", max_length=100)] | None = None
    family: Text | None = None
    service: Text | None = None
    method: Text | None = None
    path: Text | None = None
    api_key: Text | None = None
    params: Annotated[dict[str, Any], AfterValidator(_storable)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    after: Count = 0
    times: Annotated[int, Field(ge=1, le=_MOST)] | None = None
    since: Text | float | None = None
    until: Text | float | None = None

    error: Text | None = None
    """A documented error, by its name."""
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    body: Annotated[Any, AfterValidator(_storable)] = None
    headers: dict[HeaderName, HeaderValue] = {}
    connection: Connection | None = None
    executes: bool = False
    """What the request asks for is done all the same, and only its reply is replaced."""
    delay: Delay | None = None
    malformed_json: bool = False
    truncate: Count | None = None
    """Bytes of the body after which the connection ends."""
    content_length: Annotated[int, Field(ge=-_MOST, le=_MOST)] | None = None
    """How much more, or less, the header says than there is."""
    dribble: Dribble | None = None
    cut_after: Count | None = None
    """Tokens of a stream after which the connection ends."""
    fail_job: Text | None = None
    hold_job: Literal["queued", "processing"] | None = None
    fallback_job: bool = False
    """The first engine fails, and the job goes on with another, where the API has one."""
    webhook: Literal["drop", "twice", "reorder"] | None = None
    session: SessionFault | None = None
    messages: MessageFault | None = None

    @field_validator("method")
    @classmethod
    def _upper(cls, method: str | None) -> str | None:
        return method and method.upper()

    @field_validator("since", "until")
    @classmethod
    def _moment(cls, value: str | float | None) -> str | float | None:
        if isinstance(value, str):
            moment(value)
        elif value is not None and not -_LONGEST <= value <= 1e9:
            raise ValueError(f"seconds must lie between {-_LONGEST:g} and 1e9")
        return value

    @field_validator("headers")
    @classmethod
    def _not_reserved(cls, headers: dict[str, str]) -> dict[str, str]:
        if reserved := sorted(name for name in headers if name.lower() in _RESERVED):
            raise ValueError(f"{reserved[0]} is the server's; say content_length or truncate")
        return headers

    @model_validator(mode="after")
    def _does_something_possible(self) -> Self:
        given = [name for name in _REPLACES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} cannot be given together")
        if not self.aspects:
            raise ValueError("the rule does nothing; give error, status, connection, delay, truncate or another fault")
        if "body" in self.model_fields_set and self.status is None:
            raise ValueError("body needs a status")
        damages = [name for name in _DAMAGES if self._gives(name)]
        if self.connection not in (None, RESET) and damages:
            raise ValueError(f"{self.connection} and {damages[0]} cannot be given together")
        if self.connection == RESET and [name for name in damages if name not in ("truncate", "cut_after")]:
            raise ValueError(f"{RESET} can only be given with truncate or cut_after")
        if len(set(damages) & {"truncate", "content_length", "dribble"}) > 1:
            raise ValueError("only one of truncate, content_length and dribble can be given")
        return self

    def _gives(self, name: str) -> bool:
        value = getattr(self, name)
        return value is not None and value is not False  # 0 is something, and equals False

    @cached_property
    def aspects(self) -> frozenset[str]:
        """Return what the rule concerns: delay, reply, job, webhook, session, messages. One rule decides each."""
        found = {
            "delay": self.delay is not None,
            "reply": bool(self.headers) or any(self._gives(name) for name in (*_REPLACES, *_DAMAGES)),
            "job": any(self._gives(name) for name in _JOB),
            "webhook": self.webhook is not None,
            "session": self.session is not None,
            "messages": self.messages is not None,
        }
        return frozenset(name for name, is_concerned in found.items() if is_concerned)

    @cached_property
    def session_aspects(self) -> frozenset[str]:
        """Return what of a session it concerns; its ``reply`` is that to the request for the upgrade."""
        replaces = any(self._gives(name) for name in _REPLACES)
        damages = any(self._gives(name) for name in _DAMAGES)
        without = {"job", "webhook"} if replaces and not damages else {"job", "webhook", "reply"}
        return self.aspects - without

    @cached_property
    def acts_on_jobs_only(self) -> bool:
        """Say whether only requests that make jobs can get the fault."""
        return self.aspects <= {"job", "webhook"}

    @property
    def label(self) -> str:
        """Return what the journal calls it."""
        if self.name:
            return self.name
        said: list[str] = [value for value in (self.error, self.connection) if value]
        said += [f"status {self.status}"] if self.status else []
        said += [name for name in ("delay", *_DAMAGES) if self._gives(name)]
        said += [name for name in _JOB if self._gives(name)]
        said += [f"webhook {self.webhook}"] if self.webhook else []
        said += [self.session.label] if self.session else []
        said += [f"messages {self.messages.fault}"] if self.messages else []
        return " ".join(said) or "headers"

    def dated(self, now: int) -> FaultRule:
        """Return the rule with moments in place of seconds from ``now``."""
        moments = {
            name: iso(max(0, now + round(value * SECOND)))
            for name in ("since", "until")
            if isinstance(value := getattr(self, name), int | float)
        }
        return self.model_copy(update=moments) if moments else self

    @cached_property
    def period(self) -> tuple[int | None, int | None]:
        """Return the first moment of a dated rule, and the first after its time."""
        since, until = (moment(value) if isinstance(value, str) else None for value in (self.since, self.until))
        return since, until

    def is_for(self, asked: Asked, now: int) -> bool:
        """Say whether a request matches, all but its body."""
        since, until = self.period
        return (
            (self.method is None or self.method == asked.method)
            and (self.path is None or fnmatchcase(asked.path, self.path))
            and (self.error is None or self.error in asked.errors)
            and (self.session is None or self.session.error is None or self.session.error in (asked.endings or ()))
            and (self.service is None or self.service == asked.service)
            and (self.family is None or self.family == asked.family)
            and (self.api_key is None or fnmatchcase(asked.key or "", self.api_key))
            and (since is None or since <= now)
            and (until is None or now < until)
        )

    def is_for_params(self, params: Any) -> bool:
        """Say whether a JSON body has the part that is wanted."""
        return self.params is None or is_part(self.params, params)

    def shown(self) -> dict[str, Any]:
        """Return the rule as it was given."""
        return self.model_dump(exclude_unset=True, mode="json")
