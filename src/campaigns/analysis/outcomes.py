"""An outside table of outcomes: one row per person, their arm, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite

from campaigns.domain.experiment import GoalKind, Sample, sample_of

_YES = {"1", "1.0", "true", "yes", "y", "t"}
_NO = {"0", "0.0", "", "false", "no", "n", "f"}


class OutcomeError(ValueError):
    """A cell that is no outcome."""


@dataclass(slots=True)
class Column:
    """One goal's values in one arm, as power sums: memory does not grow with the table."""

    people: int = 0
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    only_yes_or_no: bool = True

    def add(self, cell: str) -> None:
        """One person's outcome. Raises OutcomeError."""
        value = self._value(cell.strip())
        self.people += 1
        for power in range(3):
            self.sums[power] += value ** (power + 1)

    def _value(self, cell: str) -> float:
        word = cell.casefold()
        if word in _YES:
            return 1.0
        if word in _NO:
            return 0.0
        try:
            value = float(cell)
        except ValueError:
            raise OutcomeError(
                f"`{cell}` is neither a number nor yes or no (1/0, true/false)"
            ) from None
        if not isfinite(value):
            raise OutcomeError(f"`{cell}` is no number")
        self.only_yes_or_no = False
        return value

    def sample(self, arm: str) -> Sample:
        """What the tests need of it."""
        first, second, third = self.sums
        return sample_of(arm, self.people, (first, second, third))


class Outcomes:
    """A table of outcomes, counted row by row."""

    def __init__(self, goals: Sequence[str]) -> None:
        self._goals = tuple(goals)
        self._arms: dict[str, list[Column]] = {}

    def add(self, arm: str, cells: Iterable[str]) -> None:
        """One person. Raises OutcomeError naming the goal."""
        columns = self._arms.setdefault(arm, [Column() for _ in self._goals])
        for goal, column, cell in zip(self._goals, columns, cells, strict=True):
            try:
                column.add(cell)
            except OutcomeError as error:
                raise OutcomeError(f"{goal}: {error}") from None

    @property
    def arms(self) -> list[str]:
        """In the order of their names."""
        return sorted(self._arms)

    def goals(self) -> dict[str, tuple[GoalKind, list[Sample]]]:
        """Goal → its kind and the arms' samples. A goal of nothing but 0 and 1 is a yes or no."""
        result: dict[str, tuple[GoalKind, list[Sample]]] = {}
        for index, goal in enumerate(self._goals):
            columns = {arm: self._arms[arm][index] for arm in self.arms}
            binary = all(c.only_yes_or_no for c in columns.values())
            kind = GoalKind.YES_NO if binary else GoalKind.AMOUNT
            result[goal] = (kind, [c.sample(arm) for arm, c in columns.items()])
        return result
