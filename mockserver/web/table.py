"""Which operation answers a request: by method and path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mockserver.web.family import Family, Operation, Quirks, Service


class Place(NamedTuple):
    """An operation, and whose it is."""

    family: Family
    service: Service
    operation: Operation


Methods = dict[str, Place]


class Table:
    """Operations by method and path, made once and looked up for every request."""

    def __init__(self, families: Iterable[Family], quirks: Quirks) -> None:
        self._fixed: dict[str, Methods] = {}
        self._open: dict[int, list[tuple[tuple[str, ...], Methods]]] = {}
        for family in families:
            for service, operation in family.operations:
                if operation.quirk is None or operation.quirk in quirks:
                    self._add(Place(family, service, operation))

    def _add(self, place: Place) -> None:
        method, path = place.operation.method, place.operation.path
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
