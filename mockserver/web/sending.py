"""Replies on their way out: whole ones, files, and streams."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

from mockserver.engine.clock import Clock
from mockserver.web.replies import NO_CONTENT, BrokenReply, FileReply, Headers, Reply, StreamReply
from mockserver.web.waits import Stopwatch, Waits

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
InThread = Callable[..., Awaitable[Any]]

CONNECTION = "mockserver.connection"
"""The name of the ASGI extension for the connection that a scope came on.

``break_off(scope)`` closes it, ``reset(scope)`` resets it, and ``write(scope, data)`` writes bytes that are no HTTP.
"""
_BATCH = 64 * 1024
_LONGEST_HINT = 1000


async def send_whole(reply: Reply, send: Send, own: Headers, *, with_body: bool = True) -> None:
    """Send a reply at once."""
    await send(_start(reply, own, reply.size))
    await send({"type": "http.response.body", "body": reply.body if with_body else b""})


async def send_file(reply: FileReply, send: Send, own: Headers, in_thread: InThread, *, with_body: bool) -> None:
    """Send a file as it is read, and close it."""
    try:
        await send(_start(reply, own, reply.size))
        chunks = reply.chunks()
        while with_body and (chunk := await in_thread(next, chunks, b"")):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        reply.close()


async def send_stream(
    reply: StreamReply, scope: Scope, receive: Receive, send: Send, own: Headers, waits: Waits, clock: Clock
) -> str | None:
    """Send pieces when each is due; return what is worth a note if not all were sent, or the reply is cut."""
    await send(_start(reply, own, None))
    async with client_of(receive) as gone:
        async for batch in _batches(reply, waits, Stopwatch(clock), gone):
            if batch is None:
                await waits.turn()
                break_off(scope)
                return "the stream was cut"
            await send({"type": "http.response.body", "body": batch, "more_body": True})
            reply.note(batch)
        if gone.done():
            return "the client closed the connection"
    if waits.ended:
        break_off(scope)
        return "the server stopped"
    await send({"type": "http.response.body", "body": b""})
    return None


def break_off(scope: Scope) -> None:
    """Break off the connection that a request came on."""
    extension = scope.get("extensions", {}).get(CONNECTION)
    if extension is not None:
        extension["break_off"](scope)


def send_broken(reply: BrokenReply, scope: Scope, own: Headers) -> None:
    """Write what there is of a broken reply, and end the connection."""
    extension = scope.get("extensions", {}).get(CONNECTION)
    if extension is not None:
        extension["write"](scope, reply.wire(own))
        extension["reset" if reply.resets else "break_off"](scope)


@contextlib.asynccontextmanager
async def client_of(receive: Receive) -> AsyncIterator[asyncio.Future[object]]:
    """Watch a client whose request has been read: the future is done when it goes away."""
    gone: asyncio.Future[object] = asyncio.ensure_future(_disconnected(receive))
    try:
        yield gone
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


async def _batches(
    reply: StreamReply, waits: Waits, watch: Stopwatch, gone: asyncio.Future[object]
) -> AsyncIterator[bytes | None]:
    """Yield what is due, as much of it together as there is; None where the connection is to be broken off."""
    passed = 0
    batch: list[bytes] = []
    size = 0
    for at, data in reply.pieces:
        if at > passed:
            passed = watch.passed()
        if batch and (data is None or at > passed or size > _BATCH):
            yield b"".join(batch)
            batch, size = [], 0
            await waits.turn()
        if gone.done() or (at > passed and not await waits.until(watch, at, gone)):
            return
        if data is None:
            yield None
            return
        batch.append(data)
        size += len(data)
    if batch:
        yield b"".join(batch)


def _start(reply: Reply, own: Headers, size: int | None) -> dict[str, Any]:
    headers = [*reply.headers, *own]
    if reply.status != NO_CONTENT:
        headers.append((b"content-type", reply.media_type))
        if size is not None:
            headers.append((b"content-length", b"%d" % size))
    return {"type": "http.response.start", "status": reply.status, "headers": headers}


@lru_cache(256)
def typed_headers(headers: Headers, media_type: bytes, status: int) -> Headers:
    """Return the headers of a reply with the type of its body, as the journal keeps them."""
    return headers if status == NO_CONTENT else (*headers, (b"content-type", media_type))


def printable(hint: str | None) -> str | None:
    """Return a hint as one short line, whatever a client sent that it speaks of."""
    if hint is None:
        return None
    shown = "".join(character if character.isprintable() else " " for character in hint[: 2 * _LONGEST_HINT])
    return " ".join(shown.split())[:_LONGEST_HINT]
