"""Canned answers: files, matching, mistakes, reloading."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from mockserver.engine.fixtures import Fixtures
from tests.apis import Family
from tests.conftest import AUDIO, api_of, each_family
from tests.sounds import wav

SRT = "1\n00:00:00,500 --> 00:00:02,000\nHello there,\nfriend.\n\n2\n00:00:02,100 --> 00:00:03,000\nBye.\n"


def transcribed(
    folder: Path, url: str = "https://example.com/a.mp3", key: str | None = None, **params: Any
) -> dict[str, Any]:
    with MockServer(fixtures=(folder,)) as mock:
        return api_of(mock.url, key).transcribe(url, **params)


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    return folder


@each_family
@pytest.mark.parametrize(
    ("match", "url", "asked"),
    [
        ("audio_url: https://example.com/a.mp3", "https://example.com/a.mp3", {}),
        ("audio_url: https://example.com/*.mp3", "https://example.com/a.mp3", {}),
        ("audio_url: '*?episode=[12]'", "https://example.com/a.mp3?episode=2", {}),
        ("file_name: a.mp3", "https://example.com/deep/a.mp3", {}),
        ("language: es", "https://example.com/a.mp3", {"language": "es"}),
        ("params: { {speakers}: true}", "https://example.com/a.mp3", {"speakers": True}),
        ("params: { {language}: es}", "https://example.com/a.mp3", {"language": "es"}),
        ("api_key: test-*", "https://example.com/a.mp3", {}),
    ],
)
def test_a_fixture_matches_on(family: Family, match: str, url: str, asked: dict[str, Any], tmp_path: Path) -> None:
    match = family.worded({"match": match})["match"]
    write(tmp_path, f__yaml=f"match:\n  {match}\ntext: the canned answer\n")
    with MockServer(fixtures=(tmp_path,)) as mock:
        api, other = api_of(mock.url, family=family), api_of(mock.url, "other", family=family)
        assert api.heard(url, **api.asked(**asked)) == "the canned answer"
        params = other.asked(language="fr", speakers=False)
        assert other.heard("https://example.org/other", **params) != "the canned answer"


@pytest.mark.parametrize(
    ("match", "params"),
    [
        ("language: en", {"language_code": "en_us"}),
        ("language: no", {"language_code": "no"}),
        ("params: {speakers_expected: 2, speaker_labels: true}", {"speakers_expected": 2, "speaker_labels": True}),
        ("params: {word_boost: [one, two]}", {"word_boost": ["one", "two"]}),
    ],
)
def test_a_fixture_matches_on_what_only_assemblyai_takes(match: str, params: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, f__yaml=f"match:\n  {match}\ntext: the canned answer\n")
    assert transcribed(tmp_path, **params)["text"] == "the canned answer"
    other = {"language_code": "fr", "speaker_labels": False}
    assert transcribed(tmp_path, "https://example.org/other", key="other", **other)["text"] != "the canned answer"


@each_family
def test_the_most_specific_fixture_wins(family: Family, tmp_path: Path) -> None:
    audio = wav(2)
    (tmp_path / "a.wav").write_bytes(audio)
    write(
        tmp_path,
        f__yaml="""
match: {}
text: anything
---
match: {language: es}
text: language
---
match: {api_key: special}
text: key
---
match: {params: {SPEAKERS: false}}
text: param
---
match: {audio_url: "https://example.com/*"}
text: short glob
---
match: {audio_url: "https://example.com/calls/*"}
text: long glob
---
match: {audio_url: "https://example.com/calls/7.mp3"}
text: exact
---
match: {audio: a.wav}
text: audio
""".replace("SPEAKERS", family.speakers_field),
    )
    with MockServer(fixtures=(tmp_path,)) as mock:
        api, special = api_of(mock.url, family=family), api_of(mock.url, "special", family=family)
        spanish, spanish_alone = api.asked(language="es"), api.asked(language="es", speakers=False)
        asked = [
            api.heard("https://example.org/x"),
            api.heard("https://example.org/x", **spanish),
            special.heard("https://example.org/x", **spanish),
            special.heard("https://example.org/x", **spanish_alone),
            special.heard("https://example.com/x", **spanish_alone),
            api.heard("https://example.com/calls/1.mp3"),
            api.heard("https://example.com/calls/7.mp3"),
            api.text(api.send(audio)),
        ]
    expected = ["anything", "language", "key", "param", "short glob", "long glob", "exact", "audio"]
    assert asked == expected


@each_family
def test_a_later_folder_wins_where_two_are_equally_specific(family: Family, tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        write(folder, f__yaml=f"match: {{audio_url: '*'}}\ntext: from {folder.name}\n")
    with MockServer(fixtures=(first, second)) as mock:
        assert api_of(mock.url, family=family).heard("https://example.com/a") == "from 2"


@each_family
@pytest.mark.parametrize("suffix", ["srt", "vtt", "txt"])
def test_a_text_or_caption_file_beside_audio_is_a_fixture(family: Family, suffix: str, tmp_path: Path) -> None:
    (tmp_path / "clip.wav").write_bytes(wav(4))
    content = {
        "srt": SRT,
        "vtt": "WEBVTT\n\n" + SRT.replace(",000", ".000").replace(",500", ".500"),
        "txt": "Hello there,\nfriend. Bye.",
    }
    (tmp_path / f"clip.{suffix}").write_text(content[suffix])
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url, family=family)
        job = api.send(wav(4))
        assert api.text(job) == "Hello there, friend. Bye."
        if suffix != "txt":
            times = api.times(job)
            assert [times[0][0], times[2][1], times[3][0]] == [500, 2000, 2100]


def test_timed_words_keep_their_times_and_confidences(tmp_path: Path) -> None:
    write(
        tmp_path,
        f__yaml="""
match: {audio_url: "*/timed.mp3"}
duration: 9.5
words:
  - {text: Hello, start: 0.1, end: 0.6, confidence: 0.5}
  - {text: world., start: 0.7, end: 1.25, confidence: 1}
""",
    )
    view = transcribed(tmp_path, "https://example.com/timed.mp3")
    assert view["words"] == [
        {"text": "Hello", "start": 100, "end": 600, "confidence": 0.5, "speaker": None},
        {"text": "world.", "start": 700, "end": 1250, "confidence": 1.0, "speaker": None},
    ]
    assert view["confidence"] == 0.75
    assert view["audio_duration"] == 10


@each_family
def test_a_fixture_without_content_only_says_how_the_job_goes(family: Family, tmp_path: Path) -> None:
    write(tmp_path, f__yaml="match: {audio_url: '*'}\noutcome: {processing_seconds: 60, queue_seconds: 0}\n")
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url, family=family)
        api.freeze()
        job = api.submit("https://example.com/a.mp3")
        assert api.status(job) == "processing"
        api.advance(60)
        assert api.text(job)


@each_family
def test_a_fixture_that_names_the_audio_wins_over_audio_that_is_none(family: Family, tmp_path: Path) -> None:
    (tmp_path / "fake.wav").write_bytes(b"not audio at all")
    write(tmp_path, f__yaml="match: {audio: fake.wav}\ntext: But somebody wants it to be.\n")
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url, family=family)
        assert api.text(api.send(b"not audio at all")) == "But somebody wants it to be."
        assert not api.takes(b"not audio at all!")


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("download-403.mp3", "Download error to {url}, 403 Client Error: Forbidden for url: {url}"),
        ("download-404.mp3", "Download error, unable to download {url}. "
         "Please make sure the file exists and is accessible from the internet."),
        ("access-denied.mp3", "Download error, unable to access file at {url}"),
        ("unreachable.mp3", "Unable to reach audio URL"),
        ("web-page.html", "File does not appear to contain audio. File type is text/html "
         "(HTML document, ASCII text, with very long lines (56754))."),
        ("not-audio.mp3", "File does not appear to contain audio. File type is application/octet-stream (data)."),
        ("not-audio-transcoding.mp3", "Transcoding failed. File does not appear to contain audio. "
         "File type is application/octet-stream (data)"),
        ("transcoding.mp3", "Transcoding failed. Please try again."),
        ("too-short.mp3", "Audio duration is too short."),
        ("too-long.mp3", "Audio duration is too long"),
        ("no-speech.mp3", "language_detection cannot be performed on files with no spoken audio."),
        ("low-language-confidence.mp3", "detected language 'bg', confidence 0.2949, is below the requested confidence "
         "threshold value of '0.4'"),
        ("low-speech.mp3", "Audio speech threshold 0.9461 is below the requested speech threshold value 1.0"),
        ("server-error.mp3", "Server error, developers have been alerted"),
        ("too-large.mp3", "File size exceeds the maximum allowed size."),
        ("no-audio-stream.mp4", "File does not appear to contain audio. File type is video/mp4 (ISO Media)."),
        ("empty.mp3", "File does not appear to contain audio. File type is inode/x-empty (empty)."),
        ("wrong-region.mp3", "Download error, unable to access file at {url}"),
    ],
)  # fmt: skip
def test_every_documented_processing_error_has_a_url(reason: str, error: str, server: MockServer) -> None:
    url = f"https://example.com/errors/{reason}"
    view = api_of(server.url).transcribe(url)
    assert (view["status"], view["error"]) == ("error", error.format(url=url))


def test_every_fixture_that_comes_along_is_described_in_its_readme() -> None:
    readme = (AUDIO.parent / "README.md").read_text()
    for fixture in Fixtures([AUDIO.parent]):
        shown = fixture.match.audio_url or (fixture.match.audio and fixture.match.audio.name)
        assert shown
        assert shown in readme


MISTAKES = {
    "text: [1\n": (2, "this is not YAML"),
    "match: {}\n": (1, "needs text, turns, words, captions or an outcome"),
    "match: {}\ntext: a\nturns: [{text: b}]\n": (1, "text and turns cannot be given together"),
    "text: a\ntitle: b\n": (2, "unknown field 'title'"),
    "text: a\ntext: b\n": (2, "'text' is given twice"),
    "text: a\nmatch:\n  audio_ur: b\n": (3, "unknown field 'audio_ur'"),
    "text: a\nmatch:\n  audio: missing.wav\n": (3, "there is no file"),
    "text: a\nmatch:\n  audio_sha256: abc\n": (3, "64 hexadecimal digits"),
    "text: a\nduration: long\n": (2, "expected seconds, not 'long'"),
    "text: a\nduration: -1\n": (2, "expected seconds from 0"),
    "text: a\nduration: .nan\n": (2, "expected seconds, not '.nan'"),
    "- text\n": (1, "expected fields"),
    "turns: []\n": (1, "expected a list"),
    "turns:\n  - {speaker: A}\n": (2, "either text or words"),
    "turns:\n  - {text: a, start: 1}\n": (2, "start and end must be given together"),
    "turns:\n  - {text: a, start: 2, end: 1}\n": (2, "the end, 1, is before the start, 2"),
    "words:\n  - {start: 0, end: 1}\n": (2, "a word needs text"),
    "words:\n  - {text: a, confidence: 2}\n": (2, "from 0 to 1"),
    "turns:\n  - {text: a, channel: 0}\n": (2, "channels count from 1"),
    "outcome: {reason: bad_luck}\n": (1, "expected one of"),
    "outcome: {error: a, reason: too_short}\n": (1, "error and reason cannot be given together"),
    "outcome: {progress: slow}\n": (1, "expected one of instant, timed, polls, held"),
    "captions: a.srt\n": (1, "there is no file"),
    "text: a\n---\ntext: b\n---\ntexts: c\n": (5, "unknown field 'texts'"),
    "text: a\nduration: !!int abc\n": (1, "cannot be read"),
    "text: a\nmatch: {params: {a: !!timestamp 2020-13-45}}\n": (1, "cannot be read"),
    "text: a\nduration: " + "9" * 5000 + "\n": (1, "cannot be read"),
}


@pytest.mark.parametrize("content", MISTAKES)
def test_a_mistake_is_told_with_file_line_and_reason(content: str, tmp_path: Path) -> None:
    line, reason = MISTAKES[content]
    path = tmp_path / "wrong.yaml"
    path.write_text(content)
    checked = subprocess.run(
        [sys.executable, "-m", "mockserver", "fixtures", "check", str(tmp_path)], capture_output=True, text=True
    )
    assert checked.returncode == 1
    assert f"wrong.yaml:{line}: " in checked.stdout
    assert reason in checked.stdout


def test_a_wrong_caption_file_is_told_with_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(1))
    (tmp_path / "a.srt").write_text("1\n00:00:05,000 --> 00:00:01,000\nHello.\n")
    assert [str(problem) for problem in Fixtures([tmp_path]).problems] == [
        f"{tmp_path / 'a.srt'}:2: the cue ends before it starts"
    ]


def test_files_without_mistakes_pass_the_check() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mockserver", "fixtures", "check"], capture_output=True, text=True, check=True
    )
    assert "no problems" in checked.stdout


@each_family
def test_a_wrong_file_neither_stops_the_server_nor_hides_the_right_ones(family: Family, tmp_path: Path) -> None:
    write(tmp_path, a__yaml="match: {audio_url: '*/a'}\ntext: right\n---\nmatch: {}\ntxt: wrong\n", b__yaml="{{{")
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url, family=family)
        assert api.heard("https://example.com/a") == "right"
        problems = api.control.get("/health").json()["fixture_problems"]
        assert len(problems) == 2
        assert "a.yaml:5: unknown field 'txt'" in problems[0]


def rewrite(file: Path, text: str) -> None:
    """Write a file that is seen to have changed even where times are coarse."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    os.utime(file, ns=(before + 10**9, before + 10**9))


@each_family
def test_files_are_loaded_again_when_they_change(family: Family, tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    url = "https://example.com/changing.mp3"
    rewrite(file, f"match: {{audio_url: '{url}'}}\ntext: first\n")
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url, family=family)
        old = api.submit(url)
        assert api.text(old) == "first"
        rewrite(file, f"match: {{audio_url: '{url}'}}\ntext: second\n")
        assert api.heard(url) == "second"
        assert api.text(old) == "first"
        for broken in ("{{{ broken", "match: {}\ntext: new\n---\nnonsense: 1\n"):
            rewrite(file, broken)
            assert api.heard(url) == "second"
            assert api.control.get("/health").json()["fixture_problems"]
        rewrite(file, f"match: {{audio_url: '{url}'}}\ntext: second\noutcome: {{hold: queued}}\n")
        assert api.status(api.submit(url)) == "queued"
        file.unlink()
        assert api.heard(url) != "second"


@each_family
def test_audio_that_vanishes_only_takes_its_own_fixture_along(family: Family, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(2))
    write(tmp_path, f__yaml="match: {audio: a.wav}\ntext: gone\n---\nmatch: {audio_url: '*/b'}\ntext: still here\n")
    with MockServer(fixtures=(tmp_path,), reload=False) as mock:
        api = api_of(mock.url, family=family)
        (tmp_path / "a.wav").unlink()
        assert api.heard("https://example.com/b") == "still here"
        assert api.status(api.send(wav(2))) == "completed"


@each_family
def test_fixtures_of_one_name_are_kept_apart(family: Family, tmp_path: Path) -> None:
    write(
        tmp_path,
        f__yaml="name: same\nmatch: {api_key: alice}\ntext: for alice only\n---\n"
        "name: same\nmatch: {audio_url: '*'}\ntext: for everybody\n---\n"
        "name: same\nmatch: {audio_url: '*', api_key: alice}\ntext: for alice here\n",
    )
    with MockServer(fixtures=(tmp_path,)) as mock:
        alice, bob = api_of(mock.url, "alice", family=family), api_of(mock.url, "bob", family=family)
        said = [api.heard("https://example.com/a") for api in (bob, alice, bob, alice)]
    assert said == ["for everybody", "for alice here"] * 2


@each_family
def test_words_without_times_fill_the_gap_between_those_that_have_them(family: Family, tmp_path: Path) -> None:
    write(
        tmp_path,
        f__yaml="""
match: {audio_url: "*"}
duration: 10
words:
  - {text: one, start: 5, end: 6}
  - {text: two}
  - {text: three, start: 9, end: 9.5}
""",
    )
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url, family=family)
        assert api.times(api.submit("https://example.com/a.mp3")) == [(5000, 6000), (6000, 9000), (9000, 9500)]


@each_family
def test_a_byte_order_mark_is_no_part_of_the_text(family: Family, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(2))
    (tmp_path / "a.txt").write_text("Hello there.", encoding="utf-8-sig")
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url, family=family)
        assert api.text(api.send(wav(2))) == "Hello there."


@each_family
def test_the_same_audio_is_invented_the_same_for_every_key_and_differs_by_seed(family: Family) -> None:
    texts = []
    for seed in (1, 1, 2):
        with MockServer(seed=seed) as mock:
            api = api_of(mock.url, family=family)
            texts.append(str(api.text(api.send(wav(20)))))
    assert texts[0] == texts[1] != texts[2]
    assert 40 <= len(texts[0].split()) <= 60
