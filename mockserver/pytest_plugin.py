"""The pytest plugin: a server for the session, and for each test a world of its own on it.

It is imported whenever pytest starts, so everything of ours is imported when a test first asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockserver.client import Mock
    from mockserver.embed import MockServer

_LINES = 50
_used: pytest.StashKey[Mock] = pytest.StashKey()
_OWN = ("faults", "profile", "speed")
_SDK = ("base_url", "llm_gateway_base_url", "sync_base_url", "dictation_base_url", "tts_base_url")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the session server can be told."""
    group = parser.getgroup("mockserver")
    group.addoption("--mockserver-url", help="Use the server at this address; default: start one for the session.")
    group.addoption(
        "--mockserver-set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="A setting of the server that is started; may be repeated.",
    )
    parser.addini("mockserver_url", "Use the mockserver at this address; default: start one for the session.")
    parser.addini("mockserver_settings", "Settings of the server that is started: name=value.", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "mockserver(speed=..., faults=..., profile=..., **terms): "
        "what the server is like for this test: how fast the clock runs, fault rules, a profile, the account's terms.",
    )


@pytest.fixture(scope="session")
def mockserver_server(request: pytest.FixtureRequest) -> Iterator[MockServer | Mock]:
    """The server: one that runs in this process for the session, or the one whose address was given."""
    url = _url(request.config)
    if url is not None:
        mock = _running(url)
        yield mock
        mock.close()
        return
    from mockserver.embed import MockServer

    with MockServer(**_settings(request.config)) as server:
        yield server


@pytest.fixture
def mockserver(request: pytest.FixtureRequest, mockserver_server: MockServer | Mock) -> Iterator[Mock]:
    """The server as this test's own API key sees it: jobs, clock, faults, fixtures and journal are the test's own.

    The key is made from the test's name, so that ids are the same in every run.
    """
    options = _options(request.node)
    mock = mockserver_server.with_key(key_of(request.node.nodeid))
    _begin(mock)
    request.node.stash[_used] = mock
    _prepare(mock, options)
    yield mock
    mock.reset()


@pytest.fixture
def assemblyai_env(mockserver: Mock, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment in which the official SDKs call the server; also the SDK's settings if it is imported already."""
    import sys

    env = mockserver.env
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = getattr(sys.modules.get("assemblyai"), "settings", None)
    if settings is not None:
        given: dict[str, Any] = dict.fromkeys(_SDK, env["ASSEMBLYAI_BASE_URL"])
        given["api_key"] = env["ASSEMBLYAI_API_KEY"]
        given["polling_interval"] = float(env["ASSEMBLYAI_POLLING_INTERVAL"])
        for name, value in given.items():
            if hasattr(settings, name):
                monkeypatch.setattr(settings, name, value)
        _forget_default_client(monkeypatch)
    return env


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show in the report of a test that failed what it asked of the server."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    mock = item.stash.get(_used, None)
    if mock is not None and report.failed and report.when != "teardown":
        report.sections.append(("mockserver journal", _journal(mock)))
    return report  # type: ignore[return-value]


def key_of(node: str) -> str:
    """Return the API key of a test, whichever worker runs it."""
    name = re.sub(r"[^A-Za-z0-9_]+", "-", node.rsplit("::", 1)[-1]).strip("-")[:40]
    return f"test-{name}-{blake2b(node.encode(), digest_size=4).hexdigest()}"


def _url(config: pytest.Config) -> str | None:
    import os

    named = config.getoption("--mockserver-url") or config.getini("mockserver_url") or os.environ.get("MOCKSERVER_URL")
    return str(named) if named else None


def _running(url: str) -> Mock:
    from mockserver.client import Mock, MockServerError

    try:
        mock = Mock(url, token=_token())
        mock.health()
    except (MockServerError, ValueError) as error:
        pytest.fail(f"mockserver_url: {error}", pytrace=False)
    return mock


def _token() -> str | None:
    import os

    return os.environ.get("MOCKSERVER_CONTROL_TOKEN")


def _settings(config: pytest.Config) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for line in [*config.getini("mockserver_settings"), *config.getoption("--mockserver-set")]:
        name, equals, value = line.partition("=")
        if not equals:
            pytest.fail(f"mockserver_settings: {line!r} is not name=value", pytrace=False)
        settings[name.strip()] = value.strip()
    from mockserver.settings import Settings, SettingsError

    try:
        Settings.load(**settings)
    except SettingsError as error:
        pytest.fail(f"mockserver_settings: {error}", pytrace=False)
    return settings


def _options(node: pytest.Item) -> dict[str, Any]:
    """Return what the markers of a test say, the nearest first. What they cannot say fails the test."""
    from typing import get_type_hints

    from mockserver.client.shapes import Terms

    options: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("mockserver"))):
        if marker.args:
            pytest.fail(f"the mockserver marker takes names only, not {marker.args[0]!r}", pytrace=False)
        options |= marker.kwargs
    known = [*_OWN, *get_type_hints(Terms)]
    for name in options:
        if name not in known:
            pytest.fail(f"the mockserver marker knows no {name!r}; it knows {', '.join(known)}", pytrace=False)
    return options


def _begin(mock: Mock) -> None:
    """Start the key's world over, and make the key known to a server that accepts no others."""
    from mockserver.client import MockServerError

    try:
        try:
            mock.reset()
        except MockServerError as error:
            if error.status != 404:
                raise
            mock.call("POST", "/keys", {"key": mock.api_key})
            mock.reset()
    except MockServerError as error:
        pytest.fail(f"mockserver: {error}", pytrace=False)


def _prepare(mock: Mock, options: dict[str, Any]) -> None:
    from mockserver.client import MockServerError

    terms = {name: value for name, value in options.items() if name not in _OWN}
    try:
        if terms:
            mock.change_terms(**terms)
        if "speed" in options:
            mock.scale(options["speed"])
        if "profile" in options:
            mock.profile(options["profile"])
        for rule in _rules(options.get("faults", ())):
            mock.fault(**rule)
    except MockServerError as error:
        pytest.fail(f"the mockserver marker: {error}", pytrace=False)


def _rules(faults: Any) -> list[dict[str, Any]]:
    """Return fault rules, of which each may be only the name of an error."""
    several = [faults] if isinstance(faults, (str, dict)) else list(faults)
    return [{"error": rule} if isinstance(rule, str) else dict(rule) for rule in several]


def _forget_default_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK make its default client anew, which it does with the settings of then."""
    import sys

    client = getattr(sys.modules["assemblyai"], "Client", None)
    if getattr(client, "_default", None) is not None:
        monkeypatch.setattr(client, "_default", None)


def _journal(mock: Mock) -> str:
    """Return the newest requests, jobs in error and webhook calls as short lines; the oldest first."""
    from mockserver.client import MockServerError

    try:
        requests = mock.requests(limit=_LINES + 1)
        failed = mock.jobs(status="error", limit=10)
        webhooks = mock.webhooks(limit=10)
    except MockServerError as error:
        return str(error)
    lines = [_clipped(str(request)) for request in reversed(requests[:_LINES])] or ["no request was made"]
    if len(requests) > _LINES:
        lines.insert(0, f"... only the newest {_LINES} requests")
    lines += [_clipped(f"job {job.id} failed: {_reason(job)}") for job in reversed(failed)]
    for call in reversed(webhooks):
        attempts = ", ".join(str(each.status or each.error) for each in call.attempts) or "none yet"
        lines.append(
            _clipped(f"webhook to {call.url}: {'delivered' if call.delivered else 'not delivered'} ({attempts})")
        )
    return "\n".join([f"API key {mock.api_key} at {mock.url}", *lines])


def _reason(job: Any) -> str:
    return (job.failure and (job.failure.detail or job.failure.reason)) or "for no known reason"


def _clipped(line: str) -> str:
    return line if len(line) <= 200 else f"{line[:199]}…"
