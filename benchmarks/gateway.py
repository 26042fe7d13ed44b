"""Chat completions: whole, as server-sent events, and as many streams that keep a pace."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

from benchmarks import process
from benchmarks.load import drive, request
from benchmarks.measure import call, compare
from benchmarks.process import Process

_PATH = "/v1/chat/completions"
_SENTENCE = "The shipment left the harbour on Monday and nobody has asked about it since then."
_FIXTURES = f"""
match: {{user: "How long"}}
answer: {_SENTENCE}
---
match: {{user: "Tell me all"}}
answer: {" ".join([_SENTENCE] * 31)}
"""
_FLAGS = ("--llm-rate-limit", "0")
_CLIENTS = 200
_PACE = 50
_LATE = 0.05


def _chat(question: str, **params: object) -> bytes:
    messages = [
        {"role": "system", "content": "You are a helpful assistant who knows all shipments."},
        {"role": "user", "content": question},
    ]
    return json.dumps({"model": "gpt-4.1", "messages": messages, "max_tokens": 1000, **params}).encode()


def gateway(rounds: int, seconds: float) -> None:
    """Chat completions and streams next to the reference, and many streams that keep a pace."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "chats.yaml").write_text(_FIXTURES)
        with process.server("--fixtures", folder, *_FLAGS) as ours:
            _completions("chat completion, from a fixture", ours, rounds, seconds)
            _streams(ours, rounds, seconds)
        with process.server(*_FLAGS) as ours:
            _completions("chat completion, with no fixtures", ours, rounds, seconds)
        _paced(folder, seconds)


def _completions(title: str, ours: Process, rounds: int, seconds: float) -> None:
    body = _chat("How long has the shipment been under way?")
    whole = call(ours.port, "POST", _PATH, body)
    with process.reference({"chat": whole}) as theirs:
        chat = request("POST", _PATH, body)
        compare(title, ours, theirs, lambda: itertools.repeat(chat), rounds, seconds)


def _streams(ours: Process, rounds: int, seconds: float) -> None:
    """Streams as fast as they come, next to the two ways in which a route may send them."""
    body = _chat("Tell me all about the shipment.", stream=True)
    events = call(ours.port, "POST", _PATH, body)
    print(f"a stream of {len(events):,} bytes in {events.count(b'data: ')} events")
    mine = request("POST", _PATH, body)
    with process.reference({"events": events}) as theirs:
        for way, title in (("each", "one event per yield"), ("together", "all events in one yield")):
            other = request("POST", f"/events/{way}", body)
            compare(
                f"stream, to {title}",
                ours,
                theirs,
                lambda: itertools.repeat(mine),
                rounds,
                seconds,
                their_requests=lambda other=other: itertools.repeat(other),  # type: ignore[misc]
                unit="an event",
            )


def _paced(folder: str, seconds: float) -> None:
    """Many streams at the pace of a model, next to a route that waits for each event."""
    pace = ("--llm-tokens-per-second", str(_PACE))
    body = _chat("Tell me all about the shipment.", stream=True, max_tokens=int(_PACE * seconds))
    with process.server("--fixtures", folder, *_FLAGS, *pace) as ours:
        events = call(ours.port, "POST", _PATH, body)
        mine, my_cpu = _kept(ours, request("POST", _PATH, body))
        print(f"{f'{_CLIENTS} streams of {_PACE} tokens/s':<44} {mine}")
    with process.reference({"events": events}) as theirs:
        other, other_cpu = _kept(theirs, request("POST", f"/events/paced?pace={_PACE}", body))
        print(f"{'  the reference':<44} {other}; ours takes {my_cpu / other_cpu:.2f}x its CPU an event")


def _kept(target: Process, stream: bytes) -> tuple[str, float]:
    """Return how well all streams kept their pace, and CPU seconds an event; they begin within a second."""
    drive(target.port, itertools.repeat(stream, _CLIENTS // 10), connections=_CLIENTS // 10)
    before = target.cpu
    result = drive(target.port, itertools.repeat(stream, _CLIENTS), connections=_CLIENTS, spread=1.0)
    spent = target.cpu - before
    if result.errors or result.requests != _CLIENTS:
        raise SystemExit(f"{result.errors} errors in {result.requests} streams")
    late = sorted(itertools.chain.from_iterable(map(_lateness, result.arrivals)))
    share = sum(lateness > _LATE for lateness in late) / len(late)
    p99 = late[int(0.99 * len(late))]
    return (
        f"{share:.1%} of {len(late):,} events more than {_LATE * 1000:.0f} ms late "
        f"(p99 {p99 * 1000:.0f} ms), {spent / result.seconds:.0%} of a core",
        spent / len(late),
    )


def _lateness(arrivals: list[float]) -> list[float]:
    """Return by how much the events of a stream came too late: token n is due n - 1 tokens after the request.

    Before the tokens comes an event with the role, due at once; two more, the end and the mark after it, come with
    the last token.
    """
    last = len(arrivals) - 3
    return [arrived - min(max(number - 1, 0), last - 1) / _PACE for number, arrived in enumerate(arrivals)]
