"""Requests as curl commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote

from mockserver.control.exchanges import Field, fields_of, pairs_of, text_of
from mockserver.engine.exchange import Exchange
from mockserver.engine.masking import MASK

_OWN = frozenset(("host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect"))
_KEYS = frozenset(("authorization", "x-api-key"))
_ANY_TYPE = "application/octet-stream"
_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)


def command(exchange: Exchange, base: str) -> str:
    """Return the command that repeats a request; $API_KEY and $SECRET stand for what is masked."""
    parts = [f"curl -sS {_method(exchange)}{_quoted(address(exchange, base))}", *_headers(exchange), *_data(exchange)]
    return "".join(f"# {remark}\n" for remark in _remarks(exchange)) + " \\\n  ".join(parts) + "\n"


def address(exchange: Exchange, base: str) -> str:
    """Return the URL of a request."""
    path = quote(exchange.path, safe="/:@!$&'()*+,;=~")
    return f"{base}{path}?{exchange.query}" if exchange.query else f"{base}{path}"


def _method(exchange: Exchange) -> str:
    if exchange.method == "HEAD":
        return "--head "
    return "" if exchange.method == "GET" and not exchange.request_size else f"-X {shlex.quote(exchange.method)} "


def _headers(exchange: Exchange) -> Iterator[str]:
    for name, value in pairs_of(exchange.request_headers):
        if name.lower() not in _OWN and not (exchange.is_form and name.lower() == "content-type"):
            variable = "API_KEY" if name.lower() in _KEYS else "SECRET"
            yield f"-H {_quoted(f'{name}: {value}' if value else f'{name};', variable)}"


def _data(exchange: Exchange) -> Iterator[str]:
    if not exchange.request_size:
        return
    if exchange.is_form:
        yield from (f"-F {_quoted(each)}" for each in map(_field, fields_of(exchange)))
        return
    text = None if exchange.request_body is None else text_of(exchange.request_body)
    if not any(name.lower() == "content-type" for name, _ in pairs_of(exchange.request_headers)):
        yield "-H content-type:"
    yield "--data-binary @body" if text is None else f"--data-raw {_quoted(text)}"


def _field(field: Field) -> str:
    if field.file is None:
        return f"{field.name}={_escaped(field.value)}"
    kind = field.file["content_type"] or ""
    typed = f";type={kind}" if _TYPE.fullmatch(kind) and kind != _ANY_TYPE else ""
    return f"{field.name}=@{_escaped(field.file['filename'] or field.name)}{typed}"


def _escaped(text: str) -> str:
    """Quote a value as curl wants it where it could be taken for something else."""
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"')) if set(text) & set('@<;",') else text


def _remarks(exchange: Exchange) -> Iterator[str]:
    for field in fields_of(exchange):
        if field.file is not None:
            yield f"The file of {field.file['bytes']} bytes was not kept; put it there."
    if exchange.request_body is None:
        yield f"The body of {exchange.request_size} bytes was not kept; put it into the file body."
    elif exchange.request_cut:
        yield f"The body is cut: it had {exchange.request_size} bytes."


def _quoted(text: str, variable: str = "SECRET") -> str:
    """Quote a text for the shell; what is masked becomes a variable."""
    return shlex.quote(text).replace(MASK, f"'\"${variable}\"'")
