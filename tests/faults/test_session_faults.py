"""What a fault makes of a session over a WebSocket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidHandshake, InvalidStatus

from tests.conftest import Api
from tests.faults.conftest import Faults
from tests.streams import BEGINS, ENDS, PATH, TURN, Stream
from tests.waiting import eventually

Opened = Callable[..., Stream]
ANY = {"path": PATH}


@pytest.fixture
def opened(api: Api) -> Iterator[Opened]:
    streams: list[Stream] = []

    def opening(fault: str | dict[str, Any] | None = None, key: str = api.key, query: str = "") -> Stream:
        streams.append(Stream(api.url, key, fault, query))
        return streams[-1]

    yield opening
    for stream in streams:
        stream.leave()


def sessions(api: Api, state: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.control.get("/sessions", params={"state": state}).json()["sessions"]
    return found


def entry_of(api: Api) -> dict[str, Any]:
    """Return the newest request for a session in the journal."""
    asked = {"path": PATH}
    found = eventually(lambda: api.control.get("/journal", params=asked).json()["requests"])
    entry: dict[str, Any] = found[0]
    return entry


def recorded(api: Api) -> dict[str, Any]:
    """Return the newest session that is over."""
    return eventually(lambda: sessions(api, "closed"))[0]


def said(stream: Stream, tenths: int = 30) -> list[str]:
    """Return what is said in a session with so much sound that is ended by its client."""
    stream.send(tenths)
    stream.terminate()
    return stream.rest()


def test_without_a_fault_nothing_goes_wrong(opened: Opened, api: Api, faults: Faults) -> None:
    faults.add(path="/v2/transcript", status=503)
    stream = opened()
    kinds = said(stream)
    assert kinds[0] == BEGINS
    assert kinds[-2:] == [TURN, ENDS]
    assert Counter(kinds)[TURN] > 3
    assert stream.close[0] == 1000
    assert recorded(api)["fault"] is None
    assert "x-mock-fault" not in stream.headers


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_upgrade_is_refused_with_a_status(opened: Opened, api: Api, faults: Faults, status: int) -> None:
    faults.add(**ANY, status=status, name="refused")
    with pytest.raises(InvalidStatus) as refusal:
        opened()
    assert refusal.value.response.status_code == status
    assert refusal.value.response.headers["x-mock-fault"] == "refused"
    entry = entry_of(api)
    assert (entry["status"], entry["fault"], entry["note"]) == (status, "refused", "a fault: refused")
    assert sessions(api, "closed") == []


def test_a_refusal_says_what_the_rule_says(opened: Opened, faults: Faults) -> None:
    faults.add(**ANY, status=418, body={"tea": 1}, headers={"Retry-After": "7"})
    with pytest.raises(InvalidStatus) as refusal:
        opened()
    assert refusal.value.response.body == b'{"tea":1}'
    assert refusal.value.response.headers["retry-after"] == "7"


def test_an_error_of_requests_refuses_the_upgrade(opened: Opened) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        opened("server_error")
    assert refusal.value.response.status_code == 500


def test_the_next_ones_are_refused_and_then_no_more(opened: Opened, faults: Faults) -> None:
    faults.add(**ANY, status=503, times=2)
    for _ in range(2):
        with pytest.raises(InvalidStatus):
            opened()
    assert opened().receive() == BEGINS
    assert faults.all()[0]["fired"] == 2


def test_so_many_are_spared_first(opened: Opened, faults: Faults) -> None:
    faults.add(**ANY, session={"close": {"code": 4000}}, after=1)
    assert said(opened())[-1] == ENDS
    assert opened().rest() == []


def test_a_profile_for_everything_is_for_sessions_too(opened: Opened, faults: Faults) -> None:
    faults.choose("outage")
    with pytest.raises(InvalidStatus) as refusal:
        opened()
    assert refusal.value.response.status_code == 503


@pytest.mark.parametrize(
    "connection", ["EMPTY_RESPONSE", "CONNECTION_RESET_BY_PEER", "RANDOM_DATA_THEN_CLOSE", "MALFORMED_RESPONSE_CHUNK"]
)
def test_the_connection_fails_before_the_upgrade(opened: Opened, api: Api, faults: Faults, connection: str) -> None:
    faults.add(**ANY, connection=connection, times=1)
    with pytest.raises(InvalidHandshake):
        opened()
    assert entry_of(api)["fault"] == connection
    assert opened().receive() == BEGINS


def test_every_error_of_the_service_can_be_had_by_its_name(opened: Opened, api: Api) -> None:
    names = api.control.get("/faults/names").json()["session_errors"]["streaming"]
    codes = {}
    for name in set(names) - {"warning"}:
        stream = opened(name)
        assert len(stream.rest()) == 1
        codes[name] = stream.close[0]
    assert len(codes) > 5
    assert all(code is not None and 1000 < code < 5000 for code in codes.values())
    assert codes["session_expired"] == 3008


def test_an_error_that_ends_no_session_leaves_it_as_it_is(opened: Opened, faults: Faults) -> None:
    kinds = said(opened("warning"))
    assert kinds[:2] == ["Warning", BEGINS]
    assert kinds[-1] == ENDS
    faults.add(session={"error": "warning", "after_messages": 2})
    kinds = said(opened())
    assert kinds[:3] == [BEGINS, TURN, "Warning"]
    assert kinds[-1] == ENDS


def test_an_error_in_the_middle(opened: Opened, api: Api, faults: Faults) -> None:
    faults.add(session={"error": "inactivity", "after_audio_ms": 1000})
    stream = opened()
    kinds = said(stream)
    assert kinds[0] == BEGINS
    assert kinds[-1].startswith("Session terminated due to inactivity")
    assert ENDS not in kinds
    assert stream.close[0] == 3006
    session = recorded(api)
    assert session["fault"] == "session error inactivity"
    assert session["audio"]["ms"] == 1000
    assert (session["close"]["code"], session["close"]["by"]) == (3006, "server")


def test_a_session_is_closed_after_so_many_messages(opened: Opened, faults: Faults) -> None:
    faults.add(session={"close": {"code": 4123, "reason": "because"}, "after_messages": 3})
    stream = opened()
    stream.send(30)
    assert stream.rest() == [BEGINS, TURN, TURN]
    assert stream.close == (4123, "because")


def test_a_session_is_closed_before_it_begins(opened: Opened, faults: Faults) -> None:
    faults.add(session={"close": {"code": 1013}})
    stream = opened()
    assert stream.rest() == []
    assert stream.close[0] == 1013


def test_a_session_hangs_until_its_client_leaves(opened: Opened, api: Api, faults: Faults) -> None:
    faults.add(session={"hang": True, "after_messages": 1})
    stream = opened()
    assert stream.receive() == BEGINS
    stream.send(20)
    stream.terminate()
    stream.ping()
    assert len(sessions(api, "open")) == 1
    stream.leave()
    session = recorded(api)
    assert session["sent"]["messages"] == 1
    assert session["close"]["by"] == "client"


def test_a_session_that_hangs_can_be_ended(opened: Opened, api: Api) -> None:
    stream = opened({"session": {"hang": True}})
    session = eventually(lambda: sessions(api, "open"))[0]
    assert api.control.post(f"/sessions/{session['id']}/end").status_code == 200
    stream.rest()
    assert stream.close[0] == 1000


def test_a_session_is_reset(opened: Opened, api: Api, faults: Faults) -> None:
    faults.add(session={"reset": True, "after_audio_ms": 500})
    stream = opened()
    assert stream.receive() == BEGINS
    stream.send(20)
    assert ENDS not in stream.rest()
    assert stream.close[0] == 1006
    assert recorded(api)["close"] == {"code": 1006, "reason": "the connection was reset", "by": "server"}


def test_a_frame_that_is_none(opened: Opened, api: Api) -> None:
    stream = opened({"session": {"invalid_frame": True, "after_messages": 1}})
    assert stream.rest() == [BEGINS]
    assert stream.close == (1006, "")
    session = recorded(api)
    assert (session["close"]["code"], session["close"]["by"]) == (1002, "client")


def test_messages_of_a_kind_are_dropped(opened: Opened, faults: Faults) -> None:
    faults.add(messages={"fault": "drop", "kinds": [TURN]})
    assert said(opened()) == [BEGINS, ENDS]


def test_every_nth_message_gets_the_fault(opened: Opened) -> None:
    kinds = said(opened({"messages": {"fault": "malformed", "every": 3}}))
    assert kinds[2::3] == ["?"] * (len(kinds) // 3)
    assert "?" not in {*kinds[::3], *kinds[1::3]}


def test_messages_come_twice(opened: Opened) -> None:
    kinds = said(opened({"messages": {"fault": "twice", "kinds": [ENDS, BEGINS]}}))
    assert kinds[:2] == [BEGINS, BEGINS]
    assert kinds[-3:] == [TURN, ENDS, ENDS]


def test_messages_change_places(opened: Opened) -> None:
    kinds = said(opened({"messages": {"fault": "swap", "kinds": [BEGINS]}}))
    assert kinds[:3] == [TURN, BEGINS, TURN]


def test_a_message_is_no_json(opened: Opened) -> None:
    kinds = said(opened({"messages": {"fault": "malformed", "after": 1, "times": 1}}))
    assert kinds[:2] == [BEGINS, "?"]
    assert kinds.count("?") == 1
    assert kinds[-1] == ENDS


def test_late_messages_wait_for_the_clock_and_keep_their_order(opened: Opened, api: Api, faults: Faults) -> None:
    faults.add(messages={"fault": "late", "kinds": [ENDS], "seconds": 60})
    api.control.post("/clock/freeze")
    stream = opened()
    stream.send(30)
    stream.terminate()
    before = [stream.receive(), stream.receive()]
    stream.ping()
    assert (before, len(sessions(api, "open"))) == ([BEGINS, TURN], 1)
    api.control.post("/clock/advance", json={"seconds": 60})
    assert stream.rest()[-2:] == [TURN, ENDS]
    assert stream.close[0] == 1000


def test_a_delay_holds_the_beginning_and_all_after_it(opened: Opened, api: Api, faults: Faults) -> None:
    faults.add(**ANY, delay=10)
    api.control.post("/clock/freeze")
    stream = opened()
    stream.send(5)
    api.control.post("/clock/advance", json={"seconds": 9})
    stream.ping()
    with pytest.raises(TimeoutError):
        stream.socket.recv(timeout=0)
    api.control.post("/clock/advance", json={"seconds": 1})
    assert [stream.receive(), stream.receive()] == [BEGINS, TURN]


def test_a_client_that_does_not_wait_ends_a_session_that_is_held(opened: Opened, api: Api) -> None:
    api.control.post("/clock/freeze")
    stream = opened({"delay": 60})
    stream.send(5)
    stream.leave()
    assert recorded(api)["sent"]["messages"] == 0
    assert sessions(api, "open") == []


def test_a_refusal_can_be_late(opened: Opened, api: Api, faults: Faults) -> None:
    faults.add(**ANY, delay=60, status=503)
    api.control.post("/clock/scale", json={"factor": 1000})
    with pytest.raises(InvalidStatus):
        opened()


@pytest.mark.parametrize(
    ("name", "code"), [("session_dropped", 1011), ("session_reset", 1006), ("invalid_frame", 1006)]
)
def test_a_key_asks_for_a_fault_of_the_session(opened: Opened, api: Api, name: str, code: int) -> None:
    stream = opened(key=f"{api.key}+{name}")
    assert stream.receive() == BEGINS
    stream.send(30)
    assert ENDS not in stream.rest()
    assert stream.close[0] == code
    assert recorded(api)["fault"] == name


def test_a_rule_may_name_a_fault_as_it_names_an_error(opened: Opened, api: Api, faults: Faults) -> None:
    faults.add(**ANY, error="messages_twice", times=1)
    kinds = said(opened())
    assert kinds[1] == kinds[2]
    assert recorded(api)["fault"] == "messages_twice"
    assert faults.all()[0]["messages"] == {"fault": "twice", "after": 1}

    assert faults.refusal(error="session_dropped", session={"hang": True}) == "session: session_dropped has one already"
    assert "session_dropped" in faults.refusal(error="session_droped")


def test_requests_do_not_suffer_from_the_sessions_fault_of_a_key(api: Api) -> None:
    for name in ("session_dropped", "messages_late", "session_expired"):
        reply = api.http.get("/v2/transcript", headers={"Authorization": f"{api.key}+{name}"})
        assert reply.status_code == 200, name


def test_every_fault_of_sessions_has_a_name(opened: Opened, api: Api) -> None:
    named = api.control.get("/faults/names").json()["faults"]
    of_sessions = [name for name, rule in named.items() if "messages" in rule or "session" in rule]
    assert len(of_sessions) >= 8
    usual = said(opened())
    for name in of_sessions:
        stream = opened(name)
        assert stream.headers["x-mock-fault"] == name
        if name == "session_hang":
            continue
        stream.send(30)
        stream.terminate()
        kinds = stream.rest()
        assert kinds[0] == BEGINS, name
        assert name == "messages_late" or kinds != usual, name


def test_rules_of_requests_leave_sessions_alone(opened: Opened, faults: Faults) -> None:
    faults.add(truncate=10)
    faults.add(malformed_json=True)
    faults.add(fail_job="no")
    faults.add(webhook="drop")
    faults.add(path="/v2/transcript*", status=500)
    faults.add(method="POST", status=500)
    faults.add(service="gateway", status=500)
    assert said(opened())[-1] == ENDS
    assert all(rule["fired"] == 0 for rule in faults.all())


def test_rules_of_sessions_leave_requests_alone(api: Api, faults: Faults) -> None:
    faults.add(session={"reset": True})
    faults.add(messages={"fault": "drop"})
    faults.add(session={"error": "inactivity"})
    assert api.http.get("/v2/transcript").status_code == 200
    assert all(rule["fired"] == 0 for rule in faults.all())


def test_a_rule_is_for_what_the_query_says(opened: Opened, faults: Faults) -> None:
    faults.add(params={"encoding": "pcm_mulaw"}, session={"close": {"code": 4000}})
    assert opened().receive() == BEGINS
    assert opened(query="&encoding=pcm_mulaw").rest() == []


def test_the_fault_of_a_session_and_that_of_its_messages_are_decided_apart(opened: Opened, faults: Faults) -> None:
    faults.add(session={"close": {"code": 4000}, "after_messages": 4})
    faults.add(messages={"fault": "twice"})
    stream = opened()
    stream.send(30)
    assert stream.rest() == [BEGINS, BEGINS, TURN, TURN]


def test_a_refused_session_can_go_wrong_too(api: Api, opened: Opened) -> None:
    stream = opened({"messages": {"fault": "malformed"}}, key="invalid-key")
    assert stream.rest() == ["?"]
    assert stream.close[0] == 1008


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"session": {}}, "session: give one of close, error, hang, reset, invalid_frame"),
        ({"session": {"hang": True, "reset": True}}, "session: give one of close"),
        ({"session": {"hang": True, "after_messages": 1, "after_audio_ms": 1}}, "cannot be given together"),
        ({"session": {"close": {"code": 1005}}}, "session.close.code: it cannot be sent; give 1000"),
        ({"session": {"close": {"code": 4000, "reason": "é" * 62}}}, "session.close.reason: longer than 123 bytes"),
        ({"session": {"error": "x"}}, "session.error: there is no 'x'; there are "),
        ({"session": {"hang": True, "after_messages": -1}}, "session.after_messages: "),
        ({"messages": {"fault": "eaten"}}, "messages.fault: "),
        ({"messages": {"fault": "late"}}, "messages: late needs seconds"),
        ({"messages": {"fault": "drop", "seconds": 1}}, "messages: drop has no seconds"),
        ({"messages": {"fault": "drop", "kinds": []}}, "messages.kinds: "),
        ({"messages": {"fault": "drop", "every": 0}}, "messages.every: "),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(faults: Faults, rule: dict[str, Any], text: str) -> None:
    assert text in faults.refusal(**rule)


def test_a_session_that_asks_for_what_there_is_not_is_refused(opened: Opened) -> None:
    asked: list[str | dict[str, Any]] = ["nothing", {"session": {"error": "nothing"}}, {"session": {}}]
    for fault in asked:
        with pytest.raises(InvalidStatus) as refusal:
            opened(fault)
        assert refusal.value.response.status_code == 400
        assert refusal.value.response.headers["x-mock-hint"].startswith("x-mock-fault: ")
