"""How quick this machine is, for the few tests that hold a time against a bound."""

from __future__ import annotations

import time

#: Seconds of a processor that `_work` takes on the machine of docs/benchmarks.md.
_USUAL = 0.0005


def slowness() -> float:
    """By how much a bound has to be stretched here: 1.0 on the usual machine or a quicker one. The
    best of several, so that it tells of the processor, and not of who else uses it."""
    return max(1.0, min(_work() for _ in range(50)) / _USUAL)


def _work() -> float:
    start = time.process_time()
    sum(n * n for n in range(20_000))
    return time.process_time() - start
