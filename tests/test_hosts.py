"""The vendor's production hosts: what answers at each, and what is said where nothing does."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from mockserver.app import FAMILIES
from mockserver.embed import MockServer
from tests.conftest import Api, api_of

Ask = Callable[..., httpx.Response]
URL = "https://example.com/a.mp3"
CHAT = {"model": "claude-haiku-4-5-20251001", "messages": [{"role": "user", "content": "Hello"}]}
PRERECORDED = ["api.assemblyai.com", "api.eu.assemblyai.com"]
GATEWAY = ["llm-gateway.assemblyai.com", "llm-gateway.eu.assemblyai.com"]
STREAMING = ["streaming.assemblyai.com", "streaming.us.assemblyai.com", "streaming.eu.assemblyai.com"]
SYNC = ["sync.assemblyai.com", "sync.us.assemblyai.com", "sync.eu.assemblyai.com"]
NOT_SERVED = {
    "dictation.assemblyai.com": "Dictation API",
    "agents.assemblyai.com": "Voice Agent API",
    "agents.us.assemblyai.com": "Voice Agent API",
    "agents.eu.assemblyai.com": "Voice Agent API",
    "speech-to-speech.us.assemblyai.com": "Voice Agent API",
    "tts.us.assemblyai.com": "Text-to-Speech API",
    "tts.eu.assemblyai.com": "Text-to-Speech API",
}
OTHERS = [
    "localhost", "localhost:4747", "127.0.0.1", "[::1]:4747", "mock", "assemblyai.com", "www.assemblyai.com",
    "api.assemblyai.com.example", "apiassemblyai.com", "jobs.example.com",
]  # fmt: skip


@pytest.fixture
def ask(api: Api) -> Ask:
    """Make requests at a host."""

    def made(host: str, method: str, path: str, **options: object) -> httpx.Response:
        return api.http.request(method, path, headers={"Host": host}, **options)  # type: ignore[arg-type]

    return made


def hint(reply: httpx.Response) -> str:
    return reply.headers["x-mock-hint"]


def test_all_production_hosts_are_known() -> None:
    known = {host for family in FAMILIES for host in family.hosts}
    assert known == {*PRERECORDED, *GATEWAY, *STREAMING, *SYNC, *NOT_SERVED}


@pytest.mark.parametrize("host", PRERECORDED)
def test_the_pre_recorded_hosts_have_transcripts_and_no_chats(host: str, ask: Ask) -> None:
    made = ask(host, "POST", "/v2/transcript", json={"audio_url": URL})
    assert made.status_code == 200
    assert ask(host, "GET", f"/v2/transcript/{made.json()['id']}").json()["status"] == "completed"
    refused = ask(host, "POST", "/v1/chat/completions", json=CHAT)
    assert (refused.status_code, refused.text) == (404, "404: Not Found")
    gateway = GATEWAY[PRERECORDED.index(host)]
    assert hint(refused) == f"this path is of AssemblyAI LLM Gateway, which is not at {host}: ask {gateway}"


@pytest.mark.parametrize("host", GATEWAY)
def test_the_gateways_hosts_have_chats_and_no_transcripts(host: str, ask: Ask, api: Api) -> None:
    assert ask(host, "POST", "/v1/chat/completions", json=CHAT).status_code == 200
    refused = ask(host, "POST", "/v2/transcript", json={"audio_url": URL})
    assert (refused.status_code, refused.json()["message"]) == (404, "not found")
    assert hint(refused).endswith(f"not at {host}: ask {PRERECORDED[GATEWAY.index(host)]}")
    assert api.control.get("/jobs").json()["jobs"] == []


def opened(api: Api, host: str, path: str = "/v3/ws") -> ClientConnection:
    """Open a WebSocket at a host."""
    connection = socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2])))
    uri = f"ws://{host}{path}?sample_rate=16000"
    return connect(uri, sock=connection, additional_headers={"Authorization": api.key}, proxy=None)


@pytest.mark.parametrize("host", [*STREAMING, "localhost", "mock:4747", "STREAMING.assemblyai.com:443"])
def test_sessions_are_opened_at_the_streaming_hosts_and_any_other(host: str, ask: Ask, api: Api) -> None:
    with opened(api, host) as session:
        assert json.loads(session.recv(10))["type"] == "Begin"
    assert ask(host, "GET", "/v3/token?expires_in_seconds=60").status_code == 200


@pytest.mark.parametrize("host", [*PRERECORDED, *GATEWAY])
def test_no_session_is_opened_at_the_host_of_another_service(host: str, ask: Ask, api: Api) -> None:
    streaming = "streaming.eu.assemblyai.com" if ".eu." in host else "streaming.assemblyai.com"
    way = f"this path is of Streaming, which is not at {host}: ask {streaming}"
    with pytest.raises(InvalidStatus) as refused:
        opened(api, host)
    assert refused.value.response.status_code == 404
    assert json.loads(refused.value.response.body or b"") == {"error": way}
    token = ask(host, "GET", "/v3/token?expires_in_seconds=60")
    assert (token.status_code, hint(token)) == (404, way)


@pytest.mark.parametrize(("host", "product"), NOT_SERVED.items())
def test_no_session_is_opened_at_the_host_of_what_is_not_served(host: str, product: str, api: Api) -> None:
    for path in ("/v3/ws", "/v1/ws", "/v1/realtime"):
        with pytest.raises(InvalidStatus) as refused:
            opened(api, host, path)
        said = {"error": f"{host} has the {product}, which this server does not have"}
        assert (refused.value.response.status_code, json.loads(refused.value.response.body or b"")) == (404, said)


@pytest.mark.parametrize("host", SYNC)
def test_sync_is_at_its_hosts_and_not_at_the_others(host: str, ask: Ask) -> None:
    assert ask(host, "GET", "/v1/warm").status_code == 200
    api = "api.eu.assemblyai.com" if ".eu." in host else "api.assemblyai.com"
    refused = ask(host, "GET", "/v2/transcript")
    assert (refused.status_code, hint(refused).rpartition(" ")[2]) == (404, api)
    elsewhere = ask(api, "GET", "/v1/warm")
    assert elsewhere.status_code == 404
    assert hint(elsewhere).startswith(f"this path is of Sync, which is not at {api}: ask sync.")


def test_the_legacy_realtime_api_is_where_transcripts_are() -> None:
    with MockServer(quirks=["realtime_v2"]) as mock:
        api = api_of(mock.url)
        for host, status in (("api.assemblyai.com", 200), ("streaming.assemblyai.com", 404)):
            token = api.http.post("/v2/realtime/token", json={"expires_in": 60}, headers={"Host": host})
            assert token.status_code == status


@pytest.mark.parametrize(
    "host", ["API.AssemblyAI.com", "api.assemblyai.com:443", "api.assemblyai.com.", "aPi.assemblyai.COM:80"]
)
def test_case_port_and_a_last_dot_make_no_other_host(host: str, ask: Ask) -> None:
    assert ask(host, "GET", "/v2/transcript").status_code == 200
    assert ask(host, "GET", "/v1/models").status_code == 404


@pytest.mark.parametrize("host", OTHERS)
def test_at_any_other_host_everything_is_found_by_its_path(host: str, ask: Ask) -> None:
    assert ask(host, "GET", "/v2/transcript").status_code == 200
    assert ask(host, "GET", "/v1/models").status_code == 200
    assert ask(host, "POST", "/auth/token", json={"api_key": "some-key"}).status_code == 200
    assert ask(host, "GET", "/nonsense").headers["x-mock-hint"].startswith("there is no such path here")


@pytest.mark.parametrize(("host", "product"), NOT_SERVED.items())
@pytest.mark.parametrize("path", ["/v1/transcribe", "/v2/transcript", "/v1/models", "/nonsense", "/"])
def test_the_hosts_of_what_is_not_served_say_so(host: str, product: str, path: str, ask: Ask) -> None:
    reply = ask(host, "POST", path, content=b"x" * 1000)
    assert reply.status_code == 404
    assert reply.json() == {"error": f"{host} has the {product}, which this server does not have"}
    assert hint(reply) == reply.json()["error"]


def test_an_unknown_path_is_refused_in_the_words_of_the_host(ask: Ask) -> None:
    assert ask("api.assemblyai.com", "GET", "/v1/nonsense").text == "404: Not Found"
    refused = ask("llm-gateway.assemblyai.com", "GET", "/v2/nonsense")
    assert refused.json()["code"] == 404
    assert hint(refused).startswith("the LLM Gateway has")


def test_methods_are_those_of_the_host(ask: Ask) -> None:
    wrong = ask("api.assemblyai.com", "PUT", "/v2/transcript")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    assert ask("api.assemblyai.com", "HEAD", "/v2/transcript").status_code == 200
    assert ask("llm-gateway.assemblyai.com", "HEAD", "/v2/transcript").status_code == 404
    assert ask("api.assemblyai.com", "OPTIONS", "/v2/transcript").status_code == 204
    assert ask("llm-gateway.assemblyai.com", "OPTIONS", "/v2/transcript").status_code == 404


def test_another_vendors_api_is_not_at_these_hosts(ask: Ask) -> None:
    refused = ask("api.assemblyai.com", "POST", "/auth/token", json={"api_key": "some-key"})
    assert (refused.status_code, refused.text) == (404, "404: Not Found")
    assert hint(refused).endswith("ask a host that is none of the vendor's, such as localhost")


def test_no_key_is_needed_to_hear_that_a_path_is_elsewhere(api: Api) -> None:
    headers = {"Host": "llm-gateway.assemblyai.com", "Authorization": "invalid"}
    assert api.http.get("/v2/transcript", headers=headers).status_code == 404


def test_the_control_api_is_at_every_host(ask: Ask) -> None:
    for host in (*PRERECORDED, *GATEWAY, *STREAMING, *SYNC, *NOT_SERVED):
        assert ask(host, "GET", "/_mock/health").json()["status"] == "ok"


def test_urls_lead_to_the_host_that_was_asked(ask: Ask) -> None:
    uploaded = ask("api.eu.assemblyai.com", "POST", "/v2/upload", content=b"not audio")
    assert uploaded.json()["upload_url"].startswith("http://api.eu.assemblyai.com/upload/")
    page = ask("api.eu.assemblyai.com", "GET", "/v2/transcript").json()["page_details"]
    assert page["current_url"].startswith("http://api.eu.assemblyai.com/v2/transcript?")


def test_where_only_the_other_api_is_served_these_hosts_are_like_any_other() -> None:
    with MockServer(families=["jobs"]) as mock:
        headers = {"Host": "api.assemblyai.com"}
        assert httpx.post(f"{mock.url}/auth/token", json={"api_key": "k"}, headers=headers).status_code == 200


def test_no_made_up_host_is_too_odd(api: Api) -> None:
    for host in ("", ":", "...", ":::::", "é.example", "a" * 20_000, "eu." * 3000, "\t", "%00", "api.assemblyai.com:x"):
        with socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2]))) as client:
            head = (
                f"GET /v2/transcript HTTP/1.1\r\nHost: {host}\r\nAuthorization: {api.key}\r\nConnection: close\r\n\r\n"
            )
            client.sendall(head.encode("latin-1"))
            with client.makefile("rb") as reply:
                assert reply.readline() == b"HTTP/1.1 200 OK\r\n", host


def test_http_1_0_without_a_host_is_answered(api: Api) -> None:
    with socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2]))) as client:
        client.sendall(f"GET /v2/transcript HTTP/1.0\r\nAuthorization: {api.key}\r\n\r\n".encode())
        with client.makefile("rb") as reply:
            assert reply.readline().split()[1] == b"200"


def test_more_made_up_hosts_than_are_remembered_hide_none_that_is_known() -> None:
    with MockServer() as mock:
        api = api_of(mock.url)
        for number in range(1100):
            reply = api.http.get("/v1/models", headers={"Host": f"host-{number}.example"})
            assert reply.status_code == 200
        assert api.http.get("/v1/models", headers={"Host": "Api.AssemblyAI.com"}).status_code == 404
        eu = api.http.get("/v1/models", headers={"Host": "llm-gateway.eu.assemblyai.com"}).json()["data"]
        assert {model["creator"] for model in eu} == {"Anthropic", "Google"}
