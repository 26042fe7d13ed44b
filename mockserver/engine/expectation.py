"""What a test expects of a request, and what a request lacks of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mockserver.engine.history import Wanted, spellings, statuses
from mockserver.engine.journal import pairs_of
from mockserver.engine.store import Row

_SHOWN = 100
_ABSENT = object()


@dataclass(frozen=True)
class Expectation:
    """What is expected; None is anything. ``params`` is a part of the JSON body."""

    method: str | None = None
    path: str | None = None
    status: str | None = None
    job: str | None = None
    fixture: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    body: str | None = None

    def wanted(self, project: int | None) -> Wanted:
        """Return the requests that may meet it."""
        status = None if self.status is None else statuses(self.status)
        return Wanted(project, self.method, self.path, status, self.job, self.fixture, body=self.body)

    def missed(self, row: Row) -> list[str]:
        """Return what of it a request does not meet."""
        return [*self._missed_facts(row), *self._missed_headers(row), *self._missed_params(row)]

    def _missed_facts(self, row: Row) -> Iterator[str]:
        for name in ("method", "job", "fixture"):
            expected = getattr(self, name)
            if expected is not None and row[name] != expected:
                yield f"{name} is {_shown(row[name])}, not {expected}"
        if self.path is not None and not fnmatchcase(row["path"], self.path):
            yield f"path is {_shown(row['path'])}, not {self.path}"
        if self.status is not None:
            low, high = statuses(self.status)
            if not low <= row["status"] <= high:
                yield f"status is {row['status']}, not {self.status}"
        if self.body is not None and not any(text in (row["request_body"] or b"") for text in spellings(self.body)):
            yield f"the body does not contain {_shown(self.body)}{_why_not(row)}"

    def _missed_headers(self, row: Row) -> Iterator[str]:
        sent: dict[str, list[str]] = {}
        for name, value in pairs_of(row["request_headers"]):
            sent.setdefault(name.lower(), []).append(value)
        for name, expected in self.headers.items():
            values = sent.get(name.lower())
            if values is None:
                yield f"there is no header {name}"
            elif expected not in values:
                yield f"header {name} is {_shown(', '.join(values))}, not {_shown(expected)}"

    def _missed_params(self, row: Row) -> Iterator[str]:
        if not self.params:
            return
        try:
            sent = json.loads(row["request_body"] or b"")
        except (ValueError, RecursionError):
            yield f"the body is not JSON{_why_not(row)}"
            return
        try:
            yield from list(_differences("", self.params, sent))
        except RecursionError:
            yield "params are nested too deeply to be compared"


def _why_not(row: Row) -> str:
    if row["request_body"] is None:
        return " (it is binary, and was not kept)"
    return " (it was cut)" if row["request_cut"] else ""


def _differences(place: str, expected: Any, sent: Any) -> Iterator[str]:
    """Say where something lacks what is expected: members may be more, items may not."""
    if isinstance(expected, Mapping) and isinstance(sent, dict):
        for name, value in expected.items():
            yield from _differences(f"{place}.{name}" if place else name, value, sent.get(name, _ABSENT))
    elif isinstance(expected, list) and isinstance(sent, list) and len(expected) == len(sent):
        for number, (value, item) in enumerate(zip(expected, sent, strict=True)):
            yield from _differences(f"{place}[{number}]", value, item)
    elif sent is _ABSENT:
        yield f"there is no {place}"
    elif not _same(expected, sent):
        yield f"{place or 'the body'} is {_json(sent)}, not {_json(expected)}"


def _same(expected: Any, sent: Any) -> bool:
    """Compare single values: 1 is 1.0, but not true."""
    return isinstance(expected, bool) == isinstance(sent, bool) and bool(expected == sent)


def _json(value: Any) -> str:
    return _shown(json.dumps(value, ensure_ascii=False))


def _shown(value: Any) -> str:
    text = str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
