"""What is in a form as multipart/form-data has it (RFC 7578): bytes are fed, events come out."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError

_MOST_PARTS = 100
_MOST_HEADERS = 16
_HEADER_BYTES = 16 * 1024
_SHOWN = 100
_LINE_ENDS = b"\r\n"
_BOUNDARY = re.compile(r"[ -~]{0,69}[!-~]")
_PARAMETER = re.compile(
    r"""[ \t]*;[ \t]*(?:([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*+)"|([^;"\s]*))[ \t]*)?""", re.DOTALL
)
_ESCAPED = re.compile(r'\\(["\\])')
_PERCENT = re.compile(r"%(?:22|0[AD])", re.IGNORECASE)
_EXTENDED = re.compile(r"(utf-8|iso-8859-1)'[^']*'(.*)", re.IGNORECASE | re.DOTALL)

logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of every form that it refuses


class FormError(Exception):
    """The body is no form, or not one that is asked for; the message says why."""


class Part(NamedTuple):
    """The head of a part; it is a file if it has a ``file_name``, be that empty."""

    name: str
    file_name: str | None = None
    media_type: str | None = None


class Parts:
    """A form's parts: what is fed comes out as a Part, its bytes, and None at its end; then comes the next Part.

    It takes time in proportion to what is fed, and keeps no more than the headers of a part.
    """

    def __init__(self, content_type: str) -> None:
        """Begin. Raises FormError if the type of the body is another, or has no boundary."""
        self._parser = MultipartParser(
            _boundary(content_type),
            {
                "on_part_begin": self._begin,
                "on_header_field": self._add_name,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_head,
                "on_part_data": self._add_data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
            max_header_count=_MOST_HEADERS,
            max_header_size=_HEADER_BYTES,
        )
        self._events: list[Part | bytes | None] = []
        self._begun = self._finished = False
        self._count = 0

    def feed(self, piece: bytes) -> list[Part | bytes | None]:
        """Return what is in the next piece of the body. Raises FormError."""
        if not self._begun:
            # Whether the library accepts what stands before the first boundary depends on where pieces end.
            piece = piece.lstrip(_LINE_ENDS)
            self._begun = bool(piece)
        self._events = []
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise FormError(f"the body is no valid form: {error}") from None
        return self._events

    def end(self) -> None:
        """Note that the body has ended. Raises FormError if it was cut off."""
        if not self._finished:
            raise FormError("the form ends before its closing boundary")

    def _begin(self) -> None:
        self._count += 1
        if self._count > _MOST_PARTS:
            raise FormError(f"the form has more than {_MOST_PARTS} parts")
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = 0
        self._name = self._value = b""

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._value += data[start:end]

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _HEADER_BYTES:
            raise FormError(f"the headers of a part are longer than {_HEADER_BYTES} bytes")

    def _end_header(self) -> None:
        self._headers.setdefault(self._name.lower(), self._value)
        self._name = self._value = b""

    def _end_head(self) -> None:
        self._events.append(_part(self._headers))

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _end(self) -> None:
        self._events.append(None)

    def _finish(self) -> None:
        self._finished = True


def _boundary(content_type: str) -> bytes:
    kind, parameters = _parameters(content_type)
    if kind.lower() != "multipart/form-data":
        raise FormError("the Content-Type is not multipart/form-data")
    if "boundary" not in parameters:
        raise FormError("the Content-Type has no boundary")
    if not _BOUNDARY.fullmatch(parameters["boundary"]):
        raise FormError("the boundary is not one of 1 to 70 printable characters")
    return parameters["boundary"].encode()


def _part(headers: dict[bytes, bytes]) -> Part:
    """Return the head of a part. Raises FormError."""
    try:
        disposition = headers.get(b"content-disposition", b"").decode()
    except UnicodeDecodeError:
        raise FormError("the Content-Disposition of a part is not UTF-8") from None
    kind, parameters = _parameters(disposition)
    if kind.lower() != "form-data" or "name" not in parameters:
        raise FormError("a part has no name: its Content-Disposition is not form-data with a name")
    name, file_name = parameters["name"], parameters.get("filename")
    media_type = headers.get(b"content-type", b"").decode("latin-1").strip() or None
    return Part(_plain(name), _extended(parameters) or (file_name and _plain(file_name)), media_type)


def _extended(parameters: dict[str, str]) -> str | None:
    """Return a file name that is given with its character set (RFC 8187); forms should not have it, but some do."""
    match = _EXTENDED.fullmatch(parameters.get("filename*", ""))
    return unquote(match[2], match[1], "replace") if match else None


def _plain(text: str) -> str:
    """Undo what browsers and libraries do to quotes, line ends and backslashes; other percent signs are no escapes."""
    return _PERCENT.sub(lambda match: unquote(match[0]), _ESCAPED.sub(r"\1", text))


def _parameters(header: str) -> tuple[str, dict[str, str]]:
    """Return a header's value, and its parameters. Raises FormError if they are no parameters."""
    value, _, _ = header.partition(";")
    return value.strip(), dict(_read_parameters(header.rstrip(), len(value)))


def _read_parameters(header: str, start: int) -> Iterator[tuple[str, str]]:
    while start < len(header):
        match = _PARAMETER.match(header, start)
        if match is None:
            raise FormError(f"a header is broken: {header[start : start + _SHOWN]}")
        start = match.end()
        name, quoted, token = match.groups()
        if name is not None:
            yield name.lower(), token if quoted is None else quoted
