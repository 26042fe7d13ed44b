"""Forms with files of any size: read as they come, the files straight to disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mockserver.engine.uploads import Incoming, TooLargeError
from mockserver.web.family import Call
from mockserver.web.intake import Spool, base_name, pieces, refuse_longer
from mockserver.web.parts import FormError, Part, Parts

__all__ = ["File", "Form", "FormError", "Part", "TooLargeError", "read_form"]

_TEXT_BYTES = 1024 * 1024
_BESIDES = 4 * 1024 * 1024
"""How much of a form's body may be something else than files: text, headers, boundaries, and what surrounds them."""
_SHOWN = 100


@dataclass(frozen=True)
class File:
    """A file of a form, on disk; ``name`` has no folders."""

    name: str | None
    media_type: str | None
    incoming: Incoming

    @property
    def described(self) -> dict[str, Any]:
        """Return what the file is: its name, its type, and how many bytes."""
        return {"filename": self.name, "content_type": self.media_type, "bytes": self.incoming.size}


@dataclass(frozen=True)
class Form:
    """What a form holds: the texts of each field in their order, and a file at most under each name."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)

    @property
    def described(self) -> dict[str, Any]:
        """Return what the form says, with what its files are in place of what is in them."""
        texts = {name: values[0] if len(values) == 1 else values for name, values in self.fields.items()}
        return texts | {name: file.described for name, file in self.files.items()}


@asynccontextmanager
async def read_form(
    call: Call,
    *,
    files: Collection[str],
    limit: int | None = None,
    texts: Collection[str] = (),
    check: Callable[[Part, Form], None] = lambda _, __: None,
) -> AsyncIterator[Form]:
    """Read a request's form; files that are not kept within the block are removed at its end.

    ``files`` are the names under which a file may come, each of at most ``limit`` bytes, or as many as an upload may
    have. Those of ``texts`` are fields, also where they are sent as files. ``check`` is called with each part and what
    came before it; what it raises ends the reading. Raises FormError, TooLargeError, ClientGoneError, and OSError if
    the disk is full.
    """
    reader = _Reader(call, files, limit, texts, check)
    try:
        yield await reader.read()
    finally:
        for file in reader.form.files.values():
            await call.courier.in_thread(file.incoming.abort)


class _Reader:
    def __init__(
        self,
        call: Call,
        files: Collection[str],
        limit: int | None,
        texts: Collection[str],
        check: Callable[[Part, Form], None],
    ) -> None:
        self.form = Form()
        self._texts = texts
        self._check = check
        self._call = call
        self._expected = files
        self._limit = limit
        self._text_bytes = 0
        self._file_bytes = 0
        self._part = Part("")
        self._text = bytearray()
        self._spool: Spool | None = None

    async def read(self) -> Form:
        parts = Parts(self._call.headers.get("content-type", ""))
        files = len(self._expected) * self._call.engine.uploads.most(self._limit)
        refuse_longer(self._call, files + _BESIDES)
        async for piece in pieces(self._call):
            for event in parts.feed(piece):
                await self._take(event)
            if self._call.request_size - self._file_bytes > _BESIDES:
                raise FormError(f"the form has more than {_BESIDES} bytes besides its files")
        parts.end()
        return self.form

    async def _take(self, event: Part | bytes | None) -> None:
        if isinstance(event, Part):
            self._begin(event)
        elif event is None:
            await self._end()
        elif self._spool is not None:
            self._file_bytes += len(event)
            await self._spool.add(event)
        else:
            self._add_text(event)

    def _begin(self, part: Part) -> None:
        self._part, self._spool, self._text = part, None, bytearray()
        name = part.name[:_SHOWN]
        self._check(part, self.form)
        if part.file_name is None or part.name in self._texts:
            if part.name in self._expected:
                raise FormError(f"{name} is plain text, not a file: its part has no filename")
        elif part.name not in self._expected:
            raise FormError(f"no file is expected under the name {name}")
        elif part.name in self.form.files:
            raise FormError(f"there is more than one file under the name {name}")
        else:
            incoming = self._call.engine.uploads.receive(self._limit)
            self._spool = Spool(incoming, self._call.courier.sources)
            self.form.files[part.name] = File(base_name(part.file_name), part.media_type, incoming)

    def _add_text(self, text: bytes) -> None:
        self._text_bytes += len(text)
        if self._text_bytes > _TEXT_BYTES:
            raise FormError(f"the fields of the form are longer than {_TEXT_BYTES} bytes")
        self._text += text

    async def _end(self) -> None:
        if self._spool is not None:
            await self._spool.flush()
            return
        try:
            text = self._text.decode()
        except UnicodeDecodeError:
            raise FormError(f"the field {self._part.name[:_SHOWN]} is not UTF-8") from None
        self.form.fields.setdefault(self._part.name, []).append(text)
