"""Bad input is refused with an error that names what is wrong, and nothing of it is stored."""

from __future__ import annotations

import contextlib
import json
from http.client import HTTPConnection
from typing import Any

import httpx
import orjson
import pytest

from mockserver.apis.assemblyai.schemas import TRANSCRIPT_PARAMS
from tests.conftest import AUDIO, Api
from tests.test_requests import SCHEMA_ERROR

URL = "https://example.com/bad.mp3"
UNKNOWN = {"error": "Transcript lookup error, transcript id not found"}
PATHS = {
    "/v2/upload": {"POST"},
    "/v2/transcript": {"GET", "POST"},
    "/v2/transcript/some-id": {"DELETE", "GET"},
    "/v2/transcript/some-id/sentences": {"GET"},
    "/v2/transcript/some-id/paragraphs": {"GET"},
    "/v2/transcript/some-id/srt": {"GET"},
    "/v2/transcript/some-id/vtt": {"GET"},
    "/v2/transcript/some-id/word-search": {"GET"},
    "/v2/transcript/some-id/redacted-audio": {"GET"},
    "/upload/some/id": {"GET"},
    "/redacted-audio/some-id.mp3": {"GET"},
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_SCHEMA: dict[str, Any] = TRANSCRIPT_PARAMS.json_schema()


def stored(api: Api) -> int:
    return len(api.control.get("/jobs").json()["jobs"])


def strings(schema: dict[str, Any], value: str) -> list[Any]:
    """Return every shape of a schema with ``value`` in the place of one of its strings."""
    if "$ref" in schema:
        schema = _SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    found: list[Any] = [shape for choice in schema.get("anyOf", ()) for shape in strings(choice, value)]
    kind = schema.get("type")
    if kind == "string":
        found.append(value)
    elif kind == "array":
        found += [[shape] for shape in strings(schema["items"], value)]
    elif kind == "object" and "properties" in schema:
        found += [{name: shape} for name, inner in schema["properties"].items() for shape in strings(inner, value)]
    elif kind == "object":
        found += [{"label": shape} for shape in strings(schema["additionalProperties"], value)] + [{value: ["term"]}]
    return found


SHAPES = {name: strings(schema, "\0") for name, schema in _SCHEMA["properties"].items() if strings(schema, "\0")}


def test_every_string_parameter_is_found() -> None:
    assert {"audio_url", "prompt", "topics", "custom_spelling", "speech_understanding", "webhook_url"} <= set(SHAPES)
    assert len(SHAPES) > 25


@pytest.mark.parametrize("name", SHAPES)
def test_half_a_character_in_a_parameter_is_refused(api: Api, name: str) -> None:
    for shape in SHAPES[name]:
        body = json.dumps({"audio_url": URL} | {name: shape}).replace("\\u0000", "\\ud800")
        reply = api.http.post("/v2/transcript", content=body)
        assert (reply.status_code, reply.json()) == (400, SCHEMA_ERROR), body
        assert "the body is not JSON" in reply.headers["x-mock-hint"]
    assert stored(api) == 0


@pytest.mark.parametrize("name", SHAPES)
def test_a_nul_character_in_a_parameter_does_no_harm(api: Api, name: str) -> None:
    for shape in SHAPES[name]:
        reply = api.http.post("/v2/transcript", json={"audio_url": URL} | {name: shape})
        assert reply.status_code in (200, 400), (shape, reply.text)
        if reply.status_code == 400:
            told = reply.json()["error"] + reply.headers.get("x-mock-hint", "")
            assert name in told or reply.json() != SCHEMA_ERROR, (shape, told)
        else:
            job = reply.json()["id"]
            assert api.http.get(f"/v2/transcript/{job}").status_code == 200, shape
            assert api.http.get(f"/v2/transcript/{job}/srt").status_code in (200, 400), shape
    assert api.http.get("/v2/transcript").status_code == 200


def test_ten_megabytes_of_json_are_read_and_refused(api: Api) -> None:
    for filler in (b"[" + b"123456789," * 1_000_000 + b"1]", b'"' + b"x" * 10_000_000 + b'"', b"[" * 10_000_000):
        reply = api.http.post("/v2/transcript", content=b'{"audio_url": 5, "x": ' + filler + b"}")
        assert (reply.status_code, reply.json()) == (400, SCHEMA_ERROR)
        assert reply.headers["x-mock-hint"]
    assert stored(api) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("audio_start_from", "audio_end_at") for value in (-1, 2**53 + 1, 10**30, 1.5, "1", True)),
        ("speakers_expected", 0),
        ("speakers_expected", -(10**30)),
        ("speech_threshold", -0.01),
        ("temperature", 1e308),
        ("language_confidence_threshold", 2),
        ("content_safety_confidence", 24),
        ("content_safety_confidence", 101),
        ("speaker_options", {"min_speakers_expected": 0}),
        ("speaker_options", []),
        ("custom_spelling", [{"from": [], "to": "x"}]),
        ("custom_spelling", [{"to": "x"}]),
        ("redact_static_entities", {"a": "b"}),
        ("speech_understanding", {}),
        ("speech_understanding", {"request": {"translation": {}}}),
        ("webhook_url", "not a url"),
        ("webhook_url", "http://["),
    ],
)  # fmt: skip
def test_a_value_out_of_its_range_is_refused_by_name(api: Api, name: str, value: object) -> None:
    reply = api.http.post("/v2/transcript", content=json.dumps({"audio_url": URL, name: value}))
    assert (reply.status_code, reply.json()) == (400, SCHEMA_ERROR)
    assert name in reply.headers["x-mock-hint"] or "not JSON" in reply.headers["x-mock-hint"]
    assert stored(api) == 0


@pytest.mark.parametrize(("start", "end"), [(2000, 1000), (1000, 1000), (0, 0), (2**53, 1)])
def test_a_stretch_that_ends_before_it_begins_is_refused(api: Api, start: int, end: int) -> None:
    body = {"audio_url": URL, "audio_start_from": start, "audio_end_at": end}
    reply = api.http.post("/v2/transcript", json=body)
    assert (reply.status_code, reply.json()["error"]) == (400, "`audio_start_from` must be less than `audio_end_at`")
    assert stored(api) == 0


def test_a_stretch_beyond_the_end_of_the_audio_does_no_harm(api: Api) -> None:
    view = api.transcribe(URL, audio_start_from=2**53 - 1, audio_end_at=2**53)
    assert view["status"] in ("completed", "error")


@pytest.mark.parametrize("name", ["keyterms_prompt", "word_boost"])
def test_a_hundred_thousand_terms_are_too_many(api: Api, name: str) -> None:
    body = {"audio_url": URL, name: [f"term{number}" for number in range(100_000)]}
    reply = api.http.post("/v2/transcript", content=orjson.dumps(body))
    assert (reply.status_code, reply.json()["error"]) == (400, f"`{name}` must be at most 1000 terms")
    assert stored(api) == 0


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "a/b/c",
        ";;",
        "x" * 5000,
    ],
)
def test_the_content_type_of_a_request_does_not_matter(api: Api, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    good = api.http.post("/v2/transcript", content=b'{"audio_url": "%s"}' % URL.encode(), headers=headers)
    assert good.status_code == 200
    assert stored(api) == 1
    form = api.http.post("/v2/transcript", content=b"audio_url=https%3A%2F%2Fexample.com", headers=headers)
    assert (form.status_code, form.json()) == (400, SCHEMA_ERROR)
    assert stored(api) == 1


@pytest.mark.parametrize(
    "identifier",
    ["%2e%2e", "%2e%2e%5cx", "..;", "%00", "%0d%0aX-Evil:%201", "%ff%fe", "' OR 1=1--", "%25", "*", "{transcript_id}", "~", "%E2%80%AE"],
)  # fmt: skip
@pytest.mark.parametrize("rest", ["", "/sentences", "/srt", "/word-search?words=a", "/redacted-audio"])
def test_a_trick_in_an_id_is_an_unknown_id(api: Api, identifier: str, rest: str) -> None:
    reply = api.http.get(f"/v2/transcript/{identifier}{rest}")
    assert (reply.status_code, reply.json()) == (400, UNKNOWN)
    assert "x-evil" not in reply.headers


@pytest.mark.parametrize("identifier", ["../../etc/passwd", "a%2f..%2fb", "a/b/c", "%2e%2e/%2e%2e/x"])
def test_a_path_in_the_place_of_an_id_leads_nowhere(api: Api, identifier: str) -> None:
    reply = api.http.get(f"/v2/transcript/{identifier}")
    assert (reply.status_code, reply.text) == (404, "404: Not Found")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in ("0", "-1", "201", "abc", "1e9", "1.0", "9" * 5000, "١٢", "²", " 5", "0x5", "\0", "٣")),
        *(("created_on", value) for value in ("yesterday", "2024-13-01", "2024-02-30", "0000-00-00", "10000-01-01", "2024-01-01T00:00:00", "-1", "\0")),
        *((name, value) for name in ("before_id", "after_id") for value in ("unknown", "../x", "\0", "a" * 5000, "%00")),
        *(("status", value) for value in ("done", "COMPLETED", "queued,error", "\0")),
        *(("throttled_only", value) for value in ("yes", "1", "\0")),
    ],
)  # fmt: skip
def test_a_list_by_nonsense_is_refused_by_name(api: Api, name: str, value: str) -> None:
    api.submit(URL)
    reply = api.http.get("/v2/transcript", params={name: value})
    assert (reply.status_code, reply.json()) == (400, SCHEMA_ERROR)
    hint = reply.headers["x-mock-hint"]
    assert name in hint or (name.endswith("_id") and "there is no transcript" in hint)


@pytest.mark.parametrize("value", ["0001-01-01", "9999-12-31", "2024-02-09"])
def test_a_list_of_a_day_far_away_is_empty(api: Api, value: str) -> None:
    api.submit(URL)
    assert api.http.get("/v2/transcript", params={"created_on": value}).json()["transcripts"] == []


LISTS = [name for name, shapes in SHAPES.items() if any(isinstance(shape, list) for shape in shapes)]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_a_million_wrong_items_is_refused_for_one_of_them(api: Api, name: str) -> None:
    body = b'{"audio_url": "https://example.com/a.mp3", "%s": [%s1]}' % (name.encode(), b"1," * 1_000_000)
    reply = api.http.post("/v2/transcript", content=body)
    assert (reply.status_code, reply.json()) == (400, SCHEMA_ERROR)
    assert name in reply.headers["x-mock-hint"]
    assert stored(api) == 0


def test_parameters_of_many_megabytes_are_refused_but_not_audio(api: Api) -> None:
    reply = api.http.post("/v2/transcript", json={"audio_url": URL, "topics": ["x" * 100] * 50_000})
    assert (reply.status_code, reply.json()) == (400, SCHEMA_ERROR)
    assert "longer than" in reply.headers["x-mock-hint"]
    audio = "data:audio/wav;base64," + "A" * 5_000_000
    assert api.http.post("/v2/transcript", json={"audio_url": audio}).status_code == 200


@pytest.mark.parametrize("form", ["srt", "vtt"])
@pytest.mark.parametrize("width", ["0", "-1", "abc", "9" * 5000, "1e3", "1.5", "٣", "\0", " "])
def test_captions_of_no_sensible_width_are_refused(api: Api, form: str, width: str) -> None:
    job = api.submit(URL)
    api.get(job)
    reply = api.http.get(f"/v2/transcript/{job}/{form}", params={"chars_per_caption": width})
    assert (reply.status_code, reply.json()) == (400, SCHEMA_ERROR)
    assert "chars_per_caption" in reply.headers["x-mock-hint"]


@pytest.mark.parametrize("width", ["1", "999999999"])
def test_captions_may_be_as_narrow_and_as_wide_as_they_like(api: Api, width: str) -> None:
    job = api.submit(URL)
    api.get(job)
    assert "-->" in api.http.get(f"/v2/transcript/{job}/srt", params={"chars_per_caption": width}).text


@pytest.mark.parametrize(
    "query", ["", "?words=", "?words=,,%20,", "?word=a", "?words=one%20two%20three%20four%20five%20six"]
)
def test_a_search_for_nothing_or_too_much_is_refused(api: Api, query: str) -> None:
    job = api.submit(URL)
    api.get(job)
    reply = api.http.get(f"/v2/transcript/{job}/word-search{query}")
    assert (reply.status_code, reply.json()) == (400, SCHEMA_ERROR)
    assert "words" in reply.headers["x-mock-hint"]


def test_a_search_for_very_many_words_is_answered(api: Api) -> None:
    job = api.submit(URL)
    api.get(job)
    reply = api.http.get(f"/v2/transcript/{job}/word-search?words={'zzz,' * 10_000}%00,%ff")
    assert reply.status_code == 200
    assert reply.json()["total_count"] == 0
    far_longer = HTTPConnection(httpx.URL(api.url).netloc.decode())  # httpx itself sends no URL that is that long
    path = f"/v2/transcript/{job}/word-search?words={'zzz,' * 100_000}"
    with contextlib.closing(far_longer):
        far_longer.request("GET", path, headers={"Authorization": api.key})
        assert far_longer.getresponse().status in (200, 400, 414, 431)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", PATHS)
def test_every_method_of_every_path_has_an_answer(api: Api, path: str, method: str) -> None:
    reply = api.http.request(method, path)
    allowed = PATHS[path]
    if method == "OPTIONS":
        assert (reply.status_code, reply.headers["allow"]) == (204, ", ".join(sorted({*allowed, "OPTIONS"})))
    elif method in allowed or (method == "HEAD" and "GET" in allowed):
        assert reply.status_code in (200, 400, 403, 422)
        assert method != "HEAD" or reply.content == b""
    else:
        assert (reply.status_code, reply.headers["allow"]) == (405, ", ".join(sorted(allowed)))
        assert method == "HEAD" or reply.json() == {"error": "Method Not Allowed"}
    assert stored(api) == 0


@pytest.mark.parametrize("path", PATHS)
def test_a_browser_may_ask_first_without_a_key(api: Api, path: str) -> None:
    for method in (*sorted(PATHS[path]), "PUT", "nonsense"):
        headers = {
            "Origin": "https://app.example",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type, assemblyai-agent",
        }
        reply = httpx.options(api.url + path, headers=headers)
        assert reply.status_code == 204
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "assemblyai-agent" in reply.headers["access-control-allow-headers"]
        assert PATHS[path] <= set(reply.headers["access-control-allow-methods"].split(", "))


@pytest.mark.parametrize("origin", ["https://app.example", "null", "*", "x" * 5000])
def test_a_browser_may_read_every_reply(api: Api, origin: str) -> None:
    for reply in (
        api.http.get("/v2/transcript", headers={"Origin": origin}),
        api.http.get("/v2/transcript/unknown", headers={"Origin": origin}),
        api.http.put("/v2/transcript", headers={"Origin": origin}),
        api.http.get("/v2/nowhere", headers={"Origin": origin}),
        httpx.get(f"{api.url}/v2/transcript", headers={"Origin": origin}),
    ):
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "x-mock-hint" in reply.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in api.http.get("/v2/transcript").headers


@pytest.fixture
def redacted(api: Api) -> str:
    url = api.upload((AUDIO / "hello.wav").read_bytes())
    options: dict[str, Any] = {
        "redact_pii_audio_options": {"return_redacted_no_speech_audio": True},
        "redact_pii_audio_quality": "wav",
    }
    job = api.submit(url, redact_pii=True, redact_pii_policies=["person_name"], redact_pii_audio=True, **options)
    api.get(job)
    link: str = api.http.get(f"/v2/transcript/{job}/redacted-audio").json()["redacted_audio_url"]
    return link


def test_a_range_that_makes_no_sense_is_left_out_of_account_or_refused(redacted: str) -> None:
    whole = httpx.get(redacted).content
    for wanted in (
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=0-1,3-4",
        "bytes=٣-٤",
        "items=0-1",
        "bytes=-1-2",
        "bytes=" + "9" * 5000 + "-",
    ):
        reply = httpx.get(redacted, headers={b"Range": wanted.encode()})
        assert (reply.status_code, len(reply.content)) == (200, len(whole)), wanted
    for wanted in (f"bytes={len(whole)}-", "bytes=5-4", "bytes=999999999999999999-", "bytes=-0"):
        reply = httpx.get(redacted, headers={"Range": wanted})
        assert (reply.status_code, reply.headers["content-range"]) == (416, f"bytes */{len(whole)}"), wanted
    for wanted, part in (("bytes=0-0", whole[:1]), ("bytes=-5", whole[-5:]), ("bytes=3-999999999999", whole[3:])):
        reply = httpx.get(redacted, headers={"Range": wanted})
        assert (reply.status_code, reply.content) == (206, part), wanted
    assert httpx.get(redacted, headers={"Range": f"bytes=-{len(whole) + 10}"}).content == whole


def test_a_link_that_was_tampered_with_is_denied(redacted: str) -> None:
    path, _, query = redacted.partition("?")
    for tampered in (
        path,
        f"{path}?{query}0",
        f"{path}?Expires=٣&Signature=x",
        f"{path}?Expires={'9' * 5000}",
        f"{path}x?{query}",
        f"{path}%00?{query}",
    ):
        assert httpx.get(tampered).status_code == 403, tampered
    assert httpx.head(redacted).status_code == 403
