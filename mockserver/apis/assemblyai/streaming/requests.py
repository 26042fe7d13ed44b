"""What clients say in text frames."""

from __future__ import annotations

import json
from typing import Any

from mockserver.apis.assemblyai.streaming.errors import Problem, invalid, invalid_json, invalid_type

UPDATE, FORCE, KEEP_ALIVE, TERMINATE = "UpdateConfiguration", "ForceEndpoint", "KeepAlive", "Terminate"
_TYPES = (UPDATE, FORCE, KEEP_ALIVE, TERMINATE)
_SHOWN = 100
_LONGEST = 256 * 1024
"""Characters of a message: several times what all that may be changed can take, however it is escaped."""


class RefusedMessageError(Exception):
    """A message is refused, and ends the session."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def read_message(text: str) -> dict[str, Any]:
    """Return a message of a known type. Raises RefusedMessageError."""
    if len(text) > _LONGEST:  # to read it would make all other sessions wait
        raise RefusedMessageError(invalid_json(f"longer than {_LONGEST} characters"))
    try:
        message = json.loads(text)  # its errors are worded as Python's, and so are the service's
    except (ValueError, RecursionError) as error:
        raise RefusedMessageError(invalid_json(str(error) or "too deeply nested")) from None
    if not isinstance(message, dict):
        raise RefusedMessageError(invalid("Invalid Message: Input should be a valid dictionary"))
    kind = message.get("type")
    if kind not in _TYPES:
        raise RefusedMessageError(invalid_type(kind[:_SHOWN] if isinstance(kind, str) else _scalar(kind)))
    return message


def _scalar(value: object) -> object:
    return value if value is None or isinstance(value, bool | float) else f"a {type(value).__name__}"
