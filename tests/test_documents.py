"""A transcript over the wire: whatever is asked for, all views of it agree, and what is hidden is hidden everywhere."""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

import pytest
import srt
import webvtt
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.apis.assemblyai.completed import document_of
from mockserver.apis.assemblyai.redacted_audio import redaction
from mockserver.apis.assemblyai.rules import broken
from mockserver.embed import MockServer
from mockserver.engine.options import cut
from mockserver.engine.transcripts import UntimedTurn, UntimedWord, transcribe
from tests.conftest import Api

SECRETS = "Zorblax Quimby Velmont Okonkwo 555-014-2398 zq17@vexmail.com Brixworth 4929-3813-3266-4295 2024".split()
LINES = [
    "Hello, this is Anna Velmont, I um, am calling about order 5531.",
    "My e-mail address is zq17@vexmail.com, thanks!",
    "You can call me at 555-014-2398 tomorrow, or on March 3, 2024.",
    "We paid $420 to Brixworth Ltd. in London; that is 21% more.",
    "Uh, the Zorblax project of Mr. Okonkwo failed. What a damn shame!",
    "[Speaker: A] I love it [MUSIC] so much — really…",
    "My card is 4929-3813-3266-4295, I was born on May 5, 1984.",
    'He said "new york is great" (he lives there). I hate that.',
    "Zorblax Quimby knows José, हिन्दी की बात, and 你好。",
    "Fine. Right? Yes! Dr. Velmont agrees with <b>you</b> & me --> now.",
    "- ?! ...",
    "We should ship the report by Friday, and doctor Quimby will review it.",
]
KINDS = "person_name email_address phone_number date money_amount location organization credit_card_number".split()


def fixture(number: int) -> dict[str, Any]:
    """Return a random conversation of such lines."""
    rng = random.Random(number)
    turns: list[dict[str, Any]] = []
    at = 0.0
    timed = rng.random() < 0.4
    for _ in range(rng.choice([1, 2, 4, 6, 8])):
        turn: dict[str, Any] = {"speaker": rng.choice("ABC"), "text": " ".join(rng.sample(LINES, rng.randint(1, 3)))}
        if number % 2:
            turn["channel"] = rng.randint(1, 2)
        if timed:
            start = round(max(0, at + rng.uniform(-2, 4)), 3)
            at = round(start + rng.uniform(0.5, 12), 3)
            turn |= {"start": start, "end": at}
        turns.append(turn)
    duration = round(rng.choice([0.3, 20, 90.001, 4000, 40_000]), 3)
    return {"match": {"audio_url": url_of(number)}, "turns": turns, "duration": duration}


def url_of(number: int) -> str:
    return f"https://example.com/random/{number}.mp3"


FIXTURES = {number: fixture(number) for number in range(24)}


@pytest.fixture(scope="module", params=["today", "redacted_results"])
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder: Path = tmp_path_factory.mktemp("fixtures")
    (folder / "all.yaml").write_text(yaml.safe_dump_all(FIXTURES.values(), allow_unicode=True))
    quirks = () if request.param == "today" else (request.param,)
    with MockServer(fixtures=(folder,), samples=False, quirks=quirks, rate_limit=0, reload=False) as mock:
        api = Api(mock.url, request.param)
        yield api
        api.close()


def switch(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.just({name: True})


REDACTIONS = st.fixed_dictionaries(
    {
        "redact_pii": st.just(True),
        "redact_pii_policies": st.lists(st.sampled_from(KINDS), min_size=1, unique=True),
        "redact_pii_sub": st.sampled_from([None, "hash", "entity_name"]),
    },
    optional={
        "redact_static_entities": st.dictionaries(
            st.sampled_from(["code name", "town"]),
            st.lists(st.sampled_from(["zorblax", "Zorblax Quimby", "2024", "York is", "042"]), min_size=1),
        ),
    },
)
FORMATS = [
    {"date": "yyyy/mm/dd"},
    {"phone_number": "(xxx) xxx-xxxx"},
    {"email": "username at domain.com", "date": "d.m.yy"},
]
UNDERSTANDING = st.fixed_dictionaries(
    {},
    optional={
        "translation": st.just({"target_languages": ["es", "de"], "match_original_utterance": True}),
        "speaker_identification": st.just({"speaker_type": "name", "known_values": ["Carol", "Dave"]}),
        "custom_formatting": st.sampled_from(FORMATS),
        "summarization": st.sampled_from([{"summary_type": "bullets"}, {"summary_type": "paragraph"}]),
        "action_items": st.just({"include_decisions": True}),
    },
).map(lambda tasks: {"speech_understanding": {"request": tasks}} if tasks else {})
WISHES: list[st.SearchStrategy[dict[str, Any]]] = [
    *map(
        switch, "speaker_labels multichannel disfluencies filter_profanity sentiment_analysis entity_detection".split()
    ),
    *map(
        switch, "auto_highlights content_safety iab_categories auto_chapters summarization language_detection".split()
    ),
    st.just({"punctuate": False}),
    st.just({"format_text": False}),
    st.just({"summarization": True, "summary_model": "catchy", "summary_type": "gist"}),
    st.integers(1, 3).map(lambda count: {"speaker_labels": True, "speakers_expected": count}),
    st.just({"custom_spelling": [{"from": ["new york", "doctor"], "to": " NYC "}, {"from": ["card is"], "to": "Dr."}]}),
    st.just({"keyterms_prompt": ["Dr. Velmont", "ORDER", "e-mail ADDRESS"]}),
    st.just({"remove_audio_tags": "speaker"}),
    st.tuples(st.integers(0, 9000), st.integers(1, 60_000)).map(
        lambda window: {"audio_start_from": window[0], "audio_end_at": window[0] + window[1]}
    ),
    UNDERSTANDING,
]


@st.composite
def requests(draw: st.DrawFn, *first: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """Return parameters that go together: of random ones those that break no rule."""
    params: dict[str, Any] = {"audio_url": url_of(draw(st.sampled_from(sorted(FIXTURES))))}
    for wish in [*first, *draw(st.lists(st.sampled_from([*WISHES, REDACTIONS]), max_size=9))]:
        more = params | draw(wish)
        params = params if broken(more, ()) else more
    return params


class Seen:
    """All that the API says about one transcript."""

    def __init__(self, api: Api, params: Mapping[str, Any]) -> None:
        reply = api.http.post("/v2/transcript", json=params)
        assert reply.status_code == 200, reply.text
        self._api = api
        self.params = params
        self.path = f"/v2/transcript/{reply.json()['id']}"
        self.view = self.json()
        assert self.view["status"] in ("completed", "error"), self.view

    def json(self, path: str = "", **query: Any) -> dict[str, Any]:
        reply = self._api.http.get(self.path + path, params=query)
        assert reply.status_code == 200, reply.text
        view: dict[str, Any] = reply.json()
        return view

    def text(self, path: str, **query: Any) -> str:
        reply = self._api.http.get(self.path + path, params=query)
        assert reply.status_code == 200, reply.text
        return reply.text

    @property
    def completed(self) -> bool:
        """Say whether there is a transcript: a window may begin after the audio has ended."""
        if self.view["status"] == "error":
            assert "audio_start_from" in self.params or "language_detection" in self.params
        return bool(self.view["status"] == "completed")

    @cached_property
    def words(self) -> list[dict[str, Any]]:
        words: list[dict[str, Any]] = self.view["words"]
        return words

    @cached_property
    def sentences(self) -> list[dict[str, Any]]:
        sentences: list[dict[str, Any]] = self.json("/sentences")["sentences"]
        return sentences

    def everything(self) -> dict[str, Any]:
        """Return every reply about it, without what only repeats the request."""
        view = {name: value for name, value in self.view.items() if name not in self.params}
        if understood := self.view["speech_understanding"]:
            view["speech_understanding"] = understood["response"]
        words = ",".join(re.findall(r"\w+", " ".join(SECRETS)))
        return (
            view
            | {
                "sentences": self.sentences,
                "paragraphs": self.json("/paragraphs"),
                "srt": self.text("/srt"),
                "vtt": self.text("/vtt"),
            }
            | (
                {}
                if not words
                else {"search": [m["indexes"] for m in self.json("/word-search", words=words)["matches"]]}
            )
        )


def said(items: list[dict[str, Any]]) -> str:
    return " ".join(item["text"] for item in items)


def words_in(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [word for item in items for word in item["words"]]


@settings(max_examples=40, deadline=None)
@given(params=requests())
def test_text_words_and_utterances_say_the_same(api: Api, params: dict[str, Any]) -> None:
    seen = Seen(api, params)
    if not seen.completed:
        return
    view, words = seen.view, seen.words
    assert view["text"] == said(words)
    assert all(word["text"].split() == [word["text"]] for word in words)
    diarized = bool(params.get("speaker_labels") or params.get("multichannel"))
    assert (view["utterances"] is not None) == diarized
    for utterance in view["utterances"] or ():
        assert utterance["words"]
        assert utterance["text"] == said(utterance["words"])
        assert utterance["start"] == utterance["words"][0]["start"]
        assert utterance["end"] == max(word["end"] for word in utterance["words"])
        assert {word["speaker"] for word in utterance["words"]} == {utterance["speaker"]}
    assert not diarized or words_in(view["utterances"]) == words
    confidences = [word["confidence"] for word in words]
    assert view["confidence"] == pytest.approx(sum(confidences) / len(words) if words else 0)


@settings(max_examples=40, deadline=None)
@given(params=requests(), width=st.none() | st.integers(5, 100))
def test_exports_agree_with_the_words(api: Api, params: dict[str, Any], width: int | None) -> None:
    seen = Seen(api, params)
    if not seen.completed:
        return
    paragraphs = seen.json("/paragraphs")["paragraphs"]
    for items in (seen.sentences, paragraphs):
        assert words_in(items) == seen.words
        assert said(items) == seen.view["text"]
        assert all(item["text"] == said(item["words"]) for item in items)
        assert all(item["confidence"] == item["words"][0]["confidence"] for item in items)
    assert {sentence["speaker"] for sentence in seen.sentences} == {word["speaker"] for word in seen.words}
    query = {"chars_per_caption": width} if width else {}
    cues = [cue.content for cue in srt.parse(seen.text("/srt", **query))]
    assert " ".join(cues) == seen.view["text"].replace("-->", "->")
    found = webvtt.WebVTT.from_string(seen.text("/vtt", **query), strict=True)
    assert html.unescape(" ".join(cue.raw_text for cue in found.captions)) == seen.view["text"]


@settings(max_examples=40, deadline=None)
@given(params=requests())
def test_labels_are_those_of_channels_and_speakers(api: Api, params: dict[str, Any]) -> None:
    params = {name: value for name, value in params.items() if name != "speech_understanding"}
    seen = Seen(api, params)
    if not seen.completed:
        return
    by_channel, by_speaker = params.get("multichannel"), params.get("speaker_labels")
    assert seen.view.get("audio_channels") == (max_channel(params) if by_channel else None)
    for item in [*seen.words, *seen.sentences, *(seen.view["utterances"] or ())]:
        assert ("channel" in item) == bool(by_channel)
        if by_channel:
            assert item["channel"] in {str(n + 1) for n in range(max_channel(params))}
            assert re.fullmatch(item["channel"] + ("[ABC]" if by_speaker else ""), item["speaker"])
        else:
            assert item["speaker"] in ({"A", "B", "C"} if by_speaker else {None})
    most = params.get("speakers_expected")
    assert most is None or by_channel or len({word["speaker"] for word in seen.words}) <= most


def max_channel(params: Mapping[str, Any]) -> int:
    return max(int(turn.get("channel", 1)) for turn in fixture_of(params)["turns"])


def fixture_of(params: Mapping[str, Any]) -> dict[str, Any]:
    return next(fixture for fixture in FIXTURES.values() if fixture["match"]["audio_url"] == params["audio_url"])


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(part)


@settings(max_examples=40, deadline=None)
@given(params=requests())
def test_every_time_lies_inside_the_audio_and_every_share_between_0_and_1(api: Api, params: dict[str, Any]) -> None:
    seen = Seen(api, params)
    if not seen.completed:
        return
    seconds = fixture_of(params)["duration"]
    assert seen.view["audio_duration"] == ceil(seconds)
    first, last = params.get("audio_start_from", 0), min(params.get("audio_end_at", 10**9), seconds * 1000)
    found = 0
    for part in walk(seen.everything()):
        if isinstance(part.get("start"), int):
            assert first <= part["start"] <= part["end"] <= last
            found += 1
        for name in ("confidence", "rank", "relevance", "severity", "low", "medium", "high"):
            assert not isinstance(part.get(name), float) or -1e-9 <= part[name] <= 1 + 1e-9
    assert found >= len(seen.words)


def strings(value: Any) -> Iterator[str]:
    """Yield all strings in a reply, keys too, but no ids."""
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        yield from value
        value = [part for name, part in value.items() if name != "id"]
    for part in value if isinstance(value, list) else ():
        yield from strings(part)


PLAIN_KEYS = (
    "redact_pii",
    "redact_pii_policies",
    "redact_pii_sub",
    "redact_static_entities",
    "redact_pii_return_unredacted",
)


def without_redaction(params: Mapping[str, Any], *others: str) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in (*PLAIN_KEYS, *others)}


@settings(max_examples=40, deadline=None)
@given(params=requests())
def test_sentiments_are_the_sentences_and_entities_stand_where_they_say(api: Api, params: dict[str, Any]) -> None:
    wanted = {"sentiment_analysis": True, "entity_detection": True}
    if broken(params | wanted, ()):
        wanted = {"entity_detection": True}
    seen = Seen(api, params | wanted)
    plain = Seen(api, without_redaction(params) | wanted)
    if not seen.completed:
        return
    feelings = seen.view["sentiment_analysis_results"]
    if feelings is not None:
        sentences = [(s["start"], s["end"], s["speaker"]) for s in seen.sentences]
        assert [(feeling["start"], feeling["end"], feeling["speaker"]) for feeling in feelings] == sentences
        texts = [sentence["text"] for sentence in plain.sentences]
        if is_quirky(api):
            texts = [sentence["text"] for sentence in seen.sentences]
        assert [feeling["text"] for feeling in feelings] == texts
    for entity in plain.view["entities"]:
        assert any(entity["text"] in said(run) for run in runs(plain.words, entity))
    places = [(entity["start"], entity["end"], entity["entity_type"]) for entity in seen.view["entities"]]
    assert places == [(entity["start"], entity["end"], entity["entity_type"]) for entity in plain.view["entities"]]


def runs(words: list[dict[str, Any]], entity: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield the words in a row that begin and end as the entity does."""
    for first, word in enumerate(words):
        for last in range(first + 1, len(words) + 1) if word["start"] == entity["start"] else ():
            run = words[first:last]
            if max(w["end"] for w in run) == entity["end"] and word["speaker"] == entity["speaker"]:
                yield run


def is_quirky(api: Api) -> bool:
    return api.key == "redacted_results"


@settings(max_examples=40, deadline=None)
@given(params=requests(REDACTIONS))
def test_redaction_changes_hidden_words_and_nothing_else(api: Api, params: dict[str, Any]) -> None:
    params |= {"redact_pii_return_unredacted": True, "entity_detection": True}
    seen = Seen(api, params)
    plain = Seen(api, without_redaction(params))
    if not seen.completed:
        return
    assert len(seen.words) == len(plain.words)
    labels = {*params["redact_pii_policies"], *params.get("redact_static_entities", ())}
    tag = "|".join(re.escape(f"[{label.upper().replace(' ', '_')}]") for label in labels)
    hidden = set()
    for place, (old, new) in enumerate(zip(plain.words, seen.words, strict=True)):
        assert old | {"text": ""} == new | {"text": ""}
        if old["text"] != new["text"]:
            hidden.add(place)
            form = rf"\W*({tag})\W*" if params["redact_pii_sub"] == "entity_name" else r"[^\w]*#+[\W_]*"
            assert re.fullmatch(form, new["text"])
    for entity in plain.view["entities"]:
        if entity["entity_type"] in params["redact_pii_policies"]:
            assert any(
                all(
                    w["text"] != seen.words[plain.words.index(w)]["text"] or not re.search(r"\w", w["text"])
                    for w in run
                )
                for run in runs(plain.words, entity)
            )
    unnamed = Seen(api, without_redaction(params, "speech_understanding"))
    assert seen.view["unredacted_text"] == unnamed.view["text"]
    assert seen.view["unredacted_words"] == unnamed.words
    assert seen.view["unredacted_utterances"] == unnamed.view["utterances"]
    for phrase in {plain.words[place]["text"].replace(",", "") for place in hidden}:
        found = [m["indexes"] for m in seen.json("/word-search", words=phrase)["matches"]] if phrase else []
        assert hidden.isdisjoint(index for indexes in found for index in indexes)


UNREDACTED = ("entities", "sentiment_analysis_results", "chapters", "auto_highlights_result", "summary")
UNREDACTED_TOO = ("content_safety_labels", "iab_categories_result")


@settings(max_examples=80, deadline=None)
@given(params=requests(REDACTIONS, UNDERSTANDING))
def test_a_hidden_word_is_said_nowhere(api: Api, params: dict[str, Any]) -> None:
    seen = Seen(api, params)
    if not seen.completed:
        return
    shown = seen.view["text"].lower()
    known = Seen(api, without_redaction(params)).view["text"].lower()
    everything = seen.everything()
    if not is_quirky(api):
        everything = {name: value for name, value in everything.items() if name not in UNREDACTED + UNREDACTED_TOO}
    replies = "\n".join(strings(everything)).lower()
    for secret in map(str.lower, SECRETS):
        if secret in known and secret not in shown:
            assert secret not in replies


@settings(max_examples=80, deadline=None)
@given(params=requests(REDACTIONS))
def test_redacted_audio_hides_exactly_the_hidden_words(params: dict[str, Any]) -> None:
    turns = [
        UntimedTurn(tuple(map(UntimedWord, turn["text"].split())), turn["speaker"], turn.get("channel"))
        for turn in fixture_of(params)["turns"]
    ]
    whole = transcribe(turns, language="en", duration=600_000, seed="s", channels=2)
    start, end = params.get("audio_start_from") or 0, params.get("audio_end_at") or 600_000
    transcript = cut(whole, start, end).encode()
    job = {"params": json.dumps(params), "duration": 600_000}
    document = document_of(job, transcript, ())
    spans = redaction(job, transcript).spans
    for moment in {0, start - 1, end, 599_999}:
        if 0 <= moment < start or end <= moment < 600_000:
            assert any(first <= moment < last for first, last in spans)
    for heard, shown in zip(document.named.words, document.shown.words, strict=True):
        covered = any(start <= heard.start and heard.end <= end for start, end in spans)
        touched = any(start < heard.end and heard.start < end for start, end in spans)
        if heard.text != shown.text:
            assert covered
        elif re.search(r"\w", heard.text):
            assert not touched
