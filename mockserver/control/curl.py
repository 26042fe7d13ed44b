"""Requests as curl commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from urllib.parse import quote

from mockserver.control.exchanges import text_of
from mockserver.engine.journal import pairs_of
from mockserver.engine.masking import MASK
from mockserver.engine.store import Row

_OWN = frozenset(("host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect"))
_KEYS = frozenset(("authorization", "x-api-key"))


def command(row: Row, base: str) -> str:
    """Return the command that repeats a request; $API_KEY and $SECRET stand for what is masked."""
    parts = [f"curl -sS {_method(row)}{_quoted(address(row, base))}", *_headers(row), *_data(row)]
    return "".join(f"# {remark}\n" for remark in _remarks(row)) + " \\\n  ".join(parts) + "\n"


def address(row: Row, base: str) -> str:
    """Return the URL of a request."""
    path = quote(row["path"], safe="/:@!$&'()*+,;=~")
    return f"{base}{path}?{row['query']}" if row["query"] else f"{base}{path}"


def _method(row: Row) -> str:
    if row["method"] == "HEAD":
        return "--head "
    return "" if row["method"] == "GET" and not row["request_size"] else f"-X {shlex.quote(row['method'])} "


def _headers(row: Row) -> Iterator[str]:
    for name, value in pairs_of(row["request_headers"]):
        if name.lower() not in _OWN:
            variable = "API_KEY" if name.lower() in _KEYS else "SECRET"
            yield f"-H {_quoted(f'{name}: {value}' if value else f'{name};', variable)}"


def _data(row: Row) -> Iterator[str]:
    if not row["request_size"]:
        return
    text = None if row["request_body"] is None else text_of(row["request_body"])
    if not any(name.lower() == "content-type" for name, _ in pairs_of(row["request_headers"])):
        yield "-H content-type:"
    yield "--data-binary @body" if text is None else f"--data-raw {_quoted(text)}"


def _remarks(row: Row) -> Iterator[str]:
    if row["request_body"] is None:
        yield f"The body of {row['request_size']} bytes was not kept; put it into the file body."
    elif row["request_cut"]:
        yield f"The body is cut: it had {row['request_size']} bytes."


def _quoted(text: str, variable: str = "SECRET") -> str:
    """Quote a text for the shell; what is masked becomes a variable."""
    return shlex.quote(text).replace(MASK, f"'\"${variable}\"'")
