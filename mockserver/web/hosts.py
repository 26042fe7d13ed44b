"""Which host a request names: what of a vendor's answers there, and of which region that is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mockserver.web.family import Family, Service

_MOST = 1000
_LONGEST = 300


class Site(NamedTuple):
    """What a host stands for.

    Without a family it is none of a vendor's, and everything is found by its path. Else only the services answer;
    where there are none, the vendor has something there that is not served. ``region`` is None where the name has none.
    """

    name: str = ""
    region: str | None = None
    family: Family | None = None
    services: tuple[Service, ...] = ()


ANY = Site()


class Hosts(dict[bytes, Site]):
    """What a Host header stands for, whatever its case and port; ``hosts[b"..."]`` costs no more than a dict does."""

    def __init__(self, families: Iterable[Family]) -> None:
        super().__init__({b"": ANY})
        self._vendors = {name: _vendors(name, family) for family in families for name in family.hosts}
        self._regions = {site.region for site in self._vendors.values()} - {None}

    def __missing__(self, host: bytes) -> Site:
        name = host.decode("latin-1").strip().lower().partition(":")[0].removesuffix(".")
        site = self._vendors.get(name) or self._other(name)
        if len(host) <= _LONGEST and len(self) < _MOST:  # clients may make up as many as they like
            self[host] = site
        return site

    def _other(self, name: str) -> Site:
        region = next((label for label in name.split(".") if label in self._regions), None)
        return ANY if region is None else Site(name, region)


def _vendors(name: str, family: Family) -> Site:
    services = tuple(service for service in family.services if name in service.hosts)
    return Site(name, services[0].hosts[name] if services else None, family, services)
