"""Streams of audio: recordings are recognised by their sound, and words come when the audio has passed them."""

from __future__ import annotations

import io
import math
import random
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine import Engine
from mockserver.engine.sound import mono
from mockserver.engine.streaming.hearing import Ended, Endpointing, Event, Hearing, Paused, Said, Silent
from mockserver.engine.streaming.intake import ENCODINGS, Intake, UndecodableFrameError, intake_of
from mockserver.engine.streaming.levels import likeness, threshold_of, to_mulaw
from mockserver.engine.streaming.recordings import Recordings
from mockserver.engine.streaming.speech import Listener, Speech
from mockserver.engine.streaming.voices import Spoken
from mockserver.engine.transcripts import UntimedTurn, UntimedWord
from mockserver.settings import Settings

FIXTURES = Path(__file__).parents[2] / "fixtures"
AUDIO = FIXTURES / "audio"
RECORDINGS = ["hello.wav", "support-call.mp3", "voicemail.m4a", "weather.ogg", "stereo-call.wav", "product-demo.mp4"]
RATE = 16_000
PATIENT = Endpointing(400, 1280, 0.4, threshold_of(0.4))
HASTY = Endpointing(100, 1000, 0.5, threshold_of(0.3), longest=60_000)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine(Settings.load())
    made.speech.load()
    yield made
    made.close()


@cache
def pcm(name: str, rate: int = RATE) -> bytes:
    return b"".join(mono(AUDIO / name, rate))


def silence(seconds: float, rate: int = RATE) -> bytes:
    return bytes(2 * round(seconds * rate))


def tone(seconds: float, rate: int = RATE) -> bytes:
    turn = 2 * math.pi * 330 / rate
    return array("h", (round(9000 * math.sin(turn * n)) for n in range(round(seconds * rate)))).tobytes()


def frames(audio: bytes, size: int) -> Iterator[bytes]:
    return (audio[at : at + size] for at in range(0, len(audio), size))


class Stream:
    """A stream that is answered as a session would be."""

    def __init__(
        self,
        engine: Engine,
        rules: Endpointing = PATIENT,
        intake: Intake | None = None,
        params: dict[str, str] | None = None,
    ) -> None:
        account = engine.keys.account("test-key")
        assert account is not None
        self.speech: Speech = engine.speech
        self.listener = Listener(account, params or {}, None, "session")
        self.hearing = Hearing(intake or intake_of("pcm_s16le", RATE), engine.speech.recordings, rules)
        self.fixtures: list[str | None] = []

    def answered(self, events: list[Event]) -> list[Event]:
        while self.hearing.ask is not None:
            speaker = self.speech.speaker(self.speech.choose(self.listener, self.hearing.ask.found))
            self.fixtures.append(speaker.fixture)
            events += self.hearing.speak(speaker.voice)
        return events

    def events(self, audio: Iterable[bytes]) -> list[Event]:
        return [event for frame in audio for event in self.answered(self.hearing.feed(frame))] + self.finished()

    def finished(self) -> list[Event]:
        events = self.answered(self.hearing.finish())
        return events + self.hearing.finish()


def finals(events: Sequence[Event]) -> list[str]:
    return [" ".join(word.text for word in event.turn.words) for event in events if isinstance(event, Ended)]


def word_of(event: Said) -> Spoken:
    return event.turn.words[event.length - 1]


def said(engine: Engine, name: str) -> list[str]:
    """Return the words of a recording as its fixture has them."""
    fixture = next(fixture for fixture in engine.fixtures if fixture.match.audio == AUDIO / name)
    assert fixture.turns is not None
    return [word.text for turn in fixture.turns for word in turn.words]


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 44_100, 48_000])
def test_a_recording_is_recognised_at_any_rate(engine: Engine, name: str, rate: int) -> None:
    stream = Stream(engine, intake=intake_of("pcm_s16le", rate))
    events = stream.events(frames(pcm(name, rate), rate // 10))
    assert " ".join(finals(events)).split() == said(engine, name)


@pytest.mark.parametrize("lead", [0.0, 0.333, 2.0])
def test_silence_before_a_recording_shifts_its_words(engine: Engine, lead: float) -> None:
    words = [word_of(event) for event in Stream(engine).events([pcm("hello.wav")]) if isinstance(event, Said)]
    later = Stream(engine).events(frames(silence(lead) + pcm("hello.wav"), 1600))
    shifted = [word_of(event) for event in later if isinstance(event, Said)]
    assert [word.text for word in shifted] == [word.text for word in words]
    for word, other in zip(words, shifted, strict=True):
        assert other.start - word.start == pytest.approx(lead * 1000, abs=12)


@given(sizes=st.lists(st.integers(1, 20_000), min_size=1, max_size=40), rules=st.sampled_from([PATIENT, HASTY]))
def test_turns_do_not_depend_on_how_the_audio_is_cut(engine: Engine, sizes: list[int], rules: Endpointing) -> None:
    audio = pcm("hello.wav") + silence(1)
    cut, at = [], 0
    for number in range(10**6):
        if at >= len(audio):
            break
        cut.append(audio[at : at + sizes[number % len(sizes)]])
        at += len(cut[-1])
    assert finals(Stream(engine, rules).events(cut)) == finals(Stream(engine, rules).events([audio]))


@given(name=st.sampled_from(RECORDINGS), rules=st.sampled_from([PATIENT, HASTY]), size=st.integers(200, 8000))
def test_every_word_comes_once_in_order_and_not_before_its_audio(
    engine: Engine, name: str, rules: Endpointing, size: int
) -> None:
    stream = Stream(engine, rules)
    heard = []
    for frame in frames(pcm(name), size):
        for event in stream.answered(stream.hearing.feed(frame)):
            if isinstance(event, Said):
                heard.append(word_of(event))
                assert heard[-1].end <= stream.hearing.heard
    heard += [word_of(event) for event in stream.finished() if isinstance(event, Said)]
    assert [word.text for word in heard] == said(engine, name)
    assert [word.end for word in heard] == sorted(word.end for word in heard)


def test_the_times_are_those_of_the_pre_recorded_transcript(engine: Engine) -> None:
    stream = Stream(engine)
    words = [
        word_of(event) for event in stream.events(frames(pcm("support-call.mp3"), 1600)) if isinstance(event, Said)
    ]
    fixture = next(each for each in engine.fixtures if each.name == "support-call")
    assert fixture.turns is not None
    assert stream.fixtures == ["support-call"]
    assert words[0].start == fixture.turns[0].start
    assert words[-1].end == fixture.turns[-1].end


def test_another_speaker_begins_another_turn(engine: Engine) -> None:
    fixture = next(each for each in engine.fixtures if each.name == "support-call")
    assert fixture.turns is not None
    events = Stream(engine).events(frames(pcm("support-call.mp3"), 1600))
    assert finals(events) == [" ".join(word.text for word in turn.words) for turn in fixture.turns]


def test_a_turn_pauses_where_it_does_not_sound_over_and_ends_where_silence_is_long(engine: Engine) -> None:
    rules = Endpointing(50, 600, 0.99, threshold_of(0.4))
    events = Stream(engine, rules).events([*frames(pcm("hello.wav"), 1600), *frames(silence(2), 1600)])
    pauses = [event for event in events if isinstance(event, Paused)]
    ends = [event for event in events if isinstance(event, Ended)]
    assert [len(event.turn.words) for event in ends] == [16]
    assert ends[0].at - ends[0].turn.end >= 600
    assert pauses


def test_no_turn_is_longer_than_it_may_be(engine: Engine) -> None:
    rules = Endpointing(400, 1280, 1.0, threshold_of(0.4), longest=3000)
    events = Stream(engine, rules).events(frames(pcm("interview.mp3"), 3200))
    turns = [event.turn for event in events if isinstance(event, Ended)]
    assert len(turns) > 30
    assert all(turn.end - turn.start <= 3000 for turn in turns)


def test_a_second_recording_in_the_same_stream_is_recognised_too(engine: Engine) -> None:
    audio = pcm("hello.wav") + silence(1.5) + pcm("voicemail.m4a") + silence(2)
    stream = Stream(engine)
    heard = " ".join(finals(stream.events(frames(audio, 1600)))).split()
    assert heard == said(engine, "hello.wav") + said(engine, "voicemail.m4a")
    assert stream.fixtures == ["hello", "voicemail"]


def test_a_beginning_that_is_too_short_to_tell_is_still_answered(engine: Engine) -> None:
    stream = Stream(engine)
    events = stream.events([pcm("hello.wav")[: RATE * 2 * 430 // 1000]])
    assert finals(events) == ["Hello"]


def test_silence_says_nothing_and_is_told_of_every_second(engine: Engine) -> None:
    events = Stream(engine).events(frames(silence(3.2), 1600))
    assert events == [Silent(0, 1000), Silent(1000, 2000), Silent(2000, 3000)]


def test_unknown_sound_is_given_words_while_it_lasts(engine: Engine) -> None:
    events = Stream(engine).events(frames(tone(4) + silence(1) + tone(3) + silence(1), 1600))
    texts = finals(events)
    assert len(texts) == 2
    assert all(len(text.split()) >= 3 and text[-1] in ".?!" for text in texts)
    assert texts == finals(Stream(engine).events(frames(tone(4) + silence(1) + tone(3) + silence(1), 1600)))
    quiet = [event.at for event in events if isinstance(event, Said) and 4600 < event.at < 5000]
    assert not quiet


def _lines(*texts: str) -> tuple[UntimedTurn, ...]:
    return tuple(UntimedTurn(tuple(map(UntimedWord, text.split()))) for text in texts)


def test_each_burst_of_sound_brings_the_next_line_of_a_script(engine: Engine) -> None:
    from mockserver.engine.streaming.voices import script

    voice = script(_lines("One two three.", "Four five", "Six."), language="en", seed="")
    hearing = Hearing(intake_of("pcm_s16le", RATE), Recordings(), PATIENT)
    audio = silence(1) + b"".join(tone(length) + silence(1) for length in (0.2, 3, 0.1, 1))
    events = hearing.feed(audio[:3200])
    assert hearing.ask is not None
    events += hearing.speak(voice)
    for frame in frames(audio[3200:], 1600):
        events += hearing.feed(frame)
    assert finals(events) == ["One two three.", "Four five", "Six."]
    assert [event.turn.start >= 1000 for event in events if isinstance(event, Ended)] == [True] * 3


def test_a_forced_end_takes_the_rest_of_a_line_with_it(engine: Engine) -> None:
    from mockserver.engine.streaming.voices import script

    hearing = Hearing(intake_of("pcm_s16le", RATE), Recordings(), PATIENT)
    hearing.feed(tone(0.1))
    hearing.speak(script(_lines("A line of some length that has many words.", "Next."), language="en", seed=""))
    hearing.feed(tone(1))
    assert finals(hearing.force()) == ["A line of some length that has many words."]
    assert hearing.force() == []


def test_words_can_be_put_into_a_stream_by_hand(engine: Engine) -> None:
    hearing = Hearing(intake_of("pcm_s16le", RATE), Recordings(), PATIENT)
    hearing.say(["Half", "a"], is_over=False)
    assert finals(hearing.say(["sentence."], is_over=True)) == ["Half a sentence."]


def _encoded(codec: str, form: str, audio: bytes, rate: int = 48_000) -> tuple[list[bytes], bytes]:
    """Return packets, and the file that they make up."""
    file = io.BytesIO()
    packets = []
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        resampler = av.AudioResampler(stream.codec_context.format.name, "mono", rate)
        frame = av.AudioFrame("s16", "mono", len(audio) // 2)
        frame.planes[0].update(audio)
        frame.sample_rate = rate
        for even in [*resampler.resample(frame), None]:
            for packet in stream.encode(even):
                packets.append(bytes(packet))
                container.mux(packet)
    return packets, file.getvalue()


@pytest.mark.parametrize("encoding", [each for each in ENCODINGS if each != "pcm_s16le"])
def test_every_encoding_is_heard(engine: Engine, encoding: str) -> None:
    sent: Iterable[bytes]
    if encoding == "pcm_mulaw":
        sent = frames(to_mulaw(pcm("voicemail.m4a", 8000), 2), 400)
    elif encoding == "opus":
        sent = _encoded("libopus", "ogg", pcm("voicemail.m4a", 48_000))[0]
    elif encoding == "ogg_opus":
        sent = frames(_encoded("libopus", "ogg", pcm("voicemail.m4a", 48_000))[1], 777)
    else:
        sent = frames(_encoded("aac", "adts", pcm("voicemail.m4a", 48_000))[1], 1000)
    stream = Stream(engine, intake=intake_of(encoding, 8000))
    assert " ".join(finals(stream.events(sent))).split() == said(engine, "voicemail.m4a")


@given(junk=st.binary(min_size=1, max_size=2000), encoding=st.sampled_from(ENCODINGS))
def test_junk_is_refused_or_heard_as_noise(junk: bytes, encoding: str) -> None:
    intake = intake_of(encoding, 16_000)
    try:
        samples = intake.samples(junk)
    except UndecodableFrameError:
        assert encoding not in ("pcm_s16le", "pcm_mulaw")
    else:
        assert len(samples) % 2 == 0


@given(size=st.integers(1, 999))
def test_samples_may_be_cut_in_half(size: int) -> None:
    intake = intake_of("pcm_s16le", 16_000)
    audio = bytes(range(256)) * 4
    assert b"".join(map(intake.samples, frames(audio, size))) == audio


@given(vad=st.floats(0, 1))
def test_likeness_turns_the_threshold_round(vad: float) -> None:
    assert likeness(threshold_of(vad)) == pytest.approx(vad, abs=0.01)


def scaled(audio: bytes, factor: float) -> bytes:
    return array("h", (round(sample * factor) for sample in array("h", audio))).tobytes()


def noisy(audio: bytes, peak: int) -> bytes:
    chance = random.Random(peak)
    return array(
        "h", (max(-(2**15), min(2**15 - 1, s + chance.randint(-peak, peak))) for s in array("h", audio))
    ).tobytes()


@pytest.mark.parametrize("factor", [0.05, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("rules", [PATIENT, HASTY], ids=["patient", "hasty"])
def test_how_loud_a_recording_is_sent_changes_no_turn(engine: Engine, factor: float, rules: Endpointing) -> None:
    audio = pcm("voicemail.m4a") + silence(2)
    turns = finals(Stream(engine, rules).events(frames(audio, 1600)))
    assert finals(Stream(engine, rules).events(frames(scaled(audio, factor), 1600))) == turns


@pytest.mark.parametrize("peak", [300, 700])
def test_the_noise_of_a_room_keeps_no_turn_open(engine: Engine, peak: int) -> None:
    audio = noisy(silence(4) + tone(2) + silence(2.5) + tone(2) + silence(2.5), peak)
    events = Stream(engine).events(frames(audio, 1600))
    ends = [event for event in events if isinstance(event, Ended)]
    assert len(ends) >= 2
    assert all(event.at < len(audio) * 1000 // (2 * RATE) - 300 for event in ends)


def test_a_click_is_no_cue(engine: Engine) -> None:
    from mockserver.engine.streaming.voices import script

    hearing = Hearing(intake_of("pcm_s16le", RATE), Recordings(), PATIENT)
    hearing.feed(silence(1))
    events = hearing.speak(script(_lines("First.", "Second."), language="en", seed=""))
    events += hearing.feed(tone(0.03) + silence(1) + tone(0.03) + silence(1))
    assert finals(events) == []
    assert finals(hearing.feed(tone(0.2) + silence(1))) == ["First."]
