"""What has happened since the start, counted, and written in Prometheus' text format.

Counting is on the path of every request, so it is an addition in a dictionary; everything else waits until it is asked.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import mockserver
from mockserver.engine.moves import Move
from mockserver.engine.session_records import SessionRecord

_FIXTURES = 500
_OTHERS = "other"
_WHAT, _MESSAGES, _BYTES = "what", "messages", "bytes"
_STATES = ("queued", "processing", "completed", "error", "cancelled")
Labels = tuple[tuple[str, str], ...]


Key = tuple[str, str, str | None, str, int]
"""What requests are counted by: family, service, operation (None: no known one), method and status."""


class Metrics:
    """The counts of one server; a reset does not change them."""

    def __init__(self) -> None:
        self._requests: dict[Key, list[int]] = {}
        self._transitions: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._matches: Counter[str] = Counter()
        self._sessions: Counter[Labels] = Counter()
        self._traffic: Counter[Labels] = Counter()

    def answered(self, key: Key, took: int) -> None:
        """Count a request that took so many microseconds."""
        tally = self._requests.get(key)
        if tally is None:
            tally = self._requests[key] = [0, 0]
        tally[0] += 1
        tally[1] += took

    def moved(self, moves: Iterable[Move]) -> None:
        """Count transitions of jobs."""
        for move in moves:
            self._transitions[move.to_status] += 1

    def attempted(self, status: int) -> None:
        """Count an attempt at a webhook call by the status that came back, 0 for none."""
        self._attempts[_outcome(status)] += 1

    def matched(self, fixture: str | None) -> None:
        """Count a job or a chat that a fixture answers."""
        if fixture is not None:
            known = fixture in self._matches or len(self._matches) < _FIXTURES
            self._matches[fixture if known else _OTHERS] += 1

    def ended(self, session: SessionRecord) -> None:
        """Count a session that is over."""
        self._sessions[(*_service_of(session), ("code", str(session.code)))] += 1
        self._traffic.update(_traffic_of(session))

    def text(self, jobs: Mapping[str, int], sessions: Sequence[SessionRecord]) -> str:
        """Return everything, with how many jobs there are in each status, and the sessions that are open."""
        traffic = Counter(self._traffic)
        for session in sessions:
            traffic.update(_traffic_of(session))
        families = (
            _build(),
            _family("mockserver_requests_total", "counter", "Requests that were answered.", _counts(self._requests)),
            _family("mockserver_request_seconds", "summary", "Time that requests took.", _times(self._requests)),
            _family("mockserver_jobs", "gauge", "Jobs by status.", _by("state", {s: jobs.get(s, 0) for s in _STATES})),
            _family(
                "mockserver_transitions_total", "counter", "Transitions of jobs.", _by("to", dict(self._transitions))
            ),
            _family(
                "mockserver_webhook_attempts_total",
                "counter",
                "Attempts at webhook calls.",
                _by("outcome", dict(self._attempts)),
            ),
            _family(
                "mockserver_fixture_matches_total",
                "counter",
                "Jobs and chats that a fixture answered.",
                _by("fixture", dict(self._matches)),
            ),
            _family("mockserver_sessions", "gauge", "Sessions that are open.", _open(sessions)),
            _family(
                "mockserver_sessions_total",
                "counter",
                "Sessions that are over.",
                (("", labels, count) for labels, count in self._sessions.items()),
            ),
            _family(
                "mockserver_session_messages_total",
                "counter",
                "Messages, and frames of audio.",
                _kind(traffic, _MESSAGES),
            ),
            _family("mockserver_session_bytes_total", "counter", "Bytes of these.", _kind(traffic, _BYTES)),
        )
        return "".join(families)


def _service_of(session: SessionRecord) -> Labels:
    return (("family", session.family), ("service", session.service))


def _traffic_of(session: SessionRecord) -> dict[Labels, int]:
    texts = session.received_bytes - session.audio_bytes
    counts = (
        ("in", "audio", session.frames, session.audio_bytes),
        ("in", "text", session.received, texts),
        ("out", "text", session.sent, session.sent_bytes),
    )
    service = _service_of(session)
    return {
        (*service, ("direction", direction), ("kind", kind), (_WHAT, what)): count
        for direction, kind, messages, size in counts
        for what, count in ((_MESSAGES, messages), (_BYTES, size))
    }


def _kind(traffic: Mapping[Labels, int], what: str) -> Iterator[tuple[str, Labels, float]]:
    return (("", labels[:-1], count) for labels, count in traffic.items() if labels[-1][1] == what)


def _open(sessions: Iterable[SessionRecord]) -> Iterator[tuple[str, Labels, float]]:
    return (("", labels, count) for labels, count in Counter(map(_service_of, sessions)).items())


def _outcome(status: int) -> str:
    if 200 <= status < 300:
        return "delivered"
    if 400 <= status < 500:
        return "refused"
    return "failed" if status else "unreachable"


def _build() -> str:
    facts = (("version", mockserver.__version__), ("python", platform.python_version()))
    return _family("mockserver_build_info", "gauge", "What runs.", [("", facts, 1)])


def _labels_of(family: str, service: str, operation: str | None) -> Labels:
    return (("family", family), ("service", service), ("operation", operation or "unknown"))


def _counts(requests: Mapping[Key, list[int]]) -> Iterator[tuple[str, Labels, float]]:
    for (family, service, operation, method, status), (count, _) in requests.items():
        yield "", (*_labels_of(family, service, operation), ("method", method), ("status", str(status))), count


def _times(requests: Mapping[Key, list[int]]) -> Iterator[tuple[str, Labels, float]]:
    """Yield the times of each operation, whatever method and status."""
    counts: Counter[Labels] = Counter()
    times: Counter[Labels] = Counter()
    for (family, service, operation, _, _), (count, microseconds) in requests.items():
        labels = _labels_of(family, service, operation)
        counts[labels] += count
        times[labels] += microseconds
    for labels, count in counts.items():
        yield "_sum", labels, times[labels] / 1e6
        yield "_count", labels, count


def _by(label: str, counts: Mapping[str, int]) -> Iterator[tuple[str, Labels, float]]:
    return (("", ((label, value),), count) for value, count in counts.items())


def _family(name: str, kind: str, what: str, samples: Iterable[tuple[str, Labels, float]]) -> str:
    lines = [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]
    for suffix, labels, value in samples:
        shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        lines.append(f"{name}{suffix}{{{shown}}} {value!r}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
