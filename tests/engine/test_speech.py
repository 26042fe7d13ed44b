"""What a model says where no fixture tells: which text is asked about, and what is made of the question."""

from __future__ import annotations

import pytest

from mockserver.engine.chat import Conversation, Message, Told
from mockserver.engine.chat.speech import speech

CALL = (
    "Thank you for calling Northwind Support, my name is Maria. How can I help you? Hi Maria. My order number is 48213, "
    "and the package has still not arrived in Chicago. Let me look it up for you. Thanks, I really appreciate it. "
    "It left our warehouse on Monday, so you should have it by Friday at the latest. You can call us back at 555-0142."
)
ORDER = "My order number is 48213, and the package has still not arrived in Chicago."
LEFT = "It left our warehouse on Monday, so you should have it by Friday at the latest."
BACK = "You can call us back at 555-0142."
INSTRUCTIONS = (
    "You are the assistant of Acme. Always be polite and speak in short sentences. If somebody asks about anvils, list "
    "the three sizes. Never speak about prices, and do not mention competitors. If you do not know something, say so, "
    "and offer to call back on the next morning."
)


def asked(text: str, speakers: tuple[str, ...] = ()) -> str:
    """Return the answer to a question about the call."""
    messages = (Message("user", f"{text} {CALL}"),)
    return speech(Conversation("gpt-5", messages, transcript=Told(CALL, "en", speakers)))


def told(*messages: tuple[str, str]) -> str:
    """Return what is said after some messages."""
    return speech(Conversation("gpt-5", tuple(Message(role, text) for role, text in messages)))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the order number?", ORDER),
        ("Where is the package?", ORDER),
        ("What is the phone number?", BACK),
        ("Which city does she live in?", ORDER),
        ("When did it leave the warehouse?", LEFT),
        ("What is the capital of France?", "The text does not say."),
        ("Yes or no: did the package arrive?", "No."),
        ("Answer yes or no: is there a warehouse?", "Yes."),
        ("What is the sentiment of this call?", "The sentiment is positive."),
        ("Who is mentioned?", "Northwind Support, Maria"),
        ("Give me a headline.", ORDER),
        ("List the action items.", "- Let me look it up for you."),
        ("Who is speaking?", "The text does not say who speaks."),
        ("One sentence summary, please", ORDER),
        ("tl;dr", f"{ORDER} {LEFT}"),
        ("Give me the gist.", f"{ORDER} {LEFT}"),
        ("Fasse das zusammen. Zusammenfassung:", f"{ORDER} {LEFT}"),
        ("bullet points please", f"- {ORDER}\n- {LEFT}"),
        ("What are the main takeaways?", f"- {ORDER}\n- {LEFT}"),
        ("Translate this into Spanish.", f"[es] {CALL}"),
    ],
)
def test_a_question_about_a_transcript_is_answered_from_it(question: str, answer: str) -> None:
    assert asked(question) == answer


@pytest.mark.parametrize(("question", "count"), [("Summarize in 3 bullets", 3), ("Give me four key points", 4)])
def test_as_many_points_are_told_as_are_asked_for(question: str, count: int) -> None:
    lines = asked(question).splitlines()
    assert len(lines) == count
    assert all(line.removeprefix("- ") in CALL for line in lines)


def test_speakers_are_those_of_the_transcript_or_of_the_script() -> None:
    assert asked("How many speakers are there?", ("A", "B")) == "2 speakers: A, B."
    script = "Anna: Shall we meet on Monday?\nBen: Tuesday works better for me."
    assert told(("user", f"Who is speaking?\n\n{script}")) == "2 speakers: Anna, Ben."


def test_silence_has_nothing_to_tell() -> None:
    messages = (Message("user", "Summarize "),)
    silent = Conversation("gpt-5", messages, transcript=Told("", "en", ()))
    assert speech(silent) == "Nothing is said in the transcript."


@pytest.mark.parametrize(
    "message",
    [
        f"How many trucks left the warehouse?\n\n{CALL}",
        f"{CALL}\n\nWhat left the warehouse?",
        f"Transcript: {CALL}\n\nWhat left the warehouse?",
        f"What left the warehouse? Here is the text:\n{CALL}",
        f"What left the warehouse?\n<transcript>\n{CALL}\n</transcript>",
        f"What left the warehouse? {CALL}",
    ],
)
def test_a_text_in_the_message_is_what_is_asked_about(message: str) -> None:
    assert told(("user", message)) == LEFT


@pytest.mark.parametrize("label", ["Transcript:", "The call transcript:", "# Context:", "<notes>"])
def test_a_text_that_is_marked_in_an_earlier_message_is_asked_about(label: str) -> None:
    end = "</notes>" if label == "<notes>" else ""
    assert told(("system", f"Be short.\n{label}\n{CALL}{end}"), ("user", "What left the warehouse?")) == LEFT


def test_a_text_of_an_earlier_message_is_asked_about_again() -> None:
    before = [("user", f"Summarize this:\n\n{CALL}"), ("assistant", "It is about a package.")]
    assert told(*before, ("user", "What left the warehouse?")) == LEFT
    assert told(*before, ("user", "Thanks, bye!")) == "You said: Thanks, bye!"


@pytest.mark.parametrize(
    "messages",
    [
        [("system", INSTRUCTIONS), ("user", "Good morning!")],
        [("system", INSTRUCTIONS), ("user", "What sizes are there?")],
        [("user", f"Write a haiku about the sea. {INSTRUCTIONS}")],
        [("user", "fix it:\nfoo: 1\nbar: 2\nbaz: 3")],
        [("user", "Hello")],
    ],
)
def test_instructions_are_not_what_is_asked_about(messages: list[tuple[str, str]]) -> None:
    assert told(*messages).startswith("You said: ")


def test_a_long_message_is_repeated_in_part() -> None:
    answer = told(("user", "word " * 1000))
    assert answer.startswith("You said: word word")
    assert answer.endswith("…")
    assert len(answer) < 500


@pytest.mark.parametrize(
    "text",
    [
        "<a>" * 40_000,
        "\n" * 120_000,
        " \n" * 60_000,
        "what should " * 10_000,
        "a:\n" * 40_000,
        "call " * 24_000,
        "?" * 120_000,
    ],
)
def test_no_message_takes_long_to_understand(text: str) -> None:
    assert told(("user", text))
    assert told(("user", f"Summarize this:\n{text}"))
    assert told(("system", text), ("user", "What is it?"))
