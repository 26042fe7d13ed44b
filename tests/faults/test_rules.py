"""Which requests get a fault, and which never do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.apis import AnyApi, Api, Family
from tests.conftest import api_of, each_family
from tests.faults.conftest import Faults
from tests.processes import running

URL = "https://example.com/a.mp3"
JOB = {"audio_url": URL, "language_code": "en", "custom_spelling": [{"from": ["a"], "to": "b"}]}


def statuses(api: AnyApi, count: int) -> list[int]:
    return [api.listing().status_code for _ in range(count)]


@each_family
def test_the_next_requests_fail_and_then_no_more(api: AnyApi, faults: Faults) -> None:
    added = faults.add(error="server_error", times=2)
    assert (added["fired"], added["label"], added["times"]) == (0, "server_error", 2)
    assert statuses(api, 4) == [500, 500, 200, 200]
    (listed,) = faults.all()
    assert listed == added | {"fired": 2}


@each_family
def test_the_third_request_fails(api: AnyApi, faults: Faults) -> None:
    faults.add(error="server_error", after=2, times=1)
    assert statuses(api, 5) == [200, 200, 500, 200, 200]


def test_there_is_room_for_so_many_rules(api: Api, faults: Faults) -> None:
    for _ in range(1_000):
        faults.add(delay=0, path="/nowhere")
    reply = api.control.post("/faults", json={"delay": 0})
    assert reply.status_code == 409
    assert reply.json() == {"error": "there are 1000 faults here already; delete one"}
    faults.clear()
    assert faults.add(delay=0)["label"] == "delay"


@each_family
def test_what_becomes_of_other_rules_changes_no_count(
    family: Family, server: MockServer, api: AnyApi, faults: Faults
) -> None:
    added = faults.add(error="server_error", path=api.jobs_path)
    other = faults.add(delay=0, path="/nowhere")
    assert statuses(api, 3) == [500, 500, 500]
    api.control.delete(f"/faults/{other['id']}")
    faults.choose("flaky")
    faults.choose(None)
    api_of(server.url, family=family).control.post("/reset")
    assert faults.all() == [added | {"fired": 3}]
    api.control.post("/snapshots", json={"name": "then"})
    api.control.post("/snapshots/then/restore")
    assert [rule["id"] for rule in faults.all()] == [added["id"]]


@each_family
@pytest.mark.parametrize(
    "value",
    [
        '"\\ud800"',
        '{"\\udfff": 1}',
        '[{"a": {"\\ud800": {}}}]',
        "1e999",
        str(10**30),
        '{"a":' * 190 + "1" + "}" * 190,
        '{"a":' * 230 + "1" + "}" * 230,
        "[" * 900 + "]" * 900,
    ],
)
@pytest.mark.parametrize("rule", ['{"delay": 0, "params": {"x": %s}}', '{"status": 418, "body": %s}'])
def test_what_can_be_sent_but_not_kept_is_refused_and_harms_no_other_rule(
    api: AnyApi, faults: Faults, rule: str, value: str
) -> None:
    content = rule % value
    reply = api.control.post("/faults", content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code in (201, 422), reply.text
    assert len(faults.all()) == (1 if reply.status_code == 201 else 0)
    assert api.create(URL, headers={"X-Mock-Fault": content}).status_code in (api.accepted, 400, 418)
    assert api.create(URL).status_code in (api.accepted, 418)
    api.control.post("/snapshots", json={"name": "then"})
    assert api.control.post("/snapshots/then/restore").status_code == 200
    assert faults.clear() == (1 if reply.status_code == 201 else 0)


@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        ({"method": "get"}, "GET /v2/transcript"),
        ({"path": "/v2/transcript/*", "method": "get"}, "GET /v2/transcript/x"),
        ({"path": "/v?/transcript", "method": "POST"}, "POST /v2/transcript"),
        ({"service": "gateway"}, "GET /v1/models"),
        ({"api_key": "other*"}, ""),
        ({"api_key": "test-*", "method": "DELETE"}, "DELETE /v2/transcript/x"),
        ({"params": {"language_code": "en"}}, "POST /v2/transcript"),
        ({"params": {"custom_spelling": [{"to": "b"}]}}, "POST /v2/transcript"),
        ({"params": {"custom_spelling": []}}, ""),
        ({"params": {"language_code": "de"}}, ""),
        ({"params": {"speaker_labels": None}}, ""),
        ({"family": "assemblyai", "path": "/v2/upload"}, "POST /v2/upload"),
    ],
)
def test_a_rule_is_for_the_requests_that_it_names(api: Api, faults: Faults, rule: dict[str, Any], hits: str) -> None:
    faults.add(status=418, **rule)
    requests = {
        "GET /v2/transcript": {},
        "GET /v2/transcript/x": {},
        "DELETE /v2/transcript/x": {},
        "POST /v2/transcript": {"json": JOB},
        "POST /v2/upload": {"content": b"sound"},
        "GET /v1/models": {},
    }
    failed = {name for name, sent in requests.items() if api.http.request(*name.split(), **sent).status_code == 418}  # type: ignore[arg-type]
    if rule == {"method": "get"}:
        assert failed == {name for name in requests if name.startswith("GET")}
    else:
        assert failed == ({hits} if hits else set())


@each_family
@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        ({"method": "get"}, "list get"),
        ({"path": "{jobs}", "method": "POST"}, "create broken"),
        ({"path": "{jobs}/*", "method": "get"}, "get"),
        ({"path": "{jobs}*"}, "list get delete create broken"),
        ({"path": "/?{rest}", "method": "GET"}, "list"),
        ({"api_key": "other*"}, ""),
        ({"api_key": "test-*", "method": "DELETE"}, "delete"),
        ({"family": "{family}", "service": "{service}"}, "list get delete create broken"),
        ({"service": "gateway"}, ""),
        ({"params": {"{language}": "en"}}, "create"),
        ({"params": {"{language}": "de"}}, ""),
        ({"params": {"{speakers}": None}}, ""),
        ({"params": {"{url}": "https://example.com/a.mp3"}}, "create"),
    ],
)
def test_in_any_family_a_rule_is_for_the_requests_that_it_names(
    api: AnyApi, faults: Faults, rule: dict[str, Any], hits: str
) -> None:
    faults.add(status=418, **api.worded(rule))
    replies = {
        "list": api.listing(),
        "get": api.ask("x"),
        "delete": api.delete("x"),
        "create": api.create(URL, **api.asked(language="en")),
        "broken": api.post(b"{"),
    }
    assert {name for name, reply in replies.items() if reply.status_code == 418} == set(hits.split())


@each_family
def test_a_request_whose_body_was_looked_at_is_answered_as_ever(api: AnyApi, faults: Faults) -> None:
    faults.add(status=418, params=api.asked(language="de"))
    assert api.submit(URL, **api.asked(language="en"))
    assert api.post(b"{").status_code == 400
    assert api.post(b"[" * 100_000).status_code == 400


@each_family
def test_chance_is_the_same_in_every_run(family: Family, server: MockServer) -> None:
    runs = []
    api = api_of(server.url, f"chance-{family.family}", family=family)
    for _ in range(2):
        api.control.post("/reset")
        Faults(api).add(error="server_error", probability=0.4)
        runs.append(statuses(api, 50))
    assert runs[0] == runs[1]
    assert 10 <= runs[0].count(500) <= 30


@each_family
def test_other_keys_have_other_luck_and_none_have_each_others_faults(family: Family, server: MockServer) -> None:
    lucky, unlucky = api_of(server.url, family=family), api_of(server.url, family=family)
    Faults(unlucky).add(error="server_error")
    assert statuses(lucky, 3) == [200] * 3
    assert statuses(unlucky, 3) == [500] * 3
    lucky.control.post("/reset")
    assert Faults(unlucky).all()
    unlucky.control.post("/reset")
    assert Faults(unlucky).all() == []


@each_family
def test_a_rule_holds_between_two_moments_of_the_clock(api: AnyApi, faults: Faults) -> None:
    api.freeze()
    now = api.control.get("/clock").json()["now"]
    added = faults.add(error="server_error", since=60, until=120)
    assert added["since"] > now
    seen = []
    for _ in range(4):
        seen += statuses(api, 1)
        api.advance(45)
    assert seen == [200, 200, 500, 200]
    faults.clear()
    faults.add(error="server_error", until=now)
    assert statuses(api, 1) == [200]
    faults.add(error="server_error", since=now)
    assert statuses(api, 1) == [500]


@each_family
def test_the_newest_rule_decides_and_each_thing_apart(api: AnyApi, faults: Faults) -> None:
    faults.add(error="server_error")
    faults.add(error="bad_gateway", path=api.jobs_path, times=1)
    faults.add(delay=0.01)
    first, second = (api.listing() for _ in range(2))
    assert (first.status_code, first.headers["x-mock-fault"]) == (502, "delay, bad_gateway")
    assert (second.status_code, second.headers["x-mock-fault"]) == (500, "delay, server_error")


def test_the_request_goes_before_rules_the_key_before_all_and_all_before_the_settings() -> None:
    with MockServer(fault_profile="outage") as mock:
        api = api_of(mock.url)
        everywhere = httpx.Client(base_url=f"{mock.url}/_mock")
        assert statuses(api, 1) == [503]
        everywhere.post("/faults", json={"status": 418})
        assert statuses(api, 1) == [418]
        Faults(api).add(error="server_error")
        assert statuses(api, 1) == [500]
        asked = api.http.get(api.jobs_path, headers={"X-Mock-Fault": "bad_gateway", "Prefer": "code=504"})
        assert asked.status_code == 502
        assert everywhere.post("/reset").status_code == 200
        assert statuses(api, 1) == [503]
        everywhere.close()


@each_family
def test_requests_without_a_key_get_the_faults_that_are_for_all(family: Family) -> None:
    with MockServer() as mock:
        rule = {"error": "service_unavailable", "path": f"{family.jobs_path}*", "times": 1}
        httpx.post(f"{mock.url}/_mock/faults", json=rule)
        assert [httpx.get(mock.url + family.jobs_path).status_code for _ in range(2)] == [503, 401]


@each_family
def test_a_fault_for_all_counts_for_each_key_by_itself(family: Family) -> None:
    with MockServer() as mock:
        one, two = api_of(mock.url, "a", family=family), api_of(mock.url, "b", family=family)
        httpx.post(f"{mock.url}/_mock/faults", json={"error": "server_error", "times": 1})
        assert statuses(one, 2) == [500, 200]
        assert statuses(two, 2) == [500, 200]


@each_family
def test_one_rule_can_be_taken_away(family: Family, api: AnyApi, faults: Faults) -> None:
    first, second = faults.add(error="server_error"), faults.add(delay=0.01)
    other = api_of(api.url, family=family)
    assert other.control.delete(f"/faults/{first['id']}").status_code == 404
    assert api.control.delete(f"/faults/{first['id']}").json() == {"removed": 1}
    assert [listed["id"] for listed in faults.all()] == [second["id"]]
    assert api.control.delete(f"/faults/{first['id']}").status_code == 404
    assert api.control.delete(f"/faults/{2**80}").status_code == 404
    assert faults.clear() == 1


@each_family
def test_rules_and_what_they_have_counted_outlive_the_server(family: Family, tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as server:
        api = api_of(server.url, "k", family=family)
        Faults(api).add(error="server_error", times=2, path=api.jobs_path)
        assert statuses(api, 1) == [500]
        server.process.kill()
        server.process.wait()
    with running("--data", str(tmp_path)) as server:
        assert statuses(api_of(server.url, "k", family=family), 2) == [500, 200]


@each_family
def test_profiles_are_sets_of_rules(api: AnyApi, faults: Faults) -> None:
    known = api.control.get("/faults/names").json()["profiles"]
    assert set(known) == {"flaky", "slow", "outage", "throttled"}
    faults.add(delay=0.001)
    for name in known:
        chosen = faults.choose(name)
        assert chosen["profile"] == name
        assert {rule["profile"] for rule in chosen["faults"]} == {name, None}
    assert faults.choose(None)["profile"] is None
    assert len(faults.all()) == 1
    faults.choose("outage")
    assert statuses(api, 2) == [503, 503]
    faults.choose("throttled")
    seen = statuses(api, 30)
    assert set(seen) == {200, 429}
    assert api.control.put("/faults/profile", json={"profile": "x"}).status_code == 422


def test_profiles_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("teatime:\n  about: Tea.\n  rules:\n    - {status: 418, path: /v2/*}\n")
    with MockServer(fault_profiles=[str(file)], fault_profile="teatime") as mock:
        assert statuses(api_of(mock.url), 1) == [418]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("teatime: 5", "a profile has about and rules"),
        ("teatime: {rules: [{staus: 5}]}", "teatime: rule 1: staus: "),
        ("teatime: {rules: [{status: 5}]}", "teatime: rule 1: status: "),
        ("[", "this is not YAML"),
        ("- 1", "profiles are a mapping of names"),
    ],
)
def test_a_file_with_profiles_that_cannot_be_read_is_a_wrong_setting(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=re.escape(said)), MockServer(fault_profiles=[str(file)]):
        pass
    with pytest.raises(ValueError, match="there is no teatime"), MockServer(fault_profile="teatime"):
        pass


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "the rule does nothing"),
        ({"error": "x"}, "error: there is no 'x'; there are "),
        ({"error": "server_error", "service": "x"}, "service: there is no 'x'"),
        ({"error": "server_error", "family": "x"}, "family: there is no 'x'"),
        ({"error": "server_error", "status": 500}, "error and status cannot be given together"),
        ({"body": 5, "delay": 1}, "body needs a status"),
        ({"connection": "GONE"}, "connection: "),
        ({"connection": "EMPTY_RESPONSE", "truncate": 5}, "EMPTY_RESPONSE and truncate cannot be given together"),
        ({"connection": "CONNECTION_RESET_BY_PEER", "malformed_json": True}, "only be given with truncate"),
        ({"truncate": 5, "dribble": {"chunks": 2, "seconds": 1}}, "only one of truncate"),
        ({"status": "500"}, "status: "),
        ({"status": 500, "headers": {"Content-Length": "5"}}, "Content-Length is the server's"),
        ({"status": 500, "headers": {"X-A": "a\r\nX-B: b"}}, "headers.X-A: "),
        ({"status": 500, "headers": {"X A": "a"}}, "headers.X A"),
        ({"delay": {"uniform": [2, 1]}}, "delay.distribution: uniform: the first bound is above the second"),
        ({"delay": {"uniform": [1, 2], "lognormal": {"median": 1, "sigma": 1}}}, "give either uniform or lognormal"),
        ({"delay": 1, "probability": 0}, "probability: "),
        ({"delay": 1, "times": 0}, "times: "),
        ({"delay": 1, "since": "yesterday"}, "since: 'yesterday' is no time in ISO 8601"),
        ({"delay": 1, "until": 1e300}, "until: seconds must lie between"),
        ({"delay": 1, "name": "a\nb"}, "name: "),
        ({"fail_job": "\ud800"}, ""),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(api: Api, faults: Faults, rule: dict[str, Any], said: str) -> None:
    if rule.get("fail_job"):
        reply = api.control.post("/faults", content=b'{"fail_job": "\\ud800"}')
        assert reply.status_code == 422
        return
    assert said in faults.refusal(**rule)
    assert faults.all() == []


@each_family
def test_without_faults_not_a_byte_is_different(family: Family, tmp_path: Path) -> None:
    """Two servers get the same requests; on one there were faults before, and another key has some now."""

    def answers(mock: MockServer) -> list[Any]:
        api = api_of(mock.url, "same", family=family)
        api.http.headers["Host"] = "mock"
        job = api.submit(URL)
        chat = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}
        requests: list[tuple[str, str, Any]] = [
            ("GET", api.path_of(job), None),
            ("GET", api.captions_of(job), None),
            ("GET", api.jobs_path, None),
            ("GET", f"{api.jobs_path}/nothing/at/all", None),
            ("PUT", api.uploads_path, None),
            ("POST", api.jobs_path, {api.url_field: 5}),
            ("POST", "/v1/chat/completions", chat),
            ("POST", "/v1/chat/completions", chat | {"stream": True}),
            ("DELETE", api.path_of(job), None),
        ]
        gateway = {"Authorization": "same"}
        replies = [
            api.http.request(method, path, json=body, headers=gateway if path.startswith("/v1/") else None)
            for method, path, body in requests
        ]
        return [(r.status_code, [pair for pair in r.headers.raw if pair[0] != b"date"], r.content) for r in replies]

    with MockServer() as plain, MockServer() as other:
        same, unlucky = api_of(other.url, "same", family=family), api_of(other.url, "unlucky", family=family)
        Faults(same).add(error="server_error", delay=0.001)
        Faults(same).choose("flaky")
        statuses(same, 3)
        same.control.post("/reset")
        Faults(unlucky).choose("outage")
        assert statuses(unlucky, 1) == [503]
        first, second = answers(plain), answers(other)
    moments = re.compile(rb"20\d\d-\d\d-\d\dT[\d:.]+Z?|\"created\": ?\d+")

    def without_moments(found: list[Any]) -> list[Any]:
        return [(status, headers, moments.sub(b"", content)) for status, headers, content in found]

    assert [
        (status, [pair for pair in headers if pair[0] != b"content-length"], content)
        for status, headers, content in without_moments(first)
    ] == [
        (status, [pair for pair in headers if pair[0] != b"content-length"], content)
        for status, headers, content in without_moments(second)
    ]


@each_family
def test_the_journal_and_the_log_name_the_fault(api: AnyApi, faults: Faults) -> None:
    faults.add(error="server_error", name="bad luck", times=1)
    api.create(URL)
    with pytest.raises(httpx.RemoteProtocolError):
        api.http.get(api.jobs_path, headers={"X-Mock-Fault": "EMPTY_RESPONSE"})
    api.listing()
    asked: dict[str, Any] = {"bodies": True, "path": api.job_paths}
    entries = api.control.get("/journal", params=asked).json()["requests"]
    assert [(entry["status"], entry["fault"]) for entry in entries] == [
        (200, None), (0, "EMPTY_RESPONSE"), (500, "bad luck")
    ]  # fmt: skip
    assert entries[2]["request_body"]["json"] == api.body(URL)
    assert entries[1]["response_headers"] == {}
    assert api.control.get("/journal/count", params={"fault": "bad luck"}).json() == {"count": 1}
    assert api.control.get("/journal/count", params={"status": "0"}).json() == {"count": 1}
