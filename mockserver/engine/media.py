"""Look into audio and video files; with sound.py, the only user of PyAV. Everything here blocks: call it from a worker
thread."""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

SHORTEST = 160
LONGEST = 10 * 3600 * 1000
_UNRELIABLE = {"mp3", "aac", "mpegts", "flac"}
_CONTAINERS = (
    "aac ac3 aiff amr amrnb amrwb ape asf au avi caf dss eac3 flac flv iff m4v matroska mov mp3 mpeg mpegts mxf ogg "
    "qcp sln tta voc w64 wav webm wv 3gp mp4 m4a"
)
_ONLY_THIS_FILE = {"protocol_whitelist": "file", "format_whitelist": _CONTAINERS.replace(" ", ",")}
"""No playlists: they could name other files."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The facts of readable audio: duration in milliseconds, number of channels.

    ``containers`` are the names that FFmpeg has for its container, as far as somebody has just looked.
    """

    duration: int
    channels: int
    containers: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a file cannot be transcribed, in the engine's words (``reason``), and what it is instead (``detail``)."""

    reason: str
    detail: str = ""


def probe(path: Path) -> Sound | Unusable:
    """Read the real duration and channels of any format that ffmpeg knows."""
    import av

    if path.stat().st_size == 0:
        return Unusable("empty", describe(path))
    try:
        with opened(path) as container:
            if not container.streams.audio:
                return _no_audio(path, has_streams=bool(container.streams.video))
            stream = container.streams.audio[0]
            if stream.codec_context is None:
                return Unusable("not_audio", describe(path))
            duration = _declared(container, stream)
            channels = stream.codec_context.channels
            containers = tuple(container.format.name.split(","))
            problem = _problem(container, stream)
            if problem is not None:
                return Unusable(problem, describe(path))
        if duration is None:
            with opened(path) as container:
                duration = _demuxed(container, container.streams.audio[0])
    except (av.FFmpegError, ValueError):
        return Unusable("not_audio", describe(path))
    if duration < SHORTEST:
        return Unusable("too_short")
    if duration > LONGEST:
        return Unusable("too_long")
    return Sound(duration, channels, containers)


def opened(path: Path) -> InputContainer:
    """Open a file for reading, and never another one that it names."""
    import av

    return av.open(os.fspath(path), options=_ONLY_THIS_FILE, metadata_errors="replace")


def _no_audio(path: Path, *, has_streams: bool) -> Unusable:
    kind = describe(path)
    if has_streams and not kind.startswith("image/"):
        return Unusable("no_audio_stream", kind)
    return Unusable("not_audio", kind)


def _declared(container: InputContainer, stream: AudioStream) -> int | None:
    """Return the milliseconds that the header promises, where such a promise can be relied on."""
    if stream.duration is None or stream.time_base is None or container.format.name in _UNRELIABLE:
        return None
    return round(stream.duration * stream.time_base * 1000)


def _problem(container: InputContainer, stream: AudioStream) -> str | None:
    """Return why nothing can be heard, None if something can: there is nothing, or it cannot be decoded."""
    import av

    problem = "empty"
    for number, packet in enumerate(container.demux(stream)):
        problem = "not_audio" if packet.size else problem
        try:
            if packet.decode():
                return None
        except av.FFmpegError:
            pass
        if number >= 50:
            break
    return problem


def _demuxed(container: InputContainer, stream: AudioStream) -> int:
    """Add up the packets: the truth for files whose header has no duration, or a wrong one."""
    import av

    total = 0
    first = last = None
    try:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            total += packet.duration or 0
            if packet.pts is not None:
                first = packet.pts if first is None else min(first, packet.pts)
                last = packet.pts if last is None else max(last, packet.pts)
    except av.FFmpegError:
        pass  # a truncated file ends in a broken packet; what came before it counts
    ticks = total if total or first is None or last is None else last - first
    return round(ticks * (stream.time_base or 0) * 1000)


_MAGIC = (
    (b"%PDF-", "application/pdf", "PDF document"),
    (b"PK\x03\x04", "application/zip", "Zip archive data"),
    (b"\x1f\x8b", "application/gzip", "gzip compressed data"),
    (b"\x89PNG\r\n", "image/png", "PNG image data"),
    (b"\xff\xd8\xff", "image/jpeg", "JPEG image data"),
    (b"GIF8", "image/gif", "GIF image data"),
    (b"ID3", "audio/mpeg", "Audio file with ID3"),
    (b"RIFF", "audio/x-wav", "RIFF (little-endian) data"),
    (b"OggS", "application/ogg", "Ogg data"),
    (b"fLaC", "audio/flac", "FLAC audio bitstream data"),
    (b"\x1aE\xdf\xa3", "video/webm", "WebM"),
    (b"0&\xb2u\x8ef\xcf\x11", "video/x-ms-asf", "Microsoft ASF"),
)
_IMAGES = {b"heic": "heic", b"heix": "heic", b"mif1": "heif", b"avif": "avif"}
"""The types of the images that are in the container of videos, by its brands."""


def describe(path: Path) -> str:
    """Name what a file is, like ``text/html (HTML document, ASCII text)``."""
    with path.open("rb") as file:
        head = file.read(65536)
    if not head:
        return "inode/x-empty (empty)"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp (RIFF (little-endian) data, Web/P image)"
    for magic, mime, name in _MAGIC:
        if head.startswith(magic):
            return f"{mime} ({name})"
    if head[4:8] == b"ftyp":
        image = _IMAGES.get(head[8:12])
        return f"image/{image} (ISO Media)" if image else "video/mp4 (ISO Media)"
    return _describe_text(head)


def _describe_text(head: bytes) -> str:
    if b"\0" in head:
        return "application/octet-stream (data)"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "application/octet-stream (data)"
    charset = "ASCII text" if head.isascii() else "UTF-8 Unicode text"
    longest = max(map(len, head.split(b"\n")))
    if longest > 300:
        charset += f", with very long lines ({longest})"
    start = head[:1024].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start:
        return f"text/html (HTML document, {charset})"
    if start.startswith((b"{", b"[")):
        return "application/json (JSON data)"
    if start.startswith(b"<?xml"):
        return f"text/xml (XML 1.0 document, {charset})"
    return f"text/plain ({charset})"
