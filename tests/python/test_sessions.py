"""Sessions over WebSockets, from Python."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime

import pytest

from mockserver import Mock, MockServer, MockServerError
from mockserver.client import Session, SessionClose
from tests.conftest import api_of
from tests.talking import FRAME, PATH, begun, closed, heard, rest, talking


@pytest.fixture
def mock(server: MockServer) -> Iterator[Mock]:
    with_key = Mock(server.url, api_of(server.url).key)
    yield with_key
    with_key.close()


def test_a_session_is_waited_for_spoken_into_and_ended(mock: Mock) -> None:
    with talking(mock.url, mock.api_key) as socket:
        session = mock.wait_for_session(state="open", message="Begin")
        assert session.id == begun(socket)
        assert (session.state, session.path, session.close, session.ended) == ("open", PATH, None, None)
        assert isinstance(session.began, datetime)
        assert mock.say(session.id, "hello", "partial").state == "open"
        assert heard(socket)["end_of_turn"] is False
        mock.say(session.id, "again")
        said = mock.session(session.id).said("Turn")
        assert said[-1]["transcript"] == "hello again"
        assert said[-1]["end_of_turn"]
        ended = mock.end(session.id)
        assert (ended.state, ended.close) == ("closed", SessionClose(1000, "Session Ended", "server"))
        rest(socket)
    over = mock.wait_for_session(state="closed")
    assert over == mock.session(session.id)
    assert over.ended is not None
    (listed,) = mock.sessions()
    assert (listed.id, listed.messages) == (session.id, ())
    assert f"closed {PATH} {session.id}" in str(listed)


def test_a_session_is_ended_with_a_code_or_an_error(mock: Mock) -> None:
    with talking(mock.url, mock.api_key) as socket:
        mock.end(begun(socket), code=1011, reason="on purpose")
        assert closed(socket) == (1011, "on purpose")
    with talking(mock.url, mock.api_key) as socket:
        mock.end(begun(socket), error="session_expired")
        assert closed(socket)[0] == 3008
    assert [session.close.code for session in mock.sessions() if session.close] == [3008, 1011]


def test_messages_are_records(mock: Mock) -> None:
    with talking(mock.url, mock.api_key) as socket:
        session = begun(socket)
        socket.send(FRAME)
        mock.wait_for_session(id=session, message="audio")
        begin, audio = mock.session(session).messages
        assert (begin.direction, begin.kind, begin.json["id"], begin.audio) == ("out", "Begin", session, None)
        assert audio.audio is not None
        assert (audio.direction, audio.audio.ms, audio.audio.frames, audio.text) == ("in", 100, 1, None)


def test_what_cannot_be_done_is_told(mock: Mock) -> None:
    with pytest.raises(MockServerError, match="there is no session nope"):
        mock.session("nope")
    with talking(mock.url, mock.api_key) as socket:
        session = begun(socket)
        with pytest.raises(MockServerError, match="there is no such error"):
            mock.end(session, error="nope")
        mock.end(session)
    with pytest.raises(MockServerError, match="is over") as refused:
        mock.say(session, "hello")
    assert refused.value.status == 409


def test_a_wait_in_vain_tells_what_there_is(mock: Mock) -> None:
    with talking(mock.url, mock.api_key) as socket:
        session = begun(socket)
        with pytest.raises(TimeoutError, match=f"only 1 of 2 sessions.*\n.*{session}"):
            mock.wait_for_sessions(2, timeout=0)


def test_sessions_are_awaited_too(mock: Mock) -> None:
    async def main() -> Session:
        control = mock.asynchronous
        with talking(mock.url, mock.api_key) as socket:
            session = begun(socket)
            await control.say(session, "hello")
            await control.end(session)
        assert [each.id for each in await control.sessions(text="hello")] == [session]
        return await control.wait_for_session(state="closed")

    assert asyncio.run(main()).state == "closed"
