"""The same for programs with an event loop: every call runs in a thread, and is awaited."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import cache, partial, update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, Unpack

from mockserver.client.mock import Mock
from mockserver.client.shapes import Terms
from mockserver.client.sink import Sink

if TYPE_CHECKING:
    from concurrent.futures import Executor

__tracebackhide__ = True  # pytest then shows the line of the test that called

_MOST_AT_A_TIME = 64
P = ParamSpec("P")
T = TypeVar("T")


async def _in_thread(call: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T:
    import asyncio  # here, because programs without an event loop need not wait for it

    return await asyncio.get_running_loop().run_in_executor(_threads(), partial(call, *arguments, **named))


@cache
def _threads() -> Executor:
    """Return threads of our own: the event loop's are few, and calls that wait could take all of them."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(_MOST_AT_A_TIME, "mockserver-control")


def _awaited(
    method: Callable[Concatenate[Mock, P], T],
) -> Callable[Concatenate[AsyncControl, P], Coroutine[Any, Any, T]]:
    async def call(self: AsyncControl, /, *arguments: P.args, **named: P.kwargs) -> T:
        return await _in_thread(method, self.mock, *arguments, **named)

    update_wrapper(call, method)
    return call


def _awaited_by_sink(
    method: Callable[Concatenate[Sink, P], T],
) -> Callable[Concatenate[AsyncSink, P], Coroutine[Any, Any, T]]:
    async def call(self: AsyncSink, /, *arguments: P.args, **named: P.kwargs) -> T:
        return await _in_thread(method, self.sink, *arguments, **named)

    update_wrapper(call, method)
    return call


class AsyncSink:
    """A sink whose methods are awaited; see Sink."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.name = sink.name
        self.url = sink.url

    answer = _awaited_by_sink(Sink.answer)
    answers = _awaited_by_sink(Sink.answers)
    received = _awaited_by_sink(Sink.received)
    wait = _awaited_by_sink(Sink.wait)
    forget = _awaited_by_sink(Sink.forget)


class AsyncControl:
    """A server as one API key sees it, with methods that are awaited; see Mock."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock

    @property
    def url(self) -> str:
        """Return the server's address."""
        return self.mock.url

    @property
    def https_url(self) -> str | None:
        """Return where HTTPS is served; known of a server in this program only."""
        return self.mock.https_url

    @property
    def api_key(self) -> str | None:
        """Return the API key; None: the whole server."""
        return self.mock.api_key

    @property
    def env(self) -> dict[str, str]:
        """Return what to put into a program's environment, so that the official SDKs call this server."""
        return self.mock.env

    async def key(
        self,
        name: str | None = None,
        *,
        api_key: str | None = None,
        shares: str | None = None,
        **terms: Unpack[Terms],
    ) -> AsyncControl:
        """Make an API key with a world and terms of its own; the same name gives the same key."""
        return AsyncControl(await _in_thread(self.mock.key, name, api_key=api_key, shares=shares, **terms))

    async def sink(self, name: str = "sink") -> AsyncSink:
        """Make a place that receives webhooks, or anything."""
        return AsyncSink(await _in_thread(self.mock.sink, name))

    call = _awaited(Mock.call)
    keys = _awaited(Mock.keys)
    revoke = _awaited(Mock.revoke)
    health = _awaited(Mock.health)
    metrics = _awaited(Mock.metrics)
    ca = _awaited(Mock.ca)
    reset = _awaited(Mock.reset)
    clock = _awaited(Mock.clock)
    freeze = _awaited(Mock.freeze)
    resume = _awaited(Mock.resume)
    scale = _awaited(Mock.scale)
    advance = _awaited(Mock.advance)
    jobs = _awaited(Mock.jobs)
    job = _awaited(Mock.job)
    hold = _awaited(Mock.hold)
    release = _awaited(Mock.release)
    fail = _awaited(Mock.fail)
    sessions = _awaited(Mock.sessions)
    session = _awaited(Mock.session)
    say = _awaited(Mock.say)
    end = _awaited(Mock.end)
    terms = _awaited(Mock.terms)
    change_terms = _awaited(Mock.change_terms)
    restore_terms = _awaited(Mock.restore_terms)
    webhooks = _awaited(Mock.webhooks)
    replay = _awaited(Mock.replay)
    faults = _awaited(Mock.faults)
    fault = _awaited(Mock.fault)
    fail_next = _awaited(Mock.fail_next)
    fault_names = _awaited(Mock.fault_names)
    remove_fault = _awaited(Mock.remove_fault)
    clear_faults = _awaited(Mock.clear_faults)
    profile = _awaited(Mock.profile)
    transcript = _awaited(Mock.transcript)
    chat = _awaited(Mock.chat)
    fixture = _awaited(Mock.fixture)
    fixtures = _awaited(Mock.fixtures)
    explain = _awaited(Mock.explain)
    remove_fixture = _awaited(Mock.remove_fixture)
    clear_fixtures = _awaited(Mock.clear_fixtures)
    sinks = _awaited(Mock.sinks)
    snapshot = _awaited(Mock.snapshot)
    restore = _awaited(Mock.restore)
    snapshots = _awaited(Mock.snapshots)
    remove_snapshot = _awaited(Mock.remove_snapshot)
    requests = _awaited(Mock.requests)
    request = _awaited(Mock.request)
    count = _awaited(Mock.count)
    curl = _awaited(Mock.curl)
    har = _awaited(Mock.har)
    clear_journal = _awaited(Mock.clear_journal)
    verify = _awaited(Mock.verify)
    wait_for_requests = _awaited(Mock.wait_for_requests)
    wait_for_jobs = _awaited(Mock.wait_for_jobs)
    wait_for_webhooks = _awaited(Mock.wait_for_webhooks)
    wait_for_sessions = _awaited(Mock.wait_for_sessions)
    wait_for_session = _awaited(Mock.wait_for_session)
