"""Sessions over WebSockets, from a shell."""

from __future__ import annotations

from mockserver.embed import MockServer
from tests.cli.conftest import Command, told
from tests.conftest import Api, api_of
from tests.talking import FRAME, begun, closed, rest, talking


def test_sessions_are_listed_shown_spoken_into_and_ended(command: Command, api: Api) -> None:
    key = ("--key", api.key)
    assert command("sessions", *key).stdout == "no sessions\n"
    with talking(api.url, api.key, colour="red") as socket:
        session = begun(socket)
        socket.send(FRAME)
        assert session in command("sessions", "wait", *key, "--message", "audio").stdout
        head, line = command("sessions", *key).stdout.splitlines()
        assert head.split()[:2] == ["id", "state"]
        assert line.split()[:2] == [session, "open"]
        assert "0.1 s" in command("sessions", "say", session, "good morning").stdout
        shown = command("sessions", "show", session).stdout
        for part in ("good morning", "1 frames, 3200 bytes", "colour"):
            assert part in shown
        assert "1000 by server Session Ended" in command("sessions", "end", session).stdout
        rest(socket)
    assert told(command("sessions", "list", *key, "--state", "closed", "--json"))["sessions"][0]["id"] == session
    assert told(command("sessions", "show", session, "--json")) == api.control.get(f"/sessions/{session}").json()


def test_a_session_is_closed_with_a_code(command: Command, api: Api) -> None:
    with talking(api.url, api.key) as socket:
        session = begun(socket)
        assert command("sessions", "end", session, "--code", "1011", "--reason", "why not").returncode == 0
        assert closed(socket) == (1011, "why not")
    again = command("sessions", "end", session)
    assert (again.returncode, again.stderr) == (1, f"the session {session} is over\n")


def test_what_is_asked_in_vain_ends_with_a_code(command: Command, server: MockServer) -> None:
    api = api_of(server.url)
    waited = command("sessions", "wait", "--key", api.key, "--timeout", "0")
    assert (waited.returncode, waited.stderr) == (1, "only 0 of 1 sessions within 0 s\n")
    assert command("sessions", "show", "nope").returncode == 1
    with talking(api.url, api.key) as socket:
        assert command("sessions", "end", begun(socket), "--error", "nope").returncode == 2
