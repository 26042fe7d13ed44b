"""What a sink has received, as JSON."""

from __future__ import annotations

import codecs
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import orjson

from mockserver.engine.clock import iso
from mockserver.engine.sinks import Received, Sink


def view(sink: Sink, requests: Sequence[Received], url: str, problem: str | None) -> bytes:
    """Return a sink with requests; for a worker thread, as there may be much of them."""
    shown: dict[str, Any] = {"name": sink.name, "url": url, "count": sink.count}
    shown["requests"] = [_request(request) for request in requests]
    return orjson.dumps(shown | ({"error": problem} if problem else {}))


def _request(request: Received) -> dict[str, Any]:
    return {
        "number": request.number,
        "at": iso(request.at),
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "body": _body(request),
        "status": request.status,
    }


def _body(request: Received) -> dict[str, Any]:
    body, is_cut = request.body, request.size > len(request.body)
    cut = {"size": request.size, "truncated": True} if is_cut else {}
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(body, final=not is_cut)
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()} | cut
    return {"text": text} | ({} if is_cut else _json(body)) | cut


def _json(body: bytes) -> dict[str, Any]:
    """Return the body as JSON exactly as it came, if it is JSON that can be nested into more."""
    try:
        orjson.dumps(orjson.loads(body))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return {}
    return {"json": orjson.Fragment(body)}
