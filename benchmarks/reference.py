"""The reference: a bare FastAPI application that returns the same bytes and does nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

app = FastAPI()
_folder = Path(os.environ.get("REFERENCE_BYTES", "."))
_bodies = {path.stem: path.read_bytes() for path in _folder.glob("*.reply")}
_events = [event + b"\n\n" for event in _bodies.get("events", b"").split(b"\n\n")[:-1]]


@app.get("/v2/transcript/{transcript_id}")
async def get(transcript_id: str) -> Response:
    """Return a finished transcript."""
    return Response(_bodies["get"], media_type="application/json")


@app.post("/v2/transcript")
async def post(params: dict[str, Any]) -> Response:
    """Return a queued job."""
    return Response(_bodies["post"], media_type="application/json")


@app.get("/jobs/{job_id}")
async def get_job(job_id: str) -> Response:
    """Return a job of the jobs API."""
    return Response(_bodies["job"], media_type="application/json")


@app.get("/jobs/{job_id}/transcript")
async def get_job_transcript(job_id: str) -> Response:
    """Return its transcript."""
    return Response(_bodies["jobtranscript"], media_type="application/json")


@app.post("/jobs")
async def post_job(params: dict[str, Any]) -> Response:
    """Return a queued job of the jobs API."""
    return Response(_bodies["created"], 202, media_type="application/json")


@app.post("/forms")
async def post_form(file: UploadFile) -> Response:
    """Read a form, and return a queued job."""
    while await file.read(2**16):
        pass
    return Response(_bodies["created"], 202, media_type="application/json")


@app.post("/v1/chat/completions")
async def chat(params: dict[str, Any]) -> Response:
    """Return a completion."""
    return Response(_bodies["chat"], media_type="application/json")


@app.post("/events/each")
async def each(params: dict[str, Any]) -> StreamingResponse:
    """Return a completion event by event, as fast as they go out."""

    async def events() -> AsyncIterator[bytes]:
        for event in _events:
            yield event

    return StreamingResponse(events(), media_type="text/event-stream")


@app.post("/events/together")
async def together(params: dict[str, Any]) -> StreamingResponse:
    """Return all events of a completion at once."""

    async def events() -> AsyncIterator[bytes]:
        yield _bodies["events"]

    return StreamingResponse(events(), media_type="text/event-stream")


@app.post("/events/paced")
async def paced(params: dict[str, Any], pace: float) -> StreamingResponse:
    """Return a completion event by event, so many a second, each when it is due."""

    async def events() -> AsyncIterator[bytes]:
        began = time.perf_counter()
        for number, event in enumerate(_events):
            due = began + min(max(number - 1, 0), len(_events) - 4) / pace
            if (left := due - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            yield event

    return StreamingResponse(events(), media_type="text/event-stream")


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """Send every frame back."""
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.send_bytes(await socket.receive_bytes())


@app.get("/_mock/health")
async def health() -> Response:
    """Answer."""
    return Response(b"{}", media_type="application/json")
