"""Redacted audio: where it is, and the audio itself behind a signed link."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import IO, Any
from urllib.parse import urlencode

from mockserver.apis.assemblyai import errors
from mockserver.apis.assemblyai.lookup import look
from mockserver.apis.assemblyai.render import params_of
from mockserver.engine.clock import SECOND
from mockserver.engine.keys import Project
from mockserver.engine.store import Row
from mockserver.web.family import Call, Operations, Quirks, Redaction
from mockserver.web.redactor import GoneError
from mockserver.web.replies import FileReply, Reply, json_reply, opened

page = Operations("Redacted audio")

_HOUR = 3600 * SECOND
_LIFETIME = 24 * _HOUR
_PATIENCE = 20.0
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@page.add("GET", "/v2/transcript/{transcript_id}/redacted-audio")
async def locate(call: Call) -> Reply:
    """Get a link to the redacted audio: 202 until it is ready, 400 when it has expired."""
    job = await look(call)
    if not job["redacts"]:
        raise errors.no_redacted_audio("redact_pii_audio was not asked for")
    if job["status"] in ("queued", "processing"):
        return _not_ready(job)
    now = call.project.clock.now()
    if job["status"] == "error" or job["deleted"] is not None or now >= job["finished"] + _LIFETIME:
        raise errors.no_redacted_audio("the job failed or was deleted, or finished more than 24 hours ago")
    if not has_audio(job):
        raise errors.no_redacted_audio("nothing is said; return_redacted_no_speech_audio was not asked for")
    try:
        if await call.courier.redactor.made(job, _PATIENCE) is None:
            return _not_ready(job)
    except GoneError:
        raise errors.no_redacted_audio("the transcript has just been deleted") from None
    link = link_to(call.public_base, call.project, job, call.quirks)
    return json_reply({"redacted_audio_url": link, "status": "redacted_audio_ready"})


def _not_ready(job: Row) -> Reply:
    return json_reply({"status": job["status"], "redacted_audio_url": None}, 202)


def link_to(base: str, project: Project, job: Row, quirks: Quirks) -> str:
    """Return a link to a job's redacted audio that is good for some time from now."""
    now = project.clock.now()
    expires = (job["finished"] + _LIFETIME if "redacted_link_24h" in quirks else now + _HOUR // 2) // SECOND
    query = {"AWSAccessKeyId": "MOCK", "Signature": _signature(project, job["id"], expires), "Expires": expires}
    return f"{base}/redacted-audio/{_file_name(job)}?{urlencode(query)}"


def _signature(project: Project, job_id: str, expires: int) -> str:
    return blake2b(f"{project.name}/{job_id}/{expires}".encode(), digest_size=20).hexdigest()


@page.add("GET", "/redacted-audio/{name}", public=True)
async def download(call: Call) -> Reply:
    """Download redacted audio through a link that is still good; ranges work."""
    job = call.engine.jobs.find(call.path_params["name"].partition(".")[0])
    project = call.engine.keys.project(job["project"]) if job is not None else None
    if job is None or project is None or not _is_good(call, project, job):
        return errors.access_denied()
    try:
        path = await call.courier.redactor.made(job, _PATIENCE)
        if path is None:
            return errors.failing(call, 503)
        file = await call.courier.in_thread(opened, path)
    except (GoneError, FileNotFoundError):
        return errors.access_denied()
    return _part(file, os.fstat(file.fileno()).st_size, call.headers.get("range"))


def _is_good(call: Call, project: Project, job: Row) -> bool:
    """Say whether a link is signed, not expired, and asked for with GET: the real storage refuses HEAD."""
    expires = call.query_params.get("Expires", "")
    if call.method == "HEAD" or not expires.isascii() or not expires.isdigit() or len(expires) > 15:
        return False
    signed = call.query_params.get("Signature") == _signature(project, job["id"], int(expires))
    named = call.path_params["name"] == _file_name(job) and call.site.region in (None, job["region"])
    return named and signed and job["deleted"] is None and project.clock.now() < int(expires) * SECOND


def _part(file: IO[bytes], size: int, wanted: str | None) -> Reply:
    found = _RANGE.fullmatch(wanted or "")
    if found is None or found.group(0) == "bytes=-":
        return FileReply(file, 0, size, 200, b"binary/octet-stream", ((b"accept-ranges", b"bytes"),))
    first = int(found[1]) if found[1] else max(0, size - int(found[2]))
    last = min(int(found[2]), size - 1) if found[1] and found[2] else size - 1
    if first > last:
        file.close()
        return Reply(b"", 416, b"application/xml", ((b"content-range", b"bytes */%d" % size),))
    place = b"bytes %d-%d/%d" % (first, last, size)
    return FileReply(file, first, last - first + 1, 206, b"binary/octet-stream", ((b"content-range", place),))


def redaction(job: Row, transcript: bytes) -> Redaction:
    """Say what is to be hidden in a job's audio."""
    params = params_of(job)
    from mockserver.apis.assemblyai.completed import document_of

    document = document_of(job, transcript, ())
    words = [word for sentence in document.sentences for word in sentence.words]
    hidden = (words[place.first : place.first + place.count] for place in document.hidden)
    options = params.get("redact_pii_audio_options") or {}
    method = options.get("override_audio_redaction_method") or "beep"
    spans = [(said[0].start, max(word.end for word in said)) for said in hidden]
    return Redaction([*spans, *_outside(params, job["duration"])], method, _form(params))


def _outside(params: Mapping[str, Any], duration: int) -> Iterator[tuple[int, int]]:
    """Yield what lies outside the window that was transcribed: nobody knows what is said there."""
    start, end = params.get("audio_start_from"), params.get("audio_end_at")
    if start:
        yield 0, start
    if end is not None and end < duration:
        yield end, duration + 1000


def has_audio(job: Row) -> bool:
    """Say whether there is redacted audio of a completed job: not of silence, unless that was asked for."""
    options = params_of(job).get("redact_pii_audio_options") or {}
    return bool(options.get("return_redacted_no_speech_audio")) or not job["silent"]


def _form(params: Mapping[str, Any]) -> str:
    return params.get("redact_pii_audio_quality") or "mp3"


def _file_name(job: Row) -> str:
    return f"{job['id']}.{_form(params_of(job))}"
