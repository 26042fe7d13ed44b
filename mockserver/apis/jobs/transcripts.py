"""The transcript of a completed job, in the format that is asked for."""

from __future__ import annotations

from collections.abc import Collection

from mockserver.apis.jobs import errors, render
from mockserver.apis.jobs.lookup import look
from mockserver.engine.store import Row
from mockserver.web.family import Call, Operations, Query
from mockserver.web.found import rendered
from mockserver.web.replies import JSON, NO_CONTENT, FileReply, Reply

page = Operations("Transcripts")

_WORD = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TYPES = {
    "json": JSON,
    "txt": b"text/plain; charset=utf-8",
    "srt": b"application/x-subrip; charset=utf-8",
    "vtt": b"text/vtt; charset=utf-8",
    "docx": _WORD,
}
_ATTACHED = ("srt", "vtt", "docx")
_FORMAT = Query("format", "string", "json, txt, srt, vtt or docx; json if not given.")


@page.add("GET", "/jobs/{job_id}/transcript", query=(_FORMAT,))
async def get(call: Call) -> Reply:
    """Get the transcript as JSON, text, captions or a Word document."""
    form = call.query_params.get("format") or "json"
    if form not in _TYPES:
        raise errors.invalid_format(f"The format must be one of {', '.join(_TYPES)}.")
    if form == "json":
        call.job = call.path_params["job_id"]
        stored = call.engine.replies.find(call.job, call.project, call.family.name)
        if stored is not None:
            return Reply(stored)
    job = await _look_for_completed(call)
    reply = await _made(call, job, form)
    if form == "json" and not isinstance(reply, FileReply):
        call.engine.replies.keep(call.project, job, reply.body, None)
    return reply


@page.add("DELETE", "/jobs/{job_id}/transcript", status=NO_CONTENT)
async def delete(call: Call) -> Reply:
    """Delete the transcript of a completed job, and its audio; the job stays."""
    job = await _look_for_completed(call)
    call.engine.delete(call.project, job)
    call.courier.sweep()
    return Reply(b"", NO_CONTENT)


async def _look_for_completed(call: Call) -> Row:
    job = await look(call)
    if job["status"] != "completed":
        raise errors.not_completed(render.STATUSES[job["status"]])
    if job["deleted"] is not None:
        raise errors.no_transcript()
    return job


def _docx(job: Row, transcript: bytes, quirks: Collection[str]) -> bytes:
    from mockserver.apis.jobs.word_document import docx  # it takes long to import, and is seldom asked for

    return docx(job, transcript, quirks)


async def _made(call: Call, job: Row, form: str) -> Reply:
    from mockserver.apis.jobs import formats

    is_word = form == "docx"
    try:
        reply = await rendered(call, job, form, _docx if is_word else getattr(formats, form), is_quick=not is_word)
    except FileNotFoundError:  # it was deleted while its view was made
        raise errors.no_transcript() from None
    reply.media_type = _TYPES[form]
    if form in _ATTACHED:
        reply.headers = ((b"content-disposition", f'attachment; filename="{job["id"]}.{form}"'.encode()),)
    return reply
