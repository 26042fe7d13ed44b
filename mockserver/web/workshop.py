"""Work on long transcripts, in processes of its own: from a thread it would hold up the event loop all the same."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle
import select
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

LONG = 128 * 1024
"""Bytes of an encoded transcript above which a thread would hold up the others."""
_PROCESSES = 2
_IDLE_SECONDS = 10.0
_HEAD = struct.Struct("!Q")
_ROOT = Path(__file__).parents[2]
T = TypeVar("T")


class WorkshopError(Exception):
    """The work failed in its process; the message is that process's traceback."""


class Workshop:
    """Runs functions of the package in up to two processes, which start when they are needed and end when idle."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_PROCESSES, thread_name_prefix="mockserver-workshop")
        self._children: dict[int, _Child] = {}
        self._stopped = False

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Return what the function returns; it and its arguments are pickled. Raises WorkshopError."""
        loop = asyncio.get_running_loop()
        done, result = await loop.run_in_executor(self._threads, self._ask, function, arguments)
        if not done:
            raise WorkshopError(result)
        returned: T = result
        return returned

    def _ask(self, function: Callable[..., object], arguments: tuple[object, ...]) -> tuple[bool, Any]:
        request = pickle.dumps((function, arguments))
        for _ in range(2):
            if self._stopped:
                break
            try:
                answer: tuple[bool, Any] = pickle.loads(self._child().ask(request))  # noqa: S301 - from our own process
                return answer
            except (OSError, EOFError, ValueError):  # it ended because it was idle, or somebody killed it
                ended = self._children.pop(threading.get_ident(), None)
                if ended is not None:
                    ended.end()
        return False, "the process ended before it had answered"

    def _child(self) -> _Child:
        """Return the process that belongs to this thread."""
        child = self._children.get(threading.get_ident())
        if child is None:
            child = self._children[threading.get_ident()] = _Child()
        return child

    def stop(self) -> None:
        """End the processes."""
        self._stopped = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in list(self._children.values()):
            child.end()


class _Child:
    """One process, as its parent sees it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mockserver.web.workshop"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))},
        )

    def ask(self, request: bytes) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        _write(self._process.stdin, request)
        return _read(self._process.stdout)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _write(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(_HEAD.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def _read(pipe: _Readable) -> bytes:
    """Read one message. Raises EOFError."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise EOFError
    message = pipe.read(_HEAD.unpack(head)[0])
    if len(message) < _HEAD.unpack(head)[0]:
        raise EOFError
    return message


def _answer(request: bytes) -> bytes:
    import traceback

    try:
        function, arguments = pickle.loads(request)  # noqa: S301 - from our own process
        return pickle.dumps((True, function(*arguments)))
    except Exception:
        return pickle.dumps((False, traceback.format_exc()))


def main() -> None:
    """Answer requests until there are none for some time, or the parent has gone."""
    source, sink = os.fdopen(0, "rb", buffering=0, closefd=False), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.nice(5)
    gc.disable()
    while select.select([source], [], [], _IDLE_SECONDS)[0]:
        try:
            request = _read(_Whole(source))
        except EOFError:
            return
        _write(sink, _answer(request))


class _Whole:
    """Reads as many bytes as it is asked for from an unbuffered pipe, so that ``select`` tells the truth."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def read(self, size: int, /) -> bytes:
        chunks = []
        while size and (chunk := self._pipe.read(min(size, 2**20))):
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)


if __name__ == "__main__":
    main()
