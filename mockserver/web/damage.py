"""Replies that are not what HTTP promises: cut, garbled, of a wrong length, slow, or none at all."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from random import Random

from mockserver.engine.clock import SECOND
from mockserver.engine.fault_rule import RESET, Dribble, FaultRule
from mockserver.web.replies import WITHOUT_BODY, BrokenReply, Headers, Piece, Reply, StreamReply

_GARBAGE = 128


def broken_off(rule: FaultRule, label: str) -> BrokenReply:
    """Return what comes in place of a reply where the connection fails."""
    if rule.connection == "RANDOM_DATA_THEN_CLOSE":
        garbage = Random(label).randbytes(_GARBAGE)
        return BrokenReply(b"", 0, wire=lambda _: garbage)
    if rule.connection == "MALFORMED_RESPONSE_CHUNK":
        start = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n"
        garbage = Random(label).randbytes(_GARBAGE)
        return BrokenReply(b"", 200, wire=lambda own: start + _lines(own) + b"\r\n" + garbage)
    return BrokenReply(b"", 0, resets=rule.connection == RESET)


def damaged(reply: Reply, rule: FaultRule) -> Reply:
    """Return a reply with the damage that a rule wants."""
    reply = _with_headers(reply, rule)
    if isinstance(reply, StreamReply):
        return _cut_stream(reply, rule.truncate) if rule.truncate is not None else reply
    if reply.status in WITHOUT_BODY:
        reply.body = b""
    elif rule.malformed_json:
        reply.body = malformed(reply.body)
    if rule.truncate is not None:
        return _broken(reply, reply.body[: rule.truncate], len(reply.body), resets=rule.connection == RESET)
    if rule.content_length is not None:
        return _broken(reply, reply.body, max(0, len(reply.body) + rule.content_length), resets=False)
    if rule.dribble is not None:
        return _dribbled(reply, rule.dribble)
    return reply


def malformed(body: bytes) -> bytes:
    """Return a body that looks like JSON and is none: its end is missing."""
    return body[: max(1, len(body) * 2 // 3)].rstrip() + b',"' if body.strip() else b"{"


def _with_headers(reply: Reply, rule: FaultRule) -> Reply:
    if rule.headers:
        given = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in rule.headers.items())
        types = [value for name, value in given if name == b"content-type"]
        reply.media_type = types[-1] if types else reply.media_type
        replaced = {name for name, _ in given}
        kept = (pair for pair in reply.headers if pair[0] not in replaced)
        reply.headers = (*kept, *(pair for pair in given if pair[0] != b"content-type"))
    return reply


def _broken(reply: Reply, body: bytes, length: int, *, resets: bool) -> BrokenReply:
    headers = (*reply.headers, (b"content-type", reply.media_type), (b"content-length", b"%d" % length))
    phrase = HTTPStatus(reply.status).phrase if reply.status in list(HTTPStatus) else ""
    start = b"HTTP/1.1 %d %s\r\n" % (reply.status, phrase.encode())
    return BrokenReply(
        body, reply.status, reply.media_type, reply.headers,
        wire=lambda own: start + _lines((*headers, *own)) + b"\r\n" + body,
        resets=resets,
    )  # fmt: skip


def _lines(headers: Headers) -> bytes:
    return b"".join(b"%s: %s\r\n" % pair for pair in headers)


def _dribbled(reply: Reply, dribble: Dribble) -> StreamReply:
    size = max(1, -(-len(reply.body) // dribble.chunks))
    pause = round(dribble.seconds * SECOND / dribble.chunks)
    body = reply.body
    pieces = (Piece(pause * (number + 1), body[place : place + size])
              for number, place in enumerate(range(0, len(body), size)))  # fmt: skip
    return StreamReply(pieces, reply.media_type, reply.headers, reply.status)


def _cut_stream(reply: StreamReply, limit: int) -> StreamReply:
    return StreamReply(_first(reply.pieces, limit), reply.media_type, reply.headers, reply.status)


def _first(pieces: Iterator[Piece], limit: int) -> Iterator[Piece]:
    sent, at = 0, 0
    for at, data in pieces:
        if data is None or sent >= limit:
            break
        yield Piece(at, data[: limit - sent])
        sent += len(data)
    yield Piece(at, None)
