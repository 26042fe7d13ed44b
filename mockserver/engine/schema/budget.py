"""How much the making of one value may take."""

from __future__ import annotations

from typing import NamedTuple


class SpentError(Exception):
    """Making up the value takes more than it may."""


class _Half(NamedTuple):
    """What a budget tries to keep for what is required."""

    steps: int
    values: int
    characters: int


class Budget:
    """How much may be looked at, and how much made up."""

    def __init__(self, steps: int, values: int, characters: int) -> None:
        self.steps, self.values, self.characters = steps, values, characters
        self._half = _Half(steps // 2, values // 2, characters // 2)

    @property
    def is_low(self) -> bool:
        """Say whether more than half of anything is spent."""
        half = self._half
        return self.steps < half.steps or self.values < half.values or self.characters < half.characters

    def spend(self, *, steps: int = 0, values: int = 0, characters: int = 0) -> None:
        """Take from the budget; raise ``SpentError`` where it is not enough."""
        self.steps, self.values, self.characters = (
            self.steps - steps,
            self.values - values,
            self.characters - characters,
        )
        for left, what in ((self.steps, "steps"), (self.values, "values"), (self.characters, "characters")):
            if left < 0:
                raise SpentError(f"it takes too many {what}")
