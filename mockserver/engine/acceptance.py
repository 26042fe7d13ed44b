"""Which audio a job takes: not too long, in a known container, and not silent."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mockserver.engine.media import Sound, Unusable, describe, probe


class Accepted(NamedTuple):
    """What audio may be like: ``longest`` in milliseconds, ``largest`` in bytes.

    ``containers`` are named as FFmpeg does; empty: any.
    """

    longest: int | None = None
    containers: tuple[str, ...] = ()
    silence: bool = True
    largest: int | None = None


def unacceptable(accepted: Accepted, sound: Sound, path: Path | None) -> Unusable | None:
    """Return why readable audio is not taken, None if it is; this blocks.

    Without a ``path`` there is no more to look at than its duration.
    """
    if accepted.longest is not None and sound.duration > accepted.longest:
        return Unusable("too_long")
    if path is None:
        return None
    if accepted.containers and not set(accepted.containers).intersection(_containers(sound, path)):
        return Unusable("unsupported_format", describe(path))
    if not accepted.silence:
        from mockserver.engine.sound import is_silent

        if is_silent(path):
            return Unusable("silent")
    return None


def _containers(sound: Sound, path: Path) -> tuple[str, ...]:
    if sound.containers:
        return sound.containers
    found = probe(path)
    return found.containers if isinstance(found, Sound) else ()
