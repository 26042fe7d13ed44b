"""The journal: what it keeps, what it hides, and what can be asked of it."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.embed import MockServer
from tests.conftest import Api, api_of
from tests.receivers import receiving
from tests.sounds import wav

URL = "https://example.com/some.mp3"
MASK = "*masked*"
KEPT = 8 * 1024


def entries(api: Api, **filters: Any) -> list[dict[str, Any]]:
    reply = api.control.get("/journal", params=filters)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["requests"]
    return found


def newest(api: Api) -> dict[str, Any]:
    return entries(api, bodies=True, limit=1)[0]


def verify(api: Api, **expected: Any) -> httpx.Response:
    return api.control.post("/journal/verify", json=expected)


def test_an_entry_has_headers_and_bodies_of_both_sides(api: Api) -> None:
    reply = api.http.post("/v2/transcript", json={"audio_url": URL}, headers={"X-Mine": "5"})
    entry = newest(api)
    assert entry["request_headers"]["x-mine"] == "5"
    assert entry["request_body"]["json"] == {"audio_url": URL}
    assert entry["request_size"] == len(reply.request.content)
    assert entry["response_body"]["json"] == reply.json()
    assert entry["response_headers"]["x-request-id"] == entry["request_id"] == reply.headers["x-request-id"]
    assert (entry["request_body"]["cut"], entry["response_body"]["cut"]) == (False, False)


def test_the_list_leaves_bodies_out_unless_they_are_wanted(api: Api) -> None:
    api.submit(URL)
    assert "request_body" not in entries(api)[0]
    assert "request_body" in entries(api, bodies=True)[0]
    shown = api.control.get(f"/journal/{entries(api)[0]['request_id']}").json()
    assert shown == newest(api)


def test_long_bodies_are_cut_and_their_sizes_are_not() -> None:
    with MockServer(journal_body_bytes=100) as mock:
        api = api_of(mock.url)
        sent = api.http.post("/v2/transcript", json={"audio_url": URL, "prompt": "é" * 500})
        entry = newest(api)
        assert entry["request_size"] == len(sent.request.content)
        assert entry["size"] == len(sent.content)
        assert entry["request_body"]["cut"] is entry["response_body"]["cut"] is True
        assert sent.request.content.decode().startswith(entry["request_body"]["text"])
        assert len(entry["request_body"]["text"].encode()) in (99, 100)
        assert len(entry["response_body"]["text"]) == 100


def test_no_body_is_kept_where_the_settings_say_so() -> None:
    with MockServer(journal_body_bytes=0) as mock:
        api = api_of(mock.url)
        api.submit(URL)
        entry = newest(api)
        assert entry["request_body"] == entry["response_body"] == {"kept": True, "cut": True, "text": ""}
        assert entry["request_size"] > 0


def test_of_an_upload_only_the_size_and_the_type_are_kept(api: Api) -> None:
    sound = wav(2)
    api.upload(sound, **{"Content-Type": "audio/wav"})
    entry = newest(api)
    assert entry["request_body"] == {"kept": False, "cut": False}
    assert (entry["request_size"], entry["request_headers"]["content-type"]) == (len(sound), "audio/wav")


def test_of_an_upload_that_is_text_the_beginning_is_kept(api: Api) -> None:
    text = b"no audio at all " * 20_000
    api.upload(text)
    entry = newest(api)
    assert (entry["request_size"], entry["request_body"]["cut"]) == (len(text), True)
    assert entry["request_body"]["text"] == text[:KEPT].decode()


def test_of_redacted_audio_the_first_bytes_are_kept(api: Api) -> None:
    job = api.submit(api.upload(wav(3)), redact_pii=True, redact_pii_audio=True, redact_pii_policies=["person_name"])
    api.get(job)
    link = api.http.get(f"/v2/transcript/{job}/redacted-audio").json()["redacted_audio_url"]
    audio = httpx.get(link).content
    signature = link.split("Signature=")[1].split("&")[0]
    found = httpx.get(f"{api.url}/_mock/journal", params={"path": f"/redacted-audio/{job}*", "bodies": True})
    entry = found.json()["requests"][0]
    assert base64.b64decode(entry["response_body"]["base64"]) == audio[:KEPT]
    assert signature not in found.text + api.control.get("/journal", params={"bodies": True}).text
    assert f"Signature={MASK}" in entry["query"]


def test_of_a_stream_what_was_sent_is_kept(api: Api) -> None:
    asked = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    reply = api.http.post("/v1/chat/completions", json=asked)
    assert reply.status_code == 200, reply.text
    while not (found := entries(api, bodies=True)):
        continue
    assert found[0]["response_body"]["text"] == reply.text[:KEPT]


def test_control_calls_are_not_in_the_journal(api: Api) -> None:
    api.control.get("/jobs")
    assert entries(api) == []


@pytest.fixture
def mixed(api: Api) -> Api:
    api.submit(URL, language_code="de")
    api.http.post("/v2/transcript", content=b"{")
    api.http.get("/v2/transcript/nothing")
    api.http.get("/v2/transcript", params={"limit": 5, "colour": "red"})
    return api


@pytest.mark.parametrize(
    ("filters", "statuses"),
    [
        ({}, [200, 400, 400, 200]),
        ({"method": "post"}, [400, 200]),
        ({"path": "/v2/transcript/*"}, [400]),
        ({"path": "/v2/transcript"}, [200, 400, 200]),
        ({"status": "4xx"}, [400, 400]),
        ({"status": "200"}, [200, 200]),
        ({"status": "300-499"}, [400, 400]),
        ({"body": '"language_code":"de"'}, [200]),
        ({"body": "nobody said that"}, []),
        ({"job": "nothing"}, [400]),
        ({"violations": True}, [200]),
        ({"violations": False}, [400, 400, 200]),
        ({"since": "2000-01-01"}, [200, 400, 400, 200]),
        ({"until": "2000-01-01T00:00:00Z"}, []),
        ({"fixture": "no-such"}, []),
        ({"limit": 1}, [200]),
    ],
)  # fmt: skip
def test_requests_are_found_by(mixed: Api, filters: dict[str, Any], statuses: list[int]) -> None:
    assert [entry["status"] for entry in entries(mixed, **filters)] == statuses
    if "limit" not in filters:
        assert mixed.control.get("/journal/count", params=filters).json() == {"count": len(statuses)}


def test_requests_are_found_by_the_moment_on_the_clock(api: Api) -> None:
    api.submit(URL)
    api.freeze()
    api.advance(3600)
    now = api.control.get("/clock").json()["now"]
    api.http.get("/v2/transcript/later")
    assert [entry["job"] for entry in entries(api, since=now)] == ["later"]
    assert [entry["method"] for entry in entries(api, until="2999-01-01T00:00:00+00:00")] == ["GET", "POST"]
    assert api.control.get("/journal/count", params={"since": now, "until": now}).json() == {"count": 1}


def test_requests_come_page_by_page(mixed: Api) -> None:
    first = mixed.control.get("/journal", params={"limit": 3}).json()
    rest = mixed.control.get("/journal", params={"limit": 3, "before": first["next_before"]}).json()
    assert [entry["number"] for entry in first["requests"] + rest["requests"]] == [e["number"] for e in entries(mixed)]
    assert rest["next_before"] is None


def test_text_in_any_script_is_found_however_it_was_written(api: Api) -> None:
    for body in (
        f'{{"audio_url": "{URL}", "prompt": "größer"}}',
        f'{{"audio_url": "{URL}", "prompt": "gr\\u00f6\\u00dfer"}}',
    ):
        api.http.post("/v2/transcript", content=body.encode())
    assert len(entries(api, body="größer")) == 2


def test_clearing_one_key_leaves_the_others_alone(api: Api, server: MockServer) -> None:
    other = api_of(server.url)
    api.submit(URL)
    other.submit(URL)
    assert api.control.delete("/journal").status_code == 200
    assert (entries(api), len(entries(other))) == ([], 1)
    other.control.post("/reset")
    api.submit(URL)
    assert (len(entries(api)), entries(other)) == (1, [])


def test_clearing_all_clears_all() -> None:
    with MockServer() as mock:
        api = api_of(mock.url)
        api.submit(URL)
        assert httpx.delete(f"{mock.url}/_mock/journal").json() == {"cleared": "everything"}
        api.submit(URL)
        assert len(httpx.get(f"{mock.url}/_mock/journal").json()["requests"]) == 1


def test_the_journal_is_bounded_in_bytes(tmp_path: Path) -> None:
    with MockServer(journal_bytes=100_000, data=tmp_path) as mock:
        api = api_of(mock.url)
        for number in range(60):
            api.http.post("/v2/transcript", json={"audio_url": URL, "nonsense": 5, "prompt": f"{number} " + "x" * 5000})
            kept = entries(api, limit=1000)
            assert kept[0]["number"] == number + 1
        assert 5 < len(kept) < 20
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    assert connection.execute("SELECT sum(kept) FROM journal").fetchone()[0] <= 100_000
    connection.close()


def test_the_journal_outlives_the_server(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url)
        api.submit(URL)
        before = newest(api)
    with MockServer(data=tmp_path) as mock:
        assert newest(api_of(mock.url, api.key)) == before


def test_an_unknown_request_is_an_error(api: Api) -> None:
    for path in ("/journal/nothing", "/journal/nothing/curl"):
        reply = api.control.get(path)
        assert (reply.status_code, "nothing" in reply.json()["error"]) == (404, True)


@pytest.mark.parametrize("name", ["status", "since", "until", "limit", "before", "violations"])
def test_a_wrong_filter_is_refused(api: Api, name: str) -> None:
    reply = api.control.get("/journal", params={name: "never"})
    assert reply.status_code == 422
    assert name in reply.json()["error"]


# --- secrets

SECRET = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=16, max_size=40).map("S3".__add__)
NAMES = st.sampled_from(
    [
        "webhook_auth_header_value",
        "api_key",
        "apiKey",
        "token",
        "Authorization",
        "client-secret",
        "password",
        "access_token",
    ]
)
HEADERS = st.sampled_from(
    ["X-Api-Key", "Cookie", "X-Auth-Token", "X-Hub-Signature", "My-Secret", "Proxy-Authorization"]
)
PARAMETERS = st.sampled_from(["token", "key", "Signature", "X-Amz-Signature", "api_key", "%74oken", "sig"])


@st.composite
def bodies(draw: st.DrawFn, secret: str) -> bytes:
    value: Any = draw(st.sampled_from([secret, [secret], {"inner": [secret, 1]}, f"x {secret} \u00e9"]))
    member = {draw(NAMES): value}
    link = {"audio_url": f"https://user:{secret}@example.com/a.mp3?x=1&{draw(PARAMETERS)}={secret}#end"}
    nested = {"prompt": json.dumps(member), "more": [[member]]}
    shown = json.dumps(
        draw(st.sampled_from([member, link, nested, {**link, **nested}])), ensure_ascii=draw(st.booleans())
    )
    escaped = shown.replace("token", "\\u0074oken") if draw(st.booleans()) else shown
    form = f"{draw(PARAMETERS)}={secret}&x=1"
    whole = draw(st.sampled_from([shown, escaped, form, shown.replace("https://", "https:\\/\\/")])).encode()
    return whole[: draw(st.integers(1, len(whole)))] if draw(st.booleans()) else whole


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MockServer, Path]]:
    data = tmp_path_factory.mktemp("kept")
    with MockServer(data=data) as mock:
        yield mock, data


@settings(max_examples=30, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(key=SECRET, secret=SECRET, data=st.data())
def test_no_secret_of_a_request_is_found_anywhere(
    kept: tuple[MockServer, Path], key: str, secret: str, data: st.DataObject
) -> None:
    mock, folder = kept
    scheme = data.draw(st.sampled_from(["", "Bearer "]))
    sent = httpx.post(
        f"{mock.url}{data.draw(st.sampled_from(['/v2/transcript', '/v1/chat/completions', f'/v2/{key}']))}"
        f"?a=1&{data.draw(PARAMETERS)}={secret}&other={key}",
        content=data.draw(bodies(secret)) + data.draw(st.sampled_from([b"", b"}", b" " + key.encode()])),
        headers={"Authorization": scheme + key, data.draw(HEADERS): secret, "Referer": f"http://x/?token={secret}"},
    )
    control = f"{mock.url}/_mock"
    (entry,) = httpx.get(f"{control}/journal", params={"limit": 1, "bodies": True}).json()["requests"]
    assert entry["request_headers"]["authorization"] == f"{scheme}{MASK}"
    shown = [
        httpx.get(f"{control}/journal/{path}").text
        for path in ("har", entry["request_id"], f"{entry['request_id']}/curl")
    ]
    shown.append(httpx.get(f"{control}/journal?bodies=true").text)
    shown.append(httpx.post(f"{control}/journal/verify", json={"exactly": 10**6}).text)
    for text in shown:
        assert key not in text
        assert secret not in text
    if sent.status_code != 200:  # a job must remember whom to call, and how
        for file in folder.glob("*.sqlite*"):
            assert key.encode() not in file.read_bytes()
            assert secret.encode() not in file.read_bytes()


def test_what_is_no_secret_stays(api: Api) -> None:
    asked = {
        "model": "gpt-4.1",
        "max_tokens": 7,
        "messages": [{"role": "user", "content": "The key to a token is: 5 = five"}],
    }
    reply = api.http.post("/v1/chat/completions", json=asked)
    entry = newest(api)
    assert entry["request_body"]["json"] == asked
    assert entry["response_body"]["json"] == reply.json()


def test_secrets_are_kept_where_the_settings_say_so() -> None:
    with MockServer(journal_secrets=True) as mock:
        api = api_of(mock.url)
        api.http.get("/v2/transcript?token=abc")
        entry = newest(api)
        assert (entry["request_headers"]["authorization"], entry["query"]) == (api.key, "token=abc")


def test_the_log_shows_no_secret_either(capfd: pytest.CaptureFixture[str]) -> None:
    with MockServer(log_requests=True) as mock:
        httpx.get(f"{mock.url}/v2/transcript?token=hushhush&limit=1")
    log = capfd.readouterr().err
    assert f"token={MASK}&limit=1" in log
    assert "hushhush" not in log


# --- exports


def test_the_curl_command_repeats_the_request(api: Api) -> None:
    job = api.submit(URL, prompt='it\'s a "test" $HOME `x` \\ é')
    sent = newest(api)
    command = api.control.get(f"/journal/{sent['request_id']}/curl").text
    assert "$API_KEY" in command
    assert api.key not in command
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env={"API_KEY": api.key, "PATH": "/usr/bin:/bin"}
    )
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert again["id"] != job
    assert newest(api)["request_body"] == sent["request_body"]


def test_the_curl_command_says_what_it_lacks(api: Api) -> None:
    api.upload(wav(1))
    command = api.control.get(f"/journal/{newest(api)['request_id']}/curl").text
    assert command.startswith("# The body of")
    assert "--data-binary @body" in command


def test_the_archive_has_the_shape_of_har_1_2(mixed: Api) -> None:
    mixed.upload(wav(1))
    log = mixed.control.get("/journal/har").json()["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "mockserver")
    assert isinstance(log["creator"]["version"], str)
    assert [entry["response"]["status"] for entry in log["entries"]] == [200, 400, 400, 200, 200]
    for entry in log["entries"]:
        assert entry.keys() - {"_request_id"} == {"startedDateTime", "time", "request", "response", "cache", "timings"}
        assert entry["startedDateTime"].endswith("Z")
        assert entry["time"] == sum(entry["timings"].values())
        assert entry["timings"].keys() == {"send", "wait", "receive"}
        request, response = entry["request"], entry["response"]
        common = {"httpVersion", "cookies", "headers", "headersSize", "bodySize"}
        assert request.keys() - {"postData"} == common | {"method", "url", "queryString"}
        assert response.keys() == common | {"status", "statusText", "content", "redirectURL"}
        assert {"size", "mimeType"} <= response["content"].keys() <= {"size", "mimeType", "text", "encoding"}
        for pair in request["headers"] + response["headers"] + request["queryString"]:
            assert pair.keys() == {"name", "value"}
        assert ("postData" in request) is (request["bodySize"] > 0)
        assert request.get("postData", {"mimeType": 0, "params": 0, "text": 0}).keys() == {"mimeType", "params", "text"}
    posted = log["entries"][0]["request"]
    assert posted["url"] == f"{mixed.url}/v2/transcript"
    assert json.loads(posted["postData"]["text"])["language_code"] == "de"
    assert len(mixed.control.get("/journal/har", params={"status": "4xx"}).json()["log"]["entries"]) == 2


# --- verification


@pytest.mark.parametrize(
    ("expected", "count"),
    [
        ({"method": "POST", "path": "/v2/transcript"}, 2),
        ({"status": 200, "params": {"language_code": "de"}}, 1),
        ({"status": "4xx", "exactly": 2}, 2),
        ({"params": {"language_code": "fr"}, "exactly": 0}, 0),
        ({"path": "/v2/*", "at_least": 2, "at_most": 4}, 4),
        ({"headers": {"Content-Type": "application/json"}, "at_most": 1}, 1),
        ({"body": "language_code", "method": "post"}, 1),
        ({}, 4),
    ],
)  # fmt: skip
def test_what_was_asked_is_verified(mixed: Api, expected: dict[str, Any], count: int) -> None:
    reply = verify(mixed, **expected)
    assert (reply.status_code, reply.json()) == (200, {"count": count})


def test_a_part_of_the_body_is_enough_but_items_are_compared_one_by_one(api: Api) -> None:
    api.submit(
        URL,
        keyterms_prompt=["one", "two"],
        speaker_labels=True,
        speaker_options={"min_speakers_expected": 1, "max_speakers_expected": 2},
    )
    assert verify(api, params={"speaker_options": {"max_speakers_expected": 2}}).status_code == 200
    assert verify(api, params={"keyterms_prompt": ["one", "two"]}).status_code == 200
    missed = verify(api, params={"keyterms_prompt": ["one"], "speaker_labels": 1, "absent": None}).json()["nearest"][0][
        "missed"
    ]
    assert missed == [
        'keyterms_prompt is ["one", "two"], not ["one"]',
        "speaker_labels is true, not 1",
        "there is no absent",
    ]


def test_the_nearest_requests_say_what_they_lack(mixed: Api) -> None:
    reply = verify(
        mixed, method="POST", path="/v2/transcript", status=200, headers={"X-Mine": "1"}, params={"language_code": "fr"}
    )
    assert reply.status_code == 409
    refusal = reply.json()
    assert (refusal["count"], refusal["error"]) == (0, "0 requests were as expected, not at least 1")
    assert next(entry["missed"] for entry in refusal["nearest"]) == [
        "there is no header X-Mine", 'language_code is "de", not "fr"',
    ]  # fmt: skip
    assert len(refusal["nearest"]) == 4
    assert any("status is 400, not 200" in entry["missed"] for entry in refusal["nearest"])


def test_too_many_requests_are_shown(mixed: Api) -> None:
    refusal = verify(mixed, status="400", at_most=1).json()
    assert (refusal["error"], refusal["count"]) == ("2 requests were as expected, not at most 1", 2)
    assert [(entry["status"], entry["missed"]) for entry in refusal["nearest"]] == [(400, [])] * 2


@pytest.mark.parametrize(
    "expected",
    [{"at_least": -1}, {"exactly": 1, "at_most": 2}, {"status": "fine"}, {"verb": "GET"}, {"params": [1]}, {"at_least": "two"},
     {"headers": {"a": 1}}, {"status": 10**400}],
)  # fmt: skip
def test_a_wrong_expectation_is_refused(api: Api, expected: dict[str, Any]) -> None:
    reply = api.control.post(
        "/journal/verify",
        content=json.dumps(expected)
        if "status" not in expected or expected["status"] == "fine"
        else b'{"status": 1%s}' % (b"0" * 400),
        headers={"Content-Type": "application/json"},
    )
    assert reply.status_code == 422
    assert reply.json()["error"]


# --- waiting


def test_requests_that_are_there_need_no_waiting(api: Api) -> None:
    api.submit(URL)
    reply = api.control.get("/journal/wait", params={"path": "/v2/transcript", "timeout": 60})
    assert (reply.status_code, reply.json()["count"]) == (200, 1)
    assert reply.json()["requests"][0]["method"] == "POST"


def test_a_wait_ends_with_the_request_that_was_missing(api: Api, server: MockServer) -> None:
    api.submit(URL)
    replies: list[httpx.Response] = []
    with httpx.Client(base_url=f"{server.url}/_mock", timeout=60) as client:
        asked: dict[str, str | int] = {"key": api.key, "method": "GET", "count": 2, "timeout": 60}
        waiting = threading.Thread(target=lambda: replies.append(client.get("/journal/wait", params=asked)))
        waiting.start()
        api.http.get("/v2/transcript/one")
        api_of(server.url).http.get("/v2/transcript/of-another-key")
        assert waiting.is_alive()
        api.http.get("/v2/transcript/two")
        waiting.join()
    assert replies[0].status_code == 200
    assert [entry["job"] for entry in replies[0].json()["requests"]] == ["two", "one"]


def test_a_wait_that_is_in_vain_says_what_there_is(api: Api) -> None:
    api.submit(URL)
    reply = api.control.get("/journal/wait", params={"count": 2, "timeout": 0.05})
    assert (reply.status_code, reply.json()["count"], len(reply.json()["requests"])) == (408, 1, 1)
    assert "1 of 2 requests" in reply.json()["error"]


def test_a_wait_for_jobs_ends_when_they_have_finished(api: Api, server: MockServer) -> None:
    jobs = [api.submit(URL, progress="held") for _ in range(2)]
    replies: list[httpx.Response] = []
    with httpx.Client(base_url=f"{server.url}/_mock", timeout=60) as client:
        asked: dict[str, str | int] = {"key": api.key, "what": "jobs", "count": 2, "timeout": 60}
        waiting = threading.Thread(target=lambda: replies.append(client.get("/journal/wait", params=asked)))
        waiting.start()
        api.control.post(f"/jobs/{jobs[0]}/release")
        assert waiting.is_alive()
        api.control.post(f"/jobs/{jobs[1]}/fail")
        waiting.join()
    assert [job["status"] for job in replies[0].json()["jobs"]] == ["error", "completed"]
    found = api.control.get("/journal/wait", params={"what": "jobs", "status": "error"}).json()
    assert (found["count"], found["jobs"][0]["id"]) == (1, jobs[1])


def test_a_wait_for_webhooks_ends_when_they_are_delivered(api: Api) -> None:
    with receiving(200) as hook:
        hook.may_answer.clear()
        job = api.submit(URL, webhook_url=hook.url)
        asked: dict[str, str | int] = {"what": "webhooks", "job": job}
        assert api.control.get("/journal/wait", params=asked | {"timeout": 0}).status_code == 408
        hook.may_answer.set()
        reply = api.control.get("/journal/wait", params=asked | {"timeout": 60})
    assert (reply.status_code, reply.json()["webhooks"][0]["delivered"]) == (200, True)


@pytest.mark.parametrize(
    ("what", "filters", "named"),
    [("jobs", {"status": "200"}, "status"), ("jobs", {"method": "GET"}, "method"), ("webhooks", {"status": "error"}, "status"),
     ("requests", {"status": "completed"}, "status"), ("calls", {}, "what"), ("requests", {"timeout": 61}, "timeout")],
)  # fmt: skip
def test_a_wrong_wait_is_refused(api: Api, what: str, filters: dict[str, Any], named: str) -> None:
    reply = api.control.get("/journal/wait", params={"what": what} | filters)
    assert reply.status_code == 422
    assert named in reply.json()["error"]


def test_a_server_that_stops_ends_every_wait() -> None:
    replies: list[httpx.Response] = []
    with MockServer() as mock:
        asking = threading.Event()

        def wait() -> None:
            asking.set()
            replies.append(httpx.get(f"{mock.url}/_mock/journal/wait?timeout=60", timeout=60))

        httpx.get(f"{mock.url}/_mock/journal/count")
        waiting = threading.Thread(target=wait)
        waiting.start()
        asking.wait()
        httpx.get(f"{mock.url}/_mock/journal/wait?timeout=0.2")
    waiting.join(30)
    assert not waiting.is_alive()
    assert replies[0].status_code == 408


# --- violations


def test_what_the_service_lets_pass_is_noted(api: Api) -> None:
    api.http.post("/v2/transcript", json={"audio_url": URL, "colour": 1, "beauty": 2})
    assert newest(api)["violations"] == ["unknown field beauty", "unknown field colour"]
    api.http.post("/v2/transcript", content=json.dumps({"audio_url": URL}), headers={"Content-Type": "text/plain"})
    assert newest(api)["violations"] == ["Content-Type is text/plain, not application/json"]
    api.http.get("/v2/transcript", params={"limit": 1, "page": 2})
    assert newest(api)["violations"] == ["unknown query parameter page"]
    asked = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "mood": "good"}
    assert api.http.post("/v1/chat/completions", json=asked).status_code == 200
    assert newest(api)["violations"] == ["unknown field mood"]
    assert len(entries(api, violations=True)) == 4
    api.submit(URL)
    assert newest(api)["violations"] == []
