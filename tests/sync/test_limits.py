"""Limits, terms and faults: what every service has, in the words of this one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.sync.conftest import HELLO, LIVE, Sync, problem, sync_of

TOO_MANY = (429, "Too Many Requests", "Rate limit exceeded")
STATUSES = {
    "bad_request": (400, "Bad Request"), "bad_audio": (400, "Bad Audio"), "audio_too_short": (400, "Audio Too Short"),
    "audio_too_large": (413, "Audio Too Large"), "unsupported_media_type": (415, "Unsupported Media Type"),
    "rate_limited": (429, "Too Many Requests"), "capacity_exceeded": (503, "Capacity Exceeded"),
    "inference_error": (500, "Inference Error"), "service_unavailable": (503, "Service Unavailable"),
    "inference_timeout": (504, "Inference Timeout"), "unauthorized": (404, "Not Found"),
    "insufficient_funds": (400, "Bad Request"), "server_error": (500, "Inference Error"),
    "bad_gateway": (502, "Bad Gateway"), "gateway_timeout": (504, "Inference Timeout"),
}  # fmt: skip


def change(sync: Sync, **terms: Any) -> None:
    assert sync.control.patch("/terms", json=terms).status_code == 200


def test_by_default_there_is_no_limit(sync: Sync) -> None:
    assert {sync.offer().status_code for _ in range(30)} == {200}


def test_too_many_requests_are_refused_until_the_minute_is_over(sync: Sync) -> None:
    change(sync, sync_rate_limit=2)
    sync.api.freeze()
    assert [sync.offer(config={}, path=path).status_code for path in ("/v1/transcribe", LIVE[0])] == [200, 200]
    refused = sync.offer()
    assert (problem(refused), refused.headers["retry-after"]) == (TOO_MANY, "60")
    assert "sync_rate_limit" in refused.headers["x-mock-hint"]
    sync.api.advance(59)
    assert sync.offer().headers["retry-after"] == "1"
    sync.api.advance(1)
    assert sync.offer().status_code == 200


def test_what_names_no_model_or_only_opens_a_connection_does_not_count(sync: Sync) -> None:
    change(sync, sync_rate_limit=1)
    assert sync.offer(headers={"X-AAI-Model": "x"}).text == "Not found"
    assert sync.http.get("/v1/warm").status_code == 200
    assert sync.api.listing().status_code == 200
    assert sync.offer().status_code == 200
    assert sync.offer(headers={"X-AAI-Model": "x"}).text == "Not found"
    assert sync.offer().status_code == 429


def test_the_limit_is_a_setting_too() -> None:
    with MockServer(sync_rate_limit=1, quirks=["sync_error_codes"]) as mock:
        sync = sync_of(mock)
        assert sync.offer().status_code == 200
        refused = sync.offer()
        assert (refused.status_code, refused.json()) == (429, {"detail": "Rate limit exceeded"})
        assert refused.headers["retry-after"].isdigit()
        assert sync_of(mock).offer().status_code == 200


def test_who_does_not_pay_is_refused(sync: Sync) -> None:
    change(sync, negative_balance=True)
    assert problem(sync.offer())[:2] == (400, "Bad Request")


@pytest.mark.parametrize(
    ("status", "title"), [(500, "Inference Error"), (503, "Service Unavailable"), (504, "Inference Timeout")]
)
def test_the_service_can_be_broken(status: int, title: str, sync: Sync) -> None:
    change(sync, failing=status)
    assert problem(sync.offer())[:2] == (status, title)
    assert sync.http.get("/v1/warm").status_code == 200


def test_every_error_can_be_had_by_its_name(sync: Sync) -> None:
    names = sync.control.get("/faults/names").json()["errors"]["sync"]
    assert set(names) == {*STATUSES, "not_found"}
    for name in names:
        reply = sync.offer(headers={"X-Mock-Fault": name})
        assert reply.headers["x-mock-fault"] == name
        if name == "not_found":
            assert (reply.status_code, reply.text) == (404, "Not found")
        else:
            assert problem(reply)[:2] == STATUSES[name]
    assert sync.offer(headers={"X-Mock-Fault": "capacity_exceeded"}).headers["retry-after"] == "1"


@pytest.mark.parametrize("status", [400, 404, 413, 415, 418, 429, 500, 502, 503, 504])
def test_every_status_has_its_words(status: int, sync: Sync) -> None:
    reply = sync.offer(headers={"Prefer": f"code={status}"})
    assert reply.status_code == status
    if status != 404:
        assert problem(reply)[0] == status


def test_the_next_requests_fail_as_a_rule_says(sync: Sync) -> None:
    rule = {"error": "capacity_exceeded", "service": "sync", "path": "/v1/transcribe*", "times": 2}
    assert sync.control.post("/faults", json=rule).status_code == 201
    assert sync.http.get("/v1/warm").status_code == 200
    assert [sync.offer(config={}, path=LIVE[0]).status_code for _ in range(3)] == [503, 503, 200]


def test_a_rule_sees_what_a_form_says(sync: Sync) -> None:
    rule = {"error": "inference_timeout", "params": {"config": {"prompt": "Listen."}}}
    assert sync.control.post("/faults", json=rule).status_code == 201
    for path in ("/v1/transcribe", LIVE[0]):
        assert sync.offer(config={"prompt": "Hear.", "timestamps": True}, path=path).status_code == 200
        assert problem(sync.offer(config={"prompt": "Listen.", "timestamps": True}, path=path))[0] == 504
    assert sync.offer(b"RIFF").status_code == 400
    assert sync.offer(headers={"X-AAI-Model": "x"}).text == "Not found"


def test_a_reply_is_late_on_the_clock_of_the_key(sync: Sync) -> None:
    assert sync.control.post("/faults", json={"delay": 0.2, "path": "/v1/transcribe"}).status_code == 201
    assert sync.heard()["text"].startswith("Hello")


def test_a_connection_can_break(sync: Sync) -> None:
    for name in ("EMPTY_RESPONSE", "CONNECTION_RESET_BY_PEER"):
        with pytest.raises(httpx.TransportError):
            sync.offer(headers={"X-Mock-Fault": name})
    assert sync.offer(headers={"X-Mock-Fault": "malformed_json"}).text.startswith('{"text":"Hello')


def test_requests_are_counted(server: MockServer) -> None:
    sync = sync_of(server)
    sync.offer()
    sync.offer(HELLO[:50])
    counted = httpx.get(f"{server.url}/_mock/metrics").text
    labels = 'family="assemblyai",service="sync",operation="/v1/transcribe",method="POST"'
    for status in ("200", "400"):
        assert f'{{{labels},status="{status}"}}' in counted


def test_the_description_has_what_a_request_needs(server: MockServer) -> None:
    document = httpx.get(f"{server.url}/_mock/openapi.json").json()
    for path in ("/v1/transcribe", "/transcribe", *LIVE):
        described = document["paths"][path]["post"]
        (header,) = described["parameters"]
        assert (header["name"], header["in"], header["required"]) == ("X-AAI-Model", "header", True)
        assert list(described["requestBody"]["content"]) == ["multipart/form-data"]
        assert described["security"] == [{"sync": []}]
    assert "security" not in document["paths"]["/v1/warm"]["get"]
