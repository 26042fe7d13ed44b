"""Sinks: places that receive any request, keep it, and answer what they were told to.

They live in memory, bounded in every way: so many sinks, so many requests in each, so many bytes in all.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

KEPT_BYTES = 256 * 1024
"""How much of a request's body is kept."""
_SINKS = 1_000
_REQUESTS = 1_000
_ALL_BYTES = 64 * 2**20
"""How much is kept of all requests, and how much all answers may be."""
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def is_name(text: str) -> bool:
    """Say whether a sink may be called so."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True)
class Answer:
    """What a sink says, after ``delay`` microseconds on its owner's clock."""

    status: int = 200
    delay: int = 0
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """Return how many bytes it is, more or less."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers.items()) + 100


@dataclass(eq=False)
class Received:
    """One request; ``size`` is the length of the whole body, ``status`` None if its sender did not wait for it."""

    at: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    size: int
    number: int = 0
    status: int | None = None

    @property
    def weight(self) -> int:
        """Return how many bytes are kept of it, more or less."""
        headers = sum(len(name) + len(value) for name, value in self.headers.items())
        return len(self.body) + len(self.path) + len(self.query) + headers + 500


@dataclass(eq=False)
class Sink:
    """One place: whose it is, what it answers in turn, and what came; ``count`` counts what is forgotten too."""

    name: str
    owner: int | None = None
    answers: Sequence[Answer] = (Answer(),)
    is_configured: bool = False
    given: int = 0
    count: int = 0
    requests: deque[Received] = field(default_factory=deque)

    def next_answer(self) -> Answer:
        """Return the next of the answers; the last repeats."""
        self.given += 1
        return self.answers[min(self.given, len(self.answers)) - 1]


class Sinks:
    """Every sink, by name; one comes into being when it is configured, or receives something."""

    def __init__(self) -> None:
        self._sinks: OrderedDict[str, Sink] = OrderedDict()
        self._requests: OrderedDict[Received, Sink] = OrderedDict()
        self._bytes = 0
        self._watchers: dict[str, list[Callable[[], None]]] = {}

    def find(self, name: str) -> Sink | None:
        """Return a sink."""
        return self._sinks.get(name)

    def all(self, owner: int | None) -> list[Sink]:
        """Return the sinks of a project, or with None every one."""
        return [sink for sink in self._sinks.values() if owner is None or sink.owner == owner]

    def has_room(self, name: str, answers: Sequence[Answer]) -> bool:
        """Say whether a sink may have these answers: those of all together are bounded."""
        others = (sink.answers for sink in self._sinks.values() if sink.name != name)
        return sum(answer.weight for each in (*others, answers) for answer in each) <= _ALL_BYTES

    def configure(self, name: str, owner: int | None, answers: Sequence[Answer]) -> Sink:
        """Say what a sink answers from now on, and whose it is; what it has received stays."""
        sink = self._made(name)
        sink.owner, sink.answers, sink.given, sink.is_configured = owner, answers, 0, True
        return sink

    def receive(self, name: str, request: Received) -> Answer:
        """Keep a request, tell whoever waits for it, and return what to answer."""
        sink = self._made(name)
        answer = sink.next_answer()
        sink.count += 1
        request.number, request.status = sink.count, answer.status
        sink.requests.append(request)
        self._requests[request] = sink
        self._bytes += request.weight
        if len(sink.requests) > _REQUESTS:
            self._drop_oldest(sink)
        while self._bytes > _ALL_BYTES:
            self._drop_oldest(next(iter(self._requests.values())))
        for watcher in list(self._watchers.get(name, ())):
            watcher()
        return answer

    def remove(self, name: str) -> None:
        """Forget a sink, and what it has received."""
        sink = self._sinks.pop(name, None)
        while sink is not None and sink.requests:
            self._drop_oldest(sink)

    def forget(self, owner: int | None) -> None:
        """Forget the sinks of a project, or with None every one."""
        for sink in self.all(owner):
            self.remove(sink.name)

    @contextmanager
    def watched(self, name: str, watcher: Callable[[], None]) -> Iterator[None]:
        """Call ``watcher`` whenever a sink of that name has received something."""
        self._watchers.setdefault(name, []).append(watcher)
        try:
            yield
        finally:
            self._watchers[name].remove(watcher)
            if not self._watchers[name]:
                del self._watchers[name]

    def _made(self, name: str) -> Sink:
        sink = self._sinks.get(name)
        if sink is None:
            if len(self._sinks) >= _SINKS:
                self.remove(self._least_needed())
            sink = self._sinks[name] = Sink(name)
        self._sinks.move_to_end(name)
        return sink

    def _least_needed(self) -> str:
        """Return the sink that has long had nothing to do, rather one that nobody has configured."""
        idle = (sink.name for sink in self._sinks.values() if not sink.is_configured)
        return next(idle, next(iter(self._sinks)))

    def _drop_oldest(self, sink: Sink) -> None:
        request = sink.requests.popleft()
        del self._requests[request]
        self._bytes -= request.weight
