"""POST /v2/upload: raw bytes in, a URL for them out."""

from __future__ import annotations

import re
from email.message import Message
from urllib.parse import unquote

from mockserver.apis.assemblyai import errors
from mockserver.engine.uploads import TooLargeError
from mockserver.web.family import Call, Operations
from mockserver.web.intake import Spool, base_name, pieces, refuse_longer
from mockserver.web.replies import ApiError, Reply, json_reply
from mockserver.web.sources import upload_path

page = Operations("Upload")


@page.add("POST", "/v2/upload", takes_file=True)
async def upload(call: Call) -> Reply:
    """Upload a media file.

    The body is the file itself, of any length, chunked or not; a Content-Disposition header or a
    ``filename`` query parameter may name it, for fixtures that match on file names.
    """
    sources = call.courier.sources
    incoming = call.engine.uploads.receive()
    spool = Spool(incoming, sources)
    try:
        refuse_longer(call, call.engine.uploads.most())
        async for piece in pieces(call):
            await spool.add(piece)
        await spool.flush()
        if incoming.size == 0:
            return errors.empty_upload()
        audio = await sources.receive(call.project, incoming, _file_name(call), region=call.region)
    except TooLargeError:
        raise ApiError(413, "Request body too large", "the upload is larger than the setting upload_bytes") from None
    except OSError as error:
        raise ApiError(507, "Insufficient Storage", str(error)) from None
    finally:
        await call.courier.in_thread(incoming.abort)
    assert audio.upload is not None
    return json_reply({"upload_url": call.public_base + upload_path(call.project, audio.upload)})


def _file_name(call: Call) -> str | None:
    header = Message()
    header["content-disposition"] = re.sub(r"\s", " ", call.headers.get("content-disposition", ""))
    try:
        name = header.get_filename() or call.query_params.get("filename") or ""
    except (ValueError, LookupError):  # an encoding that is none
        return None
    name = unquote(name).encode("utf-8", "replace").decode()
    return base_name(name)


@page.add("GET", "/upload/{project}/{upload_id}", public=True)
async def download(call: Call) -> Reply:
    """Refuse to give an upload back: only transcription reads it."""
    return errors.access_denied()
