"""What a test can ask of any vendor's API: tests of the tool itself speak these words only."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import httpx


class AnyApi(ABC):
    """One vendor's API as one key sees it, and the control API for that key's project."""

    family: ClassVar[str]
    service: ClassVar[str]
    jobs_path: ClassVar[str]
    uploads_path: ClassVar[str]
    upload_type: ClassVar[str]
    """The content type of an upload."""
    upload_head: ClassVar[bytes] = b""
    """What comes before the audio in an upload."""
    upload_tail: ClassVar[bytes] = b""
    job_pattern: ClassVar[str]
    """The path of a job's own operation, as metrics and the OpenAPI document have it."""
    id_field: ClassVar[str]
    url_field: ClassVar[str]
    language_field: ClassVar[str]
    speakers_field: ClassVar[str]
    """The boolean field that asks who speaks."""
    accepted: ClassVar[int]
    """The status of the reply to a request that made a job."""
    unknown: ClassVar[int]
    """The status of the reply to the id of a job that there is not."""
    token_paths: ClassVar[tuple[str, ...]] = ()
    """What the paths begin with at which this client asks for its own tokens."""
    share: ClassVar[float]
    """How long a job takes where nobody says otherwise, as a share of its audio."""
    refused: ClassVar[str]
    """An Authorization header that no server accepts."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        # Not to verify saves reading the certificate store, 20 ms for each client; there is no TLS here.
        self.http = httpx.Client(base_url=url, timeout=60, verify=False)
        self.control = httpx.Client(base_url=f"{url}/_mock", params={"key": key}, timeout=60, verify=False)

    @property
    @abstractmethod
    def authorization(self) -> str:
        """Return the Authorization header of this key's requests."""

    @abstractmethod
    def offer(self, content: bytes) -> httpx.Response:
        """Upload a file, whatever the answer."""

    @abstractmethod
    def takes(self, content: bytes) -> bool:
        """Say whether a file becomes a transcript."""

    @abstractmethod
    def stream(self, pieces: Iterable[bytes]) -> str:
        """Submit a file without saying how long it is; return the id of its job."""

    @abstractmethod
    def send(self, content: bytes, name: str = "", *, progress: str | None = None, **params: Any) -> str:
        """Submit a file of audio; return the id of its job."""

    @abstractmethod
    def status(self, job: str) -> str:
        """Return queued, processing, completed, error or cancelled."""

    @abstractmethod
    def text(self, job: str) -> str | None:
        """Return what was heard, or None while nothing was."""

    @abstractmethod
    def transcript(self, job: str) -> dict[str, Any]:
        """Return all that was heard, without what tells one job from another."""

    @abstractmethod
    def times(self, job: str) -> list[tuple[int, int]]:
        """Return when each word that was heard begins and ends, in milliseconds."""

    @abstractmethod
    def source(self, job: str) -> str:
        """Return the URL of the audio."""

    @abstractmethod
    def failure(self, job: str) -> str | None:
        """Return the text that tells why a job failed, or None."""

    @abstractmethod
    def duration(self, job: str) -> int | None:
        """Return the seconds that the audio lasts, as the job says it."""

    @abstractmethod
    def listed(self, reply: httpx.Response) -> list[str]:
        """Return the ids of the jobs that the reply to ``listing`` has."""

    @abstractmethod
    def message_of(self, reply: httpx.Response) -> str:
        """Return the sentence in the body of a refusal."""

    @abstractmethod
    def told(self, webhook: Any) -> tuple[str, str]:
        """Return the job that a webhook's body tells of, and the state that it tells."""

    @classmethod
    def asked(cls, *, language: str | None = None, speakers: bool | None = None) -> dict[str, Any]:
        """Return the fields that ask for a language, and for who speaks."""
        fields = {cls.language_field: language, cls.speakers_field: speakers}
        return {field: value for field, value in fields.items() if value is not None}

    @classmethod
    def body(cls, url: str, **params: Any) -> dict[str, Any]:
        """Return the body of a request for a job."""
        return {cls.url_field: url, **params}

    def create(self, url: str, *, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        """Ask for a job, whatever the answer."""
        return self.http.post(self.jobs_path, json=self.body(url, **params), headers=headers)

    def post(self, content: bytes, **headers: str) -> httpx.Response:
        """Ask for a job with any body, which is said to be JSON."""
        headers = {"Content-Type": "application/json", **headers}
        return self.http.post(self.jobs_path, content=content, headers=headers)

    def submit(self, url: str, *, progress: str | None = None, **params: Any) -> str:
        return self._made(self.create(url, headers=asking(progress), **params))

    def _made(self, reply: httpx.Response) -> str:
        assert reply.status_code == self.accepted, reply.text
        assert reply.json()["status"] == "queued"
        return self.id_of(reply)

    @classmethod
    def worded(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Return a table of a test with the family's words in place of {jobs}, {url}, {language} and the like."""
        text = json.dumps(given)
        words = {
            "jobs": cls.jobs_path, "rest": cls.jobs_path[2:], "family": cls.family, "service": cls.service,
            "language": cls.language_field, "speakers": cls.speakers_field, "url": cls.url_field,
            "accepted": str(cls.accepted), "unknown": str(cls.unknown),
        }  # fmt: skip
        for word, meaning in words.items():
            text = text.replace(f"{{{word}}}", meaning)
        found: dict[str, Any] = json.loads(text)
        return found

    @property
    def job_paths(self) -> str:
        """Return the pattern of the paths of jobs: what a token was asked for with is none of them."""
        return f"{self.jobs_path}*"

    def id_of(self, reply: httpx.Response) -> str:
        """Return the id of the job that a reply tells of."""
        found: str = reply.json()[self.id_field]
        return found

    def path_of(self, job: str) -> str:
        return f"{self.jobs_path}/{job}"

    @abstractmethod
    def captions_of(self, job: str) -> str:
        """Return the path of a job's captions, in SubRip."""

    def ask(self, job: str) -> httpx.Response:
        """Ask for a job, whatever the answer."""
        return self.http.get(self.path_of(job))

    def get(self, job: str) -> dict[str, Any]:
        reply = self.ask(job)
        assert reply.status_code == 200, reply.text
        view: dict[str, Any] = reply.json()
        return view

    def listing(self, **query: Any) -> httpx.Response:
        return self.http.get(self.jobs_path, params=query)

    def delete(self, job: str) -> httpx.Response:
        return self.http.delete(self.path_of(job))

    def heard(self, url: str, **params: Any) -> str | None:
        """Return what is heard in the audio at a URL."""
        return self.text(self.submit(url, **params))

    def job(self, job: str) -> dict[str, Any]:
        view: dict[str, Any] = self.control.get(f"/jobs/{job}").json()
        return view

    def advance(self, seconds: float) -> dict[str, Any]:
        reply = self.control.post("/clock/advance", json={"seconds": seconds})
        assert reply.status_code == 200, reply.text
        view: dict[str, Any] = reply.json()
        return view

    def freeze(self) -> None:
        assert self.control.post("/clock/freeze").status_code == 200

    def close(self) -> None:
        self.http.close()
        self.control.close()


def asking(progress: str | None) -> dict[str, str]:
    """Return the headers that ask for a way for a job to move on."""
    return {"X-Mock-Progress": progress} if progress else {}
