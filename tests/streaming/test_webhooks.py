"""The call that tells of a whole session once it is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mockserver.client import Mock
from mockserver.embed import MockServer
from tests.receivers import Receiver, receiving
from tests.streaming.streams import ENGLISH, PRO, RATE, finals, frames, heard, opened, pcm, quiet


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.mark.parametrize("params", [{"speech_model": PRO}, {"speech_model": ENGLISH, "format_turns": "true"}])
def test_a_session_is_told_once_it_is_over(mock: Mock, receiver: Receiver, params: dict[str, str]) -> None:
    audio = frames(pcm("support-call.mp3") + quiet(2))
    said = heard(
        mock.url, mock.api_key, audio, webhook_url=receiver.url, webhook_auth_header_name="X-Secret",
        webhook_auth_header_value="s3cret", **params,
    )  # fmt: skip
    (call,) = receiver.wait_for(1)
    formatted = [turn for turn in finals(said) if turn["turn_is_formatted"]]
    assert call.json == {"session_id": said[0]["id"], "messages": formatted}
    assert list(call.json["messages"][0])[-1] == "type"
    assert call.headers["x-secret"] == "s3cret"
    (delivery,) = mock.webhooks(wait=30)
    assert (delivery.job, delivery.event, delivery.delivered) == (said[0]["id"], "notice", True)
    assert mock.webhooks(job=said[0]["id"]) == [delivery]


def test_a_session_that_the_client_drops_is_told_too(mock: Mock, receiver: Receiver) -> None:
    with opened(mock.url, mock.api_key, sample_rate=RATE, webhook_url=receiver.url) as stream:
        stream.send(*frames(pcm("hello.wav")))
        stream.until("Turn", end_of_turn=True)
    (call,) = receiver.wait_for(1)
    assert call.json["messages"][0]["turn_order"] == 0


def test_a_session_that_is_refused_tells_nothing(mock: Mock, receiver: Receiver) -> None:
    with opened(mock.url, mock.api_key, sample_rate=1, webhook_url=receiver.url) as stream:
        stream.finish(terminate=False)
    heard(mock.url, mock.api_key, [])
    assert mock.webhooks(wait=30) == []


@pytest.mark.parametrize("way", ["reset", "restore"])
def test_a_session_of_a_world_that_is_gone_tells_nothing(mock: Mock, receiver: Receiver, way: str) -> None:
    mock.snapshot("before")
    with opened(mock.url, mock.api_key, webhook_url=receiver.url) as stream:
        session = stream.until("Begin")["id"]
        mock.reset() if way == "reset" else mock.restore("before")
        assert stream.finish(terminate=False)[1:] == []
        assert stream.ended is not None
        assert stream.ended.code == 1012
    assert mock.webhooks(wait=30) == []
    with opened(mock.url, mock.api_key, webhook_url=receiver.url) as stream:
        assert stream.until("Begin")["id"] == session, "ids go on from there"
        stream.finish()
    (delivery,) = mock.webhooks(wait=30)
    assert delivery.job == session


def test_a_call_is_made_again_every_ten_seconds_and_ten_times_at_most(mock: Mock) -> None:
    mock.freeze()
    with receiving(500) as receiver:
        heard(mock.url, mock.api_key, [], webhook_url=receiver.url)
        receiver.wait_for(1)
        for attempt in range(2, 11):
            mock.webhooks(wait=30)
            mock.advance(9.9, wait=30)
            assert len(receiver.received) == attempt - 1
            mock.advance(0.1, wait=30)
            receiver.wait_for(attempt)
        mock.webhooks(wait=30)
        mock.advance(3600, wait=30)
        assert len(receiver.received) == 10
        assert len({call.body for call in receiver.received}) == 1


def test_a_call_that_is_refused_is_not_made_again_but_can_be_replayed(mock: Mock) -> None:
    mock.freeze()
    with receiving(404, 200) as receiver:
        heard(mock.url, mock.api_key, [], webhook_url=receiver.url)
        receiver.wait_for(1)
        (delivery,) = mock.webhooks(wait=30)
        assert (delivery.delivered, delivery.due) == (False, None)
        mock.replay(delivery.number)
        receiver.wait_for(2)
        (delivery,) = mock.webhooks(wait=30)
        assert [attempt.status for attempt in delivery.attempts] == [404, 200]


def test_a_call_survives_a_restart(tmp_path: Path) -> None:
    with receiving(500, 200) as receiver:
        with MockServer(data=tmp_path) as server:
            mock = server.key("some-key")
            mock.freeze()
            said = heard(server.url, mock.api_key or "", [], webhook_url=receiver.url)
            receiver.wait_for(1)
            mock.webhooks(wait=30)
        with MockServer(data=tmp_path) as server:
            mock = server.key("some-key")
            mock.advance(10)
            assert receiver.wait_for(2)[1].json == {"session_id": said[0]["id"], "messages": []}


def test_a_snapshot_keeps_a_call(mock: Mock) -> None:
    mock.freeze()
    with receiving(500, 200) as receiver:
        heard(mock.url, mock.api_key, [], webhook_url=receiver.url)
        receiver.wait_for(1)
        mock.webhooks(wait=30)
        mock.snapshot("before")
        mock.reset()
        assert mock.webhooks() == []
        mock.restore("before")
        mock.freeze()
        mock.advance(10)
        receiver.wait_for(2)


def test_a_url_that_cannot_be_called_is_told_in_the_list(mock: Mock) -> None:
    heard(mock.url, mock.api_key, [], webhook_url="no url")
    (delivery,) = mock.webhooks(wait=30)
    assert delivery.url == "no url"
    assert not delivery.delivered
