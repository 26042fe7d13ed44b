"""Requests as an HTTP archive, HAR 1.2."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl

import mockserver
from mockserver.control.curl import address
from mockserver.control.exchanges import headers, text_of
from mockserver.engine.clock import iso
from mockserver.engine.journal import pairs_of
from mockserver.engine.store import Row

_HTTP = "HTTP/1.1"
_UNKNOWN = -1


def archive(rows: Iterable[Row], base: str) -> dict[str, Any]:
    """Return an archive of requests."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "mockserver", "version": mockserver.__version__},
            "entries": [_entry(row, base) for row in rows],
        }
    }


def _entry(row: Row, base: str) -> dict[str, Any]:
    milliseconds = row["microseconds"] / 1000
    return {
        "startedDateTime": iso(max(0, row["at"] - row["microseconds"])),
        "time": milliseconds,
        "request": _request(row, base),
        "response": _response(row),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_request_id": row["request_id"],
    }


def _request(row: Row, base: str) -> dict[str, Any]:
    query = parse_qsl(row["query"], keep_blank_values=True)
    shown = {
        "method": row["method"],
        "url": address(row, base),
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(row["request_headers"]),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "headersSize": _UNKNOWN,
        "bodySize": row["request_size"],
    }
    if row["request_size"]:
        text = None if row["request_body"] is None else text_of(row["request_body"])
        shown["postData"] = {"mimeType": _type(row["request_headers"]), "params": [], "text": text or ""}
    return shown


def _response(row: Row) -> dict[str, Any]:
    sent = headers(row["response_headers"])
    return {
        "status": row["status"],
        "statusText": responses.get(row["status"], ""),
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(row["response_headers"]),
        "content": _content(row),
        "redirectURL": sent.get("location", ""),
        "headersSize": _UNKNOWN,
        "bodySize": row["size"],
    }


def _content(row: Row) -> dict[str, Any]:
    shown: dict[str, Any] = {"size": row["size"], "mimeType": _type(row["response_headers"])}
    body = row["response_body"] or b""
    text = text_of(body)
    if text is None:
        return shown | {"text": b64encode(body).decode(), "encoding": "base64"}
    return shown | {"text": text}


def _pairs(lines: bytes) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs_of(lines)]


def _type(lines: bytes) -> str:
    return headers(lines).get("content-type", "")
