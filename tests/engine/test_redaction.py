"""What is within the spans cannot be heard any more, and everything else is as it was; and how much is speech at all."""

from __future__ import annotations

import math
import random
import resource
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine.sound import UndecodableError, redact, speech_share
from tests.engine.test_media import FORMATS
from tests.sounds import encode, wav

FIXTURES = Path(__file__).parents[2] / "fixtures/audio"
LOUD = 7000
EDGE = 60
"""Milliseconds around the edge of a span at which a compressed format is not looked at."""


@dataclass
class Heard:
    samples: array[int]
    rate: int
    channels: int

    @property
    def duration(self) -> float:
        return len(self.samples) / self.channels / self.rate * 1000

    def between(self, start: int, end: int) -> array[int]:
        return self.samples[start * self.rate // 1000 * self.channels : end * self.rate // 1000 * self.channels]

    def peak(self, start: int, end: int) -> int:
        samples = self.between(start, end)
        return max(max(samples), -min(samples))

    def level(self, hertz: int, start: int, end: int) -> float:
        """Return the amplitude of a frequency."""
        samples = self.between(start, end)[:: self.channels]
        turn = 2 * math.pi * hertz / self.rate
        real = sum(sample * math.cos(turn * moment) for moment, sample in enumerate(samples))
        imaginary = sum(sample * math.sin(turn * moment) for moment, sample in enumerate(samples))
        return 2 * math.hypot(real, imaginary) / len(samples)


def listen(path: Path) -> Heard:
    samples, rate, channels = array("h"), 0, 0
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate, channels = stream.rate, stream.channels
        resampler = av.AudioResampler("s16", "mono" if channels == 1 else "stereo", rate)
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in (piece for whole in frames for piece in resampler.resample(whole)):
                samples.frombytes(bytes(frame.planes[0])[: frame.samples * channels * 2])
    return Heard(samples, rate, channels)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def redacted(source: Path | None, spans: list[tuple[int, int]], form: str = "wav", **how: Any) -> Path:
    target = (source.parent if source else how.pop("folder")) / f"redacted.{form}"
    options: dict[str, Any] = {"method": "silence", "duration": 2000, "channels": 1}
    redact(source, target, spans, form=form, **(options | how))
    return target


MADE = {name: FORMATS[name] for name in ("a.wav", "a.mp3", "a.m4a", "a.ogg", "a.mp4", "a.flac", "a.webm")}


@pytest.mark.parametrize("form", ["wav", "mp3"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name", MADE)
def test_only_the_spans_are_silent_in_a_copy_of(name: str, channels: int, form: str, tmp_path: Path) -> None:
    codec, options = MADE[name]
    source = encode(tmp_path / name, codec, channels=channels, **options)
    heard = listen(redacted(source, [(500, 800), (1200, 1500)], form))
    assert heard.channels == channels
    assert heard.duration == pytest.approx(listen(source).duration, abs=60)
    if form == "wav":
        assert heard.peak(500, 800) == heard.peak(1200, 1500) == 0
    for start, end in [(500, 800), (1200, 1500)]:
        assert heard.peak(start + EDGE, end - EDGE) < 50
        assert heard.peak(start - 30 - 20, start - 30) > LOUD
        assert heard.peak(end + 30, end + 30 + 20) > LOUD
    assert heard.level(440, 900, 1100) == pytest.approx(8000, rel=0.1)


@pytest.mark.parametrize("form", ["wav", "mp3"])
@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 44_100, 48_000])
def test_a_beep_has_1000_hertz_and_nothing_else(rate: int, form: str, tmp_path: Path) -> None:
    source = write(tmp_path / "a.wav", wav(1.5, rate=rate))
    heard = listen(redacted(source, [(500, 1000)], form, method="beep"))
    assert heard.rate == rate
    assert heard.level(1000, 600, 900) == pytest.approx(6500, rel=0.05)
    assert heard.level(440, 600, 900) < 50
    assert heard.level(1000, 100, 400) < 50
    assert heard.level(440, 100, 400) == pytest.approx(8000, rel=0.1)


def test_a_beep_holds_no_trace_of_what_it_covers(tmp_path: Path) -> None:
    tone = write(tmp_path / "tone.wav", wav(1, channels=2, rate=11_025))
    covered = listen(redacted(tone, [(200, 700)], method="beep")).between(200, 700)
    nothing = write(tmp_path / "nothing.wav", wav(0, channels=2, rate=11_025, declared=44_100) + bytes(44_100))
    assert covered == listen(redacted(nothing, [(200, 700)], method="beep")).between(200, 700)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("method", ["silence", "beep"])
def test_a_wav_is_the_same_to_the_sample_outside_the_spans(method: str, channels: int, tmp_path: Path) -> None:
    source = write(tmp_path / "a.wav", wav(1, channels=channels, rate=22_050))
    before, after = listen(source), listen(redacted(source, [(333, 444)], method=method))
    assert after.between(0, 333) == before.between(0, 333)
    edge = -(-444 * 22_050 // 1000) * channels
    assert after.samples[edge:] == before.samples[edge:]
    assert after.samples[edge - channels] != before.samples[edge - channels]


def test_without_spans_a_wav_is_copied(tmp_path: Path) -> None:
    source = write(tmp_path / "a.wav", wav(1, channels=2))
    assert redacted(source, []).read_bytes() == source.read_bytes()


@pytest.mark.parametrize("spans", [[(0, 2000)], [(-5, 10**9)], [(1000, 3000), (0, 1500)], [(0, 999), (999, 2000)]])
def test_spans_over_everything_leave_nothing(spans: list[tuple[int, int]], tmp_path: Path) -> None:
    heard = listen(redacted(write(tmp_path / "a.wav", wav(2)), spans))
    assert heard.duration == 2000
    assert not any(heard.samples)


@pytest.mark.parametrize("spans", [[(2000, 3000)], [(10**9, 10**10)], [(500, 500)], [(700, 600)], [(-10, 0)]])
def test_spans_outside_of_the_audio_and_empty_ones_do_nothing(spans: list[tuple[int, int]], tmp_path: Path) -> None:
    source = write(tmp_path / "a.wav", wav(2))
    assert listen(redacted(source, spans)) == listen(source)


times = st.integers(-100, 500)


@settings(max_examples=60)
@given(spans=st.lists(st.tuples(times, times), max_size=6), channels=st.sampled_from([1, 2]))
def test_a_sample_is_silent_if_and_only_if_a_span_covers_it(spans: list[tuple[int, int]], channels: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = write(Path(folder) / "a.wav", wav(0.3, channels=channels))
        after = listen(redacted(source, spans)).samples
        before = listen(source).samples
    ranges = [(start * 8, end * 8) for start, end in spans]
    for place, (old, new) in enumerate(zip(before, after, strict=True)):
        covered = any(start <= place // channels < end for start, end in ranges)
        assert new == (0 if covered else old)


@pytest.mark.parametrize("form", ["wav", "mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_audio_that_is_only_pretended_is_silent_apart_from_beeps(channels: int, form: str, tmp_path: Path) -> None:
    how: dict[str, Any] = {"folder": tmp_path, "duration": 1234, "channels": channels}
    heard = listen(redacted(None, [(200, 600)], form, method="beep", **how))
    assert heard.channels == channels
    assert heard.duration == pytest.approx(1234, abs=1)
    assert heard.level(1000, 300, 500) == pytest.approx(6500, rel=0.05)
    assert heard.peak(0, 100) < 50
    assert heard.peak(700, 1200) < 50
    assert listen(redacted(None, [(200, 600)], form, **how)).peak(0, 1200) == 0


@pytest.mark.parametrize(
    ("codec", "channels"),
    [("pcm_u8", 1), ("pcm_u8", 2), ("pcm_s24le", 2), ("pcm_f32le", 1), ("pcm_mulaw", 1)],
)
def test_samples_of_any_width_become_16_bit(codec: str, channels: int, tmp_path: Path) -> None:
    source = encode(tmp_path / "a.wav", codec, seconds=1, channels=channels)
    heard = listen(redacted(source, [(300, 600)]))
    assert heard.duration == 1000
    assert heard.peak(300, 600) == 0
    assert heard.level(440, 700, 900) == pytest.approx(8000, rel=0.02)


@pytest.mark.parametrize("channels", [3, 6, 8])
def test_many_channels_become_two(channels: int, tmp_path: Path) -> None:
    heard = listen(redacted(write(tmp_path / "a.wav", wav(1, channels=channels)), [(300, 600)]))
    assert (heard.channels, heard.duration, heard.peak(300, 600)) == (2, 1000, 0)
    assert heard.level(440, 700, 900) > 2000


@pytest.mark.parametrize(("rate", "written"), [(6000, 8000), (44_101, 48_000), (96_000, 48_000)])
def test_rates_that_mp3_does_not_know_are_converted(rate: int, written: int, tmp_path: Path) -> None:
    heard = listen(redacted(write(tmp_path / "a.wav", wav(1, rate=rate)), [(300, 600)], "mp3"))
    assert heard.rate == written
    assert heard.duration == pytest.approx(1000, abs=60)
    assert heard.peak(300 + EDGE, 600 - EDGE) < 50
    assert heard.level(440, 700, 900) == pytest.approx(8000, rel=0.1)


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.m4a", "a.aac", "a.ogg", "a.flac", "a.webm"])
def test_what_is_left_of_a_truncated_file_is_redacted(name: str, tmp_path: Path) -> None:
    codec, options = FORMATS[name]
    if name == "a.m4a":
        options = {"options": {"movflags": "faststart"}}
    source = encode(tmp_path / name, codec, seconds=4, **options)
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 2 // 3])
    heard = listen(redacted(source, [(500, 1000)]))
    assert 1500 < heard.duration < 3500
    assert heard.peak(500, 1000) == 0
    assert heard.peak(1000, 1100) > LOUD


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.m4a", "a.ogg", "a.flac", "a.webm"])
def test_damage_in_the_middle_moves_nothing_that_comes_after_it(name: str, tmp_path: Path) -> None:
    codec, options = FORMATS[name]
    source = encode(tmp_path / name, codec, seconds=6, **options)
    intact = listen(source).duration
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = random.Random(3).randbytes(200)
    source.write_bytes(content)
    heard = listen(redacted(source, [(5200, 5500)]))
    assert heard.duration == pytest.approx(intact, abs=60)
    assert heard.peak(5200, 5500) == 0
    assert heard.peak(5550, 5800) > LOUD
    assert heard.peak(100, 2000) > LOUD


def test_sound_that_changes_its_rate_on_the_way_is_heard_to_the_end(tmp_path: Path) -> None:
    parts = [encode(tmp_path / f"{rate}.mp3", "libmp3lame", seconds=1, rate=rate) for rate in (16_000, 24_000)]
    source = write(tmp_path / "a.mp3", b"".join(part.read_bytes() for part in parts))
    assert listen(redacted(source, [])).duration == pytest.approx(2000, abs=250)


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_the_same_input_gives_the_same_bytes(form: str, tmp_path: Path) -> None:
    source = encode(tmp_path / "a.m4a", "aac")
    first = redacted(source, [(500, 800)], form, method="beep").read_bytes()
    assert redacted(source, [(500, 800)], form, method="beep").read_bytes() == first
    assert b"Lavf6" not in first


def test_a_wav_of_more_than_4_gb_says_its_size_in_64_bits(tmp_path: Path) -> None:
    source = write(tmp_path / "a.wav", wav(1, channels=2))
    large = redacted(source, [(300, 600)], duration=40 * 3600 * 1000)
    assert large.read_bytes().startswith(b"RF64")
    assert listen(large) == listen(redacted(source, [(300, 600)]))


@pytest.mark.parametrize("content", [b"", b"just words", random.Random(1).randbytes(5000), b"RIFF\0\0\0\0WAVE"])
def test_what_is_not_audio_is_refused_and_leaves_nothing_behind(content: bytes, tmp_path: Path) -> None:
    source = write(tmp_path / "file", content)
    with pytest.raises(UndecodableError):
        redacted(source, [(0, 100)])
    with pytest.raises(UndecodableError):
        speech_share(source)
    assert list(tmp_path.iterdir()) == [source]


def test_a_source_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        redacted(tmp_path / "gone.wav", [])
    with pytest.raises(FileNotFoundError):
        speech_share(tmp_path / "gone.wav")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def nearly_full_disk() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("form", ["wav", "mp3"])
@pytest.mark.usefixtures("nearly_full_disk")
def test_a_full_disk_leaves_the_old_copy_and_no_new_one(form: str, tmp_path: Path) -> None:
    old = write(tmp_path / f"redacted.{form}", b"the old copy")
    with pytest.raises(OSError, match="File too large"):
        redacted(None, [], form, folder=tmp_path, duration=60_000)
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_bytes() == b"the old copy"


def noisy(pieces: list[tuple[float, int]]) -> bytes:
    """Return a WAV of tones, each of some seconds and some amplitude, with noise of a hundredth of the full scale."""
    chance = random.Random(7)
    values = array("h")
    for seconds, amplitude in pieces:
        for moment in range(round(seconds * 8000)):
            values.append(round(amplitude * math.sin(moment / 3)) + chance.randint(-327, 327))
    return wav(0, declared=len(values) * 2) + values.tobytes()


def test_silence_holds_no_speech() -> None:
    assert speech_share(FIXTURES / "silence.wav") == 0


def test_a_conversation_is_mostly_speech() -> None:
    assert 0.6 < speech_share(FIXTURES / "hello.wav") <= 1


@pytest.mark.parametrize("name", MADE)
def test_a_tone_is_sound_from_start_to_end_in(name: str, tmp_path: Path) -> None:
    codec, options = MADE[name]
    assert speech_share(encode(tmp_path / name, codec, channels=2, **options)) > 0.95


def test_silence_between_words_counts_as_speech_but_longer_silence_does_not(tmp_path: Path) -> None:
    source = write(tmp_path / "a.wav", wav(3))
    assert speech_share(redacted(source, [(1000, 1200)])) > 0.95
    assert speech_share(redacted(source, [(1000, 2000)])) == pytest.approx(2 / 3, abs=0.02)
    assert speech_share(redacted(source, [(0, 3000)])) == 0


def test_constant_noise_is_told_from_speech(tmp_path: Path) -> None:
    source = write(tmp_path / "a.wav", noisy([(1, 0), (1, 9000), (2, 0)]))
    assert speech_share(source) == pytest.approx(1 / 4, abs=0.03)
