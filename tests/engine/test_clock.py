"""The clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.clock import MAX_MOMENT, SECOND, Clock, ClockState, iso


class ByHand:
    """A time line that the test moves."""

    def __init__(self) -> None:
        self.moment = 1_000 * SECOND

    def now(self) -> int:
        return self.moment

    def real_seconds_until(self, moment: int) -> float:
        return max(0, moment - self.moment) / SECOND


actions = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 10**9)),
        st.tuples(st.just("advance"), st.integers(0, 10**9)),
        st.tuples(st.just("scale"), st.floats(0.01, 1000)),
        st.tuples(st.just("freeze"), st.none()),
        st.tuples(st.just("resume"), st.none()),
    )
)


@given(actions)
def test_time_never_runs_backwards(steps: list[tuple[str, float | int | None]]) -> None:
    below = ByHand()
    clock = Clock(Clock(below))
    last = clock.now()
    for name, value in steps:
        if name == "wait":
            below.moment += int(value or 0)
        elif value is None:
            getattr(clock, name)()
        else:
            getattr(clock, name)(value)
        assert clock.now() >= last
        last = clock.now()


@given(st.floats(0.01, 1000), st.integers(1, 10**9))
def test_waiting_as_long_as_told_gets_there(scale: float, ahead: int) -> None:
    below = ByHand()
    clock = Clock(below, scale=scale)
    moment = clock.now() + ahead
    wait = clock.real_seconds_until(moment)
    assert wait is not None
    below.moment += round(wait * SECOND) + 1
    assert clock.now() >= moment


def test_a_frozen_clock_stands_still_until_it_is_advanced() -> None:
    below = ByHand()
    clock = Clock(below)
    clock.freeze()
    frozen = clock.now()
    below.moment += SECOND
    assert clock.now() == frozen
    assert clock.real_seconds_until(frozen + 1) is None
    clock.advance(5 * SECOND)
    assert clock.now() == frozen + 5 * SECOND
    clock.resume()
    below.moment += SECOND
    assert clock.now() == frozen + 6 * SECOND


def test_a_stored_state_goes_on() -> None:
    below = ByHand()
    clock = Clock(below, ClockState(shown=50 * SECOND, anchor=below.moment, scale=2.0))
    below.moment += 10 * SECOND
    assert clock.now() == 70 * SECOND


def test_what_cannot_be_is_refused() -> None:
    clock = Clock(ByHand())
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="scale must lie between"):
        clock.scale(0)
    with pytest.raises(ValueError, match="9999"):
        clock.advance(MAX_MOMENT)


def test_moments_are_written_in_utc_with_microseconds() -> None:
    assert iso(1_767_225_600_000_001) == "2026-01-01T00:00:00.000001Z"
