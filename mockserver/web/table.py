"""Which operation answers a request: by method and path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mockserver.web.family import Family, Operation, Quirks, Service
from mockserver.web.sockets import SocketOperation


class Place(NamedTuple):
    """An operation, and whose it is."""

    family: Family
    service: Service
    operation: Operation


class SocketPlace(NamedTuple):
    """An operation for WebSockets, and whose it is."""

    family: Family
    service: Service
    operation: SocketOperation


Methods = dict[str, Place]


class Table:
    """Operations by method and path, made once and looked up for every request."""

    def __init__(self, families: Iterable[Family], quirks: Quirks) -> None:
        self._fixed: dict[str, Methods] = {}
        self._open: dict[int, list[tuple[tuple[str, ...], Methods]]] = {}
        self._first: dict[str, Place] = {}
        self.sockets: dict[str, SocketPlace] = {}
        for family in families:
            for service, operation in family.operations:
                if operation.quirk is None or operation.quirk in quirks:
                    self._add(Place(family, service, operation))
            for service in family.services:
                for page in service.pages:
                    self.sockets |= {each.path: SocketPlace(family, service, each) for each in page.sockets}

    def _add(self, place: Place) -> None:
        method, path = place.operation.method, place.operation.path
        self._first.setdefault(_first_part(path), place)
        if "{" not in path:
            self._fixed.setdefault(path, {})[method] = place
            return
        parts = tuple(path.split("/"))
        bucket = self._open.setdefault(len(parts), [])
        methods = next((methods for known, methods in bucket if known == parts), None)
        if methods is None:
            methods = {}
            bucket.append((parts, methods))
        methods[method] = place

    def neighbour(self, path: str) -> Place | None:
        """Return the first operation whose path begins like this one."""
        return self._first.get(_first_part(path))

    def find(self, path: str) -> tuple[Mapping[str, Place], dict[str, str]] | None:
        """Return the operations at a path by method, and the path's parameters."""
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, {}
        parts = path.split("/")
        for pattern, methods in self._open.get(len(parts), ()):
            params = {}
            for expected, part in zip(pattern, parts, strict=True):
                if expected[:1] == "{":
                    params[expected[1:-1]] = part
                elif expected != part:
                    break
            else:
                return methods, params
        return None


def _first_part(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]
