"""Requests that the server makes to itself before it is ready: a folder's JSON files, once for a data directory.

A file holds one request or a list of them, as ``{"method": "POST", "path": "/_mock/keys", "body": {...}}``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlencode

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mockserver.engine import Engine
from mockserver.settings import SeedError, Settings
from mockserver.web.guard import CONTROL
from mockserver.web.sending import App, Scope
from mockserver.web.table import Table

_SHOWN = 500


class SeedRequest(BaseModel):
    """One request; ``key`` is the API key that it is made with, or that a control call concerns."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: Annotated[str, Field(pattern=r"^/[!-~]*$")]
    key: Annotated[str, Field(pattern=r"^[!-~]+$")] | None = None
    headers: Mapping[Annotated[str, Field(pattern=r"^[!-9;-~]+$")], Annotated[str, Field(pattern=r"^[ -~]*$")]] = {}
    body: Any = None

    def scope(self, settings: Settings, authorization: str | None) -> Scope:
        """Return the request as ASGI has it, with the header that shows its key."""
        path, _, query = self.path.partition("?")
        headers = {"host": f"{settings.host}:{settings.port}", "content-type": "application/json"}
        if self.key is not None and path.startswith(CONTROL):
            query = "&".join(filter(None, (query, urlencode({"key": self.key}))))
        elif authorization is not None:
            headers["authorization"] = authorization
        headers |= {name.lower(): value for name, value in self.headers.items()}
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": None,
            "server": (settings.host, None),
        }

    @property
    def content(self) -> bytes:
        """Return the body: text as it is, and all else as JSON."""
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else orjson.dumps(self.body)


_FILE: TypeAdapter[Sequence[SeedRequest]] = TypeAdapter(Sequence[SeedRequest])


def requests_in(folder: Path) -> Iterator[tuple[str, SeedRequest]]:
    """Yield the requests of a folder's JSON files, by the files' names, with a name for each. Raises SeedError."""
    for file in sorted(folder.glob("*.json")):
        try:
            document = orjson.loads(file.read_bytes())
            requests = _FILE.validate_python(document if isinstance(document, list) else [document])
        except (OSError, orjson.JSONDecodeError) as error:
            raise SeedError(f"{file.name}: {error}") from None
        except ValidationError as error:
            raise SeedError(f"{file.name}: {_problem(error)}") from None
        for number, request in enumerate(requests, 1):
            yield f"{file.name}: request {number} ({request.method} {request.path})", request


def _problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    number, *place = problem["loc"]
    return f"request {int(number) + 1}: {'.'.join(map(str, place)) or 'all of it'}: {problem['msg']}"


def authorization_of(request: SeedRequest, table: Table, engine: Engine) -> str | None:
    """Return the header that shows a vendor's service which key a request is made with, None where there is none."""
    if request.key is None:
        return None
    path = unquote(request.path.partition("?")[0])
    methods, _ = table.find(path) or ({}, {})
    place = methods.get(request.method)
    service = place.service if place else table.owner(path)[1]
    return service.authorization(engine, request.key)


async def make(request: SeedRequest, app: App, settings: Settings, authorization: str | None) -> str | None:
    """Make a request; return what was said if it was refused."""
    unread = [{"type": "http.request", "body": request.content, "more_body": False}]
    said: list[bytes] = []
    status = 0

    async def receive() -> MutableMapping[str, Any]:
        if not unread:
            await asyncio.get_running_loop().create_future()
        return unread.pop()

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        said.append(message.get("body", b""))

    await app(request.scope(settings, authorization), receive, send)
    if 200 <= status < 400:
        return None
    return f"{status} {b''.join(said).decode('utf-8', 'replace')[:_SHOWN]}"
