"""The log on standard error: a line for every request, and for what goes wrong."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator

import orjson

from mockserver.engine.clock import SECOND, iso
from mockserver.engine.journal import Entry, shown
from mockserver.settings import Settings

LabelOf = Callable[[int], str | None]
_logger = logging.getLogger("mockserver")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = iso(int(record.created * SECOND))
        line = {"at": at, "level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(settings: Settings) -> None:
    """Send messages to standard error, in the form that the settings ask for, and warnings of others too."""
    handler = logging.StreamHandler()
    form = "%(levelname)s %(message)s"
    handler.setFormatter(_JsonFormatter() if settings.log_format == "json" else logging.Formatter(form))
    _logger.handlers = logging.root.handlers = [handler]
    _logger.setLevel(logging.INFO)
    _logger.propagate = False


def requests(entries: Iterable[Entry], settings: Settings, label_of: LabelOf) -> None:
    """Write a line for every request, in one go; ``label_of`` names the key of a project."""
    if not settings.log_requests:
        return
    line = _json_line if settings.log_format == "json" else _text_line
    seen = entries if settings.journal_secrets else map(shown, entries)
    text = "".join(line(entry, label_of(entry.project)) for entry in seen)
    if text:
        sys.stderr.write(text)
        sys.stderr.flush()


def _text_line(entry: Entry, label: str | None) -> str:
    line = (
        f"{iso(entry.at)[11:23]} {entry.status} {entry.method} {_one_line(_target(entry))} {entry.size}B "
        f"{entry.microseconds / 1000:.1f}ms id={entry.request_id}"
    )
    for name, value in _facts(entry, label):
        line += f" {name}={value if value.isprintable() else _one_line(value)}"
    return line + "\n"


def _target(entry: Entry) -> str:
    return f"{entry.path}?{entry.query}" if entry.query else entry.path


def _one_line(text: str) -> str:
    """Return a text such that nothing in it can be taken for another line, or moves the cursor."""
    return text if text.isascii() and text.isprintable() else text.encode("unicode_escape").decode()


def _json_line(entry: Entry, label: str | None) -> str:
    line = {
        "at": iso(entry.at),
        "level": "info",
        "message": f"{entry.status} {entry.method} {entry.path}",
        "request_id": entry.request_id,
        "method": entry.method,
        "path": entry.path,
        "query": entry.query,
        "status": entry.status,
        "bytes": entry.size,
        "microseconds": entry.microseconds,
        **dict(_facts(entry, label)),
    }
    return orjson.dumps(line).decode() + "\n"


def _facts(entry: Entry, label: str | None) -> Iterator[tuple[str, str]]:
    """Yield what is not known of every request, the note last: it has spaces."""
    facts = {"key": label, "job": entry.job, "fixture": entry.fixture, "fault": entry.fault, "note": entry.note}
    return ((name, value) for name, value in facts.items() if value)


def problems(found: Iterable[object]) -> None:
    """Warn of every problem in the fixture files."""
    for problem in found:
        _logger.warning("fixture not loaded: %s", problem)


def say(message: str) -> None:
    """Tell something that is worth a line."""
    _logger.info("%s", message)


def complain(message: str) -> None:
    """Tell why the server cannot do what it should."""
    _logger.error("%s", message)
