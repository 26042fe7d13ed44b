"""Sessions over WebSockets: what the journal keeps of them, and what control does to them."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.embed import MockServer
from tests.conftest import Api, api_of
from tests.control.entries import MASK
from tests.control.test_metrics import parsed
from tests.talking import FRAME, PATH, begun, closed, heard, rest, talking

TURN = "Turn"


@pytest.fixture
def api(server: MockServer) -> Api:
    return api_of(server.url)


def sessions(api: Api, **filters: Any) -> list[dict[str, Any]]:
    reply = api.control.get("/sessions", params=filters)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["sessions"]
    return found


def shown(api: Api, session: str) -> dict[str, Any]:
    reply = api.control.get(f"/sessions/{session}")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def wait(api: Api, **asked: Any) -> httpx.Response:
    return api.control.get("/sessions/wait", params={"timeout": 60} | asked)


def order(api: Api, session: str, what: str, asked: Any = None) -> dict[str, Any]:
    reply = api.control.post(f"/sessions/{session}/{what}", json=asked)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def told(session: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message["direction"], message["kind"]) for message in session["messages"]]


def ended(api: Api, **query: Any) -> str:
    """Go through a session, and return its id."""
    with talking(api.url, api.key, **query) as socket:
        session = begun(socket)
        socket.send(json.dumps({"type": "Terminate"}))
        rest(socket)
    assert wait(api, id=session, state="closed").status_code == 200
    return session


def test_of_a_long_session_the_first_and_the_last_messages_are_kept(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        for number in range(5_000):
            socket.send(json.dumps({"type": "KeepAlive", "number": number}))
        socket.send(json.dumps({"type": "Terminate"}))
        rest(socket)
    assert wait(api, id=session, state="closed").status_code == 200
    found = shown(api, session)
    numbers = [message["json"]["number"] for message in found["messages"] if "number" in message.get("json", {})]
    assert told(found)[0] == ("out", "Begin")
    assert told(found)[-1] == ("out", "Termination")
    assert numbers[0] == 0
    assert numbers[-1] == 4_999
    assert len(found["messages"]) + found["dropped"] == 5_000 + 4


def test_a_session_is_listed_while_it_is_open_and_when_it_is_over(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        (found,) = sessions(api)
        assert (found["id"], found["state"], found["path"], found["close"]) == (session, "open", PATH, None)
        assert (found["family"], found["service"]) == ("assemblyai", "streaming")
        assert sessions(api, state="closed") == []
        socket.send(json.dumps({"type": "Terminate"}))
        rest(socket)
    assert wait(api, state="closed").json()["count"] == 1
    (found,) = sessions(api)
    assert (found["id"], found["state"]) == (session, "closed")
    assert found["close"] == {"code": 1000, "reason": "Session Ended", "by": "server"}
    assert found["began"] < found["ended"]
    assert sessions(api, state="open") == []


def test_a_session_is_shown_with_what_was_said_in_both_directions(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        for _ in range(3):
            socket.send(FRAME)
        socket.send(json.dumps({"type": "UpdateConfiguration", "end_of_turn_confidence_threshold": 0.5}))
        for _ in range(2):
            socket.send(FRAME)
        assert wait(api, id=session, text="UpdateConfiguration").status_code == 200
        socket.send(json.dumps({"type": "Terminate"}))
        rest(socket)
    assert wait(api, id=session, state="closed").status_code == 200
    found = shown(api, session)
    begin, audio, update, more, terminate, *_ = found["messages"]
    assert begin["json"]["id"] == session
    assert audio["audio"] == {"frames": 3, "bytes": 3 * len(FRAME), "ms": 300}
    assert (update["direction"], update["json"]["type"], update["audio_ms"]) == ("in", "UpdateConfiguration", 300)
    assert more["audio"] == {"frames": 2, "bytes": 2 * len(FRAME), "ms": 200}
    assert terminate["json"] == {"type": "Terminate"}
    assert told(found)[-1] == ("out", "Termination")
    assert found["audio"] == {"ms": 500, "frames": 5, "bytes": 5 * len(FRAME)}
    sent = sum(len(message["text"].encode()) for message in found["messages"] if message["direction"] == "out")
    assert found["sent"] == {"messages": sum(1 for side, _ in told(found) if side == "out"), "bytes": sent}
    assert found["received"]["messages"] == 2


def test_audio_that_has_just_come_is_shown_and_not_split_by_looking(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        for count in (1, 2):
            socket.send(FRAME)
            socket.ping().wait(60)
            assert shown(api, session)["messages"][-1]["audio"]["frames"] == count


@pytest.mark.parametrize("how", ["partial", "final", "formatted"])
def test_words_are_put_into_a_session(api: Api, how: str) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        view = order(api, session, "say", {"text": "good morning", "how": how})
        assert (view["id"], view["state"]) == (session, "open")
        turns = [message["json"] for message in shown(api, session)["messages"] if message["kind"] == TURN]
        assert turns[-1]["end_of_turn"] == (how != "partial")
        assert turns[-1]["turn_is_formatted"] == (how == "formatted")
        assert [heard(socket) for _ in turns] == turns
        assert [word["text"].lower() for word in turns[-1]["words"]] == ["good", "morning"]


def test_words_are_final_unless_it_is_said_how_they_are(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        order(api, begun(socket), "say", {"text": "yes"})
        while not (said := heard(socket))["end_of_turn"]:
            assert said["type"] == TURN
        assert said["transcript"] == "yes"


def test_a_session_is_ended_as_usual(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        assert order(api, session, "end")["close"]["by"] == "server"
        *_, last = rest(socket)
        assert last["type"] == "Termination"
    assert shown(api, session)["state"] == "closed"


def test_a_session_is_closed_with_any_code(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        close = {"code": 4242, "reason": "schöner Grund"}
        assert order(api, session, "end", close)["close"] == close | {"by": "server"}
        assert closed(socket) == (4242, "schöner Grund")


def test_a_session_ends_with_an_error_of_the_service(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        assert order(api, session, "end", {"error": "session_expired"})["close"]["code"] == 3008
        (error,) = rest(socket)
        assert (error["type"], error["error_code"]) == ("Error", 3008)
    assert told(shown(api, session)) == [("out", "Begin"), ("out", "Error")]


@pytest.mark.parametrize(
    ("what", "asked", "named"),
    [("say", {}, "text"), ("say", {"text": " "}, "text"), ("say", {"text": "a", "how": "loud"}, "how"), ("say", None, "body"),
     ("say", {"text": "a", "who": "b"}, "who"), ("say", {"text": 5}, "text"), ("say", {"text": "a " * 501}, "500 words"), ("say", {"text": "\ud800"}, "text"),
     ("end", {"code": 1005}, "code"), ("end", {"code": "1000"}, "code"), ("end", {"code": 999}, "code"),
     ("end", {"code": 5000}, "code"), ("end", {"reason": "x"}, "reason"), ("end", {"code": 1000, "reason": "é" * 62}, "reason"),
     ("end", {"error": "nope"}, "session_expired"), ("end", {"error": "session_expired", "code": 1000}, "error"), ("end", [], "body")],
)  # fmt: skip
def test_a_wrong_order_is_refused_and_changes_nothing(api: Api, what: str, asked: Any, named: str) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        content = {} if asked is None else {"content": json.dumps(asked)}
        reply = api.control.post(f"/sessions/{session}/{what}", headers={"content-type": "application/json"}, **content)  # type: ignore[arg-type]
        assert reply.status_code == 422, reply.text
        assert named in reply.json()["error"]
        assert told(shown(api, session)) == [("out", "Begin")]


def test_a_session_that_is_over_takes_no_orders(api: Api) -> None:
    session = ended(api)
    for what, asked in (("say", {"text": "hello"}), ("end", None)):
        reply = api.control.post(f"/sessions/{session}/{what}", json=asked)
        assert (reply.status_code, reply.json()["error"]) == (409, f"the session {session} is over")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/say"), ("POST", "/end")])
def test_a_session_that_there_is_not_is_unknown(server: MockServer, api: Api, method: str, path: str) -> None:
    body = {"text": "hello"} if path == "/say" else None
    assert api.control.request(method, f"/sessions/nope{path}", json=body).status_code == 404
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        stranger = api_of(server.url)
        assert stranger.control.request(method, f"/sessions/{session}{path}", json=body).status_code == 404


def test_each_key_sees_its_own_sessions_and_without_a_key_all_are_seen(server: MockServer, api: Api) -> None:
    other = api_of(server.url)
    with talking(api.url, api.key) as one, talking(other.url, other.key) as two:
        first, second = begun(one), begun(two)
        assert [found["id"] for found in sessions(api)] == [first]
        assert [found["id"] for found in sessions(other)] == [second]
        every = httpx.get(f"{server.url}/_mock/sessions", params={"state": "open"}).json()["sessions"]
        assert {first, second} <= {found["id"] for found in every}


def test_sessions_are_listed_open_ones_first_and_page_by_page(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        live = begun(socket)
        over = [ended(api) for _ in range(3)]
        assert [found["id"] for found in sessions(api)] == [live, *reversed(over)]
        page = api.control.get("/sessions", params={"limit": 2}).json()
        assert [found["id"] for found in page["sessions"]] == [live, over[2]]
        page = api.control.get("/sessions", params={"limit": 2, "before": page["next_before"]}).json()
        assert [found["id"] for found in page["sessions"]] == [over[1], over[0]]
        page = api.control.get("/sessions", params={"limit": 2, "before": page["next_before"]}).json()
        assert page == {"sessions": [], "next_before": None}


def test_sessions_are_found_by_what_was_said_in_them(api: Api) -> None:
    quiet = ended(api)
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        order(api, session, "say", {"text": "a rare word"})
        for state in ("open", "closed"):
            ways: list[dict[str, Any]] = [
                {"text": "rare"},
                {"message": TURN, "text": "rare"},
                {"path": "/v3/*", "text": "rare"},
            ]
            for filters in ways:
                assert [found["id"] for found in sessions(api, state=state, **filters)] == [session], filters
            assert sessions(api, message="Begin", text="rare") == []
            if state == "open":
                order(api, session, "end")
    assert [found["id"] for found in sessions(api, path=PATH)] == [session, quiet]
    assert sessions(api, path="/v2/*") == []


def test_a_wait_ends_when_a_session_opens_says_something_and_closes(server: MockServer, api: Api) -> None:
    replies: list[httpx.Response] = []

    def waiting(**asked: Any) -> threading.Thread:
        url = f"{server.url}/_mock/sessions/wait"
        params: dict[str, Any] = {"key": api.key, "timeout": 60} | asked
        thread = threading.Thread(target=lambda: replies.append(httpx.get(url, params=params, timeout=90)))
        thread.start()
        assert wait(api, timeout=0, **asked).status_code == 408
        assert thread.is_alive()
        return thread

    thread = waiting(state="open")
    with talking(api.url, api.key) as socket:
        thread.join()
        session = begun(socket)
        thread = waiting(message=TURN, text="hello")
        order(api, session, "say", {"text": "hello"})
        thread.join()
        thread = waiting(state="closed")
        socket.close()
        thread.join()
    assert [reply.status_code for reply in replies] == [200, 200, 200]
    assert [reply.json()["sessions"][0]["id"] for reply in replies] == [session] * 3


def test_a_wait_in_vain_says_what_there_is(api: Api) -> None:
    ended(api)
    reply = wait(api, count=2, timeout=0.05)
    assert (reply.status_code, reply.json()["count"], len(reply.json()["sessions"])) == (408, 1, 1)
    assert "1 of 2 sessions" in reply.json()["error"]


@pytest.mark.parametrize(
    ("path", "asked"),
    [("", {"state": "ajar"}), ("", {"limit": 0}), ("", {"nope": 1}), ("", {"before": -1}), ("/wait", {"timeout": 61}), ("/wait", {"count": 0}),
     ("/wait", {"before": 1})],
)  # fmt: skip
def test_a_wrong_question_is_refused(api: Api, path: str, asked: dict[str, Any]) -> None:
    reply = api.control.get(f"/sessions{path}", params=asked)
    assert reply.status_code == 422
    assert next(iter(asked)) in reply.json()["error"]


def test_a_client_that_leaves_has_closed_the_session(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        socket.close(4001, "had enough")
    wait(api, id=session, state="closed")
    assert shown(api, session)["close"] == {"code": 4001, "reason": "had enough", "by": "client"}


def test_a_client_that_is_gone_without_a_word_has_closed_the_session(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        socket.socket.close()
    wait(api, id=session, state="closed")
    assert shown(api, session)["close"]["by"] == "client"


def test_a_session_that_was_refused_is_kept_with_the_reason(server: MockServer) -> None:
    key = f"invalid-{api_of(server.url).key}"
    with talking(server.url, key) as socket:
        request_id = socket.response.headers["x-request-id"]  # type: ignore[union-attr]
        assert closed(socket)[0] == 1008
    found = httpx.get(f"{server.url}/_mock/sessions/wait", params={"id": request_id, "state": "closed"}).json()
    (session,) = found["sessions"]
    assert (session["project"], session["close"]["code"], session["request_id"]) == (None, 1008, request_id)
    assert session["hint"]
    assert session["sent"]["messages"] == 1


def test_a_session_is_a_request_of_the_journal(api: Api) -> None:
    session = ended(api)
    (entry,) = api.control.get("/journal", params={"path": PATH}).json()["requests"]
    assert (entry["method"], entry["status"], entry["job"]) == ("GET", 101, session)
    assert entry["note"] == "the server closed the session: 1000 Session Ended"
    assert entry["request_id"] == shown(api, session)["request_id"]
    assert api.control.post("/journal/verify", json={"path": PATH, "status": 101, "job": session}).json() == {
        "count": 1
    }


def test_a_session_in_an_archive_has_its_messages_as_browsers_write_them(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        socket.send(FRAME)
        socket.send(json.dumps({"type": "Terminate"}))
        rest(socket)
    wait(api, id=session, state="closed")
    (entry,) = api.control.get("/journal/har").json()["log"]["entries"]
    assert entry["response"]["status"] == 101
    assert entry["_resourceType"] == "websocket"
    begin, audio, terminate, *_, last = entry["_webSocketMessages"]
    assert (begin["type"], begin["opcode"], json.loads(begin["data"])["id"]) == ("receive", 1, session)
    assert (audio["type"], audio["opcode"], audio["_bytes"]) == ("send", 2, len(FRAME))
    assert (terminate["type"], json.loads(terminate["data"])) == ("send", {"type": "Terminate"})
    assert json.loads(last["data"])["type"] == "Termination"


def test_what_the_client_does_wrong_is_kept_with_the_session(api: Api) -> None:
    session = ended(api, colour="red")
    assert any("colour" in violation for violation in shown(api, session)["violations"])
    assert api.control.get("/journal/count", params={"violations": True}).json() == {"count": 1}


def test_what_is_wrong_is_shown_even_if_it_is_no_text(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        socket.send('{"type": "UpdateConfiguration", "\\ud800": 1}')
        wait(api, id=session, text="UpdateConfiguration")
        assert shown(api, session)["violations"] == ["unknown field \\ud800"]
        assert [found["id"] for found in sessions(api)] == [session]
    wait(api, id=session, state="closed")
    assert api.control.get("/journal").status_code == 200


def test_a_reset_ends_sessions_and_forgets_them(api: Api) -> None:
    session = ended(api)
    with talking(api.url, api.key) as socket:
        begun(socket)
        api.control.post("/reset")
        assert sessions(api) == []
        assert closed(socket)[0] == 1012
        assert sessions(api) == []
    assert api.control.get(f"/sessions/{session}").status_code == 404
    with talking(api.url, api.key) as socket:
        assert begun(socket) == session, "ids start over"


def test_clearing_the_journal_forgets_sessions_that_are_over(api: Api) -> None:
    ended(api)
    with talking(api.url, api.key) as socket:
        live = begun(socket)
        api.control.delete("/journal")
        assert [found["id"] for found in sessions(api)] == [live]


def test_secrets_are_hidden_wherever_they_stand(tmp_path: Path) -> None:
    secret, token = "S3CRETS3CRETS3CRET", "T0KENT0KENT0KENT0KEN"
    key = "a-key-of-more-than-sixteen-characters"
    with MockServer(data=tmp_path, webhook_attempts=1) as mock:
        api = api_of(mock.url, key)
        hook, asked = f"http://127.0.0.1:9/?token={secret}", json.dumps({"model": "x", "api_key": secret})
        with talking(
            mock.url, key, webhook_url=hook, llm_gateway=asked, webhook_auth_header_value=secret, password=token
        ) as socket:
            session = begun(socket)
            socket.send(
                json.dumps({"type": "UpdateConfiguration", "keyterms_prompt": [key, secret], "api_key": "0penSesame"})
            )
            wait(api, id=session, text="UpdateConfiguration")
            live = api.control.get(f"/sessions/{session}").text
            order(api, session, "end")
        over = api.control.get(f"/sessions/{session}").text
        listed = api.control.get("/sessions").text
        archive = api.control.get("/journal/har").text
        for text in (live, over, listed, archive):
            assert MASK in text
            for hidden in (secret, token, key):
                assert hidden not in text
        assert "0penSesame" not in live + over + archive
    rows = sqlite3.connect(tmp_path / "journal.sqlite")
    stored = b"".join(facts + lines for facts, lines in rows.execute("SELECT facts, lines FROM sessions"))
    rows.close()
    assert session.encode() in stored
    for hidden in (secret, token, key):
        assert hidden.encode() not in stored


def test_secrets_are_shown_if_that_is_wanted() -> None:
    with MockServer(journal_secrets=True) as mock:
        api = api_of(mock.url)
        session = ended(api, password="S3CRETS3CRETS3CRET")
        assert "S3CRETS3CRETS3CRET" in shown(api, session)["query"]


def test_the_journal_keeps_the_newest_sessions_of_each_key() -> None:
    with MockServer(journal_sessions=2) as mock:
        api, other = api_of(mock.url), api_of(mock.url)
        kept = ended(other)
        _, *newest = [ended(api) for _ in range(3)]
        assert [found["id"] for found in sessions(api)] == newest[::-1]
        assert [found["id"] for found in sessions(other)] == [kept]


def test_the_journal_keeps_sessions_in_so_many_bytes() -> None:
    with MockServer(journal_bytes=20_000) as mock:
        api = api_of(mock.url)
        with talking(mock.url, api.key) as socket:
            long = begun(socket)
            for number in range(20):
                order(api, long, "say", {"text": f"number {number} is a rather long thing to say"})
            order(api, long, "end")
        assert [found["id"] for found in sessions(api)] == [long]
        short = ended(api)
        assert [found["id"] for found in sessions(api)] == [short]


@pytest.mark.parametrize("settings", [{"journal": 0}, {"journal_sessions": 0}])
def test_without_a_journal_only_open_sessions_are_seen(settings: dict[str, Any]) -> None:
    with MockServer(**settings) as mock:
        api = api_of(mock.url)
        with talking(mock.url, api.key) as socket:
            session = begun(socket)
            order(api, session, "say", {"text": "hello"})
            assert len(shown(api, session)["messages"]) > 1
            order(api, session, "end")
        assert sessions(api) == []
        assert api.control.get(f"/sessions/{session}").status_code == 404


def test_sessions_outlast_a_restart_with_a_data_directory(tmp_path: Path) -> None:
    with MockServer(data=tmp_path) as mock:
        api = api_of(mock.url)
        session = ended(api)
        before = shown(api, session)
    with MockServer(data=tmp_path) as mock:
        again = api_of(mock.url, api.key)
        assert shown(again, session) == before
        newer = ended(again)
        assert newer != session
        assert [found["id"] for found in sessions(again)] == [newer, session]


def test_a_session_keeps_its_first_messages_and_counts_the_others(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        for _ in range(2100):
            socket.send('{"type":"KeepAlive"}')
        order(api, session, "end")
        assert wait(api, id=session, state="closed").status_code == 200
    found = shown(api, session)
    assert len(found["messages"]) == 2000
    assert found["dropped"] + 2000 == found["received"]["messages"] + found["sent"]["messages"]


def test_a_long_message_is_cut(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        socket.send(json.dumps({"type": "KeepAlive", "more": "é" * 5000}, ensure_ascii=False))
        wait(api, id=session, text="KeepAlive")
        message = shown(api, session)["messages"][1]
        assert (message["cut"], len(message["text"]), "json" in message) == (True, 4096, False)
        assert message["bytes"] > 10_000


def test_sessions_are_counted_by_how_they_ended() -> None:
    with MockServer() as mock:
        api = api_of(mock.url)
        first = ended(api)
        with talking(mock.url, api.key) as socket:
            live = begun(socket)
            socket.send(FRAME)
            socket.ping().wait(60)
            samples = parsed(httpx.get(f"{mock.url}/_mock/metrics").text)
        sent = shown(api, first)["sent"]["bytes"] + shown(api, live)["sent"]["bytes"]
    ours = {"family": "assemblyai", "service": "streaming"}
    found = {(each.name, *sorted(each.labels.items())): each.value for each in samples}

    def value(name: str, **labels: str) -> float:
        return found[(name, *sorted((ours | labels).items()))]

    assert value("mockserver_sessions") == 1
    assert value("mockserver_sessions_total", code="1000") == 1
    assert value("mockserver_session_messages_total", direction="in", kind="audio") == 1
    assert value("mockserver_session_bytes_total", direction="in", kind="audio") == len(FRAME)
    assert value("mockserver_session_bytes_total", direction="out", kind="text") == sent


def test_the_log_has_a_line_for_a_session_that_is_over(capfd: pytest.CaptureFixture[str]) -> None:
    with MockServer(log_requests=True) as mock:
        api = api_of(mock.url)
        with talking(mock.url, api.key) as socket:
            session = begun(socket)
            socket.send(FRAME)
            socket.send(json.dumps({"type": "Terminate"}))
            rest(socket)
        wait(api, state="closed")
        (line,) = [line for line in capfd.readouterr().err.splitlines() if session in line]
    assert f" 101 GET {PATH}?" in line
    assert line.endswith("note=the server closed the session: 1000 Session Ended, after 0.1 s of audio")


def test_an_order_to_a_session_whose_client_is_gone_is_answered(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        socket.socket.close()
    reply = api.control.post(f"/sessions/{session}/say", json={"text": "anybody there?"})
    assert reply.status_code in (200, 409)


def test_orders_that_come_together_are_all_carried_out(api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        words = ["apple", "banana", "cherry", "date", "fig", "grape", "lemon", "mango"]
        calls = [threading.Thread(target=order, args=(api, session, "say", {"text": word})) for word in words]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        turns = [message["json"] for message in shown(api, session)["messages"] if message["kind"] == TURN]
        assert sorted(turn["transcript"] for turn in turns if turn["end_of_turn"]) == words
