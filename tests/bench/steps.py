"""Where a worker's CPU goes between claim and recorded, step by step."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping

from campaigns.domain.batch import Batch
from campaigns.domain.delivery import Outcome
from campaigns.services.watching import Step

#: What a thread has done by the time it tells of a step.
DONE = {
    Step.CLAIMED: "claim",
    Step.INTENDED: "fill and intend",
    Step.CALLING: "mark",
    Step.ANSWERED: "send",
    Step.SETTLED: "settle and record",
}


class StepTimes:
    """Watches the batches of a process: CPU seconds of its threads by what they did."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = threading.local()
        self._spent: defaultdict[str, float] = defaultdict(float)

    def __call__(self, step: Step, _batch: Batch, _outcomes: Mapping[int, Outcome], /) -> None:
        now = time.thread_time()
        since: float = getattr(self._threads, "at", now)
        self._threads.at = now
        with self._lock:
            self._spent[DONE[step]] += now - since

    def taken(self) -> dict[str, float]:
        """What was spent since the last time this was asked."""
        with self._lock:
            spent, self._spent = self._spent, defaultdict(float)
        return dict(spent)
