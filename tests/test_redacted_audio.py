"""Redacted audio: when it is there, what is in it, and how long its link is good."""

from __future__ import annotations

import array
import io
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import av
import httpx
import pytest

from mockserver.embed import MockServer
from tests.conftest import AUDIO, Api, api_of

URL = "https://example.com/a.mp3"
HIDING: dict[str, Any] = {"redact_pii": True, "redact_pii_policies": ["person_name"], "redact_pii_audio": True}


def link(api: Api, job: str) -> str:
    reply = api.http.get(f"/v2/transcript/{job}/redacted-audio")
    assert reply.status_code == 200, reply.text
    assert reply.json()["status"] == "redacted_audio_ready"
    url: str = reply.json()["redacted_audio_url"]
    return url


def samples(content: bytes) -> tuple[array.array[int], int]:
    heard = array.array("h")
    with av.open(io.BytesIO(content), "r") as container:
        resampler = av.AudioResampler("s16", "mono", 16_000)
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                heard.frombytes(bytes(piece.planes[0])[: piece.samples * 2])
    return heard, 16


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_the_hidden_words_are_silent_and_the_others_are_heard(api: Api, form: str) -> None:
    url = api.upload((AUDIO / "voicemail.m4a").read_bytes())
    options = {"override_audio_redaction_method": "silence"}
    job = api.submit(url, **HIDING, redact_pii_audio_quality=form, redact_pii_audio_options=options)
    address = link(api, job)
    assert f".{form}?" in address
    reply = httpx.get(address)
    assert reply.headers["content-type"] == "binary/octet-stream"
    heard, per_milli = samples(reply.content)
    plain, _ = samples((AUDIO / "voicemail.m4a").read_bytes())
    words = api.get(job)["words"]
    hidden = [word for word in words if "#" in word["text"]]
    assert hidden
    for word in words:
        middle = slice((word["start"] + 40) * per_milli, (word["end"] - 40) * per_milli)
        loudest = max(map(abs, heard[middle]), default=0)
        if word in hidden:
            assert loudest < 200
        elif max(map(abs, plain[middle]), default=0) > 2000:
            assert loudest > 1000


def test_hidden_words_are_beeped_unless_silence_is_asked_for(api: Api) -> None:
    url = api.upload((AUDIO / "voicemail.m4a").read_bytes())
    job = api.submit(url, **HIDING, redact_pii_audio_quality="wav")
    heard, per_milli = samples(httpx.get(link(api, job)).content)
    word = next(word for word in api.get(job)["words"] if "#" in word["text"])
    beep = heard[(word["start"] + 20) * per_milli : (word["end"] - 20) * per_milli]
    crossings = sum(a < 0 <= b for a, b in pairwise(beep))
    assert crossings / (len(beep) / 16_000) == pytest.approx(1000, rel=0.05)


def test_audio_that_is_only_pretended_has_redacted_audio_of_its_length(api: Api) -> None:
    job = api.submit(URL, **HIDING, redact_pii_audio_quality="wav")
    heard, per_milli = samples(httpx.get(link(api, job)).content)
    assert len(heard) / per_milli / 1000 == pytest.approx(api.get(job)["audio_duration"], abs=1)


def test_it_is_not_ready_before_the_transcript_is(api: Api) -> None:
    job = api.submit(URL, progress="held", **HIDING)
    reply = api.http.get(f"/v2/transcript/{job}/redacted-audio")
    assert reply.status_code == 202
    assert reply.json()["status"] == "queued"
    api.control.post(f"/jobs/{job}/release")
    assert link(api, job)


def test_it_expires_a_day_after_the_transcript(api: Api) -> None:
    job = api.submit(URL, **HIDING)
    assert link(api, job)
    api.advance(24 * 3600)
    reply = api.http.get(f"/v2/transcript/{job}/redacted-audio")
    assert (reply.status_code, list(reply.json())) == (400, ["error"])


def test_there_is_none_where_nobody_asked_the_job_failed_or_was_deleted(api: Api) -> None:
    unasked = api.submit(URL)
    failed = api.submit("https://example.com/errors/download-404.mp3", **HIDING)
    deleted = api.submit(URL, **HIDING)
    old = link(api, deleted)
    api.http.delete(f"/v2/transcript/{deleted}")
    for job in (unasked, failed, deleted):
        assert api.http.get(f"/v2/transcript/{job}/redacted-audio").status_code == 400
    assert httpx.get(old).status_code == 403


def test_there_is_none_of_silence_unless_it_is_asked_for(api: Api) -> None:
    url = api.upload((AUDIO / "silence.wav").read_bytes())
    silent = api.submit(url, **HIDING)
    assert api.http.get(f"/v2/transcript/{silent}/redacted-audio").status_code == 400
    asked = api.submit(url, **HIDING, redact_pii_audio_options={"return_redacted_no_speech_audio": True})
    assert link(api, asked)


def test_a_link_is_good_for_half_an_hour_and_every_request_makes_a_new_one(api: Api) -> None:
    api.freeze()
    job = api.submit(URL, **HIDING)
    first = link(api, job)
    api.advance(1799)
    second = link(api, job)
    assert first != second
    assert httpx.get(first).status_code == 200
    api.advance(1)
    assert httpx.get(first).status_code == 403
    assert httpx.get(second).status_code == 200


def test_a_quirk_makes_links_good_for_a_day() -> None:
    with MockServer(quirks=["redacted_link_24h"]) as mock:
        api = api_of(mock.url)
        job = api.submit(URL, **HIDING)
        address = link(api, job)
        api.advance(23 * 3600)
        assert link(api, job) == address
        assert httpx.get(address).status_code == 200


def test_links_are_signed_ranges_work_and_head_does_not(api: Api) -> None:
    job = api.submit(URL, **HIDING)
    address = link(api, job)
    whole = httpx.get(address).content
    assert httpx.get(address.replace("Signature=", "Signature=0")).status_code == 403
    assert httpx.get(address.partition("?")[0]).status_code == 403
    assert httpx.head(address).status_code == 403
    for asked, start, end in (("0-9", 0, 10), ("5-", 5, None), ("-7", -7, None)):
        part = httpx.get(address, headers={"Range": f"bytes={asked}"})
        assert part.status_code == 206
        assert part.content == whole[start:end]
    first = httpx.get(address, headers={"Range": "bytes=0-9"})
    assert first.headers["content-range"] == f"bytes 0-9/{len(whole)}"
    assert httpx.get(address, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    assert httpx.get(address, headers={"Range": "lines=1-2"}).content == whole


def test_what_is_outside_of_the_window_is_not_heard(api: Api) -> None:
    url = api.upload((AUDIO / "voicemail.m4a").read_bytes())
    options = {"override_audio_redaction_method": "silence"}
    window: dict[str, Any] = {"audio_start_from": 2000, "audio_end_at": 5000}
    job = api.submit(url, **HIDING, **window, redact_pii_audio_quality="wav", redact_pii_audio_options=options)
    heard, per_milli = samples(httpx.get(link(api, job)).content)
    assert max(map(abs, heard[: 1990 * per_milli])) < 10
    assert max(map(abs, heard[5010 * per_milli :])) < 10
    assert max(map(abs, heard[2000 * per_milli : 5000 * per_milli])) > 1000


def test_deleting_a_transcript_while_its_audio_is_made_is_no_failure(api: Api) -> None:
    jobs = [api.submit(f"https://example.com/{number}.mp3", **HIDING) for number in range(6)]
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(api.http.get, f"/v2/transcript/{job}/redacted-audio") for job in jobs]
        deleted = [pool.submit(api.http.delete, f"/v2/transcript/{job}") for job in jobs]
        assert {future.result().status_code for future in asked} <= {200, 400}
        assert {future.result().status_code for future in deleted} == {200}
