"""Fixtures that are added while the server runs."""

from __future__ import annotations

import base64
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family
from tests.conftest import AUDIO, api_of, each_family
from tests.sounds import wav

URL = "https://example.com/added/a.mp3"
MODEL = "claude-sonnet-4-5-20250929"


def add(api: AnyApi, body: str, status: int = 201, **query: Any) -> Any:
    reply = api.control.post("/fixtures", content=body.encode(), params=query)
    assert reply.status_code == status, reply.text
    return reply.json()


def add_for_all(url: str, body: str, **query: Any) -> None:
    assert httpx.post(f"{url}/_mock/fixtures", content=body, params=query).status_code == 201


def heard(api: AnyApi, url: str = URL) -> str:
    return str(api.heard(url))


def names(api: AnyApi) -> list[str]:
    return [fixture["name"] for fixture in api.control.get("/fixtures").json()["fixtures"]]


def asked(api: AnyApi, text: str) -> str:
    chat = {"model": MODEL, "messages": [{"role": "user", "content": text}]}
    reply = httpx.post(f"{api.url}/v1/chat/completions", json=chat, headers={"Authorization": api.key})
    assert reply.status_code == 200, reply.text
    said: str = reply.json()["choices"][0]["message"]["content"]
    return said


@each_family
def test_a_fixture_is_for_the_key_that_it_was_added_for(family: Family, server: MockServer, api: AnyApi) -> None:
    other = api_of(server.url, family=family)
    assert add(api, f"match: {{audio_url: '{URL}'}}\ntext: Hello there.") == {"fixtures": ["added-1"]}
    assert heard(api) == "Hello there."
    assert heard(other) != "Hello there."
    assert names(other) == []
    assert other.control.delete("/fixtures/added-1").status_code == 404
    api.control.post("/reset")
    assert names(api) == []
    assert heard(api) == heard(other)


@each_family
def test_a_fixture_for_all_is_for_every_key(family: Family) -> None:
    with MockServer() as mock:
        one, two = api_of(mock.url, family=family), api_of(mock.url, family=family)
        add_for_all(mock.url, f"name: everyone\nmatch: {{audio_url: '{URL}'}}\ntext: For all.")
        add(two, "text: For two.")
        assert [heard(one), heard(two)] == ["For all.", "For two."]
        two.control.post("/reset")
        assert heard(two) == "For all."
        listed = httpx.get(f"{mock.url}/_mock/fixtures").json()["fixtures"]
        assert listed == [{"name": "everyone", "for": "transcripts", "uses_left": None}]
        httpx.post(f"{mock.url}/_mock/reset")
        assert httpx.get(f"{mock.url}/_mock/fixtures").json() == {"fixtures": []}
        assert heard(one) != "For all."


@each_family
def test_an_added_fixture_wins_over_any_file(api: AnyApi) -> None:
    audio = (AUDIO / "hello.wav").read_bytes()
    add(api, "text: Something else.")
    assert api.text(api.send(audio)) == "Something else."
    assert names(api) == ["added-1"]
    assert api.control.delete("/fixtures/added-1").json() == {"removed": ["added-1"]}
    assert str(api.text(api.send(audio))).startswith("Hello and welcome.")


@each_family
def test_the_most_specific_wins_and_among_equals_the_newest(api: AnyApi) -> None:
    add(api, f"name: exact\nmatch: {{audio_url: '{URL}'}}\ntext: Exact.")
    add(api, "name: first\nmatch: {audio_url: 'https://example.com/*'}\ntext: First.")
    add(api, "name: later\nmatch: {audio_url: 'https://example.com/*'}\ntext: Later.")
    assert [heard(api), heard(api, "https://example.com/b")] == ["Exact.", "Later."]
    add(api, "name: first\nmatch: {audio_url: 'https://example.com/*'}\ntext: Replaced.")
    assert heard(api, "https://example.com/b") == "Replaced."
    assert names(api) == ["exact", "later", "first"]


@each_family
def test_several_documents_come_in_yaml_or_json(api: AnyApi) -> None:
    documents = [
        {"name": "smile", "match": {"audio_url": "*/smile.mp3"}, "text": "A smile 😀 is\tfree."},
        {"name": "chat", "match": {"user": "ping"}, "answer": "pong"},
    ]
    assert add(api, json.dumps(documents))["fixtures"] == ["smile", "chat"]
    assert add(api, "text: one\n---\nanswer: two\n---\n- text: three\n- {answer: four}")["fixtures"] == [
        "added-2",
        "added-2-2",
        "added-2-3",
        "added-2-4",
    ]
    assert heard(api, "https://example.com/smile.mp3") == "A smile 😀 is free."
    assert asked(api, "ping") == "pong"
    assert api.control.delete("/fixtures").json()["removed"] == [
        "smile", "chat", "added-2", "added-2-2", "added-2-3", "added-2-4",
    ]  # fmt: skip
    assert names(api) == []


@each_family
def test_captions_may_be_given_as_text(api: AnyApi) -> None:
    captions = "1\n00:00:01,000 --> 00:00:02,500\nGood evening.\n"
    add(api, json.dumps({"captions": captions, "duration": 5}))
    job = api.submit(URL)
    assert (api.text(job), api.times(job)[0][0], api.duration(job)) == ("Good evening.", 1000, 5)


@each_family
def test_a_fixture_answers_as_often_as_it_is_to(server: MockServer, api: AnyApi) -> None:
    add(api, "name: twice\ntext: Twice.", uses=2)
    assert api.control.get("/fixtures").json()["fixtures"] == [{"name": "twice", "for": "transcripts", "uses_left": 2}]
    assert [heard(api) == "Twice." for _ in range(3)] == [True, True, False]
    assert names(api) == []
    assert api.control.delete("/fixtures/twice").status_code == 404


def test_a_chat_fixture_answers_as_often_as_it_is_to(api: Api) -> None:
    add(api, "match: {user: ping}\nanswers: [one, two, three]", uses=2)
    assert [asked(api, "ping") for _ in range(2)] == ["one", "two"]
    assert asked(api, "ping") not in ("two", "three")
    add(api, "match: {user: ping}\nanswers: [one, two, three]", uses=2)
    assert asked(api, "ping") == "one"


@each_family
def test_jobs_that_come_together_never_take_more_uses_than_there_are(
    family: Family, server: MockServer, api: AnyApi
) -> None:
    """Whether their audio is known at once, or has to be read first."""
    add(api, "name: some\ntext: Counted.", uses=7)
    audio = f"data:audio/wav;base64,{base64.b64encode(wav(1)).decode()}"
    jobs: list[str] = []

    def submit(url: str) -> None:
        jobs.append(api_of(server.url, api.key, family=family).submit(url))

    threads = [threading.Thread(target=submit, args=(url,)) for url in [audio, URL] * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [api.text(job) for job in jobs]
    assert texts.count("Counted.") == 7
    assert sum(api.job(job)["fixture"] == "some" for job in jobs) == 7
    assert names(api) == []


@each_family
def test_a_use_of_a_job_that_fails_is_a_use(api: AnyApi) -> None:
    add(api, "outcome: {error: the tape broke}", uses=1)
    jobs = [api.submit(URL), api.submit(URL)]
    assert [api.status(job) for job in jobs] == ["error", "completed"]
    assert api.failure(jobs[0]) == "the tape broke"


@each_family
def test_added_fixtures_survive_a_restart(family: Family, tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url, "some-key", family=family)
        add(api, "name: kept\nmatch: {audio_url: '*/kept.mp3'}\ntext: Kept.\n---\nname: chat\nanswer: yes", uses=3)
        add(api, "name: gone\ntext: Gone.")
        add_for_all(mock.url, "name: everyone\ntext: For all.")
        api.control.delete("/fixtures/gone")
        assert heard(api, "https://example.com/kept.mp3") == "Kept."
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url, "some-key", family=family)
        listed = api.control.get("/fixtures").json()["fixtures"]
        assert [(each["name"], each["for"], each["uses_left"]) for each in listed] == [
            ("kept", "transcripts", 2),
            ("chat", "chats", 3),
        ]
        assert heard(api, "https://example.com/kept.mp3") == "Kept."
        assert heard(api) == "For all."
        assert asked(api, "ping") == "yes"
        assert add(api, "text: x")["fixtures"] == ["added-2"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "line 1: there is no fixture"),
        ("text: fine\n---\nmatch: {audio_url: a}\ntypo: 1", "line 4: unknown field 'typo'"),
        ("text: [", "this is not YAML"),
        ("just text", "line 1: expected fields"),
        ("match: {audio: /etc/passwd}\ntext: x", "line 1: '/etc/passwd': only a fixture in a file may name files"),
        ("captions: ../a.srt", "only a fixture in a file may name files"),
        ("captions: |\n  1\n  00:00 --> nonsense", "line 1: captions, line 2"),
        ("name: a\ntext: x\n---\nname: a\ntext: y", "line 4: the name 'a' is given twice"),
        ("answers: []", "expected a list"),
        (r'{"name": "half \ud800", "text": "x"}', "this is not YAML"),
        (r'{"name": "\u00fc", "typo": "\ud83d\ude00"}', "line 3: unknown field 'typo'"),
        ("a: &a [*a]", "aliases"),
        ("text: x\noutcome: {reason: bored}\n---\ntext: y\nduration: long", "line 5: expected seconds"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_nothing_is_added(api: AnyApi, body: str, told: str) -> None:
    refused = add(api, body, 422)
    assert told in refused["error"]
    assert refused["problems"][0].keys() == {"line", "reason"}
    assert names(api) == []


def test_bodies_that_are_bombs_are_refused(api: AnyApi) -> None:
    nested = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [{'*' + a + ','}*{a}]\n"
        for a, b in zip("abcdefghijklmnopqrstuv", "bcdefghijklmnopqrstuvw", strict=True)
    )
    assert "aliases" in add(api, f"match: {{params: {{{', '.join(nested.splitlines())}}}}}\ntext: x", 422)["error"]
    add(api, "match: {params: {x: " + "[" * 100_000 + "]" * 100_000 + "}}\ntext: x", 422)
    add(api, "[" * 100_000, 422)
    assert api.control.post("/fixtures", content=b"text: \xff").status_code == 422
    assert api.control.post("/fixtures", params={"uses": 0}, content=b"text: x").status_code == 422


def test_a_body_that_is_too_long_is_refused() -> None:
    with MockServer(body_bytes=1000) as mock:
        reply = httpx.post(f"{mock.url}/_mock/fixtures", content=b"text: " + b"x" * 1000)
        assert (reply.status_code, reply.json()) == (413, {"error": "body: longer than 1000 bytes"})


def test_in_strict_mode_the_nearest_added_fixtures_are_told(api: Api) -> None:
    api.control.patch("/terms", json={"strict": True})
    add(api, "name: mine\nmatch: {user: {is: exactly this}}\nanswer: yes")
    reply = api.http.post(
        "/v1/chat/completions", json={"model": MODEL, "messages": [{"role": "user", "content": "that"}]}
    )
    assert "mine (added-1:1): user is not 'exactly this'" in reply.text + reply.headers["x-mock-hint"]


def explained(api: AnyApi, **asked: Any) -> dict[str, Any]:
    reply = api.control.post("/fixtures/explain", json=asked)
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()
    return told


def test_why_a_fixture_answers_or_does_not_can_be_asked(api: Api) -> None:
    add(
        api,
        "name: near\nmatch: {audio_url: 'https://example.com/calls/*.mp3', params: {speaker_labels: true}}\ntext: x\n"
        "---\nname: far\nmatch: {language: de, params: {punctuate: false}, api_key: 'nobody*', file_name: b}\ntext: y",
        uses=1,
    )
    told = explained(api, audio_url="https://example.com/calls/1.wav", params={"speaker_labels": False})
    assert (told["fixture"], told["where"]) == (None, None)
    assert [near["name"] for near in told["nearest"]] == ["near", "far"]
    assert told["nearest"][0] == {
        "name": "near",
        "where": "added-1:1",
        "misses": [
            "audio_url does not fit 'https://example.com/calls/*.mp3': it is 'https://example.com/calls/1.wav'",
            "speaker_labels is 'False', not 'True'",
        ],
    }
    assert told["nearest"][1]["misses"][2:] == ["language is None, not 'de'", "punctuate is not sent"]
    assert api.key not in str(told)
    for _ in range(2):  # asking takes no use
        told = explained(api, audio_url="https://example.com/calls/1.mp3", params={"speaker_labels": True})
        assert (told["fixture"], told["where"]) == ("near", "added-1:1")


def test_an_upload_is_explained_by_what_it_is(api: Api) -> None:
    audio = api.upload((AUDIO / "hello.wav").read_bytes())
    assert explained(api, audio_url=audio)["fixture"] == "hello"
    add(api, "text: anything")
    assert explained(api, audio_url=audio)["fixture"] == "added-1"
    odd = {"language_code": ["de"], "speaker_labels": "\ud800"}
    add(api, "match: {language: de, params: {speaker_labels: true}}\ntext: x")
    asked = json.dumps({"audio_url": "no url", "params": odd})
    told = api.control.post("/fixtures/explain", content=asked, headers={"content-type": "application/json"})
    assert (told.status_code, told.json()["fixture"]) == (200, "added-1")
    assert api.control.post("/fixtures/explain", json={"audio_url": 5}).status_code == 422
