"""Read fixture files: YAML documents, and captions or plain text beside their audio."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from mockserver.engine.captions import CaptionError, read_captions
from mockserver.engine.fixture import REASONS, Fixture, Match, Outcome, Problem
from mockserver.engine.transcripts import UntimedTurn, UntimedWord

MEDIA = frozenset(
    ".3ga .8svx .aac .ac3 .aif .aiff .alac .amr .ape .au .avi .dss .flac .flv .m2ts .m4a .m4b .m4p .m4r .m4v "
    ".mkv .mogg .mov .mp2 .mp3 .mp4 .mpga .mts .mxf .oga .ogg .opus .qcp .ts .tta .voc .wav .webm .wma .wmv "
    ".wv".split()
)
SIDECARS = (".srt", ".vtt", ".txt")


def read_file(path: Path, siblings: frozenset[Path]) -> tuple[list[Fixture], list[Problem]]:
    """Read one file: its fixtures and its problems; a document with a problem gives no fixture.

    A .txt, .srt or .vtt file is a fixture for the audio of the same name beside it, unless a YAML file of
    that name is there; other such files are left to the YAML files that name them.
    """
    try:
        if path.suffix.lower() in SIDECARS:
            return _read_sidecar(path, siblings), []
        return _read_yaml(path)
    except (FixtureError, CaptionError) as error:
        return [], [Problem(path, error.line, str(error))]
    except (OSError, UnicodeDecodeError) as error:
        return [], [Problem(path, 1, str(error))]


def _read_sidecar(path: Path, siblings: frozenset[Path]) -> list[Fixture]:
    if any(path.with_suffix(suffix) in siblings for suffix in (".yaml", ".yml")):
        return []
    spellings = (spelling for suffix in sorted(MEDIA) for spelling in (suffix, suffix.upper()))
    audio = next((found for found in map(path.with_suffix, spellings) if found in siblings), None)
    if audio is None:
        return []
    turns = _read_text_file(path)
    return [_fixture(path.stem, path, 1, Match(audio=audio), turns=turns)]


def _read_text_file(path: Path) -> tuple[UntimedTurn, ...]:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".txt":
        return (UntimedTurn(_plain_words(text)),)
    return tuple(read_captions(text))


def _plain_words(text: str) -> tuple[UntimedWord, ...]:
    return tuple(UntimedWord(word) for word in text.split())


def _fixture(
    name: str,
    file: Path,
    line: int,
    match: Match,
    *,
    turns: tuple[UntimedTurn, ...] | None,
    language: str | None = None,
    duration: int | None = None,
    outcome: Outcome | None = None,
) -> Fixture:
    said = json.dumps([turns, language, duration], default=lambda turn: [*turn.__getstate__()])
    digest = sha256(said.encode()).hexdigest()[:32]
    return Fixture(name, file, line, match, turns, language, duration, outcome or Outcome(), digest)


class FixtureError(ValueError):
    """A mistake in a fixture file; ``line`` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_LOADER):  # type: ignore[misc]
    """YAML in which only true and false are booleans, and a time like 1:30 is a string."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[-1] in ("null", "merge")]
    for first, resolvers in _LOADER.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _read_yaml(path: Path) -> tuple[list[Fixture], list[Problem]]:
    fixtures: list[Fixture] = []
    problems: list[Problem] = []
    loader = _Loader(path.read_text(encoding="utf-8-sig"))
    try:
        number = 0
        while loader.check_node():
            node = loader.get_node()
            number += 1
            name = path.stem if number == 1 else f"{path.stem}-{number}"
            try:
                fixtures.append(_Document(path, loader).read(node, name))
            except (FixtureError, CaptionError) as error:
                problems.append(Problem(path, error.line, str(error)))
            except (ValueError, TypeError, OverflowError, RecursionError) as error:
                problems.append(Problem(path, _line(node), f"this value cannot be read: {error}"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problems.append(Problem(path, mark.line + 1 if mark else 1, f"this is not YAML: {error.problem}"))
    except yaml.YAMLError as error:
        problems.append(Problem(path, 1, f"this is not YAML: {error}"))
    finally:
        loader.dispose()
    return fixtures, problems


Read = Callable[[yaml.Node], Any]


class _Document:
    """Reads one YAML document; every mistake is raised with its line."""

    def __init__(self, path: Path, loader: Any) -> None:
        self._path = path
        self._loader = loader

    def read(self, node: yaml.Node, name: str) -> Fixture:
        fields = self._mapping(
            node,
            {
                "name": self._text,
                "match": self._match,
                "text": lambda n: (UntimedTurn(_plain_words(self._text(n))),),
                "turns": self._turns,
                "words": self._words,
                "captions": self._captions,
                "language": self._text,
                "duration": self._seconds,
                "outcome": self._outcome,
            },
        )
        content = [key for key in ("text", "turns", "words", "captions") if key in fields]
        if len(content) > 1:
            raise FixtureError(_line(node), f"{' and '.join(content)} cannot be given together")
        outcome = fields.get("outcome", Outcome())
        if not content and outcome == Outcome():
            raise FixtureError(_line(node), "a fixture needs text, turns, words, captions or an outcome")
        return _fixture(
            fields.get("name", name),
            self._path,
            _line(node),
            fields.get("match", Match()),
            turns=fields[content[0]] if content else None,
            language=fields.get("language"),
            duration=_millis(fields.get("duration")),
            outcome=outcome,
        )

    def _match(self, node: yaml.Node) -> Match:
        fields = self._mapping(
            node,
            {
                "audio": self._file,
                "audio_sha256": self._sha256,
                "audio_url": self._text,
                "file_name": self._text,
                "language": self._text,
                "api_key": self._text,
                "params": self._params,
            },
        )
        if "audio" in fields and "audio_sha256" in fields:
            raise FixtureError(_line(node), "audio and audio_sha256 cannot be given together")
        return Match(**fields)

    def _outcome(self, node: yaml.Node) -> Outcome:
        fields = self._mapping(
            node,
            {
                "error": self._text,
                "reason": self._one_of(sorted(REASONS)),
                "progress": self._one_of(["instant", "timed", "polls", "held"]),
                "queue_seconds": self._seconds,
                "processing_seconds": self._seconds,
                "hold": self._one_of(["queued", "processing"]),
            },
        )
        if "error" in fields and "reason" in fields:
            raise FixtureError(_line(node), "error and reason cannot be given together")
        return Outcome(
            error=fields.get("error"),
            reason=fields.get("reason"),
            progress=fields.get("progress"),
            queue_time=_micros(fields.get("queue_seconds")),
            processing_time=_micros(fields.get("processing_seconds")),
            hold=fields.get("hold"),
        )

    def _turns(self, node: yaml.Node) -> tuple[UntimedTurn, ...]:
        return tuple(self._turn(item) for item in self._sequence(node))

    def _turn(self, node: yaml.Node) -> UntimedTurn:
        fields = self._mapping(
            node,
            {
                "speaker": self._text,
                "channel": self._channel,
                "text": self._text,
                "words": self._word_list,
                "start": self._seconds,
                "end": self._seconds,
            },
        )
        if ("text" in fields) == ("words" in fields):
            raise FixtureError(_line(node), "a turn needs either text or words")
        _check_times(node, fields)
        return UntimedTurn(
            fields["words"] if "words" in fields else _plain_words(fields["text"]),
            fields.get("speaker"),
            fields.get("channel"),
            _millis(fields.get("start")),
            _millis(fields.get("end")),
        )

    def _words(self, node: yaml.Node) -> tuple[UntimedTurn, ...]:
        turns: list[UntimedTurn] = []
        for item in self._sequence(node):
            word, speaker, channel = self._word(item)
            if turns and (turns[-1].speaker, turns[-1].channel) == (speaker, channel):
                turns[-1] = UntimedTurn((*turns[-1].words, word), speaker, channel)
            else:
                turns.append(UntimedTurn((word,), speaker, channel))
        return tuple(turns)

    def _word_list(self, node: yaml.Node) -> tuple[UntimedWord, ...]:
        return tuple(self._word(item)[0] for item in self._sequence(node))

    def _word(self, node: yaml.Node) -> tuple[UntimedWord, str | None, int | None]:
        fields = self._mapping(
            node,
            {
                "text": self._text,
                "start": self._seconds,
                "end": self._seconds,
                "confidence": self._fraction,
                "speaker": self._text,
                "channel": self._channel,
            },
        )
        if "text" not in fields:
            raise FixtureError(_line(node), "a word needs text")
        _check_times(node, fields)
        word = UntimedWord(
            fields["text"], _millis(fields.get("start")), _millis(fields.get("end")), fields.get("confidence")
        )
        return word, fields.get("speaker"), fields.get("channel")

    def _captions(self, node: yaml.Node) -> tuple[UntimedTurn, ...]:
        path = self._file(node)
        if path.suffix.lower() not in (".srt", ".vtt"):
            raise FixtureError(_line(node), f"captions must be an .srt or .vtt file, not {path.name}")
        try:
            return _read_text_file(path)
        except CaptionError as error:
            raise FixtureError(_line(node), f"{path.name}, line {error.line}: {error}") from None

    def _mapping(self, node: yaml.Node, readers: Mapping[str, Read]) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise FixtureError(_line(node), f"expected fields ({', '.join(readers)}), not {_kind(node)}")
        fields: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name not in readers:
                raise FixtureError(_line(key), f"unknown field {name!r}; there are: {', '.join(readers)}")
            if name in fields:
                raise FixtureError(_line(key), f"{name!r} is given twice")
            fields[name] = readers[name](value)
        return fields

    def _sequence(self, node: yaml.Node) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise FixtureError(_line(node), f"expected a list, not {_kind(node)}")
        return list(node.value)

    def _scalar(self, node: yaml.Node) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise FixtureError(_line(node), f"expected one value, not {_kind(node)}")
        return self._loader.construct_object(node)

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise FixtureError(_line(node), f"expected one value, not {_kind(node)}")
        return str(node.value)

    def _number(self, node: yaml.Node, wanted: str) -> float:
        value = self._scalar(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FixtureError(_line(node), f"expected {wanted}, not {node.value!r}")
        return value

    def _seconds(self, node: yaml.Node) -> float:
        value = self._number(node, "seconds")
        if not 0 <= value <= 10**8:
            raise FixtureError(_line(node), f"expected seconds from 0 to 100000000, not {node.value}")
        return value

    def _fraction(self, node: yaml.Node) -> float:
        value = self._number(node, "a number from 0 to 1")
        if not 0 <= value <= 1:
            raise FixtureError(_line(node), f"expected a number from 0 to 1, not {node.value}")
        return float(value)

    def _channel(self, node: yaml.Node) -> int:
        value = self._number(node, "a channel")
        if value not in range(1, 33):
            raise FixtureError(_line(node), f"channels count from 1 to 32, not {node.value}")
        return int(value)

    def _sha256(self, node: yaml.Node) -> str:
        value = self._text(node).lower()
        if not re.fullmatch("[0-9a-f]{64}", value):
            raise FixtureError(_line(node), "a sha256 has 64 hexadecimal digits")
        return value

    def _one_of(self, values: Sequence[str]) -> Read:
        def read(node: yaml.Node) -> str:
            value = self._text(node)
            if value not in values:
                raise FixtureError(_line(node), f"expected one of {', '.join(values)}, not {value!r}")
            return value

        return read

    def _file(self, node: yaml.Node) -> Path:
        path = self._path.parent / self._text(node)
        if not path.is_file():
            raise FixtureError(_line(node), f"there is no file {path}")
        return path

    def _params(self, node: yaml.Node) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise FixtureError(_line(node), f"expected request parameters, not {_kind(node)}")
        params: dict[str, Any] = self._loader.construct_document(node)
        return params


def _check_times(node: yaml.Node, fields: Mapping[str, Any]) -> None:
    start, end = fields.get("start"), fields.get("end")
    if (start is None) != (end is None):
        raise FixtureError(_line(node), "start and end must be given together")
    if start is not None and end is not None and end < start:
        raise FixtureError(_line(node), f"the end, {end}, is before the start, {start}")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _kind(node: yaml.Node) -> str:
    kinds = {yaml.MappingNode: "fields", yaml.SequenceNode: "a list"}
    return next((name for cls, name in kinds.items() if isinstance(node, cls)), repr(node.value))


def _millis(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _micros(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000_000)
