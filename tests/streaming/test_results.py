"""What is added to turns, or changed in them: languages, speakers, redaction, profanity, terms, language models."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.client import Mock
from mockserver.embed import MockServer
from tests.conftest import AUDIO, api_of
from tests.streaming.streams import ENGLISH, PRO, Said, finals, frames, heard, pcm, quiet, turns


def said(mock: Mock, name: str, **params: Any) -> list[Said]:
    return heard(mock.url, mock.api_key, frames(pcm(name) + quiet(2)), **params)


def with_text(mock: Mock, text: str, **params: Any) -> list[Said]:
    """Return what is said where this is heard in hello.wav."""
    mock.fixture({"match": {"audio_url": "stream:", "api_key": mock.api_key}, "duration": 9, "text": text})
    sound = pcm("interview.mp3")[16_000 * 2 * 3 : 16_000 * 2 * 12]
    return heard(mock.url, mock.api_key, frames(sound + quiet(2)), **params)


@pytest.mark.parametrize(("name", "code"), [("hello.wav", "en"), ("pedido.mp3", "es")])
@pytest.mark.parametrize("model", [ENGLISH, PRO])
def test_final_turns_name_their_language_if_asked_to(mock: Mock, name: str, code: str, model: str) -> None:
    told = turns(said(mock, name, speech_model=model, language_detection="true"))
    for turn in told:
        if turn["end_of_turn"] and turn["words"]:
            assert list(turn)[-3:] == ["language_code", "language_confidence", "type"]
            assert turn["language_code"] == code
            assert 0.5 < turn["language_confidence"] <= 1
        else:
            assert "language_code" not in turn


def test_one_model_always_names_it(mock: Mock) -> None:
    assert finals(said(mock, "pedido.mp3", speech_model="whisper-rt"))[0]["language_code"] == "es"


@pytest.mark.parametrize("model", [ENGLISH, PRO])
def test_final_turns_name_their_speakers_if_asked_to(mock: Mock, model: str) -> None:
    told = said(mock, "support-call.mp3", speech_model=model, speaker_labels="true")
    over = finals(told)
    assert {turn["speaker_label"] for turn in over} - {"UNKNOWN"} == {"A", "B"}
    for turn in turns(told):
        if not turn["end_of_turn"] or not turn["words"]:
            assert "speaker_label" not in turn
            assert all("speaker" not in word for word in turn["words"])
            continue
        assert list(turn)[-3:] == ["speaker_label", "speaker_confidence", "type"]
        assert list(turn["words"][0])[-2:] == ["speaker", "speaker_confidence"]
        assert {word["speaker"] for word in turn["words"]} == {turn["speaker_label"]}
        is_short = turn["words"][-1]["end"] - turn["words"][0]["start"] < 1000
        assert is_short == (turn["speaker_label"] == "UNKNOWN")


def test_speakers_who_were_not_known_are_told_in_the_end(mock: Mock) -> None:
    told = said(mock, "support-call.mp3", speaker_labels="true")
    unknown = {turn["turn_order"]: turn for turn in finals(told) if turn["speaker_label"] == "UNKNOWN"}
    revision, termination = told[-2:]
    assert termination["type"] == "Termination"
    assert list(revision) == ["type", "revisions"]
    assert [each["turn_order"] for each in revision["revisions"]] == list(unknown)
    for each in revision["revisions"]:
        assert list(each) == ["turn_order", "speaker_label", "words"]
        assert each["speaker_label"] in {"A", "B"}
        texts = [(word["text"], word["start"]) for word in unknown[each["turn_order"]]["words"]]
        assert [(word["text"], word["start"]) for word in each["words"]] == texts
        assert {word["speaker"] for word in each["words"]} == {each["speaker_label"]}


def test_speakers_may_be_revised_while_the_session_goes_on(mock: Mock) -> None:
    text = [{"speaker": "AB"[n % 2], "start": 2.5 * n, "end": 2.5 * n + 0.7, "text": "Yes indeed."} for n in range(60)]
    mock.fixture({"match": {"api_key": mock.api_key}, "duration": 160, "turns": text})
    params: dict[str, Any] = {"speaker_labels": "true", "speaker_labels_revision_interval_ms": 0}
    told = heard(mock.url, mock.api_key, frames(quiet(160), 1000), **params)
    first, last = (each for each in told if each["type"] == "SpeakerRevision")
    assert told.index(last) == len(told) - 2
    orders = [each["turn_order"] for revision in (first, last) for each in revision["revisions"]]
    assert orders == sorted(set(orders))


def test_there_are_no_more_speakers_than_asked_for(mock: Mock) -> None:
    told = finals(said(mock, "support-call.mp3", speaker_labels="true", max_speakers=1))
    assert {turn["speaker_label"] for turn in told} <= {"A", "UNKNOWN"}


@pytest.mark.parametrize("sub", ["hash", "entity_name"])
def test_what_is_to_be_hidden_is_hidden_as_in_the_prerecorded_api(mock: Mock, sub: str) -> None:
    policies = ["person_name", "phone_number", "location"]
    asked: dict[str, Any] = {"redact_pii": True, "redact_pii_policies": policies, "redact_pii_sub": sub}
    upload = api_of(mock.url, mock.api_key).transcribe(
        api_of(mock.url, mock.api_key).upload((AUDIO / "voicemail.m4a").read_bytes()), **asked
    )
    told = said(mock, "voicemail.m4a", **asked)
    assert " ".join(turn["transcript"] for turn in finals(told)) == upload["text"]
    assert ("[PERSON_NAME]" if sub == "entity_name" else "####") in upload["text"]
    assert turns(told) == finals(told)  # what is not over yet is not hidden, and so not told


def test_a_fixture_says_what_is_to_be_hidden_and_how_certain_its_language_is(mock: Mock) -> None:
    results = {"entities": [{"kind": "person_name", "text": "Blorp"}], "language_confidence": 0.25}
    mock.fixture({"match": {"api_key": mock.api_key}, "duration": 4, "text": "Call Blorp or Anna.", "results": results})
    told = heard(mock.url, mock.api_key, frames(quiet(6)), redact_pii="true", language_detection="true")
    (turn,) = finals(told)
    assert (turn["transcript"], turn["language_confidence"]) == ("Call ##### or Anna.", 0.25)


def test_partial_turns_are_told_with_redaction_if_asked_for(mock: Mock) -> None:
    told = said(mock, "voicemail.m4a", redact_pii="true", include_partial_turns="true")
    assert any(not turn["end_of_turn"] for turn in turns(told))


def test_unformatted_turns_hide_the_same_words(mock: Mock) -> None:
    told = finals(said(mock, "voicemail.m4a", speech_model=ENGLISH, format_turns="true", redact_pii="true"))
    for plain, formatted in zip(told[::2], told[1::2], strict=True):
        assert ["#" in word["text"] for word in plain["words"]] == ["#" in word["text"] for word in formatted["words"]]
        assert plain["transcript"] == plain["transcript"].lower()
    assert any("#" in turn["transcript"] for turn in told)


def test_profanity_is_starred_if_asked_for(mock: Mock) -> None:
    shown = {}
    for value in ("true", "false"):
        shown[value] = " ".join(
            turn["transcript"] for turn in finals(with_text(mock, "What the fuck is this?", filter_profanity=value))
        )
    assert shown == {"true": "What the f*** is this?", "false": "What the fuck is this?"}


def test_terms_are_written_as_they_are_given(mock: Mock) -> None:
    told = finals(said(mock, "hello.wav", keyterms_prompt=["Transcription SERVER"]))
    assert told[-1]["transcript"].endswith("testing a Transcription SERVER.")


def test_pauses_for_thought_are_left_out_as_in_the_prerecorded_api(mock: Mock) -> None:
    told = with_text(mock, "Um, I think, uh, that is right.")
    assert " ".join(turn["transcript"] for turn in finals(told)) == "I think, that is right."


@pytest.mark.parametrize("model", [ENGLISH, PRO])
def test_tags_are_left_out(mock: Mock, model: str) -> None:
    told = with_text(mock, "[Speaker: Anna] Hello there. [MUSIC] Goodbye then.", speech_model=model)
    shown = " ".join(turn["transcript"] for turn in finals(told))
    assert shown.lower().replace(".", "") == "hello there goodbye then"
    for turn in turns(told):
        assert {word["text"].lower().strip(".") for word in turn["words"]} <= {"hello", "there", "goodbye", "then"}


def test_one_model_keeps_what_is_no_speech(mock: Mock) -> None:
    told = with_text(mock, "Hello there. [MUSIC] Goodbye then.", speech_model="whisper-rt")
    assert "[MUSIC]" in " ".join(turn["utterance"] for turn in turns(told))


GATEWAY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Repeat: {{turn}}"}], "max_tokens": 500}


@pytest.mark.parametrize("params", [{"speech_model": PRO}, {"speech_model": ENGLISH, "format_turns": "true"}])
def test_a_language_model_answers_every_turn(mock: Mock, params: dict[str, str]) -> None:
    told = said(mock, "hello.wav", llm_gateway=GATEWAY, **params)
    over = [turn for turn in finals(told) if turn["turn_is_formatted"]]
    answers = [each for each in told if each["type"] == "LLMGatewayResponse"]
    assert len(answers) == len(over)
    for turn, answer in zip(over, answers, strict=True):
        assert told.index(answer) == told.index(turn) + 1
        assert list(answer) == ["type", "turn_order", "transcript", "data"]
        assert (answer["turn_order"], answer["transcript"]) == (turn["turn_order"], turn["transcript"])
        assert answer["data"]["choices"][0]["message"]["content"] == f"You said: Repeat: {turn['transcript']}"
        assert answer["data"]["model"] == "gpt-5-mini"


def test_a_fixture_may_say_what_the_language_model_says(mock: Mock) -> None:
    mock.chat("Hi!")
    told = said(mock, "hello.wav", llm_gateway=GATEWAY)
    assert (
        next(each for each in told if each["type"] == "LLMGatewayResponse")["data"]["choices"][0]["message"]["content"]
        == "Hi!"
    )


def test_what_the_gateway_refuses_is_told_and_without_access_nothing_is(mock: Mock) -> None:
    told = said(mock, "hello.wav", llm_gateway={**GATEWAY, "model": "no-such-model"})
    answers = [each["data"] for each in told if each["type"] == "LLMGatewayResponse"]
    assert {answer["code"] for answer in answers} == {400}
    mock.change_terms(llm_plan="none")
    told = said(mock, "hello.wav", llm_gateway=GATEWAY)
    assert [each for each in told if each["type"] == "LLMGatewayResponse"] == []
    assert told[-1]["type"] == "Termination"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": 1},
        {"model": "gpt-5-mini", "messages": "x"},
        {"model": "gpt-5-mini", "messages": [1], "stream": True},
    ],
)
def test_an_odd_configuration_of_the_gateway_ends_no_session(mock: Mock, config: dict[str, Any]) -> None:
    told = said(mock, "hello.wav", llm_gateway=config)
    assert told[-1]["type"] == "Termination"
    assert all(each["data"]["code"] == 400 for each in told if each["type"] == "LLMGatewayResponse")


def test_quirks_bring_the_model_of_before_and_plain_partials() -> None:
    with MockServer(quirks=("stream_default_english", "stream_plain_partials")) as server:
        mock = server.key()
        assert said(mock, "hello.wav")[0]["configuration"]["model"] == ENGLISH
        for turn in turns(said(mock, "hello.wav", speech_model=PRO)):
            assert turn["turn_is_formatted"] == turn["end_of_turn"]
