"""The fixtures of some folders: load them, load them again when they change, match a request to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mockserver.engine.fixture import Fixture, Problem, Question
from mockserver.engine.fixture_files import MEDIA, SIDECARS, read_file

_Index = tuple[dict[str, list[tuple[int, Fixture]]], list[tuple[int, Fixture]]]
"""Fixtures with their rank: those for one URL by that URL, and the rest in order."""


class Fixtures:
    """The fixtures of some folders, in order; a later folder wins where two are equally specific.

    ``load`` may run in a worker thread while ``match`` is called: what it has made is put in place at its end.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._loaded: dict[Path, tuple[list[Fixture], list[Problem]]] = {}
        self._ordered: list[Fixture] = []
        self.load()

    def load(self) -> list[Problem]:
        """Read what is new or has changed, and return every problem.

        A file that has become wrong keeps answering as it did while it was right.
        """
        stamps = {path: _stamp(path) for path in self._files()}
        before, self._stamps = self._stamps, stamps
        media_changed = {p for p in stamps.keys() ^ before.keys() if p.suffix.lower() in MEDIA}
        media_changed |= {p for p in stamps if before.get(p) != stamps[p] and p.suffix.lower() in MEDIA}
        self._loaded = {path: seen for path, seen in self._loaded.items() if path in stamps}
        for path, stamp in stamps.items():
            if path.suffix.lower() in MEDIA:
                continue
            if before.get(path) != stamp or media_changed or path not in self._loaded:
                fixtures, problems = read_file(path, frozenset(stamps))
                if problems and not fixtures and path in self._loaded:
                    fixtures = self._loaded[path][0]
                self._loaded[path] = (fixtures, problems)
        ordered = [fixture for path in stamps if path in self._loaded for fixture in self._loaded[path][0]]
        ordered.reverse()
        ordered.sort(key=lambda fixture: fixture.match.specificity, reverse=True)
        self._ordered = ordered
        self._index = _index(ordered)
        return self.problems

    def refresh(self) -> list[Problem]:
        """Load again if a file came, went or changed, and return the problems if so; this reads directories."""
        if self._stamps == {path: _stamp(path) for path in self._files()}:
            return []
        return self.load()

    def _files(self) -> list[Path]:
        return [path for folder in self._folders for path in _files_in(folder)]

    @property
    def problems(self) -> list[Problem]:
        """Return what is wrong with the files."""
        missing = [Problem(f, 1, "there is no such folder") for f in self._folders if not f.is_dir()]
        return missing + [problem for _, problems in self._loaded.values() for problem in problems]

    def match(self, question: Question) -> Fixture | None:
        """Return the most specific fixture whose conditions hold."""
        by_url, rest = self._index
        best: tuple[int, Fixture] | None = None
        for candidates in (by_url.get(question.url, ()), rest):
            for candidate in candidates:
                if best is not None and candidate[0] > best[0]:
                    break
                if candidate[1].match.holds(question):
                    best = candidate
                    break
        return best[1] if best else None

    def identify(self, size: int) -> None:
        """Prepare to match audio of this size, so that ``match`` need not read files; this blocks."""
        for fixture in self._ordered:
            fixture.match.identify(size)

    def __iter__(self) -> Iterator[Fixture]:
        return iter(self._ordered)

    def __len__(self) -> int:
        return len(self._ordered)


def _index(ordered: Sequence[Fixture]) -> _Index:
    """Keep the fixtures for one very URL apart: there may be many, and few can match."""
    by_url: dict[str, list[tuple[int, Fixture]]] = {}
    rest: list[tuple[int, Fixture]] = []
    for rank, fixture in enumerate(ordered):
        url = fixture.match.exact_url
        (rest if url is None else by_url.setdefault(url, [])).append((rank, fixture))
    return by_url, rest


def _files_in(folder: Path) -> Iterable[Path]:
    wanted = {".yaml", ".yml", *SIDECARS, *MEDIA}
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in wanted and path.is_file())


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size
