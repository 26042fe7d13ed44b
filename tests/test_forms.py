"""Forms with files: what is read, what is refused, and that nothing is left of what is refused."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.engine import Engine
from mockserver.engine.uploads import TooLargeError
from mockserver.settings import Settings
from mockserver.web.courier import Courier
from mockserver.web.family import Call
from mockserver.web.forms import FormError, read_form
from mockserver.web.replies import ClientGoneError

Reader = Callable[[Call], Awaitable[None]]
LIMIT = 2_000_000
GONE = None
HEAD = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
END = b"\r\n--edge--\r\n"


def ask(folder: Path, pieces: Iterable[bytes | None], reader: Reader, **headers: str) -> Call:
    """Let the reader read a request's body, which comes in these pieces; None: the client goes away."""

    async def main() -> Call:
        async with asyncio.timeout(60), working(folder) as (engine, courier):
            call = call_of(engine, courier, iter(pieces), headers)
            await reader(call)
        return call

    return asyncio.run(main())


@asynccontextmanager
async def working(folder: Path) -> AsyncIterator[tuple[Engine, Courier]]:
    engine = Engine(Settings(data=folder, upload_bytes=LIMIT, log_requests=False))
    courier = Courier(engine, ())
    courier.start()
    try:
        yield engine, courier
    finally:
        await courier.stop()
        engine.close()


def call_of(engine: Engine, courier: Courier, pieces: Iterator[bytes | None], headers: dict[str, str]) -> Call:
    async def receive() -> MutableMapping[str, Any]:
        piece = next(pieces, b"")
        if piece is GONE:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    headers = {"content_type": "multipart/form-data; boundary=edge"} | headers
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    call = Call({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}, receive)
    call.engine, call.courier, call.header_map = engine, courier, dict(raw)
    return call


def left(folder: Path) -> list[Path]:
    return list((folder / "uploads").iterdir())


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def test_the_files_are_on_disk_while_they_are_read_and_gone_afterwards(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5_000
    request = httpx.Request(
        "POST",
        "http://x",
        data={"tag": ["one", "zwei ü"], "empty": ""},
        files={"file": ("../folder/call.wav", content, "audio/wav"), "other": (r"C:\b.bin", b"", "image/png")},
    )

    async def reader(call: Call) -> None:
        async with read_form(call, files=("file", "other", "absent")) as form:
            assert form.fields == {"tag": ["one", "zwei ü"], "empty": [""]}
            assert list(form.files) == ["file", "other"]
            file, other = form.files["file"], form.files["other"]
            assert (file.name, file.media_type, file.incoming.size) == ("call.wav", "audio/wav", len(content))
            assert (other.name, other.media_type, other.incoming.size) == ("b.bin", "image/png", 0)
            file.incoming.finish()
            assert file.incoming.path.read_bytes() == content

    body = request.read()
    call = ask(tmp_path, cut(body, 65_000), reader, content_type=request.headers["content-type"])
    assert (call.request_size, call.request_body) == (len(body), body[: len(call.request_body)])
    assert len(call.request_body) > 1000
    assert left(tmp_path) == []


def test_a_file_that_is_kept_stays(tmp_path: Path) -> None:
    async def reader(call: Call) -> None:
        project = call.engine.keys.account("k").project  # type: ignore[union-attr]
        async with read_form(call, files=("file",)) as form:
            file = form.files["file"]
            await call.courier.sources.receive(project, file.incoming, file.name)

    ask(tmp_path, [HEAD + b"content" + END], reader)
    assert [path.read_bytes() for path in left(tmp_path)] == [b"content"]


TEXT = b'--edge\r\nContent-Disposition: form-data; name="%b"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (HEAD + bytes(1_500_000), "closing boundary"),
        (HEAD + bytes(700_000) + b"\r\n" + HEAD + b"x" + END, "more than one file under the name file"),
        (HEAD + bytes(700_000) + b"\r\n" + HEAD.replace(b'"file"', b'"data"') + END, "no file is expected .* data"),
        (TEXT % b"file" + b"content" + END, "file is plain text"),
        (HEAD + bytes(700_000) + b"\r\n" + TEXT % b"a" + b"\xff" + END, "field a is not UTF-8"),
        (HEAD + b"x\r\n" + TEXT % b"a" + bytes(1_048_577) + END, "fields of the form are longer"),
        (HEAD + b"x" + END + bytes(5_000_000), "besides its files"),
        (b"\r\n" * 2_500_000 + HEAD + b"x" + END, "besides its files"),
        (HEAD + b"x\r\n" + b"--edge\r\n\r\n" + END, "no name"),
        (b"no form", "no valid form"),
        (b"", "closing boundary"),
    ],
)
@pytest.mark.parametrize("size", [1_000_000, 60_000])
def test_what_is_no_such_form_is_refused_and_leaves_nothing(body: bytes, word: str, size: int, tmp_path: Path) -> None:
    ask(tmp_path, cut(body, size), refused_as(FormError, word))
    assert left(tmp_path) == []


def refused_as(error: type[Exception], word: str = "", limit: int | None = None) -> Reader:
    async def reader(call: Call) -> None:
        with pytest.raises(error, match=word or None):
            async with read_form(call, files=("file",), limit=limit):
                raise AssertionError("it was read")

    return reader


@pytest.mark.parametrize(("limit", "least"), [(None, LIMIT), (1_000_000, 1_000_000), (10 * LIMIT, LIMIT)])
def test_a_file_is_cut_off_at_its_limit(limit: int | None, least: int, tmp_path: Path) -> None:
    came = 0

    def pieces() -> Iterator[bytes]:
        nonlocal came
        yield HEAD
        while True:
            came += 65_536
            yield bytes(65_536)

    ask(tmp_path, pieces(), refused_as(TooLargeError, limit=limit))
    assert least < came < least + 1_000_000
    assert left(tmp_path) == []


def test_a_file_of_just_the_limit_is_read(tmp_path: Path) -> None:
    async def reader(call: Call) -> None:
        async with read_form(call, files=("file",), limit=1_000_000) as form:
            assert form.files["file"].incoming.size == 1_000_000

    ask(tmp_path, cut(HEAD + bytes(1_000_000) + END, 65_536), reader)


def test_a_body_that_says_it_is_too_long_is_not_read(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        raise AssertionError("it was asked for")
        yield b""

    ask(tmp_path, pieces(), refused_as(TooLargeError), content_length="10000000")
    assert left(tmp_path) == []


def test_a_client_that_leaves_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    ask(tmp_path, [HEAD, bytes(700_000), bytes(100), GONE], refused_as(ClientGoneError))
    assert left(tmp_path) == []


def test_an_error_while_the_form_is_used_leaves_nothing_behind(tmp_path: Path) -> None:
    async def reader(call: Call) -> None:
        with pytest.raises(LookupError):
            async with read_form(call, files=("file",)):
                raise LookupError

    ask(tmp_path, [HEAD + bytes(700_000) + END], reader)
    assert left(tmp_path) == []


def test_a_disk_that_takes_no_more_is_told(tmp_path: Path) -> None:
    async def reader(call: Call) -> None:
        with files_of_at_most(100_000), pytest.raises(OSError, match="too large"):
            async with read_form(call, files=("file",)):
                raise AssertionError("it was read")

    ask(tmp_path, [HEAD, bytes(1_000_000), END], reader)
    assert left(tmp_path) == []


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
