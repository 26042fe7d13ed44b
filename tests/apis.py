"""The vendors' APIs in the vocabulary of tests."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from itertools import chain
from typing import Any

import httpx

from tests.vocabulary import AnyApi as AnyApi
from tests.vocabulary import asking


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
    token_paths = ("/auth/",)
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
