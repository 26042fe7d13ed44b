"""Requests as curl commands and as HTTP archives, and whether they are what a test expects."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.apis import AnyApi, Api
from tests.conftest import each_family
from tests.control.entries import URL, entries, newest, verify
from tests.sounds import wav


@each_family
def test_the_curl_command_repeats_the_request(api: AnyApi) -> None:
    job = api.submit(URL, prompt='it\'s a "test" $HOME `x` \\ é')
    sent = newest(api)
    command = api.control.get(f"/journal/{sent['request_id']}/curl").text
    assert "$API_KEY" in command
    assert api.key not in command
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        env={"API_KEY": api.authorization.removeprefix("Bearer "), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert job not in done.stdout
    assert len(api.control.get("/jobs").json()["jobs"]) == 2
    assert newest(api)["request_body"] == sent["request_body"]


@each_family
def test_the_curl_command_says_what_it_lacks(api: AnyApi) -> None:
    api.send(wav(1))
    uploaded = entries(api, path=api.uploads_path)[0]
    command = api.control.get(f"/journal/{uploaded['request_id']}/curl").text
    remark, _, rest = command.partition("\n")
    assert remark.startswith("# The ")
    assert "was not kept" in remark
    assert ("-F file=@audio" if api.upload_type.startswith("multipart/") else "--data-binary @body") in rest


@each_family
def test_the_archive_has_the_shape_of_har_1_2(mixed: AnyApi) -> None:
    mixed.send(wav(1))
    log = mixed.control.get("/journal/har").json()["log"]
    log["entries"] = [entry for entry in log["entries"] if "/auth/" not in entry["request"]["url"]]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "mockserver")
    assert isinstance(log["creator"]["version"], str)
    shown = [mixed.accepted, 400, mixed.unknown, 200, mixed.accepted]  # and a job of an upload, where that is another
    assert [entry["response"]["status"] for entry in log["entries"]][:5] == shown
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
    assert posted["url"] == f"{mixed.url}{mixed.jobs_path}"
    assert json.loads(posted["postData"]["text"])[mixed.language_field] == "de"
    assert len(mixed.control.get("/journal/har", params={"status": "4xx"}).json()["log"]["entries"]) == 2


@each_family
@pytest.mark.parametrize(
    ("expected", "count"),
    [
        ({"method": "POST", "path": "{jobs}"}, 2),
        ({"status": "{accepted}", "params": {"{language}": "de"}}, 1),
        ({"status": "4xx", "exactly": 2}, 2),
        ({"params": {"{language}": "fr"}, "exactly": 0}, 0),
        ({"path": "{jobs}*", "at_least": 2, "at_most": 4}, 4),
        ({"headers": {"Content-Type": "application/json"}, "path": "{jobs}", "at_most": 2}, 2),
        ({"body": "{language}", "method": "post"}, 1),
    ],
)  # fmt: skip
def test_what_was_asked_is_verified(mixed: AnyApi, expected: dict[str, Any], count: int) -> None:
    reply = verify(mixed, **mixed.worded(expected))
    assert (reply.status_code, reply.json()) == (200, {"count": count})


@each_family
def test_no_expectation_at_all_is_met_by_every_request(mixed: AnyApi) -> None:
    assert verify(mixed).json() == mixed.control.get("/journal/count").json()
    assert verify(mixed, status=mixed.accepted, method="POST", path=mixed.jobs_path).json() == {"count": 1}


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


@each_family
def test_the_nearest_requests_say_what_they_lack(mixed: AnyApi) -> None:
    reply = verify(
        mixed,
        method="POST",
        path=mixed.jobs_path,
        status=mixed.accepted,
        headers={"X-Mine": "1"},
        params={mixed.language_field: "fr"},
    )
    assert reply.status_code == 409
    refusal = reply.json()
    assert (refusal["count"], refusal["error"]) == (0, "0 requests were as expected, not at least 1")
    assert next(entry["missed"] for entry in refusal["nearest"]) == [
        "there is no header X-Mine", f'{mixed.language_field} is "de", not "fr"',
    ]  # fmt: skip
    nearest = [entry for entry in refusal["nearest"] if not entry["path"].startswith("/auth/")]
    assert len(nearest) == 4
    assert any(f"status is 400, not {mixed.accepted}" in entry["missed"] for entry in refusal["nearest"])


@each_family
def test_too_many_requests_are_shown(mixed: AnyApi) -> None:
    refusal = verify(mixed, status="4xx", at_most=1).json()
    assert (refusal["error"], refusal["count"]) == ("2 requests were as expected, not at most 1", 2)
    assert [(entry["status"], entry["missed"]) for entry in refusal["nearest"]] == [
        (mixed.unknown, []),
        (400, []),
    ]


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
