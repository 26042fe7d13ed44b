"""Which audio is taken, and why other audio is not."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api
from tests.jobs.conftest import jobs_of, problem
from tests.jobs.submitting import (
    URL,
    WAV,
    Server,
    accepted,
    add_fixture,
    change,
    ended,
    look,
    name_url,
    offering,
    send,
    serving,
    words,
)
from tests.sounds import encode, wav

FORMATS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "mp3": ("mp3", {}),
    "wav": ("pcm_s16le", {}),
    "m4a": ("aac", {"container_format": "ipod"}),
    "aac": ("aac", {"container_format": "adts"}),
    "ogg": ("flac", {}),
    "opus": ("libopus", {"container_format": "ogg", "rate": 48_000}),
    "flac": ("flac", {}),
    "webm": ("libopus", {"rate": 48_000}),
    "mp4": ("aac", {"video": "mpeg4"}),
    "mov": ("aac", {"video": "mpeg4"}),
    "mkv": ("flac", {"container_format": "matroska"}),
    "avi": ("mp3", {"video": "mpeg4"}),
    "wmv": ("wmav2", {"container_format": "asf", "video": "wmv2"}),
}
UNLISTED: Mapping[str, tuple[str, dict[str, Any]]] = {
    "aiff": ("pcm_s16be", {}),
    "au": ("pcm_s16be", {}),
    "caf": ("pcm_s16le", {}),
    "w64": ("pcm_s16le", {}),
    "flv": ("mp3", {"rate": 44_100}),
    "ts": ("aac", {"container_format": "mpegts"}),
}
NOISE = bytes(range(256)) * 100


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data")) as server:
        yield server


def made(folder: Path, name: str, formats: Mapping[str, Any] = FORMATS, **more: Any) -> bytes:
    codec, options = formats[name]
    return encode(folder / f"made.{name}", codec, **options, **more).read_bytes()


def refused(place: Server, content: bytes, name: str = "call.mp3", **terms: Any) -> str:
    """Return the reason for which a file is refused."""
    api = place.account(**terms)
    said = place.refused(api, lambda: send(api, content, name), 415, "invalid_audio")
    assert list(said) == ["error", "message", "reason"]
    reason: str = said["reason"]
    return reason


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name", FORMATS)
def test_every_listed_format_is_taken(name: str, channels: int, jobs: Api, tmp_path: Path) -> None:
    for file_name in (f"call.{name}", "no extension"):
        job = look(jobs, accepted(send(jobs, made(tmp_path, name, channels=channels), file_name)))
        assert (job["status"], job["duration_seconds"]) in (("completed", 2), ("completed", 3))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name", FORMATS)
def test_silence_is_refused_in_every_format(name: str, channels: int, place: Server, tmp_path: Path) -> None:
    assert refused(place, made(tmp_path, name, channels=channels, peak=0)) == "empty_audio"


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s24le", "pcm_f32le", "pcm_f64le", "pcm_s64le", "pcm_alaw"])
def test_silence_is_silence_however_samples_are_kept(codec: str, place: Server, tmp_path: Path) -> None:
    assert refused(place, encode(tmp_path / "a.wav", codec, peak=0).read_bytes()) == "empty_audio"
    assert refused(place, encode(tmp_path / "b.wav", codec, peak=60).read_bytes()) == "empty_audio"
    api = place.account()
    accepted(send(api, encode(tmp_path / "c.wav", codec, peak=1000).read_bytes()))


def test_one_channel_that_is_heard_is_enough(jobs: Api) -> None:
    content = bytearray(wav(2, channels=2))
    for first in range(44, len(content), 4):
        content[first : first + 2] = b"\0\0"
    accepted(send(jobs, bytes(content)))


def test_a_sound_late_in_silence_is_heard(jobs: Api) -> None:
    accepted(send(jobs, wav(120, peak=0)[:-8000] + wav(0.5)[44:]))


@pytest.mark.parametrize("content", [b"", wav(0.01), wav(0)], ids=["no bytes", "a moment", "no samples"])
def test_a_file_without_a_sound_is_empty(content: bytes, place: Server) -> None:
    assert refused(place, content) == "empty_audio"


def archive() -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as zipped:
            zipped.writestr("call.wav", WAV)
        return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n",
        archive(),
        b"Just a text.\n" * 100,
        b"x",
        b"\0" * 10_000,
        NOISE,
        b"<!doctype html><html>Not found</html>",
        b'{"error": "not found"}',
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"#!AMR\n" + NOISE,
        b"FORM\0\0\0\0AIFF" + NOISE,
        b"\x89PNG\r\n\x1a\n" + NOISE,
        b"\xff\xd8\xff\xe0" + NOISE,
        b"GIF89a" + NOISE,
        b"RIFF\x24\x10\0\0WEBPVP8 " + NOISE,
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + NOISE,
        b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + NOISE,
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_recording_is_of_no_supported_format(content: bytes, place: Server) -> None:
    for name in ("call.mp3", "call.wav", "document.pdf"):
        assert refused(place, content, name) == "unsupported_format"


@pytest.mark.parametrize("name", UNLISTED)
def test_a_recording_in_another_format_is_not_supported(name: str, place: Server, tmp_path: Path) -> None:
    assert refused(place, made(tmp_path, name, UNLISTED), f"call.{name}") == "unsupported_format"
    assert refused(place, made(tmp_path, name, UNLISTED), "call.wav") == "unsupported_format"


def test_a_video_without_sound_is_not_supported(place: Server, tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv", "a.avi"):
        with av.open(str(tmp_path / name), "w") as container:
            picture: Any = container.add_stream("mpeg4", rate=5)
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
            for number in range(10):
                image = av.VideoFrame(64, 64, "yuv420p")
                image.pts, image.time_base = number, Fraction(1, 5)
                container.mux(picture.encode(image))
            container.mux(picture.encode(None))
        assert refused(place, (tmp_path / name).read_bytes(), name) == "unsupported_format"


@pytest.mark.parametrize(
    "head",
    [b"RIFF\x24\x10\0\0WAVE", b"RIFF", b"ID3\x04\0\0\0\0\0\x0a", b"fLaC", b"OggS", b"\x1aE\xdf\xa3",
     b"\0\0\0\x20ftypisom", b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\0\xaa\0b\xcel"],
)  # fmt: skip
def test_garbage_after_the_beginning_of_a_recording_cannot_be_decoded(head: bytes, place: Server) -> None:
    assert refused(place, head + NOISE) == "decode_failed"


@pytest.mark.parametrize("name", ["mp4", "mov", "m4a"])
def test_a_file_that_is_cut_before_its_index_cannot_be_decoded(name: str, place: Server, tmp_path: Path) -> None:
    content = made(tmp_path, name)
    assert refused(place, content[: content.index(b"moov")]) == "decode_failed"


def test_what_is_left_of_a_file_that_was_cut_off_is_heard(jobs: Api) -> None:
    content = (AUDIO / "interview.mp3").read_bytes()
    assert look(jobs, accepted(send(jobs, content[: len(content) // 2])))["duration_seconds"] in range(59, 64)


LONG: Mapping[str, Callable[[Path], bytes]] = {
    "wav": lambda _: wav(1801),
    "mp3": lambda _: (AUDIO / "interview.mp3").read_bytes() * 16,
    "flac": lambda folder: encode(folder / "long.flac", "flac", seconds=1801, rate=8000).read_bytes(),
}


@pytest.mark.parametrize("name", LONG)
def test_audio_may_last_as_long_as_the_plan_says(name: str, place: Server, tmp_path: Path) -> None:
    content = LONG[name](tmp_path)
    assert refused(place, content, plan="free") == "duration_exceeds_limit"
    accepted(send(place.account(plan="pro"), content))


def test_audio_may_last_just_as_long_as_the_plan_says(place: Server) -> None:
    api = place.account(plan="free")
    assert look(api, accepted(send(api, wav(1800))))["duration_seconds"] == 1800


def test_nothing_lasts_longer_than_the_longest_plan(place: Server) -> None:
    for plan in ("pro", "business"):
        assert refused(place, wav(36_001, rate=200), plan=plan) == "duration_exceeds_limit"
    accepted(send(place.account(plan="pro"), wav(36_000, rate=200)))


def test_a_header_does_not_make_audio_longer_or_shorter(place: Server) -> None:
    api = place.account(plan="free")
    for content in (wav(2, declared=3600 * 16_000), wav(2, declared=2**32 - 1), wav(2, declared=0)):
        assert look(api, accepted(send(api, content)))["duration_seconds"] == 2


def test_a_fixture_makes_long_audio_no_shorter(place: Server) -> None:
    api = place.account(plan="free")
    add_fixture(api, "match: { file_name: long.wav }\ntext: All of it.")
    said = place.refused(api, lambda: send(api, wav(1801), "long.wav"), 415, "invalid_audio")
    assert said["reason"] == "duration_exceeds_limit"
    add_fixture(api, f"match: {{ audio_url: '{URL}' }}\nduration: 1801\ntext: All of it.")
    failed = look(api, accepted(name_url(api, source_url=URL)))
    assert failed["error"]["reason"] == "duration_exceeds_limit"


@pytest.fixture(scope="module")
def fetching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data"), remote_audio="fetch", fetch_bytes=30_000_000) as server:
        yield server


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.mp3", "empty_audio"),
        ("silence.mp3", "empty_audio"),
        ("long.mp3", "duration_exceeds_limit"),
        ("page.html", "unsupported_format"),
        ("call.aiff", "unsupported_format"),
        ("broken.flac", "decode_failed"),
    ],
)
def test_a_download_fails_for_what_an_upload_is_refused_for(
    name: str, reason: str, fetching: Server, tmp_path: Path
) -> None:
    files = {
        "empty.mp3": b"",
        "silence.mp3": made(tmp_path, "mp3", peak=0),
        "long.mp3": (AUDIO / "interview.mp3").read_bytes() * 16,
        "page.html": b"<html></html>",
        "call.aiff": made(tmp_path, "aiff", UNLISTED),
        "broken.flac": b"fLaC" + NOISE,
    }
    api = fetching.account(plan="free")
    said = fetching.refused(api, lambda: send(api, files[name]), 415, "invalid_audio")
    with offering(files) as site:
        job = ended(api, accepted(name_url(api, source_url=f"{site}/{name}")))
    assert said["reason"] == reason
    assert (job["status"], job["error"]) == ("failed", said)
    assert (job["duration_seconds"], job["engine"]) == (None, None)


def test_what_is_downloaded_is_heard_like_what_is_uploaded(fetching: Server) -> None:
    api, content = fetching.account(), (AUDIO / "support-call.mp3").read_bytes()
    with offering({"call.mp3": content}) as site:
        job = ended(api, accepted(name_url(api, source_url=f"{site}/call.mp3")))
    assert job["status"] == "completed"
    assert words(api, job["job_id"]) == words(api, accepted(send(api, content)))


def test_a_download_may_not_be_there_or_be_too_large(tmp_path: Path) -> None:
    with serving(tmp_path, remote_audio="fetch", fetch_bytes=10_000) as server, offering({"a.wav": WAV}) as site:
        api = server.account()
        kept = set(server.uploads.iterdir())
        failures = {}
        for url in (f"{site}/a.wav", f"{site}/none.wav", "http://127.0.0.1:9/a.wav"):
            failures[url] = ended(api, accepted(name_url(api, source_url=url)))["error"]["error"]
        assert list(failures.values()) == ["payload_too_large", *["source_unavailable"] * 2]
        assert set(server.uploads.iterdir()) == kept


def test_a_download_may_be_as_large_as_the_plan_says(fetching: Server) -> None:
    """A file in its own URL is as large as the body; one of 100 MB is downloaded in test_plans."""
    api = fetching.account()
    with offering({"a.wav": wav(1000)}) as site:
        assert ended(api, accepted(name_url(api, source_url=f"{site}/a.wav")))["status"] == "completed"


def test_with_a_quirk_audio_is_looked_at_later(tmp_path: Path) -> None:
    with serving(tmp_path / "data", quirks="invalid_audio_later") as server:
        api = server.account(plan="free")
        reasons = {}
        for name, content in {
            "empty": b"",
            "silent": wav(2, peak=0),
            "long": wav(1801),
            "aiff": made(tmp_path, "aiff", UNLISTED),
            "text": b"no audio",
            "broken": b"fLaC" + NOISE,
        }.items():
            job = look(api, accepted(send(api, content)))
            assert (job["status"], job["error"]["error"]) == ("failed", "invalid_audio")
            reasons[name] = job["error"]["reason"]
        assert reasons == {
            "empty": "empty_audio",
            "silent": "empty_audio",
            "long": "duration_exceeds_limit",
            "aiff": "unsupported_format",
            "text": "unsupported_format",
            "broken": "decode_failed",
        }
        add_fixture(api, "match: { file_name: known.mp3 }\ntext: All the same.")
        assert words(api, accepted(send(api, b"no audio", "known.mp3"))) == ["All", "the", "same."]


def test_with_a_quirk_silence_is_transcribed(tmp_path: Path) -> None:
    with serving(tmp_path, quirks="silence_completes") as server:
        api = server.account()
        job = accepted(send(api, (AUDIO / "silence.wav").read_bytes()))
        assert words(api, job) == []
        assert look(api, job)["status"] == "completed"
        assert look(api, accepted(send(api, wav(2, peak=0))))["status"] == "completed"
        said = server.refused(api, lambda: send(api, b""), 415, "invalid_audio")
        assert said["reason"] == "empty_audio"


def test_with_a_quirk_a_file_that_is_too_large_is_of_no_supported_format(tmp_path: Path) -> None:
    with serving(tmp_path, quirks="oversize_415", upload_bytes=10_000) as server:
        assert refused(server, WAV) == "unsupported_format"


@pytest.mark.parametrize(
    ("quirks", "status", "engine"),
    [
        ("", "completed", "whisper_large_v3"),
        ("whisper_fallback_label", "completed", "whisper_fallback"),
        ("whisper_only", "failed", None),
    ],
)
def test_a_broken_engine_is_replaced_where_there_is_another(quirks: str, status: str, engine: str | None) -> None:
    with MockServer(quirks=quirks) as mock:
        api = jobs_of(mock.url)
        usual = look(api, accepted(send(api)))
        assert usual["engine"] == ("whisper_large_v3" if quirks == "whisper_only" else "assemblyai_universal_3")
        broken = api.http.post("/jobs", files={"file": WAV}, headers={"X-Mock-Fault": "transient_error"})
        by_url = name_url(api, source_url=f"{URL}?mock-fault=transient_error")
        for job in (look(api, accepted(reply)) for reply in (broken, by_url)):
            assert (job["status"], job["engine"]) == (status, engine)
            assert (job["error"] or {}).get("error") == (None if status == "completed" else "transient_error")
        change(api, plan="business")
        assert look(api, accepted(send(api)))["status"] == "completed"


def test_silence_is_not_kept_while_it_is_listened_to_and_a_reset_meanwhile_does_no_harm(tmp_path: Path) -> None:
    with serving(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        api, silence = server.account(), wav(1200, peak=0)
        asked, kept = pool.submit(send, api, silence), set()
        while not asked.done():
            api.control.post("/reset").raise_for_status()
            kept |= {file.name for file in server.uploads.iterdir() if file.suffix != ".part"}
        assert problem(asked.result()) == (415, "invalid_audio")
        assert kept == set()
