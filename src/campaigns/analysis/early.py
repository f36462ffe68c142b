"""Looking before the end, honestly: intervals and p-values that are valid at every look.

Looking at an ordinary p-value every day until it is small finds a difference in a quarter of all
experiments that have none. The mixture sequential test does not (Robbins 1970; Johari, Koomen,
Pekelis, Walsh, "Always valid inference", 2017): its interval covers the truth at all looks
together with the stated confidence. It is wider; that is the price of looking.
"""

from __future__ import annotations

from math import exp, log, sqrt


def early_interval(
    value: float, error: float, confidence: float, planned: float
) -> tuple[float, float, float]:
    """Interval (low, high) and p-value of a difference at an early look.

    `error` is the difference's standard error; `planned` the difference the experiment was sized
    for: the interval is narrowest for differences of that order, and valid whatever it is.
    """
    if error == 0:
        return value, value, 1.0
    variance, mixing = error**2, planned**2
    both = variance + mixing
    reach = sqrt(2 * variance * both / mixing * log(sqrt(both / variance) / (1 - confidence)))
    evidence = 0.5 * log(variance / both) + mixing * value**2 / (2 * variance * both)
    return value - reach, value + reach, min(1.0, exp(-min(evidence, 700.0)))
