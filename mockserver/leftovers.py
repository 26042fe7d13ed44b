"""What a client still sends after its connection is over for us."""

from __future__ import annotations

import asyncio

QUIET = 5.0
"""Seconds for which a client that has its reply already may pause in sending what nobody reads."""
LOOKS = 6
"""How many such times a client may go on sending altogether."""


class Leftovers(asyncio.Protocol):
    """Throws away what a client still sends after its reply, for some time, and closes the connection.

    If a connection is closed while the client sends, it is reset, and many a client never sees its reply. One that
    is closed in our direction only lets the client know that it may stop.
    """

    def __init__(self, transport: asyncio.Transport, before: asyncio.Protocol) -> None:
        self._transport = transport
        self._before = before
        self._heard = True
        transport.set_protocol(self)
        if transport.can_write_eof():  # TLS has no such thing: there the length of the reply has to do
            transport.write_eof()
        self._look(LOOKS)

    def data_received(self, data: bytes) -> None:
        """Note that the client is there."""
        self._heard = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol that answered."""
        self._timer.cancel()
        self._before.connection_lost(exc)

    def _look(self, left: int) -> None:
        if left and self._heard:
            self._heard = False
            self._timer = asyncio.get_running_loop().call_later(QUIET, self._look, left - 1)
        else:
            self._transport.abort()
