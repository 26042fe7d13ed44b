"""What a request must be like: its headers, its parts in their order, its configuration."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from mockserver.embed import MockServer
from tests.sounds import wav
from tests.sync.conftest import (
    BUFFERED,
    HELLO,
    LIVE,
    MODEL,
    PCM,
    SAMPLES,
    Sync,
    audio_part,
    config_part,
    problem,
    sync_of,
)

EDGE = "multipart/form-data; boundary=edge"
END = b"\r\n--edge--\r\n"
CONFIG_HEAD = b'--edge\r\nContent-Disposition: form-data; name="config"\r\nContent-Type: application/json\r\n\r\n'
AUDIO_HEAD = (
    b'--edge\r\nContent-Disposition: form-data; name="audio"; filename="clip.wav"\r\nContent-Type: audio/wav\r\n\r\n'
)
NO_AUDIO = (400, "Bad Request", "request must include an `audio` file part")
BAD_KEY = (404, "Not Found", "Invalid API key")


def in_pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


def raw(sync: Sync, body: Any, path: str = "/v1/transcribe", kind: str = EDGE) -> httpx.Response:
    return sync.http.post(path, content=body, headers={"Content-Type": kind})


@pytest.mark.parametrize("model", ["universal-3-5-pro", "universal-3-6-pro", "u3-sync-pro"])
@pytest.mark.parametrize("path", [*BUFFERED, *LIVE])
def test_every_model_is_at_every_path(path: str, model: str, sync: Sync) -> None:
    assert sync.heard(config={}, path=path, headers={"X-AAI-Model": model})["text"]


@pytest.mark.parametrize("path", [*BUFFERED, *LIVE])
@pytest.mark.parametrize("key", ["good", "invalid-key", ""])
@pytest.mark.parametrize("model", [None, "", "universal-2", "Universal-3-5-Pro"])
def test_without_a_model_there_is_nothing_whoever_asks(
    path: str, key: str, model: str | None, server: MockServer
) -> None:
    headers = {"Authorization": key} | ({} if model is None else {"X-AAI-Model": model})
    reply = httpx.post(server.url + path, files=[config_part({}), audio_part(HELLO)], headers=headers)
    assert (reply.status_code, reply.text) == (404, "Not found")
    assert reply.headers["content-type"].startswith("text/plain")
    assert "X-AAI-Model" in reply.headers["x-mock-hint"]


@pytest.mark.parametrize("path", [*BUFFERED, *LIVE])
def test_a_key_that_is_not_accepted_is_not_found(path: str, sync: Sync) -> None:
    for key in ("invalid-key", f"Bearer {sync.api.key}"):
        assert problem(sync.offer(config={}, path=path, headers={"Authorization": key})) == BAD_KEY
    del sync.http.headers["Authorization"]
    assert problem(sync.offer(config={}, path=path)) == (404, "Not Found", "Missing Authorization header")


def test_quirks_bring_the_documented_refusals() -> None:
    with MockServer(quirks=["sync_401", "sync_error_codes"]) as mock:
        sync = sync_of(mock)
        strange = sync.offer(headers={"Authorization": "invalid-key"})
        assert (strange.status_code, strange.json()) == (401, {"detail": "Invalid API key"})
        short = sync.offer(HELLO[:44])
        assert short.headers["content-type"] == "application/json"
        assert short.json() == {
            "error_code": "bad_audio",
            "message": "truncated WAV: data chunk declares 240156 bytes, got 0",
        }
    with MockServer(quirks=["sync_401"]) as mock:
        refusal = problem(sync_of(mock).offer(headers={"Authorization": "invalid-key"}))
        assert refusal == (401, "Unauthorized", "Invalid API key")


@pytest.mark.parametrize("host", ["sync.assemblyai.com", "sync.us.assemblyai.com", "sync.eu.assemblyai.com"])
def test_the_service_is_at_its_production_hosts(host: str, sync: Sync) -> None:
    assert sync.offer(config={}, path=LIVE[0], headers={"Host": host}).status_code == 200
    assert sync.http.get("/v1/warm", headers={"Host": host}).status_code == 200
    elsewhere = sync.offer(headers={"Host": "api.assemblyai.com"})
    assert (elsewhere.status_code, "sync" in elsewhere.headers["x-mock-hint"]) == (404, True)


@pytest.mark.parametrize("path", ["/v1/warm", "/warm"])
def test_a_connection_is_opened_without_a_key(path: str, server: MockServer) -> None:
    assert httpx.get(server.url + path).status_code == 200
    assert httpx.head(server.url + path, headers={"X-AAI-Model": MODEL}).status_code == 200
    reply = httpx.post(server.url + path)
    assert problem(reply) == (405, "Method Not Allowed", "Method Not Allowed")
    assert reply.headers["allow"] == "GET"


def test_who_opens_a_connection_without_a_model_is_told_so_in_the_journal(sync: Sync) -> None:
    sync.http.get("/v1/warm")
    assert sync.last()["violations"] == []
    del sync.http.headers["X-AAI-Model"]
    sync.http.get("/v1/warm")
    assert "X-AAI-Model" in sync.last()["violations"][0]


@pytest.mark.parametrize("path", [*BUFFERED, *LIVE])
def test_only_posts_are_answered(path: str, sync: Sync) -> None:
    assert problem(sync.http.get(path))[:2] == (405, "Method Not Allowed")


@pytest.mark.parametrize("path", BUFFERED)
def test_the_parts_of_a_whole_recording_come_in_either_order(path: str, sync: Sync) -> None:
    timed = config_part({"timestamps": True})
    for parts in ([timed, audio_part(HELLO)], [audio_part(HELLO), timed]):
        reply = sync.send(parts, path)
        assert reply.json()["words"][0] == {"text": "Hello", "confidence": 0.98631, "start": 240, "end": 638}
    assert sync.send([audio_part(SAMPLES, "audio/pcm"), config_part(PCM)], path).status_code == 200
    assert sync.send([audio_part(HELLO)], path).status_code == 200


@pytest.mark.parametrize("path", LIVE)
def test_the_configuration_of_a_live_recording_comes_first(path: str, sync: Sync) -> None:
    refusal = (400, "Bad Request", "`config` part must precede the `audio` part")
    assert problem(sync.send([audio_part(HELLO), config_part({})], path)) == refusal
    assert problem(sync.send([audio_part(HELLO)], path)) == refusal
    assert problem(sync.send([("other", (None, b"x", "text/plain"))], path))[:2] == (400, "Bad Request")
    assert sync.send([config_part({}), audio_part(HELLO)], path).status_code == 200


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "application/octet-stream",
        "application/x+json",
    ],
)
def test_a_configuration_may_be_sent_as_a_file(kind: str, sync: Sync) -> None:
    config = "config", ("config.json", b'{"timestamps": true}', kind)
    assert "start" in sync.send([config, audio_part(HELLO)], LIVE[0]).json()["words"][0]
    assert "start" in sync.send([config_part({"timestamps": True}, kind), audio_part(HELLO)]).json()["words"][0]


@pytest.mark.parametrize("size", [1, 7, 1000, 2**20])
@pytest.mark.parametrize("path", [BUFFERED[0], LIVE[0]])
def test_a_body_comes_in_pieces_without_its_length(path: str, size: int, sync: Sync) -> None:
    head = CONFIG_HEAD + b'{"timestamps": true}\r\n' + AUDIO_HEAD
    audio = HELLO if size > 1 else HELLO[:44] + bytes(100)
    reply = raw(sync, in_pieces(head + audio + END, size), path)
    assert reply.request.headers["transfer-encoding"] == "chunked"
    if size == 1:
        assert problem(reply)[2].startswith("truncated WAV")
    else:
        assert reply.json()["text"].startswith("Hello and welcome.")


def connected(sync: Sync, path: str) -> socket.socket:
    """Return a connection on which a body in chunks is under way."""
    parts = urlsplit(sync.api.url)
    client = socket.create_connection((parts.hostname, parts.port or 80), timeout=60)
    head = (
        f"POST {path} HTTP/1.1", "Host: x", f"Authorization: {sync.api.key}", f"X-AAI-Model: {MODEL}",
        f"Content-Type: {EDGE}", "Transfer-Encoding: chunked", "", "",
    )  # fmt: skip
    client.sendall("\r\n".join(head).encode())
    return client


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize(
    ("begun", "said"),
    [
        (AUDIO_HEAD, b"`config` part must precede the `audio` part"),
        (CONFIG_HEAD + b'{"channels": 3}\r\n' + AUDIO_HEAD, b"invalid config: channels"),
        (CONFIG_HEAD + b"{}\r\n" + AUDIO_HEAD.replace(b"/wav", b"/webm"), b"unsupported audio format 'audio/webm'"),
        (CONFIG_HEAD + b"{}\r\n" + AUDIO_HEAD.replace(b"/wav", b"/pcm"), b"`sample_rate` and `channels` are required"),
    ],
)
def test_what_is_wrong_is_told_before_the_audio_has_come(begun: bytes, said: bytes, sync: Sync) -> None:
    with connected(sync, LIVE[0]) as client:
        client.sendall(chunk(begun + b"R"))
        reply = client.recv(65536)
        while said not in reply:
            more = client.recv(65536)
            assert more, reply
            reply += more
    assert reply.split(b" ")[1] in (b"400", b"415")


def test_who_hangs_up_leaves_nothing(sync: Sync) -> None:
    sync.add({"name": "once", "match": {"file_name": "clip.wav"}, "text": "Once."}, uses=1)
    with connected(sync, LIVE[0]) as client:
        client.sendall(chunk(CONFIG_HEAD + b"{}\r\n" + AUDIO_HEAD + HELLO[:1000]))
    assert [sync.heard(wav(2))["text"] == "Once." for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ([config_part({})], NO_AUDIO),
        ([("file", ("clip.wav", HELLO, "audio/wav"))], NO_AUDIO),
        ([("audio", (None, b"text", "text/plain"))], NO_AUDIO),
        ([config_part({}, "image/png"), audio_part(HELLO)], (415, "Unsupported Media Type", "`config` part must be application/json")),
        ([config_part({}), config_part({}), audio_part(HELLO)], (400, "Bad Request", "request must include only one `config` part")),
        ([config_part({}), audio_part(HELLO), config_part({})], (400, "Bad Request", "request must include only one `config` part")),
        ([audio_part(HELLO), audio_part(HELLO)], (400, "Bad Request", "malformed multipart body: there is more than one file under the name audio")),
    ],
)  # fmt: skip
def test_other_parts_are_refused(parts: Any, refusal: tuple[int, str, str], sync: Sync) -> None:
    assert problem(sync.send(parts)) == refusal


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "", 415),
        (HELLO, "audio/wav", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"", "multipart/mixed; boundary=edge", 415),
        (b"", "multipart/form-data", 400),
        (b"", EDGE, 400),
        (b"junk", EDGE, 400),
        (AUDIO_HEAD + HELLO, EDGE, 400),
        (b"--edge\r\n\r\nx" + END, EDGE, 400),
        (CONFIG_HEAD + b"\xff" + END, EDGE, 400),
        (CONFIG_HEAD + b" " * 2**21 + END, EDGE, 400),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, kind: str, status: int, sync: Sync) -> None:
    for path in (BUFFERED[0], LIVE[0]):
        assert problem(raw(sync, body, path, kind))[0] == status


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (b"", "`config` part is not valid JSON"),
        (b"{", "`config` part is not valid JSON"),
        (b'{"x": ' + b"[" * 500 + b"]" * 500 + b"}", "`config` part is not valid JSON"),
        (b"[]", "`config` part must be a JSON object"),
        (b"null", "`config` part must be a JSON object"),
        ({"prompt": "x" * 6001}, "invalid config: prompt: String should have at most 6000 characters"),
        ({"prompt": 5}, "invalid config: prompt: Input should be a valid string"),
        ({"keyterms_prompt": "term"}, "invalid config: keyterms_prompt: Input should be a valid list"),
        ({"keyterms_prompt": ["a", 5]}, "invalid config: keyterms_prompt.1: Input should be a valid string"),
        ({"keyterms_prompt": ["a"] * 101}, "invalid config: keyterms_prompt: exceeds 100 terms (got 101)"),
        ({"keyterms_prompt": ["a" * 4001] * 2}, "invalid config: keyterms_prompt: exceeds 8000 characters (got 8002)"),
        ({"conversation_context": 5}, "invalid config: conversation_context: Input should be a valid list"),
        ({"conversation_context": ["a", None]}, "invalid config: conversation_context.1: Input should be a valid string"),
        ({"language_codes": {}}, "invalid config: language_codes: Input should be a valid list"),
        ({"language_codes": ["en", "xx"]}, "invalid config: language_codes: 'xx' is not supported"),
        ({"language_codes": "klingon"}, "invalid config: language_codes: 'klingon' is not supported"),
        ({"language_code": ["en"]}, "invalid config: language_code: Input should be a valid string"),
        ({"word_boost": "term"}, "invalid config: word_boost: Input should be a valid list"),
        ({"word_boost": ["a"] * 1001}, "invalid config: word_boost: List should have at most 1000 items"),
        ({"sample_rate": "16000"}, "invalid config: sample_rate: Input should be a valid integer"),
        ({"sample_rate": 0}, "invalid config: sample_rate: Input should be greater than 0"),
        ({"sample_rate": True}, "invalid config: sample_rate: Input should be a valid integer"),
        ({"channels": 3}, "invalid config: channels: Input should be less than or equal to 2"),
        ({"channels": 0}, "invalid config: channels: Input should be greater than or equal to 1"),
        ({"timestamps": "true"}, "invalid config: timestamps: Input should be a valid boolean"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_a_configuration_that_is_wrong_is_told(config: Any, told: str, sync: Sync) -> None:
    for path, parts in (
        (BUFFERED[0], [audio_part(HELLO), config_part(config)]),
        (LIVE[0], [config_part(config), audio_part(HELLO)]),
    ):
        status, title, detail = problem(sync.send(parts, path))
        assert (status, title) == (400, "Bad Request")
        assert detail.startswith(told)


@pytest.mark.parametrize(
    "config",
    [
        {},
        dict.fromkeys(["prompt", "keyterms_prompt", "conversation_context", "language_codes", "language_code", "word_boost", "sample_rate", "channels", "timestamps"]),
        {"prompt": "x" * 6000, "language_codes": ["xx"]},
        {"keyterms_prompt": ["a" * 80] * 100 + ["", " "], "word_boost": ["a"] * 1000},
        {"conversation_context": "a turn"},
        {"conversation_context": ["x" * 100] * 1000},
        {"language_codes": "en"},
        {"language_codes": ["en", "es", "zh", "ur"], "language_code": "en_us"},
        {"language_codes": []},
        {"sample_rate": 12_345, "channels": 2},
        {"timestamps": False},
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_a_configuration_that_is_sound_is_taken(config: Any, sync: Sync) -> None:
    assert sync.heard(config=config)["text"].startswith("Hello")
    assert sync.last()["violations"] == []


def test_what_nobody_knows_is_noted(sync: Sync) -> None:
    sync.send(
        [config_part({"model": "x", "punctuate": True}), ("extra", (None, b"1", "text/plain")), audio_part(HELLO)],
        LIVE[0],
    )
    assert sync.last()["violations"] == ["unknown part extra", "unknown field model", "unknown field punctuate"]
    with MockServer(unknown_params="reject") as mock:
        refusal = problem(sync_of(mock).offer(config={"punctuate": True}))
    assert refusal == (400, "Bad Request", "invalid config: there is no field punctuate")


def test_the_journal_keeps_what_was_asked_and_no_audio(sync: Sync) -> None:
    sync.heard(config={"timestamps": True, "keyterms_prompt": ["Hello"]})
    kept = sync.last()
    assert kept["request_body"]["json"] == {
        "config": {"timestamps": True, "keyterms_prompt": ["Hello"]},
        "audio": {"filename": "clip.wav", "content_type": "audio/wav", "bytes": len(HELLO)},
    }
    assert (kept["status"], kept["fixture"], kept["request_size"] > len(HELLO)) == (200, "hello", True)
    expected = {"path": LIVE[0][:14] + "*", "params": {"config": {"timestamps": True}}}
    assert sync.control.post("/journal/verify", json={**expected, "exactly": 1}).status_code == 200


def test_a_form_is_exported_with_its_configuration(sync: Sync) -> None:
    sync.heard(config={"timestamps": True}, path=LIVE[0])
    (entry,) = sync.control.get("/journal/har").json()["log"]["entries"]
    assert entry["request"]["postData"]["params"] == [
        {"name": "config", "value": json.dumps({"timestamps": True}, separators=(",", ":"))},
        {"name": "audio", "fileName": "clip.wav", "contentType": "audio/wav"},
    ]


def test_the_command_of_a_form_sends_it_again(sync: Sync, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    timed = sync.heard(SAMPLES, {**PCM, "timestamps": True}, kind="audio/pcm", name="hello.pcm", path=LIVE[0])
    command = sync.control.get(f"/journal/{timed['session_id']}/curl").text
    (tmp_path / "hello.pcm").write_bytes(SAMPLES)
    environment = {"API_KEY": sync.api.key, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=60
    )
    assert json.loads(done.stdout)["words"] == timed["words"], (command, done)
