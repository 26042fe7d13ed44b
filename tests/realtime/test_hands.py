"""What a test does to a session: every documented error, words that nobody said, and the end."""

from __future__ import annotations

import pytest

from mockserver.apis.assemblyai.realtime.messages import ERRORS
from tests.conftest import Api
from tests.realtime.client import kinds, pcm
from tests.realtime.conftest import Opened


@pytest.mark.parametrize("name", ERRORS)
def test_every_documented_error_ends_a_session(name: str, api: Api, opened: Opened) -> None:
    client = opened()
    session = client.receive()["session_id"]
    assert api.control.post(f"/sessions/{session}/end", json={"error": name}).status_code in (200, 204)
    assert client.rest() == [{"error": ERRORS[name].text}]
    assert (client.code, client.reason) == (ERRORS[name].code, ERRORS[name].text)


def test_words_are_put_into_a_session(api: Api, opened: Opened) -> None:
    client = opened()
    session = client.receive()["session_id"]
    for text, how in (("Good morning,", "partial"), ("Maria.", "final"), ("Bye!", "formatted")):
        assert api.control.post(f"/sessions/{session}/say", json={"text": text, "how": how}).status_code in (200, 204)
    sent = client.finish()
    assert [(each["message_type"], each.get("text")) for each in sent] == [
        ("PartialTranscript", "good morning"),
        ("FinalTranscript", "Good morning, Maria."),
        ("FinalTranscript", "Bye!"),
        ("SessionTerminated", None),
    ]


def test_a_session_is_ended_as_if_its_client_had_asked(api: Api, opened: Opened) -> None:
    client = opened(enable_extra_session_information=True)
    session = client.receive()["session_id"]
    client.send(pcm("hello.wav"), 1500)
    client.until("PartialTranscript")
    client.ping()
    assert api.control.post(f"/sessions/{session}/end").status_code in (200, 204)
    assert kinds(client.rest())[-3:] == ["FinalTranscript", "SessionInformation", "SessionTerminated"]
    assert client.code == 1000
