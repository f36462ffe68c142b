"""Rounds: in which order shards are sent, so that none waits for another one's slow channel.

First every shard sends what may go at once. Those that have more to come (a rate, a provider that
asked to slow down, a closed breaker) are then taken up again as their moments come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from campaigns.services.dispatch import PATIENT, DispatchCounts

#: How long a shard may keep a worker with waiting while other shards wait too.
TURN = timedelta(seconds=5)
AT_ONCE = timedelta(0)


class Rounds:
    """The shards of one sending. Not for several threads.

    Whoever sends takes a shard with `take`, and tells with `ended` what became of it.
    """

    def __init__(self, shards: Iterable[int]) -> None:
        self._fresh = deque(shards)
        self._later: dict[int, datetime] = {}
        self._under_way = 0
        self._met: dict[int, DispatchCounts] = {}

    @property
    def first_is_over(self) -> bool:
        """Whether every shard has had its first turn, or is having it."""
        return not self._fresh

    @property
    def over(self) -> bool:
        """Whether nothing is left to take, and nothing is under way."""
        return not (self._fresh or self._later or self._under_way)

    def take(self, now: datetime) -> tuple[int, timedelta] | None:
        """The next shard, and how long it may wait for its channels; None: none at this moment.

        The last one is taken before its moment: it may as well wait where it is sent.
        """
        if self._fresh:
            self._under_way += 1
            return self._fresh.popleft(), AT_ONCE
        alone = len(self._later) == 1 and not self._under_way
        no = min(self._later, key=lambda each: self._later[each], default=None)
        if no is None or (self._later[no] > now and not alone):
            return None
        del self._later[no]
        self._under_way += 1
        return no, PATIENT if alone else TURN

    def ended(self, no: int, counts: DispatchCounts) -> None:
        """What one sending of the shard came to. Its last word on channels counts."""
        self._under_way -= 1
        if counts.again_at is not None:
            self._later[no] = counts.again_at
        so_far = self._met.setdefault(no, DispatchCounts())
        so_far.outcomes.update(counts.outcomes)
        so_far.unreachable = counts.unreachable

    def total(self) -> DispatchCounts:
        """All shards together."""
        total = DispatchCounts()
        for counts in self._met.values():
            total.add(counts)
        return total


def beginning_at(numbers: Sequence[int], place: int) -> list[int]:
    """The same shards in a circle, the one at this place first."""
    if not numbers:
        return []
    cut = place % len(numbers)
    return [*numbers[cut:], *numbers[:cut]]


def places(shards: int, helpers: int) -> list[int]:
    """Where helpers begin: as far from each other, and from the first shard, as can be."""
    return [(i + 1) * shards // (helpers + 1) for i in range(min(helpers, shards - 1))]
