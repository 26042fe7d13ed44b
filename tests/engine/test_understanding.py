"""What is derived from a transcript's text, whatever its text and speakers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine import understanding
from mockserver.engine.digests import extract
from mockserver.engine.generate import conversation
from mockserver.engine.lexicon import FILLERS, is_profane
from mockserver.engine.phrases import plain, trimmed
from mockserver.engine.transcripts import UntimedTurn, UntimedWord, transcribe
from mockserver.engine.views import Passage, Spoken, sentences
from tests.strategies import conversations

LANGUAGES = ["en", "en_us", "es", "fr", "de", "it", "pt", "zz"]
TELLING = (
    "Maria, Helen Brandt. $1,200 555-0143 joe@example.com May March 5th on Monday 3 p.m. Chicago? not happy but "
    "terrible! account number is 4821377 password five zero six budget new trees city and the of to murder beer damn "
    "https://a.example/x 10.0.0.1 (415) 555-0100 twenty years old I will send it Dr. Smith Acme Corp. ... -- '' cancer"
).split()
telling_turns = st.builds(
    lambda said, speaker: UntimedTurn(tuple(map(UntimedWord, said)), speaker),
    st.lists(st.sampled_from(TELLING), min_size=1, max_size=25),
    st.sampled_from("ABC"),
)


def spoken(turns: list[UntimedTurn]) -> list[Passage]:
    return sentences(transcribe(turns, language="en", duration=600_000, seed="s"))


def said(text: str, speaker: str | None = None) -> list[Passage]:
    return spoken([UntimedTurn(tuple(map(UntimedWord, text.split())), speaker)])


def invented(minutes: int) -> list[Passage]:
    return spoken(conversation(minutes * 60_000, language="en", channels=1, seed="s"))


def words_of(passages: list[Passage]) -> list[Spoken]:
    return [word for passage in passages for word in passage.words]


def named(text: str, language: str = "en") -> list[tuple[str, str]]:
    return [(entity.kind, entity.text) for entity in understanding.entities(said(text), language)]


said_by_anyone = (conversations | st.lists(telling_turns, max_size=6)).map(spoken)


@given(said_by_anyone, st.sampled_from(LANGUAGES))
def test_entities_never_overlap_and_hold_the_words_at_their_place(passages: list[Passage], language: str) -> None:
    words = words_of(passages)
    found = understanding.entities(passages, language)
    for entity in found:
        held = words[entity.first : entity.first + entity.count]
        assert len(held) == entity.count > 0
        assert entity.text == trimmed(" ".join(word.text for word in held)) != ""
        assert (entity.start, entity.end) == (held[0].start, max(word.end for word in held))
        assert entity.speaker == held[0].speaker
    assert all(before.first + before.count <= after.first for before, after in pairwise(found))


@given(said_by_anyone, st.dictionaries(st.text(max_size=3), st.lists(st.sampled_from(TELLING), max_size=3), max_size=3))
def test_static_entities_are_the_terms_that_are_wanted(passages: list[Passage], terms: dict[str, list[str]]) -> None:
    for entity in understanding.static_entities(passages, terms):
        assert plain(entity.text.removesuffix("'s")) in {plain(term) for term in terms[entity.kind]}


@given(said_by_anyone)
def test_each_sentence_has_one_mood(passages: list[Passage]) -> None:
    feelings = understanding.sentiment(passages)
    assert [feeling.sentence for feeling in feelings] == passages
    assert all(0 <= feeling.confidence <= 1 for feeling in feelings)
    assert {feeling.mood for feeling in feelings} <= {"positive", "neutral", "negative"}


@given(said_by_anyone)
def test_the_times_of_highlights_hold_their_words(passages: list[Passage]) -> None:
    words = words_of(passages)
    found = understanding.highlights(passages)
    assert len(found) <= 15
    assert [highlight.rank for highlight in found] == sorted((h.rank for h in found), reverse=True)
    for highlight in found:
        keys = highlight.text.lower().split()
        assert 1 <= len(keys) <= 4
        assert 0 < highlight.rank <= 1
        assert highlight.count == len(highlight.times) > 0
        places = range(len(words) - len(keys) + 1)
        runs = [words[place : place + len(keys)] for place in places]
        times = {(run[0].start, max(w.end for w in run)) for run in runs if [plain(w.text) for w in run] == keys}
        assert set(highlight.times) <= times


@given(said_by_anyone)
def test_chapters_hold_every_sentence_once(passages: list[Passage]) -> None:
    found = understanding.chapters(passages)
    assert [place for c in found for place in range(c.first, c.first + c.count)] == list(range(len(passages)))
    assert all(chapter.gist and chapter.headline and chapter.summary for chapter in found)


@given(
    said_by_anyone,
    st.sampled_from(["informative", "conversational", "catchy"]),
    st.sampled_from(["bullets", "bullets_verbose", "gist", "headline", "paragraph"]),
)
def test_there_is_a_summary_unless_nothing_is_said(passages: list[Passage], style: str, form: str) -> None:
    assert bool(understanding.summary(passages, style, form)) == bool(passages)


@given(said_by_anyone)
def test_the_summary_of_subjects_is_headed_by_1(passages: list[Passage]) -> None:
    found = understanding.topics(passages)
    assert bool(found.results) == bool(found.summary)
    assert [label.score for label in found.summary[:1]] == [1.0] * bool(found.results)
    for labels in (found.summary, *(topic.labels for topic in found.results)):
        scores = [label.score for label in labels]
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score <= 1 for score in scores)
    assert all(1 <= len(topic.labels) <= 10 for topic in found.results)


@given(said_by_anyone, st.floats(0.25, 1))
def test_no_hazard_is_less_sure_than_the_threshold(passages: list[Passage], threshold: float) -> None:
    found = understanding.safety(passages, threshold)
    for hazard in found.results:
        assert 0 <= hazard.first_sentence <= hazard.last_sentence < len(passages)
        held = passages[hazard.first_sentence : hazard.last_sentence + 1]
        assert hazard.text == " ".join(sentence.text for sentence in held)
        assert hazard.labels
        assert all(threshold <= label.confidence <= 1 for label in hazard.labels)
    assert {label.name for label in found.summary} == {label.name for h in found.results for label in h.labels}
    assert all(sum(shares) == pytest.approx(1) and min(shares) >= 0 for _, shares in found.severities)


@given(said_by_anyone, st.integers(0, 10), st.text(max_size=20))
def test_extracts_are_sentences_in_their_order(passages: list[Passage], count: int, question: str) -> None:
    places = [passages.index(sentence) for sentence in extract(passages, count)]
    assert places == sorted(set(places))
    assert len(places) == min(count, len(passages))
    assert understanding.answer(passages, question) in [None, *passages]
    plainly = understanding.action_items(passages)
    assert set(plainly) <= set(understanding.action_items(passages, decisions=True)) <= set(passages)


@pytest.mark.parametrize(
    "derive",
    [
        understanding.entities, understanding.highlights, understanding.sentiment, understanding.topics,
        understanding.safety, understanding.chapters, understanding.summary, understanding.action_items,
    ],
)  # fmt: skip
def test_the_same_text_always_says_the_same(derive: Callable[[list[Passage]], object]) -> None:
    assert derive(invented(4)) == derive(invented(4))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thank you for calling Northwind Support, my name is Maria.", ["organization: Northwind Support", "person_name: Maria"]),
        ("Today I am talking with Doctor Helen Brandt.", ["person_name: Doctor Helen Brandt"]),
        ("Maria's flight to East Jasonmouth left Chicago.", ["person_name: Maria", "location: East Jasonmouth", "location: Chicago"]),
        ("Write to joe@example.com or open www.example.com now.", ["email_address: joe@example.com", "url: www.example.com"]),
        ("Call 555-0143 or (415) 555-0100.", ["phone_number: 555-0143", "phone_number: (415) 555-0100"]),
        ("It is five five five, zero one four three.", ["phone_number: five five five, zero one four three"]),
        ("Come on Thursday, May 14th, at half past nine.", ["date: Thursday, May 14th", "time: half past nine"]),
        ("He came on Monday at 3 p.m. with $1,200.", ["date: Monday", "time: 3 p.m.", "money_amount: $1,200"]),
        ("We are open from Monday to Friday.", ["date_interval: Monday to Friday"]),
        ("I am 34 years old, born on April 3, 1985.", ["person_age: 34 years old", "date_of_birth: April 3, 1985"]),
        ("It takes twenty minutes for 25% of them.", ["duration: twenty minutes", "statistics: 25%"]),
        ("My order number is 48213, and it was late.", ["number_sequence: 48213"]),
        ("My account number is 0044-3321.", ["account_number: 0044-3321"]),
        ("My password is hunter2, my username is joe_77.", ["password: hunter2", "username: joe_77"]),
        ("The card number is 4111 1111 1111 1111, it expires 04/27, the CVV is 123.",
         ["credit_card_number: 4111 1111 1111 1111", "credit_card_expiration: 04/27", "credit_card_cvv: 123"]),
        ("My social security number is 123-45-6789.", ["us_social_security_number: 123-45-6789"]),
        ("Ping 10.0.0.1 and read report.pdf.", ["ip_address: 10.0.0.1", "filename: report.pdf"]),
        ("My passport number is X1234567.", ["passport_number: X1234567"]),
        ("A divorced German nurse speaks French.",
         ["marital_status: divorced", "nationality: German", "occupation: nurse", "language: French"]),
        ("He took ibuprofen for a broken leg after surgery, not for diabetes.",
         ["drug: ibuprofen", "injury: broken leg", "medical_process: surgery", "medical_condition: diabetes"]),
        ("My blood type is O negative.", ["blood_type: O negative"]),
        ("The routing number is 021000021.", ["banking_information: 021000021"]),
        ("She has blue eyes, is a Catholic and a Republican.",
         ["physical_attribute: blue eyes", "religion: Catholic", "political_affiliation: Republican"]),
    ],
)  # fmt: skip
def test_entities_are_known_by_their_look_and_surroundings(text: str, expected: list[str]) -> None:
    assert [f"{kind}: {entity}" for kind, entity in named(text)] == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("es", "Me llamo María García y mi teléfono es 612 345 678.", ["María García", "612 345 678"]),
        ("fr", "Je m'appelle Camille Laurent, le 06 12 34 56 78.", ["Camille Laurent", "06 12 34 56 78"]),
        ("de", "Mein Name ist Klaus Weber, ich wohne in Hamburg.", ["Klaus Weber", "Hamburg"]),
        ("it", "Mi chiamo Giulia Rossi e ho pagato 30 euro.", ["Giulia Rossi", "30 euro"]),
        ("pt", "Meu nome é João Silva, cheguei no dia 7 de setembro.", ["João Silva", "7 de setembro"]),
    ],
)
def test_entities_are_found_in_other_languages(language: str, text: str, expected: list[str]) -> None:
    assert [entity for _, entity in named(text, language)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "May I ask who will mark the papers?",
        "Grace is what we need. Will you come? Frank advice helps. Rose petals fell.",
        "The password is wrong and the order is fine.",
        "I have many ideas. They march on. Step one is done.",
        "Because of that, Pipes and Cables leave room.",
        "Once upon a time the second one won.",
    ],
)
def test_ordinary_words_are_no_entities(text: str) -> None:
    assert named(text) == []


def test_the_longest_static_term_wins_whatever_its_case() -> None:
    terms = {"product": ["acme", "Acme Rocket"], "place": ["road runner's nest"]}
    found = understanding.static_entities(said("The ACME rocket, by Acme, hit Road Runner's nest!"), terms)
    assert [(e.kind, e.text, e.first, e.count) for e in found] == [
        ("product", "ACME rocket", 1, 2),
        ("product", "Acme", 4, 1),
        ("place", "Road Runner's nest", 6, 3),
    ]


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("I am really happy with it.", "positive"),
        ("Our customers are not happy about it.", "negative"),
        ("The service was terrible!", "negative"),
        ("It is not bad at all.", "positive"),
        ("It was expensive, but I love it.", "positive"),
        ("Good morning, this is the office.", "neutral"),
        ("The train leaves from platform two.", "neutral"),
        ("What is the best number to reach you?", "neutral"),
    ],
)
def test_moods_follow_words_and_their_negation(text: str, mood: str) -> None:
    assert [feeling.mood for feeling in understanding.sentiment(said(text))] == [mood]


def test_highlights_are_phrases_that_recur_and_none_is_part_of_another() -> None:
    found = understanding.highlights(said("The new budget is big. Helen Brandt likes the new budget. The New budget!"))
    assert [(highlight.text, highlight.count) for highlight in found][:2] == [("budget", 3), ("Helen Brandt", 1)]
    assert sum("budget" in highlight.text for highlight in found) == 1


def test_long_conversations_have_chapters_of_some_hundred_words() -> None:
    passages = invented(10)
    for chapter in understanding.chapters(passages)[:-1]:
        held = passages[chapter.first : chapter.first + chapter.count]
        assert 150 <= sum(len(sentence.words) for sentence in held) <= 330


def test_subjects_and_hazards_are_told_from_words() -> None:
    passages = said("The forecast says rain and snow. He was murdered with a gun. Damn!")
    assert "NewsAndPolitics>Weather" in {label.name for label in understanding.topics(passages).summary}
    hazards = {label.name for label in understanding.safety(passages).summary}
    assert hazards == {"crime_violence", "profanity", "weapons"}


def test_a_conversational_summary_tells_who_says_what() -> None:
    passages = said("The trench keeps the water out of the sewers.", speaker="B")
    assert understanding.summary(passages, "conversational", "headline") == f"Speaker B says: {passages[0].text}"
    assert understanding.summary(passages) == f"- {passages[0].text}"


def test_questions_are_answered_by_the_sentence_that_shares_their_words() -> None:
    passages = said("Where is my package? The package left the warehouse on Monday. The weather is fine.")
    assert understanding.answer(passages, "When did the package leave the warehouse?") == passages[1]
    assert understanding.answer(passages, "Who likes cheese?") is None


def test_promises_and_demands_are_action_items_and_decisions_if_wanted() -> None:
    passages = said(
        "I will ask Ann. Could you send the contract? It rains. We agreed on less. We should plan a review."
    )
    assert understanding.action_items(passages) == [passages[0], passages[1], passages[4]]
    assert understanding.action_items(passages, decisions=True) == [*passages[:2], *passages[3:]]


def test_swear_words_are_known_whatever_their_ending_and_innocent_ones_are_not() -> None:
    assert all(map(is_profane, ["Fuck,", "SHITTY", "fucking!", "assholes", "damned", "Scheiße", "bitches", "puta"]))
    innocent = ["class", "Scunthorpe", "hello", "assess", "cocky", "shirt", "Dickens", "bass", "", "pass", "night"]
    assert not any(map(is_profane, innocent))
    assert {"um", "uh-huh", "hmm"} <= FILLERS


def test_translations_are_marked_with_their_language() -> None:
    assert understanding.translated("Hello.", "es") == "[es] Hello."
