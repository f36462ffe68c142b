"""Looking early: honest at every look, and what that costs."""

from __future__ import annotations

import random
from math import sqrt

import numpy
import pytest

from campaigns.analysis.compare import analyse
from campaigns.analysis.early import early_interval
from campaigns.analysis.power import smallest_difference
from campaigns.domain.experiment import Difference, GoalKind, Sample, sample_of
from tests.unit.analysis.samples import rate


def looks(seed: int, difference: float, times: int = 20, people: int = 500) -> list[float]:
    """p-values at `times` looks at a growing experiment of two arms of unit variance."""
    draw = random.Random(seed)
    total, told = 0.0, []
    for look in range(1, times + 1):
        total += draw.gauss(difference * people, sqrt(2 * people))
        n = look * people
        told.append((total / n, sqrt(2 / n)))  # type: ignore[arg-type]
    return told  # type: ignore[return-value]


def test_at_twenty_looks_a_difference_that_is_not_there_is_seen_in_no_more_than_5_in_100() -> None:
    """What an ordinary test would claim in a quarter of them."""
    always, ordinary = 0, 0
    for seed in range(400):
        told = looks(seed, 0.0)
        always += any(early_interval(v, e, 0.95, planned=0.05)[2] < 0.05 for v, e in told)
        ordinary += any(abs(v) / e > 1.96 for v, e in told)
    assert always <= 20
    assert ordinary >= 80


def test_a_real_difference_of_the_planned_size_is_seen() -> None:
    found = sum(
        any(early_interval(v, e, 0.95, planned=0.05)[2] < 0.05 for v, e in looks(seed, 0.07))
        for seed in range(100)
    )
    assert found >= 75


@pytest.mark.parametrize("value", [0.0, 0.01, 0.04, -0.2])
def test_an_early_interval_leaves_zero_out_just_when_its_p_value_is_small(value: float) -> None:
    low, high, p_value = early_interval(value, 0.011, 0.95, planned=0.02)
    assert (low > 0 or high < 0) == (p_value < 0.05)


def test_a_difference_beyond_all_doubt_has_a_p_value_of_nought_and_no_overflow() -> None:
    assert early_interval(5.0, 1e-4, 0.95, planned=0.02)[2] < 1e-200


def test_the_size_is_the_textbooks() -> None:
    """Fleiss, Levin and Paik (2003), table A.4: 60% against 70%, two-sided 5%, power 80%: 356 in
    each arm before the correction for continuity."""
    enough, too_few = (smallest_difference(n, n, 0.6) for n in (356, 355))
    assert enough is not None
    assert too_few is not None
    assert enough <= 0.1 < too_few


def test_more_people_see_smaller_differences_and_one_person_sees_none() -> None:
    few, many = (smallest_difference(n, n, 0.03) for n in (500, 5_000))
    assert few is not None
    assert many is not None
    assert many < few
    assert smallest_difference(1, 1, 0.03) is None


def compared(kind: GoalKind, arm: Sample, holdout: Sample, planned: float | None) -> Difference:
    """The one difference, as the commands compare it."""
    sizes = {s.arm: s.people for s in (arm, holdout)}
    result = analyse(
        {"goal": (kind, [arm, holdout])},
        control=holdout.arm,
        shares=sizes,
        planned=None if planned is None else {"goal": planned},
    )
    return result.goals[0].differences[0]


def test_a_small_holdout_in_which_nobody_has_bought_yet_is_not_taken_for_certain() -> None:
    """Of 50 at 2% nobody buys in 36 of 100 experiments."""
    draw = numpy.random.default_rng(7)
    wrong = 0
    for _ in range(300):
        bought = draw.binomial(5_000, 0.02), draw.binomial(50, 0.02)
        arms = rate("message", int(bought[0]), 5_000), rate("holdout", int(bought[1]), 50)
        wrong += compared(GoalKind.YES_NO, *arms, planned=0.01).p_value < 0.05
    assert wrong <= 15


def test_where_nobody_has_bought_yet_the_interval_says_how_little_is_known() -> None:
    found = compared(GoalKind.YES_NO, rate("message", 0, 278), rate("holdout", 0, 25), 0.05)
    assert found.low < -0.05
    assert found.high > 0.05
    spent = Sample("message", 278, 0, 0), Sample("holdout", 25, 0, 0)
    assert "tells nothing" in compared(GoalKind.AMOUNT, *spent, planned=0.05).caution


@pytest.mark.parametrize("planned", [None, 0.3], ids=["at the end", "early"])
def test_a_small_holdout_in_which_nobody_has_spent_is_not_taken_for_certain(
    planned: float | None,
) -> None:
    draw = numpy.random.default_rng(7)

    def arm(name: str, people: int) -> Sample:
        values = draw.binomial(1, 0.02, people) * draw.lognormal(3, 0.7, people)
        sums = (float((values**power).sum()) for power in (1, 2, 3))
        return sample_of(name, people, (next(sums), next(sums), next(sums)))

    found = [
        compared(GoalKind.AMOUNT, arm("message", 5_000), arm("holdout", 50), planned)
        for _ in range(300)
    ]
    assert sum(d.p_value < 0.05 for d in found) <= 15
    assert any("smaller arm" in d.caution for d in found)
