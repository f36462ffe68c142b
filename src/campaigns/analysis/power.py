"""Before the start: what an experiment of this size can see."""

from __future__ import annotations

from math import sqrt

#: As usual: one false alarm in twenty, four of five real differences found.
ALPHA, POWER = 0.05, 0.8


def smallest_difference(people: int, control_people: int, rate: float) -> float | None:
    """The smallest rise of a rate that is found with POWER at ALPHA; None when not even 100% is
    far enough. `rate` is the control's, as a share of 1."""
    from scipy.optimize import brentq

    if min(people, control_people) < 2 or not 0 <= rate < 1:
        return None

    def missing(difference: float) -> float:
        return difference - _reach(rate, rate + difference, people, control_people)

    most = 1 - rate
    if missing(most) < 0:
        return None
    return float(brentq(missing, 1e-12, most))


def _reach(control: float, arm: float, people: int, control_people: int) -> float:
    """How far apart two rates must be (Fleiss, Levin, Paik 2003, 4.2, without correction)."""
    from scipy.stats import norm

    pooled = (arm * people + control * control_people) / (people + control_people)
    under_none = sqrt(pooled * (1 - pooled) * (1 / people + 1 / control_people))
    as_it_is = sqrt(arm * (1 - arm) / people + control * (1 - control) / control_people)
    return float(norm.ppf(1 - ALPHA / 2) * under_none + norm.ppf(POWER) * as_it_is)
