"""Samples made from rates and from values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy

from campaigns.analysis.outcomes import Column
from campaigns.domain.experiment import Sample


def rate(arm: str, yes: int, people: int) -> Sample:
    """`yes` of `people` did it."""
    share = yes / people
    return Sample(arm, people, yes, share * (1 - share) * people / (people - 1))


def amounts(arm: str, values: Iterable[float]) -> Sample:
    """What each person spent."""
    column = Column()
    for value in values:
        column.add(repr(float(value)))
    return column.sample(arm)


def spent(arm: str, values: list[float]) -> Sample:
    """The same, without the text of a table between, which takes its time."""
    return Sample(arm, len(values), sum(values), float(numpy.var(values, ddof=1)))
