"""Request windows."""

from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.limits import Limits, Rule


@given(st.integers(1, 20), st.integers(1, 1_000), st.lists(st.integers(0, 300), max_size=80))
def test_no_window_allows_more_than_the_limit(limit: int, window: int, gaps: list[int]) -> None:
    limits, rule, now, began, hits = Limits(), Rule("r", limit, window), 0, 0, 0
    for number, gap in enumerate(gaps):
        now += gap
        if number == 0 or now >= began + window:
            began, hits = now, 0
        decision = limits.hit(1, rule, now)
        hits += 1
        assert decision.allowed == (hits <= limit)
        assert decision.remaining == limit - hits
        assert decision.reset * 1_000_000 >= began + window - now


def test_a_limit_of_0_is_none() -> None:
    limits, rule = Limits(), Rule("r", 0, 1_000_000)
    assert all(limits.hit(1, rule, 0).allowed for _ in range(1000))


def test_projects_and_rules_are_counted_apart() -> None:
    limits, one, other = Limits(), Rule("one", 1, 10), Rule("other", 1, 10)
    assert [limits.hit(1, one, 0).allowed, limits.hit(1, one, 0).allowed] == [True, False]
    assert limits.hit(2, one, 0).allowed
    assert limits.hit(1, other, 0).allowed
