"""Arms compared: against published results, against other libraries, and against chance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from campaigns.analysis.compare import analyse, holm, mismatch
from campaigns.analysis.rates import compare_rates
from campaigns.domain.experiment import ExperimentResult, GoalKind, assign
from tests.unit.analysis.samples import amounts, rate, spent


def one(result: ExperimentResult):  # type: ignore[no-untyped-def]
    """The only difference."""
    return result.goals[0].differences[0]


@pytest.mark.parametrize(
    ("first", "second", "bounds"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
    ],
)
def test_the_interval_of_two_rates_is_the_published_one(
    first: tuple[int, int], second: tuple[int, int], bounds: tuple[float, float]
) -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table II, method 10, cases a, b and h."""
    low, high, _ = compare_rates(rate("a", *first), rate("b", *second), 0.95)
    assert (round(low, 4), round(high, 4)) == bounds


def test_the_score_test_is_pearsons_chi_square_but_for_one_person() -> None:
    _, _, p_value = compare_rates(rate("a", 56, 70), rate("b", 48, 80), 0.95)
    assert p_value == pytest.approx(0.0083, abs=0.0005)


@given(st.integers(30, 400), st.integers(30, 400), st.floats(0.2, 0.8), st.floats(0.2, 0.8))
def test_the_interval_of_rates_agrees_with_the_test(
    people: int, control_people: int, share: float, control_share: float
) -> None:
    arm = rate("a", round(people * share), people)
    control = rate("b", round(control_people * control_share), control_people)
    low, high, p_value = compare_rates(arm, control, 0.95)
    if abs(p_value - 0.05) > 0.02:  # near the edge two methods may differ
        assert (low > 0 or high < 0) == (p_value < 0.05)
    assert low <= arm.mean - control.mean <= high


def test_few_people_are_compared_exactly() -> None:
    arm, control = rate("a", 7, 12), rate("b", 1, 12)
    result = analyse(
        {"visit": (GoalKind.YES_NO, [arm, control])}, control="b", shares={"a": 1, "b": 1}
    )
    assert one(result).method == "Fisher's exact test"
    assert one(result).p_value == pytest.approx(stats.fisher_exact([[7, 5], [1, 11]]).pvalue)


@pytest.mark.parametrize("yes", [0, 50])
def test_where_everyone_did_the_same_no_difference_is_shown(yes: int) -> None:
    low, high, p_value = compare_rates(rate("a", yes, 50), rate("b", yes, 50), 0.95)
    assert p_value == 1.0
    assert low < 0 < high


def test_amounts_are_compared_by_welchs_t() -> None:
    draw = random.Random(5)
    first = [draw.gauss(10, 3) for _ in range(60)]
    second = [draw.gauss(9, 6) for _ in range(90)]
    result = analyse(
        {"spend": (GoalKind.AMOUNT, [amounts("a", first), amounts("b", second)])},
        control="b",
        shares={"a": 60, "b": 90},
        confidence=0.9,
    )
    wanted = stats.ttest_ind(first, second, equal_var=False)
    interval = wanted.confidence_interval(0.9)
    assert one(result).p_value == pytest.approx(wanted.pvalue)
    assert (one(result).low, one(result).high) == pytest.approx((interval.low, interval.high))
    assert one(result).caution == ""


def test_a_few_large_amounts_are_told() -> None:
    first = [0.0] * 200 + [900.0, 20.0, 30.0]
    result = analyse(
        {"spend": (GoalKind.AMOUNT, [amounts("a", first), amounts("b", [1.0, 2.0] * 100)])},
        control="b",
        shares={"a": 1, "b": 1},
    )
    assert "few large amounts" in one(result).caution


def test_amounts_without_any_spread_are_compared_too() -> None:
    result = analyse(
        {"spend": (GoalKind.AMOUNT, [amounts("a", [0.0] * 9), amounts("b", [0.0] * 9)])},
        control="b",
        shares={"a": 1, "b": 1},
    )
    assert (one(result).value, one(result).p_value) == (0.0, 1.0)


def test_p_values_are_adjusted_for_every_comparison_made() -> None:
    arms = [rate("b", 100, 1000), rate("c", 130, 1000), rate("d", 105, 1000)]
    result = analyse(
        {"visit": (GoalKind.YES_NO, arms)}, control="b", shares=dict.fromkeys("bcd", 1)
    )
    first, second = result.goals[0].differences
    assert first.adjusted == pytest.approx(2 * first.p_value)
    assert second.adjusted == pytest.approx(second.p_value)


@settings(max_examples=15)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_p_values_are_adjusted_as_statsmodels_does(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


def test_an_arm_of_one_person_is_refused() -> None:
    lonely = amounts("a", [3.0])
    with pytest.raises(ValueError, match="too few people in a"):
        analyse(
            {"spend": (GoalKind.AMOUNT, [lonely, amounts("b", [1.0, 2.0])])},
            control="b",
            shares={"a": 1, "b": 1},
        )


def test_arms_of_other_sizes_than_meant_are_told() -> None:
    assert mismatch({"a": 5000, "b": 4700}, {"a": 1, "b": 1}).broken is False
    assert mismatch({"a": 5000, "b": 4600}, {"a": 1, "b": 1}).broken is True
    assert mismatch({"a": 9000, "b": 1010}, {"a": 90, "b": 10}).broken is False


def test_of_a_thousand_splits_without_a_difference_4_to_6_in_100_seem_to_have_one() -> None:
    """An A/A test: the same customers, split at random by our own assignment."""
    draw = random.Random(20)
    people = range(1_000)
    visits = [draw.random() < 0.15 for _ in people]
    spends = [draw.expovariate(1 / 30) if draw.random() < 0.3 else 0.0 for _ in people]
    false = {"visit": 0, "spend": 0}
    for number in range(1_000):
        arms = [assign(f"aa{number}", n, {"a": 1, "b": 1}) for n in people]
        split = {arm: [n for n, chosen in enumerate(arms) if chosen == arm] for arm in ("a", "b")}
        goals = {
            "visit": (
                GoalKind.YES_NO,
                [rate(a, sum(visits[n] for n in who), len(who)) for a, who in split.items()],
            ),
            "spend": (
                GoalKind.AMOUNT,
                [spent(a, [spends[n] for n in who]) for a, who in split.items()],
            ),
        }
        for goal in analyse(goals, control="b", shares={"a": 1, "b": 1}).goals:
            false[goal.goal] += goal.differences[0].p_value < 0.05
    assert 40 <= false["visit"] <= 60, false
    assert 40 <= false["spend"] <= 60, false
