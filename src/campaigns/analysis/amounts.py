"""How much: spend per person, those who spent nothing included. Two means compared.

Welch's t, which does not ask for equal variances. Spend is skewed, and the test rests on the
difference of the means being nearly normal: Kohavi's rule (Kohavi, Deng, Longbotham, Xu, "Seven
rules of thumb for web site experimenters", 2014) asks for 355 times the squared skewness of people,
which is a skewness of the mean below 1 / sqrt(355). Between arms of one size most of it cancels.

Between arms of very different sizes it does not: of a holdout of 50 nobody happens to spend, its
variance is nought, and Welch's t is sure of a difference (at 50 against 5,000 and one buyer in
fifty, in four experiments of ten that have none). `steadied` is against that.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from campaigns.domain.experiment import Sample

_MOST_SKEWED = 355**-0.5
#: An arm smaller than this share of the other shows less of the spread than the other does.
_MUCH_SMALLER = 0.5


def compare_amounts(arm: Sample, control: Sample, confidence: float) -> tuple[float, float, float]:
    """Interval (low, high) of the arm's mean less the control's, and the p-value."""
    from scipy.stats import t

    arm, control = steadied(arm, control)
    error, freedom = standard_error(arm, control), _freedom(arm, control)
    value = arm.mean - control.mean
    if error == 0:
        return value, value, 1.0 if value == 0 else 0.0
    reach = float(t.ppf((1 + confidence) / 2, freedom)) * error
    return value - reach, value + reach, float(2 * t.sf(abs(value) / error, freedom))


def steadied(arm: Sample, control: Sample) -> tuple[Sample, Sample]:
    """Both, a much smaller one with at least the variance of all together where Kohavi's rule asks
    for more people than it has: too few of its people have spent to know its own."""
    small, large = sorted((arm, control), key=lambda s: s.people)
    enough = small.people >= 355 * large.skewness**2
    if enough or small.people >= _MUCH_SMALLER * large.people:
        return arm, control
    freedom = (small.people - 1, large.people - 1)
    all_of_it = freedom[0] * small.variance + freedom[1] * large.variance
    steady = replace(small, variance=max(small.variance, all_of_it / sum(freedom)))
    return (steady, control) if small is arm else (arm, steady)


def standard_error(arm: Sample, control: Sample) -> float:
    """Of the difference of the two means."""
    return sqrt(arm.variance / arm.people + control.variance / control.people)


def amounts_caution(arm: Sample, control: Sample) -> str:
    """Why the interval should be read with care; empty when the difference is near normal."""
    error = standard_error(arm, control)
    if error == 0:
        return "" if arm.total or control.total else "nobody has spent anything: it tells nothing"
    if steadied(arm, control) != (arm, control):
        return "too few people in the smaller arm to know how amounts differ there"
    third = _third(arm) - _third(control)
    if abs(third) / error**3 <= _MOST_SKEWED:
        return ""
    return "a few large amounts decide here: take the interval as a rough one"


def _third(sample: Sample) -> float:
    """The mean's third central moment."""
    return float(sample.skewness * sample.variance**1.5 / sample.people**2)


def _freedom(arm: Sample, control: Sample) -> float:
    """Welch and Satterthwaite's degrees of freedom."""
    a, b = arm.variance / arm.people, control.variance / control.people
    if a + b == 0:
        return float(arm.people + control.people - 2)
    return (a + b) ** 2 / (a**2 / (arm.people - 1) + b**2 / (control.people - 1))
