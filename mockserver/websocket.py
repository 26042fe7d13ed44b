"""WebSockets as the server speaks them: sessions that can be woken, and no client that costs more than its share."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from typing import Any, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import MAX_LINE_LENGTH, Request

from mockserver.leftovers import LOOKS, QUIET, Leftovers
from mockserver.web.sending import CONNECTION

_AT_ONCE = struct.pack("ii", 1, 0)
"""A socket that does not linger is reset when it is closed."""
_LOST, _STOPS = 1006, 1012
_PIECE = 16 * 1024
"""Bytes that are read at a time: of tiny frames there are many in them."""
_TURN = 0.01
"""Seconds for which one client is answered before others have their turn."""
_URI, _HEADERS = "414 URI Too Long", "431 Request Header Fields Too Large"
_TOO_LONG = "HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_logger = logging.getLogger("mockserver.sockets")
_logger.setLevel(logging.WARNING)  # below that there are queries with tokens, and headers
_NOISE = ("Invalid UTF-8", "ASGI callable returned without")
_logger.addFilter(lambda record: not record.msg.startswith(_NOISE))  # the journal says what was sent, or answered


class WebSocket(WebSocketsSansIOProtocol):
    """One connection. A client that does not read is waited for, but for no longer than ``patience`` seconds."""

    def __init__(self, patience: float, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = self.conn.logger = _logger
        self.conn.debug = False
        self._patience = patience
        self.close_timeout = min(self.close_timeout, patience)
        self._stalled: asyncio.TimerHandle | None = None
        self._turn_over = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, with no more in memory for a client than the message that it does not take."""
        super().connection_made(transport)
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=1)  # 0 would stop TLS for ever
        if hasattr(transport, "max_size"):
            transport.max_size = _PIECE

    def handle_connect(self, event: Request) -> None:
        """Let the session know its connection."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"][CONNECTION] = {
                "wake": self.queue.put_nowait, "break_off": self._break_off, "reset": self._reset, "write": self._write
            }  # fmt: skip

    def data_received(self, data: bytes) -> None:
        """Read, and refuse a request for an upgrade that is too long to be read: nobody else would answer it."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.handshake_initiated = self.handshake_complete = self.close_sent = True
            line, _, _ = data.partition(b"\r\n")
            self.transport.write(_TOO_LONG.format(_URI if len(line) + 2 > MAX_LINE_LENGTH else _HEADERS).encode())
            self.transport.close()

    def handle_cont(self, event: Frame) -> None:
        """Take the next part of a message; empty ones, of which there is no end, take no memory."""
        if event.data or event.fin:
            super().handle_cont(event)

    def handle_close(self, event: Frame) -> None:
        """Answer the client's close; nothing is sent after it."""
        super().handle_close(event)
        self._end()

    def handle_parser_exception(self) -> None:
        """Close the connection of a client that breaks the protocol."""
        sent = self.conn.close_sent
        if sent is None:  # it did not wait for the upgrade
            self._tell(_LOST, "")
            self.transport.abort()
        else:
            self._tell(sent.code, sent.reason)
            self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_timer = self.loop.call_later(QUIET * LOOKS, self.transport.abort)
            Leftovers(self.transport, self)
        self._end()

    def keepalive_timeout(self) -> None:
        """Give up a client that answers no ping."""
        self._tell(1011, "keepalive ping timeout")
        super().keepalive_timeout()
        self._end()

    def pause_writing(self) -> None:
        """Wait for a client that does not read, but not for ever; its pings would have to be answered, too."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self._patience, self.transport.abort)
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on: the client reads again."""
        super().resume_writing()
        self._calm_down()
        self._read_on()

    async def send(self, message: Any) -> None:
        """Send; a client that has left before it was answered is gone, which would be noticed with the next message."""
        if not self.handshake_complete and self.transport.is_closing():
            raise ClientDisconnected
        await super().send(message)

    async def receive(self) -> Any:
        """Return what comes next; a client whose messages are all there lets others have their turn, too."""
        begins = self.queue.empty()
        if not begins and self.loop.time() >= self._turn_over:
            begins = True
            await asyncio.sleep(0)  # noqa: TID251  (it does not sleep: it lets others go first)
        message = await self.queue.get()
        if begins:
            self._turn_over = self.loop.time() + _TURN
        self._read_on()
        return message

    def _read_on(self) -> None:
        if self.read_paused and self.queue.empty() and self.writable.is_set() and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._calm_down()
        self._tell(_LOST, "", by_server=False)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End the session, since the server stops, and wait for nobody who does not read."""
        if self.transport.is_closing():
            self.stop_keepalive()
        else:
            self._tell(_STOPS, "")
            super().shutdown()
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _tell(self, code: int, reason: str, *, by_server: bool = True) -> None:
        """Tell the session that it is over, and how."""
        self.queue.put_nowait(
            cast("Any", {"type": "websocket.disconnect", "code": code, "reason": reason, "by_server": by_server})
        )

    def _end(self) -> None:
        """Let nothing be sent any more."""
        self.disconnected = self.handshake_complete = True

    def _calm_down(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _break_off(self, _: object) -> None:
        self.handshake_complete = True
        self.transport.close()

    def _reset(self, _: object) -> None:
        self.handshake_complete = True
        let_reset(self.transport)
        self.transport.abort()

    def _write(self, _: object, data: bytes) -> None:
        self.transport.write(data)


def let_reset(transport: asyncio.Transport) -> None:
    """Let a connection be reset when it is closed."""
    opened = transport.get_extra_info("socket")
    if opened is not None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
