"""What a fixture is: match rules, content, and how the job ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.engine.keyring import mask
from mockserver.engine.options import AS_USUAL, Options
from mockserver.engine.transcripts import UntimedTurn
from mockserver.settings import Progress

REASONS = frozenset(
    "download_forbidden download_failed download_denied unreachable not_audio transcoding_failed too_short "
    "too_long too_large no_audio_stream empty wrong_region no_speech low_language_confidence "
    "low_speech silent unsupported_format server_error".split()
)
"""What a job can fail for, in the engine's words; every family words them as its vendor does."""
_SHOWN = 200


@dataclass(frozen=True)
class Problem:
    """A mistake in a fixture file; lines count from 1."""

    file: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class Question(NamedTuple):
    """What a fixture is matched on: a request for a transcript."""

    url: str
    file_name: str | None
    sha256: str | None
    size: int | None
    language: str | None
    key: str
    params: Mapping[str, Any]
    options: Options = AS_USUAL


@dataclass(frozen=True)
class Outcome:
    """How the job goes on its way: times in microseconds, ``reason`` one of REASONS or ``error`` a text."""

    error: str | None = None
    reason: str | None = None
    progress: Progress | None = None
    queue_time: int | None = None
    processing_time: int | None = None
    hold: str | None = None

    @property
    def is_failure(self) -> bool:
        """Say whether the job fails."""
        return self.error is not None or self.reason is not None


@dataclass(frozen=True)
class Match:
    """The conditions of a fixture; every one that is given must hold."""

    audio: Path | None = None
    audio_sha256: str | None = None
    audio_url: str | None = None
    file_name: str | None = None
    language: str | None = None
    api_key: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def audio_size(self) -> int | None:
        """Return the bytes of the audio that has to be compared, None if none has."""
        if self.audio is None:
            return None
        try:
            return self.audio.stat().st_size
        except OSError:
            return None

    @cached_property
    def _audio_hash(self) -> str | None:
        digest = sha256()
        try:
            with (self.audio or Path()).open("rb") as file:
                while chunk := file.read(2**20):
                    digest.update(chunk)
        except OSError:
            return None  # the file has gone; the next load will tell
        return digest.hexdigest()

    @property
    def is_identified(self) -> bool:
        """Say whether ``holds`` can be asked without reading the audio."""
        return self.audio is None or "_audio_hash" in self.__dict__

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str] | None, ...]:
        globs = (self.audio_url, self.file_name, self.api_key)
        return tuple(re.compile(translate(glob)) if glob is not None else None for glob in globs)

    @property
    def exact_url(self) -> str | None:
        """Return the only URL that fits, if there is one."""
        url = self.audio_url
        return url if url is not None and not set(url) & set("*?[") else None

    def identify(self) -> None:
        """Read the audio now, so that ``holds`` need not; this blocks."""
        if self.audio is not None:
            _ = self._audio_hash

    def holds(self, question: Question) -> bool:
        """Say whether every condition holds."""
        return self._audio_is(question) and self._names_fit(question) and self._params_fit(question)

    def _audio_is(self, question: Question) -> bool:
        if self.audio_sha256:
            return self.audio_sha256 == question.sha256
        if self.audio is None:
            return True
        if question.sha256 is None or self.audio_size != question.size:
            return False
        return self._audio_hash == question.sha256

    def _names_fit(self, question: Question) -> bool:
        values = (question.url, question.file_name, question.key)
        return all(
            pattern is None or (value is not None and pattern.match(value) is not None)
            for pattern, value in zip(self._patterns, values, strict=True)
        )

    def _params_fit(self, question: Question) -> bool:
        if self.language is not None and self.language not in _language_family(question.language):
            return False
        params = question.params
        return all(name in params and params[name] == value for name, value in self.params.items())

    def misses(self, question: Question) -> Iterator[str]:
        """Yield what does not hold, in words."""
        if not self._audio_is(question):
            wanted = self.audio_sha256 or (self.audio and self.audio.name)
            yield f"the audio is not {wanted}: its sha256 is {question.sha256 or 'not known'}"
        named = (
            ("audio_url", self.audio_url, question.url),
            ("file_name", self.file_name, question.file_name),
            ("api_key", self.api_key, mask(question.key)),
        )
        for (name, glob, value), pattern, given in zip(
            named, self._patterns, (question.url, question.file_name, question.key), strict=True
        ):
            if pattern is not None and (given is None or pattern.match(given) is None):
                yield f"{name} does not fit {glob!r}: it is {(value or '')[:_SHOWN]!r}"
        if self.language is not None and self.language not in _language_family(question.language):
            yield f"language is {question.language!r}, not {self.language!r}"
        for name, wanted_value in self.params.items():
            if name not in question.params:
                yield f"{name} is not sent"
            elif question.params[name] != wanted_value:
                yield f"{name} is {str(question.params[name])[:_SHOWN]!r}, not {str(wanted_value)[:_SHOWN]!r}"

    @property
    def names_audio(self) -> bool:
        """Say whether the fixture is for some audio, and not for requests of some kind."""
        return any((self.audio, self.audio_sha256, self.audio_url, self.file_name))

    @cached_property
    def specificity(self) -> tuple[int, ...]:
        """Return what decides between fixtures that match: the audio, then how much of a name is spelled out."""
        return (
            bool(self.audio or self.audio_sha256),
            _spelled_out(self.audio_url),
            _spelled_out(self.file_name),
            len(self.params),
            _spelled_out(self.api_key),
            self.language is not None,
        )


def _language_family(code: str | None) -> tuple[str, ...]:
    return (code, code.split("_")[0]) if code else ()


def _spelled_out(glob: str | None) -> int:
    return 0 if glob is None else 1 + len(re.sub(r"\*|\?|\[[^]]*\]", "", glob))


@dataclass(frozen=True)
class Fixture:
    """Match rules, content, and how the job ends."""

    name: str
    file: Path
    line: int
    match: Match
    turns: tuple[UntimedTurn, ...] | None
    language: str | None
    duration: int | None
    outcome: Outcome
    digest: str
    """A hash of what is said: two fixtures that say the same share their transcripts."""
    is_script: bool = False
    """Whether a stream takes each sound as the cue for the next turn, whatever the times."""
    results: Mapping[str, Any] = field(default_factory=dict)
    """Results that are not derived from what is said, in the form that ``fixture_results.py`` describes."""

    @property
    def is_silent(self) -> bool:
        """Say whether it knows that nothing at all is heard."""
        return self.turns is not None and not any(turn.words for turn in self.turns)
