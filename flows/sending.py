"""The tasks that send a run: one per shard for what may go at once, then one for what has to wait.

So a slow sender (one text a second, a provider that asked to slow down) holds up nobody else, and
the run's page has a task per shard, however often a shard is taken up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue

from prefect.futures import PrefectFuture, wait
from prefect.logging import get_run_logger

from campaigns.bootstrap import POST_SHARD, Workers
from campaigns.bootstrap.app import CLOCK
from campaigns.bootstrap.canary import CANARY_SHARD
from campaigns.bootstrap.workers import LOOK_EVERY, send_all
from campaigns.services.dispatch import DispatchCounts
from campaigns.services.rounds import Rounds
from flows.cluster import Submit
from flows.reporting import listed
from flows.steps import CannotGoOnError, step, waited

#: What is no shard of customers by their number.
_APART = {POST_SHARD: "the public post", CANARY_SHARD: "the canary"}


class Sending:
    """One sending of all shards (`numbers`) of a run."""

    def __init__(
        self, workers: Workers, numbers: Sequence[int], elsewhere: Submit | None = None
    ) -> None:
        """In the order of `numbers`; `elsewhere`: by a cluster's workers."""
        self._workers = workers
        self._numbers = numbers
        self._submit = elsewhere or self._here
        self._at_once = len(numbers) if elsewhere else workers.count
        self._tasks: dict[PrefectFuture[DispatchCounts], tuple[Rounds, int | None]] = {}
        self._ended: SimpleQueue[PrefectFuture[DispatchCounts]] = SimpleQueue()
        self._counts = DispatchCounts()
        self._trouble: CannotGoOnError | None = None
        self.begin_again()

    def begin_again(self) -> None:
        """Every shard is to be sent once more: a pause has ended."""
        self._rounds = Rounds(self._numbers)

    def goes_on(self) -> bool:
        """Give the workers what there is, and wait a moment. False when all has ended."""
        rounds = self._rounds
        while not rounds.first_is_over and len(self._tasks) < self._at_once:
            turn = rounds.take(datetime.now(UTC))
            assert turn is not None  # the first turns wait for nothing
            self._watch(self._submit(*turn, self._what(turn[0])), rounds, turn[0])
        if not self._tasks and not rounds.over and self._trouble is None:
            self._watch(dispatch_later.submit(self._workers, rounds), rounds, None)
        for task in self._have_ended():
            self._take_up(task)
        return bool(self._tasks) or not rounds.first_is_over

    def _watch(self, task: PrefectFuture[DispatchCounts], rounds: Rounds, no: int | None) -> None:
        self._tasks[task] = rounds, no
        task.add_done_callback(self._ended.put)

    def _have_ended(self) -> Iterator[PrefectFuture[DispatchCounts]]:
        """Those tasks that have, as soon as one has: its worker has nothing to do until then."""
        wait([])  # where Prefect raises that the flow run was suspended
        with suppress(Empty):
            yield self._ended.get(timeout=LOOK_EVERY if self._tasks else 0)
            while True:
                yield self._ended.get_nowait()

    def _here(self, no: int, patience: timedelta, what: str) -> PrefectFuture[DispatchCounts]:
        return dispatch_shard.submit(self._workers, no, patience, what)

    def _take_up(self, task: PrefectFuture[DispatchCounts]) -> None:
        rounds, no = self._tasks.pop(task)
        counts = DispatchCounts()
        try:
            counts = waited(task)
        except CannotGoOnError as error:  # the others end first
            self._trouble = self._trouble or error
        if no is not None:
            rounds.ended(no, counts)
        self._counts.outcomes.update(counts.outcomes)

    def _what(self, no: int) -> str:
        if no in _APART:
            return _APART[no]
        return f"shard {no + 1} of {self._workers.of}"

    def total(self) -> DispatchCounts:
        """All tasks together. Raises CannotGoOnError when one of them could not go on."""
        if self._trouble is not None:
            raise self._trouble
        return DispatchCounts(self._counts.outcomes, self._rounds.total().unreachable)


@step("send {what}", repeatable=False)
def dispatch_shard(workers: Workers, no: int, patience: timedelta, what: str) -> DispatchCounts:
    """Send what is due of one shard. Never retried here: the outbox knows what may be."""
    counts = workers.outcome(workers.submit(no, patience))
    _tell(what, counts)
    return counts


@step("send what had to wait", repeatable=False)
def dispatch_later(workers: Workers, rounds: Rounds) -> DispatchCounts:
    """Send what had to wait for its sender, as the moments come. Never retried here."""
    before = rounds.total().outcomes
    send_all(workers, rounds, CLOCK)
    counts = DispatchCounts(rounds.total().outcomes - before)
    _tell("what had to wait", counts)
    return counts


def _tell(what: str, counts: DispatchCounts) -> None:
    words = listed(dict(counts.outcomes.most_common())) or ": nothing was due"
    get_run_logger().info("%s%s%s", what[0].upper(), what[1:], words)
