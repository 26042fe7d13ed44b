"""What is heard: the words of the pre-recorded API, in one reply."""

from __future__ import annotations

import uuid
from hashlib import sha256
from typing import Any

import av
import pytest

from mockserver.embed import MockServer
from mockserver.engine.wave import Wave, wave_head
from tests.conftest import AUDIO
from tests.sounds import wav
from tests.sync.conftest import BUFFERED, HELLO, LIVE, PCM, SAMPLES, Sync, problem, sync_of, tone

TEXT = "Hello and welcome. This is a short recording that was made for testing a transcription server."
CLIP = wav(3)


def converted(rate: int, channels: int) -> bytes:
    """Return the samples of the recording at another rate."""
    resampler = av.AudioResampler("s16", "mono" if channels == 1 else "stereo", rate)
    with av.open(str(AUDIO / "hello.wav")) as container:
        frames = [each for frame in container.decode(audio=0) for each in resampler.resample(frame)]
    frames += resampler.resample(None)
    return b"".join(bytes(frame.planes[0])[: frame.samples * channels * 2] for frame in frames)


def saying(text: str, /, **match: Any) -> dict[str, Any]:
    return {"name": text[:20], "match": match, "text": text}


@pytest.mark.parametrize("path", [*BUFFERED, *LIVE])
def test_a_recording_that_is_known_says_its_words(path: str, sync: Sync) -> None:
    assert sync.heard(config={}, path=path)["text"] == TEXT


def test_a_reply_has_its_members_in_their_order(sync: Sync) -> None:
    found = sync.heard()
    assert list(found) == ["text", "words", "confidence", "audio_duration_ms", "session_id", "request_time_ms"]
    assert {tuple(word) for word in found["words"]} == {("text", "confidence")}
    assert (found["audio_duration_ms"], str(uuid.UUID(found["session_id"]))) == (7505, found["session_id"])
    assert type(found["audio_duration_ms"]) is int
    assert 0 < found["request_time_ms"] < 60_000
    assert type(found["request_time_ms"]) is float


def test_words_have_times_if_they_are_asked_for(sync: Sync) -> None:
    timed = sync.heard(config={"timestamps": True})["words"]
    assert {tuple(word) for word in timed} == {("text", "confidence", "start", "end")}
    assert all(0 <= word["start"] <= word["end"] <= 7505 for word in timed)
    plain = sync.heard(config={"timestamps": False})["words"]
    assert plain == [{name: word[name] for name in ("text", "confidence")} for word in timed]


@pytest.mark.parametrize(
    "content", [HELLO, (AUDIO / "stereo-call.wav").read_bytes(), CLIP, wav(5, channels=2, rate=22_050)]
)
def test_the_same_audio_says_the_same_as_with_the_pre_recorded_api(content: bytes, sync: Sync) -> None:
    found = sync.heard(content, {"timestamps": True})
    job = sync.api.get(sync.api.send(content, "clip.wav"))
    assert (found["text"], found["confidence"]) == (job["text"], job["confidence"])
    assert [tuple(word.values()) for word in found["words"]] == [
        (word["text"], word["confidence"], word["start"], word["end"]) for word in job["words"]
    ]


def test_samples_without_a_head_are_the_recording_that_they_are_of(sync: Sync) -> None:
    found, whole = sync.heard(SAMPLES, PCM, kind="audio/pcm"), sync.heard()
    assert [found[name] for name in ("text", "words", "audio_duration_ms")] == [
        whole[name] for name in ("text", "words", "audio_duration_ms")
    ]


def timed(found: dict[str, Any]) -> list[tuple[str, int]]:
    return [(word["text"], word["start"]) for word in found["words"]]


@pytest.mark.parametrize("rate", [8000, 22_050, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_recording_is_known_by_its_sound_at_any_rate(rate: int, channels: int, sync: Sync) -> None:
    config = {"sample_rate": rate, "channels": channels, "timestamps": True}
    found = sync.heard(converted(rate, channels), config, kind="audio/pcm")
    assert timed(found) == timed(sync.heard(config={"timestamps": True}))
    assert abs(found["audio_duration_ms"] - 7505) <= 60
    assert sync.last()["fixture"] == "hello"


def test_a_part_of_a_recording_has_the_words_of_that_part(sync: Sync) -> None:
    whole = timed(sync.heard(config={"timestamps": True}))
    config = {**PCM, "timestamps": True}
    half = sync.heard(SAMPLES[: 32 * 3500], config, kind="audio/pcm")
    assert timed(half) == [(text, start) for text, start in whole if start < 3500]
    assert half["audio_duration_ms"] == 3500
    late = sync.heard(bytes(32 * 1000) + SAMPLES, config, kind="audio/pcm")
    assert [text for text, _ in timed(late)] == [text for text, _ in whole]
    assert all(abs(after - before - 1000) <= 60 for (_, after), (_, before) in zip(timed(late), whole, strict=True))


def test_a_fixture_for_those_very_bytes_comes_before_the_sound(sync: Sync) -> None:
    content = wave_head(Wave(1, 1, 16_000, 16, 32 * 3500)) + SAMPLES[: 32 * 3500]
    assert sync.heard(content)["text"].startswith("Hello and welcome.")
    sync.add(saying("For these bytes.", audio_sha256=sha256(content).hexdigest()))
    assert sync.heard(content)["text"] == "For these bytes."


def test_without_a_fixture_a_conversation_is_invented_always_the_same(sync: Sync) -> None:
    first, second = (sync.heard(tone(8), PCM, kind="audio/pcm") for _ in range(2))
    assert first["text"]
    assert [first[name] for name in ("text", "words")] == [second[name] for name in ("text", "words")]
    assert first["session_id"] != second["session_id"]


@pytest.mark.parametrize("language", ["es", ["es"], ["es", "en"]])
def test_a_conversation_is_invented_in_the_language_that_is_asked_for(language: Any, sync: Sync) -> None:
    spanish = sync.heard(CLIP, {"language_codes": language})["text"]
    assert spanish == sync.heard(CLIP, {"language_code": "es"})["text"]
    assert spanish != sync.heard(CLIP)["text"]
    assert sync.heard(CLIP, {"language_codes": language, "prompt": "Listen."})["text"] == sync.heard(CLIP)["text"]


def test_silence_says_nothing(sync: Sync) -> None:
    found = sync.heard((AUDIO / "silence.wav").read_bytes())
    assert (found["text"], found["words"], found["confidence"]) == ("", [], 0.0)


def test_two_runs_get_the_same_sessions() -> None:
    sessions = []
    for _ in range(2):
        with MockServer() as mock:
            own, other = sync_of(mock, "one"), sync_of(mock, "two")
            sessions.append([each.heard()["session_id"] for each in (own, other, own)])
    assert sessions[0] == sessions[1]
    assert len(set(sessions[0])) == 3


def test_a_session_is_found_in_the_journal(sync: Sync) -> None:
    assert sync.heard()["session_id"] == sync.last()["request_id"]
    assert sync.last()["fixture"] == "hello"


def test_a_fixture_is_chosen_by_what_is_asked(sync: Sync) -> None:
    sync.add(saying("The default."))
    sync.add(saying("In French.", language="fr"))
    sync.add(saying("With a prompt.", params={"prompt": "Listen."}))
    sync.add(saying("With the old model.", params={"model": "u3-sync-pro"}))
    sync.add(saying("By its name.", file_name="named-*.wav"))
    assert sync.heard(CLIP)["text"] == "The default."
    assert sync.heard(CLIP, {"language_codes": ["fr"]})["text"] == "In French."
    assert sync.heard(CLIP, {"prompt": "Listen."})["text"] == "With a prompt."
    assert sync.heard(CLIP, headers={"X-AAI-Model": "u3-sync-pro"})["text"] == "With the old model."
    assert sync.heard(CLIP, name="named-1.wav")["text"] == "By its name."


def test_a_fixture_is_chosen_by_the_key(server: MockServer, sync: Sync) -> None:
    sync.control.post("/fixtures", json=saying("For this key.", api_key=f"{sync.api.key[:12]}*"))
    assert sync.heard(CLIP)["text"] == "For this key."
    assert sync_of(server).heard(CLIP)["text"] != "For this key."


def test_a_fixture_is_used_up(sync: Sync) -> None:
    sync.add(saying("Twice.", file_name="clip.wav"), uses=2)
    refused = sync.offer(b"RIFF", name="clip.wav")
    assert refused.status_code == 400
    texts = [sync.heard(CLIP)["text"] for _ in range(3)]
    assert texts[:2] == ["Twice.", "Twice."]
    assert texts[2] != "Twice."
    assert sync.control.get("/fixtures").json()["fixtures"] == []


def test_terms_are_written_as_they_are_given(sync: Sync) -> None:
    sync.add(saying("Um, ask assembly ai about universal."))
    assert sync.heard(CLIP)["text"] == "Ask assembly ai about universal."
    for field in ("keyterms_prompt", "word_boost"):
        heard = sync.heard(CLIP, {field: [" Assembly AI ", "", "UNIVERSAL"]})["text"]
        assert heard == "Ask Assembly AI about UNIVERSAL."


@pytest.mark.parametrize(
    ("outcome", "refusal"),
    [
        ({"error": "The tape broke."}, (500, "Inference Error", "The tape broke.")),
        ({"reason": "server_error"}, (500, "Inference Error", "inference failed")),
        ({"reason": "too_long"}, (413, "Audio Too Large", "audio duration 130000 ms exceeds limit 120000 ms")),
        ({"reason": "too_short"}, (400, "Audio Too Short", "audio duration 79 ms is below minimum 80 ms")),
        ({"reason": "unsupported_format"}, (415, "Unsupported Media Type", "unsupported audio format")),
        ({"reason": "no_speech"}, (400, "Bad Audio", "audio contains no speech")),
        ({"reason": "download_failed"}, (400, "Bad Audio", "audio could not be read")),
    ],
    ids=str,
)
def test_what_a_fixture_fails_with_is_a_refusal(
    outcome: dict[str, str], refusal: tuple[int, str, str], sync: Sync
) -> None:
    sync.add({"name": "broken", "match": {"file_name": "broken.wav"}, "outcome": outcome}, uses=1)
    assert problem(sync.offer(CLIP, name="broken.wav")) == refusal
    assert (sync.last()["fixture"], sync.last()["note"]) == ("broken", "the fixture says so")
    assert sync.offer(CLIP, name="broken.wav").status_code == 200
