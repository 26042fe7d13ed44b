"""Answers from fixtures: which one is chosen, what it can give, and what happens if there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockserver.embed import MockServer
from mockserver.engine.fixtures import Fixtures
from mockserver.engine.keys import mask
from tests.conftest import api_of
from tests.gateway.conftest import Answering, Gateway

LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def chosen(gateway: Gateway) -> str | None:
    """Return the name of the fixture that answered last."""
    name: str | None = gateway.api.control.get("/journal").json()["requests"][0]["fixture"]
    return name


@pytest.mark.parametrize(
    ("condition", "fits", "misses"),
    [
        ("model: claude-*", {"model": "claude-sonnet-5"}, {"model": "gpt-5"}),
        ("user: weather", {"text": "The WEATHER today"}, {"text": "The news"}),
        ("user: {glob: 'the * today?'}", {"text": "The news\nfor today?"}, {"text": "What about the news today?"}),
        (r"user: {regex: 'order \d{4}$'}", {"text": "This is order 1234"}, {"text": "This is Order 1234"}),
        ("user: {is: Hello}", {"text": " Hello\n"}, {"text": "Hello you"}),
        ("system: pirate",
         {"messages": [{"role": "system", "content": "Be a Pirate."}, {"role": "user", "content": "a"}]},
         {"messages": [{"role": "user", "content": "pirate"}]}),
        ("turn: 2",
         {"messages": [{"role": r, "content": "a"} for r in ("user", "assistant", "user")]}, {"text": "a"}),
        ("tools: [look]", {"tools": [LOOK]}, {}),
        ("transcript_id: abc", {"transcript_id": "abc"}, {"transcript_id": "abd"}),
        ("api_key: 'test-*'", {}, None),
        ("api_key: 'prod-*'", None, {}),
        ("tool_result: '42'",
         {"messages": [{"role": "user", "content": "a"}, {"role": "tool", "tool_call_id": "c", "content": "is 42"}]},
         {"text": "42"}),
    ],
)  # fmt: skip
def test_a_condition_decides(
    condition: str, fits: dict[str, Any] | None, misses: dict[str, Any] | None, answering: Answering
) -> None:
    gateway = answering(f"match: {{{condition}}}\nanswer: Yes")
    if fits is not None:
        assert gateway.say(**fits) == "Yes"
    if misses is not None:
        assert gateway.say(**misses) != "Yes"


def test_the_user_is_who_spoke_last_as_that_user(answering: Answering) -> None:
    gateway = answering("match: {user: apples}\nanswer: Yes")
    messages = [{"role": "user", "content": "apples"}, {"role": "assistant", "content": "And?"}]
    assert gateway.say(messages=[*messages, {"role": "user", "content": "pears"}]) != "Yes"
    assert gateway.say(messages=messages) == "Yes"


def test_a_transcript_may_be_matched_by_its_tag_or_its_words(answering: Answering) -> None:
    gateway = answering(
        """
match: {audio_url: https://a.example/b.mp3}
text: We spoke about tulips.
---
match: {user: {is: "Sum up {{ transcript }}"}}
answer: By its tag.
---
match: {user: tulips}
answer: By its words.
"""
    )
    job = gateway.api.submit("https://a.example/b.mp3")
    assert gateway.say("Sum up {{ transcript }}", transcript_id=job) == "By its tag."
    assert gateway.say("What is in {{ transcript }}", transcript_id=job) == "By its words."
    assert gateway.say("What is in {{ transcript }}").startswith("You said: ")


def test_the_most_specific_fixture_answers(answering: Answering) -> None:
    gateway = answering(
        """
name: any
answer: any
---
name: model
match: {model: gpt-*}
answer: model
---
name: both
match: {model: gpt-*, user: tulips}
answer: both
---
name: longer
match: {model: gpt-*, user: red tulips}
answer: longer
---
name: later
match: {model: gpt-*, user: red tulips}
answer: later
"""
    )
    assert gateway.say("Hello", model="claude-sonnet-5") == "any"
    assert gateway.say("Hello") == "model"
    assert gateway.say("Tulips") == "both"
    assert gateway.say("Red tulips") == "later"
    assert chosen(gateway) == "later"


def test_successive_requests_get_successive_answers_and_the_last_one_stays(answering: Answering) -> None:
    gateway = answering(
        """
match: {user: go on}
answers:
  - First.
  - json: {step: 2}
  - error: {status: 418, message: no tea}
  - tool_calls: [{name: look, arguments: {at: [1, 2]}}]
  - Last.
"""
    )
    assert gateway.say("Go on") == "First."
    assert gateway.say("Hello") == "You said: Hello"
    assert json.loads(gateway.say("Go on")) == {"step": 2}
    failed = gateway.post({"model": "gpt-5", "prompt": "Go on"})
    assert (failed.status_code, failed.json()["message"]) == (418, "no tea")
    (call,) = gateway.ask("Go on")["choices"][0]["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"at": [1, 2]}
    assert [gateway.say("Go on") for _ in range(2)] == ["Last.", "Last."]
    assert Gateway(api_of(gateway.api.url)).say("Go on") == "First."
    gateway.api.control.post("/reset")
    assert gateway.say("Go on") == "First."


def test_a_fixture_can_be_for_the_nth_call_only(answering: Answering) -> None:
    gateway = answering("match: {user: go, call: 2}\nanswer: Second\n---\nmatch: {user: go}\nanswer: Other")
    assert [gateway.say("Go") for _ in range(4)] == ["Other", "Second", "Other", "Other"]


def test_a_fixture_that_calls_a_tool_leaves_its_result_to_others(answering: Answering) -> None:
    gateway = answering("match: {tools: [look]}\nanswer: {tool_calls: [{name: look}]}")
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Where?"}]
    message = gateway.ask(messages=messages, tools=[LOOK])["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "Here."}
    assert gateway.say(messages=[*messages, message, result], tools=[LOOK]) == "look returned: Here."


def test_the_fixtures_that_the_documentation_shows_answer_as_it_says(answering: Answering) -> None:
    page = Path("docs/how-to/answer-chats.md").read_text()
    gateway = answering(page.split("```yaml\n")[1].split("```")[0])
    tool = {"type": "function", "function": {"name": "get_weather"}}
    messages: list[dict[str, Any]] = [{"role": "user", "content": "The weather?"}]
    asked: dict[str, Any] = {"tools": [tool], "messages": messages}
    message = gateway.ask(**asked)["choices"][0]["message"]
    (call,) = message["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}
    messages += [message, {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}]
    assert gateway.say(**asked) == "It is sunny in Paris."
    assert gateway.post({"model": "gpt-5", "prompt": "Try me"}).status_code == 503
    assert json.loads(gateway.say("Try me")) == {"tried": 2}


def test_arguments_can_be_text_that_is_no_json(answering: Answering) -> None:
    gateway = answering("answer: {tool_calls: [{name: look, arguments: '{\"at\": '}]}")
    (call,) = gateway.ask()["choices"][0]["message"]["tool_calls"]
    assert call["function"] == {"name": "look", "arguments": '{"at": '}
    repaired = gateway.ask(post_processing_steps=[{"type": "json-repair"}])
    (call,) = repaired["choices"][0]["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]).keys() == {"at"}
    assert "post_processing_steps" not in repaired["request"]


def test_broken_json_is_repaired_if_the_request_asks_for_it(gateway: Gateway) -> None:
    broken = gateway.say("mock: broken json")
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken)
    step = {"type": "json-repair"}
    assert json.loads(gateway.say("mock: broken json", post_processing_steps=[step])) == {
        "name": "Ada",
        "tags": ["first", "second"],
    }
    assert gateway.say("Hello", post_processing_steps=[step]) == "You said: Hello"


@pytest.mark.parametrize("text", ['{"a": "' + '[{"b": 1, ' * 20_000, "[" * 100_000, '{"a": [' + "1 " * 150_000])
def test_what_would_take_too_long_to_repair_stays_as_it_is(text: str, answering: Answering) -> None:
    gateway = answering(f"answer: '{text}'")
    said = gateway.say(post_processing_steps=[{"type": "json-repair"}], max_tokens=300_000)
    assert said == text


def test_repaired_json_can_always_be_sent(answering: Answering) -> None:
    gateway = answering('answer: \'{"a": "\\ud83d x", "b": [1, 2\'')
    assert json.loads(gateway.say(post_processing_steps=[{"type": "json-repair"}]))["b"] == [1, 2]


def test_thinking_is_shown_and_counted(gateway: Gateway) -> None:
    reply = gateway.ask("mock: think")
    assert reply["choices"][0]["message"]["thinking"] == "The user wants to see what thinking looks like."
    usage = reply["usage"]
    thought = usage["completion_tokens_details"]["reasoning_tokens"]
    assert 0 < thought < usage["completion_tokens"]
    cut = gateway.ask("mock: think", max_tokens=3)
    assert cut["choices"][0]["message"] == {"role": "assistant", "content": "", "thinking": "The user wants"}
    assert (cut["choices"][0]["finish_reason"], cut["usage"]["completion_tokens"]) == ("length", 3)


def test_an_empty_answer_is_an_empty_text(gateway: Gateway) -> None:
    reply = gateway.ask("mock: empty")
    assert reply["choices"][0]["message"]["content"] == ""
    assert reply["usage"]["completion_tokens"] == 0


FAILING = """
match: {model: gpt-5}
answer: {error: {status: 503, message: overloaded}}
---
match: {model: gpt-5-mini}
answer: {error: {status: 429}}
---
match: {model: claude-*}
answer: Rescued.
---
match: {model: gpt-5-nano}
answer: {error: {status: 400, message: bad}}
"""


def test_fallbacks_answer_where_a_model_fails(answering: Answering) -> None:
    gateway = answering(FAILING)
    rescued = gateway.ask(fallbacks=[{"model": "gpt-5-mini"}, {"model": "claude-sonnet-5", "max_tokens": 2}])
    assert rescued["model"] == "claude-sonnet-5"
    assert rescued["choices"][0] == {
        "index": 0, "message": {"role": "assistant", "content": "Rescued."}, "finish_reason": "end_turn",
    }  # fmt: skip
    assert rescued["request"]["max_tokens"] == 2
    changed = gateway.ask(fallbacks=[{"model": "claude-sonnet-5", "max_tokens": 1}])
    assert changed["choices"][0]["finish_reason"] == "max_tokens"


def test_no_more_fallbacks_are_tried_than_the_depth_allows(answering: Answering) -> None:
    gateway = answering(FAILING)

    def status(*models: str, **fields: Any) -> int:
        asked = {"model": "gpt-5", "prompt": "a", "fallbacks": [{"model": model} for model in models], **fields}
        return gateway.post(asked).status_code

    assert status("gpt-5-mini", "claude-sonnet-5") == 200
    assert status("gpt-5-mini", "gpt-5-mini", "claude-sonnet-5") == 429
    assert status("gpt-5-mini", "claude-sonnet-5", fallback_config={"depth": 1}) == 429
    assert status("claude-sonnet-5", fallback_config={"depth": 0}) == 503


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0: tool_call_id is required for role tool"),
        ({"model_region": "eu"}, "model_region can only be set to global"),
        (
            {"response_format": {"type": "json_schema"}},
            "response_format is invalid: json_schema.schema is required",
        ),
        ({"tool_choice": "required"}, "tool_choice is invalid: there are no tools"),
    ],
)
@pytest.mark.parametrize("depth", [0, 2])
def test_fallbacks_are_checked_like_the_request(
    changes: dict[str, Any], problem: str, depth: int, gateway: Gateway
) -> None:
    fallback = {"model": "claude-sonnet-4-6", **changes}
    assert gateway.refused(fallbacks=[fallback], fallback_config={"depth": depth}) == [problem]


def test_fallbacks_have_no_fallbacks_of_their_own(answering: Answering) -> None:
    fallback = {"model": "claude-sonnet-5", "fallbacks": [{"model": "gpt-5"}], "fallback_config": {"depth": 9}}
    assert answering(FAILING).ask(fallbacks=[fallback])["request"] == {"model": "claude-sonnet-5", "max_tokens": 1000}


def test_fallbacks_do_not_rescue_a_wrong_request(answering: Answering) -> None:
    reply = answering(FAILING).post({"model": "gpt-5-nano", "prompt": "a", "fallbacks": [{"model": "claude-sonnet-5"}]})
    assert (reply.status_code, reply.json()["message"]) == (400, "bad")


def test_a_model_that_fails_once_is_asked_again_first(gateway: Gateway) -> None:
    fallback = {"fallbacks": [{"model": "claude-sonnet-5"}]}
    assert gateway.ask("mock: fail once", **fallback)["model"] == "gpt-5"
    gateway.api.control.post("/reset")
    without = gateway.ask("mock: fail once", **fallback, fallback_config={"retry": False})
    assert without["model"] == "claude-sonnet-5"
    gateway.api.control.post("/reset")
    assert gateway.post({"model": "gpt-5", "prompt": "mock: fail once"}).status_code == 503


def test_fallbacks_are_no_news_to_the_limit_of_their_model(answering: Answering) -> None:
    gateway = answering(FAILING)
    gateway.api.control.patch("/terms", json={"llm_rate_limits": {"claude-sonnet-5": 1}})
    asked = {"model": "gpt-5", "prompt": "a", "fallbacks": [{"model": "claude-sonnet-5"}]}
    assert [gateway.post(asked).status_code for _ in range(3)] == [200] * 3


def test_errors_say_when_to_come_back_if_the_fixture_does(gateway: Gateway) -> None:
    reply = gateway.post({"model": "gpt-5", "prompt": "mock: 429"})
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "1")
    assert reply.json()["message"] == "too many requests for this action"


def test_a_strict_server_says_what_was_asked_and_which_fixtures_are_near(answering: Answering) -> None:
    gateway = answering(
        """
name: far
match: {model: claude-*, user: something else, turn: 7}
answer: a
---
name: near
match: {user: tulips}
answer: b
---
name: once
match: {call: 1, user: roses}
answer: c
""",
        strict=True,
    )
    assert gateway.say("Tulips") == "b"
    assert gateway.say("Roses") == "c"
    reply = gateway.post({"model": "gpt-5", "prompt": "Roses again"})
    assert reply.status_code == 400
    view = reply.json()
    assert view["message"].startswith("no fixture answers this request: model='gpt-5', user='Roses again', turn=1")
    asked, once, near, far = view["metadata"]["errors"]
    assert asked == f"model='gpt-5', user='Roses again', turn=1, api_key={mask(gateway.api.key)!r}"
    assert once == "once (answers.yaml:10): it is for call 1 only"
    assert near == "near (answers.yaml:6): user does not contain 'tulips': it is 'Roses again'"
    assert far.startswith("far (answers.yaml:2): model does not fit 'claude-*': it is 'gpt-5'; turn is 1, not 7")
    assert "near (answers.yaml:6)" in reply.headers["x-mock-hint"]


def test_a_strict_refusal_is_short_and_keeps_the_key_to_itself(answering: Answering, tmp_path: Path) -> None:
    data = tmp_path / "data"
    gateway = answering("match: {user: tulips, api_key: other-*}\nanswer: b", strict=True, data=data)
    tools = [{"type": "function", "function": {"name": f"tool-{number}-{'x' * 1000}"}} for number in range(200)]
    reply = gateway.post({"model": "gpt-5", "prompt": "y" * 9000, "tools": tools, "transcript_id": "z" * 100_000})
    assert reply.status_code == 400
    assert len(reply.content) < 3000
    (entry,) = gateway.api.control.get("/journal").json()["requests"]
    assert len(entry["note"]) <= 1000
    shown = reply.text + str(reply.headers) + entry["note"]
    assert mask(gateway.api.key) in shown
    assert gateway.api.key not in shown
    assert not any(gateway.api.key.encode() in file.read_bytes() for file in data.rglob("*") if file.is_file())


def test_a_strict_refusal_speaks_of_the_users_own_fixtures(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "name: tulips\nmatch: {user: tulips}\nanswer: a\n---\nname: parcels\nmatch: {user: parcels}\nanswer: b"
    )
    with MockServer(fixtures=(tmp_path,), strict=True) as mock:
        reply = Gateway(api_of(mock.url)).post({"model": "gpt-5", "prompt": "Where is my parcel?"})
    _, *near = reply.json()["metadata"]["errors"]
    assert near == [
        "parcels (mine.yaml:5): user does not contain 'parcels': it is 'Where is my parcel?'",
        "tulips (mine.yaml:1): user does not contain 'tulips': it is 'Where is my parcel?'",
    ]


def test_strictness_belongs_to_a_key(gateway: Gateway) -> None:
    gateway.api.control.patch("/terms", json={"strict": True})
    assert gateway.post({"model": "gpt-5", "prompt": "a"}).status_code == 400
    assert Gateway(api_of(gateway.api.url)).say("a") == "You said: a"


def test_edited_fixtures_answer_at_once_and_begin_anew(answering: Answering, tmp_path: Path) -> None:
    gateway = answering("answers: [One, Two]")
    assert [gateway.say() for _ in range(2)] == ["One", "Two"]
    (tmp_path / "answers.yaml").write_text("answers: [First, Second]")
    assert [gateway.say() for _ in range(2)] == ["First", "Second"]


def test_fixtures_for_chats_and_for_audio_share_a_file(tmp_path: Path) -> None:
    (tmp_path / "both.yaml").write_text("match: {audio_url: 'https://a.example/*'}\ntext: Heard.\n---\nanswer: Said.\n")
    with MockServer(fixtures=(tmp_path,)) as mock:
        api = api_of(mock.url)
        assert api.transcribe("https://a.example/b.mp3")["text"] == "Heard."
        assert Gateway(api).say() == "Said."


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("answer: a\nanswers: [b]", 1, "a fixture for chats needs either answer or answers"),
        ("answer: a\nmatch: {file_name: b}", 2, "unknown field 'file_name'; there are: model, user, system"),
        ("match: {user: a}\nanwser: b", 2, "unknown field 'anwser'; there are: name, match, answer, answers"),
        ("match: {user: a}", 1, "a fixture for chats needs either answer or answers"),
        ("answer:", 1, 'an empty answer is written ""'),
        ("answer:\n  text: a\n  json: {}", 2, "an answer is either text, json or an error"),
        ("answer:\n  error: {message: a}", 2, "an error needs a status"),
        ("answer:\n  error: {status: 200}", 2, "expected a whole number from 400 to 599, not 200"),
        ("answer:\n  tool_calls:\n    - arguments: {}", 3, "a tool call needs a name"),
        ("answer:\n  tool_calls:\n    - {name: a, arguments: [1]}", 3, "expected arguments as fields, or as text"),
        ("answer:\n  json: .nan", None, None),
        ("answer: a\nmatch: {user: {regex: '('}}", 2, "this is no regular expression"),
        ("answer: a\nmatch: {user: {regex: a, is: b}}", 2, "expected one of contains, glob, regex, is"),
        ("answer: a\nmatch: {turn: 0}", 2, "expected a whole number from 1 to"),
        ("answer: {tokens_per_second: 0}", 1, "expected more than 0 tokens per second"),
        ("answer: {cut_after: -1}", 1, "expected a whole number from 0 to"),
        ("answer: []", 1, "expected fields (text, json, tool_calls"),
        ("answers: []", 1, "expected a list, not an empty one"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int | None, problem: str | None, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(text)
    found = Fixtures([tmp_path]).problems
    if problem is None:
        assert found == []
        return
    (mistake,) = found
    assert mistake.line == line
    assert problem in mistake.reason
