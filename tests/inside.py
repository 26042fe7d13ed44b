"""What a container is asked from inside: that what the image leaves out is missed nowhere. Standard library only."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import mockserver
from mockserver.client import Mock
from mockserver.engine.generate import LOCALES

URL = "http://127.0.0.1:4747"
AUDIO = Path(mockserver.__file__).parent / "samples" / "audio"
HOURS = "https://example.com/eight-hours.mp3"


def fetched(path: str, body: Any = None, key: str = "inside", **headers: str) -> bytes:
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}{path}", data, {"Authorization": key, **headers})
    with urllib.request.urlopen(request, timeout=60) as reply:
        content: bytes = reply.read()
        return content


def asked(path: str, body: Any = None, key: str = "inside", **headers: str) -> Any:
    return json.loads(fetched(path, body, key, **headers))


def transcribed(**params: Any) -> Any:
    return asked(f"/v2/transcript/{asked('/v2/transcript', params)['id']}")


def main() -> None:
    uploads = {
        file.name: asked("/v2/upload", file.read_bytes())["upload_url"]
        for file in AUDIO.iterdir()
        if file.suffix in (".wav", ".mp3", ".m4a", ".mp4", ".ogg")
    }
    for name, url in uploads.items():
        heard = transcribed(audio_url=url)
        assert heard["status"] == "completed", (name, heard)
    assert transcribed(audio_url=uploads["hello.wav"])["text"].startswith("Hello and welcome.")
    for language in LOCALES:
        heard = transcribed(
            audio_url=f"https://example.com/{language}.mp3", language_code=language, entity_detection=True
        )
        assert heard["text"], (language, heard)

    hidden = {"redact_pii": True, "redact_pii_audio": True, "redact_pii_policies": ["person_name"]}
    job = transcribed(audio_url=uploads["hello.wav"], **hidden)["id"]
    assert asked(f"/v2/transcript/{job}/redacted-audio")["status"] == "redacted_audio_ready"

    schema = {"type": "object", "properties": {"email": {"type": "string", "format": "email"}}, "required": ["email"]}
    answer = asked(
        "/v1/chat/completions",
        {
            "model": "gpt-5",
            "messages": [{"role": "user", "content": "Who are you?"}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}},
        },
    )
    assert "@" in json.loads(answer["choices"][0]["message"]["content"])["email"]

    bearer = f"Bearer {asked('/auth/token', {'api_key': 'inside'})['access_token']}"
    head = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="hello.wav"\r\n\r\n'
    form = head + (AUDIO / "hello.wav").read_bytes() + b"\r\n--limit--\r\n"
    job = asked("/jobs", form, bearer, **{"Content-Type": "multipart/form-data; boundary=limit"})["job_id"]
    assert asked(f"/jobs/{job}", key=bearer)["status"] == "completed"
    assert b"Hello and welcome." in fetched(f"/jobs/{job}/transcript?format=srt", key=bearer)
    assert fetched(f"/jobs/{job}/transcript?format=docx", key=bearer).startswith(b"PK")

    mock = Mock(URL, "inside")
    mock.transcript("A word. " * 40_000, audio_url=HOURS)
    assert len(transcribed(audio_url=HOURS)["words"]) == 80_000
    assert len(mock.jobs()) > len(uploads)
    assert mock.har()["log"]["entries"]


main()
