"""What a fault makes of a reply."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import openai
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family, JobsApi
from tests.conftest import AUDIO, api_of, each_family
from tests.faults.conftest import Faults

URL = "https://example.com/a.mp3"
CHAT = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello there"}]}


def names(api: AnyApi) -> dict[str, Any]:
    found: dict[str, Any] = api.control.get("/faults/names").json()
    return found


TRANSIENT = {"server_error": 500, "bad_gateway": 502, "service_unavailable": 503, "gateway_timeout": 504}
CODES = {
    400: ("invalid_request", "invalid_language", "invalid_format"),
    401: ("unauthorized", "invalid_token", "token_expired", "invalid_api_key", "invalid_refresh_token"),
    402: ("quota_exceeded",),
    404: ("not_found", "job_not_found", "transcript_not_found"),
    405: ("method_not_allowed",),
    409: ("job_not_completed", "job_finished", "job_not_finished"),
    413: ("payload_too_large",),
    415: ("invalid_audio", "unsupported_media_type"),
    429: ("rate_limited",),
    500: ("internal_error",),
    507: ("insufficient_storage",),
}
JOBS = {name: (status, "transient_error") for name, status in TRANSIENT.items()} | {
    code: (status, code) for status, codes in CODES.items() for code in codes
}
REASONS = ("unsupported_format", "decode_failed", "duration_exceeds_limit", "empty_audio")
JOBS |= dict.fromkeys(REASONS, (415, "invalid_audio"))
STATUSES = {
    "assemblyai": {
        "bad_request": 400, "unauthorized": 401, "insufficient_funds": 400, "transcript_not_found": 400,
        "forbidden": 403, "not_found": 404, "empty_upload": 422, "rate_limited": 429, "server_error": 500,
        "bad_gateway": 502, "service_unavailable": 503, "gateway_timeout": 504,
    },
    "jobs": {name: status for name, (status, _) in JOBS.items()},
}  # fmt: skip
GATEWAY = {
    "bad_request": 400, "unauthorized": 401, "no_access": 401, "insufficient_funds": 400, "rate_limited": 429,
    "server_error": 500, "bad_gateway": 502, "service_unavailable": 503, "gateway_timeout": 504,
}  # fmt: skip


@each_family
def test_every_error_that_is_listed_can_be_had_by_its_name(api: AnyApi) -> None:
    errors = names(api)["errors"]
    assert set(errors) == {*STATUSES, "gateway", "streaming", "sync"}
    assert set(errors[api.service]) == set(STATUSES[api.service])
    for name in errors[api.service]:
        reply = api.http.get(api.jobs_path, headers={"X-Mock-Fault": name})
        assert reply.status_code == STATUSES[api.service][name], name
        assert reply.headers["x-mock-fault"] == name


def test_every_error_of_the_gateway_can_be_had_by_its_name(api: Api) -> None:
    for name in names(api)["errors"]["gateway"]:
        reply = api.http.post("/v1/chat/completions", json=CHAT, headers={"X-Mock-Fault": name})
        assert reply.status_code == GATEWAY.get(name, 404), name
        assert reply.headers["x-mock-fault"] == name


def test_every_error_of_the_jobs_api_has_its_code(server: MockServer) -> None:
    jobs = api_of(server.url, family=JobsApi)
    for name in names(jobs)["errors"]["jobs"]:
        reply = jobs.http.get("/jobs", headers={"X-Mock-Fault": name})
        assert (reply.status_code, reply.json()["error"]) == JOBS[name]
        assert reply.json().get("reason", name) == name or name == "invalid_audio"


def test_errors_of_the_jobs_api_are_those_of_the_keys_plan(server: MockServer) -> None:
    jobs = api_of(server.url, family=JobsApi)
    for plan, rate, size in (("free", None, 100 * 2**20), ("business", 0.02, 5 * 2**30)):
        jobs.control.patch("/terms", json={"plan": plan}).raise_for_status()
        quota = jobs.http.get("/jobs", headers={"X-Mock-Fault": "quota_exceeded"}).json()
        assert (quota["overage_allowed"], quota.get("overage_rate")) == (rate is not None, rate)
        large = jobs.http.get("/jobs", headers={"X-Mock-Fault": "payload_too_large"}).json()
        assert large["limit_bytes"] == size


@each_family
def test_a_named_error_has_the_words_of_the_real_one(api: AnyApi) -> None:
    refused = httpx.get(f"{api.url}{api.jobs_path}")
    asked_for = api.http.get(api.jobs_path, headers={"X-Mock-Fault": "unauthorized"})
    assert (asked_for.status_code, asked_for.json()) == (refused.status_code, refused.json())


@each_family
def test_a_named_limit_has_the_words_of_the_real_one(api: AnyApi) -> None:
    api.freeze()
    api.control.patch("/terms", json={"rate_limit": 1, "rate_window": 1})
    api.listing()
    one_too_many = api.listing()
    asked_for = api.http.get(api.jobs_path, headers={"X-Mock-Fault": "rate_limited"})
    assert (asked_for.status_code, asked_for.json()) == (one_too_many.status_code, one_too_many.json())
    assert asked_for.headers["retry-after"] == "1"


@each_family
def test_any_status_with_any_body_and_headers(api: AnyApi) -> None:
    fault = '{"status": 418, "body": {"short": "and stout"}, "headers": {"X-Kettle": "on", "Content-Type": "text/tea"}}'
    reply = api.http.get(api.jobs_path, headers={"X-Mock-Fault": fault})
    assert (reply.status_code, reply.json()) == (418, {"short": "and stout"})
    assert (reply.headers["x-kettle"], reply.headers["content-type"]) == ("on", "text/tea")
    reply = api.http.get(api.jobs_path, headers={"X-Mock-Fault": '{"status": 299, "body": "plain"}'})
    assert (reply.status_code, reply.text) == (299, "plain")


@each_family
@pytest.mark.parametrize("status", [400, 403, 404, 408, 418, 429, 500, 502, 503, 504, 599])
def test_the_standard_header_prefer_asks_for_a_status(api: AnyApi, status: int) -> None:
    reply = api.http.get(api.jobs_path, headers={"Prefer": f"wait=10, code={status}"})
    assert reply.status_code == status
    assert reply.headers["x-mock-fault"] == f"status {status}"


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503, 599])
def test_the_standard_header_prefer_asks_the_gateway_too(api: Api, status: int) -> None:
    reply = api.http.post("/v1/chat/completions", json=CHAT, headers={"Prefer": f"code={status}"})
    assert reply.status_code == status


@each_family
@pytest.mark.parametrize("preference", ["code=200", "respond-async", "code=5000", "mycode=500", "code=x"])
def test_other_preferences_change_nothing(api: AnyApi, preference: str) -> None:
    reply = api.http.get(api.jobs_path, headers={"Prefer": preference})
    assert reply.status_code == 200
    assert "x-mock-fault" not in reply.headers


@each_family
def test_a_key_asks_for_a_fault_where_headers_cannot_be_set(family: Family, api: AnyApi) -> None:
    limited = api_of(api.url, f"{api.key}+rate_limited", family=family)
    assert limited.listing().status_code == 429
    assert limited.listing().headers["x-mock-fault"] == "rate_limited"
    job = api.submit(URL)
    same_world = api_of(api.url, f"{api.key}+job_stuck", family=family)
    assert same_world.id_of(same_world.ask(job)) == job
    assert same_world.status(same_world.submit(URL)) == "processing"
    other = api_of(api.url, f"{api.key}+no_such_fault", family=family)
    assert other.ask(job).status_code == other.unknown


def test_a_key_asks_for_a_fault_of_the_gateway(api: Api) -> None:
    client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=f"{api.key}+rate_limited", max_retries=0)
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(**CHAT)  # type: ignore[call-overload]


@each_family
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("EMPTY_RESPONSE", httpx.RemoteProtocolError),
        ("MALFORMED_RESPONSE_CHUNK", httpx.RemoteProtocolError),
        ("RANDOM_DATA_THEN_CLOSE", httpx.RemoteProtocolError),
        ("CONNECTION_RESET_BY_PEER", httpx.ReadError),
        ("truncated", httpx.RemoteProtocolError),
        ('{"content_length": 7}', httpx.RemoteProtocolError),
        ('{"truncate": 9, "connection": "CONNECTION_RESET_BY_PEER"}', httpx.ReadError),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_connections_that_fail(api: AnyApi, fault: str, error: type[Exception], method: str) -> None:
    with pytest.raises(error):
        api.http.request(
            method, api.jobs_path, json=api.body(URL) if method == "POST" else None, headers={"X-Mock-Fault": fault}
        )
    assert api.listing().status_code == 200


def raw(api: AnyApi, fault: str) -> bytes:
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            f"GET {api.jobs_path} HTTP/1.1\r\nHost: x\r\nAuthorization: {api.authorization}\r\n"
            f"X-Mock-Fault: {fault}\r\n\r\n".encode()
        )
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


@each_family
@pytest.mark.parametrize("fault", ["EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE"])
def test_a_connection_fails_after_an_upload_and_not_in_the_middle_of_it(api: AnyApi, fault: str) -> None:
    url = httpx.URL(api.url)
    head = (
        f"POST {api.uploads_path} HTTP/1.1\r\nHost: x\r\nAuthorization: {api.authorization}\r\n"
        f"Content-Type: {api.upload_type}\r\nX-Mock-Fault: {fault}\r\n"
    )
    with socket.create_connection((url.host, url.port), timeout=10) as connection:
        connection.sendall(f"{head}Content-Length: 20000000\r\n\r\n".encode())
        for _ in range(20):
            connection.sendall(bytes(1_000_000))
        connection.recv(10)


@each_family
def test_what_is_on_the_wire(api: AnyApi) -> None:
    whole = api.http.get(api.jobs_path, headers={"Host": "x"}).content
    assert raw(api, "EMPTY_RESPONSE") == b""
    assert not raw(api, "RANDOM_DATA_THEN_CLOSE").startswith(b"HTTP")
    head, _, garbage = raw(api, "MALFORMED_RESPONSE_CHUNK").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"transfer-encoding: chunked" in head
    assert len(garbage) == 128
    head, _, body = raw(api, '{"truncate": 30}').partition(b"\r\n\r\n")
    assert len(body) == 30
    assert b"content-length: %d" % len(whole) in head
    assert b"x-request-id: " in head
    head, _, body = raw(api, '{"content_length": -4}').partition(b"\r\n\r\n")
    assert b"content-length: %d" % (len(body) - 4) in head


@each_family
@pytest.mark.parametrize("status", [204, 205, 304])
@pytest.mark.parametrize(
    "others", [{}, {"body": "much"}, {"malformed_json": True}, {"dribble": {"chunks": 2, "seconds": 0}}]
)
def test_a_reply_that_can_have_no_body_has_none_and_the_next_follows_it(
    api: AnyApi, status: int, others: dict[str, Any]
) -> None:
    headers = {"X-Mock-Fault": json.dumps({"status": status, **others})}
    reply = api.http.get(api.jobs_path, headers=headers)
    assert (reply.status_code, reply.content) == (status, b"")
    assert reply.headers["x-mock-hint"].startswith(f"a fault: status {status}")
    ask = f"GET {api.jobs_path} HTTP/1.1\r\nHost: x\r\nAuthorization: {api.authorization}\r\n"
    url = httpx.URL(api.url)
    with socket.create_connection((url.host, url.port), timeout=5) as connection:
        for more in (f"X-Mock-Fault: {headers['X-Mock-Fault']}\r\n", "Connection: close\r\n"):
            connection.sendall(f"{ask}{more}\r\n".encode())
        with connection.makefile("rb") as file:
            first, _, rest = file.read().partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 %d " % status)
    assert rest.removeprefix(b"0\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


@each_family
@pytest.mark.parametrize("damage", ["truncate", "content_length"])
def test_damage_of_nothing_at_all_is_damage(api: AnyApi, faults: Faults, damage: str) -> None:
    assert faults.add(**{damage: 0})["label"] == damage
    head, _, body = raw(api, json.dumps({damage: 0})).partition(b"\r\n\r\n")
    assert b"x-mock-fault: %s\r\n" % damage.encode() in head
    assert (body == b"") is (damage == "truncate")


def test_a_stream_is_cut_before_its_first_token(api: Api, faults: Faults) -> None:
    assert faults.add(cut_after=0)["label"] == "cut_after"
    with pytest.raises(httpx.RemoteProtocolError):
        api.http.post("/v1/chat/completions", json=CHAT | {"stream": True})


@each_family
def test_the_same_fault_gives_the_same_garbage_every_time(api: AnyApi) -> None:
    assert raw(api, "RANDOM_DATA_THEN_CLOSE") == raw(api, "RANDOM_DATA_THEN_CLOSE")


@each_family
def test_malformed_json_is_a_whole_reply_that_cannot_be_parsed(api: AnyApi) -> None:
    reply = api.http.get(api.jobs_path, headers={"X-Mock-Fault": "malformed_json"})
    assert reply.status_code == 200
    assert len(reply.content) == int(reply.headers["content-length"])
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|Illegal"):
        reply.json()


@each_family
def test_a_body_that_comes_in_drops_is_whole_in_the_end(api: AnyApi, faults: Faults) -> None:
    job = api.submit(URL)
    assert api.status(job) == "completed"
    plain = api.ask(job)
    api.freeze()
    faults.add(dribble={"chunks": 5, "seconds": 10}, path=f"{api.jobs_path}/*")
    with api.http.stream("GET", api.path_of(job)) as reply:
        received = []
        parts = reply.iter_raw()
        for _ in range(5):
            api.advance(2)
            received.append(next(parts))
        assert list(parts) == []
    assert b"".join(received) == plain.content
    assert all(received)


@each_family
def test_a_delay_is_on_the_clock_of_the_key(api: AnyApi, faults: Faults) -> None:
    api.freeze()
    faults.add(delay=100, path=api.jobs_path, method="GET")
    with pytest.raises(httpx.ReadTimeout):
        api.http.get(api.jobs_path, timeout=0.2)
    api.control.post("/clock/scale", json={"factor": 1000})
    api.control.post("/clock/resume")
    assert api.http.get(api.jobs_path, timeout=10).status_code == 200
    assert api.create(URL).headers.get("x-mock-fault") is None


@each_family
def test_a_delayed_upload_is_whole(api: AnyApi, faults: Faults) -> None:
    faults.add(delay=0.05, path=api.uploads_path)
    text = api.text(api.send((AUDIO / "hello.wav").read_bytes()))
    assert text is not None
    assert text.startswith("Hello and welcome.")
    assert [rule["fired"] for rule in faults.all()] == [1]


@each_family
def test_a_client_that_gives_up_during_a_delay_makes_no_job(api: AnyApi, faults: Faults) -> None:
    api.freeze()
    faults.add(delay=60, times=1)
    with pytest.raises(httpx.ReadTimeout):
        api.http.post(api.jobs_path, json=api.body(URL), timeout=0.2)
    api.advance(60)
    assert api.control.get("/jobs").json()["jobs"] == []


@each_family
def test_a_fault_in_place_of_a_reply_leaves_the_work_undone_unless_it_executes(api: AnyApi) -> None:
    api.create(URL, headers={"X-Mock-Fault": "server_error"})
    assert api.control.get("/jobs").json()["jobs"] == []
    fault = '{"connection": "EMPTY_RESPONSE", "executes": true}'
    with pytest.raises(httpx.RemoteProtocolError):
        api.create(URL, headers={"X-Mock-Fault": fault})
    assert len(api.control.get("/jobs").json()["jobs"]) == 1


def test_a_stream_is_cut_after_so_many_tokens(api: Api, faults: Faults) -> None:
    client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=api.key, max_retries=0)
    faults.add(cut_after=3, service="gateway")
    said = []
    with pytest.raises(openai.APIConnectionError):  # noqa: PT012
        for chunk in client.chat.completions.create(**CHAT, stream=True):  # type: ignore[call-overload]
            said += [choice.delta.content for choice in chunk.choices if choice.delta.content]
    assert len(said) == 3


def test_a_fault_that_a_stream_is_cut_by_bytes(api: Api) -> None:
    fault = {"X-Mock-Fault": '{"truncate": 100}'}
    received = b""
    with (  # noqa: PT012
        api.http.stream("POST", "/v1/chat/completions", json=CHAT | {"stream": True}, headers=fault) as reply,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        for part in reply.iter_raw():
            received += part
    assert len(received) == 100


@each_family
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("no_such_fault", "there is no 'no_such_fault'; there are "),
        ("no_access", "there is no 'no_access'"),
        ('{"error": "no_access"}', "there is no 'no_access'"),
        ("{", "Invalid JSON"),
        ("{}", "the rule does nothing"),
        ('{"status": 99}', "status: "),
        ('{"statuss": 500}', "statuss: "),
        ('{"delay": -1}', "delay.seconds: "),
        ("", "there is no ''"),
        ("\xff", "there is no"),
        ("[" * 5000, "there is no"),
        ('{"params":' + '{"a":' * 2000 + "1" + "}" * 2001, ""),
    ],
)
def test_a_header_that_asks_for_what_there_is_not(api: AnyApi, fault: str, said: str) -> None:
    reply = api.http.get(api.jobs_path, headers=[(b"X-Mock-Fault", fault.encode("latin-1"))])
    assert reply.status_code == 400
    assert said in api.message_of(reply)
    assert api.message_of(reply).startswith("x-mock-fault: ")
    assert api.control.get("/journal").json()["requests"][0]["note"].startswith("x-mock-fault: ")
