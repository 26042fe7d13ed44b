"""Fixtures that are added while the server runs, for one project or for all; some for a number of uses only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from mockserver.engine.chat.fixture import ChatFixture
from mockserver.engine.fixture import Fixture, Problem, Question
from mockserver.engine.fixture_files import AnyFixture, read_documents
from mockserver.engine.fixtures import Index
from mockserver.engine.store import Store

FOR_ALL = 0
"""The scope of fixtures that are no single project's."""
MOST = 10_000
_NOT_IN_YAML = ("\\u", "\\/", "\t")


@dataclass(slots=True, eq=False)
class Added:
    """An added fixture: a document of a source; ``uses_left`` knows of uses that are not stored yet."""

    scope: int
    source: int
    document: int
    fixture: AnyFixture
    uses_left: int | None


class Choice(NamedTuple):
    """What was chosen for a question; None: no added fixture."""

    added: Added | None

    @property
    def fixture(self) -> Fixture | None:
        """Return the fixture."""
        fixture = self.added and self.added.fixture
        return fixture if isinstance(fixture, Fixture) else None


_NOTHING = Choice(None)


class _Scope:
    """The fixtures of one project, or those for all, by name; the oldest first."""

    def __init__(self, every: Iterable[Added] = ()) -> None:
        self.added = {added.fixture.name: added for added in every}
        self.arrange()

    def arrange(self) -> None:
        """Put in order what can still be used."""
        usable = [added for added in self.added.values() if added.uses_left != 0]
        self.index = Index(added.fixture for added in usable)
        self.owners = {id(added.fixture): added for added in usable}


class AddedFixtures:
    """The added fixtures of every scope. A project's own come before those for all, and these before files.

    All of it happens in the thread of the event loop, so that the last use of a fixture is taken once.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reload()

    def reload(self) -> None:
        """Read what is stored."""
        self._scopes: dict[int, _Scope] = {}
        self._last: dict[int, int] = {}
        for row in self._store.all("SELECT DISTINCT project FROM fixtures"):
            self.reload_scope(row["project"])

    def reload_scope(self, scope: int) -> None:
        """Read what is stored of one scope."""
        read: dict[int, list[AnyFixture]] = {}
        found = []
        rows = self._store.all("SELECT * FROM fixtures WHERE project = ? ORDER BY source, document", (scope,))
        for row in rows:
            source = row["source"]
            if source not in read:
                body = self._store.one(
                    "SELECT body FROM fixture_sources WHERE project = ? AND number = ?", (scope, source)
                )
                read[source] = read_documents(body["body"], _path(scope, source), of_file=False)[0] if body else []
            if row["document"] < len(read[source]):
                fixture = read[source][row["document"]]
                found.append(Added(scope, source, row["document"], fixture, row["uses_left"]))
        self._scopes.pop(scope, None)
        self._last.pop(scope, None)
        if found:
            self._scopes[scope] = _Scope(found)

    def next_path(self, scope: int) -> Path:
        """Return what the next fixtures are named by where they have no names."""
        return _path(scope, self._next_source(scope))

    def _next_source(self, scope: int) -> int:
        row = self._store.one("SELECT max(number) FROM fixture_sources WHERE project = ?", (scope,))
        return max((row and row[0]) or 0, self._last.get(scope, 0)) + 1

    def add(self, scope: int, text: str, fixtures: list[AnyFixture], uses: int | None) -> None:
        """Add what was read from a text; those of the same name are replaced."""
        source = self._next_source(scope)
        with self._store.transaction():
            self._store.run(
                "INSERT INTO fixture_sources (project, number, body) VALUES (?, ?, ?)", (scope, source, text)
            )
            self._store.run_many(
                "INSERT OR REPLACE INTO fixtures (project, name, source, document, uses_left) VALUES (?, ?, ?, ?, ?)",
                [(scope, fixture.name, source, number, uses) for number, fixture in enumerate(fixtures)],
            )
            self._drop_sources(scope)
        self._last[scope] = source  # one that is used up leaves its number to nobody: chats are counted by it
        added = self._scopes.setdefault(scope, _Scope())
        for number, fixture in enumerate(fixtures):
            added.added.pop(fixture.name, None)
            added.added[fixture.name] = Added(scope, source, number, fixture, uses)
        added.arrange()

    def has_room(self, scope: int, count: int) -> bool:
        """Say whether so many more may be added."""
        return count + sum(1 for _ in self.listed(scope)) <= MOST

    def listed(self, scope: int) -> Iterator[Added]:
        """Yield the fixtures of a scope that can still be used, oldest first."""
        found = self._scopes.get(scope)
        return (added for added in found.added.values() if added.uses_left != 0) if found else iter(())

    def remove(self, scope: int, name: str) -> bool:
        """Remove one; say whether it was there."""
        found = self._scopes.get(scope)
        if found is None or name not in found.added or found.added[name].uses_left == 0:
            return False
        self._drop(found.added[name])
        found.arrange()
        return True

    def _drop(self, added: Added) -> None:
        name = added.fixture.name
        self._store.write("DELETE FROM fixtures WHERE project = ? AND name = ?", (added.scope, name))
        self._drop_sources(added.scope)
        found = self._scopes[added.scope]
        del found.added[name]
        if not found.added:
            del self._scopes[added.scope]

    def _drop_sources(self, scope: int) -> None:
        """Remove the sources of which no fixture is left."""
        self._store.write(
            "DELETE FROM fixture_sources WHERE project = ?1 "
            "AND number NOT IN (SELECT source FROM fixtures WHERE project = ?1)",
            (scope,),
        )

    def forget(self, scope: int | None) -> None:
        """Remove the fixtures of a scope; with None those of all."""
        for table in ("fixtures", "fixture_sources"):
            self._store.write(f"DELETE FROM {table} WHERE :scope IS NULL OR project = :scope", {"scope": scope})
        for known in (self._scopes, self._last):
            if scope is None:
                known.clear()
            else:
                known.pop(scope, None)

    def choose(self, project: int, question: Question) -> Choice:
        """Return the fixture that answers a question, and take a use of it; ``spend`` or ``give_back`` is to follow."""
        if self._scopes:
            for scope in (self._scopes.get(project), self._scopes.get(FOR_ALL)):
                fixture = scope and scope.index.match(question)
                if scope is not None and fixture is not None:
                    return Choice(self._take(scope, scope.owners[id(fixture)]))
        return _NOTHING

    def candidates(self, project: int) -> Iterator[Iterable[Fixture]]:
        """Yield the fixtures for transcripts that come before those of files: each scope's, by rank."""
        scopes = (self._scopes.get(project), self._scopes.get(FOR_ALL))
        return (scope.index.ordered for scope in scopes if scope)

    @staticmethod
    def _take(scope: _Scope, added: Added) -> Added:
        if added.uses_left is not None:
            added.uses_left -= 1
            if not added.uses_left:
                scope.arrange()
        return added

    def spend(self, choice: Choice) -> None:
        """Store that a use was taken; a fixture without any left is gone."""
        added = choice.added
        if added is None or added.uses_left is None or not self._is_there(added):
            return
        name = added.fixture.name
        key = (added.scope, name)
        self._store.write("UPDATE fixtures SET uses_left = uses_left - 1 WHERE project = ? AND name = ?", key)
        if self._store.one("SELECT 1 FROM fixtures WHERE project = ? AND name = ? AND uses_left <= 0", key):
            self._drop(added)

    def give_back(self, choice: Choice) -> None:
        """Take back that a use was taken: nothing was answered."""
        added = choice.added
        if added is not None and added.uses_left is not None and self._is_there(added):
            added.uses_left += 1
            self._scopes[added.scope].arrange()

    def _is_there(self, added: Added) -> bool:
        """Say whether a fixture was neither removed nor replaced since it was chosen."""
        scope = self._scopes.get(added.scope)
        return scope is not None and scope.added.get(added.fixture.name) is added

    def chats(self, project: int) -> Iterable[ChatFixture]:
        """Return the fixtures for chats that come before those of files, by rank."""
        if not self._scopes:
            return ()
        scopes = (self._scopes.get(project), self._scopes.get(FOR_ALL))
        return list(chain.from_iterable(scope.index.chats for scope in scopes if scope))

    def use_chat(self, project: int, fixture: ChatFixture) -> None:
        """Take a use of a fixture for chats, if it is an added one."""
        for number in (project, FOR_ALL):
            scope = self._scopes.get(number)
            if scope is not None and id(fixture) in scope.owners:
                self.spend(Choice(self._take(scope, scope.owners[id(fixture)])))


def read_posted(text: str, path: Path) -> tuple[str, list[AnyFixture], list[Problem]]:
    """Read fixtures that are to be added: the text to keep, the fixtures, and what is wrong; this blocks."""
    kept = _as_yaml(text)
    fixtures, problems = read_documents(kept, path, of_file=False)
    names = [fixture.name for fixture in fixtures]
    for number, fixture in enumerate(fixtures):
        if fixture.name in names[:number]:
            problems.append(Problem(path, fixture.line, f"the name {fixture.name!r} is given twice"))
    if not fixtures and not problems:
        problems.append(Problem(path, 1, "there is no fixture"))
    return kept, fixtures, problems


def _as_yaml(text: str) -> str:
    """Return JSON that YAML does not take, such as escaped halves of characters, in a form that it does."""
    if text.lstrip()[:1] not in ("{", "[") or not any(mark in text for mark in _NOT_IN_YAML):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=1).encode().decode()
    except (ValueError, RecursionError):
        return text


def _path(scope: int, source: int) -> Path:
    return Path("_mock", "fixtures", f"{'added' if scope else 'global'}-{source}")
