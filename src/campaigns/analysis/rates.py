"""Yes or no: did the person visit, buy, click? Two rates compared.

The score test, and Newcombe's interval, which is made of two score intervals (Newcombe 1998, method
10). Inverting the score test of a difference would be the nearer kin, but statsmodels 0.15 gets it
wrong away from 0 (2026-11: 56/70 against 48/80 up to 0.3440, where the published bound is 0.3382).
Where a cell is expected to hold fewer than five people the p-value is Fisher's exact one.
"""

from __future__ import annotations

from math import sqrt

from campaigns.domain.experiment import Sample

#: Below so many expected in a cell, the approximation is not trusted (Cochran 1954).
FEWEST_EXPECTED = 5


def compare_rates(arm: Sample, control: Sample, confidence: float) -> tuple[float, float, float]:
    """Interval (low, high) of the arm's rate less the control's, and the p-value."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    yes = (round(arm.total), round(control.total))
    if yes in ((0, 0), (arm.people, control.people)):  # everyone did the same: nothing to see
        return (*_hopeless(arm, control, confidence), 1.0)
    low, high = confint_proportions_2indep(
        yes[0], arm.people, yes[1], control.people,
        method="newcomb", compare="diff", alpha=1 - confidence,
    )  # fmt: skip
    return float(low), float(high), _p_value(arm, control)


def early_error(arm: Sample, control: Sample) -> float:
    """Standard error of the difference, two people added to each arm, of whom one did it (Agresti
    and Caffo 2000). Without them a small arm in which nobody has done it yet counts as known
    exactly, and every other early look at a small holdout finds a difference that is not there."""
    shares = [((s.total + 1) / (s.people + 2), s.people + 2) for s in (arm, control)]
    return sqrt(sum(share * (1 - share) / people for share, people in shares))


def rates_method(arm: Sample, control: Sample) -> str:
    """The test that `compare_rates` uses for these."""
    return "Fisher's exact test" if _few(arm, control) else "score test"


def _p_value(arm: Sample, control: Sample) -> float:
    yes = (round(arm.total), round(control.total))
    if _few(arm, control):
        from scipy.stats import fisher_exact

        table = [[yes[0], arm.people - yes[0]], [yes[1], control.people - yes[1]]]
        return float(fisher_exact(table).pvalue)
    from statsmodels.stats.proportion import test_proportions_2indep

    return float(
        test_proportions_2indep(
            yes[0], arm.people, yes[1], control.people,
            method="score", compare="diff", correction=True, return_results=False,
        )[1]
    )  # fmt: skip


def _few(arm: Sample, control: Sample) -> bool:
    people = arm.people + control.people
    yes = arm.total + control.total
    smallest = min(arm.people, control.people)
    return smallest * min(yes, people - yes) / people < FEWEST_EXPECTED


def _hopeless(arm: Sample, control: Sample, confidence: float) -> tuple[float, float]:
    """Nobody did it, or everybody: the rule of three, at any confidence."""
    alpha = (1 - confidence) / 2
    return -(1 - alpha ** (1 / control.people)), 1 - alpha ** (1 / arm.people)
