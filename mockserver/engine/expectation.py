"""What a test expects of a request, and what a request lacks of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mockserver.engine.exchange import Exchange
from mockserver.engine.history import Wanted, spellings, statuses
from mockserver.engine.masking import MASK
from mockserver.engine.partial import brief, differences


@dataclass(frozen=True)
class Expectation:
    """What is expected; None is anything. ``params`` is a part of the JSON body."""

    method: str | None = None
    path: str | None = None
    status: str | None = None
    job: str | None = None
    fixture: str | None = None
    fault: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    body: str | None = None

    def wanted(self, project: int | None) -> Wanted:
        """Return the requests that may meet it."""
        status = None if self.status is None else statuses(self.status)
        return Wanted(project, self.method, self.path, status, self.job, self.fixture, self.fault, body=self.body)

    def missed(self, found: Exchange, shown: Exchange | None = None) -> list[str]:
        """Return what of it a request does not meet, in the words of the request as it may be ``shown``."""
        shown = shown or found
        checks = (self._missed_facts, self._missed_headers, self._missed_params)
        return [text for check in checks for text in check(found, shown)]

    def _missed_facts(self, found: Exchange, shown: Exchange) -> Iterator[str]:
        for name in ("method", "job", "fixture"):
            expected = getattr(self, name)
            if expected is not None and getattr(found, name) != expected:
                yield f"{name} is {brief(getattr(shown, name))}, not {expected}"
        if self.fault is not None and self.fault not in found.faults:
            yield f"fault is {brief(found.fault)}, not {self.fault}"
        if self.path is not None and not fnmatchcase(found.path, self.path):
            yield f"path is {brief(shown.path)}, not {self.path}"
        if self.status is not None:
            low, high = statuses(self.status)
            if not low <= found.status <= high:
                yield f"status is {found.status}, not {self.status}"
        if self.body is not None and not any(text in (found.request_body or b"") for text in spellings(self.body)):
            yield f"the body does not contain {brief(self.body)}{_why_not(found)}"

    def _missed_headers(self, found: Exchange, shown: Exchange) -> Iterator[str]:
        sent, visible = _by_name(found), _by_name(shown)
        for name, expected in self.headers.items():
            values = sent.get(name.lower())
            if values is None:
                yield f"there is no header {name}"
            elif expected not in values:
                yield f"header {name} is {brief(', '.join(visible[name.lower()]))}, not {brief(expected)}"

    def _missed_params(self, found: Exchange, shown: Exchange) -> Iterator[str]:
        if not self.params:
            return
        try:
            sent = json.loads(found.request_body or b"")
        except (ValueError, RecursionError):
            yield f"the body is not JSON{_why_not(found)}"
            return
        visible = sent if shown is found else _read(shown.request_body)
        try:
            yield from list(differences(self.params, sent, visible))
        except RecursionError:
            yield "params are nested too deeply to be compared"


def _by_name(found: Exchange) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in found.request_headers:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return values


def _read(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"")
    except (ValueError, RecursionError):
        return MASK


def _why_not(found: Exchange) -> str:
    if found.request_body is None:
        return " (it is binary, and was not kept)"
    return " (it was cut)" if found.request_cut else ""
