"""Vendors' APIs as one key sees them, in words that no vendor owns: tests of the tool itself speak these only."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from itertools import chain
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


class Api(AnyApi):
    """AssemblyAI."""

    family = service = "assemblyai"
    jobs_path = "/v2/transcript"
    uploads_path = "/v2/upload"
    upload_type = "application/octet-stream"
    job_pattern = "/v2/transcript/{transcript_id}"
    id_field = "id"
    url_field = "audio_url"
    language_field = "language_code"
    speakers_field = "speaker_labels"
    accepted = 200
    unknown = 400
    share = 0.2
    refused = "invalid"

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, key)
        self.http.headers["Authorization"] = key

    @property
    def authorization(self) -> str:
        return self.key

    def upload(self, content: bytes, **headers: str) -> str:
        reply = self.http.post("/v2/upload", content=content, headers=headers)
        assert reply.status_code == 200, reply.text
        url: str = reply.json()["upload_url"]
        return url

    def offer(self, content: bytes) -> httpx.Response:
        return self.http.post(self.uploads_path, content=content)

    def takes(self, content: bytes) -> bool:
        return self.status(self.send(content)) == "completed"

    def stream(self, pieces: Iterable[bytes]) -> str:
        reply = self.http.post(self.uploads_path, content=pieces)
        assert reply.status_code == 200, reply.text
        return self.submit(reply.json()["upload_url"])

    def send(self, content: bytes, name: str = "", *, progress: str | None = None, **params: Any) -> str:
        named = {"Content-Disposition": f'attachment; filename="{name}"'} if name else {}
        return self.submit(self.upload(content, **named), progress=progress, **params)

    def transcribe(self, audio_url: str, **params: Any) -> dict[str, Any]:
        return self.get(self.submit(audio_url, **params))

    def status(self, job: str) -> str:
        found: str = self.get(job)["status"]
        return found

    def text(self, job: str) -> str | None:
        found: str | None = self.get(job)["text"]
        return found

    def captions_of(self, job: str) -> str:
        return f"{self.path_of(job)}/srt"

    def transcript(self, job: str) -> dict[str, Any]:
        return {name: value for name, value in self.get(job).items() if name not in ("id", "throttled")}

    def times(self, job: str) -> list[tuple[int, int]]:
        return [(word["start"], word["end"]) for word in self.get(job)["words"]]

    def source(self, job: str) -> str:
        found: str = self.get(job)["audio_url"]
        return found

    def failure(self, job: str) -> str | None:
        found: str | None = self.get(job).get("error")
        return found

    def duration(self, job: str) -> int | None:
        found: int | None = self.get(job)["audio_duration"]
        return found

    def listed(self, reply: httpx.Response) -> list[str]:
        return [row["id"] for row in reply.json()["transcripts"]]

    def message_of(self, reply: httpx.Response) -> str:
        found: str = reply.json()["error"]
        return found

    def told(self, webhook: Any) -> tuple[str, str]:
        return webhook["transcript_id"], webhook["status"]


class Tokens(httpx.Auth):
    """The access token of an API key; where it has expired, the request is made again with a fresh one."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.access = self._refresh = ""

    def take(self, reply: httpx.Response) -> None:
        """Take the tokens that were given, if they were."""
        reply.read()
        given = reply.json() if reply.status_code == 200 else {}
        self.access, self._refresh = given.get("access_token", ""), given.get("refresh_token", "")

    def exchange(self, base: httpx.URL) -> httpx.Request:
        """Return the request for the first tokens."""
        return httpx.Request("POST", base.join("/auth/token"), json={"api_key": self._key})

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if "Authorization" in request.headers:
            yield request
            return
        if not self.access:
            self.take((yield self.exchange(request.url)))
        if self.access:
            request.headers["Authorization"] = f"Bearer {self.access}"
        reply = yield request
        if reply.status_code == 401 and b"token_expired" in reply.read():
            again = {"refresh_token": self._refresh}
            self.take((yield httpx.Request("POST", request.url.join("/auth/refresh"), json=again)))
            if not self.access:
                self.take((yield self.exchange(request.url)))
            request.headers["Authorization"] = f"Bearer {self.access}"
            yield request


class JobsApi(AnyApi):
    """The jobs API. It has its token from the beginning: faults and limits that a test makes do not reach that."""

    family = service = "jobs"
    jobs_path = uploads_path = "/jobs"
    upload_type = "multipart/form-data; boundary=x"
    upload_head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    upload_tail = b"\r\n--x--\r\n"
    job_pattern = "/jobs/{job_id}"
    id_field = "job_id"
    url_field = "source_url"
    language_field = "language"
    speakers_field = "diarize"
    accepted = 202
    unknown = 404
    share = 1 / 6
    refused = "Bearer invalid"

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, key)
        self._tokens = Tokens(key)
        self._tokens.take(self.http.send(self._tokens.exchange(httpx.URL(url))))
        self.http.auth = self._tokens

    @property
    def authorization(self) -> str:
        return f"Bearer {self._tokens.access}"

    def offer(self, content: bytes) -> httpx.Response:
        return self.http.post("/jobs", files={"file": ("audio", content)})

    def takes(self, content: bytes) -> bool:
        reply = self.offer(content)
        if reply.status_code == 415:
            assert reply.json()["error"] == "invalid_audio"
            return False
        return self.status(self._made(reply)) == "completed"

    def stream(self, pieces: Iterable[bytes]) -> str:
        body = chain([self.upload_head], pieces, [self.upload_tail])
        return self._made(self.http.post("/jobs", content=body, headers={"Content-Type": self.upload_type}))

    def send(self, content: bytes, name: str = "", *, progress: str | None = None, **params: Any) -> str:
        fields = {field: str(value).lower() if isinstance(value, bool) else value for field, value in params.items()}
        file = (name or "audio", content)
        return self._made(self.http.post("/jobs", data=fields, files={"file": file}, headers=asking(progress)))

    def status(self, job: str) -> str:
        found: str = self.get(job)["status"]
        return "error" if found == "failed" else found

    def text(self, job: str) -> str | None:
        reply = self.http.get(f"/jobs/{job}/transcript")
        if reply.status_code == 409:
            assert reply.json()["error"] == "job_not_completed"
            return None
        assert reply.status_code == 200, reply.text
        return " ".join(segment["text"] for segment in reply.json()["segments"])

    def captions_of(self, job: str) -> str:
        return f"{self.path_of(job)}/transcript?format=srt"

    def transcript(self, job: str) -> dict[str, Any]:
        reply = self.http.get(f"/jobs/{job}/transcript")
        assert reply.status_code == 200, reply.text
        return {name: value for name, value in reply.json().items() if name != "job_id"}

    def times(self, job: str) -> list[tuple[int, int]]:
        words = (word for segment in self.transcript(job)["segments"] for word in segment["words"])
        return [(round(word["start"] * 1000), round(word["end"] * 1000)) for word in words]

    def source(self, job: str) -> str:
        found: str = self.get(job)["source"]["url"]
        return found

    def failure(self, job: str) -> str | None:
        error = self.get(job)["error"]
        return error and str(error["message"])

    def duration(self, job: str) -> int | None:
        found: int | None = self.get(job)["duration_seconds"]
        return found

    def listed(self, reply: httpx.Response) -> list[str]:
        return [row["job_id"] for row in reply.json()["jobs"]]

    def message_of(self, reply: httpx.Response) -> str:
        found: str = reply.json()["message"]
        return found

    def told(self, webhook: Any) -> tuple[str, str]:
        return webhook["job_id"], {"failed": "error"}.get(webhook["status"], webhook["status"])


Family = type[AnyApi]
FAMILIES: tuple[Family, ...] = (Api, JobsApi)
