"""Rate limits: windows of sixty seconds, for each model, on the project's clock."""

from __future__ import annotations

from typing import Any

import httpx

from tests.conftest import api_of
from tests.gateway.conftest import TALKS, Gateway

TRANSLATION = {"request": {"translation": {"target_languages": ["de"]}}}


def limits(reply: httpx.Response) -> dict[str, str]:
    return {
        name.removeprefix("x-ratelimit-"): value
        for name, value in reply.headers.items()
        if name.startswith("x-ratelimit-")
    }


def chat(gateway: Gateway, **fields: Any) -> httpx.Response:
    return gateway.post({"model": "gpt-5", "prompt": "a", **fields})


def test_a_paid_plan_allows_30_requests_to_each_model_in_60_seconds(gateway: Gateway) -> None:
    gateway.api.freeze()
    for left in range(29, -1, -1):
        reply = chat(gateway)
        assert reply.status_code == 200
        assert limits(reply) == {
            "limit": "30", "remaining": str(left), "reset": "60", "model": "gpt-5", "service": "llmgw",
        }  # fmt: skip
    gateway.api.advance(20.5)
    refused = chat(gateway)
    assert refused.status_code == 429
    assert refused.json() == {
        "request_id": refused.headers["x-request-id"],
        "message": "too many requests for this action",
        "code": 429,
    }
    assert refused.headers["retry-after"] == "40"
    assert refused.headers["x-mock-hint"].startswith("the limit is 30 requests to gpt-5 in 60 s")
    assert limits(refused) == {
        "limit": "30", "remaining": "-1", "reset": "40", "model": "gpt-5", "service": "llmgw",
    }  # fmt: skip
    assert chat(gateway, model="gpt-5-mini").status_code == 200
    gateway.api.advance(39.5)
    assert limits(chat(gateway))["remaining"] == "29"


def test_a_free_plan_allows_2_requests_to_its_one_model(gateway: Gateway) -> None:
    gateway.api.control.patch("/terms", json={"llm_plan": "free"})
    free = {"model": "qwen3.5-4b-32k-fast"}
    assert [chat(gateway, **free).status_code for _ in range(3)] == [200, 200, 429]
    denied = chat(gateway)
    assert (denied.status_code, limits(denied)) == (400, {})


def test_limits_are_set_for_a_key_for_all_models_or_for_one(gateway: Gateway) -> None:
    terms = {"llm_rate_limit": 2, "llm_rate_limits": {"gpt-5-mini": 1, "gpt-5-nano": 0}}
    gateway.api.control.patch("/terms", json=terms)
    assert [chat(gateway).status_code for _ in range(3)] == [200, 200, 429]
    assert [chat(gateway, model="gpt-5-mini").status_code for _ in range(2)] == [200, 429]
    assert [limits(chat(gateway, model="gpt-5-nano")) for _ in range(3)] == [{}] * 3
    other = Gateway(api_of(gateway.api.url))
    assert limits(chat(other))["limit"] == "30"


def test_streams_and_errors_of_models_count_and_say_so(gateway: Gateway) -> None:
    with gateway.api.http.stream("POST", "/v1/chat/completions", json={
        "model": "gpt-5", "prompt": "a", "stream": True,
    }) as reply:  # fmt: skip
        assert limits(reply)["remaining"] == "29"
    failed = chat(gateway, prompt="mock: 503")
    assert (failed.status_code, limits(failed)["remaining"]) == (503, "28")
    lost = chat(gateway, prompt="{{ transcript }}", transcript_id="nothing")
    assert (lost.status_code, limits(lost)["remaining"]) == (404, "27")


def test_wrong_requests_do_not_count(gateway: Gateway) -> None:
    wrong = chat(gateway, temperature=9)
    assert (wrong.status_code, limits(wrong)) == (400, {})
    assert limits(chat(gateway))["remaining"] == "29"


def test_understanding_has_a_limit_of_its_own(gateway: Gateway) -> None:
    job = gateway.api.submit(TALKS)

    def understand(transcript: str = job) -> httpx.Response:
        asked = {"transcript_id": transcript, "speech_understanding": TRANSLATION}
        return gateway.api.http.post("/v1/understanding", json=asked)

    gateway.api.freeze()
    gateway.api.control.patch("/terms", json={"understanding_rate_limit": 2})
    assert limits(understand()) == {
        "limit": "2", "remaining": "1", "reset": "60", "feature": "understanding", "service": "speech-understanding",
    }  # fmt: skip
    lost = understand("nothing")
    assert (lost.status_code, limits(lost)["remaining"]) == (404, "0")
    refused = understand()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    gateway.api.advance(60)
    assert understand().status_code == 200
    assert limits(chat(gateway))["remaining"] == "29"


def test_what_has_no_limit_has_no_headers(gateway: Gateway) -> None:
    assert limits(gateway.api.http.get("/v1/models")) == {}
    reply = gateway.api.http.post("/v1/understanding/validate", json={"speech_understanding": TRANSLATION})
    assert (reply.status_code, limits(reply)) == (200, {})


def test_a_reset_opens_new_windows(gateway: Gateway) -> None:
    gateway.api.control.patch("/terms", json={"llm_rate_limit": 1})
    assert [chat(gateway).status_code for _ in range(2)] == [200, 429]
    gateway.api.control.post("/reset")
    assert limits(chat(gateway))["remaining"] == "29"
