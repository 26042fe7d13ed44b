"""Read fixture files: YAML documents, and captions or plain text beside their audio."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from mockserver.engine.captions import CaptionError, read_captions
from mockserver.engine.chat.fixture import ChatFixture
from mockserver.engine.chat.reader import ChatReader, is_for_chats
from mockserver.engine.fixture import REASONS, Fixture, Match, Outcome, Problem
from mockserver.engine.fixture_results import check_quotes, read_results
from mockserver.engine.transcripts import UntimedTurn, UntimedWord
from mockserver.engine.yaml_reader import (
    FixtureError,
    Loader,
    Reader,
    check_depth,
    check_expansion,
    check_times,
    line_of,
    micros,
    millis,
)

MEDIA = frozenset(
    ".3ga .8svx .aac .ac3 .aif .aiff .alac .amr .ape .au .avi .dss .flac .flv .m2ts .m4a .m4b .m4p .m4r .m4v "
    ".mkv .mogg .mov .mp2 .mp3 .mp4 .mpga .mts .mxf .oga .ogg .opus .qcp .ts .tta .voc .wav .webm .wma .wmv "
    ".wv".split()
)
SIDECARS = (".srt", ".vtt", ".txt")
AnyFixture = Fixture | ChatFixture


def read_file(path: Path, siblings: frozenset[Path]) -> tuple[list[AnyFixture], list[Problem]]:
    """Read one file: its fixtures and its problems; a document with a problem gives no fixture.

    A .txt, .srt or .vtt file is a fixture for the audio of the same name beside it, unless a YAML file of
    that name is there; other such files are left to the YAML files that name them.
    """
    try:
        if path.suffix.lower() in SIDECARS:
            return _read_sidecar(path, siblings), []
        return read_documents(path.read_text(encoding="utf-8-sig"), path)
    except (FixtureError, CaptionError) as error:
        return [], [Problem(path, error.line, str(error))]
    except (OSError, UnicodeDecodeError) as error:
        return [], [Problem(path, 1, str(error))]


def _read_sidecar(path: Path, siblings: frozenset[Path]) -> list[AnyFixture]:
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
    is_script: bool = False,
    results: Mapping[str, Any] | None = None,
) -> Fixture:
    said = json.dumps([turns, language, duration, results or {}], default=lambda turn: [*turn.__getstate__()])
    digest = sha256(said.encode()).hexdigest()[:32]
    return Fixture(
        name, file, line, match, turns, language, duration, outcome or Outcome(), digest, is_script, results or {}
    )


def read_documents(text: str, path: Path, *, of_file: bool = True) -> tuple[list[AnyFixture], list[Problem]]:
    """Read YAML documents; ``path`` is the file they are in, or with ``of_file`` false only what they are named by.

    Outside files nothing may name a file, and one document may be a list of several.
    """
    fixtures: list[AnyFixture] = []
    problems: list[Problem] = []
    try:
        if not of_file:
            check_depth(text)
        loader = Loader(text)
    except FixtureError as error:
        return [], [Problem(path, error.line, str(error))]
    except yaml.YAMLError as error:
        return [], [_not_yaml(path, error)]
    try:
        for number, node in enumerate(_documents(loader, lists=not of_file), 1):
            name = path.stem if number == 1 else f"{path.stem}-{number}"
            kind = ChatReader if is_for_chats(node) else _Document
            try:
                fixtures.append(kind(path, loader, reads_files=of_file).read(node, name))
            except (FixtureError, CaptionError) as error:
                problems.append(Problem(path, error.line, str(error)))
            except (ValueError, TypeError, OverflowError, RecursionError) as error:
                problems.append(Problem(path, line_of(node), f"this value cannot be read: {error}"))
    except FixtureError as error:
        problems.append(Problem(path, error.line, str(error)))
    except yaml.YAMLError as error:
        problems.append(_not_yaml(path, error))
    finally:
        loader.dispose()
    return fixtures, problems


def _not_yaml(path: Path, error: yaml.YAMLError) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(path, 1, f"this is not YAML: {error}")
    mark = error.problem_mark
    return Problem(path, mark.line + 1 if mark else 1, f"this is not YAML: {error.problem}")


def _documents(loader: Any, *, lists: bool) -> Iterator[yaml.Node]:
    while loader.check_node():
        node = loader.get_node()
        if not lists:
            yield node
            continue
        check_expansion(node)
        yield from node.value if isinstance(node, yaml.SequenceNode) else (node,)


class _Document(Reader):
    """Reads one fixture."""

    def read(self, node: yaml.Node, name: str) -> Fixture:
        fields = self.mapping(
            node,
            {
                "name": self.text,
                "match": self._match,
                "text": lambda n: (UntimedTurn(_plain_words(self.text(n))),),
                "turns": self._turns,
                "words": self._words,
                "captions": self._captions,
                "language": self.text,
                "duration": self.seconds,
                "outcome": self._outcome,
                "cue": self.one_of(["time", "sound"]),
                "results": lambda n: read_results(self, n),
            },
        )
        content = [key for key in ("text", "turns", "words", "captions") if key in fields]
        if len(content) > 1:
            raise FixtureError(line_of(node), f"{' and '.join(content)} cannot be given together")
        outcome = fields.get("outcome", Outcome())
        if not content and outcome == Outcome():
            raise FixtureError(
                line_of(node), "a fixture needs text, turns, words, captions or an outcome; for chats, an answer"
            )
        turns = fields[content[0]] if content else None
        results = fields.get("results", {})
        check_quotes(node, results, turns)
        return _fixture(
            fields.get("name", name),
            self._path,
            line_of(node),
            fields.get("match", Match()),
            turns=turns,
            language=fields.get("language"),
            duration=millis(fields.get("duration")),
            outcome=outcome,
            is_script=fields.get("cue") == "sound",
            results=results,
        )

    def _match(self, node: yaml.Node) -> Match:
        fields = self.mapping(
            node,
            {
                "audio": self.file,
                "audio_sha256": self.sha256,
                "audio_url": self.text,
                "file_name": self.text,
                "language": self.text,
                "api_key": self.text,
                "params": self.params,
            },
        )
        if "audio" in fields and "audio_sha256" in fields:
            raise FixtureError(line_of(node), "audio and audio_sha256 cannot be given together")
        return Match(**fields)

    def _outcome(self, node: yaml.Node) -> Outcome:
        fields = self.mapping(
            node,
            {
                "error": self.text,
                "reason": self.one_of(sorted(REASONS)),
                "progress": self.one_of(["instant", "timed", "polls", "held"]),
                "queue_seconds": self.seconds,
                "processing_seconds": self.seconds,
                "hold": self.one_of(["queued", "processing"]),
            },
        )
        if "error" in fields and "reason" in fields:
            raise FixtureError(line_of(node), "error and reason cannot be given together")
        return Outcome(
            error=fields.get("error"),
            reason=fields.get("reason"),
            progress=fields.get("progress"),
            queue_time=micros(fields.get("queue_seconds")),
            processing_time=micros(fields.get("processing_seconds")),
            hold=fields.get("hold"),
        )

    def _turns(self, node: yaml.Node) -> tuple[UntimedTurn, ...]:
        return tuple(self._turn(item) for item in self.sequence(node))

    def _turn(self, node: yaml.Node) -> UntimedTurn:
        fields = self.mapping(
            node,
            {
                "speaker": self.text,
                "channel": self.channel,
                "text": self.text,
                "words": self._word_list,
                "start": self.seconds,
                "end": self.seconds,
            },
        )
        if ("text" in fields) == ("words" in fields):
            raise FixtureError(line_of(node), "a turn needs either text or words")
        check_times(node, fields)
        return UntimedTurn(
            fields["words"] if "words" in fields else _plain_words(fields["text"]),
            fields.get("speaker"),
            fields.get("channel"),
            millis(fields.get("start")),
            millis(fields.get("end")),
        )

    def _words(self, node: yaml.Node) -> tuple[UntimedTurn, ...]:
        turns: list[UntimedTurn] = []
        for item in self.sequence(node):
            word, speaker, channel = self._word(item)
            if turns and (turns[-1].speaker, turns[-1].channel) == (speaker, channel):
                turns[-1] = UntimedTurn((*turns[-1].words, word), speaker, channel)
            else:
                turns.append(UntimedTurn((word,), speaker, channel))
        return tuple(turns)

    def _word_list(self, node: yaml.Node) -> tuple[UntimedWord, ...]:
        return tuple(self._word(item)[0] for item in self.sequence(node))

    def _word(self, node: yaml.Node) -> tuple[UntimedWord, str | None, int | None]:
        fields = self.mapping(
            node,
            {
                "text": self.text,
                "start": self.seconds,
                "end": self.seconds,
                "confidence": self.fraction,
                "speaker": self.text,
                "channel": self.channel,
            },
        )
        if not fields.get("text", "").strip():
            raise FixtureError(line_of(node), "a word needs text")
        check_times(node, fields)
        word = UntimedWord(
            " ".join(fields["text"].split()),
            millis(fields.get("start")),
            millis(fields.get("end")),
            fields.get("confidence"),
        )
        return word, fields.get("speaker"), fields.get("channel")

    def _captions(self, node: yaml.Node) -> tuple[UntimedTurn, ...]:
        text = self.text(node)
        if "-->" in text:
            try:
                return tuple(read_captions(text))
            except CaptionError as error:
                raise FixtureError(line_of(node), f"captions, line {error.line}: {error}") from None
        path = self.file(node)
        if path.suffix.lower() not in (".srt", ".vtt"):
            raise FixtureError(line_of(node), f"captions must be an .srt or .vtt file, not {path.name}")
        try:
            return _read_text_file(path)
        except CaptionError as error:
            raise FixtureError(line_of(node), f"{path.name}, line {error.line}: {error}") from None
