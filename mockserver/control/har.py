"""Requests as an HTTP archive, HAR 1.2."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl

import mockserver
from mockserver.control.curl import address
from mockserver.control.exchanges import Field, fields_of, headers, pairs_of, text_of
from mockserver.engine.clock import SECOND, iso
from mockserver.engine.exchange import SESSION, Exchange
from mockserver.engine.masking import Pairs
from mockserver.engine.session_records import Line, SessionRecord

_HTTP = "HTTP/1.1"
_UNKNOWN = -1
_TEXT, _BINARY = 1, 2
"""Opcodes of frames."""


def archive(exchanges: Iterable[Exchange], base: str, sessions: Mapping[str, SessionRecord]) -> dict[str, Any]:
    """Return an archive of requests; those that became ``sessions`` have their messages as browsers have them."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "mockserver", "version": mockserver.__version__},
            "entries": [_entry(exchange, base) | _said(exchange, sessions) for exchange in exchanges],
        }
    }


def _entry(exchange: Exchange, base: str) -> dict[str, Any]:
    milliseconds = exchange.microseconds / 1000
    return {
        "startedDateTime": iso(max(0, exchange.at - exchange.microseconds)),
        "time": milliseconds,
        "request": _request(exchange, base),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_request_id": exchange.request_id,
    }


def _said(exchange: Exchange, sessions: Mapping[str, SessionRecord]) -> dict[str, Any]:
    """Return what was said in a session, as Chrome writes it; the audio itself is not kept."""
    session = sessions.get(exchange.job or "") if exchange.status == SESSION else None
    if session is None:
        return {}
    return {"_resourceType": "websocket", "_webSocketMessages": list(map(_message, session.lines))}


def _message(line: Line) -> dict[str, Any]:
    about = {"type": "send" if line.direction == "in" else "receive", "time": line.at / SECOND}
    if line.text is None:
        return about | {"opcode": _BINARY, "data": "", "_frames": line.frames, "_bytes": line.size}
    return about | {"opcode": _TEXT, "data": line.text}


def _request(exchange: Exchange, base: str) -> dict[str, Any]:
    query = parse_qsl(exchange.query, keep_blank_values=True)
    shown = {
        "method": exchange.method,
        "url": address(exchange, base),
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(exchange.request_headers),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "headersSize": _UNKNOWN,
        "bodySize": exchange.request_size,
    }
    if exchange.request_size:
        text = None if exchange.request_body is None else text_of(exchange.request_body)
        params = list(map(_param, fields_of(exchange)))
        said = "" if exchange.is_form or text is None else text
        shown["postData"] = {"mimeType": _type(exchange.request_headers), "params": params, "text": said}
    return shown


def _param(field: Field) -> dict[str, str]:
    if field.file is None:
        return {"name": field.name, "value": field.value}
    about = {"fileName": field.file["filename"], "contentType": field.file["content_type"]}
    return {"name": field.name} | {name: value for name, value in about.items() if value is not None}


def _response(exchange: Exchange) -> dict[str, Any]:
    sent = headers(exchange.response_headers)
    return {
        "status": exchange.status,
        "statusText": responses.get(exchange.status, ""),
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(exchange.response_headers),
        "content": _content(exchange),
        "redirectURL": sent.get("location", ""),
        "headersSize": _UNKNOWN,
        "bodySize": exchange.size,
    }


def _content(exchange: Exchange) -> dict[str, Any]:
    shown: dict[str, Any] = {"size": exchange.size, "mimeType": _type(exchange.response_headers)}
    body = exchange.response_body
    text = text_of(body)
    if text is None:
        return shown | {"text": b64encode(body).decode(), "encoding": "base64"}
    return shown | {"text": text}


def _pairs(pairs: Pairs) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs_of(pairs)]


def _type(pairs: Pairs) -> str:
    return headers(pairs).get("content-type", "")
