"""Samples in, an answer out: every arm against the control, on every goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from campaigns.analysis.amounts import amounts_caution, compare_amounts, standard_error, steadied
from campaigns.analysis.early import early_interval
from campaigns.analysis.rates import compare_rates, early_error, rates_method
from campaigns.domain.experiment import (
    Difference,
    ExperimentResult,
    GoalKind,
    GoalResult,
    Mismatch,
    Sample,
)


def analyse(
    goals: Mapping[str, tuple[GoalKind, Sequence[Sample]]],
    *,
    control: str,
    shares: Mapping[str, float],
    confidence: float = 0.95,
    planned: Mapping[str, float] | None = None,
) -> ExperimentResult:
    """Compare each arm with the control on each goal.

    `shares` are the arms' sizes as meant. With `planned`, the difference per goal that the
    experiment was sized for, it is an early look, and intervals and p-values are those that stay
    valid however often one looks. p-values are adjusted for all arms and goals (Holm).

    Raises ValueError when an arm has fewer than two people.
    """
    results = [
        _goal(name, kind, samples, control, confidence, (planned or {}).get(name))
        for name, (kind, samples) in goals.items()
    ]
    found = {s.arm: s.people for s in results[0].samples}
    return ExperimentResult(
        control=control,
        goals=tuple(_adjusted(results)),
        mismatch=mismatch(found, shares),
        confidence=confidence,
        early=planned is not None,
    )


def mismatch(found: Mapping[str, int], shares: Mapping[str, float]) -> Mismatch:
    """Whether the arms have the sizes they were meant to have (chi-square)."""
    from scipy.stats import chisquare

    total, people = sum(shares[arm] for arm in found), sum(found.values())
    expected = {arm: people * shares[arm] / total for arm in found}
    p_value = float(chisquare(list(found.values()), list(expected.values())).pvalue)
    return Mismatch(expected, dict(found), p_value)


def _goal(
    name: str,
    kind: GoalKind,
    samples: Sequence[Sample],
    control: str,
    confidence: float,
    planned: float | None,
) -> GoalResult:
    small = [s.arm for s in samples if s.people < 2]
    if small:
        raise ValueError(f"too few people in {', '.join(small)} to compare anything")
    first = next(s for s in samples if s.arm == control)
    others = [s for s in samples if s.arm != control]
    return GoalResult(
        goal=name,
        kind=kind,
        samples=(first, *others),
        differences=tuple(_difference(kind, s, first, confidence, planned) for s in others),
    )


def _difference(
    kind: GoalKind, arm: Sample, control: Sample, confidence: float, planned: float | None
) -> Difference:
    value = arm.mean - control.mean
    caution = amounts_caution(arm, control) if kind is GoalKind.AMOUNT else ""
    if planned is not None:
        error = (
            early_error(arm, control)
            if kind is GoalKind.YES_NO
            else standard_error(*steadied(arm, control))
        )
        low, high, p_value = early_interval(value, error, confidence, planned)
        if kind is GoalKind.YES_NO:  # no rate is more than all above another
            low, high = max(-1.0, low), min(1.0, high)
        method = "always valid (mixture sequential)"
    elif kind is GoalKind.YES_NO:
        low, high, p_value = compare_rates(arm, control, confidence)
        method = rates_method(arm, control)
    else:
        low, high, p_value = compare_amounts(arm, control, confidence)
        method = "Welch's t"
    relative = value / control.mean if control.mean else None
    return Difference(
        arm.arm, control.arm, value, low, high, p_value, p_value, relative, method, caution
    )


def _adjusted(results: Sequence[GoalResult]) -> list[GoalResult]:
    adjusted = iter(holm([d.p_value for r in results for d in r.differences]))
    return [
        replace(r, differences=tuple(replace(d, adjusted=next(adjusted)) for d in r.differences))
        for r in results
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p-value with regard to all (Holm 1979). statsmodels' own collects all of Python's
    garbage at every call, which takes longer than the whole analysis."""
    adjusted, least = [0.0] * len(p_values), 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = least
    return adjusted
