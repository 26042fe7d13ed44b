"""The fixtures of some folders: load them, load them again when they change, match a request to one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from mockserver.engine.chat.fixture import ChatFixture
from mockserver.engine.fixture import Fixture, Match, Problem, Question
from mockserver.engine.fixture_files import MEDIA, SIDECARS, AnyFixture, read_file

F = TypeVar("F", Fixture, ChatFixture)
_WANTED = {".yaml", ".yml", *SIDECARS, *MEDIA}
Stamp = tuple[int, int]


class Fixtures:
    """The fixtures of some folders, in order; a later folder wins where two are equally specific.

    ``load`` may run in a worker thread while ``match`` is called: what it has made is put in place at its end.
    """

    def __init__(self, folders: Sequence[Path], samples: Path | None = None) -> None:
        self._folders = folders
        self._samples = samples
        self._stamps: dict[Path, Stamp] = {}
        self._loaded: dict[Path, tuple[list[AnyFixture], list[Problem]]] = {}
        self.version = 0
        """How often something was loaded."""
        self.load()

    def load(self) -> list[Problem]:
        """Read what is new or has changed, and return every problem.

        A file that has become wrong keeps answering as it did while it was right.
        """
        return self._load(self._look())

    def comes_along(self, file: Path) -> bool:
        """Say whether a fixture's file came with the server."""
        return self._samples is not None and file.is_relative_to(self._samples)

    @property
    def files(self) -> int:
        """Return how many files there are to look at."""
        return len(self._stamps)

    def refresh(self) -> list[Problem]:
        """Load again if a file came, went or changed, and return the problems if so; this reads directories."""
        stamps = self._look()
        return [] if stamps == self._stamps else self._load(stamps)

    def _load(self, stamps: dict[Path, Stamp]) -> list[Problem]:
        before, self._stamps = self._stamps, stamps
        media_changed = _media(stamps) != _media(before)
        files = frozenset(stamps)
        loaded = {}
        for path, stamp in stamps.items():
            if path.suffix.lower() in MEDIA:
                continue
            known = self._loaded.get(path)
            if known is None or media_changed or before.get(path) != stamp:
                fixtures, problems = read_file(path, files)
                known = (known[0] if problems and known and known[0] else fixtures, problems)
            loaded[path] = known
        self._loaded = loaded
        self._index = Index(fixture for fixtures, _ in loaded.values() for fixture in fixtures)
        self.version += 1
        return self.problems

    def _look(self) -> dict[Path, Stamp]:
        return {path: stamp for folder in self._folders for path, stamp in _files_in(folder)}

    @property
    def problems(self) -> list[Problem]:
        """Return what is wrong with the files."""
        missing = [Problem(f, 1, _no_folder(f)) for f in self._folders if not f.is_dir()]
        return missing + [problem for _, problems in self._loaded.values() for problem in problems]

    def match(self, question: Question) -> Fixture | None:
        """Return the most specific fixture whose conditions hold."""
        return self._index.match(question)

    def is_identified(self, size: int | None) -> bool:
        """Say whether ``match`` can be asked about audio of this size without reading files."""
        return all(match.is_identified for match in self._index.by_size.get(size, ()))

    def identify(self, size: int | None) -> None:
        """Read the fixtures' audio of this size, so that ``match`` need not; this blocks."""
        for match in self._index.by_size.get(size, ()):
            match.identify()

    @property
    def chats(self) -> Sequence[ChatFixture]:
        """Return the fixtures that answer chat requests, by rank."""
        return self._index.chats

    def __iter__(self) -> Iterator[Fixture]:
        return iter(self._index.ordered)

    def __len__(self) -> int:
        return len(self._index.ordered) + len(self._index.chats)


def _no_folder(path: Path) -> str:
    return "this is a file; name the folder that it is in" if path.is_file() else "there is no such folder"


def _ranked(found: Iterable[F]) -> list[F]:
    """Return fixtures with the most specific first, and of those that are alike the one that came last."""
    last_first = list(found)[::-1]
    return sorted(last_first, key=lambda fixture: fixture.match.specificity, reverse=True)


class Index:
    """Fixtures by rank. Those for one very URL are kept apart: there may be many, and few can match."""

    def __init__(self, every: Iterable[AnyFixture]) -> None:
        found = list(every)
        self.ordered = ordered = _ranked(fixture for fixture in found if isinstance(fixture, Fixture))
        self.chats = _ranked(fixture for fixture in found if isinstance(fixture, ChatFixture))
        self.by_url: dict[str, list[tuple[int, Fixture]]] = {}
        self.rest: list[tuple[int, Fixture]] = []
        self.by_size: dict[int | None, list[Match]] = {}
        for rank, fixture in enumerate(ordered):
            url = fixture.match.exact_url
            (self.rest if url is None else self.by_url.setdefault(url, [])).append((rank, fixture))
            if fixture.match.audio_size is not None:
                self.by_size.setdefault(fixture.match.audio_size, []).append(fixture.match)

    def match(self, question: Question) -> Fixture | None:
        """Return the most specific fixture for transcripts whose conditions hold."""
        best: tuple[int, Fixture] | None = None
        for candidates in (self.by_url.get(question.url, ()), self.rest):
            for candidate in candidates:
                if best is not None and candidate[0] > best[0]:
                    break
                if candidate[1].match.holds(question):
                    best = candidate
                    break
        return best[1] if best else None


def _media(stamps: Mapping[Path, Stamp]) -> dict[Path, Stamp]:
    return {path: stamp for path, stamp in stamps.items() if path.suffix.lower() in MEDIA}


def _files_in(folder: Path) -> Iterator[tuple[Path, Stamp]]:
    """Yield fixture files and media with their time and size, in order; what vanishes meanwhile is left out."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix.lower() in _WANTED:
                with contextlib.suppress(OSError):
                    stat = path.stat()
                    yield path, (stat.st_mtime_ns, stat.st_size)
