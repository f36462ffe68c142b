"""Record: what happened between a customer and the brand goes to the customer's profile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

from campaigns.domain.interaction import Interaction

#: Events per transaction.
BATCH = 2_000


class Timeline(Protocol):
    """Where interactions are kept."""

    def record_interactions(self, events: Sequence[Interaction]) -> int:
        """Write events that are not known by their source key yet, with what follows from them
        (uses of channels, last message received, last purchase), in one transaction. Returns how
        many were new."""


def record_interactions(events: Iterable[Interaction], timeline: Timeline) -> int:
    """Record events, in any order and told any number of times. Returns how many were new.

    What follows from them is the same whatever the order: uses are counted, the last message
    and the last purchase are the latest ones.
    """
    return sum(timeline.record_interactions(batch) for batch in _batches(events))


def _batches(events: Iterable[Interaction]) -> Iterable[Sequence[Interaction]]:
    remaining = iter(events)
    while batch := list(islice(remaining, BATCH)):
        yield batch
