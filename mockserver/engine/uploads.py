"""Audio on disk: bytes in, id out. A file appears under its final name only when it is whole."""

from __future__ import annotations

import contextlib
import os
import re
from hashlib import sha256
from pathlib import Path

from mockserver.engine.keys import Keys, Project, uuid_of
from mockserver.engine.media import Sound, Unusable
from mockserver.engine.store import Row, Store

_OURS = re.compile(r"\d+-\d+\.part|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.part)?")


class TooLargeError(Exception):
    """More bytes came than the limit allows."""


def audio_id(job: str) -> str:
    """Return the id of the audio that was fetched for a job."""
    return uuid_of(b"audio of " + job.encode())


class Incoming:
    """A file on its way in. ``write`` and ``finish`` block: call them from a worker thread, one at a time."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.size = 0
        self._limit = limit
        self._hash = sha256()
        self._file = path.open("xb")

    def write(self, chunk: bytes | bytearray) -> None:
        """Append a chunk. Raises TooLargeError, and OSError if the disk is full."""
        self.size += len(chunk)
        if self.size > self._limit:
            raise TooLargeError
        self._hash.update(chunk)
        self._file.write(chunk)

    def finish(self) -> str:
        """Close the file and return its sha256 in hex."""
        self._file.close()
        return self._hash.hexdigest()

    def abort(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class Uploads:
    """The stored audio of every project."""

    def __init__(self, store: Store, keys: Keys, folder: Path, limit: int) -> None:
        self._store = store
        self._keys = keys
        self._folder = folder
        self._limit = limit
        self._incoming = 0

    def receive(self, limit: int | None = None) -> Incoming:
        """Open a file for bytes to come."""
        self._incoming += 1
        path = self._folder / f"{os.getpid()}-{self._incoming}.part"
        return Incoming(path, self.most(limit))

    def most(self, limit: int | None = None) -> int:
        """Return how many bytes a file may have for which a limit is given, or none."""
        return min(limit or self._limit, self._limit)

    def keep(
        self,
        project: Project,
        incoming: Incoming,
        digest: str,
        found: Sound | Unusable,
        name: str | None,
        job: str | None = None,
        region: str = "",
    ) -> str:
        """Give a finished file its id and remember what its probe found; ``job`` is the one that it came for."""
        upload_id = audio_id(job) if job else self._keys.next_upload_id(project)
        incoming.path.replace(self.path(upload_id))
        self._insert(upload_id, project, region, incoming.size, digest, found, name)
        return upload_id

    def _insert(
        self,
        upload_id: str,
        project: Project,
        region: str,
        size: int,
        digest: str,
        found: Sound | Unusable,
        name: str | None,
    ) -> None:
        sound = found if isinstance(found, Sound) else None
        problem = found if isinstance(found, Unusable) else None
        self._store.write(
            "INSERT OR REPLACE INTO uploads "
            "(id, project, region, created, name, size, sha256, duration, channels, failure, detail) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                upload_id,
                project.id,
                region,
                project.clock.now(),
                name,
                size,
                digest,
                sound and sound.duration,
                sound and sound.channels,
                problem and problem.reason,
                problem and problem.detail,
            ),
        )

    def find(self, upload_id: str) -> Row | None:
        """Return an upload's row, whichever project it belongs to."""
        return self._store.one("SELECT * FROM uploads WHERE id = ?", (upload_id,))

    def path(self, upload_id: str) -> Path:
        """Return where an upload's bytes lie."""
        return self._folder / upload_id

    def remove(self, upload_id: str) -> None:
        """Remove one upload."""
        self._store.write("DELETE FROM uploads WHERE id = ?", (upload_id,))
        with contextlib.suppress(OSError):
            self.path(upload_id).unlink()

    def expire(self, project: Project) -> None:
        """Remove the audio of a project whose time has come."""
        now = project.clock.now()
        if project.next_expiry is None or project.next_expiry > now:
            return
        for row in self._store.all("SELECT id FROM uploads WHERE project = ? AND expires <= ?", (project.id, now)):
            self.remove(row["id"])
        then = self._store.one("SELECT min(expires) FROM uploads WHERE project = ? AND expires > ?", (project.id, now))
        project.no_expiry_before(then[0] if then else None)

    def forget(self, project: int | None) -> None:
        """Remove a project's uploads; with None those of all projects."""
        values = {"project": project}
        rows = self._store.all("SELECT id FROM uploads WHERE project = :project OR :project IS NULL", values)
        self._store.write("DELETE FROM uploads WHERE project = :project OR :project IS NULL", values)
        for row in rows:
            with contextlib.suppress(OSError):
                self.path(row["id"]).unlink()

    def sweep(self) -> None:
        """Remove the files of ours that no row speaks of, such as what a killed server had half received."""
        known = {row["id"] for row in self._store.all("SELECT id FROM uploads")}
        for path in self._folder.iterdir():
            if path.name not in known and _OURS.fullmatch(path.name) and path.is_file():
                path.unlink(missing_ok=True)
