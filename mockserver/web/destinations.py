"""Where the server may connect to: nothing link-local, and none of the addresses where clouds tell secrets.

What is looked at is the address of each connection as it is made. So a name that leads elsewhere at every look-up, a
redirect, and the many ways to write an address are all the same.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import TCPConnector

_REFUSED = tuple(
    map(
        ip_network,
        (
            "169.254.0.0/16",
            "fe80::/10",
            "100.100.100.200/32",  # Alibaba's metadata
            "168.63.129.16/32",  # Azure's
            "192.0.0.192/32",  # Oracle's
            "fd00:ec2::/32",  # Amazon's: metadata, and credentials of containers
            "fd20:ce::254/128",  # Google's
        ),
    )
)
_WITH_IPV4_AT_END = (ip_network("::/96"), ip_network("64:ff9b::/96"))


class RefusedError(OSError):
    """The server does not connect to such an address; the message names it."""


def connector(*, allow_link_local: bool, **options: Any) -> TCPConnector:
    """Return an HTTP client's connector that refuses those addresses, unless they are allowed."""
    import aiohttp

    make: Callable[[Any], socket.socket] | None = None if allow_link_local else _socket_to
    return aiohttp.TCPConnector(socket_factory=make, **options)


def refusal(error: BaseException) -> str | None:
    """Return what was refused, if that is why a client failed."""
    cause = getattr(error, "os_error", None)
    return str(cause) if isinstance(cause, RefusedError) else None


def _socket_to(info: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
    family, kind, protocol, _, address = info
    if is_refused(address[0]):
        raise RefusedError(f"{address[0]} is a link-local or metadata address; the setting allow_link_local allows it")
    return socket.socket(family, kind, protocol)


def is_refused(text: str) -> bool:
    """Say whether an address is one of those."""
    address = ip_address(text)
    inner = _ipv4_in(address) if isinstance(address, IPv6Address) else None
    return any(each in network for each in (address, inner) if each is not None for network in _REFUSED)


def _ipv4_in(address: IPv6Address) -> IPv4Address | None:
    """Return the address of the older kind that this one leads to."""
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and any(address in network for network in _WITH_IPV4_AT_END):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return inner
