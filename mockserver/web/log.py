"""The log on standard error: a line for every request, and for what goes wrong."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator

import orjson

from mockserver.engine.clock import iso
from mockserver.engine.journal import Entry, shown
from mockserver.settings import Settings

_logger = logging.getLogger("mockserver")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(settings: Settings) -> None:
    """Send the server's own messages to standard error, in the form that the settings ask for."""
    handler = logging.StreamHandler()
    form = "%(levelname)s %(message)s"
    handler.setFormatter(_JsonFormatter() if settings.log_format == "json" else logging.Formatter(form))
    _logger.handlers = [handler]
    _logger.setLevel(logging.INFO)
    _logger.propagate = False


def requests(entries: Iterable[Entry], settings: Settings) -> None:
    """Write a line for every request, in one go."""
    if not settings.log_requests:
        return
    line = _json_line if settings.log_format == "json" else _text_line
    text = "".join(line(entry if settings.journal_secrets else shown(entry)) for entry in entries)
    if text:
        sys.stderr.write(text)
        sys.stderr.flush()


def _text_line(entry: Entry) -> str:
    target = f"{entry.path}?{entry.query}" if entry.query else entry.path
    if not (target.isascii() and target.isprintable()):
        target = target.encode("unicode_escape").decode()
    line = (
        f"{iso(entry.at)[11:23]} {entry.status} {entry.method} {target} {entry.size}B "
        f"{entry.microseconds / 1000:.1f}ms id={entry.request_id}"
    )
    for name, value in _facts(entry):
        line += f" {name}={value}"
    return line + "\n"


def _json_line(entry: Entry) -> str:
    line = {
        "at": iso(entry.at),
        "request_id": entry.request_id,
        "method": entry.method,
        "path": entry.path,
        "query": entry.query,
        "status": entry.status,
        "bytes": entry.size,
        "microseconds": entry.microseconds,
        **dict(_facts(entry)),
    }
    return orjson.dumps(line).decode() + "\n"


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    for name, value in (("job", entry.job), ("fixture", entry.fixture), ("note", entry.note)):
        if value:
            yield name, value


def problems(found: Iterable[object]) -> None:
    """Warn of every problem in the fixture files."""
    for problem in found:
        _logger.warning("fixture not loaded: %s", problem)


def say(message: str) -> None:
    """Tell something that is worth a line."""
    _logger.info("%s", message)
