"""One server as one API key sees it, and everything that a test does to it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast
from urllib.parse import quote, urlsplit

from mockserver.client import fixtures
from mockserver.client.connection import Connection
from mockserver.client.journal import Journal
from mockserver.client.records import Advance, Clock, Delivery, Fault, Job, Session, read, read_all
from mockserver.client.shapes import Answer, Asked, Match, Rule, SessionFilters, Terms, Turn
from mockserver.client.sink import Sink

if TYPE_CHECKING:
    from mockserver.client.asynchronous import AsyncControl

__tracebackhide__ = True  # pytest then shows the line of the test that called

DEFAULT_URL = "http://127.0.0.1:4747"
DEFAULT_KEY = "test-key"


class Mock(Journal):
    """A server as one API key sees it: its jobs, clock, faults, fixtures and journal are the key's own.

    With ``api_key=None`` everything concerns the whole server. ``token`` is the server's control token, if it has one.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        api_key: str | None = DEFAULT_KEY,
        *,
        token: str | None = None,
        timeout: float = 30,
        control_url: str | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.https_url: str | None = None
        """Where HTTPS is served; known of a server in this program only."""
        self._trust: dict[str, str] = {}
        super().__init__(Connection(control_url or url, token, timeout), api_key)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url or 'not started'}>"

    @property
    def env(self) -> dict[str, str]:
        """Return what to put into a program's environment, so that the official SDKs call this server.

        Of a server in this program that serves HTTPS, it also has the files with whom to trust.
        """
        token = {"MOCKSERVER_CONTROL_TOKEN": self.connection.token} if self.connection.token else {}
        return environment(self.url, self.api_key or DEFAULT_KEY) | token | self._trust

    @property
    def asynchronous(self) -> AsyncControl:
        """Return the same with methods that are awaited."""
        from mockserver.client.asynchronous import AsyncControl

        return AsyncControl(self)

    def with_key(self, api_key: str | None) -> Mock:
        """Return the same server as another API key sees it."""
        made = Mock.__new__(Mock)
        made.url, made.https_url, made._trust = self.url, self.https_url, self._trust
        Journal.__init__(made, self.connection, api_key)
        return made

    def key(
        self,
        name: str | None = None,
        *,
        api_key: str | None = None,
        shares: str | None = None,
        **terms: Unpack[Terms],
    ) -> Mock:
        """Make an API key with a world and terms of its own; the same name gives the same key.

        ``api_key`` is the key itself, if it is to be a certain one; with ``shares`` it has the world of that other key.
        """
        asked = {"name": name, "key": api_key, "shares": shares, "terms": dict(terms) or None}
        made = self.call("POST", "/keys", {field: value for field, value in asked.items() if value is not None})
        return self.with_key(made["key"])

    def keys(self, *, limit: int = 100, before: int | None = None) -> list[dict[str, Any]]:
        """Return the keys that were made or revoked, newest first: ``key``, ``name``, ``project``, ``revoked``, ..."""
        return list(self.call("GET", "/keys", limit=limit, before=before)["keys"])

    def revoke(self, api_key: str) -> None:
        """Refuse a key from now on."""
        self.call("DELETE", f"/keys/{_quoted(api_key)}")

    def close(self) -> None:
        """Close the connections to the server; a call opens them again."""
        self.connection.close()

    def health(self) -> dict[str, Any]:
        """Return what the server says of itself: ``status``, ``version``, ``fixtures``, ``fixture_problems``.

        Raises UnreachableError if it does not answer.
        """
        return cast("dict[str, Any]", self.call("GET", "/health"))

    def metrics(self) -> str:
        """Return the server's metrics as Prometheus reads them."""
        return str(self.call("GET", "/metrics"))

    def ca(self) -> str:
        """Return the certificate, as PEM, that clients of HTTPS have to trust; MockServerError without HTTPS."""
        return str(self.call("GET", "/ca.pem"))

    def reset(self) -> None:
        """Remove jobs, uploads, fixtures, faults and journal; clock, terms and ids start over."""
        self.call("POST", "/reset", **self._own)

    def clock(self) -> Clock:
        """Return how the clock stands."""
        return read(Clock, self.call("GET", "/clock", **self._own))

    def freeze(self) -> Clock:
        """Stop the clock; advancing still moves it."""
        return read(Clock, self.call("POST", "/clock/freeze", **self._own))

    def resume(self) -> Clock:
        """Let the clock go on from where it stands."""
        return read(Clock, self.call("POST", "/clock/resume", **self._own))

    def scale(self, factor: float) -> Clock:
        """Let the clock run faster or slower than real time."""
        return read(Clock, self.call("POST", "/clock/scale", {"factor": factor}, **self._own))

    def advance(self, seconds: float, wait: float = 0) -> Advance:
        """Move the clock forward and return what happened because of it.

        ``wait`` is how many real seconds to wait for the webhook calls that came due.
        """
        asked = {"seconds": seconds} | ({"wait": wait} if wait else {})
        return read(Advance, self.call("POST", "/clock/advance", asked, patience=wait, **self._own))

    def jobs(self, *, status: str | None = None, limit: int = 100, before: int | None = None) -> list[Job]:
        """Return jobs, newest first."""
        page = self.call("GET", "/jobs", status=status, limit=limit, before=before, **self._own)
        return list(read_all(Job, page["jobs"]))

    def job(self, job: str) -> Job:
        """Return a job with its transitions."""
        return read(Job, self.call("GET", f"/jobs/{job}"))

    def hold(self, job: str) -> Job:
        """Keep a job in the status that it has until it is released."""
        return read(Job, self.call("POST", f"/jobs/{job}/hold"))

    def release(self, job: str) -> Job:
        """Let a held job go on."""
        return read(Job, self.call("POST", f"/jobs/{job}/release"))

    def fail(self, job: str, error: str | None = None) -> Job:
        """End a job as ``error``, with a text."""
        return read(Job, self.call("POST", f"/jobs/{job}/fail", None if error is None else {"error": error}))

    def sessions(
        self, *, limit: int = 100, before: int | None = None, **filters: Unpack[SessionFilters]
    ) -> list[Session]:
        """Return sessions over WebSockets without their messages, the open ones first, newest first."""
        page = self.call("GET", "/sessions", limit=limit, before=before, **filters, **self._own)
        return list(read_all(Session, page["sessions"]))

    def session(self, session: str) -> Session:
        """Return a session with its messages."""
        return read(Session, self.call("GET", f"/sessions/{_quoted(session)}"))

    def say(self, session: str, text: str, how: Literal["partial", "final", "formatted"] = "final") -> Session:
        """Let an open session hear words now; its client has been sent what it answers."""
        return read(Session, self.call("POST", f"/sessions/{_quoted(session)}/say", {"text": text, "how": how}))

    def end(
        self, session: str, *, code: int | None = None, reason: str | None = None, error: str | None = None
    ) -> Session:
        """End an open session: as usual, with a close code and a reason, or with an error by its name."""
        asked = {"code": code, "reason": reason, "error": error}
        given = {name: value for name, value in asked.items() if value is not None}
        return read(Session, self.call("POST", f"/sessions/{_quoted(session)}/end", given or None))

    def terms(self) -> dict[str, Any]:
        """Return what the account is like, and how its jobs move on: the names of ``Terms``."""
        return cast("dict[str, Any]", self.call("GET", "/terms", **self._own))

    def change_terms(self, **terms: Unpack[Terms]) -> dict[str, Any]:
        """Change some of the terms, and return all of them."""
        return cast("dict[str, Any]", self.call("PATCH", "/terms", dict(terms), **self._own))

    def restore_terms(self) -> dict[str, Any]:
        """Take back every change of the terms."""
        return cast("dict[str, Any]", self.call("DELETE", "/terms", **self._own))

    def webhooks(
        self, *, job: str | None = None, limit: int = 100, before: int | None = None, wait: float = 0
    ) -> list[Delivery]:
        """Return webhook calls, newest first; ``wait``: seconds to wait for those that are being made."""
        asked = {"job": job, "limit": limit, "before": before, "wait": wait or None}
        page = self.call("GET", "/webhooks", patience=wait, **asked, **self._own)
        return list(read_all(Delivery, page["webhooks"]))

    def replay(self, number: int) -> Delivery:
        """Make a webhook call again."""
        return read(Delivery, self.call("POST", f"/webhooks/{number}/replay"))

    def faults(self) -> list[Fault]:
        """Return the fault rules, each with how often it has fired."""
        return list(read_all(Fault, self.call("GET", "/faults", **self._own)["faults"]))

    def fault(self, **rule: Unpack[Rule]) -> int:
        """Add a fault rule and return its id."""
        return int(self.call("POST", "/faults", dict(rule), **self._own)["id"])

    def fail_next(self, error: str = "server_error", *, times: int = 1, **match: Unpack[Match]) -> int:
        """Answer the next requests with an error, by its name, and return the rule's id."""
        return self.fault(error=error, times=times, **match)

    def fault_names(self) -> dict[str, Any]:
        """Return what has a name: ``errors`` of each service, ``connections``, ``faults``, ``profiles``."""
        return cast("dict[str, Any]", self.call("GET", "/faults/names"))

    def remove_fault(self, number: int) -> None:
        """Remove a fault rule."""
        self.call("DELETE", f"/faults/{number}", **self._own)

    def clear_faults(self) -> None:
        """Remove every fault rule, and the profile."""
        self.call("DELETE", "/faults", **self._own)

    def profile(self, name: str | None) -> None:
        """Behave as a named set of faults says, such as ``flaky``; None: as usual."""
        self.call("PUT", "/faults/profile", {"profile": name}, **self._own)

    def transcript(
        self,
        text: str | None = None,
        *,
        turns: Sequence[Turn] | None = None,
        uses: int | None = None,
        name: str | None = None,
        **more: Unpack[fixtures.Heard],
    ) -> str:
        """Say what is heard, or how the job goes, and return the fixture's name.

        It is for every request, or those with the audio, URL, file name, language or parameters that are named; with
        ``uses`` for so many jobs only. A later one for the same requests takes its place.
        """
        return self.fixture(fixtures.transcript(text, turns, name, more), uses)

    def chat(
        self,
        answer: str | Answer | Sequence[str | Answer],
        *,
        uses: int | None = None,
        name: str | None = None,
        **match: Unpack[fixtures.Said],
    ) -> str:
        """Say what a language model answers, or with a list answers in turn, and return the fixture's name."""
        return self.fixture(fixtures.chat(answer, name, match), uses)

    def fixture(self, document: Mapping[str, Any] | str, uses: int | None = None) -> str:
        """Add what a fixture file would hold, as its fields or its text, and return the (first) name."""
        body = document.encode() if isinstance(document, str) else document
        return str(self.call("POST", "/fixtures", body, uses=uses, **self._own)["fixtures"][0])

    def fixtures(self) -> list[dict[str, Any]]:
        """Return the fixtures that were added at run time: ``name``, ``for``, ``uses_left``."""
        return list(self.call("GET", "/fixtures", **self._own)["fixtures"])

    def explain(self, audio_url: str, **asked: Unpack[Asked]) -> dict[str, Any]:
        """Say which ``fixture`` would answer such a request for a transcript, and what the ``nearest`` others miss.

        Each of these has ``name``, ``where`` and ``misses``, a list of texts. No fixture is used up.
        """
        return cast(
            "dict[str, Any]", self.call("POST", "/fixtures/explain", {"audio_url": audio_url, **asked}, **self._own)
        )

    def remove_fixture(self, name: str) -> None:
        """Remove a fixture that was added at run time."""
        self.call("DELETE", f"/fixtures/{_quoted(name)}", **self._own)

    def clear_fixtures(self) -> None:
        """Remove every fixture that was added at run time."""
        self.call("DELETE", "/fixtures", **self._own)

    def sink(self, name: str = "sink") -> Sink:
        """Make a place that receives webhooks, or anything; two keys' sinks of one name are two."""
        suffix = f"-{blake2b(self.api_key.encode(), digest_size=4).hexdigest()}" if self.api_key else ""
        made = Sink(self.connection, self.url, f"{name}{suffix}", self.api_key)
        made.answer()
        return made

    def sinks(self) -> list[dict[str, Any]]:
        """Return the key's sinks and those of nobody: ``name``, ``url`` and ``count`` of requests."""
        return list(self.call("GET", "/sinks", **self._own)["sinks"])

    def snapshot(self, name: str | None = None) -> str:
        """Keep the key's world as it is, and return the name to restore it by."""
        return str(self.call("POST", "/snapshots", {} if name is None else {"name": name}, **self._own)["name"])

    def restore(self, name: str) -> None:
        """Put the key's world back to a snapshot."""
        self.call("POST", f"/snapshots/{_quoted(name)}/restore", **self._own)

    def snapshots(self) -> list[dict[str, Any]]:
        """Return the key's snapshots: ``name``, ``jobs``, ``uploads``, ..."""
        return list(self.call("GET", "/snapshots", **self._own)["snapshots"])

    def remove_snapshot(self, name: str) -> None:
        """Forget a snapshot."""
        self.call("DELETE", f"/snapshots/{_quoted(name)}", **self._own)


def environment(url: str, api_key: str) -> dict[str, str]:
    """Return the variables that the official SDKs read.

    The hosts of services that are not served here lead here too, so that no test calls them by mistake. Where the
    environment names a proxy, it is not asked for the server.
    """
    hosts = ("", "LLM_GATEWAY_", "SYNC_", "DICTATION_", "TTS_")
    direct = _reached_directly(urlsplit(url).hostname or "")
    return {
        **{f"ASSEMBLYAI_{host}BASE_URL": url for host in hosts},
        "ASSEMBLYAI_API_KEY": api_key,
        "ASSEMBLYAI_POLLING_INTERVAL": "0.05",
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": api_key,
        "MOCKSERVER_URL": url,
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def _reached_directly(host: str) -> str:
    """Return the hosts that no proxy is asked for, this one among them: a proxy does not know our loopback."""
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    return ",".join([*(each for each in known.split(",") if each and each != host), host])


def _quoted(name: str) -> str:
    return quote(name, safe="")
