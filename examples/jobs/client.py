"""A client of the jobs API: one recording goes in, its transcript comes out in five formats.

    python client.py interview.mp3 --out transcripts
    python client.py https://example.com/interview.mp3 --webhook

It needs Python 3.11 and httpx. README.md beside this file says more.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import httpx

FORMATS = ("json", "txt", "srt", "vtt", "docx")
FINISHED = ("completed", "failed", "cancelled")
MOST_TRIES = 5
USUAL_PAUSE = 10.0

DONE, BROKEN, NO_MINUTES, BAD_AUDIO, NO_TRANSCRIPT = 0, 1, 3, 4, 5
"""Exit codes; argparse ends with 2 where the command line is wrong."""


class RefusedError(Exception):
    """The service said no."""

    def __init__(self, reply: httpx.Response) -> None:
        try:
            said: Any = reply.json()
        except ValueError:
            said = {}
        self.facts: dict[str, Any] = said if isinstance(said, dict) else {}
        self.status = reply.status_code
        self.code = str(self.facts.get("error", ""))
        super().__init__(f"{self.status} {self.code}: {self.facts.get('message', reply.reason_phrase)}")

    @property
    def exit_code(self) -> int:
        """Tell a script what it can do: pay, choose another file, or look at the message."""
        if self.status == 402:
            return NO_MINUTES
        return BAD_AUDIO if self.status in (413, 415) else BROKEN


class Service:
    """The jobs API with one API key. Tokens are renewed when they end, and crowded calls are made again."""

    def __init__(self, url: str, api_key: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60)
        self._tokens = self._tokens_for("/auth/token", {"api_key": api_key})

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Make a call. Raises RefusedError."""
        reply = self._sent(method, path, options)
        if reply.status_code == 401 and RefusedError(reply).code == "token_expired":
            say("The access token has expired: a new one.")
            self._tokens = self._tokens_for("/auth/refresh", {"refresh_token": self._tokens["refresh_token"]})
            reply = self._sent(method, path, options)
        if reply.is_error:
            raise RefusedError(reply)
        return reply

    def _sent(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._tokens['access_token']}"}
        return self._patiently(method, path, headers=headers, **options)

    def _tokens_for(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        reply = self._patiently("POST", path, json=body)
        if reply.is_error:
            raise RefusedError(reply)
        tokens: dict[str, Any] = reply.json()
        return tokens

    def _patiently(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request; after a 429, and the pause that it asks for, once more."""
        for _ in range(MOST_TRIES - 1):
            reply = self._http.request(method, path, **options)
            if reply.status_code != 429:
                return reply
            say(f"Too many at once; again in {pause_of(reply):g} s.")
            time.sleep(pause_of(reply))
        return self._http.request(method, path, **options)


def pause_of(reply: httpx.Response) -> float:
    """Return how many seconds the service wants to be left alone."""
    asked = reply.headers.get("retry-after", "")
    return float(asked) if asked.isdecimal() else USUAL_PAUSE


class Mailbox:
    """Where webhooks come in; only those that are signed with the secret are taken."""

    def __init__(self, secret: str) -> None:
        self.events: Queue[dict[str, Any]] = Queue()
        mailbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                signature = self.headers.get("X-Transcription-Signature", "")
                genuine = is_genuine(secret, raw, signature)
                self.send_response(204 if genuine else 401)
                self.end_headers()
                if genuine:
                    mailbox.events.put(json.loads(raw))
                else:
                    say("A call with a wrong signature was turned away; is the secret right?")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/transcribed"

    @contextmanager
    def open(self) -> Iterator[Mailbox]:
        """Take calls until the end of the block."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def wait_for(self, job: str, seconds: float) -> str | None:
        """Return how a job has ended, None if for so long nobody has called."""
        try:
            while (event := self.events.get(timeout=seconds))["job_id"] != job:
                pass
        except Empty:
            return None
        return str(event["status"])


def is_genuine(secret: str, raw: bytes, signature: str) -> bool:
    """Say whether a body was signed with the secret: its very bytes count, not what was parsed from them."""
    expected = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("latin-1", "replace"))


def submit(service: Service, wanted: argparse.Namespace, hook: str | None) -> str:
    """Submit the recording, and return the id of its job. Raises RefusedError."""
    try:
        return submit_once(service, wanted, hook, {})
    except RefusedError as refusal:
        if not refusal.facts.get("overage_allowed"):
            raise
        rate = f"{refusal.facts['overage_rate']} USD a minute"
        if not wanted.accept_overage:
            say(f"There are more minutes for {rate}: --accept-overage.")
            raise
        say(f"The month's minutes are spent; this job costs {rate}.")
        return submit_once(service, wanted, hook, {"accept_overage": "true"})


def submit_once(service: Service, wanted: argparse.Namespace, hook: str | None, query: dict[str, str]) -> str:
    fields = {"language": wanted.language, "diarize": wanted.diarize} | ({"webhook_url": hook} if hook else {})
    if wanted.source.startswith(("http://", "https://")):
        reply = service.call("POST", "/jobs", params=query, json={"source_url": wanted.source} | fields)
    else:
        with Path(wanted.source).open("rb") as file:
            reply = service.call("POST", "/jobs", params=query, files={"file": file}, data=fields)
    return str(reply.json()["job_id"])


def poll(service: Service, job: str) -> str:
    """Ask until the job has ended, as often as the service likes, and return how it has."""
    seen = ""
    while True:
        reply = service.call("GET", f"/jobs/{job}")
        status = str(reply.json()["status"])
        if status != seen:
            say(f"{job} is {status}.")
        if status in FINISHED:
            return status
        seen = status
        time.sleep(pause_of(reply))


def fetch(service: Service, job: str, folder: Path) -> None:
    """Write the transcript in every format."""
    folder.mkdir(parents=True, exist_ok=True)
    for form in FORMATS:
        reply = service.call("GET", f"/jobs/{job}/transcript", params={"format": form})
        (folder / f"{job}.{form}").write_bytes(reply.content)
    heard = json.loads((folder / f"{job}.json").read_bytes())
    say(
        f"{heard['duration_seconds']} s of {heard['language']} with {len(heard['speakers'])} speakers, "
        f"by {heard['engine']}: {folder / job}.*"
    )


def transcribe(wanted: argparse.Namespace) -> int:
    """Do all of it, and return the exit code. Raises RefusedError."""
    service = Service(wanted.url, wanted.api_key)
    if wanted.webhook:
        job, status = called_back(service, wanted)
    else:
        job = submit(service, wanted, None)
        status = poll(service, job)
    if status != "completed":
        return explain(service, job)
    fetch(service, job, wanted.out)
    return DONE


def called_back(service: Service, wanted: argparse.Namespace) -> tuple[str, str]:
    """Submit the recording, wait for the webhook, and return the job and how it has ended; without a call, ask."""
    with Mailbox(wanted.webhook_secret).open() as mailbox:
        job = submit(service, wanted, mailbox.url)
        say(f"{job} is queued; it will call {mailbox.url}.")
        status = mailbox.wait_for(job, wanted.patience)
    if status is None:
        say(f"Nobody has called for {wanted.patience:g} s.")
        return job, poll(service, job)
    say(f"{job} is {status}, says its webhook.")
    return job, status


def explain(service: Service, job: str) -> int:
    """Say why there is no transcript, and return the exit code."""
    cancelled = {"error": "cancelled", "message": "It was cancelled."}
    error = service.call("GET", f"/jobs/{job}").json()["error"] or cancelled
    say(f"No transcript: {error['error']} {error.get('reason', '')}: {error['message']}".replace(" :", ":"))
    return BAD_AUDIO if error["error"] in ("invalid_audio", "payload_too_large") else NO_TRANSCRIPT


def say(text: str) -> None:
    print(text, flush=True)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Transcribe a recording with the jobs API.")
    parser.add_argument("source", help="a file, or an http or https URL")
    url = os.environ.get("JOBS_URL", "http://127.0.0.1:4747")
    parser.add_argument("--url", default=url, help="where the service is; default: $JOBS_URL, or this machine")
    key = os.environ.get("JOBS_API_KEY", "tsk_live_any")
    parser.add_argument("--api-key", default=key, help="what is exchanged for tokens; default: $JOBS_API_KEY")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the transcripts; default: this one")
    parser.add_argument("--language", default="auto", help="as en; default: it is detected")
    parser.add_argument("--no-diarize", dest="diarize", action="store_false", help="do not tell speakers apart")
    parser.add_argument("--accept-overage", action="store_true", help="pay, where the month's minutes are spent")
    parser.add_argument("--webhook", action="store_true", help="wait for a webhook on this machine instead of polling")
    parser.add_argument("--patience", type=float, default=3600.0, help="seconds to wait for the webhook; default: 3600")
    secret = os.environ.get("JOBS_WEBHOOK_SECRET", "whsec_mock")
    parser.add_argument("--webhook-secret", default=secret, help="what signs webhooks; default: $JOBS_WEBHOOK_SECRET")
    return parser.parse_args()


def main() -> int:
    """Run, and return the exit code."""
    try:
        return transcribe(options())
    except RefusedError as refusal:
        reason = refusal.facts.get("reason")
        say(f"Refused: {refusal}" + (f" ({reason})" if reason else ""))
        return refusal.exit_code
    except (httpx.HTTPError, OSError) as error:
        say(f"That did not work: {error}")
        return BROKEN


if __name__ == "__main__":
    sys.exit(main())
