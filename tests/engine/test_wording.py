"""How words are written: what each step may change, and what it must leave as it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine.lexicon import FILLERS, is_profane
from mockserver.engine.transcripts import Transcript, UntimedTurn, UntimedWord, Word, transcribe
from mockserver.engine.wording import Place, Wording, redacted, written
from tests.strategies import ODD, PLAIN, spoken_texts, texts, transcripts

LABELS = ("person_name", "date", "in-house code")


def said(*lines: str, language: str = "en") -> Transcript:
    spoken = [UntimedTurn(tuple(map(UntimedWord, line.split())), "AB"[place % 2]) for place, line in enumerate(lines)]
    return transcribe(spoken, language=language, duration=60_000, seed="s")


def lines(transcript: Transcript) -> list[str]:
    return [turn.text for turn in transcript.turns]


def parts(word: str) -> tuple[str, str, str]:
    """Take a word apart: what stands before its first letter or digit, what after its last one and that one's marks."""
    places = [place for place, character in enumerate(word) if character.isalnum() or character == "_"]
    if not places:
        return "", "", ""
    first, last = places[0], places[-1] + 1
    while last < len(word) and unicodedata.category(word[last])[0] == "M":
        last += 1
    return word[:first], word[first:last], word[last:]


def core(word: str) -> str:
    return parts(word)[1].lower()


def timed(words: Iterable[Word]) -> list[tuple[int, int, float]]:
    return [(word.start, word.end, word.confidence) for word in words]


def is_part(few: Sequence[object], many: Sequence[object]) -> bool:
    """Say whether all of the few stand among the many, in the same order."""
    rest = iter(many)
    return all(one in rest for one in few)


phrases = st.lists(st.sampled_from([*PLAIN, "की", "&", "c++"]) | texts, min_size=1, max_size=5).map(tuple)
wordings = st.builds(
    Wording,
    fillers=st.booleans(),
    other_tags=st.booleans(),
    spellings=st.lists(st.tuples(phrases, st.sampled_from(["SQL", "Ünited", "C++", "Dr."])), max_size=3).map(tuple),
    terms=st.lists(phrases, max_size=3).map(tuple),
    profanity=st.booleans(),
    punctuated=st.booleans(),
    formatted=st.booleans(),
)


@settings(max_examples=80)
@given(transcripts(), wordings)
def test_whatever_is_asked_no_word_and_no_turn_is_empty_and_times_stay_in_order(
    transcript: Transcript, wording: Wording
) -> None:
    result = written(transcript, wording)
    assert result == written(Transcript.decode(transcript.encode()), replace(wording))
    turns = [(turn.speaker, turn.channel, turn.words[0].start, turn.words[-1].end) for turn in transcript.turns]
    assert len(result.turns) <= len(turns)
    assert is_part(
        [(turn.speaker, turn.channel) for turn in result.turns], [(speaker, channel) for speaker, channel, *_ in turns]
    )
    starts = [word.start for word in transcript.words]
    assert is_part([word.start for word in result.words], starts)
    for turn in result.turns:
        assert turn.words
        for word in turn.words:
            assert word.text.split() == [word.text]
            assert 0 <= word.start <= word.end <= transcript.duration
            assert 0 <= word.confidence <= 1 + 1e-9


@given(transcripts())
def test_nothing_changes_where_nothing_is_asked(transcript: Transcript) -> None:
    plain = transcript.with_turns(
        replace(turn, words=tuple(word._replace(text=word.text.replace("[", "(")) for word in turn.words))
        for turn in transcript.turns
    )
    assert written(plain, Wording(fillers=True)) == plain


@given(transcripts(st.sampled_from([*PLAIN, "Um", "uh-huh", "hmm...", "(uh)", "ERM!"]) | spoken_texts))
def test_only_fillers_go_and_only_in_english(transcript: Transcript) -> None:
    wording = Wording(other_tags=True)
    spoken = [w for t in written(transcript, replace(wording, fillers=True)).turns for w in t.words]
    kept = list(written(transcript, wording).words)
    expected = [word for word in spoken if core(word.text) not in FILLERS]
    assert [core(word.text).casefold() for word in kept] == [core(word.text).casefold() for word in expected]
    assert timed(kept) == timed(expected)
    german = replace(transcript, language="de")
    assert written(german, wording) == written(german, replace(wording, fillers=True))


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("Um, hello there.", "Hello there."),
        ("I, uh, think so, um.", "I, think so."),
        ("Well. Uh, what?", "Well. What?"),
        ("Uh-huh.", None),
        ("An umbrella, hmmm", "An umbrella,"),
    ],
)
def test_without_fillers_a_sentence_still_looks_like_one(line: str, kept: str | None) -> None:
    assert lines(written(said(line, "Yes."), Wording())) == ([kept] if kept else []) + ["Yes."]


@pytest.mark.parametrize(
    ("line", "all_removed", "speakers_removed"),
    [
        ("[Speaker: A] hello [MUSIC] you", "hello you", "hello [MUSIC] you"),
        ("[MUSIC PLAYING].", None, "[MUSIC PLAYING]."),
        ("[Speaker:1] hi [laughs out loud], bye", "hi bye", "hi [laughs out loud], bye"),
        ("[this is not a tag at all] it is [open", "[this is not a tag at all] it is [open", None),
        ("array[0] [ ok", "array[0] [ ok", "array[0] [ ok"),
    ],
)
def test_tags_are_removed_unless_they_are_asked_for(
    line: str, all_removed: str | None, speakers_removed: str | None
) -> None:
    assert lines(written(said(line), Wording(fillers=True))) == ([all_removed] if all_removed else [])
    assert lines(written(said(line), Wording(fillers=True, other_tags=True))) == [speakers_removed or line]


@settings(max_examples=80)
@given(st.data(), transcripts())
def test_spellings_replace_exactly_the_phrases_that_are_there(data: st.DataObject, transcript: Transcript) -> None:
    wanted = data.draw(st.lists(phrases, max_size=2))
    spoken = list(transcript.words)
    for _ in range(2 if spoken else 0):
        first = data.draw(st.integers(0, len(spoken) - 1))
        some = spoken[first : first + data.draw(st.integers(1, 4))]
        wanted.append(
            tuple(data.draw(st.sampled_from([word.text, word.text.lower(), f"{word.text}!"])) for word in some)
        )
    spellings = [(phrase, f"New{number}") for number, phrase in enumerate(wanted)]
    keeping = Wording(fillers=True, other_tags=True)
    before, after = (written(transcript, replace(keeping, spellings=spelled)) for spelled in ((), tuple(spellings)))
    expected = [(turn.speaker, spelled_by_hand(turn.words, spellings)) for turn in before.turns]
    found = [(turn.speaker, turn.words) for turn in after.turns]
    assert [(who, [word[:3] for word in words]) for who, words in found] == [
        (who, [word[:3] for word in words]) for who, words in expected
    ]


def spelled_by_hand(words: Sequence[Word], spellings: Sequence[tuple[tuple[str, ...], str]]) -> list[Word]:
    """Go through the words; where phrases begin write the longest, of equals the first."""
    result: list[Word] = []
    rest = list(words)
    while rest:
        fits = [
            (len(phrase), -number, spelling)
            for number, (phrase, spelling) in enumerate(spellings)
            if len(rest) >= len(phrase)
            and all(
                (core(a) or a.lower()) == (core(b.text) or b.text.lower()) for a, b in zip(phrase, rest, strict=False)
            )
        ]
        count, _, spelling = max(fits, default=(1, 0, None))
        covered, rest = rest[:count], rest[count:]
        if spelling is None:
            result += covered
        else:
            text = parts(covered[0].text)[0] + spelling + parts(covered[-1].text)[2]
            result.append(Word(text, covered[0].start, max(word.end for word in covered), 1.0))
    return result


@pytest.mark.parametrize(
    ("line", "phrase", "spelling", "expected"),
    [
        ("The sequel, Sequel!", "sequel", "SQL", "The SQL, SQL!"),
        ("New York, new york.", "NEW YORK", "NYC", "NYC, NYC."),
        ('"Open source" opens', "open source", "OSS", '"OSS" opens'),
        ("the doctor.", "doctor", "Dr.", "the Dr."),
        ("I like C++.", "c++", "C++", "I like C++."),
        ("at & t", "AT & T", "AT&T", "AT&T"),
        ("का की", "की", "Ki", "का Ki"),
        ("sequels", "sequel", "SQL", "sequels"),
    ],
)
def test_a_spelling_keeps_the_punctuation_around_it(line: str, phrase: str, spelling: str, expected: str) -> None:
    wording = Wording(spellings=((tuple(phrase.split()), spelling),))
    assert lines(written(said(line), wording)) == [expected]


def test_no_spelling_reaches_into_the_next_turn() -> None:
    wording = Wording(spellings=((("new", "york"), "NYC"),))
    assert lines(written(said("It is new", "york time"), wording)) == ["It is new", "york time"]


@given(transcripts(), st.lists(phrases, min_size=1, max_size=4))
def test_terms_change_the_look_of_words_and_nothing_else(transcript: Transcript, terms: list[tuple[str, ...]]) -> None:
    before = written(transcript, Wording(fillers=True, other_tags=True))
    wording = Wording(fillers=True, other_tags=True, terms=tuple(terms))
    after = written(transcript, wording)
    assert timed(after.words) == timed(before.words)
    assert [core(word.text) for word in after.words] == [core(word.text) for word in before.words]
    assert written(after, wording) == after


@pytest.mark.parametrize(
    ("line", "term", "expected"),
    [
        ("ask dr. smith, please", "Dr. Smith", "ask Dr. Smith, please"),
        ("in the u.s. Today", "U.S.", "in the U.S. Today"),
        ("c++.", "C++", "C++."),
        ("we use NODE.JS!", "Node.js", "we use Node.js!"),
        ("at & t", "AT & T", "AT & T"),
    ],
)
def test_a_term_is_written_as_it_was_given(line: str, term: str, expected: str) -> None:
    assert lines(written(said(line), Wording(terms=(tuple(term.split()),)))) == [expected]


@given(transcripts(st.sampled_from(["damn", "Shit,", "(merde)", "FUCKING!", "Scheiße", "ass", "class"]) | spoken_texts))
def test_of_a_swear_word_only_the_first_letter_is_left_and_of_others_everything(transcript: Transcript) -> None:
    keeping = Wording(fillers=True, other_tags=True)
    before = list(written(transcript, keeping).words)
    after = list(written(transcript, replace(keeping, profanity=False)).words)
    assert timed(after) == timed(before)
    for old, new in zip(before, after, strict=True):
        if is_profane(old.text):
            left, word, right = parts(old.text)
            assert new.text == left + word[0] + "*" * (len(word) - 1) + right
            assert not is_profane(new.text)
        else:
            assert new.text == old.text


@given(transcripts(st.from_regex(r"[A-Z(]?[0-9]{1,4}(,[0-9]{3})*[a-z%.]?", fullmatch=True) | spoken_texts))
def test_unformatted_english_has_no_capitals_and_no_numerals(transcript: Transcript) -> None:
    keeping = Wording(fillers=True, other_tags=True)
    before, after = (written(transcript, replace(keeping, formatted=f)) for f in (True, False))
    assert timed(after.words) == timed(before.words)
    for old, new in zip(before.words, after.words, strict=True):
        assert new.text == new.text.lower()
        assert not re.search(r"\d", new.text)
        assert re.search(r"\d", old.text) or new.text == old.text.lower()
    foreign = written(replace(transcript, language="es"), replace(keeping, formatted=False))
    assert [word.text for word in foreign.words] == [word.text.lower() for word in before.words]


ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}


def number_of(text: str) -> int:
    """Read a number that is written in words."""
    total = part = 0
    for word in text.split("-"):
        if word in SCALES:
            total, part = total + part * SCALES[word], 0
        elif word == "hundred":
            part *= 100
        else:
            part += ONES.index(word) if word in ONES else 20 + 10 * TENS.index(word)
    return total + part


@given(st.integers(0, 999) | st.integers(0, 10**12 - 1), st.booleans())
def test_numbers_are_spelled_out_so_that_they_can_be_read_back(number: int, commas: bool) -> None:
    (word,) = written(said(f"{number:,}" if commas else str(number)), Wording(formatted=False)).words
    assert number_of(word.text) == number


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Call 007.", "call zero-zero-seven."),
        ("In 1984, 1,000 or 21%", "in one-thousand-nine-hundred-eighty-four, one-thousand or twenty-one%"),
        ("Gate B12", "gate btwelve"),
        ("1234567890123", "one-two-three-four-five-six-seven-eight-nine-zero-one-two-three"),
    ],
)
def test_numbers_are_written_in_words(line: str, expected: str) -> None:
    assert lines(written(said(line), Wording(formatted=False))) == [expected]


def spelled(words: Iterable[Word]) -> str:
    return "".join(parts(word.text)[1] and "".join(filter(str.isalnum, word.text)) for word in words)


@given(transcripts())
def test_without_punctuation_every_letter_and_digit_is_left_and_words_end_in_one(transcript: Transcript) -> None:
    keeping = Wording(fillers=True, other_tags=True)
    before = written(transcript, keeping)
    after = written(transcript, replace(keeping, punctuated=False))
    assert spelled(after.words) == spelled(before.words)
    assert is_part(timed(after.words), timed(before.words))
    for word in after.words:
        left, middle, right = parts(word.text)
        assert set(left) <= set("$€£%#@+-") or not middle
        assert set(right) <= {"%"}
    assert written(after, replace(keeping, punctuated=False)) == after


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('Hello, (dear) "world"!', "Hello dear world"),
        ("don't be well-known —", "don't be well-known"),
        ("$5.00, 50% or -3.14.", "$5.00 50% or -3.14"),
        ("हिन्दी की। ठीक, cafe\u0301.", "हिन्दी की ठीक cafe\u0301"),
        ("¿Qué? ¡Sí!", "Qué Sí"),
        ("... — !", None),
    ],
)
def test_punctuation_goes_and_the_inside_of_words_stays(line: str, expected: str | None) -> None:
    assert lines(written(said(line), Wording(punctuated=False))) == ([expected] if expected else [])


places = st.builds(Place, st.integers(0, 40), st.integers(1, 6), st.sampled_from(LABELS))


@settings(max_examples=80)
@given(
    transcripts(st.sampled_from([*ODD, "(Anna),", '"1984"', "की।", "&"]) | spoken_texts),
    st.lists(places, max_size=6),
    st.booleans(),
)
def test_redaction_hides_the_words_at_its_places_and_leaves_all_others(
    transcript: Transcript, hidden: list[Place], by_name: bool
) -> None:
    result = redacted(transcript, hidden, by_name=by_name)
    assert result == redacted(transcript, hidden, by_name=by_name)
    assert [len(turn.words) for turn in result.turns] == [len(turn.words) for turn in transcript.turns]
    assert [(t.speaker, t.channel) for t in result.turns] == [(t.speaker, t.channel) for t in transcript.turns]
    assert timed(result.words) == timed(transcript.words)
    for at, (old, new) in enumerate(zip(transcript.words, result.words, strict=True)):
        labels = {
            place.label.upper().replace(" ", "_") for place in hidden if place.first <= at < place.first + place.count
        }
        before, word, after = parts(old.text)
        if not labels:
            assert new == old
        elif by_name:
            assert new.text in {f"{before}[{label}]{after}" for label in labels}
            assert not any(map(str.isalnum, before + after))
        else:
            assert len(new.text) == len(old.text)
            assert not any(character.isalnum() or unicodedata.category(character) == "Mc" for character in new.text)
            assert word == "" or (new.text.startswith(before) and new.text.endswith(after))


@pytest.mark.parametrize(
    ("line", "hashed", "named"),
    [
        ("Call (Anna), please.", "Call (####), please.", "Call ([NAME]), please."),
        ("I am O'Neil-Smith!", "I am #'####-#####!", "I am [NAME]!"),
        ("we met José\u0301.", "we met #####.", "we met [NAME]."),
        ("मैं की। हूँ", "मैं ##। हूँ", "मैं [NAME]। हूँ"),
    ],
)
def test_a_hidden_word_keeps_only_the_punctuation_around_it(line: str, hashed: str, named: str) -> None:
    place = Place(1 if not line.startswith(("I ", "we ")) else 2, 1, "name")
    assert lines(redacted(said(line), [place], by_name=False)) == [hashed]
    assert lines(redacted(said(line), [place], by_name=True)) == [named]


def test_places_run_on_from_turn_to_turn() -> None:
    result = redacted(said("one two", "three four"), [Place(1, 2, "x")], by_name=True)
    assert lines(result) == ["one [X]", "[X] four"]


def test_redacting_nothing_gives_the_same_transcript() -> None:
    transcript = said("one two")
    assert redacted(transcript, [], by_name=True) is transcript
