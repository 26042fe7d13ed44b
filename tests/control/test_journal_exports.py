"""Requests as curl commands and as HTTP archives, and whether they are what a test expects."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.conftest import Api
from tests.control.entries import URL, newest, verify
from tests.sounds import wav


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
