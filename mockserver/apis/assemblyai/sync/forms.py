"""The form that a request is: read once, whoever asks for it, and refused as soon as that can be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.apis.assemblyai.sync import errors
from mockserver.apis.assemblyai.sync.audio import is_pcm, is_taken, samples
from mockserver.apis.assemblyai.sync.config import Config, read_config
from mockserver.apis.assemblyai.sync.models import model_of
from mockserver.web.family import Call
from mockserver.web.forms import File, Form, FormError, Part, TooLargeError, read_form

LIVE = ("/v1/transcribe/live", "/v1/transcribe/stream")
"""Where the audio is decoded as it comes, and so the configuration must come before it."""
_CONFIG, _AUDIO = "config", "audio"
_JSON = ("", "application/json", "text/plain", "application/octet-stream")


async def read(call: Call) -> Mapping[str, Any]:
    """Read the form of a request, and return what it says. Raises ApiError."""
    if model_of(call) is None:
        raise errors.no_such_model(call)
    await sent(call)
    return call.form_said or {}


async def sent(call: Call) -> tuple[Config, File]:
    """Return what is asked for, and the audio, which is there until the request has been answered. Raises ApiError."""
    if call.taken is None:
        call.taken = await _taken(call)
    sent: tuple[Config, File] = call.taken
    return sent


async def _taken(call: Call) -> tuple[Config, File]:
    if call.header_map.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"multipart/form-data":
        raise errors.unsupported("request must be multipart/form-data")
    expected = _Expected(call)
    reading = read_form(call, files=(_AUDIO,), limit=errors.LARGEST, texts=(_CONFIG,), check=expected.check)
    try:
        form = await call.enter(reading)
    except FormError as error:
        raise errors.invalid(f"malformed multipart body: {error}") from None
    except TooLargeError:
        raise errors.too_large(call.engine.uploads.most(errors.LARGEST)) from None
    except OSError as error:
        raise errors.no_space(str(error)) from None
    call.form_said = form.described
    config = expected.config_at_end(form)
    call.form_said = form.described | {_CONFIG: config.said} if _CONFIG in form.fields else form.described
    if _AUDIO not in form.files:
        raise errors.invalid(errors.NO_AUDIO)
    return config, form.files[_AUDIO]


class _Expected:
    """What a form should be like, part by part."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._is_live = call.operation is not None and call.operation.path in LIVE
        self._config: Config | None = None

    def check(self, part: Part, before: Form) -> None:
        """Refuse a part, or what came before it. Raises ApiError."""
        if part.name == _CONFIG:
            if not _is_json(part.media_type):
                raise errors.unsupported("`config` part must be application/json")
        elif part.name == _AUDIO and part.file_name is not None:
            self._check_audio(part, before)
        elif part.name == _AUDIO or part.file_name is not None:
            raise errors.invalid(errors.NO_AUDIO, f"{part.name[:100]} is another part, or has no filename")
        else:
            self._call.violates(f"unknown part {part.name[:100]}")

    def _check_audio(self, part: Part, before: Form) -> None:
        if not is_taken(part.media_type):
            text = f"unsupported audio format '{(part.media_type or '')[:100]}': send audio/wav or audio/pcm"
            raise errors.unsupported(text)
        if _CONFIG in before.fields:
            self._config = read_config(self._call, before.fields[_CONFIG])
            if is_pcm(part.media_type):
                samples(self._config)
        elif self._is_live:
            raise errors.invalid("`config` part must precede the `audio` part", "send {} if there is nothing to say")

    def config_at_end(self, form: Form) -> Config:
        """Return what the whole form asks for. Raises ApiError."""
        texts = form.fields.get(_CONFIG, [])
        if self._is_live and not texts:
            raise errors.invalid("request must include a `config` part before the `audio` part")
        if self._config is not None and len(texts) == 1:
            return self._config
        return read_config(self._call, texts)


def _is_json(media_type: str | None) -> bool:
    kind = (media_type or "").partition(";")[0].strip().lower()
    return kind in _JSON or kind.endswith("+json")
