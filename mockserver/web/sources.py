"""Where a job's audio is: stored here, in a file, in the URL itself, or elsewhere."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from mockserver.engine import Engine, media
from mockserver.engine.keys import Project
from mockserver.engine.media import Sound, Unusable
from mockserver.engine.options import Options
from mockserver.engine.store import Row
from mockserver.engine.uploads import Incoming, TooLargeError, audio_id
from mockserver.web.destinations import connector, refusal

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

CHUNK = 512 * 1024
_NO_PLACE = re.compile(r"[\x00-\x20\x7f]")
_UPLOAD_PATH = re.compile(r"/upload/[0-9a-f]{32}/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?$")
T = TypeVar("T")


class InThread(Protocol):
    """Runs a function in a worker thread."""

    async def __call__(self, function: Callable[..., T], *arguments: object) -> T:
        """Return what the function returns."""


class Audio(NamedTuple):
    """What is known of a job's audio; ``found`` is None for audio that is only pretended to be there."""

    found: Sound | Unusable | None
    sha256: str | None = None
    size: int | None = None
    file_name: str | None = None
    upload: str | None = None


def is_audio_url(url: str) -> bool:
    """Say whether a URL is one that audio may come from."""
    return url.startswith(("data:", "file:///")) or is_http_url(url)


def is_http_url(url: str) -> bool:
    """Say whether a URL is one of http or https, with a host, and a port that there can be."""
    try:
        parts = urlsplit(url)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and has_place and not _NO_PLACE.search(url[:1] + parts.netloc)


def upload_id(url: str) -> str | None:
    """Return the id in a URL that this server gave for an upload."""
    match = _UPLOAD_PATH.search(url.partition("#")[0].partition("?")[0]) if url.startswith("http") else None
    return match[1] if match else None


def upload_path(project: Project, identifier: str) -> str:
    """Return the path of the URL that is given for an upload."""
    return f"/upload/{project.name}/{identifier}"


def audio_of(upload: Row) -> Audio:
    """Return what is known of an upload."""
    if upload["failure"]:
        found: Sound | Unusable = Unusable(upload["failure"], upload["detail"] or "")
    else:
        found = Sound(upload["duration"], upload["channels"])
    return Audio(found, upload["sha256"], upload["size"], upload["name"], upload["id"])


class Sources:
    """Finds a job's audio; blocking work goes to worker threads."""

    def __init__(self, engine: Engine, in_thread: InThread, in_slow_thread: InThread) -> None:
        self._engine = engine
        self._in_thread = in_thread
        self._in_slow_thread = in_slow_thread
        self._downloads = asyncio.Semaphore(8)

    def at_once(self, url: str, upload: Row | None) -> Audio | None:
        """Return the audio if nothing has to be read for it."""
        if upload is not None:
            return audio_of(upload)
        scheme = url.partition(":")[0].lower()
        if scheme in ("http", "https"):
            return Audio(None, file_name=_name_in(url)) if self._engine.settings.remote_audio == "pretend" else None
        return None if scheme in ("file", "data") else Audio(Unusable("download_failed"))

    def is_downloaded(self, job: Row) -> bool:
        """Say whether a job's audio comes over the network."""
        fetches = self._engine.settings.remote_audio == "fetch"
        return fetches and job["upload"] is None and not job["url"].startswith(("data:", "file:"))

    async def find(self, project: Project, job: Row) -> Audio:
        """Return a job's audio, reading or downloading it first."""
        url = job["url"]
        upload = self._engine.uploads.find(job["upload"]) if job["upload"] else None
        if upload is None and job["region"] and self.is_elsewhere(url, job["region"]):
            return Audio(Unusable("wrong_region"))
        audio = self.at_once(url, upload)
        if audio is not None:
            return audio
        if url.startswith("data:"):
            return await self._decode(project, job)
        if url.startswith("file:"):
            try:
                return await self._in_slow_thread(self._read_file, url)
            except OSError:
                return Audio(Unusable("download_denied"))
        async with self._downloads:
            return await self._download(project, job)

    def is_elsewhere(self, url: str, region: str) -> bool:
        """Say whether a URL is that of an upload in another region."""
        identifier = upload_id(url)
        upload = self._engine.uploads.find(identifier) if identifier else None
        return upload is not None and upload["region"] != region

    def path_of(self, job: Row, audio: Audio | None = None) -> Path | None:
        """Return where a job's audio lies, or None where it is only pretended to be, or gone."""
        if job["url"].startswith("file:"):
            path = self._allowed(job["url"])
        else:
            upload = job["upload"] or (audio and audio.upload) or audio_id(job["id"])
            path = self._engine.uploads.path(upload)
        return path if path is not None and path.is_file() else None

    async def receive(
        self, project: Project, incoming: Incoming, name: str | None, job: Row | None = None, *, region: str = ""
    ) -> Audio:
        """Probe a file that has come in whole, and keep it; ``job`` is the one that it came for, if any."""
        audio = await self.examine(incoming, name)
        if job is not None and not self._is_awaited(job["number"]):
            return audio  # and not kept: after a reset or a restore another job may have the id, and audio of its own
        if job is not None:
            return self.keep(project, incoming, audio, job["id"], region=job["region"])
        return self.keep(project, incoming, audio, region=region)

    def _is_awaited(self, number: int) -> bool:
        job = self._engine.jobs.by_number(number)
        return job is not None and not job["prepared"]

    async def examine(self, incoming: Incoming, name: str | None) -> Audio:
        """Probe a file that has come in whole."""
        digest, found = await self._in_slow_thread(self._examine, incoming)
        return Audio(found, digest, incoming.size, name)

    def keep(
        self, project: Project, incoming: Incoming, audio: Audio, job: str | None = None, *, region: str = ""
    ) -> Audio:
        """Keep a file that was examined. Raises OSError."""
        assert audio.sha256 is not None
        assert audio.found is not None
        identifier = self._engine.uploads.keep(
            project, incoming, audio.sha256, audio.found, audio.file_name, job, region
        )
        return audio._replace(upload=identifier)

    async def write(self, incoming: Incoming, chunk: bytes | bytearray) -> None:
        """Write to a file that is on its way in."""
        await self._in_thread(incoming.write, chunk)

    def _examine(self, incoming: Incoming) -> tuple[str, Sound | Unusable]:
        digest = incoming.finish()
        self._engine.fixtures.identify(incoming.size)
        return digest, media.probe(incoming.path)

    async def _decode(self, project: Project, job: Row) -> Audio:
        header, comma, payload = job["url"].partition(",")
        if not comma:
            return Audio(Unusable("download_failed"))
        try:
            content = await self._in_slow_thread(_payload, header, payload)
        except (binascii.Error, ValueError):
            return Audio(Unusable("download_failed"))
        incoming = self._engine.uploads.receive(_largest(job))
        try:
            await self.write(incoming, content)
            return await self.receive(project, incoming, None, job)
        except TooLargeError:
            return Audio(Unusable("too_large"))
        finally:
            incoming.abort()

    def _read_file(self, url: str) -> Audio:
        path = self._allowed(url)
        if path is None:
            return Audio(Unusable("download_denied"))
        if not path.is_file():
            return Audio(Unusable("download_failed"))
        digest = sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        size = path.stat().st_size
        self._engine.fixtures.identify(size)
        return Audio(media.probe(path), digest.hexdigest(), size, path.name)

    def _allowed(self, url: str) -> Path | None:
        """Return the file that a URL names, symbolic links followed, if it lies in a folder that may be read."""
        try:
            path = Path(unquote(urlsplit(url).path)).resolve()
        except (ValueError, RuntimeError, OSError):  # no path at all, or links in a circle
            return None
        allowed = (folder.resolve() for folder in self._engine.settings.file_folders)
        return path if any(path.is_relative_to(folder) for folder in allowed) else None

    async def _download(self, project: Project, job: Row) -> Audio:
        import aiohttp

        url, settings = job["url"], self._engine.settings
        largest = _largest(job)
        incoming = self._engine.uploads.receive(min(settings.fetch_bytes, largest or settings.fetch_bytes))
        try:
            timeout = aiohttp.ClientTimeout(total=settings.fetch_timeout)
            made = connector(allow_link_local=settings.allow_link_local)
            async with aiohttp.ClientSession(connector=made, timeout=timeout) as session:
                async with _get(session, url, settings.fetch_redirects) as response:
                    if response.status >= 400:
                        return Audio(_refused(response))
                    async for chunk in response.content.iter_chunked(CHUNK):
                        await self.write(incoming, chunk)
                return await self.receive(project, incoming, _name_in(url), job)
        except TooLargeError:
            return Audio(Unusable("too_large"))
        except (aiohttp.ClientError, TimeoutError, ValueError, UnicodeError) as error:
            refused = refusal(error)
            return Audio(Unusable("download_denied", refused) if refused else Unusable("download_failed"))
        finally:
            incoming.abort()


def _largest(job: Row) -> int | None:
    """Return how many bytes a job's audio may have."""
    accepted = Options.decode(job["options"]).accepted
    return accepted.largest if accepted else None


def _get(session: ClientSession, url: str, redirects: int) -> Any:
    # aiohttp's bound is the number of requests that it does not make any more.
    return session.get(url, allow_redirects=redirects > 0, max_redirects=redirects + 1)


def _refused(response: ClientResponse) -> Unusable:
    if response.status == 404:
        return Unusable("download_failed")
    kind = "Client" if response.status < 500 else "Server"
    return Unusable("download_forbidden", f"{response.status} {kind} Error: {response.reason}")


def _payload(header: str, payload: str) -> bytes:
    if header.endswith(";base64"):
        return base64.b64decode(unquote(payload), validate=True)
    return unquote_to_bytes(payload)


def _name_in(url: str) -> str | None:
    path = url.partition("#")[0].partition("?")[0]
    return unquote(path.rpartition("/")[2]) or None
