"""The pytest plugin: a server for the session, and for each test a world of its own on it.

It is imported whenever pytest starts, so everything of ours is imported when a test first asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockserver.client import Mock
    from mockserver.embed import MockServer

_used: pytest.StashKey[Mock] = pytest.StashKey()
_began: pytest.StashKey[float] = pytest.StashKey()
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


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker that would do nothing; those of classes and modules may be for some of their tests."""
    marked = any(marker.name == "mockserver" for marker in item.own_markers)
    if marked and "mockserver" not in getattr(item, "fixturenames", ("mockserver",)):
        pytest.fail(
            "the mockserver marker does nothing here: the test uses neither the fixture mockserver nor assemblyai_env",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show in the report of a test that failed what it asked of the server."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    mock = item.stash.get(_used, None)
    began = item.stash.setdefault(_began, call.start)
    if mock is not None and report.failed and report.when != "teardown":
        from datetime import UTC, datetime

        from mockserver.client.story import story

        report.sections.append(("mockserver journal", story(mock, datetime.fromtimestamp(began, UTC))))
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

    with _told("mockserver_url", MockServerError, ValueError):
        mock = Mock(url, token=_token())
        mock.health()
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

    with _told("mockserver_settings", SettingsError):
        Settings.load(**settings)
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

    with _told("mockserver", MockServerError):
        try:
            mock.reset()
        except MockServerError as error:
            if error.status != 404:
                raise
            mock.key(api_key=mock.api_key)
            mock.reset()


def _prepare(mock: Mock, options: dict[str, Any]) -> None:
    from mockserver.client import MockServerError

    terms = {name: value for name, value in options.items() if name not in _OWN}
    with _told("the mockserver marker", MockServerError, TypeError, ValueError):
        if terms:
            mock.change_terms(**terms)
        if "speed" in options:
            mock.scale(options["speed"])
        if "profile" in options:
            mock.profile(options["profile"])
        for rule in _rules(options.get("faults", ())):
            mock.fault(**rule)


@contextmanager
def _told(whose: str, *errors: type[Exception]) -> Iterator[None]:
    """Fail the test with one line for what went wrong."""
    try:
        yield
    except errors as error:
        raise pytest.fail.Exception(f"{whose}: {error}", pytrace=False) from None


def _rules(faults: Any) -> list[dict[str, Any]]:
    """Return fault rules, of which each may be only the name of an error."""
    several = [faults] if isinstance(faults, (str, dict)) else faults
    if not isinstance(several, (list, tuple)) or not all(isinstance(rule, (str, dict)) for rule in several):
        raise TypeError(f"faults: {faults!r} is no list of rules and of names of errors")
    return [{"error": rule} if isinstance(rule, str) else rule for rule in several]


def _forget_default_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK make its default client anew, which it does with the settings of then."""
    import sys

    client = getattr(sys.modules["assemblyai"], "Client", None)
    if getattr(client, "_default", None) is not None:
        monkeypatch.setattr(client, "_default", None)
