"""Calls of the jobs API that its tests have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from mockserver.embed import MockServer
from tests.conftest import Api
from tests.jobs.conftest import jobs_of

URL = "https://example.com/call.mp3"


def submitted(
    api: Api,
    *,
    source_url: str = URL,
    progress: str | None = None,
    headers: dict[str, str] | None = None,
    **params: Any,
) -> str:
    """Submit a URL and return the job's id."""
    sent = (headers or {}) | ({"X-Mock-Progress": progress} if progress else {})
    reply = api.http.post("/jobs", json={"source_url": source_url, **params}, headers=sent)
    assert reply.status_code == 202, reply.text
    job: str = reply.json()["job_id"]
    return job


def sent(api: Api, content: bytes, name: str = "sound.wav", progress: str | None = None, **fields: str) -> str:
    """Submit a file and return the job's id."""
    headers = {"X-Mock-Progress": progress} if progress else {}
    reply = api.http.post("/jobs", files={"file": (name, content)}, data=fields, headers=headers)
    assert reply.status_code == 202, reply.text
    job: str = reply.json()["job_id"]
    return job


def seen(api: Api, job: str) -> dict[str, Any]:
    """Return a job as the API shows it."""
    reply = api.http.get(f"/jobs/{job}")
    assert reply.status_code == 200, reply.text
    view: dict[str, Any] = reply.json()
    return view


def statuses(api: Api, *jobs: str) -> list[str]:
    return [seen(api, job)["status"] for job in jobs]


def cancel(api: Api, job: str) -> httpx.Response:
    return api.http.post(f"/jobs/{job}/cancel")


def delete(api: Api, job: str) -> httpx.Response:
    return api.http.delete(f"/jobs/{job}")


def transcript(api: Api, job: str, form: str | None = None) -> httpx.Response:
    return api.http.get(f"/jobs/{job}/transcript", params={} if form is None else {"format": form})


def listed(api: Api, **query: Any) -> list[str]:
    """Return the ids on the first page of the list."""
    reply = api.http.get("/jobs", params=query)
    assert reply.status_code == 200, reply.text
    return [job["job_id"] for job in reply.json()["jobs"]]


def terms(api: Api, **changes: Any) -> None:
    assert api.control.patch("/terms", json=changes).status_code == 200


def again(api: Api) -> None:
    """Get a new token: the clock has gone on for longer than the old one is good."""
    api.http.headers["Authorization"] = jobs_of(api.url, api.key).http.headers["Authorization"]


def deliveries(api: Api, **query: Any) -> list[dict[str, Any]]:
    """Return the webhook calls, after those that are under way."""
    reply = api.control.get("/webhooks", params={"wait": 30, **query})
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["webhooks"]
    return found


@contextmanager
def serving(**settings: Any) -> Iterator[Api]:
    """Run a server with settings of its own, and return its jobs API as one key sees it."""
    with MockServer(**settings) as mock:
        yield jobs_of(mock.url)
