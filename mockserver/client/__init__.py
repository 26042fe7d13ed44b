"""The control API from Python: what a test does to a server, wherever it runs. Only the standard library is needed."""

from mockserver.client.asynchronous import AsyncControl, AsyncSink
from mockserver.client.connection import MockServerError, UnreachableError
from mockserver.client.mock import DEFAULT_KEY, DEFAULT_URL, Mock
from mockserver.client.records import (
    Advance,
    Attempt,
    Body,
    Clock,
    Delivery,
    Failure,
    Fault,
    Job,
    Request,
    SinkRequest,
    Transition,
)
from mockserver.client.shapes import Answer, Asked, Expectation, Filters, Match, Rule, SinkAnswer, Terms, Turn
from mockserver.client.sink import Sink

__all__ = [
    "DEFAULT_KEY",
    "DEFAULT_URL",
    "Advance",
    "Answer",
    "Asked",
    "AsyncControl",
    "AsyncSink",
    "Attempt",
    "Body",
    "Clock",
    "Delivery",
    "Expectation",
    "Failure",
    "Fault",
    "Filters",
    "Job",
    "Match",
    "Mock",
    "MockServerError",
    "Request",
    "Rule",
    "Sink",
    "SinkAnswer",
    "SinkRequest",
    "Terms",
    "Transition",
    "Turn",
    "UnreachableError",
]
