"""The form that comes with a file: read once, whoever asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.apis.jobs import errors, hints
from mockserver.apis.jobs.plans import plan_of
from mockserver.apis.jobs.requests import Request, members_of, request_of
from mockserver.web.family import Call
from mockserver.web.forms import File, FormError, TooLargeError, read_form
from mockserver.web.replies import ApiError


async def read(call: Call) -> Mapping[str, Any]:
    """Read the form that comes with a request, and return what it says. Raises ApiError."""
    await sent(call)
    return call.form_said or {}


async def sent(call: Call) -> tuple[Request, File | None]:
    """Return what a form asks for, and its file, which is there until the request has been answered."""
    if call.taken is None:
        call.taken = await _taken(call)
    sent: tuple[Request, File | None] = call.taken
    return sent


async def _taken(call: Call) -> tuple[Request, File | None]:
    limit = plan_of(call.project.terms).size
    try:
        form = await call.enter(read_form(call, files=("file",), limit=limit))
    except FormError as error:
        raise errors.invalid("The body is not a valid form.", str(error)) from None
    except TooLargeError:
        raise _too_large(call, call.engine.uploads.most(limit)) from None
    except OSError as error:
        raise errors.no_space(str(error)) from None
    call.form_said = form.described
    members = members_of(form.fields)
    call.form_said = form.described | members
    file = form.files.get("file")
    return request_of(call, members, has_file=file is not None), file


def _too_large(call: Call, limit: int) -> ApiError:
    if "oversize_415" in call.quirks:
        return errors.invalid_audio("unsupported_format", f"the file is larger than {limit} bytes")
    return errors.too_large(limit, hints.too_large(call.project.terms, limit))
