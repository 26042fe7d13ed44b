"""The tokenizer loses nothing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockserver.engine.chat.tokens import count, tokens


@given(st.text())
def test_the_tokens_of_a_text_are_the_text(text: str) -> None:
    found = tokens(text)
    assert "".join(found) == text
    assert all(found)
    assert count(text) == len(found)


@given(st.text(), st.text())
@example(":{", ":«\x1b")
def test_more_text_has_no_fewer_tokens(text: str, more: str) -> None:
    assert count(text) <= count(text + more) <= count(text) + count(more)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello, world", ["Hello", ",", " world"]),
        ("unbelievable", ["unbeliev", "able"]),
        ("12345 + 6", ["123", "45", " +", " 6"]),
        ("été\n\nça", ["été", "\n", "\n", "ça"]),
        ("東京都へ", ["東京", "都へ"]),
        ('{"a": [1]}', ['{"', "a", '":', " [", "1", "]}"]),
    ],
)
def test_tokens_are_short_words_and_parts_of_long_ones(text: str, found: list[str]) -> None:
    assert tokens(text) == found
