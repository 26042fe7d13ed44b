"""Which operation answers a request: by method and path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mockserver.web.family import Call, Family, Operation, Quirks, Service
from mockserver.web.hosts import ANY, Site
from mockserver.web.replies import ApiError, Reply
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

    def __init__(self, families: Sequence[Family], quirks: Quirks) -> None:
        self._usual = families[0], families[0].services[0]
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

    def owner(self, path: str, site: Site = ANY) -> tuple[Family, Service]:
        """Return whose a path is that nothing answers: of the host's service, or of one with a path that begins so."""
        if site.family is not None:
            return site.family, (site.services or site.family.services)[0]
        first = self._first.get(_first_part(path))
        return (first.family, first.service) if first else self._usual

    def find(self, path: str, site: Site = ANY) -> tuple[Mapping[str, Place], dict[str, str]] | None:
        """Return the operations at a path of a host by method, and the path's parameters."""
        if site.family is not None:
            return self._at(path, site)
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

    def _at(self, path: str, site: Site) -> tuple[Mapping[str, Place], dict[str, str]] | None:
        methods, params = self.find(path) or ({}, {})
        there = {method: place for method, place in methods.items() if place.service in site.services}
        return (there, params) if there else None

    def socket(self, path: str, site: Site = ANY) -> SocketPlace | None:
        """Return the operation for WebSockets at a path of a host."""
        place = self.sockets.get(path)
        return place if place is None or site.family is None or place.service in site.services else None

    def not_found(self, call: Call) -> Reply:
        """Answer a path that is not at the host that was asked; where it is stands in the hint."""
        site, hint = call.site, self.way(call.scope["path"], call.site)
        if hint is not None and not site.services:
            call.hint = hint
            return call.service.wording.reply(call, ApiError(404, hint))
        reply = call.service.wording.not_found(call)
        call.hint = hint or call.hint
        return reply

    def way(self, path: str, site: Site) -> str | None:
        """Say at which host a path is that is not at this one, or what this one has that is not served."""
        if site.family is None:
            return None
        if not site.services:
            return f"{site.name} has the {site.family.hosts[site.name]}, which this server does not have"
        methods, _ = self.find(path) or ({}, {})
        place = next(iter(methods.values()), self.sockets.get(path))
        return _way(site, place.service) if place is not None else None


def _way(site: Site, service: Service) -> str:
    """Say at which host a service is, if it is not at this one."""
    hosts = [name for name, region in service.hosts.items() if region == site.region]
    way = hosts[0] if hosts else "a host that is none of the vendor's, such as localhost"
    return f"this path is of {service.title}, which is not at {site.name}: ask {way}"


def _first_part(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]
