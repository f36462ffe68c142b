"""Looking early: honest at every look, and what that costs."""

from __future__ import annotations

import random
from math import sqrt

import pytest

from campaigns.analysis.early import early_interval
from campaigns.analysis.power import people_needed, smallest_difference


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


def test_what_can_be_seen_and_whom_it_needs_agree() -> None:
    needed = people_needed(0.03, 0.012)
    assert smallest_difference(needed, needed, 0.03) == pytest.approx(0.012, rel=0.001)


def test_the_size_is_the_textbooks() -> None:
    """Fleiss, Levin and Paik (2003), table A.4: 60% against 70%, two-sided 5%, power 80%: 356 in
    each arm before the correction for continuity."""
    assert people_needed(0.6, 0.1) == 356


def test_more_people_see_smaller_differences_and_one_person_sees_none() -> None:
    few, many = (smallest_difference(n, n, 0.03) for n in (500, 5_000))
    assert few is not None
    assert many is not None
    assert many < few
    assert smallest_difference(1, 1, 0.03) is None
    with pytest.raises(ValueError, match="no such rates"):
        people_needed(0.9, 0.2)
