"""Submission: a file or a URL becomes a job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api
from tests.jobs.conftest import jobs_of, problem
from tests.jobs.submitting import (
    END,
    URL,
    WAV,
    Server,
    accepted,
    add_fixture,
    look,
    name_url,
    part,
    raw,
    send,
    serving,
    violations,
    words,
)

ULID = re.compile(r"job_01HZ[0-9A-HJKMNP-TV-Z]{22}")
ODD_NAMES = [
    "../../etc/passwd",
    r"C:\calls\monday.wav",
    "通話 🎧 ‮gpj.wav",
    "a\tb.wav",
    "%2e%2e%2f.wav",
    "a&b=c?d#e.wav",
    "x" * 3000 + ".wav",
    "\u0000.wav",
    "e\u0301\ufeff\ufffe.wav",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data")) as server:
        yield server


def assert_fresh(reply: Any) -> None:
    assert reply.status_code == 202, reply.text
    assert reply.headers["content-type"] == "application/json"
    body = reply.json()
    assert list(body) == ["job_id", "status", "created_at"]
    assert ULID.fullmatch(body["job_id"])
    assert body["status"] == "queued"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", body["created_at"])


def test_a_file_and_a_url_become_jobs(jobs: Api) -> None:
    sent, named = send(jobs, name="calls/monday.wav"), name_url(jobs, source_url=URL)
    assert_fresh(sent)
    assert_fresh(named)
    first, second = (look(jobs, reply.json()["job_id"]) for reply in (sent, named))
    assert (first["source"], second["source"]) == (
        {"type": "upload", "filename": "monday.wav"},
        {"type": "url", "url": URL},
    )
    assert [job["created_at"] for job in (first, second)] == [reply.json()["created_at"] for reply in (sent, named)]
    assert first["duration_seconds"] == 2
    assert first["job_id"] < second["job_id"]


def test_a_form_may_name_a_url_instead_of_a_file(jobs: Api) -> None:
    reply = jobs.http.post("/jobs", data={"source_url": URL}, files={"language": (None, "pt")})
    assert_fresh(reply)
    job = look(jobs, reply.json()["job_id"])
    assert (job["source"], job["language"]) == ({"type": "url", "url": URL}, "pt")


def test_a_job_is_created_when_its_clock_says(jobs: Api) -> None:
    jobs.freeze()
    jobs.advance(1800)
    now = jobs.control.get("/clock").json()["now"]
    created = send(jobs).json()["created_at"]
    assert datetime.fromisoformat(created) == datetime.fromisoformat(now)


def test_ids_are_the_same_in_every_run() -> None:
    def ids() -> list[str]:
        with MockServer(seed=3) as mock:
            api = jobs_of(mock.url, "same")
            return [accepted(send(api)), accepted(name_url(api, source_url=URL)), accepted(send(api))]

    first = ids()
    assert ids() == first
    assert len(set(first)) == 3
    assert first == sorted(first)


@pytest.mark.parametrize(
    ("text", "is_on"), [("true", True), ("false", False), ("1", True), ("0", False), ("True", True), ("", True)]
)
def test_a_form_says_whether_to_tell_speakers_apart(text: str, is_on: bool, jobs: Api) -> None:
    assert look(jobs, accepted(send(jobs, diarize=text)))["diarize"] is is_on


@pytest.mark.parametrize(("members", "is_on"), [({}, True), ({"diarize": False}, False), ({"diarize": None}, True)])
def test_json_says_whether_to_tell_speakers_apart(members: dict[str, Any], is_on: bool, jobs: Api) -> None:
    job = accepted(name_url(jobs, source_url=URL, **members))
    assert look(jobs, job)["diarize"] is is_on
    assert bool(jobs.http.get(f"/jobs/{job}/transcript").json()["speakers"]) is is_on


@pytest.mark.parametrize("language", ["en", "de", "pt", "ja", "haw", "yi", "su"])
def test_a_language_may_be_asked_for(language: str, jobs: Api) -> None:
    for job in (send(jobs, language=language), name_url(jobs, source_url=URL, language=language)):
        identifier = accepted(job)
        assert look(jobs, identifier)["language"] == language
        assert jobs.http.get(f"/jobs/{identifier}/transcript").json()["language"] == language


def test_a_language_is_found_out(jobs: Api) -> None:
    for language in ("auto", ""):
        job = accepted(send(jobs, (AUDIO / "pedido.mp3").read_bytes(), "pedido.mp3", language=language))
        assert look(jobs, job)["language"] == "es"


@pytest.mark.parametrize("language", ["xx", "english", "EN", "pt_", "yue", " en", "auto\0", "🎧", "x" * 70_000])
def test_an_unknown_language_is_refused(language: str, place: Server) -> None:
    api = place.account()
    for ask in (lambda: send(api, language=language), lambda: name_url(api, source_url=URL, language=language)):
        said = place.refused(api, ask, 400, "invalid_language")
        assert len(said["message"]) < 1000


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_may_have_any_name(name: str, jobs: Api) -> None:
    reply = raw(jobs, part("file", WAV, name) + END)
    source = look(jobs, accepted(reply))["source"]
    assert source["type"] == "upload"
    assert re.split(r"[\\/]", name)[-1][:255] == source["filename"]


@pytest.mark.parametrize("recording", sorted(path.name for path in AUDIO.iterdir() if path.suffix != ".vtt"))
def test_one_fixture_serves_both_apis(recording: str, server: MockServer, jobs: Api) -> None:
    content = (AUDIO / recording).read_bytes()
    first = Api(server.url, jobs.key)
    heard = first.transcribe(first.upload(content))
    first.close()
    reply = send(jobs, content, recording)
    if not heard["words"]:
        assert problem(reply) == (415, "invalid_audio")
        assert reply.json()["reason"] == "empty_audio"
        return
    assert words(jobs, accepted(reply)) == [word["text"] for word in heard["words"]]
    assert [each["family"] for each in jobs.control.get("/jobs").json()["jobs"]] == ["jobs", "assemblyai"]


@pytest.mark.parametrize(
    ("match", "fields"),
    [
        ("file_name: call-*.wav", {}),
        ("params: { diarize: false }", {"diarize": "0"}),
        ("params: { diarize: true, language: de }", {"language": "de"}),
        ("language: de", {"language": "de"}),
        ("api_key: '{key}'", {}),
        ("audio_url: 'upload:call*'", {}),
    ],
)
def test_a_fixture_is_found_by_what_is_sent(match: str, fields: dict[str, str], jobs: Api) -> None:
    add_fixture(jobs, f"match: {{ {match.replace('{key}', jobs.key)} }}\ntext: Found by its rule.")
    assert words(jobs, accepted(send(jobs, name="call-7.wav", **fields))) == ["Found", "by", "its", "rule."]
    others = jobs_of(jobs.url)
    assert words(others, accepted(send(others, name="call-7.wav", **fields)))[:1] != ["Found"]


def test_a_fixture_is_found_by_the_url(jobs: Api) -> None:
    add_fixture(jobs, f"match: {{ audio_url: '{URL}' }}\ntext: Found by its address.")
    assert words(jobs, accepted(name_url(jobs, source_url=URL)))[:2] == ["Found", "by"]
    assert words(jobs, accepted(name_url(jobs, source_url=f"{URL}?other")))[:2] != ["Found", "by"]


def test_a_refused_file_uses_no_fixture_up(place: Server) -> None:
    api = place.account()
    add_fixture(api, "match: { file_name: '*.wav' }\noutcome: { reason: unreachable }", uses=1)
    add_fixture(api, "match: { api_key: '*' }\ntext: Only once.", uses=1)
    for content, name in ((b"no audio", "a.mp3"), (b"", "b.mp3"), (WAV, "c.wav")):
        field = {"language": "xx"} if content == WAV else {}
        assert send(api, content, name, **field).status_code in (400, 415)
    assert problem(send(api, name="d.wav", progress="sometimes"))[0] == 400
    assert look(api, accepted(send(api, b"no audio at all", "e.wav")))["error"]["error"] == "source_unavailable"
    assert words(api, accepted(send(api, name="f.wav"))) == ["Only", "once."]
    assert words(api, accepted(send(api, name="g.wav"))) != ["Only", "once."]


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("download_failed", {"error": "source_unavailable"}),
        ("unreachable", {"error": "source_unavailable"}),
        ("too_large", {"error": "payload_too_large"}),
        ("server_error", {"error": "transient_error"}),
        ("silent", {"error": "invalid_audio", "reason": "empty_audio"}),
        ("empty", {"error": "invalid_audio", "reason": "empty_audio"}),
        ("too_short", {"error": "invalid_audio", "reason": "empty_audio"}),
        ("too_long", {"error": "invalid_audio", "reason": "duration_exceeds_limit"}),
        ("unsupported_format", {"error": "invalid_audio", "reason": "unsupported_format"}),
        ("no_audio_stream", {"error": "invalid_audio", "reason": "unsupported_format"}),
        ("transcoding_failed", {"error": "invalid_audio", "reason": "decode_failed"}),
        ("low_language_confidence", {"error": "transcription_failed"}),
    ],
)
def test_a_fixture_says_how_a_job_fails(reason: str, error: dict[str, str], jobs: Api) -> None:
    add_fixture(jobs, f"match: {{ file_name: '*.wav' }}\noutcome: {{ reason: {reason} }}")
    for content in (WAV, b"no audio at all"):
        job = look(jobs, accepted(send(jobs, content)))
        message = job["error"].pop("message")
        assert (job["status"], job["error"]) == ("failed", error)
        assert message


def test_a_fixture_gives_a_failure_its_text(jobs: Api) -> None:
    add_fixture(jobs, "match: { file_name: '*.wav' }\noutcome: { error: The tape is torn. }")
    failed = look(jobs, accepted(send(jobs)))
    assert failed["error"] == {"error": "transcription_failed", "message": "The tape is torn."}


@pytest.mark.parametrize("match", ["file_name: broken.*", "audio_url: 'upload:broken*'"])
def test_a_fixture_that_names_broken_audio_says_what_is_heard_in_it(match: str, jobs: Api) -> None:
    add_fixture(jobs, f"match: {{ {match} }}\ntext: It was heard all the same.")
    for name in ("broken.wav", "broken.pdf"):
        assert words(jobs, accepted(send(jobs, b"%PDF-1.7 nothing to hear", name)))[:2] == ["It", "was"]


def test_a_fixture_of_silence_stays_silence(place: Server) -> None:
    api = place.account()
    silence = (AUDIO / "silence.wav").read_bytes()
    said = place.refused(api, lambda: send(api, silence, "silence.wav"), 415, "invalid_audio")
    assert said["reason"] == "empty_audio"
    add_fixture(api, "match: { file_name: quiet.* }\ntext: ''")
    for content, name in ((silence, "quiet.wav"), (WAV, "quiet.mp3")):
        said = place.refused(api, lambda: send(api, content, name), 415, "invalid_audio")  # noqa: B023
        assert said["reason"] == "empty_audio"


def test_unknown_fields_are_noted(jobs: Api) -> None:
    accepted(send(jobs, speakers="2", Diarize="x"))
    assert violations(jobs) == ["unknown field Diarize", "unknown field speakers"]
    accepted(name_url(jobs, source_url=URL, filename="a", overage=True))
    assert violations(jobs) == ["unknown field filename", "unknown field overage"]


def test_unknown_fields_may_be_refused(tmp_path: Any) -> None:
    with serving(tmp_path, unknown_params="reject") as server:
        api = server.account()
        server.refused(api, lambda: send(api, speakers="2"), 400, "invalid_request")
        server.refused(api, lambda: name_url(api, source_url=URL, speakers=2), 400, "invalid_request")
        accepted(send(api, diarize="0", language="en", webhook_url="http://127.0.0.1:9/hook"))


def test_many_uploads_at_once_are_all_heard(server: MockServer) -> None:
    api = jobs_of(server.url)
    content = (AUDIO / "interview.mp3").read_bytes()
    with ThreadPoolExecutor(25) as threads:
        made = list(threads.map(lambda number: accepted(send(api, content, f"{number}.mp3")), range(50)))
    assert len(set(made)) == 50
    heard = {tuple(words(api, job)) for job in made}
    assert len(heard) == 1
    assert {look(api, job)["source"]["filename"] for job in made} == {f"{number}.mp3" for number in range(50)}
